#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Cores with what a host knew: degraded, late alone, pairs; and how much of a report is asked for."""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import harness  # noqa: E402
from schema import Validator  # noqa: E402

GROUPS = ("diagnosis timing guest diff maps vcpus sdt progs times psi tasks sched rqs locks dsqs timeline perf "
          "log").split()


def give(kind, core, path):
    subprocess.run([harness.tool("give_host"), kind, core, path], check=True)
    return path


def document(cases, what, validator, *args):
    """The JSON of a report that has to be valid."""
    ran = harness.scxray("report", "--format", "json", *args)
    if not cases.check(ran.status == 0 and not ran.err, what, ran):
        return {}
    problems = validator.errors(ran.out)
    cases.check(not problems, f"{what}: valid", "\n".join(problems))
    return json.loads(ran.out)


def text(*args):
    return harness.scxray("report", *args).out.decode()


def check_degraded(cases, validator, core, folder):
    path = give("degraded", core, os.path.join(folder, "degraded.core.zst"))
    shown = document(cases, "a degraded core", validator, path)
    cases.check(shown.get("schema") == "degraded", "its shape", shown.get("schema"))
    cases.check(shown.get("late", {}).get("vcpu_regs", [0])[-1] is None, "a vCPU that did not park has no registers")
    cases.check(shown.get("reason", "").endswith("ms; 1/2 vCPUs parked"), "its reason", shown.get("reason"))
    cases.check("racy_reason" in shown.get("late", {}), "the report in it is marked racy")
    cases.check(bool(shown.get("late", {}).get("task_enrichments")), "and has what memory gives")
    kinds = [f["kind"] for f in shown.get("diagnosis", [])]
    cases.check(kinds[:1] == ["not_parked"] and len(kinds) > 1, "that comes first in the diagnosis", kinds)
    cases.check(all(f["text"].startswith("Racy: ") for f in shown.get("diagnosis", [])[1:]), "and the rest is racy")
    lines = text(path).splitlines()
    cases.check(lines[:2] == ["degraded failure dump:", "  reason: vCPU rendezvous timed out before parked "
                              "acknowledgement: 5000ms; 1/2 vCPUs parked"], "its text", "\n".join(lines[:8]))
    cases.check("    vcpu 1: not_parked" in lines, "who did not park")
    again = os.path.join(folder, "again.core.zst")
    ran = harness.scxray("report", path, "--save-core", again)
    cases.check(ran.status == 0 and ran.out == harness.scxray("report", again).out, "a core of it gives the same")
    with open(path, "rb") as a, open(again, "rb") as b:
        cases.check(a.read() == b.read(), "and is the same file")


def check_pair(cases, validator, half, error, folder):
    early = give("early", half, os.path.join(folder, "early.core.zst"))
    late = give("late", error, os.path.join(folder, "late.core.zst"))
    alone = give("alone", error, os.path.join(folder, "alone.core.zst"))
    shown = document(cases, "a pair", validator, "--early", early, late)
    cases.check(shown.get("trigger") == "poll of exit_kind", "what fired", shown.get("trigger"))
    oldest = max(task.get("runnable_age_jiffies", 0) for task in shown.get("early", {}).get("task_enrichments", [{}]))
    cases.check(shown.get("early_max_age_jiffies") == oldest, "the oldest age shown", shown.get("early_max_age_jiffies"))
    cases.check(set(shown.get("timing", {})) == {"early", "late"}, "timing of both", shown.get("timing"))
    samples = shown.get("late", {}).get("event_counter_timeline", [])
    cases.check(len(samples) == 300 and samples[7] == {"elapsed_ms": 70, "SCX_EV_DISPATCH_KEEP_LAST": 7,
                                                       "max_runnable_age_ms": 7}, "samples", samples[:1])
    got = text("--early", early, late)
    cases.check("\ntrigger: poll of exit_kind\n" in got and "image file" not in got, "no image file in it")
    cases.check("(600 samples were taken, " in got, "samples that are thinned out")
    shown = document(cases, "a late core alone", validator, late)
    cases.check(shown.get("schema") == "single" and "park_us" in shown.get("timing", {}).get("late", {}), "a single report")
    shown = document(cases, "a late core whose early half was skipped", validator, alone)
    cases.check(shown.get("schema") == "dual" and shown.get("early_skipped_reason", "").endswith(": scx_tick"),
                "is a dual report without it", shown.get("early_skipped_reason"))


def check_hostile(cases, validator, core, folder):
    path = give("hostile", core, os.path.join(folder, "hostile.core.zst"))
    document(cases, "a core with hostile texts", validator, path)
    for mode in ((), ("--summary",), ("--full",)):
        got = harness.scxray("report", path, *mode).out
        try:
            got = got.decode()
        except UnicodeDecodeError:
            got = "\033"
        cases.check("\033" not in got and "e\\x1b[2J\\xff" in got, f"texts of a host are escaped {' '.join(mode)}")


def check_amount(cases, validator, half, error):
    pair = ("--early", half, error)
    whole = text(*pair)
    full, summary = text(*pair, "--full"), text(*pair, "--summary")
    cases.check(len(summary) < len(whole) / 5 and len(full) > len(whole), "summary, whole and full",
                [len(summary), len(whole), len(full)])
    cases.check("more in JSON" not in full and " earlier ones are in JSON" not in full, "the full log")
    for group in GROUPS:
        shown = document(cases, f"--only {group}", validator, *pair, "--only", group)
        cases.check(shown.get("only") == [group], f"--only {group} says so", shown.get("only"))
        ran = harness.scxray("report", *pair, "--only", group)
        cases.check(ran.status == 0 and not ran.err and len(ran.out) < len(whole), f"--only {group} as text", ran)
    # each section of the full text comes with some group, byte for byte (the usual text shows a running task's
    # stack in one place only, so what that place is depends on the groups)
    for group in ("maps", "tasks", "dsqs", "log"):
        got = text(error, "--full", "--only", group)
        cases.check(got and all(line in full.splitlines() for line in got.splitlines()), f"--only {group}: same lines")
    got = text(error, "--only", "maps=held,maps=.data*")
    heads = [line.split()[1] for line in got.splitlines() if line.startswith("map ")]
    cases.check("held" in heads and len(heads) > 1 and all(h == "held" or h.startswith(".data") for h in heads),
                "maps by name and pattern", heads)
    ran = harness.scxray("report", error, "--only", "tasks,nonsense")
    cases.check(ran.status == 2 and all(f" {g}," in ran.err for g in GROUPS), "an unknown group lists all", ran)
    listed = harness.scxray("help", "report").out.decode()
    cases.check(all(g in listed for g in GROUPS), "and so does --help")
    for wrong in (("--summary", "--full"), ("--summary", "--format", "json"), ("--full", "-o", "x.json"),
                  ("--only", ""), ("--only", "maps=")):
        ran = harness.scxray("report", *wrong, error)
        cases.check(ran.status == 2 and ran.err.count("\n") == 1 and not ran.out, f"{' '.join(wrong)} makes no sense", ran)


def main():
    cases = harness.Cases()
    harness.need_cores(cases)
    validator = Validator(harness.SCHEMA)
    half, error = harness.core_pairs()[-1]
    with harness.scratch() as folder:
        check_degraded(cases, validator, error, folder)
        check_pair(cases, validator, half, error, folder)
        check_hostile(cases, validator, error, folder)
    check_amount(cases, validator, half, error)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
