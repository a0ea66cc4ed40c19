#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""How much memory a report of a vmcore takes, whatever the guest's size.

The pages of a bundled core, each where it belongs in a sparse file: one PT_LOAD for all of RAM, as QEMU
writes it.  VMCOREINFO is left out, so that the kernel has to be searched for.
"""

import os
import re
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import harness  # noqa: E402

MOST_KIB = 30 * 1000 * 1000 // 1024  # docs/performance.md
HEADER, PHDR = "<16sHHIQQQIHHHHHH", "<IIQQQQQQ"
PT_LOAD, PT_NOTE, DATA_AT = 1, 4, 1 << 20


def spread(vmcore, path, memory):
    """One PT_LOAD of `memory` bytes in place of one for each run of pages; the notes stay."""
    with open(vmcore, "rb") as f:
        data = f.read()
    head = list(struct.unpack_from(HEADER, data))
    phdrs = [struct.unpack_from(PHDR, data, head[5] + 56 * i) for i in range(head[10])]
    notes = next(p for p in phdrs if p[0] == PT_NOTE)
    head[10] = 2
    with open(path, "wb") as out:
        out.write(struct.pack(HEADER, *head))
        out.seek(head[5])
        out.write(struct.pack(PHDR, PT_NOTE, 0, 4096, 0, 0, notes[5], notes[5], 4))
        out.write(struct.pack(PHDR, PT_LOAD, 7, DATA_AT, 0, 0, memory, memory, 4096))
        out.seek(4096)
        out.write(data[notes[2]:notes[2] + notes[5]])
        for _, _, offset, _, gpa, size, _, _ in (p for p in phdrs if p[0] == PT_LOAD):
            out.seek(DATA_AT + gpa)
            out.write(data[offset:offset + size])
        out.truncate(DATA_AT + memory)


def peak_kib(*args):
    """As --timing says it: getrusage() would count this Python before its exec()."""
    ran = harness.scxray(*args, "--timing")
    found = re.search(r"peak memory +(\d+) KiB", ran.err)
    return int(found[1]) if ran.status == 0 and found else 1 << 62


def main():
    cases = harness.Cases()
    harness.need_cores(cases)
    if "-address" in harness.BUILD or "-thread" in harness.BUILD:
        print("a sanitizer takes memory of its own")
        return 77
    with harness.scratch() as folder:
        vmcore, image = (os.path.join(folder, name) for name in ("vmcore", "image"))
        for _, late in harness.core_pairs():
            harness.to_vmcore(late, vmcore)
            name = os.path.basename(late)
            for memory in (256 << 20, 4 << 30):
                spread(vmcore, image, memory)
                kib = peak_kib("report", image)
                cases.check(kib <= MOST_KIB, f"{name}, {memory >> 20} MiB: at most {MOST_KIB} KiB", kib)
                same = harness.scxray("report", image, "--only", "tasks").out == \
                    harness.scxray("report", vmcore, "--only", "tasks").out
                cases.check(same, f"{name}, {memory >> 20} MiB: the tasks of the vmcore")
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
