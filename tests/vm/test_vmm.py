#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""scxray-vmm's command line, and what it refuses: one clear line each."""
import os
import re
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import harness  # noqa: E402
import tiny_elf as tiny  # noqa: E402
import vmm  # noqa: E402

LINE = re.compile(r"scxray-vmm: [^\n]+\n")
MAN = os.path.join(harness.ROOT, "docs", "scxray-vmm.1")

# (what, arguments, a part of the line)
USAGE = [
    ("nothing", [], "no --kernel and no --restore given"),
    ("both", ["--kernel", "k", "--restore", "i"], "give one of them"),
    ("no such option", ["--colour"], "no such option: --colour"),
    ("no such letter", ["-x"], "no such option: -x"),
    ("no value", ["--kernel"], "--kernel: needs a value"),
    ("a value too many", ["--help=me"], "--help=me: takes no value"),
    ("a word", ["--kernel", "k", "vmlinux"], "vmlinux: not an option"),
    ("no vCPU", ["--kernel", "k", "--cpus", "0"], "--cpus 0: not a number from 1 to 254"),
    ("too many vCPUs", ["--kernel", "k", "--cpus", "255"], "--cpus 255"),
    ("vCPUs in words", ["--kernel", "k", "--cpus", "two"], "--cpus two"),
    ("memory without unit", ["--kernel", "k", "--memory", "512"], "--memory 512: not a size"),
    ("little memory", ["--kernel", "k", "--memory", "8M"], "--memory 8M"),
    ("memory beyond 2^46", ["--kernel", "k", "--memory", "999999G"], "--memory 999999G"),
    ("memory beyond 2^64", ["--kernel", "k", "--memory", "99999999999999G"], "--memory"),
    ("memory of many digits", ["--kernel", "k", "--memory", "1" * 50 + "M"], "--memory"),
    ("more nodes than vCPUs", ["--kernel", "k", "--nodes", "2"], "--nodes 2: more than --cpus 1"),
    ("no such model", ["--kernel", "k", "--cpu", "486"], "--cpu 486: not one of host, baseline"),
    ("timeout 0", ["--kernel", "k", "--timeout", "0"], "--timeout 0"),
    ("timeout -1", ["--kernel", "k", "--timeout", "-1"], "--timeout -1"),
    ("settings without a plugin", ["--kernel", "k", "--plugin-set", "a=b"], "no --plugin"),
    ("text without a plugin", ["--kernel", "k", "--late-on", "oops"], "no --plugin"),
    ("a list without a plugin", ["--plugin-settings"], "no --plugin"),
    ("not a setting", ["--kernel", "k", "--plugin", "p", "--plugin-set", "ab"], "--plugin-set ab: not KEY=VALUE"),
    ("a setting without a key", ["--kernel", "k", "--plugin", "p", "--plugin-set", "=b"], "not KEY=VALUE"),
    ("when", ["--kernel", "k", "--plugin", "p", "--plugin-when", "never"], "--plugin-when never: not one of"),
    ("on failure, but which", ["--kernel", "k", "--plugin", "p", "--plugin-when", "failure"], "--early-on or --late-on"),
    ("an empty text", ["--kernel", "k", "--plugin", "p", "--early-on", ""], "--early-on: want a text"),
    ("a long text", ["--kernel", "k", "--plugin", "p", "--early-on", "x" * 256], "--early-on: want a text"),
    ("an initrd for an image", ["--restore", "i", "--initrd", "r"], "--initrd"),
    ("control characters", ["\x1b[31m\n"], "?[31m?: not an option"),
]


def refused(cases, what, ran, part, status=1):
    good = ran.status == status and LINE.fullmatch(ran.err) and part in ran.err and not ran.out
    cases.check(good, what, f"wanted status {status} and '{part}'\n{ran}")


def check_usage(cases):
    for what, arguments, part in USAGE:
        ran = vmm.run(*arguments)
        refused(cases, f"usage: {what}", ran, part, status=2)
        cases.check(ran.err.endswith("; see scxray-vmm --help\n"), f"usage: {what}: points to the help", ran)


