#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The comparison with what the guest read of itself can fail: each wrong figure is named."""

import copy
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from compare_facts import compare_facts, has_facts  # noqa: E402

ORACLE = """[system]
/proc/sys/kernel/bpf_stats_enabled: 1
/proc/modules: pktgen 73728 0 - Live 0xffffffffc0600000
/proc/9/stat: 9 (a (b) task) S 2 7 6 0 -1 0 0 0 0 0 0 0 0 0 20 5 1 0 55 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0
/proc/9/cgroup: 0::/crew/inner
/proc/9/stack: [<0>] worker_thread+0x9c/0x300
/proc/9/stack: [<0>] pktgen_thread_worker+0x16/0x1c70 [pktgen]
/proc/9/status: Tgid:\t9
/proc/9/status: Threads:\t1
/proc/9/status: Cpus_allowed_list:\t0-1
/proc/9/status: voluntary_ctxt_switches:\t12
/proc/9/status: nonvoluntary_ctxt_switches:\t3
/proc/9/sched: ext.enabled                                  :                    1
/sys/devices/system/node/node0/numastat: numa_hit 100
/sys/devices/system/node/node0/numastat: local_node 100
prog id=7 type=27 run_cnt=211 run_time_ns=4156452 misses=0 name=scxfix_select_c
prog id=8 type=5 run_cnt=1 run_time_ns=2 misses=0 name=another
/sys/fs/cgroup/cpu.pressure: some avg10=22.18 avg60=5.54 avg300=1.22 total=3971926
/sys/fs/cgroup/cpu.pressure: full avg10=0.00 avg60=0.00 avg300=0.00 total=0
/sys/fs/cgroup/crew/cpu.pressure: full avg10=3.44 avg60=0.62 avg300=0.12 total=732121
/proc/pressure/cpu: some avg10=22.18 avg60=5.54 avg300=1.22 total=3971926
/proc/stat: cpu  96 320 208 167 0 0 11 0 0 0
/proc/stat: cpu0 96 320 208 167 0 0 11 0 0 0
/proc/stat: intr 100 60 40
/proc/stat: softirq 30 10 20

[half]
crew pid=139 role=other index=1 comm=behind

"""

REPORT = {
    "schema": "single",
    "bpf_stats_enabled": True,
    "diagnosis": [{"kind": "cpu_kept_by_class", "text": "hog[4] of class dl keeps CPU 1 (its deadline parameters give "
                   "it all). Before them behind[5] of such a class comes"}],
    "task_enrichments": [
        {"pid": 9, "tgid": 9, "comm": "a (b) task", "real_parent_pid": 2, "pgid": 7, "sid": 6, "nr_threads": 1,
         "cpus_allowed": "0-1", "prio": 120, "static_prio": 125, "policy": 0, "rt_priority": 0, "state": "S", "cpu": 1,
         "cgroup_path": "/crew/inner", "sched_class": "ext", "nvcsw": 12, "nivcsw": 3,
         "kernel_stack": [{"symbol": "schedule+0x1"}, {"symbol": "worker_thread+0x9c"},
                          {"symbol": "pktgen_thread_worker+0x16 [pktgen]"}]},
        {"pid": 4, "comm": "hog", "curr_cpu": 1, "dl_runtime_ns": 100_000_000, "dl_deadline_ns": 100_000_000,
         "dl_period_ns": 100_000_000},
        {"pid": 5, "comm": "behind", "queued_cpu": 1},
        {"pid": 6, "comm": "lockwait", "lock_slowpath_match": "rwsem_down_write_slowpath"},
        {"pid": 8, "comm": "kpktgend_0", "kernel_stack": [{"symbol": "pktgen_thread_worker+0x16 [pktgen]"}]},
    ],
    "locks": {"waiters": [{"comm": "lockwait"}, {"comm": "spinner", "curr_cpu": 0}]},
    "rq_scx_states": [{"cpu": 1, "curr_comm": "hog", "curr_class": "dl", "rt_nr_running": 1, "dl_nr_running": 1,
                       "higher_class_tasks": [{"comm": "behind"}]}],
    "prog_runtime_stats": [{"id": 7, "name": "scxfix_select_c", "cnt": 211, "nsecs": 4156452, "misses": 0}],
    "per_node_numa": [{"node": 0, "numa_hit": 120, "numa_local": 100}],
    "cgroup_psi": [
        {"path": "/", "cpu": {"some": {"total_ns": 3971926999, "avg10": 22.18, "avg60": 5.54, "avg300": 1.22}}},
        {"path": "/crew", "cpu": {"full": {"total_ns": 732121000, "avg10": 2.81, "avg60": 0.59, "avg300": 0.12}}},
    ],
    "per_cpu_time": [{"cpu": 0, "cpustat_user_ns": 965_000_000, "cpustat_nice_ns": 3_200_000_000,
                      "cpustat_system_ns": 2_100_000_000, "cpustat_irq_ns": 0, "cpustat_softirq_ns": 110_000_000,
                      "cpustat_steal_ns": 0, "cpustat_idle_ns": 1_700_000_000, "softirqs": [10, 25],
                      "irqs_sum": 101}],
}

