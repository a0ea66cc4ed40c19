#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Images in other formats than ELF give the report that the ELF file gives.

makedumpfile and QEMU write them here, from the memory of a bundled core.
"""

import os
import random
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import formats  # noqa: E402
import harness  # noqa: E402

# A bundled core has only the pages that a report reads: no memory map by which pages could be filtered
# (tests/oracle/formats.py does that with whole images).
MAKEDUMPFILE = [["-d", "0"], ["-c"], ["-l"], ["-z"], ["-F"], ["-F", "-l"], ["-E", "-F"]]
CUTS = 20
SEED = 20260131


def report(path, *options):
    return harness.scxray("report", *options, path)


def check_makedumpfile(cases, folder, vmcore):
    want = report(vmcore)
    cases.check(want.status == 0 and b"The kernel ended" in want.out, "the ELF file's report", want)
    for options in MAKEDUMPFILE:
        name = " ".join(options)
        path = os.path.join(folder, "kdump")
        made = formats.makedumpfile(options, vmcore, path)
        if not cases.check(made is True, f"makedumpfile {name}", made):
            continue
        ran = report(path)
        cases.check(ran.status == 0 and ran.out == want.out, f"the report of makedumpfile {name}", ran)
    return want


def check_broken(cases, folder, vmcore):
    """Cut or with a wrong byte: one line, or a report; never a crash."""
    for options in (["-c"], ["-F", "-c"]):
        whole, path = os.path.join(folder, "whole"), os.path.join(folder, "broken")
        formats.makedumpfile(options, vmcore, whole)
        with open(whole, "rb") as f:
            content = f.read()
        for i in range(CUTS):
            with open(path, "wb") as out:
                out.write(content[: len(content) * i // CUTS])
            ran = report(path)
            cases.check(ran.status in (0, 1) and (ran.status == 0) == (not ran.err), f"{options} cut at {i}/{CUTS}", ran)
        rng = random.Random(SEED)
        for at in [*range(0, 600, 17), *(rng.randrange(len(content)) for _ in range(40))]:
            with open(path, "wb") as out:
                out.write(content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :])
            ran = report(path)
            cases.check(ran.status in (0, 1) and (ran.status == 0) == (not ran.err), f"{options} byte {at} flipped", ran)


def check_broken_lzo(cases, folder, vmcore):
    """libkdumpfile 0.5.1 crashes on some broken LZO pages (one of 20 here): that is one line, too."""
    whole, path = os.path.join(folder, "whole"), os.path.join(folder, "broken")
    formats.makedumpfile(["-l"], vmcore, whole)
    with open(whole, "rb") as f:
        content = f.read()
    rng = random.Random(SEED)
    for i in range(60):
        broken = bytearray(content)
        for _ in range(200):
            broken[rng.randrange(len(content) // 16, len(content))] = rng.randrange(256)
        with open(path, "wb") as out:
            out.write(broken)
        ran = report(path)
        lines = ran.err.count("\n")
        cases.check(ran.status in (0, 1) and lines == ran.status or harness.SANITIZED and ran.status == 1,
                    f"broken LZO pages, try {i}", ran)


def check_qemu(cases, folder, core, want):
    """QEMU's own writer of compressed dumps; its registers are those of a machine at reset."""
    ram = os.path.join(folder, "ram")
    subprocess.run([harness.tool("core2raw"), core, ram], check=True, stdout=subprocess.DEVNULL)
    qemu = formats.stopped_qemu(ram, folder)
    for kind in ("kdump-zlib", "kdump-lzo", "kdump-snappy"):
        path = os.path.join(folder, kind)
        made = qemu.dump(kind, path)
        if made is not True and "not available" in made:
            continue  # built without that library, as Debian's is without two of them
        if cases.check(made is True, f"QEMU's {kind}", made):
            # in full: else where a running task's stack is told depends on whether there are registers
            got = report(path, "--full")
            same = formats.without_registers(got.out.decode()) == formats.without_registers(want.out.decode())
            cases.check(got.status == 0 and same, f"the report of QEMU's {kind}", got)
    cases.check(os.path.exists(os.path.join(folder, "kdump-zlib")), "QEMU wrote at least one")
    qemu.quit()


def main():
    cases = harness.Cases()
    cores = harness.need_cores(cases)
    errors = [c for c in cores if c.endswith("-error.core.zst")][:2]
    for core in errors:
        with harness.scratch() as folder:
            vmcore = os.path.join(folder, "vmcore")
            harness.to_vmcore(core, vmcore)
            check_makedumpfile(cases, folder, vmcore)
            if core == errors[0]:
                check_broken(cases, folder, vmcore)
                check_broken_lzo(cases, folder, vmcore)
            check_qemu(cases, folder, core, report(core, "--full"))
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
