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
BOOT_S = 60
BOOTS = 3


class Follower:
    """Checks each scenario when the lab is done with it."""

    def __init__(self, folder, todo):
        self.folder = folder
        self.todo = list(todo)
        self.start = time.monotonic()
        self.passed = self.failed = 0

    def __call__(self):
        while self.todo and os.path.exists(os.path.join(self.folder, self.todo[0].name, "status")):
            scenario = self.todo.pop(0)
            seconds = time.monotonic() - self.start
            self.start += seconds
            self.look(scenario, seconds)

    def look(self, scenario, seconds):
        cases = harness.Cases()
        left = left_files.Left(os.path.join(self.folder, scenario.name), scenario.name, cases)
        try:
            scenario.check(left)
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


def prepare(folder, chosen, build):
    """A fresh folder with what the scenarios are to run."""
    shutil.rmtree(folder, ignore_errors=True)
    for scenario in chosen:
        path = os.path.join(folder, scenario.name)
        os.makedirs(os.path.join(path, "files"))
        with open(os.path.join(path, "command"), "w", encoding="utf-8") as f:
            f.write(scenario.command(build))


def boot(folder, follower):
    """One lab that runs what is still to do."""
    lines = [RUN.replace("{share}", machine.SHARE)]
    lines += [f"(one {scenario.name} {scenario.limit_s})" for scenario in follower.todo]
    with open(os.path.join(folder, "run"), "w", encoding="utf-8") as f:
        f.write("\n".join(lines + ["exit 0", ""]))
    follower.start = time.monotonic()
    lab = machine.Machine(folder)
    try:
        lab.wait(BOOT_S + sum(s.limit_s for s in follower.todo), follower)
    finally:
        lab.end()
        follower()


def boot_all(folder, follower):
    """Emulation breaks a machine now and then: what a lab did not come to, the next one does."""
    for left_boots in reversed(range(BOOTS)):
        try:
            boot(folder, follower)
            return
        except machine.LabError as error:
            print(error)
            if not follower.todo or not left_boots:
                return
            print(f"another lab for the other {len(follower.todo)}, from {follower.todo[0].name} on", flush=True)


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
    prepare(folder, chosen, os.path.abspath(args.build))
    begin = time.monotonic()
    follower = Follower(folder, chosen)
    boot_all(folder, follower)
    for scenario in follower.todo:
        print(f"FAILED  {scenario.name}: the lab ended before it did")
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