TASK = ("task_enrichments", 0)
CREW = ("cgroup_psi", 1, "cpu", "full")

# Each a path into the report, a wrong value, and words of the difference that it has to make.
WRONG = [
    ((*TASK, "real_parent_pid"), 3, "real_parent_pid"),
    ((*TASK, "pgid"), 6, "pgid"),
    ((*TASK, "sid"), 7, "sid"),
    ((*TASK, "tgid"), 2, "tgid"),
    ((*TASK, "nr_threads"), 2, "nr_threads"),
    ((*TASK, "cpus_allowed"), "0", "cpus_allowed"),
    ((*TASK, "prio"), 100, ": prio"),
    ((*TASK, "static_prio"), 120, "static_prio"),
    ((*TASK, "policy"), 1, "policy"),
    ((*TASK, "rt_priority"), 1, "rt_priority"),
    ((*TASK, "state"), "D", "state"),
    ((*TASK, "cpu"), 0, "cpu"),
    ((*TASK, "cgroup_path"), "/crew", "cgroup"),
    ((*TASK, "sched_class"), "fair", "of sched_ext"),
    ((*TASK, "nvcsw"), 11, "nvcsw"),
    ((*TASK, "nivcsw"), None, "nivcsw"),
    ((*TASK, "kernel_stack", 2, "symbol"), "pktgen_thread_worker+0x16", "frame 1"),
    ((*TASK, "kernel_stack"), [{"symbol": "pktgen_thread_worker+0x16 [pktgen]"}], "frame 0"),
    ((*TASK, "pid"), 10, "most tasks"),
    (("prog_runtime_stats", 0, "cnt"), 210, "cnt"),
    (("prog_runtime_stats", 0, "nsecs"), 4156453, "nsecs"),
    (("prog_runtime_stats", 0, "name"), "another", "name"),
    (("prog_runtime_stats", 0, "id"), 8, "struct_ops programs"),
    (("bpf_stats_enabled",), False, "bpf_stats_enabled"),
    (("per_node_numa", 0, "numa_hit"), 99, "numa_hit"),
    (("per_node_numa", 0, "numa_local"), 5000, "local_node"),
    (("cgroup_psi", 0, "cpu", "some", "total_ns"), 3971925999, "/ cpu some: total"),
    (("cgroup_psi", 0, "cpu", "some", "avg10"), 22.1, "/ cpu some: avg10"),
    ((*CREW, "avg60"), 0.7, "/crew cpu full: avg60"),
    ((*CREW, "total_ns"), 7321210000, "/crew cpu full: total"),
    (("cgroup_psi", 1, "path"), "/crews", "cgroups"),
    (("per_cpu_time", 0, "cpustat_user_ns"), 950_000_000, "cpu0: user"),
    (("per_cpu_time", 0, "cpustat_idle_ns"), 9_700_000_000, "cpu0: idle"),
    (("per_cpu_time", 0, "softirqs"), [10, 19], "softirq 1"),
    (("per_cpu_time", 0, "irqs_sum"), 99, "interrupts"),
    (("rq_scx_states", 0, "curr_class"), "rt", "hog's CPU"),
    (("rq_scx_states", 0, "higher_class_tasks"), [], "higher classes"),
    (("rq_scx_states", 0, "rt_nr_running"), 2, "as many"),
    (("task_enrichments", 1, "dl_period_ns"), 1, "parameters"),
    (("task_enrichments", 2, "queued_cpu"), 0, "behind's queue"),
    (("task_enrichments", 3, "lock_slowpath_match"), "__mutex_lock", "lockwait's lock"),
    (("task_enrichments", 4, "kernel_stack"), [], "module"),
    (("locks", "waiters"), [], "sleep for a lock"),
    (("diagnosis", 0, "kind"), "lost_kick", "diagnosis"),
    (("diagnosis", 0, "text"), "hog[4] keeps CPU 1 (its deadline parameters give it all). Before them x[5]", "who is next"),
]


def changed(path, value):
    report = copy.deepcopy(REPORT)
    at = report
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return report


def main():
    cases = harness.Cases()
    done = compare_facts(REPORT, ORACLE)
    cases.check(done.compared > 50 and not done.differences, "a report that is right", "\n".join(done.differences))
    cases.check(done.still == 1 and done.stacks == 1, "one task did not run in between", f"{done.still}, {done.stacks}")
    for path, value, word in WRONG:
        done = compare_facts(changed(path, value), ORACLE)
        named = [difference for difference in done.differences if word in difference]
        cases.check(named, f"{'.'.join(map(str, path))} = {value!r} is named", "\n".join(done.differences))
    ran = changed((*TASK, "nvcsw"), 13)
    ran["task_enrichments"][0].update({"state": "R", "cpu": 0, "kernel_stack": []})
    done = compare_facts(ran, ORACLE)
    cases.check(all("some tasks" in difference for difference in done.differences), "a task that ran since may have moved",
                "\n".join(done.differences))
    cases.check(has_facts(ORACLE) and not has_facts("[half]\n"), "a guest of an earlier recipe is told apart")
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