def check_help(cases):
    ran = vmm.run("--help")
    cases.check(ran.status == 0 and not ran.err and b"--kernel FILE" in ran.out, "--help", ran)
    cases.check(vmm.run("-h").out == ran.out, "-h is --help")
    version = vmm.run("--version")
    cases.check(re.fullmatch(rb"scxray-vmm \d+\.\d+\.\d+\n", version.out), "--version", version)
    with open("/dev/full", "wb") as full:
        process = subprocess.run([vmm.VMM, "--help"], stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE, check=False)
    cases.check(process.returncode == 1 and b"No space" in process.stderr, "--help on a full disk", process.stderr)

    options = set(re.findall(r"^ +(--[a-z-]+)", ran.out.decode(), re.M))
    cases.check(len(options) >= 15, "the help has options", options)
    with open(MAN, encoding="utf-8") as file:
        page = file.read().replace("\\-", "-")
    for option in sorted(options):
        cases.check(f".B {option}\n" in page or f".BI {option} " in page or f".BR {option} " in page,
                    f"docs/scxray-vmm.1 has {option}")


def header(version=0x20F, flags=1, pref=16 << 20, init_size=1 << 20, sectors=1, size=8192):
    """A bzImage of nothing."""
    image = bytearray(size)
    image[0x1F1] = sectors
    struct.pack_into("<H", image, 0x1FE, 0xAA55)
    image[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", image, 0x206, version)
    struct.pack_into("<I", image, 0x22C, 0x7FFFFFFF)
    image[0x234] = 1
    struct.pack_into("<H", image, 0x236, flags)
    struct.pack_into("<I", image, 0x238, 2047)
    struct.pack_into("<Q", image, 0x258, pref)
    struct.pack_into("<I", image, 0x260, init_size)
    return bytes(image)


def check_kernels(cases, folder):
    good = tiny.elf(tiny.OFF)
    broken = bytearray(good)
    struct.pack_into("<H", broken, 56, 65)
    far = bytearray(good)
    struct.pack_into("<Q", far, 32, 1 << 63)
    pie = bytearray(tiny.elf(tiny.OFF, at=0, entry=0))
    struct.pack_into("<H", pie, 16, 3)  # ET_DYN
    files = {
        "empty": (b"", "empty file"),
        "text": (b"#!/bin/sh\n" * 1000, "neither a bzImage nor an ELF vmlinux"),
        "zeroes": (bytes(100000), "neither a bzImage"),
        "ELF magic alone": (b"\x7fELF", "not a vmlinux"),
        "ELF, other machine": (tiny.elf(tiny.OFF, machine=183), "not a vmlinux"),
        "ELF, entry outside": (tiny.elf(tiny.OFF, entry=0x90000000), "not a vmlinux"),
        "ELF, 65 segments": (bytes(broken), "not a vmlinux"),
        "ELF, segments far away": (bytes(far), "not a vmlinux"),
        "ELF, segment cut short": (tiny.elf(tiny.OFF, filesz=1 << 20), "not a vmlinux"),
        "ELF in the first megabyte": (tiny.elf(tiny.OFF, at=0x1000, entry=0x1000), "not a vmlinux: a program with a segment below 1 MiB"),
        "PIE": (bytes(pie), "not a vmlinux: a position-independent program (PIE)"),
        "ELF beyond RAM": (tiny.elf(tiny.OFF, at=4 << 30, entry=4 << 30), "no memory for"),
    }
    for what, (content, part) in files.items():
        path = folder.file("kernel", content)
        refused(cases, f"kernel: {what}", vmm.run("--kernel", path, "--memory", "64M"), part)
    refused(cases, "kernel: not there", vmm.run("--kernel", folder / "nowhere"), "No such file")
    refused(cases, "kernel: a folder", vmm.run("--kernel", folder.path), "not a regular file")


def check_bzimages(cases, folder):
    """Where KVM can't run a kernel, that is said of each; the header's own faults then stay untold."""
    probe = vmm.run("--kernel", folder.file("kernel", header(flags=0)), "--memory", "64M")
    if "emulates ring 0" in probe.err:
        refused(cases, "bzImage: a KVM in software", probe, "can't boot a kernel: try --restore, or the lab (make check-vm)")
        return
    files = {
        "old protocol": (header(version=0x20B), "boot protocol 2.11"),
        "32-bit": (header(flags=0), "not a 64-bit kernel"),
        "cut short": (header(sectors=20), "cut short"),
        "memory too small": (header(init_size=256 << 20), "--memory: too small for this kernel"),
        "wants to be at 0": (header(pref=0), "--memory: too small for this kernel"),
        "wants to be at 2^63": (header(pref=1 << 63), "--memory: too small for this kernel"),
    }
    for what, (content, part) in files.items():
        path = folder.file("kernel", content)
        refused(cases, f"bzImage: {what}", vmm.run("--kernel", path, "--memory", "64M"), part)


def check_other_files(cases, folder):
    kernel = folder.guest("off", tiny.OFF)
    refused(cases, "initrd: not there", vmm.run("--kernel", kernel, "--initrd", folder / "nowhere"), "No such file")
    big = folder / "big"
    with open(big, "wb") as file:
        file.truncate(65 << 20)
    refused(cases, "initrd: too big", vmm.run("--kernel", kernel, "--initrd", big, "--memory", "64M"), "--memory: too small")
    refused(cases, "log: no such folder", vmm.run("--kernel", kernel, "--log", folder / "no/log"), "--log")
    refused(cases, "data: no such folder", vmm.run("--kernel", kernel, "--data", folder / "no/data"), "--data")
    refused(cases, "data: no such socket", vmm.run("--kernel", kernel, "--data", f"unix:{folder / 'no'}"), "--data unix:")
    refused(cases, "data: a long socket", vmm.run("--kernel", kernel, "--data", "unix:/" + "x" * 200), "name too long")
    for word in ("fd:77", "fd:", "fd:one", "fd:-1"):
        refused(cases, f"data: {word}", vmm.run("--kernel", kernel, "--data", word), "not an open file descriptor")
    refused(cases, "append: too long", vmm.run("--kernel", kernel, "--append", "x" * 5000), "--append: 5000 bytes")
    refused(cases, "plugin: not there", vmm.run("--kernel", kernel, "--plugin", folder / "no.so"), "--plugin")
    refused(cases, "plugin: no library", vmm.run("--kernel", kernel, "--plugin", kernel), "--plugin")
    refused(cases, "settings of no plugin", vmm.run("--plugin", folder / "no.so", "--plugin-settings"), "--plugin")


def check_device(cases, folder):
    """Machines without KVM, or without the right to it, made by a mount namespace and another user."""
    kernel = folder.guest("off", tiny.OFF)
    if os.getuid():
        print("not root: machines without /dev/kvm are not tested")
        return
    if subprocess.run(["unshare", "-m", "true"], check=False, stderr=subprocess.DEVNULL).returncode:
        print("no mount namespaces here: machines without /dev/kvm are not tested")
        return
    for what, command, part in (
            ("not there", "mount -t tmpfs none /dev", "/dev/kvm: not there: load kvm_intel or kvm_amd"),
            ("another device", "mount --bind /dev/null /dev/kvm", "/dev/kvm: not a KVM")):
        script = f'{command} && exec "$0" --kernel "$1"'
        process = subprocess.run(["unshare", "-m", "sh", "-c", script, vmm.VMM, kernel], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        ran = vmm.Ran(process.returncode, process.stdout, process.stderr.decode())
        refused(cases, f"/dev/kvm: {what}", ran, part)
    mode = os.stat("/dev/kvm").st_mode if os.path.exists("/dev/kvm") else 0o666
    if mode & 0o006:
        print("/dev/kvm is everybody's: no permission is not tested")
        return
    ran = vmm.run("--kernel", kernel, user=65534, group=65534, extra_groups=[])
    refused(cases, "/dev/kvm: no permission", ran, "/dev/kvm: no permission: add your user to the group")


def check_overwriting(cases, folder):
    kernel = folder.guest("off", tiny.OFF)
    other = folder / "hard"
    os.link(kernel, other)
    before = folder.read("off")
    for what, arguments in (("the log", ["--log", kernel]), ("the data", ["--data", kernel]), ("a link", ["--log", other])):
        refused(cases, f"{what} is the kernel", vmm.run("--kernel", kernel, *arguments), "would be overwritten", status=2)
    ran = vmm.run("--kernel", kernel, "--log", folder / "x", "--data", folder / "x")
    refused(cases, "one file for both", ran, "given for --log and --data", status=2)
    cases.check(folder.read("off") == before, "the kernel is as it was")
    ran = vmm.run("--kernel", kernel, "--plugin", folder / "no.so", "--plugin-when", "failure", "--late-on", "x")
    refused(cases, "a plugin for later that is not there", ran, "no.so: No such file")
    ran = vmm.run("--kernel", folder / "nowhere", "--plugin", folder / "no.so")
    refused(cases, "a plugin that is not there, before the kernel", ran, "no.so: No such file")


def main():
    cases = harness.Cases()
    folder = vmm.Folder()
    check_usage(cases)
    check_help(cases)
    check_device(cases, folder)
    check_overwriting(cases, folder)
    if os.access("/dev/kvm", os.R_OK | os.W_OK):
        check_kernels(cases, folder)
        check_bzimages(cases, folder)
        check_other_files(cases, folder)
    else:
        print("no /dev/kvm: what is refused once it is open is not tested")
    sys.exit(cases.end())


if __name__ == "__main__":
    main()
