#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Seeds for the fuzz targets: small valid input of each kind, made and not kept.

Usage: tests/fuzz/seeds.py FOLDER [CORE]     writes FOLDER/TARGET/...
"""

import os
import random
import struct
import sys
import zlib

PAGE = 4096


def write(folder, target, name, content):
    path = os.path.join(folder, target)
    os.makedirs(path, exist_ok=True)
    with open(os.path.join(path, name), "wb") as out:
        out.write(content)


# ---- ELF vmcores

def note(owner, kind, desc):
    name = owner + b"\0"
    return struct.pack("<III", len(name), len(desc), kind) + name.ljust(-(-len(name) // 4) * 4, b"\0") + desc.ljust(
        -(-len(desc) // 4) * 4, b"\0")


def vmcore(notes, loads):
    """An ELF core file: notes (bytes), loads [(physical address, bytes)]."""
    phnum = 1 + len(loads)
    at = 64 + 56 * phnum
    data = -(-(at + len(notes)) // PAGE) * PAGE
    phdrs = struct.pack("<IIQQQQQQ", 4, 0, at, 0, 0, len(notes), len(notes), 0)
    body = b""
    for address, content in loads:
        phdrs += struct.pack("<IIQQQQQQ", 1, 0, data + len(body), 0, address, len(content), len(content), 0)
        body += content
    ehdr = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack("<HHIQQQIHHHHHH", 4, 62, 1, 0, 64, 0, 0, 64, 56, phnum, 0, 0, 0)
    return (ehdr + phdrs + notes).ljust(data, b"\0") + body


def vmcores():
    registers = note(b"CORE", 1, bytes(336)) + note(b"QEMU", 0, struct.pack("<II", 1, 440) + bytes(432))
    info = note(b"VMCOREINFO", 0, b"OSRELEASE=6.18.15\nKERNELOFFSET=1000000\nNUMBER(phys_base)=-4096\n"
                                  b"NUMBER(pgtable_l5_enabled)=1\nSYMBOL(init_top_pgt)=ffffffff82000000\n"
                                  b"SYMBOL(kallsyms_names)=ffffffff83000000\n")
    yield "plain", vmcore(registers, [(0, bytes(PAGE))])
    yield "two", vmcore(registers * 2 + info, [(0, bytes(PAGE)), (0x100000, b"\x55" * 2 * PAGE)])
    yield "odd", vmcore(registers, [(0x800, bytes(100)), (0x5000, bytes(PAGE + 9))])


# ---- kallsyms

# ---- compressed and flattened images


def kdump(notes, info, pages):
    """A kdump-compressed file (header version 6): pages {number: bytes}; None is one that was left out."""
    end = max(pages) + 1
    bits = [bytearray(PAGE), bytearray(PAGE)]
    for number, content in pages.items():
        bits[0][number // 8] |= 1 << number % 8
        bits[1][number // 8] |= (content is not None) << number % 8
    system = b"".join(t.ljust(65, b"\0") for t in (b"Linux", b"guest", b"6.12", b"#1", b"x86_64", b""))
    head = b"KDUMP   " + struct.pack("<I", 6) + system
    head = head.ljust(424, b"\0") + struct.pack("<IIIIIIIIII", 1, PAGE, 1, 2, end, 0, 0, 0, 1, 1)
    at = 2 * PAGE - len(notes) - len(info)
    sub = struct.pack("<QiiQQQQQQQQQQQ", 0, 31, 0, 0, 0, at, len(info), at + len(info), len(notes), 0, 0, 0, end, end)
    held = [content for _, content in sorted(pages.items()) if content is not None]
    table, body = b"", b""
    start = 4 * PAGE + 24 * len(held)
    for content in held:
        packed = zlib.compress(content)
        table += struct.pack("<QIIQ", start + len(body), len(packed), 1, 0)
        body += packed
    front = head.ljust(PAGE, b"\0") + sub.ljust(PAGE - len(notes) - len(info), b"\0") + info + notes
    return front + bytes(bits[0]) + bytes(bits[1]) + table + body


def flattened(content):
    """The same bytes as a stream of blocks, the last first."""
    stream = struct.pack(">16sqq", b"makedumpfile", 1, 1).ljust(PAGE, b"\0")
    for at in reversed(range(0, len(content), PAGE)):
        block = content[at : at + PAGE]
        stream += struct.pack(">qq", at, len(block)) + block
    return stream + struct.pack(">qq", -1, -1)


def packed_images():
    registers = note(b"CORE", 1, bytes(336)) + note(b"QEMU", 0, struct.pack("<II", 1, 440) + bytes(432))
    info = b"OSRELEASE=6.12\nNUMBER(phys_base)=0\n"
    whole = kdump(registers, info, {0: bytes(PAGE), 1: b"OSRELEASE=".ljust(PAGE, b"\x55"), 3: None, 7: bytes(PAGE)})
    yield "kdump", whole
    yield "flattened-kdump", flattened(whole)
    yield "flattened-elf", flattened(vmcore(registers, [(0, bytes(PAGE))]))


def tokens():
    """A token table as the kernel's: printable characters are themselves, the others are pairs."""
    for i in range(256):
        yield bytes([i]) if 0x21 <= i < 0x7F else bytes([97 + i % 26, 97 + i // 26])


def kallsyms(relative, count=600):
    """Offsets of the tables and the image that holds them; relative: to a base, or each to its own place."""
    names = [b"Tlinux_banner", b"Dscx_root"] + [b"tsymbol_%d" % i for i in range(count - 2)]
    image = bytearray(b"Linux version 6.18.15 fuzz\n\0".ljust(64, b"\0"))
    table, index = b"", []
    for token in tokens():
        index.append(len(table))
        table += token + b"\0"

    def place(content, align=8):
        image.extend(bytes(-len(image) % align))
        at = len(image)
        image.extend(content)
        return at

    num_syms = place(struct.pack("<I", count))
    packed, markers = b"", []
    for i, name in enumerate(names):
        if i % 256 == 0:
            markers.append(len(packed))
        packed += bytes([len(name)]) + name
    names_at = place(packed)
    place(struct.pack(f"<{len(markers)}I", *markers))
    table_at = place(table)
    index_at = place(struct.pack("<256H", *index))
    offsets_at = place(b"")
    if relative:
        place(struct.pack(f"<{count}I", *(i * 4 for i in range(count))))
        place(struct.pack("<Q", 0xFFFFFFFF81000000))
        base = 1
    else:
        place(struct.pack(f"<{count}i", *(-offsets_at for _ in range(count))))
        base = 0
    return struct.pack("<6I", num_syms, names_at, table_at, index_at, offsets_at, base) + bytes(image)


# ---- BTF

class Btf:
    def __init__(self):
        self.strings = b"\0"
        self.types = b""

    def name(self, text):
        at = len(self.strings)
        self.strings += text.encode() + b"\0"
        return at if text else 0

    def add(self, name, kind, vlen, size, extra=b"", flag=0):
        self.types += struct.pack("<III", self.name(name), flag << 31 | kind << 24 | vlen, size) + extra

    def pack(self):
        head = struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(self.types), len(self.types), len(self.strings))
        return head + self.types + self.strings


def btf():
    made = Btf()
    made.add("int", 1, 0, 4, struct.pack("<I", 0x01000020))  # 1
    made.add("", 2, 0, 1)  # 2: int *
    made.add("", 3, 0, 0, struct.pack("<III", 1, 1, 8))  # 3: int[8]
    made.add("u32", 8, 0, 1)  # 4: typedef
    made.add("", 10, 0, 4)  # 5: const
    made.add("inner", 4, 2, 16, struct.pack("<6I", made.name("b"), 4, 0, made.name("dsq"), 2, 64))  # 6
    made.add("", 5, 2, 4, struct.pack("<6I", made.name("x"), 1, 0, made.name("y"), 4, 0))  # 7: anonymous union
    made.add("rq", 4, 5, 96, struct.pack("<15I", made.name("a"), 6, 0, made.name("scx"), 6, 128, 0, 7, 256,
                                         made.name("arr"), 3, 288, made.name("bits"), 1, 5 << 24 | 544), flag=1)  # 8
    made.add("e", 6, 2, 4, struct.pack("<IiIi", made.name("A"), 1, made.name("B"), -2), flag=1)  # 9
    made.add("e64", 19, 1, 8, struct.pack("<III", made.name("BIG"), 1, 0x80000000))  # 10
    made.add("", 13, 1, 1, struct.pack("<II", made.name("p"), 2))  # 11: prototype
    made.add("fn", 12, 0, 11)  # 12
    made.add("var", 14, 0, 8, struct.pack("<I", 1))  # 13
    made.add(".data..percpu", 15, 1, 96, struct.pack("<III", 13, 0, 96))  # 14
    made.add("fwd", 7, 0, 0)  # 15
    made.add("tag", 17, 0, 8, struct.pack("<i", -1))  # 16
    made.add("kptr", 18, 0, 8)  # 17
    made.add("float", 16, 0, 8)  # 18
    return made.pack()


# ---- scxray cores, as tests/fuzz/core.c takes their sections

def record(tag, contents):
    return struct.pack("<HHI", tag, 0, len(contents)) + contents


def section(kind, contents):
    return struct.pack("<BH", kind, len(contents)) + contents


def core_sections():
    """A core that loads, with what a host knew (capture/image/host.h): texts, counters, a timeline."""
    meta = "".join(f"{key}={value}\n" for key, value in (
        ("origin", "vm"), ("cr3", "1000"), ("levels", "4"), ("found_by", "1"), ("kallsyms_num_syms", "ffffffff81000010"),
        ("kallsyms_names", "ffffffff81000020"), ("kallsyms_token_table", "ffffffff81000030"),
        ("kallsyms_token_index", "ffffffff81000040"), ("kallsyms_offsets", "ffffffff81000050"),
        ("kallsyms_relative_base", "0")))
    series = record(1, b"SCX_EV_X") + record(2, b"\1") + record(3, struct.pack("<QQ", 1, 2))
    host = (record(1, b"poll of exit_kind") + record(5, struct.pack("<Q", 7)) + record(23, b"\1")
            + record(26, struct.pack("<I", 1)) + record(100, record(2, struct.pack("<Q", 9))) + record(100, b"")
            + record(101, struct.pack("<QQ", 3, 5)) + record(102, series))
    return (section(1, meta.encode()) + section(2, struct.pack("<QQ", 0x1000, 0x2000)) + section(7, host)
            + section(5, struct.pack("<Q", 0x1000)) + section(6, bytes(PAGE)))


QMP = (b'{"QMP": {"version": {"qemu": {"micro": 2, "minor": 0, "major": 10}}, "capabilities": ["oob"]}}\r\n'
       b'{"event": "STOP", "timestamp": {"seconds": 1, "microseconds": 2}}\r\n{"return": {"status": "debug"}, "id": 3}\r\n'
       b'{"error": {"class": "GenericError", "desc": "no"}, "id": 4}\r\n')
TREE = (b'FlatView #3\r\n AS "memory", root: system\r\n Root memory region: system\r\n'
        b"  0000000000000000-00000000000c2fff (prio 0, ram): pc.ram\r\n"
        b"  0000000000100000-0000000007ffffff (prio 0, ram): pc.ram @0000000000100000 KVM\r\n")


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: seeds.py FOLDER [CORE]")
    folder = sys.argv[1]
    rng = random.Random(1)
    for name, content in [*vmcores(), *packed_images()]:
        write(folder, "vmcore", name, content)
    for name, relative in (("relative", True), ("own-place", False)):
        write(folder, "kallsyms", name, kallsyms(relative))
    write(folder, "btf", "kinds", btf())
    value = bytes(rng.getrandbits(8) for _ in range(96))
    write(folder, "value", "kinds", struct.pack("<H", len(value)) + value + btf())
    for i in range(8):
        changes = b"".join(struct.pack("<IQ", rng.getrandbits(32), rng.choice([0, 1 << 63, rng.getrandbits(64)]))
                           for _ in range(1 << i))
        write(folder, "capture", f"changes-{1 << i}", changes)
    write(folder, "qmp", "lines", b"\x07" + QMP)
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "render", "golden", "dual.json"), "rb") as f:
        write(folder, "report_json", "dual", f.read())
    write(folder, "gdb", "packets", b"+$T05thread:01;watch:ffffffff81000000;#07+$OK#9a$T02thread:p1.2;#00$E22#a9")
    write(folder, "qemu_texts", "tree", TREE)
    write(folder, "qemu_texts", "hmp", b"info\x1b[K\x1b[D mtree\r\n" + TREE + b"(qemu) ")
    write(folder, "qemu_texts", "chardevs", b"gdb: filename=disconnected:tcp:0.0.0.0:1234,server=on\r\n#chr1: filename=gdb\r\n")
    write(folder, "qemu_texts", "maps", b"7fc093fff000-7fc09bfff000 rw-s 00001000 00:01 1102    /memfd:ram (deleted)")
    write(folder, "qemu_texts", "command", b"qemu-system-x86_64\0-chardev\0socket,id=c,path=/x,server=on\0-mon\0"
          b"chardev=c,mode=control\0-qmp\0tcp::3636,server,nowait\0-s\0")
    write(folder, "core", "empty", b"")
    write(folder, "core", "host", core_sections())
    if len(sys.argv) > 2:
        with open(sys.argv[2], "rb") as f:
            write(folder, "core", "bundled", f.read())
    return 0


if __name__ == "__main__":
    sys.exit(main())
