#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Compares the report of every image below build/images with what its kernel said.

Usage: tests/oracle/images.py [--scxray PROGRAM] [--images FOLDER] [PATTERN...]

A folder with a meta.json is one guest (kernel-fixtures makes them: make images):
half.vmcore and half-dump.txt, error.vmcore and dump.txt (which is missing where the kernel
dumps nothing: then the exit record has to be that of ops.exit()); or, of a guest without
a scheduler, guest.vmcore alone.  Each image's report is compared with the dump of
the same instant, figure by figure (compare.py), validated against the schema,
and replayed from a saved core; each pair's dual report is validated.  Where the guest
listed its maps (maps.txt, of MODE=maps), they are compared too (compare_maps.py); of schedulers that
others wrote all maps are (listing.txt, of SCHED=, compare_listing.py).
The kernel stack of every sleeping task has to lead to where stacks really end, and
those that the kernel printed have to be the same, frame by frame (compare_stacks.py).
Programs, the kernel's log and tasks' identities have a comparison of their own (compare_system.py), and what the guest
read of itself just before the half-way image another (compare_facts.py); of its schedulers a third (compare_scheds.py).
"""

import argparse
import json
import os
import re
import resource
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, HERE)
import harness  # noqa: E402
from compare import compare  # noqa: E402
from compare_exit import compare_exit  # noqa: E402
from compare_facts import compare_facts, has_facts  # noqa: E402
from compare_listing import ListingError, compare_listing  # noqa: E402
from compare_maps import compare_maps  # noqa: E402
from compare_scheds import compare_scheds  # noqa: E402
from compare_stacks import compare_stacks, sleeping_stacks  # noqa: E402
from compare_system import compare_system  # noqa: E402
from dumpfile import DumpError, parse_dump  # noqa: E402
from mapsfile import MapsError  # noqa: E402
from schema import Validator  # noqa: E402

# What a report may cost, with the file in the page cache: best of some runs.  The time is promised
# for images of up to 256 MiB: a bigger one may hold maps with a million entries.
LIMIT_MS = 150
LIMIT_MS_MIB = 256
LIMIT_KIB = 80 * 1024
RUNS = 5
PEAK = re.compile(r"timing: all +peak memory +(\d+) KiB")

# meta.json's "where" of an image that has a dump; elsewhere the kernel wrote none
DUMPING = "entry of scx_dump_state"
MOMENTS = (("half", "half-dump.txt"), ("error", "dump.txt"))


def guests(folder, patterns):
    """Folders of complete guests, sorted."""
    found = []
    for path, _, names in os.walk(folder):
        if "meta.json" in names and (not patterns or any(p in path for p in patterns)):
            found.append(path)
    return sorted(found)


class Check:
    def __init__(self, scxray, folder, scratch):
        self.scxray = os.path.abspath(scxray)
        self.folder = folder
        self.scratch = scratch
        self.cases = harness.Cases()
        self.validator = Validator(harness.SCHEMA)
        self.figures = 0
        self.frames = 0
        self.whole = 0
        self.broken = 0
        self.slowest = 0
        self.biggest = 0

    def report(self, what, *args):
        """A valid JSON report, or None; and its bytes."""
        ran = harness.scxray("report", *args, "--format", "json", binary=self.scxray)
        if not self.cases.check(ran.status == 0 and not ran.err, f"{what}: a report", ran):
            return None, b""
        problems = self.validator.errors(ran.out)
        self.cases.check(not problems, f"{what}: valid against the schema", "\n".join(problems))
        return json.loads(ran.out), ran.out

    def compare(self, what, report, path, later):
        with open(path, encoding="utf-8", errors="surrogateescape") as f:
            text = f.read()
        try:
            done = compare(report, text, later)
        except DumpError as error:
            self.cases.check(False, f"{what}: the kernel's dump is understood", error)
            return 0
        self.cases.check(done.compared and not done.differences,
                         f"{what}: {done.compared} figures equal the kernel's own", "\n".join(done.differences))
        return done.compared

    def compare_maps(self, what, report, path, compare_with, not_understood):
        """Figures compared with what bpf() said of the maps; 0 where the guest did not list them."""
        if not os.path.exists(path):
            return 0
        with open(path, encoding="utf-8") as f:
            text = f.read()
        try:
            done = compare_with(report, text)
        except not_understood as error:
            self.cases.check(False, f"{what}: the guest's {os.path.basename(path)} is understood", error)
            return 0
        self.cases.check(done.compared and not done.differences,
                         f"{what}: {done.compared} figures of {done.nr_maps} maps equal those of bpf()",
                         "\n".join(done.differences))
        return done.compared

    def compare_system(self, what, report, path):
        """Figures compared of what is neither queue nor map: programs, log, tasks' identities."""
        with open(os.path.join(path, "serial.log"), encoding="utf-8", errors="surrogateescape", newline="") as f:
            console = f.read()
        with open(os.path.join(path, "oracle.txt"), encoding="utf-8", errors="surrogateescape") as f:
            done = compare_system(report, console, f.read())
        self.cases.check(done.compared and not done.differences,
                         f"{what}: {done.compared} figures of the system equal other witnesses'",
                         "\n".join(done.differences))
        return done.compared

    def compare_facts(self, what, report, path):
        """Figures compared with what the guest read of itself just before the half-way image."""
        with open(os.path.join(path, "oracle.txt"), encoding="utf-8", errors="surrogateescape") as f:
            oracle = f.read()
        if not has_facts(oracle):  # made by an earlier recipe
            return 0
        done = compare_facts(report, oracle)
        self.cases.check(done.compared and not done.differences,
                         f"{what}: {done.compared} figures equal what the guest read in proc, {done.stacks} stacks "
                         "among them", "\n".join(done.differences))
        return done.compared

    def compare_scheds(self, what, report, path):
        """Figures compared with what the guest said of its schedulers just before the half-way image."""
        with open(os.path.join(path, "oracle.txt"), encoding="utf-8", errors="surrogateescape") as f:
            done = compare_scheds(report, f.read())
        if done is None:
            return 0
        self.cases.check(done.compared and not done.differences,
                         f"{what}: {done.compared} figures of {len(done.scheds)} schedulers equal sysfs and bpf()",
                         "\n".join(done.differences))
        return done.compared

    def compare_exit(self, what, report, path):
        """Figures compared with what ops.exit() was given; of an image without a dump it is this that says what it has to show."""
        with open(os.path.join(path, "oracle.txt"), encoding="utf-8", errors="surrogateescape") as f:
            done = compare_exit(report, f.read())
        if done is None:
            return 0
        self.cases.check(not done.differences, f"{what}: the exit record equals what ops.exit() was given",
                         "\n".join(done.differences))
        return done.compared

    def stacks(self, what, report, path=None):
        """Frames compared; and every sleeping task's stack ends where stacks end."""
        good, broken = sleeping_stacks(report)
        self.whole += good
        self.broken += len(broken)
        self.cases.check(not broken, f"{what}: {good} of {good + len(broken)} sleeping tasks' stacks are whole",
                         "\n".join(broken))
        if path is None:
            return
        with open(path, encoding="utf-8", errors="surrogateescape") as f:
            text = f.read()
        try:
            done = compare_stacks(report, text)
        except DumpError as error:
            self.cases.check(False, f"{what}: the kernel's dump is understood", error)
            return
        self.frames += done.compared
        stackless = not any(dump.tasks() for dump in parse_dump(text))
        self.cases.check((done.compared or stackless) and not done.differences,
                         f"{what}: {done.compared} frames equal the kernel's own", "\n".join(done.differences))

    def replay(self, what, image, content):
        core = os.path.join(self.scratch, "core")
        ran = harness.scxray("report", image, "--save-core", core, "-o", "/dev/null", binary=self.scxray)
        self.cases.check(ran.status == 0, f"{what}: a core is saved", ran)
        ran = harness.scxray("report", core, "--format", "json", binary=self.scxray)
        self.cases.check(ran.out == content, f"{what}: the core replays to the same report", ran)

    def cost(self, what, image, in_time):
        """Time and memory of a report, within the promised bounds.

        Processor time: on an idle machine it is the time that passes, on a busy one the only
        time that is the report's own.
        """
        best, peak = 1e9, 0
        for _ in range(RUNS):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            ran = harness.scxray("report", "--timing", image, "-o", "/dev/null", binary=self.scxray)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            found = PEAK.search(ran.err)
            if not self.cases.check(ran.status == 0 and found, f"{what}: --timing says how much memory", ran):
                return
            spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            best, peak = min(spent * 1000, best), max(int(found[1]), peak)
            if best < LIMIT_MS or not in_time:
                break
        if in_time:
            self.cases.check(best < LIMIT_MS, f"{what}: a report takes less than {LIMIT_MS} ms", f"{best} ms")
            self.slowest = max(self.slowest, best)
        self.cases.check(peak < LIMIT_KIB, f"{what}: a report needs less than {LIMIT_KIB} KiB", f"{peak} KiB")
        self.biggest = max(self.biggest, peak)

    def guest(self, path):
        name = os.path.relpath(path, self.folder)
        with open(os.path.join(path, "meta.json"), encoding="utf-8") as f:
            meta = json.load(f)
        before = self.cases.failed
        notes = []
        for moment, dump in MOMENTS:
            image = os.path.join(path, f"{moment}.vmcore")
            if not os.path.exists(image):
                continue
            what = f"{name} {moment}"
            report, content = self.report(what, image)
            if report is None:
                continue
            # alone: the other vCPUs stood still while the kernel wrote its dump
            alone = meta.get(moment, {}).get("dump_alone", True)
            dumped = meta.get(moment, {}).get("where", DUMPING) == DUMPING
            figures = self.compare(what, report, os.path.join(path, dump), not alone) if dumped else 0
            self.stacks(what, report, os.path.join(path, dump) if alone and dumped else None)
            if moment == "error":
                figures += self.compare_exit(what, report, path)
            of_maps = self.compare_maps(what, report, os.path.join(path, "maps.txt"), compare_maps, MapsError)
            self.cases.check(of_maps or meta.get("mode") != "maps", f"{what}: maps were compared")
            of_system = self.compare_system(what, report, path)
            if moment == "half":
                of_maps += self.compare_maps(what, report, os.path.join(path, "listing.txt"), compare_listing, ListingError)
                self.cases.check(of_maps or meta.get("mode") != "other", f"{what}: its maps were compared")
                of_system += self.compare_facts(what, report, path)
                of_system += self.compare_scheds(what, report, path)
            self.figures += figures + of_maps + of_system
            notes.append(f"{moment} {figures}" + (f" and {of_maps} of maps" if of_maps else "") +
                         f" and {of_system} of the system" +
                         ("" if alone else " (dumped later)"))
            self.replay(what, image, content)
            self.cost(what, image, meta.get("mem_mib", 0) <= LIMIT_MS_MIB)
        image = os.path.join(path, "guest.vmcore")
        if os.path.exists(image):
            report, content = self.report(f"{name} guest", image)
            if report is not None:
                why = report.get("scx_walker_unavailable")
                self.cases.check(bool(why), f"{name}: the report says that there is no scheduler")
                self.stacks(f"{name} guest", report)
                self.replay(f"{name} guest", image, content)
                notes.append(f"no scheduler: {why}")
        pair = [os.path.join(path, f"{moment}.vmcore") for moment, _ in MOMENTS]
        if all(os.path.exists(p) for p in pair):
            self.report(f"{name} dual", "--early", *pair)
        self.cases.check(notes, f"{name}: an image")
        word = "ok" if self.cases.failed == before else "FAILED"
        print(f"{word:<7} {name:<40} {', '.join(notes)}", flush=True)


def main():
    parser = argparse.ArgumentParser(description="compares images' reports with their kernels' dumps")
    parser.add_argument("--scxray", default=harness.SCXRAY, help="the program")
    parser.add_argument("--images", default=os.path.join(harness.ROOT, "build", "images"), help="where they are")
    parser.add_argument("pattern", nargs="*", help="only folders whose name holds one of these")
    args = parser.parse_args()
    found = guests(args.images, args.pattern)
    if not found:
        sys.exit(f"images.py: no image below {args.images}: make images first")
    with harness.scratch() as scratch:
        check = Check(args.scxray, args.images, scratch)
        for path in found:
            check.guest(path)
    print(f"{check.whole} of {check.whole + check.broken} stacks of sleeping tasks are whole, "
          f"{check.frames} frames compared")
    print(f"{len(found)} guests, {check.figures} figures compared; "
          f"slowest report {check.slowest:.0f} ms, biggest {check.biggest} KiB beyond the mapped image")
    return check.cases.end()


if __name__ == "__main__":
    sys.exit(main())
