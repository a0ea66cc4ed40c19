# SPDX-License-Identifier: BSD-2-Clause
"""Tiny guests for scxray-vmm: ELF files of a few instructions in 64-bit mode.

They use plain integer code only, which a KVM that emulates ring 0 runs as well.
"""
import os
import struct
import subprocess

COM1, COM2 = 0x3F8, 0x2F8
LINE_STATUS = 5
CODE_AT = 0x100000
DATA_AT = 0x200000


def elf(code, data=b"", machine=62, entry=CODE_AT, at=CODE_AT, filesz=None):
    """An executable: code, and data at DATA_AT."""
    head = b"\x7fELF" + bytes([2, 1, 1, 0]) + bytes(8)
    head += struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, entry, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    room = 8192
    for address, offset, content in ((at, 4096, code), (DATA_AT, room, data)):
        size = len(content) if filesz is None else filesz
        head += struct.pack("<IIQQQQQQ", 1, 7, offset, address, address, size, max(size, 4096), 4096)
    return head.ljust(4096, b"\0") + code.ljust(4096, b"\0") + data


def dx(port):
    return b"\x66\xba" + struct.pack("<H", port)  # mov $port, %dx


def out8(port, value):
    return dx(port) + b"\xb0" + bytes([value]) + b"\xee"


def out16(port, value):
    return dx(port) + b"\x66\xb8" + struct.pack("<H", value) + b"\x66\xef"


def out32(port, value):
    return dx(port) + b"\xb8" + struct.pack("<I", value) + b"\xef"


def text(line, port=COM1):
    return b"".join(out8(port, byte) for byte in line)


def send_al(port=COM1):
    return dx(port) + b"\xee"


def read(port, size=1):
    return dx(port) + {1: b"\xec", 2: b"\x66\xed", 4: b"\xed"}[size]


SHIFT_DOWN = b"\xc1\xe8\x08"  # shr $8, %eax


def rep_out(count, port=COM1):
    """rep outsb of DATA_AT."""
    return b"\xbe" + struct.pack("<I", DATA_AT) + b"\xb9" + struct.pack("<I", count) + dx(port) + b"\xfc\xf3\x6e"


def rep_in(count, port):
    """rep insb to DATA_AT."""
    return b"\xbf" + struct.pack("<I", DATA_AT) + b"\xb9" + struct.pack("<I", count) + dx(port) + b"\xfc\xf3\x6c"


def wait_for_input(port=COM1):
    """Until the line status says that there is a byte."""
    body = read(port + LINE_STATUS) + b"\xa8\x01"  # test $1, %al
    return body + b"\x74" + bytes([(-len(body) - 2) & 0xFF])  # jz to its begin


HALT = b"\xf4\xeb\xfd"
SPIN = b"\xeb\xfe"
OFF = out16(0x604, 0x3400) + SPIN
RESET = out8(0xCF9, 6) + SPIN
KEYBOARD_RESET = out8(0x64, 0xFE) + SPIN


def build_plugin(folder, source, includes):
    """A plugin out of one C file."""
    path = os.path.join(folder, "plugin.so")
    subprocess.run([os.environ.get("CC", "gcc"), "-shared", "-fPIC", "-D_GNU_SOURCE", "-I", includes, "-o", path, source], check=True)
    return path
