# SPDX-License-Identifier: BSD-2-Clause
"""Compares the groups about the whole system with other witnesses of the same guest.

prog_runtime_stats: found through prog_idr; the ops of scx_sched_state name the same
programs, found through the links of the scheduler's struct_ops map.
"""

SCHED_OPS = "sched_ext_ops"


class SystemComparison:
    def __init__(self, report):
        self.report = report["late"] if report.get("schema") == "dual" else report
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
                if prog.get("struct_ops") == SCHED_OPS}
        for op, program in named.items():
            self.equal(f"program of {op}", mine.get(op, {}).get("name"), program)
        for op, prog in mine.items():
            for key in ("cnt", "nsecs", "misses"):
                self.equal(f"program of {op}: {key} is a number", isinstance(prog.get(key), int), True)
        self.equal("programs for ops", bool(mine), bool(named))


def compare_system(report):
    """A finished SystemComparison of a report."""
    comparison = SystemComparison(report)
    comparison.progs()
    return comparison
