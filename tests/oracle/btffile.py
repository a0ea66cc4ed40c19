# SPDX-License-Identifier: BSD-2-Clause
"""Reads BTF as a guest's bpf() gave it, and says where the members of a type are.

Neither libbpf nor anything of scxray has a part in it: what the comparison with a report
(compare_listing.py) takes values apart with.
"""

import struct
from collections import namedtuple

MAGIC = 0xEB9F
(INT, PTR, ARRAY, STRUCT, UNION, ENUM, FWD, TYPEDEF, VOLATILE, CONST, RESTRICT, FUNC, FUNC_PROTO, VAR, DATASEC, FLOAT,
 DECL_TAG, TYPE_TAG, ENUM64) = range(1, 20)
CHAINED = (TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG)
SIGNED, CHAR, BOOL = 1, 2, 4
# Bytes of each record, or of each member of it, after its head.
FIXED = {INT: 4, ARRAY: 12, VAR: 4, DECL_TAG: 4}
REPEATED = {STRUCT: 12, UNION: 12, ENUM: 8, ENUM64: 12, FUNC_PROTO: 8, DATASEC: 12}
# What programs may not look into, bpf() does not show.
HIDDEN = {"bpf_spin_lock", "bpf_res_spin_lock", "bpf_timer", "bpf_wq", "bpf_task_work", "bpf_list_head",
          "bpf_list_node", "bpf_rb_root", "bpf_rb_node", "bpf_refcount", "bpf_dynptr"}
# And these have a form of their own in reports.
HIDDEN |= {"cpumask", "bpf_cpumask", "scx_bitmap"}
HIDDEN_TAGS = {"kptr", "kptr_untrusted", "percpu_kptr", "uptr"}
MAX_DEPTH = 32

Type = namedtuple("Type", "kind name size vlen kflag rest")
# Where a member without parts is; `kind` as in reports.
Place = namedtuple("Place", "path bit bits kind")


class BtfError(Exception):
    """Bytes that are no BTF."""


class Btf:
    def __init__(self, raw):
        magic, _, _, header, type_off, type_len, str_off, str_len = struct.unpack_from("<HBBIIIII", raw)
        if magic != MAGIC:
            raise BtfError(f"magic {magic:#x}")
        # listings leave zeroes at the end out, and the last string ends with one
        self.strings = raw[header + str_off:header + str_off + str_len].ljust(str_len, b"\0")
        self.types = [None]
        at, end = header + type_off, header + type_off + type_len
        while at < end:
            name, info, size = struct.unpack_from("<III", raw, at)
            kind, vlen = info >> 24 & 0x1F, info & 0xFFFF
            length = FIXED.get(kind, 0) + REPEATED.get(kind, 0) * vlen
            rest = raw[at + 12:at + 12 + length]
            self.types.append(Type(kind, self.string(name), size, vlen, bool(info >> 31), rest))
            at += 12 + length

    def string(self, offset):
        return self.strings[offset:self.strings.index(b"\0", offset)].decode("utf-8", "backslashreplace")

    def strip(self, number):
        """The type behind typedefs, qualifiers and tags; None is void. And the tags."""
        tags = set()
        for _ in range(MAX_DEPTH):
            type_ = self.types[number]
            if type_ is None or type_.kind not in CHAINED:
                return type_, tags
            if type_.kind == TYPE_TAG:
                tags.add(type_.name)
            number = type_.size
        raise BtfError("types in a circle")

    def size(self, number):
        type_, _ = self.strip(number)
        if type_ is None:
            return 0
        if type_.kind == PTR:
            return 8
        if type_.kind == ARRAY:
            element, _, count = struct.unpack("<III", type_.rest)
            return count * self.size(element)
        return type_.size if type_.kind in (INT, STRUCT, UNION, ENUM, ENUM64, FLOAT, DATASEC) else 0

    def members(self, type_):
        """(name, type, bit, bits of a bitfield or 0) of a struct, union or section."""
        for name, number, offset in struct.iter_unpack("<III", type_.rest):
            if type_.kflag:
                yield self.string(name), number, offset & 0xFFFFFF, offset >> 24
            else:
                yield self.string(name), number, offset, 0

    def places(self, number, path="", bit=0, bits=0, depth=0):
        """Each member of the type that has no parts of its own."""
        type_, _ = self.strip(number)
        if type_ is None or depth > MAX_DEPTH:
            return
        if type_.kind == DATASEC:
            for number, offset, _ in struct.iter_unpack("<III", type_.rest):
                var = self.types[number]
                yield from self.places(var.size, var.name, bit + offset * 8, 0, depth + 1)
        elif type_.kind in (STRUCT, UNION):
            if type_.name in HIDDEN:
                yield Place(path, bit, type_.size * 8, "hidden")
                return
            for name, member, offset, width in self.members(type_):
                below = f"{path}.{name}" if path and name else path + name
                yield from self.places(member, below, bit + offset, width, depth + 1)
        elif type_.kind == ARRAY:
            yield from self.elements(type_, path, bit, depth)
        elif type_.kind == PTR:
            _, tags = self.strip(type_.size)
            yield Place(path, bit, 64, "hidden" if tags & HIDDEN_TAGS else "ptr")
        elif type_.kind in (ENUM, ENUM64):
            yield Place(path, bit, bits or type_.size * 8, "enum")
        elif type_.kind == FLOAT:
            yield Place(path, bit, type_.size * 8, "float")
        elif type_.kind == INT:
            yield self.integer(type_, path, bit, bits)

    @staticmethod
    def integer(type_, path, bit, bits):
        form, = struct.unpack("<I", type_.rest)
        encoding, offset, width = form >> 24 & 15, form >> 16 & 255, form & 255
        is_char = encoding & CHAR or type_.size == 1 and type_.name == "char"
        kind = "bool" if encoding & BOOL else "char" if is_char else "int" if encoding & SIGNED else "uint"
        return Place(path, bit + offset, bits or width, kind)

    def elements(self, type_, path, bit, depth):
        element, _, count = struct.unpack("<III", type_.rest)
        inner, _ = self.strip(element)
        if inner is not None and inner.kind == INT and inner.size == 1 and \
                not struct.unpack("<I", inner.rest)[0] >> 24 & BOOL:
            yield Place(path, bit, count * 8, "bytes")
            return
        size = self.size(element)
        for index in range(count):
            yield from self.places(element, f"{path}[{index}]", bit + index * size * 8, 0, depth + 1)
