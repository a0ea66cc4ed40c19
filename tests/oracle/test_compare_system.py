#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The comparison of the system's groups can fail: each wrong figure is named."""

import copy
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from compare_system import compare_system  # noqa: E402

REPORT = {
    "schema": "single",
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
    (lambda r: r.pop("prog_runtime_stats"), "programs for ops"),
)


def main():
    cases = harness.Cases()
    done = compare_system(REPORT)
    cases.check(done.compared and not done.differences, "a right report has no difference", done.differences)
    for change, word in WRONG:
        found = compare_system(changed(change)).differences
        cases.check(any(word in line for line in found), f"a difference that says {word!r}", found)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
