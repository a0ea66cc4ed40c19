# SPDX-License-Identifier: BSD-2-Clause
"""Compares a report of the error exit with what ops.exit() was given a little later: oracle.txt's section [exit]."""

from compare import sched_list

KEYS = ("kind", "exit_code", "reason", "msg")


def exit_of(oracle):
    """{key: text} of the section; empty where the guest said nothing."""
    lines = oracle.partition("[exit]\n")[2].partition("\n\n")[0].split("\n")
    return {key: value for key, _, value in (line.partition("=") for line in lines) if key in KEYS}


class ExitComparison:
    def __init__(self):
        self.compared = 0
        self.differences = []

    def run(self, report, theirs):
        state = report.get("scx_sched_state") or {}
        ended = [sched.get("exit_info") or {} for sched in sched_list(state) if sched.get("exit_kind")] if state else []
        mine = [{key: str(info.get(key, "")) for key in KEYS} for info in ended]
        self.compared += len(KEYS)
        # of a tree those below it end with the one that failed
        if theirs not in mine:
            self.differences.append(f"exit record: report {mine!r}, ops.exit() {theirs!r}")


def compare_exit(report, oracle):
    """A finished ExitComparison; None where the guest had nothing to say."""
    theirs = exit_of(oracle)
    if not theirs:
        return None
    comparison = ExitComparison()
    comparison.run(report.get("late", report), theirs)
    return comparison
