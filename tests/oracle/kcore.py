#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A report that a guest makes of itself by /proc/kcore agrees with the image that QEMU takes of it.

	kcore.py [--scxray PROGRAM] [VMLINUZ]
"""

import argparse
import glob
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import formats  # noqa: E402
import harness  # noqa: E402

LIMIT_S = 600


def pack(scxray, folder):
    """An initramfs with the init, scxray, and the libraries that it is linked with."""
    root = os.path.join(folder, "root")
    os.mkdir(root)
    source = os.path.join(harness.ROOT, "kernel-fixtures", "kcore", "init.c")
    subprocess.run(["gcc", "-static", "-O1", "-o", os.path.join(root, "init"), source], check=True)
    listed = subprocess.run(["ldd", scxray], capture_output=True, text=True, check=True).stdout
    for path in [scxray, *re.findall(r"(/\S+) \(0x", listed)]:
        to = os.path.join(root, "scxray" if path == scxray else path.lstrip("/"))
        os.makedirs(os.path.dirname(to), exist_ok=True)
        subprocess.run(["cp", "-L", path, to], check=True)
    archive = os.path.join(folder, "initrd")
    subprocess.run(f"cd {root} && find . | cpio -o -H newc --quiet > {archive}", shell=True, check=True)
    return archive


def wait_for(path, word):
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        with open(path, encoding="utf-8", errors="replace") as log:
            text = log.read().replace("\r", "")
        if word in text or "Kernel panic" in text:
            return text
        time.sleep(0.5)
    return text


def guest(kernel, initrd, folder):
    """Boots it: what it said, and its image."""
    log, image = os.path.join(folder, "console"), os.path.join(folder, "vmcore")
    open(log, "wb").close()
    qemu = formats.Qemu(folder, ["-cpu", "max,la57=off", "-smp", "2", "-m", "256M", "-kernel", kernel, "-initrd", initrd,
                                 "-append", "console=ttyS0 quiet panic=-1 printk.devkmsg=off", "-no-reboot",
                                 "-chardev", f"file,id=c,path={log}", "-serial", "chardev:c"])
    text = wait_for(log, "=== done")
    made = qemu.dump("elf", image) if "=== done" in text else "the guest broke down"
    qemu.quit()
    return text, image, made


def part(text, name):
    found = re.search(rf"=== {name}\n(.*?)=== status (\d+)\n", text, re.S)
    return (found.group(1), int(found.group(2))) if found else ("", -1)


def line(text, start):
    return next((row for row in text.splitlines() if row.startswith(start)), "")


def check(cases, scxray, kernel):
    name = os.path.basename(os.path.dirname(kernel))
    with harness.scratch() as folder:
        initrd = pack(scxray, folder)
        for _ in range(3):  # emulation breaks a guest now and then (kernel-fixtures/README.md)
            text, image, made = guest(kernel, initrd, folder)
            if "=== done" in text:
                break
        inside, status = part(text, "report")
        if "built without CONFIG_PROC_KCORE" in text:
            return print(f"{name}: no /proc/kcore in this kernel, and the message says so")
        if not cases.check(status == 0, f"{name}: a report of /proc/kcore", text[-2000:]):
            return
        outside = subprocess.run([scxray, "report", "--full", image], capture_output=True, text=True, check=False).stdout
        cases.check(made is True and outside, f"{name}: an image of the same guest", made)
        # the size of RAM differs by what firmware keeps
        want, got = (re.sub(r"\d+ MiB, ", "", line(t, "guest: ")) for t in (outside, inside))
        cases.check(want == got and got, f"{name}: kernel, CPUs, nodes, HZ, KASLR offset, paging", f"{want}\n{got}")
        cases.check(line(inside, "  Linux version") == line(outside, "  Linux version"), f"{name}: the banner", inside)
        cases.check("racy" in inside and "vcpu_regs: <unavailable" in inside, f"{name}: what moves is said", inside[:3000])
        # workers come and go, idle tasks are listed while they run, and scxray was one of the tasks
        tasks = [set(re.findall(r"[\w/:.-]+\[\d+\]", t)) for t in (outside, inside)]
        lasting = {t for t in tasks[0] if not t.startswith(("kworker", "scxray", "swapper"))}
        cases.check(len(lasting) > 20 and lasting <= tasks[1], f"{name}: the kernel's tasks", lasting - tasks[1])
        said, status = part(text, "as a user")
        cases.check(status == 1 and "root (CAP_SYS_RAWIO)" in said and said.count("\n") == 1, f"{name}: as a user", said)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--scxray", default=harness.SCXRAY)
    parser.add_argument("kernels", nargs="*")
    options = parser.parse_args()
    cases = harness.Cases()
    for kernel in options.kernels or sorted(glob.glob(os.path.join(harness.ROOT, "build", "kernels", "*", "vmlinuz"))):
        check(cases, options.scxray, kernel)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
