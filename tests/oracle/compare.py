#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Compares a JSON report with the kernel's own sched_ext dump of the same instant.

Usage: tests/oracle/compare.py REPORT.json DUMP.txt [--later]

Every figure of the dump is looked up in the report: each CPU's nr_running,
flags, sequence numbers and current task, each task's state, age, flags, queue,
vtime, slice, weight and CPUs, each event counter.  And the other way round: the
report must have no runnable task and no busy CPU that the dump has not.

--later: the guest ran on between image and dump.  Then only what stood still is
compared: tasks that had waited for a second, and already waited in the image, and
counters only for not going back.

Prints each difference, then "compared N figures, D differences"; status 0 only
if something was compared and nothing differs.
"""

import argparse
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dumpfile import DumpError, parse_dump  # noqa: E402

STALLED_MS = 1000


def cpu_list(text):
    """'0-3,5' as a set."""
    cpus = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        cpus |= set(range(int(first), int(last or first) + 1))
    return cpus


def sched_list(sched):
    """A scheduler and all below it, as in the report."""
    found = [sched]
    for sub in sched.get("sub_schedulers", []):
        found += sched_list(sub)
    return found


def position_of(sched):
    """"root" or "sub1-28", as the dump calls a scheduler."""
    return "root" if sched.get("is_root") else f"sub{sched.get('level')}-{sched.get('sub_cgroup_id')}"


class Comparison:
    def __init__(self, report, later=False):
        self.report = report
        self.later = later
        self.compared = 0
        self.differences = []
        self.rqs = {rq["cpu"]: rq for rq in report.get("rq_scx_states", [])}
        self.tasks = {task["task_kva"]: task for task in report.get("task_enrichments", [])}

    def differ(self, what, mine, dumped):
        self.differences.append(f"{what}: report {mine!r}, dump {dumped!r}")

    def equal(self, what, mine, dumped):
        self.compared += 1
        if mine != dumped or isinstance(mine, bool) != isinstance(dumped, bool):
            self.differ(what, mine, dumped)

    def not_later(self, what, mine, dumped):
        """A counter that only grows: the report's is from before the dump."""
        self.compared += 1
        if not isinstance(mine, int) or mine > dumped:
            self.differ(what + " (at most)", mine, dumped)

    # ---- CPUs

    def cpu(self, dumped):
        what = f"CPU {dumped.cpu}"
        rq = self.rqs.get(dumped.cpu)
        if rq is None:
            self.differ(what, "not there", "there")
            return
        for key, value in dumped.values.items():
            mine = rq.get(key)
            if key == "cpu_released":
                mine, value = (mine if mine is None else bool(mine)), bool(value)
            if self.later and key in ("ops_qseq", "kick_sync"):
                self.not_later(f"{what} {key}", mine, value)
            elif not self.later:
                self.equal(f"{what} {key}", mine, value)
        if self.later:
            return
        self.equal(f"{what} curr_comm", rq.get("curr_comm"), dumped.curr_comm)
        self.equal(f"{what} curr_pid", rq.get("curr_pid"), dumped.curr_pid)
        self.equal(f"{what} curr_class", rq.get("curr_class"), dumped.curr_class)
        for key in ("cpus_to_kick", "cpus_to_kick_if_idle", "cpus_to_preempt", "cpus_to_wait", "cpus_to_sync"):
            mine = rq.get(key, "")
            mine = cpu_list(mine) if isinstance(mine, str) else mine
            if mine or key in dumped.masks:
                self.equal(f"{what} {key}", mine, dumped.masks.get(key, set()))

    def not_dumped(self, cpus):
        """The kernel leaves out idle CPUs without a runnable task, and no others."""
        for number, rq in sorted(self.rqs.items()):
            if number not in cpus:
                self.equal(f"CPU {number}, not dumped: curr_pid", rq.get("curr_pid"), 0)
                self.equal(f"CPU {number}, not dumped: curr_class", rq.get("curr_class"), "idle")
                self.equal(f"CPU {number}, not dumped: runnable tasks", rq.get("runnable_task_kvas", []), [])

    # ---- tasks

    def task_of(self, dumped):
        """The report's task, by where the dump found it: the CPU's current one, or on its list."""
        rq = self.rqs.get(dumped.cpu, {})
        kvas = [rq.get("curr_kva")] if dumped.is_curr else rq.get("runnable_task_kvas", [])
        if self.later:
            kvas = list(self.tasks)
        for kva in kvas:
            task = self.tasks.get(kva) if isinstance(kva, str) else None
            if task and task.get("pid") == dumped.pid:
                return task
        return None

    def age_of(self, task, dumped):
        """The report gives no age to a running task, which waits for nothing; the dump does."""
        if not dumped.is_curr:
            return task.get("runnable_age_ms")
        guest = self.report.get("guest", {})
        jiffies, hz, since = guest.get("jiffies"), guest.get("hz"), task.get("runnable_at_jiffies")
        if not all(isinstance(n, int) for n in (jiffies, hz, since)) or hz == 0:
            return None
        age = (jiffies - since) * 1000
        return age // hz if age >= 0 else -(-age // hz)

    def age(self, what, mine, dumped):
        if self.later:
            self.not_later(what, mine, dumped)
        else:
            self.equal(what, mine, dumped)

    def task(self, dumped, scheds):
        what = f"CPU {dumped.cpu} {dumped.comm}[{dumped.pid}]"
        task = self.task_of(dumped)
        if task is None:
            self.differ(what, "not on that CPU's list", "there")
            return
        self.equal(f"{what} comm", task.get("comm"), dumped.comm)
        self.equal(f"{what} state", task.get("state"), dumped.state)
        self.equal(f"{what} cpu", task.get("cpu"), dumped.cpu)
        self.age(f"{what} runnable_age_ms", self.age_of(task, dumped), dumped.age_ms)
        for key, value in dumped.values.items():
            mine = task.get(key)
            if key == "scx_flags":
                # printed without the state, which stands above bit 7 in all releases
                value |= dumped.values["scx_task_state"] << 8
            elif key == "cpus_allowed":
                mine = cpu_list(mine) if isinstance(mine, str) else mine
            self.equal(f"{what} {key}", mine, value)
        if dumped.sched and "sched_kva" in task:
            owners = [s.get("sched_kva") for s in scheds if position_of(s) == dumped.sched]
            self.equal(f"{what} sched_kva", [task["sched_kva"]], owners)

    def lists(self, dumps, scheds):
        """The order of each CPU's list, and that none is left out: a dump on demand has its own scheduler's tasks only."""
        alone = len(scheds) == 1 or any(dump.exit_kind for dump in dumps)
        for number, rq in sorted(self.rqs.items()):
            mine = [self.tasks.get(kva, {}).get("pid", -1) for kva in rq.get("runnable_task_kvas", [])]
            everybody = []
            for dump in dumps:
                cpu = dump.cpus.get(number)
                dumped = [t.pid for t in cpu.tasks if not t.is_curr] if cpu else []
                everybody += dumped
                self.equal(f"CPU {number} runnable list", mine if alone else [pid for pid in mine if pid in dumped], dumped)
            if len(dumps) == len(scheds):
                self.equal(f"CPU {number} runnable tasks", sorted(mine), sorted(set(everybody)))

    # ---- counters

    def events(self, sched, dump):
        mine = {event["name"]: event.get("total") for event in sched.get("event_counters", [])}
        for name, value in dump.events.items():
            if self.later and name != "SCX_EV_BYPASS_DURATION":
                self.not_later(name, mine.get(name), value)
            elif not self.later:
                self.equal(name, mine.get(name), value)
        if dump.events:
            self.equal("names of the event counters", sorted(mine), sorted(dump.events))

    def stalled_ms(self, dumps):
        """The age from which on a dumped task waited in the image, too: that of image and dump apart is their distance."""
        waiting = [task for dump in dumps for task in dump.tasks() if not task.is_curr]
        oldest = max(waiting, key=lambda task: task.age_ms, default=None)
        task = self.task_of(oldest) if self.later and oldest else None
        mine = task.get("runnable_age_ms") if task else None
        if not isinstance(mine, int) or mine > oldest.age_ms:
            return STALLED_MS
        return max(STALLED_MS, oldest.age_ms - mine + STALLED_MS // 10)

    # ---- all of it

    def run(self, dumps):
        state = self.report.get("scx_sched_state", {})
        scheds = sched_list(state) if state else []
        truncated = any(dump.truncated for dump in dumps)
        stalled = self.stalled_ms(dumps)
        for dump in dumps:
            position, _, path = dump.position.partition(" ")
            sched = next((s for s in scheds if position_of(s) == position), {})
            if path:
                self.equal(f"{position}: cgroup_path", sched.get("cgroup_path"), path)
            if dump.sched:
                self.equal("scheduler", sched.get("name"), dump.sched)
            if dump.exit_kind:
                self.equal("exit_kind", sched.get("exit_kind"), dump.exit_kind)
            for cpu in dump.cpus.values():
                self.cpu(cpu)
            for task in dump.tasks():
                if not self.later or (task.age_ms >= stalled and not task.is_curr):
                    self.task(task, scheds)
            self.events(sched, dump)
        if not self.later and not truncated:
            self.not_dumped({number for dump in dumps for number in dump.cpus})
            self.lists(dumps, scheds)
        # a scheduler that was never enabled has none
        runnable = any(cpu.values.get("nr_running") or cpu.curr_class == "ext" for dump in dumps for cpu in dump.cpus.values())
        if runnable and not any(dump.tasks() for dump in dumps):
            self.differences.append("the dump has no task: nothing was compared")
        if not any(dump.cpus for dump in dumps):
            self.differences.append("the dump has no CPU: nothing was compared")


def compare(report, text, later=False):
    """A finished Comparison of a report (a document's late half, or a half) with a dump's text."""
    report = report.get("late", report)
    dumps = parse_dump(text)
    if dumps[0].exit_kind == 0:
        # the tracepoint that carried a dump on demand may have caught the exit's as well
        dumps = [dump for dump in dumps if dump.exit_kind == 0]
    comparison = Comparison(report, later)
    comparison.run(dumps)
    return comparison


def main():
    parser = argparse.ArgumentParser(description="compares a report with the kernel's own dump")
    parser.add_argument("report", help="scxray report --format json")
    parser.add_argument("dump", help="the kernel's dump, as text")
    parser.add_argument("--later", action="store_true", help="the guest ran on between image and dump")
    args = parser.parse_args()
    try:
        with open(args.report, encoding="utf-8") as f:
            report = json.load(f)
        with open(args.dump, encoding="utf-8", errors="surrogateescape") as f:
            done = compare(report, f.read(), args.later)
    except (OSError, ValueError, DumpError) as error:
        print(f"compare.py: {error}", file=sys.stderr)
        return 2
    for line in done.differences:
        print(line)
    print(f"compared {done.compared} figures, {len(done.differences)} differences")
    return 0 if done.compared and not done.differences else 1


if __name__ == "__main__":
    sys.exit(main())
