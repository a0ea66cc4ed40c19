# SPDX-License-Identifier: BSD-2-Clause
"""Compares the groups about the whole system with other witnesses of the same guest.

prog_runtime_stats: found through prog_idr; the ops of scx_sched_state name the same
programs, found through the links of the scheduler's struct_ops map.
per_cpu_time: the parts of a CPU's time are no more than the time since boot, and not next to nothing
(no more than that: a clock may have leapt while the host slept).
per_node_numa: every page that was taken counts once as hit or miss and once as local or other;
every miss of one node is foreign to another.
kernel_log: the same lines as on the guest's serial console, in one piece, but for debug messages.
task_enrichments: parents, names and policies as in /proc at half time (oracle.txt); a group's leader
has its pid, and all numbers are there.
"""

import re

CPU_PARTS = ("user", "nice", "system", "softirq", "irq", "idle", "iowait", "steal")
SLACK_NS = 100_000_000
SCHED_OPS = ("sched_ext_ops", "sched_ext_ops_cid")  # the second takes CPUs by topological ids, 7.2 on
# A console line: with its time where the kernel prints one.
CONSOLE = re.compile(r"(?:\[ *(\d+\.\d{6})\] )?(.*)")
# Lines that the fixture's own programs write.
PROGRAMS = ("@@", "libbpf: ")
DEBUG = 7
# A task in oracle.txt.
TASK = re.compile(r"task pid=(\d+) ppid=(\d+) .* policy=(\d+) rt_priority=(\d+) .* comm=(.*)")
IDENTITY = ("group_leader_pid", "real_parent_pid", "pgid", "sid", "nr_threads", "nvcsw", "nivcsw", "signal_nvcsw",
            "signal_nivcsw", "utime", "stime", "signal_utime", "signal_stime")


# The fixture writes to the same port without the console's lock: the kernel's line may begin in its.
TORN = re.compile(r"@@.*?(\[ *\d+\.\d{6}\] .*)")
MAX_TORN = 3


def console_lines(text):
    """(time or "", text) of each line that the kernel wrote."""
    lines = (line.rstrip("\r") for line in text.split("\n"))
    lines = (TORN.sub(r"\1", line) for line in lines)
    return [CONSOLE.match(line).groups("") for line in lines if line and not line.startswith(PROGRAMS)]


def first_line(mine, theirs):
    """Where `mine` begins in `theirs`: a message may stand there more than once, so three in a row count."""
    head = mine[:3]
    starts = [at for at in range(len(theirs)) if theirs[at:at + len(head)] == head]
    if starts:
        return starts[-1]
    return theirs.index(mine[0]) if mine[0] in theirs else len(theirs)


class SystemComparison:
    def __init__(self, report):
        self.report = report.get("late", report)
        self.compared = 0
        self.differences = []

    def equal(self, what, mine, theirs):
        self.compared += 1
        if mine != theirs:
            self.differences.append(f"{what}: report {mine!r}, guest {theirs!r}")

    def progs(self):
        ops = self.report.get("scx_sched_state", {}).get("ops", [])
        named = {op["op"]: op["program"] for op in ops if "program" in op}
        mine = {prog.get("op"): prog for prog in self.report.get("prog_runtime_stats", [])
                if prog.get("struct_ops") in SCHED_OPS}
        for op, program in named.items():
            self.equal(f"program of {op}", mine.get(op, {}).get("name"), program)
        for op, prog in mine.items():
            for key in ("cnt", "nsecs", "misses"):
                self.equal(f"program of {op}: {key} is a number", isinstance(prog.get(key), int), True)
        self.equal("programs for ops", bool(mine), bool(named))

    def times(self):
        rqs = self.report.get("rq_scx_states", [])
        cpus = self.report.get("per_cpu_time", [])
        since_boot = max(rq.get("clock_ns", 0) for rq in rqs)
        self.equal("CPUs with times", [cpu["cpu"] for cpu in cpus], [rq["cpu"] for rq in rqs])
        for cpu in cpus:
            total = sum(cpu[f"cpustat_{part}_ns"] for part in CPU_PARTS)
            what = f"CPU {cpu['cpu']}: its times are"
            self.equal(f"{what} at most the time since boot, {since_boot}", total, min(total, since_boot + SLACK_NS))
            self.equal(f"{what} at least a hundredth of it, {since_boot}", total, max(total, since_boot // 100))

    def nodes(self):
        nodes = self.report.get("per_node_numa", [])
        for node in nodes:
            self.equal(f"node {node['node']}: hit and miss", node["numa_hit"] + node["numa_miss"],
                       node["numa_local"] + node["numa_other"])
        self.equal("misses of all nodes", sum(node["numa_miss"] for node in nodes),
                   sum(node["numa_foreign"] for node in nodes))
        if "per_node_numa_unavailable" not in self.report:
            self.equal("number of nodes", len(nodes), self.report["guest"]["nr_nodes"])

    def log(self, console):
        theirs = console_lines(console)
        timed = any(time for time, _ in theirs)
        mine = []
        for record in self.report.get("kernel_log", []):
            if record.get("level") == DEBUG:
                continue
            time = f"{record['ts_ns'] // 10**9}.{record['ts_ns'] // 1000 % 10**6:06}" if timed else ""
            mine += [(time, line) for line in record["text"].split("\n")]
        self.equal("the kernel's log is there", bool(mine), True)
        if not mine:
            return
        at, torn = first_line(mine, theirs), 0
        for number, line in enumerate(mine):
            # what is left of a torn line of the fixture's: without a time, where all lines have one
            while at < len(theirs) and theirs[at] != line and timed and not theirs[at][0] and torn < MAX_TORN:
                at, torn = at + 1, torn + 1
            self.equal(f"line {number} of the kernel's log", line, theirs[at] if at < len(theirs) else None)
            at += 1

    def tasks(self, oracle):
        # of a scheduler that was never enabled there is no half
        half = (oracle.partition("[half]")[2] or oracle.partition("[after]")[2]).partition("\n[")[0]
        theirs = {int(found[1]): found.groups() for found in map(TASK.match, half.split("\n")) if found}
        mine = {task["pid"]: task for task in self.report.get("task_enrichments", [])}
        for pid in sorted(theirs.keys() & mine.keys()):
            _, parent, policy, rt_priority, comm = theirs[pid]
            task, what = mine[pid], f"task {pid}"
            if not comm.startswith("kworker/"):  # /proc shows what one works on
                self.equal(f"{what}: comm", task.get("comm"), comm)
            self.equal(f"{what}: parent", task.get("real_parent_pid"), int(parent))
            self.equal(f"{what}: policy", task.get("policy"), int(policy))
            self.equal(f"{what}: rt_priority", task.get("rt_priority"), int(rt_priority))
        self.equal("most tasks are in both", len(theirs.keys() & mine.keys()) * 10 > len(theirs) * 9, True)
        for pid, task in mine.items():
            self.equal(f"task {pid}: group leader", task.get("group_leader_pid"), task.get("tgid"))
            self.equal(f"task {pid}: identity", [k for k in IDENTITY if not isinstance(task.get(k), int)], [])
            self.equal(f"task {pid}: cgroup", task.get("cgroup_path", "")[:1], "/")


def compare_system(report, console, oracle):
    """A finished SystemComparison of a report with what stood on the serial console and in oracle.txt."""
    comparison = SystemComparison(report)
    comparison.progs()
    comparison.times()
    comparison.nodes()
    comparison.log(console)
    comparison.tasks(oracle)
    return comparison
