#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs scxray-vmm and the plugin in labs, and looks at what they left.

Usage: tests/lab/check.py --build build/gcc [--counts FILE] [--labs N] [PATTERN...]

Labs of one CPU run the scenarios of scenarios.py side by side, as many as --labs says. A lab takes one scenario after the
other; then one lab of two CPUs runs those that ask for it. What a scenario left is in a folder of its own below
build/lab/run: `command` is what ran, `out` what it said, `status` how it ended. Its checks run as it ends. The last
line is "N passed, N failed", which counts checks.
"""

import argparse
import collections
import os
import re
import shutil
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import left as left_files  # noqa: E402
import machine  # noqa: E402
import scenarios  # noqa: E402
from machine import harness  # noqa: E402

# The lab's side: jobs come as files, each a call of one() or the end.
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
n=0
while :; do
	while [ ! -e "{share}/job.$n" ]; do sleep 0.2; done
	. "{share}/job.$n"
	n=$((n + 1))
done
"""
# Copied before the run: what is being built meanwhile must not change under the lab's feet.
PROGRAMS = ("scxray-vmm", "scxray-plugin.so", "scxray", "tests/tools/kvm_probe", "tests/tools/hold_thread", "tests/lab/other_vmm")
BOOT_S = 60
TRIES = 4  # of one scenario: emulation breaks a machine now and then, the lab or a guest in it
LABS = 2  # one a core
CRASHED = re.compile(r"Oops: |Kernel panic - not syncing|BUG: (?!soft)|reset itself|double fault")


def write(path, text):
    """Complete at once: the other side may be waiting for it."""
    with open(f"{path}.new", "w", encoding="utf-8") as f:
        f.write(text)
    os.rename(f"{path}.new", path)


class Course:
    """What is still to do, and what has come out. Lanes share it, each in a thread of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.todo = collections.deque()
        self.tries = collections.Counter()
        self.lock = threading.Lock()
        self.passed = self.failed = self.labs = self.broken = self.crashed = 0

    def take(self):
        with self.lock:
            return self.todo.popleft() if self.todo else None

    def booted(self):
        with self.lock:
            self.labs += 1

    def broke(self, scenario, why):
        """The lab did, so nothing is known of the scenario."""
        with self.lock:
            self.broken += 1
            self.tries[scenario.name] += 1
            if not self.once_more(scenario, f"the lab broke down: {why}"):
                print(f"FAILED  {scenario.name}: no lab ended it in {TRIES} tries", flush=True)
                self.failed += 1

    def ended(self, scenario, path, seconds):
        with self.lock:
            self.tries[scenario.name] += 1
            kept = os.path.join(self.folder, scenario.name)
            os.rename(path, kept)
            if not self.look(scenario, left_files.Left(kept, scenario.name), seconds):
                os.rename(kept, f"{kept}.try{self.tries[scenario.name]}")

    def look(self, scenario, left, seconds):
        """False if it is to be done once more."""
        cases = left.cases
        crash = left.said(CRASHED)
        self.crashed += bool(crash)
        if crash and self.once_more(scenario, f"the emulated guest crashed: {crash}"):
            return False
        try:
            scenario.check(left)
        except left_files.TooSlow as slow:
            if self.once_more(scenario, slow):
                return False
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
        return True

    def once_more(self, scenario, why):
        if self.tries[scenario.name] == TRIES:
            return False
        print(f"again   {scenario.name:<20} {why}", flush=True)
        self.todo.append(scenario)
        return True


class Lane:
    """One lab at a time, which runs what the course has. Its folder is the one that the lab sees."""

    def __init__(self, course, folder, build, cpus):
        self.course = course
        self.folder = folder
        self.cpus = cpus
        self.lab = None
        self.jobs = 0
        os.makedirs(os.path.join(folder, "bin"))
        for program in PROGRAMS:
            shutil.copy2(os.path.join(build, program), os.path.join(folder, "bin"))
        write(os.path.join(folder, "run"), RUN.replace("{share}", machine.SHARE))

    def run(self):
        while scenario := self.course.take():
            begin = time.monotonic()
            path = self.prepare(scenario)
            try:
                self.lab_run(scenario, path)
            except machine.LabError as error:
                self.lab = None
                self.course.broke(scenario, error)
                continue
            self.course.ended(scenario, path, time.monotonic() - begin)
        if self.lab:
            self.job("exit 0")
            self.lab.end(BOOT_S)

    def prepare(self, scenario):
        path = os.path.join(self.folder, scenario.name)
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(os.path.join(path, "files"))
        write(os.path.join(path, "command"), scenario.command(machine.SHARE + "/bin"))
        return path

    def lab_run(self, scenario, path):
        limit_s = scenario.limit_s
        if not self.lab:
            for number in range(self.jobs):
                os.unlink(os.path.join(self.folder, f"job.{number}"))
            self.jobs = 0
            self.lab = machine.Machine(self.folder, self.cpus)
            self.course.booted()
            limit_s += BOOT_S
        self.job(f"(one {scenario.name} {scenario.limit_s})")
        self.lab.wait(limit_s + 10, lambda: os.path.exists(os.path.join(path, "status")))

    def job(self, text):
        write(os.path.join(self.folder, f"job.{self.jobs}"), text + "\n")
        self.jobs += 1


def run_all(course, chosen, build, labs):
    for cpus, lanes in ((1, labs), (2, 1)):
        course.todo.extend(s for s in chosen if s.cpus == cpus)
        lanes = [Lane(course, os.path.join(course.folder, f"lab{cpus}.{i}"), build, cpus)
                 for i in range(min(lanes, len(course.todo)))]
        threads = [threading.Thread(target=lane.run) for lane in lanes]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            for lane in lanes:
                if lane.lab:
                    lane.lab.end()


def main():
    parser = argparse.ArgumentParser(description="scxray-vmm and the plugin on a true KVM, under emulation")
    parser.add_argument("--build", required=True, help="build folder, e.g. build/gcc")
    parser.add_argument("--counts", help="also write 'passed failed' to this file")
    parser.add_argument("--labs", type=int, default=LABS, help="how many side by side")
    parser.add_argument("--list", action="store_true", help="only name the scenarios")
    parser.add_argument("pattern", nargs="*", help="only scenarios whose name holds one of these")
    args = parser.parse_args()

    chosen = [s for s in scenarios.ALL if not args.pattern or any(p in s.name for p in args.pattern)]
    if args.list:
        print("\n".join(f"{s.name:<20} {s.what}" for s in chosen))
        return 0
    begin = time.monotonic()
    course = Course(os.path.join(machine.LAB, "run"))
    shutil.rmtree(course.folder, ignore_errors=True)
    run_all(course, chosen, os.path.abspath(args.build), args.labs)
    if course.passed + course.failed == 0:
        print("no test has run")
        course.failed = 1
    if args.counts:
        with open(args.counts, "w", encoding="ascii") as f:
            f.write(f"{course.passed} {course.failed}\n")
    print(f"all in {time.monotonic() - begin:.0f} s: {len(chosen)} scenarios, run {sum(course.tries.values())} times in "
          f"{course.labs} labs; {course.broken} labs broke down, {course.crashed} guests crashed")
    print(f"what each left is below {os.path.relpath(course.folder)}/")
    print(f"{course.passed} passed, {course.failed} failed")
    return 1 if course.failed else 0


if __name__ == "__main__":
    sys.exit(main())
