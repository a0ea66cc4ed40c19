#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs scxray-vmm and the plugin in the lab, and looks at what they left.

Usage: tests/lab/check.py --build build/gcc [--counts FILE] [--keep] [PATTERN...]

One boot of the lab runs the scenarios of scenarios.py one after the other, each in a
folder of its own below build/lab/run: `command` is what ran, `out` what it said,
`status` how it ended.  As each ends its checks run here.  The last line is
"N passed, N failed", which counts checks.
"""

import argparse
import os
import re
import shutil
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import left as left_files  # noqa: E402
import machine  # noqa: E402
import scenarios  # noqa: E402
from machine import harness  # noqa: E402

RUN = """\
#!/bin/sh
# written by tests/lab/check.py
one() { # name limit
	cd "{share}/$1" || exit 1
	mkdir -p "/run/tmp/$1"
	OUT=/run/tmp/$1 timeout -k 5 "$2" sh ./command >out 2>&1
	echo $? >status.new
	cp -r "/run/tmp/$1/." files/
	rm -rf "/run/tmp/$1"
	mv status.new status
}
"""
# Copied before the run: what is being built meanwhile must not change under the lab's feet.
PROGRAMS = ("scxray-vmm", "scxray-plugin.so", "tests/tools/kvm_probe", "tests/tools/hold_thread")
BOOT_S = 60
BOOTS = 8  # emulation breaks a machine now and then: the lab, or a guest in it
TRIES = 4  # of one scenario
CRASHED = re.compile(r"Oops: |Kernel panic - not syncing|BUG: (?!soft)|reset itself|double fault")


class Follower:
    """Checks each scenario when the lab is done with it."""

    def __init__(self, folder, chosen):
        self.folder = folder
        self.todo = list(chosen)
        self.again = []
        self.tries = dict.fromkeys((s.name for s in chosen), 0)
        self.start = time.monotonic()
        self.passed = self.failed = 0

    def __call__(self):
        """True if one has ended since."""
        before = len(self.todo)
        while self.todo and os.path.exists(os.path.join(self.folder, self.todo[0].name, "status")):
            scenario = self.todo.pop(0)
            seconds = time.monotonic() - self.start
            self.start += seconds
            self.look(scenario, seconds)
        return len(self.todo) < before

    def look(self, scenario, seconds):
        left = left_files.Left(os.path.join(self.folder, scenario.name), scenario.name)
        crash = left.said(CRASHED)
        self.tries[scenario.name] += 1
        if crash and self.once_more(scenario, f"the emulated guest crashed: {crash}"):
            return
        cases = left.cases
        try:
            scenario.check(left)
        except left_files.TooSlow as slow:
            if self.once_more(scenario, slow):
                return
            cases.check(False, str(slow))
        except left_files.Missing as missing:
            cases.check(False, str(missing))
        except Exception as error:  # pylint: disable=broad-except
            cases.check(False, f"what it left can't be read: {type(error).__name__}: {error}")
        if cases.failed:
            print("    " + "\n    ".join(left.tail()))
        self.passed += cases.passed
        self.failed += cases.failed
        word = "FAILED" if cases.failed else "ok"
        print(f"{word:<7} {scenario.name:<20} {cases.passed:>4} of {cases.passed + cases.failed:<4} {seconds:6.1f} s  "
              f"{scenario.what}", flush=True)

    def once_more(self, scenario, why):
        if self.tries[scenario.name] == TRIES:
            return False
        print(f"again   {scenario.name:<20} {why}", flush=True)
        self.again.append(scenario)
        kept = os.path.join(self.folder, scenario.name)
        os.rename(kept, f"{kept}.try{self.tries[scenario.name]}")
        return True

    def next_round(self):
        """What is still to do, in the next lab."""
        self.todo += self.again
        self.again = []
        return self.todo


def copy_programs(build, folder):
    os.makedirs(folder)
    for program in PROGRAMS:
        shutil.copy2(os.path.join(build, program), folder)


def prepare(folder, chosen):
    """Fresh folders for what the next lab is to run, and its script."""
    lines = [RUN.replace("{share}", machine.SHARE)]
    for scenario in chosen:
        path = os.path.join(folder, scenario.name)
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(os.path.join(path, "files"))
        with open(os.path.join(path, "command"), "w", encoding="utf-8") as f:
            f.write(scenario.command(machine.SHARE + "/bin"))
        lines.append(f"(one {scenario.name} {scenario.limit_s})")
    with open(os.path.join(folder, "run"), "w", encoding="utf-8") as f:
        f.write("\n".join(lines + ["exit 0", ""]))


def boot(folder, follower):
    """One lab that runs what is still to do."""
    follower.start = time.monotonic()
    lab = machine.Machine(folder)
    try:
        lab.wait(BOOT_S + max(s.limit_s for s in follower.todo), follower)
    finally:
        lab.end()
        follower()


def boot_all(folder, follower, build):
    """What a lab did not come to, or what crashed in it, the next one does."""
    shutil.rmtree(folder, ignore_errors=True)
    copy_programs(build, os.path.join(folder, "bin"))
    for _ in range(BOOTS):
        todo = follower.next_round()
        if not todo:
            return
        prepare(folder, todo)
        try:
            boot(folder, follower)
        except machine.LabError as error:
            print(f"{error}\nanother lab for the other {len(follower.todo)}", flush=True)


def main():
    parser = argparse.ArgumentParser(description="scxray-vmm and the plugin on a true KVM, under emulation")
    parser.add_argument("--build", required=True, help="build folder, e.g. build/gcc")
    parser.add_argument("--counts", help="also write 'passed failed' to this file")
    parser.add_argument("--list", action="store_true", help="only name the scenarios")
    parser.add_argument("pattern", nargs="*", help="only scenarios whose name holds one of these")
    args = parser.parse_args()

    chosen = [s for s in scenarios.ALL if not args.pattern or any(p in s.name for p in args.pattern)]
    if args.list:
        print("\n".join(f"{s.name:<20} {s.what}" for s in chosen))
        return 0
    folder = os.path.join(machine.LAB, "run")
    begin = time.monotonic()
    follower = Follower(folder, chosen)
    boot_all(folder, follower, os.path.abspath(args.build))
    for scenario in follower.next_round():
        print(f"FAILED  {scenario.name}: no lab ended it in {BOOTS} boots")
        follower.failed += 1
    if follower.passed + follower.failed == 0:
        print("no test has run")
        follower.failed = 1
    if args.counts:
        with open(args.counts, "w", encoding="ascii") as f:
            f.write(f"{follower.passed} {follower.failed}\n")
    print(f"all in {time.monotonic() - begin:.0f} s; what each left is below {os.path.relpath(folder)}/")
    print(f"{follower.passed} passed, {follower.failed} failed")
    return 1 if follower.failed else 0


if __name__ == "__main__":
    sys.exit(main())
