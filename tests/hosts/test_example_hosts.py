#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The VMMs in examples/: compiled without a warning, run with the plugin, and what they then say and leave."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import harness  # noqa: E402
from schema import Validator  # noqa: E402

PLUGIN = os.path.join(harness.BUILD, "scxray-plugin.so")
EXAMPLES = os.path.join(harness.ROOT, "examples")
INCLUDE = ["-I", os.path.join(harness.ROOT, "include")]
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
BUILDS = (
    ("gcc", "c/host.c", ["-std=gnu11", *STRICT, *INCLUDE], []),
    ("clang", "c/host.c", ["-std=gnu11", *STRICT, *INCLUDE], []),
    ("g++", "c++/host.cpp", ["-std=c++17", *STRICT, *INCLUDE], ["-lpthread"]),
    ("clang++", "c++/host.cpp", ["-std=c++17", *STRICT, *INCLUDE], ["-lpthread"]),
    ("rustc", "rust/host.rs", ["--edition", "2021", "-D", "warnings"], []),
)
NO_KERNEL = "-2"


def run(*command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
                          errors="backslashreplace", check=False)


def said(ran):
    return f"status {ran.returncode}\n{ran.stdout}{ran.stderr}"


def check_run(cases, what, program, source, folder):
    ran = run(program, PLUGIN, folder)
    cases.check(ran.returncode == 0, f"{what}: runs", said(ran))
    paths = re.findall(r"^report: (.*)$", ran.stdout, re.M)
    cases.check([os.path.basename(path) for path in paths] == ["example.scxray.txt", "example.scxray.json"] and
                all(os.path.getsize(path) for path in paths), f"{what}: its report", said(ran))
    if source.endswith(".cpp"):
        cases.check(f"late: {NO_KERNEL}\n" in ran.stdout and "captured: the end\n" in ran.stdout, f"{what}: is told", said(ran))
        cases.check("in order: yes\n" in ran.stdout, f"{what}: each exit is handled once", said(ran))
    else:
        cases.check(ran.stdout.startswith("hello\n") and f"complete: status {NO_KERNEL}, 2 files\n" in ran.stdout and
                    "captured: the guest has halted\n" in ran.stdout, f"{what}: its guest ran, and it is told", said(ran))
    for path in paths:
        if path.endswith(".json"):
            with open(path, "rb") as f:
                text = f.read()
            cases.check(not VALIDATOR.errors(text), f"{what}: the JSON is valid")
            registers = json.loads(text)["vcpu_regs"] if "vcpu_regs" in json.loads(text) else json.loads(text)["late"]["vcpu_regs"]
            cases.check(len(registers) == 1 and 0x1000 <= int(registers[0]["instruction_pointer"], 16) < 0x1010,
                        f"{what}: its vCPU's registers", registers)
            cases.check(registers[0].get("never_started") is True, f"{what}: a vCPU without paging runs no kernel", registers)


VALIDATOR = Validator(harness.SCHEMA)


def main():
    if harness.SANITIZED:
        print("the examples are built without the sanitizer that this plugin needs")
        sys.exit(77)
    cases = harness.Cases()
    kvm = os.access("/dev/kvm", os.R_OK | os.W_OK)
    for compiler, source, flags, libraries in BUILDS:
        if not shutil.which(compiler):
            print(f"no {compiler}: examples/{source} is not compiled with it")
            continue
        what = f"examples/{source} by {compiler}"
        with tempfile.TemporaryDirectory() as folder:
            program = os.path.join(folder, "host")
            ran = run(compiler, *flags, os.path.join(EXAMPLES, source), "-o", program, *libraries)
            if cases.check(ran.returncode == 0, f"{what}: compiles without a warning", said(ran)) and kvm:
                out = os.path.join(folder, "out")
                os.mkdir(out)
                check_run(cases, what, program, source, out)
    if not kvm:
        print("no /dev/kvm: the examples could not run")
    sys.exit(cases.end())


main()
