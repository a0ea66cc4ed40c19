#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Compares the kernel stacks of a JSON report with those in the kernel's own dump.

Usage: tests/oracle/compare_stacks.py REPORT.json DUMP.txt

The kernel leaves out the scheduler's own functions and one frame more of a task
that waits: the rest has to be the outer part of the report's stack, frame by
frame.  The task that wrote the dump was caught at the entry of scx_dump_state():
from there on all frames have to be equal.  And where the watchdog's kernel thread made
the exit, it is still in the same work: the backtrace of the exit has to have the
report's outer frames up to the function in which the two part.  (Other exits come
from interrupts, which have returned by then.)

Prints each difference, then "compared N frames, D differences".
"""

import argparse
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dumpfile import DumpError, parse_dump  # noqa: E402

CLEAN = ("end of stack", "entered from user mode", "the task gave its stack back")
INNER = range(2, 7)  # frames that the kernel leaves out of a waiting task's stack
DUMPER = "scx_dump_state"


def frames_of(stack):
    """['symbol+0x1c', ...] as the kernel writes them."""
    names = []
    for frame in stack or []:
        name = frame.get("symbol", frame.get("addr")).removesuffix(" [bpf]")
        names.append(name if "+0x" in name or name.startswith("0x") else name + "+0x0")
    return names


def function(frame):
    return frame.rpartition("+")[0]


def sleeping_stacks(report):
    """How many tasks that don't run have a whole stack, and what is wrong with each other one."""
    good, broken = 0, []
    for task in report.get("late", report).get("task_enrichments", []):
        if "curr_cpu" in task:
            continue
        end, frames = task.get("kernel_stack_end"), frames_of(task.get("kernel_stack"))
        outer = function(frames[-1]) if frames else ""
        if end not in CLEAN or (end == CLEAN[0] and outer != "ret_from_fork_asm" and task.get("pid")) or \
                (end == CLEAN[1] and not outer.startswith(("entry_", "asm_", "ret_from_fork"))):
            broken.append(f"{task.get('comm')}[{task.get('pid')}]: {end!r}, outermost {outer!r}")
        else:
            good += 1
    return good, broken


class Stacks:
    def __init__(self, report):
        self.report = report
        self.compared = 0
        self.differences = []
        self.tasks = {(t.get("pid"), t.get("comm")): t for t in report.get("task_enrichments", []) if t.get("pid")}

    def equal(self, what, mine, dumped):
        self.compared += len(dumped)
        if mine != dumped:
            self.differences.append(f"{what}: report {mine}, dump {dumped}")

    def waiting(self, what, mine, dumped):
        inner = len(mine) - len(dumped)
        self.equal(what, mine[max(inner, 0):], dumped)
        if inner not in INNER or function(mine[0]) != "__schedule":
            self.differences.append(f"{what}: {inner} inner frames {mine[:max(inner, 0)]}")

    def dumper(self, what, mine, dumped):
        """Frames below scx_dump_state() on both sides."""
        if not mine or function(mine[0]) != DUMPER:
            self.differences.append(f"{what}: not at the entry of {DUMPER}: {mine[:1]}")
            return
        below = next(i for i, frame in enumerate(dumped) if function(frame) == DUMPER) + 1
        self.equal(what, mine[1:], dumped[below:])

    def exit(self, pid, dumped):
        """The kernel thread that exited is further on in one of its functions; what is outside is the same."""
        mine = next((frames_of(v.get("backtrace")) for v in self.report.get("vcpu_regs", [])
                     if v and v.get("curr_pid") == pid and v.get("backtrace")), None)
        if not mine or not dumped or function(dumped[-1]) != "ret_from_fork_asm":
            return
        same = 0
        while same < min(len(mine), len(dumped)) and mine[-1 - same] == dumped[-1 - same]:
            same += 1
        self.compared += same
        if not same or (same < min(len(mine), len(dumped)) and
                        function(mine[-1 - same]) != function(dumped[-1 - same])):
            self.differences.append(f"exit backtrace: report {mine}, dump {dumped}")

    def run(self, dumps):
        for dump in dumps:
            tasks = dump.tasks()
            if dump.truncated:
                tasks = tasks[:-1]
            for task in tasks:
                what = f"CPU {task.cpu} {task.comm}[{task.pid}]"
                mine = self.tasks.get((task.pid, task.comm), {})
                frames = frames_of(mine.get("kernel_stack"))
                if not task.is_curr:
                    self.waiting(what, frames or ["?"], task.frames)
                elif any(function(frame) == DUMPER for frame in task.frames):
                    self.dumper(what, frames, task.frames)
            self.exit(dump.exit_pid, dump.backtrace)


def compare_stacks(report, text):
    """A finished comparison of a report's stacks with a dump's text."""
    report = report.get("late", report)
    stacks = Stacks(report)
    stacks.run(parse_dump(text))
    return stacks


def main():
    parser = argparse.ArgumentParser(description="compares a report's kernel stacks with the kernel's own dump")
    parser.add_argument("report", help="scxray report --format json")
    parser.add_argument("dump", help="the kernel's dump, as text")
    args = parser.parse_args()
    try:
        with open(args.report, encoding="utf-8") as f:
            report = json.load(f)
        with open(args.dump, encoding="utf-8", errors="surrogateescape") as f:
            done = compare_stacks(report, f.read())
    except (OSError, ValueError, DumpError) as error:
        print(f"compare_stacks.py: {error}", file=sys.stderr)
        return 2
    good, broken = sleeping_stacks(report)
    for line in broken + done.differences:
        print(line)
    print(f"compared {done.compared} frames, {len(done.differences)} differences; "
          f"{good} of {good + len(broken)} stacks of sleeping tasks are whole")
    return 0 if done.compared and not done.differences and not broken else 1


if __name__ == "__main__":
    sys.exit(main())
