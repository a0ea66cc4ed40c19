#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The comparison of the system's groups can fail: each wrong figure is named."""

import copy
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from compare_system import IDENTITY, compare_system  # noqa: E402

CONSOLE = """[    0.000000] Linux version
[    1.000001] two
[    1.000001] lines\r
@@MARK 2.0 up
libbpf: a program's line
[   12.345678] last
[   13.000000] later
"""

ORACLE = """[half]
now_ns=1
task pid=2 ppid=0 state=S nice=0 policy=0 rt_priority=0 cpu=1 cpus=0-1 flags=0x208040 ext=1 comm=kthreadd
task pid=9 ppid=2 state=S nice=0 policy=1 rt_priority=50 cpu=1 cpus=0-1 flags=0x208040 ext=1 comm=a task

[after]
task pid=9 ppid=7 state=S nice=0 policy=0 rt_priority=0 cpu=1 cpus=0-1 flags=0x208040 ext=1 comm=another
"""

NUMBERS = {key: 0 for key in IDENTITY}

TIMES = {"user": 1, "nice": 2, "system": 3, "softirq": 4, "irq": 5, "idle": 4_000_000_000, "iowait": 0, "steal": 0}

REPORT = {
    "schema": "single",
    "guest": {"nr_nodes": 2},
    "rq_scx_states": [{"cpu": 0, "clock_ns": 4_000_000_100}],
    "per_cpu_time": [{"cpu": 0, **{f"cpustat_{key}_ns": value for key, value in TIMES.items()}}],
    "per_node_numa": [
        {"node": 0, "numa_hit": 10, "numa_miss": 2, "numa_foreign": 0, "numa_local": 9, "numa_other": 3},
        {"node": 1, "numa_hit": 5, "numa_miss": 0, "numa_foreign": 2, "numa_local": 5, "numa_other": 0},
    ],
    "task_enrichments": [
        {**NUMBERS, "pid": 2, "tgid": 2, "group_leader_pid": 2, "comm": "kthreadd", "policy": 0, "rt_priority": 0,
         "cgroup_path": "/"},
        {**NUMBERS, "pid": 9, "tgid": 2, "group_leader_pid": 2, "comm": "a task", "policy": 1, "rt_priority": 50,
         "real_parent_pid": 2, "cgroup_path": "/"},
    ],
    "kernel_log": [
        {"ts_ns": 1000001999, "level": 6, "text": "two\nlines"},
        {"ts_ns": 1000003000, "level": 7, "text": "debug"},
        {"ts_ns": 12345678999, "level": 3, "text": "last"},
    ],
    "scx_sched_state": {"ops": [{"op": "enqueue", "program": "fix_enqueue"}, {"op": "exit", "program": "fix_exit"}]},
    "prog_runtime_stats": [
        {"name": "fix_enqueue", "struct_ops": "sched_ext_ops", "op": "enqueue", "cnt": 1, "nsecs": 2, "misses": 0},
        {"name": "fix_exit", "struct_ops": "sched_ext_ops", "op": "exit", "cnt": 0, "nsecs": 0, "misses": 0},
        {"name": "cubic", "struct_ops": "tcp_congestion_ops", "op": "init", "cnt": 0, "nsecs": 0, "misses": 0},
    ],
}


def changed(change):
    report = copy.deepcopy(REPORT)
    change(report)
    return report


# What is changed in the report, and a word that a difference has to hold.
WRONG = (
    (lambda r: r["prog_runtime_stats"][0].update(name="fix_exit"), "program of enqueue"),
    (lambda r: r["prog_runtime_stats"].pop(1), "program of exit"),
    (lambda r: r["prog_runtime_stats"][0].update(cnt={"kind": "unreadable"}), "cnt is a number"),
    (lambda r: r["per_cpu_time"][0].update(cpustat_user_ns=200_000_000), "at most the time"),
    (lambda r: r["per_cpu_time"][0].update(cpustat_idle_ns=400), "at least a hundredth"),
    (lambda r: r.pop("per_cpu_time"), "CPUs with times"),
    (lambda r: r["per_node_numa"][0].update(numa_hit=9), "node 0: hit and miss"),
    (lambda r: r["per_node_numa"][1].update(numa_foreign=1), "misses of all nodes"),
    (lambda r: r["per_node_numa"].pop(), "number of nodes"),
    (lambda r: r["kernel_log"][0].update(ts_ns=1000002000), "line 0 of the kernel's log"),
    (lambda r: r["kernel_log"][2].update(text="lost"), "line 2 of the kernel's log"),
    (lambda r: r["kernel_log"].insert(0, {"ts_ns": 0, "level": 6, "text": "Linux version"}) or r["kernel_log"].pop(1),
     "line 1 of the kernel's log"),
    (lambda r: r["kernel_log"][1].update(level=6), "line 2 of the kernel's log"),
    (lambda r: r.pop("kernel_log"), "the kernel's log is there"),
    (lambda r: r["task_enrichments"][1].update(real_parent_pid=0), "task 9: parent"),
    (lambda r: r["task_enrichments"][1].update(comm="another"), "task 9: comm"),
    (lambda r: r["task_enrichments"][1].update(policy=0), "task 9: policy"),
    (lambda r: r["task_enrichments"][1].update(rt_priority=0), "task 9: rt_priority"),
    (lambda r: r["task_enrichments"][1].update(group_leader_pid=9), "task 9: group leader"),
    (lambda r: r["task_enrichments"][0].update(utime={"kind": "unreadable"}), "task 2: identity"),
    (lambda r: r["task_enrichments"][0].pop("cgroup_path"), "task 2: cgroup"),
    (lambda r: r["task_enrichments"].pop(), "most tasks are in both"),
    (lambda r: r.pop("prog_runtime_stats"), "programs for ops"),
)


def main():
    cases = harness.Cases()
    done = compare_system(REPORT, CONSOLE, ORACLE)
    cases.check(done.compared and not done.differences, "a right report has no difference", done.differences)
    for change, word in WRONG:
        found = compare_system(changed(change), CONSOLE, ORACLE).differences
        cases.check(any(word in line for line in found), f"a difference that says {word!r}", found)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
