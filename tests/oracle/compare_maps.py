#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Compares the maps of a JSON report with what the guest's own bpf() calls said of them.

Usage: tests/oracle/compare_maps.py REPORT.json MAPS.txt

MAPS.txt is what a fixture guest writes in MODE=maps (kernel-fixtures/README.md): the
header of every map, the entries of those it made as bytes, and where its compiler
puts the members of these bytes (not BTF).  Each entry, each member and each CPU is
looked up in the report, and the report must have no others.

Prints each difference, then "compared N figures of M maps, D differences"; status 0
only if something was compared and nothing differs.
"""

import argparse
import base64
import json
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from mapsfile import MapsError, parse_maps  # noqa: E402
from typed import expand  # noqa: E402

PAGE = 4096
HEADER = ("name", "map_type", "key_size", "value_size", "max_entries", "map_flags")
BUILD_ID_SIZE = 32


class Odd(Exception):
    """A part of the report that is not as it should be."""


def leaves(node, path=""):
    """(path, node) of everything in a value that has no parts."""
    kind = node.get("kind") if isinstance(node, dict) else None
    if kind == "struct":
        if "cut" in node:
            raise Odd(f"{path}: cut: {node['cut']}")
        for member in node["members"]:
            name = member["name"]
            yield from leaves(member["value"], f"{path}.{name}" if path and name else path + name)
    elif kind == "array":
        if "cut" in node:
            raise Odd(f"{path}: cut: {node['cut']}")
        for index, element in enumerate(node["elements"]):
            yield from leaves(element, f"{path}[{index}]")
    else:
        yield path, node


def signed(number, bits):
    return number - (1 << bits) if number >> (bits - 1) else number


def cpu_list(count):
    return "0" if count == 1 else f"0-{count - 1}"


def text_of(raw):
    """As reports write bytes that are meant as text."""
    return raw.split(b"\0")[0].decode("utf-8", "backslashreplace")


class Layout:
    """Where a C type's members are, and what a report has to say of given bytes."""

    def __init__(self, line, enums):
        self.size = line["size"]
        self.enums = enums
        self.members = {}
        self.anything = []
        for path, bit, bits, kind in line["members"]:
            if kind == "words":
                for index in range(bits // 64):
                    self.members[f"{path}[{index}]"] = (bit + index * 64, 64, "uint")
            elif kind == "any":
                self.anything.append(path)
            else:
                self.members[path] = (bit, bits, kind)

    def names(self, kind, number):
        """(variant, names of flags) of a number of an enum."""
        table = self.enums.get(kind.split()[1], {})
        flags, rest = set(), number
        for value, name in table.items():
            if value and value & (value - 1) == 0 and number & value:
                flags.add(name)
                rest &= ~value
        if rest:
            flags.add(hex(rest))
        return table.get(number), flags

    def scalar(self, number, bits, kind, raw):
        """What the node of this number must hold."""
        word = kind.split()[0]
        if word == "int":
            return {"kind": "int", "bits": bits, "value": signed(number, bits)}
        if word == "uint":
            return {"kind": "uint", "bits": bits, "value": number}
        if word == "bool":
            return {"kind": "bool", "value": bool(number)}
        if word == "char":
            return {"kind": "char", "value": number}
        if word == "ptr":
            return {"kind": "ptr", "value": f"0x{number:016x}"}
        if word == "float":
            return {"kind": "float", "value": struct.unpack("<f" if bits == 32 else "<d", raw)[0]}
        if word == "bytes":
            return {"kind": "bytes", "hex": raw.hex()}
        if word == "text":
            return {"kind": "bytes", "hex": raw.hex(), "text": text_of(raw)}
        raise MapsError(f"no such kind of member: {kind}")

    def expected(self, raw):
        whole = int.from_bytes(raw, "little")
        for path, (bit, bits, kind) in self.members.items():
            number = whole >> bit & (1 << bits) - 1
            bytes_of = number.to_bytes((bits + 7) // 8, "little")
            yield path, number, bits, kind, bytes_of

    def encode(self, node):
        """The bytes of a value; padding is zero."""
        whole = 0
        for path, leaf in leaves(node):
            if path not in self.members:
                raise Odd(f"{path} is no member")
            bit, bits, _ = self.members[path]
            value = leaf.get("value")
            if leaf.get("kind") == "bytes":
                number = int.from_bytes(bytes.fromhex(leaf["hex"]), "little")
            elif isinstance(value, str):
                number = int(value, 16)
            elif isinstance(value, int):
                number = value & (1 << bits) - 1
            else:
                raise Odd(f"{path} is {leaf}")
            whole |= number << bit
        return whole.to_bytes(self.size, "little")


def in_arena(report, number):
    """Is it a user address of one of the arenas?  A number that is one is shown as a pointer."""
    return any(int(arena["user_vm_start"], 16) <= number < int(arena["user_vm_end"], 16)
               for arena in (m["arena"] for m in report.get("maps", []) if "arena" in m))


class Comparison:
    def __init__(self, report, oracle):
        self.oracle = oracle
        self.layouts = {name: Layout(line, oracle.enums) for name, line in oracle.layouts.items()}
        self.maps = {m.get("id"): m for m in report.get("maps", [])}
        self.report = report
        self.compared = 0
        self.nr_maps = 0
        self.differences = []
        self.handled = {"entries": self.entries, "percpu": self.percpu, "stacks": self.stacks, "queue": self.queue,
                        "owned": self.owned, "slots": self.slots, "pages": self.pages, "records": self.records,
                        "bloom": self.bloom, "typed": self.typed, "labels": self.labels, "masks": self.masks,
                        "chain": self.chain, "tree": self.tree}

    def differ(self, what, mine, theirs):
        self.differences.append(f"{what}: report {mine!r}, guest {theirs!r}"[:600])

    def equal(self, what, mine, theirs):
        self.compared += 1
        if mine != theirs or isinstance(mine, bool) != isinstance(theirs, bool):
            self.differ(what, mine, theirs)

    # ---- values

    def flags(self, what, node, variant, names):
        self.equal(f"{what} variant", node.get("variant"), variant)
        if variant is None and names and "flags" in node:
            self.equal(f"{what} flags", set(node["flags"].split("|")), names)

    def value(self, what, node, kind, raw):
        """A value as a tree against its bytes; without a kind as hexadecimal digits."""
        if not kind:
            text = node.get("hex") if isinstance(node, dict) and node.get("kind") == "bytes" else node
            self.equal(what, text, raw.hex())
            return
        layout = self.layouts[kind]
        found = dict(leaves(node)) if isinstance(node, dict) else {}
        for path, number, bits, member_kind, bytes_of in layout.expected(raw):
            where = f"{what} {path}".rstrip()
            leaf = found.pop(path, None)
            if leaf is None:
                self.differ(where, "not there", bytes_of.hex())
            elif member_kind.startswith(("enum", "flags")):
                value = leaf.get("value")
                self.equal(f"{where} kind", leaf.get("kind"), "enum")
                self.equal(where, value & (1 << bits) - 1 if isinstance(value, int) else leaf, number)
                variant, names = layout.names(member_kind, signed(number, bits))
                self.flags(where, leaf, variant, names if member_kind.startswith("flags") else None)
                if member_kind.startswith("flags") and variant is None and number:
                    self.equal(f"{where} has flags", "flags" in leaf, True)
            elif member_kind == "uint" and leaf.get("kind") == "ptr" and in_arena(self.report, number):
                self.equal(where, int(leaf.get("value", "0"), 16), number)
            else:
                for key, wanted in layout.scalar(number, bits, member_kind, bytes_of).items():
                    self.equal(f"{where} {key}", leaf.get(key), wanted)
        for path in layout.anything:
            below = [p for p in found if p == path or p.startswith(f"{path}.")]
            self.equal(f"{what} {path} is there", bool(below), True)
            for name in below:
                del found[name]
        for path in found:
            self.differ(f"{what} {path}", "there", "no such member")

    def key_bytes(self, entry, kind, size):
        if "key_hex" in entry:
            return bytes.fromhex(entry["key_hex"])
        key = entry.get("key")
        if isinstance(key, int):
            return key.to_bytes(size, "little")
        if not kind or not isinstance(key, dict):
            raise Odd(f"a key {key!r}")
        return self.layouts[kind].encode(key)

    # ---- forms

    def rows(self, mine, header, names):
        """The report's entries by key, whatever list they are in."""
        if "value" in mine:
            return {bytes(header["key_size"]): {"value": mine["value"]}}
        found = {}
        for name in names:
            for entry in mine.get(name, []):
                key = self.key_bytes(entry, header.get("key"), header["key_size"])
                if key in found:
                    raise Odd(f"the key {key.hex()} twice")
                found[key] = entry
        return found

    def same_keys(self, what, mine, theirs, kind):
        self.equal(f"{what} number of entries", len(mine), len(theirs))
        for key in mine.keys() - theirs:
            self.differ(f"{what} key {key.hex()}", "there", "not there")
        for key in theirs - mine.keys():
            self.differ(f"{what} key {key.hex()}", "not there", "there")
        for key, row in mine.items():
            if isinstance(row.get("key"), dict):
                self.value(f"{what} key {key.hex()}", row["key"], kind, key)
        return [key for key in theirs if key in mine]

    def entries(self, what, mine, header, line):
        rows = self.rows(mine, header, ("entries", "array_entries"))
        listed = {self.oracle.raw(key, header["key_size"]): value for key, value in line["listed"]}
        for key in self.same_keys(what, rows, set(listed), header.get("key")):
            row = rows[key]
            kind = header.get("value")
            node = row.get("value", row.get("value_hex"))
            if kind == "insn":
                # orig_off, xlated_off, jitted_off, pad, ip in the kernel's BTF: bpf() shows the first
                found = dict(leaves(node))
                self.equal(f"{what} {key.hex()} orig_off", found.get("orig_off", {}).get("value"),
                           int.from_bytes(self.oracle.raw(listed[key], 4 + len(listed[key]))[:4], "little"))
            else:
                self.value(f"{what} {key.hex()}", node, kind, self.oracle.raw(listed[key], header["value_size"]))

    def percpu(self, what, mine, header, line):
        rows = self.rows(mine, header, ("percpu_entries", "percpu_hash_entries"))
        listed = {self.oracle.raw(key, header["key_size"]): values for key, values in line["listed"]}
        for key in self.same_keys(what, rows, set(listed), header.get("key")):
            nodes, values = rows[key].get("per_cpu", []), listed[key]
            self.equal(f"{what} {key.hex()} CPUs", mine.get("cpus"), list(range(len(values))))
            self.equal(f"{what} {key.hex()} values", len(nodes), len(values))
            for cpu, (node, value) in enumerate(zip(nodes, values)):
                self.value(f"{what} {key.hex()} cpu {cpu}", node, header.get("value"),
                           self.oracle.raw(value, header["value_size"]))

    def queue(self, what, mine, header, line):
        rows = mine.get("array_entries", [])
        self.equal(f"{what} number of entries", len(rows), len(line["stored"]))
        for place, (row, value) in enumerate(zip(rows, line["stored"])):
            self.equal(f"{what} {place} key", row.get("key"), place)
            self.value(f"{what} {place}", row.get("value"), None, self.oracle.raw(value, header["value_size"]))

    def owned(self, what, mine, header, line):
        """One owner's value; the number of owners is that of the lines."""
        rows = mine.get("entries", [])
        same = [other for other in self.oracle.of(header, "owned")]
        self.equal(f"{what} number of entries", len(rows), len(same))
        wanted = line["owner"]
        owned = [row for row in rows if row.get("owner") == wanted or
                 wanted == "sock" and str(row.get("owner")).startswith("sock 0x")]
        if len(owned) != 1:
            self.differ(f"{what} of {wanted}", [row.get("owner") for row in rows], wanted)
            return
        self.value(f"{what} of {wanted}", owned[0].get("value"), header.get("value"),
                   self.oracle.raw(line["listed"], header["value_size"]))

    def slots(self, what, mine, header, line):
        array = mine.get("fd_array")
        if array is None:
            self.differ(what, mine.get("error", "no slots"), "slots")
            return
        found = {}
        for slot in array.get("slots", []):
            key = slot["index"] if "index" in slot else self.key_bytes(slot, None, header["key_size"])
            found[key] = slot
        stored = {key if isinstance(key, int) else self.oracle.raw(key, header["key_size"]): holds
                  for key, holds in line["stored"]}
        self.equal(f"{what} slots", set(found), set(stored))
        self.equal(f"{what} populated", array.get("populated"), len(stored))
        self.equal(f"{what} unreadable", array.get("unreadable"), 0)
        for key in stored.keys() & found.keys():
            holds = found[key].get("holds")
            wanted = stored[key]
            self.equal(f"{what} {key!r} holds {holds!r}, want {wanted!r}", str(holds).startswith(wanted), True)
            self.equal(f"{what} {key!r} has an address", int(found[key].get("kva", "0"), 16) > 0, True)

    def pages(self, what, mine, header, line):
        arena = mine.get("arena", {})
        pages = {int(page["user_addr"], 16): base64.b64decode(page["bytes"]) for page in arena.get("pages", [])}
        stored = {address: self.oracle.raw(text, PAGE) for address, text in line["stored"]}
        start = min(stored)
        self.equal(f"{what} user_vm_start", int(arena.get("user_vm_start", "0"), 16), start)
        self.equal(f"{what} user_vm_end", int(arena.get("user_vm_end", "0"), 16), start + header["max_entries"] * PAGE)
        self.equal(f"{what} mapped_pages", arena.get("mapped_pages"), len(stored))
        self.equal(f"{what} pages", sorted(pages), sorted(stored))
        for address in stored.keys() & pages.keys():
            self.equal(f"{what} page {address:#x}", pages[address].hex(), stored[address].hex())

    def records(self, what, mine, header, line):
        ring = mine.get("ringbuf", {})
        records, position = ring.get("records", []), line.get("from", 0)
        self.equal(f"{what} capacity", ring.get("capacity"), header["max_entries"])
        self.equal(f"{what} number of records", len(records), len(line["stored"]))
        for place, (record, (size, text, state)) in enumerate(zip(records, line["stored"])):
            where = f"{what} record {place}"
            self.equal(f"{where} pos", record.get("pos"), position)
            self.equal(f"{where} len", record.get("len"), size)
            self.equal(f"{where} data", record.get("data_hex"), self.oracle.raw(text, size).hex())
            self.equal(f"{where} busy", record.get("busy"), state == "busy")
            self.equal(f"{where} discarded", record.get("discarded"), state == "discarded")
            position += (size + 8 + 7) // 8 * 8
        self.equal(f"{what} consumer_pos", ring.get("consumer_pos"), line.get("consumed", 0))
        self.equal(f"{what} producer_pos", ring.get("producer_pos"), position)
        self.equal(f"{what} pending_bytes", ring.get("pending_bytes"), position - line.get("from", 0))

    def stacks(self, what, mine, header, line):
        stacks = mine.get("stack_trace", {})
        found = {stack["bucket_id"]: stack for stack in stacks.get("entries", [])}
        listed = {int.from_bytes(self.oracle.raw(key, 4), "little"): self.oracle.raw(value, header["value_size"])
                  for key, value in line["listed"]}
        self.equal(f"{what} buckets", set(found), set(listed))
        self.equal(f"{what} n_buckets", stacks.get("n_buckets"), 1 << (header["max_entries"] - 1).bit_length())
        for bucket in listed.keys() & found.keys():
            where, stack, raw = f"{what} bucket {bucket}", found[bucket], listed[bucket]
            if "build_ids" in stack:
                frames = [raw[at:at + BUILD_ID_SIZE] for at in range(0, len(raw), BUILD_ID_SIZE)]
                frames = [frame for frame in frames if any(frame)]
                self.equal(f"{where} frames", [stack.get("nr"), len(stack["build_ids"])], [len(frames)] * 2)
                for frame, build_id in zip(stack["build_ids"], frames):
                    status, number, offset = struct.unpack("<i20sQ", build_id)
                    self.equal(f"{where} status", frame.get("status"), status)
                    self.equal(f"{where} build_id", frame.get("build_id"), number.hex())
                    self.equal(f"{where} offset", int(frame.get("offset", frame.get("ip", "0")), 16), offset)
            else:
                pcs = [pc for pc, in struct.iter_unpack("<Q", raw) if pc]
                self.equal(f"{where} frames", stack.get("nr"), len(pcs))
                self.equal(f"{where} pcs", [int(pc, 16) for pc in stack.get("pcs", [])], pcs)
                self.equal(f"{where} symbols", [bool(name) for name in stack.get("symbols", [])], [True] * len(pcs))

    def bloom(self, what, mine, header, line):
        bloom = mine.get("bloom", {})
        most = line["functions"] * line["values"]
        nr_set, nr_bits = bloom.get("nr_set", 0), bloom.get("nr_bits", 0)
        self.equal(f"{what} nr_hash_funcs", bloom.get("nr_hash_funcs"), line["functions"])
        self.equal(f"{what} sets {line['functions']} to {most} bits", line["functions"] <= nr_set <= most, True)
        self.equal(f"{what} has a power of two bits", nr_bits > 0 and nr_bits & (nr_bits - 1) == 0, True)

    # ---- what the guest knows without bytes

    def node(self, mine, header, line):
        rows = self.rows(mine, header, ("entries", "array_entries"))
        row = rows.get(self.oracle.raw(line["key"], header["key_size"]), {})
        return row.get("value", {})

    def typed(self, what, mine, header, line):
        found = dict(leaves(self.node(mine, header, line)))
        for path, wanted in line["members"].items():
            self.equal(f"{what} {path}", found.get(path, {}).get("value"), wanted)

    def labels(self, what, mine, header, line):
        """What the words about a pointer begin with; of timers it is their first member."""
        found = dict(leaves(self.node(mine, header, line)))
        for path, wanted in line["members"].items():
            leaf = found.get(path) or found.get(f"{path}.timer") or {}
            label = str(leaf.get("label"))
            self.equal(f"{what} {line['key']} {path} {label!r}, want {wanted!r}", label.startswith(wanted), True)

    def masks(self, what, mine, header, line):
        found = dict(leaves(self.node(mine, header, line)))
        for path, count in line["members"].items():
            self.equal(f"{what} {path}", found.get(path, {}).get("deref", {}).get("cpus"), cpu_list(count))

    def chain(self, what, mine, header, line):
        """A list of objects, from pointer to pointer, and why it ends."""
        at = dict(leaves(self.node(mine, header, line))).get(line["path"], {})
        for step, wanted in enumerate(line["objects"]):
            found = dict(leaves(at.get("deref", {})))
            for path, number in wanted.items():
                self.equal(f"{what} object {step} {path}", found.get(path, {}).get("value"), number)
            at = found.get(line["next"], {})
        self.equal(f"{what} ends by", at.get("deref_skipped_reason"), line["ends"])

    def below(self, node, member):
        """This member of every object that pointers lead to."""
        for _, leaf in leaves(node):
            if "deref" in leaf:
                found = dict(leaves(leaf["deref"]))
                yield found.get(member, {}).get("value")
                yield from self.below(leaf["deref"], member)

    def tree(self, what, mine, header, line):
        """Objects in whatever order, each once."""
        root = dict(leaves(self.node(mine, header, line))).get(line["path"], {})
        self.equal(f"{what} {line['path']}", sorted(self.below(root, line["member"]), key=str),
                   sorted(line["numbers"], key=str))

    # ---- all

    def map(self, header):
        what = f"map {header['map']} {header['name']}"
        mine = self.maps.get(header["map"])
        if mine is None:
            self.differ(what, "not there", "there")
            return
        self.nr_maps += 1
        for key in HEADER:
            self.equal(f"{what} {key}", mine.get(key), header[key])
        for form, line in self.oracle.contents(header):
            try:
                self.handled[form](what, mine, header, line)
            except (Odd, KeyError, ValueError, TypeError, AttributeError) as error:
                self.differ(what, f"{type(error).__name__}: {error}", f"{form} that can be compared")
        if self.oracle.contents(header) and mine.get("error"):
            self.differ(what, mine["error"], "no error")

    def all(self):
        for header in self.oracle.headers:
            self.map(header)
        for number in self.maps.keys() - {header["map"] for header in self.oracle.headers}:
            self.differ(f"map {number} {self.maps[number].get('name')}", "there", "not there")
        names = {m.get("name") for m in self.report.get("maps", [])}
        for line in self.oracle.absent:
            self.equal(f"map {line['absent']}, which this kernel refused, is there", line["absent"] in names, False)
        if not self.nr_maps:
            self.differ("maps", "none", "some")


def compare_maps(report, text):
    """MapsError if the text can't be understood."""
    report = expand(report.get("late", report))
    done = Comparison(report, parse_maps(text))
    done.all()
    return done


def main():
    parser = argparse.ArgumentParser(description="compares a report's maps with what bpf() said of them")
    parser.add_argument("report")
    parser.add_argument("maps")
    args = parser.parse_args()
    with open(args.report, encoding="utf-8") as f:
        report = json.load(f)
    with open(args.maps, encoding="utf-8") as f:
        text = f.read()
    try:
        done = compare_maps(report, text)
    except MapsError as error:
        sys.exit(f"compare_maps.py: {args.maps}: {error}")
    for difference in done.differences:
        print(difference)
    print(f"compared {done.compared} figures of {done.nr_maps} maps, {len(done.differences)} differences")
    return 1 if done.differences or not done.compared else 0


if __name__ == "__main__":
    sys.exit(main())
