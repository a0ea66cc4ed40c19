#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The bundled core of MODE=sub: a tree of three schedulers, as the guest and its kernel's own dump had it.

And it matters whose each thing is: a report that takes a DSQ, a map or a program of one scheduler for another's is noticed.
"""

import copy
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, HERE)
import harness  # noqa: E402
from compare import compare  # noqa: E402
from compare_scheds import compare_scheds  # noqa: E402

CORE = os.path.join(HERE, "cores", "7.3.4-sub")


def read(path):
    with open(path, encoding="utf-8", errors="surrogateescape") as f:
        return f.read()


def check_changes(cases, report, oracle):
    for group in ("dsq_states", "maps", "prog_runtime_stats"):
        entries = [i for i, entry in enumerate(report[group]) if entry.get("sched_name") == "scxsub"
                   and (group != "dsq_states" or entry.get("id") == 0x57A11)]
        cases.check(entries, f"{group}: some of scxsub")
        for index in entries:
            other = copy.deepcopy(report)
            other[group][index]["sched_name"] = "scxfix"
            cases.check(compare_scheds(other, oracle).differences, f"{group} {index}: another scheduler's is noticed")
    for path in (("timeout_ms",), ("watchdog_timeout",), ("level",), ("sub_cgroup_id",), ("cgroup_path",),
                 ("event_counters", 2, "total")):
        other = copy.deepcopy(report)
        at = other["scx_sched_state"]["sub_schedulers"][0]
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = "/other" if isinstance(at[path[-1]], str) else at[path[-1]] + 5000
        cases.check(compare_scheds(other, oracle).differences, f"another {path} of scxsub is noticed")


def main():
    cases = harness.Cases()
    harness.need_cores(cases)
    ran = harness.scxray("report", CORE + ".core.zst", "--format", "json")
    if cases.check(ran.status == 0, "a report", ran):
        report, oracle = json.loads(ran.out)["late"], read(CORE + ".txt")
        for what, done, least in (("the kernel's dump", compare(report, read(CORE + "-dump.txt")), 200),
                                  ("sysfs and bpf()", compare_scheds(report, oracle), 100)):
            cases.check(done.compared > least and not done.differences, f"{done.compared} figures equal {what}",
                        "\n".join(done.differences) or done.compared)
        check_changes(cases, report, oracle)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
