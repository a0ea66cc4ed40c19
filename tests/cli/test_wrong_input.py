#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Wrong input gets one clear line on stderr and a non-zero status.

Never a crash, never a hang, never a file left behind.
"""

import os
import random
import re
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import harness  # noqa: E402

SEED = 20240607
LIMIT_S = 10
VMCORE_CUTS = 2000
CORE_CUTS = 500
LINE = {1: re.compile(r"scxray: [^\n]+: [^\n]+\n"), 2: re.compile(r"scxray: [^\n]+; see scxray --help\n")}
PAGE = 4096


def refused(cases, what, *args, status=1, limit=LIMIT_S, **popen):
    """Runs the program, which must refuse: one line, and that status."""
    try:
        ran = harness.scxray(*args, timeout=limit, preexec_fn=harness.no_core_dump, **popen)
    except subprocess.TimeoutExpired:
        return cases.check(False, what, f"still running after {limit} s")
    good = ran.status == status and LINE[status].fullmatch(ran.err) and not ran.out
    return cases.check(good, what, f"{ran}stdout: {ran.out[:200] if ran.out else ran.out}")


def elf(machine=62, bits=2, order=1, kind=4, phdrs=(), phnum=None, phoff=64):
    """An ELF header and program headers (type, offset, paddr, filesz) of our choice."""
    end = "<" if order == 1 else ">"
    ident = bytes([0x7F]) + b"ELF" + bytes([bits, order, 1, 0]) + bytes(8)
    count = len(phdrs) if phnum is None else phnum
    if bits == 1:
        head = struct.pack(end + "HHIIIIIHHHHHH", kind, machine, 1, 0, 52, 0, 0, 52, 32, count, 0, 0, 0)
        return ident + head + bytes(4096)
    head = struct.pack(end + "HHIQQQIHHHHHH", kind, machine, 1, 0, phoff, 0, 0, 64, 56, count, 0, 0, 0)
    body = b"".join(struct.pack(end + "IIQQQQQQ", t, 0, off, 0, pa, size, size, 0) for t, off, pa, size in phdrs)
    return (ident + head + body).ljust(8192, b"\0")


def crafted():
    """Files that are not what they should be: name -> bytes."""
    rng = random.Random(SEED)
    big = 1 << 63
    return {
        "text": b"this is not a vmcore\n" * 100,
        "one byte": b"\x7f",
        "magic alone": b"\x7fELF",
        "random bytes": rng.randbytes(100000),
        "zeroes": bytes(100000),
        "32-bit core": elf(machine=3, bits=1),
        "32-bit core, x86-64 inside (x32)": elf(machine=62, bits=1),
        "arm64 core": elf(machine=183),
        "s390 core, big-endian": elf(machine=22, order=2),
        "big-endian x86-64": elf(order=2),
        "no program headers": elf(),
        "program headers far away": elf(phnum=3, phoff=1 << 40),
        "program headers at 2^64": elf(phnum=3, phoff=(1 << 64) - 8),
        "65535 program headers": elf(phnum=65535),
        "memory beyond the file": elf(phdrs=[(1, 4096, 0, 1 << 30)]),
        "memory at 2^63": elf(phdrs=[(1, big, big, big)]),
        "size that wraps": elf(phdrs=[(1, 4096, 0, (1 << 64) - 4096)]),
        "overlapping memory": elf(phdrs=[(1, 4096, 0, 4096), (1, 0, 2048, 4096)]),
        "notes beyond the file": elf(phdrs=[(4, 1 << 40, 0, 64), (1, 4096, 0, 4096)]),
        "no notes": elf(phdrs=[(1, 4096, 0, 4096)]),
        "empty note segment": elf(phdrs=[(4, 4096, 0, 0), (1, 4096, 0, 4096)]),
        "garbage as notes": elf(phdrs=[(4, 0, 0, 4096), (1, 4096, 0, 4096)]),
        "kdump-compressed": b"KDUMP   " + bytes(8192),
        "flattened": b"makedumpfile" + bytes(8192),
        "gzip": b"\x1f\x8b\x08" + bytes(8192),
        "plain zstd frame": b"\x28\xb5\x2f\xfd" + bytes(8192),
    }


def check_files(cases, folder, core):
    path = os.path.join(folder, "image")
    for name, content in crafted().items():
        with open(path, "wb") as out:
            out.write(content)
        refused(cases, name, "report", path)
        refused(cases, f"{name}, as --early", "report", "--early", path, core)
    open(path, "wb").close()
    refused(cases, "empty file", "report", path)
    os.unlink(path)
    refused(cases, "no such file", "report", path)
    refused(cases, "a name with a newline", "report", path + "\n\033[31mx")
    refused(cases, "a long name", "report", path + "y" * 5000)
    refused(cases, "the empty name", "report", "")
    refused(cases, "a folder", "report", folder)
    refused(cases, "/dev/null", "report", "/dev/null")
    refused(cases, "/dev/zero", "report", "/dev/zero")
    refused(cases, "the program itself", "report", harness.SCXRAY)
    fifo = os.path.join(folder, "fifo")
    os.mkfifo(fifo)
    refused(cases, "a pipe that nobody writes", "report", fifo)


def check_vmcore(cases, folder, core):
    """A real ELF vmcore without its notes, and cut anywhere."""
    path = os.path.join(folder, "vmcore")
    harness.to_vmcore(core, path, "--no-notes")
    ran = harness.scxray("report", path)
    good = ran.status == 0 and not ran.err and b"the image holds no vCPU registers" in ran.out
    cases.check(good, "a vmcore without notes gives all but the registers", ran)
    harness.to_vmcore(core, path)
    size = os.path.getsize(path)
    with open(path, "rb") as f:
        head = f.read(64)
    phoff, = struct.unpack_from("<Q", head, 32)
    phnum, = struct.unpack_from("<H", head, 56)
    headers = phoff + phnum * 56
    with open(path, "rb") as f:
        f.seek(phoff)
        note_offset, = struct.unpack_from("<Q", f.read(56), 8)
        f.seek(phoff)
        note_end = note_offset + struct.unpack_from("<Q", f.read(56), 32)[0]
    rng = random.Random(SEED)
    cuts = set(range(0, max(headers, note_end) + PAGE, PAGE))
    cuts |= {1, 3, 4, 15, 16, 63, 64, 65, headers - 1, headers, headers + 1, note_end - 1, note_end, size - 1}
    cuts |= {rng.randrange(min(size, 4 * note_end)) for _ in range(VMCORE_CUTS // 2)}
    cuts |= {rng.randrange(size) for _ in range(VMCORE_CUTS // 2)}
    # longest first, so that one file can be cut again and again
    for cut in sorted((c for c in cuts if 0 <= c < size), reverse=True):
        os.truncate(path, cut)
        refused(cases, f"a vmcore cut at {cut} of {size}", "report", path)
    os.unlink(path)


def check_core(cases, folder, core):
    """A scxray core, cut anywhere, and with one bit wrong anywhere."""
    path = os.path.join(folder, "core")
    with open(core, "rb") as f:
        content = bytearray(f.read())
    size = len(content)
    rng = random.Random(SEED)
    with open(path, "wb") as out:
        out.write(content)
    cuts = {rng.randrange(size) for _ in range(CORE_CUTS)} | set(range(0, 16 * PAGE, PAGE)) | {1, 8, size - 1}
    for cut in sorted((c for c in cuts if c < size), reverse=True):
        os.truncate(path, cut)
        refused(cases, f"a core cut at {cut} of {size}", "report", path)
    for _ in range(50):
        at, bit = rng.randrange(size), 1 << rng.randrange(8)
        content[at] ^= bit
        with open(path, "wb") as out:
            out.write(content)
        content[at] ^= bit
        refused(cases, f"a core with bit {bit:#x} of byte {at} wrong", "report", path)
    os.unlink(path)


def check_unreadable(cases, folder, core):
    """As root nothing is unreadable: then somebody else tries."""
    image = os.path.join(folder, "secret")
    with open(image, "wb") as out, open(core, "rb") as f:
        out.write(f.read())
    os.chmod(image, 0)
    if os.geteuid() != 0:
        refused(cases, "an unreadable file", "report", image)
        return
    binary = os.path.join(folder, "scxray")
    with open(binary, "wb") as out, open(harness.SCXRAY, "rb") as f:
        out.write(f.read())
    os.chmod(binary, 0o755)
    refused(cases, "an unreadable file", "report", image, binary=binary, user=65534, group=65534, extra_groups=[])


def check_usage(cases, core):
    for args in (["report"], [], ["repot", core], ["report", core, core], ["report", "--formt", "json", core],
                 ["report", "--format", "xml", core], ["report", "--width", "12x", core], ["report", core, "-o"],
                 ["report", "--max-tasks", "-1", core], ["report", "--max-copy", "9E", core],
                 ["report", "--save-early-core", "x", core], ["report", core, "-o", core],
                 ["report", core, "--save-core", core], ["report", core, "-o", "x", "--save-core", "x"],
                 ["help", "x"], ["--verison"]):
        refused(cases, "usage: " + " ".join(os.path.basename(a) for a in args), *args, status=2)


def main():
    cases = harness.Cases()
    core = harness.need_cores(cases)[0]
    with harness.scratch() as folder:
        check_usage(cases, core)
        check_files(cases, folder, core)
        check_unreadable(cases, folder, core)
        check_core(cases, folder, core)
        check_vmcore(cases, folder, core)
        left = sorted(set(os.listdir(folder)) - {"fifo", "secret", "scxray"})
        cases.check(not left, "no file is left behind", left)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
