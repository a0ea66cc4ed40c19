#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The first finding of each bundled pair is its cause, of the late half alone as well; a pair's
halves given in the wrong way are told as such and give no finding by comparison."""

import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, HERE)
import harness  # noqa: E402
from expected import FIRST, mode_of  # noqa: E402


def findings(*args):
    ran = harness.scxray("report", "--format", "json", "--only", "diagnosis", *args)
    return json.loads(ran.out).get("diagnosis", []) if ran.status == 0 else []


def main():
    cases = harness.Cases()
    harness.need_cores(cases)
    pairs = harness.core_pairs()
    for early, late in pairs:
        name = harness.core_name(late).replace("-error", "")
        both = findings("--early", early, late)
        first = both[0] if both else {}
        cases.check(first.get("rank") == "cause" and first.get("kind") in FIRST[mode_of(name)],
                    f"{name}: the cause comes first", first)
        cases.check(first.get("tasks") or mode_of(name) == "error", f"{name}: it names its tasks", first)
        causes = [finding["kind"] for finding in both if finding["rank"] == "cause"]
        cases.check(set(causes) <= set(FIRST[mode_of(name)]), f"{name}: nothing else is a cause", causes)
        swapped = findings("--early", late, early)
        cases.check(swapped[:1] and swapped[0]["kind"] == "pair_swapped" and swapped[1:] == both,
                    f"{name}: swapped halves are put right", swapped)
        same = findings("--early", late, late)
        cases.check(same[:1] and same[0]["kind"] == "pair_same_moment", f"{name}: the same moment twice", same)
        cases.check(not any("between the" in finding["text"] or "in both" in finding["text"] for finding in same),
                    f"{name}: nothing by comparison", same)
    if len(pairs) > 1:
        args = ("report", "--only", "diagnosis", "--format", "json", "--early", pairs[0][0], pairs[1][1])
        ran = harness.scxray(*args)
        cases.check(ran.status == 1 and "--force" in str(ran.err), "two kernels are refused", ran)
        ran = harness.scxray(*args, "--force")
        kinds = [finding["kind"] for finding in json.loads(ran.out)["diagnosis"]] if ran.status == 0 else []
        cases.check(kinds[:1] == ["pair_other_boot"], "or said to be two", ran)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
