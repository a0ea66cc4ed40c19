#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""scxray-vmm --restore: what the plugin reports of a restored guest is the report of its image, registers included."""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import harness  # noqa: E402
from same_report import compare, differences  # noqa: E402
from schema import Validator  # noqa: E402

VMM = os.path.join(harness.BUILD, "scxray-vmm")
PLUGIN = os.path.join(harness.BUILD, "scxray-plugin.so")
VALIDATOR = Validator(harness.SCHEMA)
TIMEOUT_STATUS, FAILED_STATUS = 4, 6

# Registers that are missing in these images, and that a VM has.
ONLY_LIVE = ("efer", "lstar")


def run(*command, timeout=120):
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout,
                          errors="backslashreplace", check=False)


def said(ran):
    return f"status {ran.returncode}\n{ran.stdout}{ran.stderr}"


def report_of(cases, image, folder):
    path = os.path.join(folder, "image.json")
    ran = harness.scxray("report", image, "-o", path)
    if not cases.check(ran.status == 0, f"report of {image}", ran):
        return None
    with open(path, encoding="utf-8") as f:
        return json.load(f)["late"]


def check_moment(cases, what, image, live):
    found = compare(image, live, skip=("vcpu_regs", "held_files_cut"))  # the core's missing pages are zeros in RAM
    cases.check(not found, f"{what} is the image's report", "\n".join(found))
    for vcpu, (was, now) in enumerate(zip(image["vcpu_regs"], live["vcpu_regs"])):
        found = differences(was, now, "", ONLY_LIVE)
        cases.check(not found, f"{what}: vCPU {vcpu} as in the image", "\n".join(found))
    cases.check(len(image["vcpu_regs"]) == len(live["vcpu_regs"]), f"{what}: vCPUs")


def check_core(cases, core, has_early):
    """A guest that has failed is seen as failed; one that is half-way as that, and its end is the timeout."""
    name = harness.core_name(core)
    with harness.scratch() as folder:
        image = os.path.join(folder, "image.core.zst")
        made = run(harness.tool("running_core"), core, image)
        wanted = report_of(cases, image, folder) if made.returncode == 0 else None
        if not cases.check(wanted is not None, f"{name}: its image", said(made)):
            return
        saved = os.path.join(folder, "saved.core.zst")
        ran = harness.scxray("report", image, "--save-core", saved, "-o", os.path.join(folder, "saved.json"))
        cases.check(ran.status == 0, f"{name}: a core of the report, as users have one", ran)
        ran = run(VMM, "--restore", saved, "--plugin", PLUGIN, "--plugin-set", f"output={folder}", "--plugin-set",
                  "name=it", "--timeout", "3")
        status = FAILED_STATUS if name.endswith("-error") else TIMEOUT_STATUS
        cases.check(ran.returncode == status and "timeout of 3 s" in ran.stderr,
                    f"{name}: it stands there until the timeout: status {status}", said(ran))
        cases.check("its vCPUs are halted" in ran.stderr and "no EFER" in ran.stderr, f"{name}: says what it lacks",
                    said(ran))
        path = os.path.join(folder, "it.scxray.json")
        if not cases.check(os.path.exists(path), f"{name}: a report", said(ran)):
            return
        with open(path, "rb") as f:
            text = f.read()
        wrong = VALIDATOR.errors(text)
        cases.check(not wrong, f"{name}: its JSON is valid", "\n".join(wrong))
        dual = json.loads(text)
        first = next((f for f in dual.get("diagnosis", []) if f["rank"] != "caveat"), None)
        cases.check(first and f"{first['rank']}: {first['text']}" in ran.stderr, f"{name}: the console has the finding",
                    said(ran))
        check_moment(cases, f"{name}: late", wanted, dual["late"])
        if has_early:
            if cases.check("early" in dual, f"{name}: half-way is seen", said(ran)):
                check_moment(cases, f"{name}: early", wanted, dual["early"])
        else:
            cases.check("exit_kind" in dual["trigger"], f"{name}: the exit is seen", dual["trigger"])


def check_refused(cases):
    ran = run(VMM, "--restore", os.path.join(harness.ROOT, "README.md"))
    cases.check(ran.returncode == 1 and ran.stderr.count("\n") == 1 and "README.md: neither an ELF vmcore" in ran.stderr,
                "what is no image is refused in one line", said(ran))


def main():
    cases = harness.Cases()
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        print("no /dev/kvm")
        sys.exit(77)
    check_refused(cases)
    for half, error in harness.core_pairs():
        check_core(cases, error, False)
        check_core(cases, half, True)
    sys.exit(cases.end())


main()
