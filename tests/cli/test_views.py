#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""scxray check, tasks, task, dsqs, dsq, cpus, map, log, and --exit-on.

A view shows what `scxray report --only` shows; one by name is the entry that the whole report has.
"""

import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import harness  # noqa: E402
import schema  # noqa: E402

VALIDATOR = schema.Validator(harness.SCHEMA)
WHOLE = {"check": "diagnosis", "tasks": "tasks", "dsqs": "dsqs", "cpus": "rqs,vcpus", "log": "log"}


def look(*args):
    return harness.scxray(*args)


def read(cases, *args):
    ran = look(*args, "--format", "json")
    wrong = VALIDATOR.errors(ran.out)
    cases.check(ran.status == 0 and not wrong, f"{args}: JSON by the schema", f"{wrong} {ran}")
    return json.loads(ran.out or "{}")


def check_whole(cases, name, files):
    for view, groups in WHOLE.items():
        for options in ([], ["--format", "json"], ["--full"], ["--summary"]):
            got, want = look(view, *options, *files), look("report", "--only", groups, *options, *files)
            found = b'"severity":"error"' in look("report", "--only", "diagnosis", "--format", "json", *files).out
            status = int(view == "check" and found)
            cases.check(got.out == want.out and got.out and got.status == status, f"{name}: {view} {options}", got)


def check_named(cases, name, core):
    """Each entry by its name alone, equal to the one of the whole report."""
    report = json.loads(look("report", "--format", "json", core).out)["late"]
    tasks, dsqs = report["task_enrichments"], report["dsq_states"]
    oldest = max(tasks, key=lambda t: t.get("runnable_age_ms", -1))
    user = next(d for d in dsqs if d["origin"] == "user")
    bpf_map = next(m for m in report["maps"] if m.get("name"))
    table = (
        ("task", str(oldest["pid"]), "task_enrichments", [t for t in tasks if t["pid"] == oldest["pid"]]),
        ("task", oldest["comm"], "task_enrichments", [t for t in tasks if t["comm"] == oldest["comm"]]),
        ("task", oldest["comm"][:3] + "*", "task_enrichments", [t for t in tasks if t["comm"].startswith(oldest["comm"][:3])]),
        ("dsq", hex(user["id"]), "dsq_states", [d for d in dsqs if d["id"] == user["id"]]),
        ("dsq", str(user["id"]), "dsq_states", [d for d in dsqs if d["id"] == user["id"]]),
        ("dsq", "local cpu 0", "dsq_states", [d for d in dsqs if d["origin"] == "local cpu 0"]),
        ("dsq", "SCX_DSQ_GLOBAL", "dsq_states", [d for d in dsqs if d.get("id_name") == "SCX_DSQ_GLOBAL"]),
        ("map", bpf_map["name"], "maps", [m for m in report["maps"] if m.get("name") == bpf_map["name"]]),
    )
    for view, which, key, want in table:
        got = read(cases, view, which, core)
        found = got.get("late", {}).get(key)
        cases.check(want and found == want and len(want) < len(report[key]), f"{name}: {view} {which}", found)
        group = {"task": "tasks", "dsq": "dsqs", "map": "maps"}[view]
        cases.check(got["only"] == [group] and got["only_" + group] == [which], f"{name}: {view} {which}: says so")
        text, only = look(view, which, core), look("report", "--only", f"{group}={which}", core)
        cases.check(text.status == 0 and text.out == only.out and text.out, f"{name}: {view} {which}: text", text)
    text = look("task", str(oldest["pid"]), core).out.decode()
    line = f"task_enrichments: 1 of {len(tasks)} tasks captured"
    named = set(re.findall(r"(\S+)\[(\d+)\] ", text.split("kernel stacks")[0].replace("init[1]", "")))
    cases.check(line in text and named == {(oldest["comm"], str(oldest["pid"]))}, f"{name}: the text has that task only", text)


def check_none(cases, core, folder):
    out = os.path.join(folder, "out.txt")
    for view in ("task", "dsq", "map"):
        ran = look(view, "no-such-name", "-o", out, core)
        good = ran.status == 1 and re.fullmatch(r"scxray: \S+: nothing that was captured is called no-such-name(; there are [^\n]+)?\n", ran.err)
        cases.check(good and not ran.out and not os.path.exists(out), f"{view}: no such one", ran)
        cases.check(("; there are " in ran.err) == (view == "map"), f"{view}: which maps there are", ran)
        ran = look(view, core)
        cases.check(ran.status == 2 and re.fullmatch(r"scxray: [^\n]+, and an image file; see scxray --help\n", ran.err), f"{view} alone", ran)
    for args in (["tasks", "--only", "log", core], ["check", "--exit-on", "info", core], ["task", "", core],
                 ["dsq", "0x1", core, "--format", "html"], ["task", "x" * 64, core], ["check"], ["tasks", core, core]):
        ran = look(*args)
        cases.check(ran.status == 2 and ran.err.count("\n") == 1 and not ran.out, f"refused: {args}", ran)


def check_map_names(cases, core):
    """A map's name that is not there: the names that are, and each of them finds its map."""
    ran = look("report", "--only", "maps=nonexist", core)
    names = ran.err.rstrip("\n").partition("nonexist; there are ")[2].split(", ")
    captured = json.loads(look("report", "--format", "json", core).out)["late"]["maps"]
    cases.check(ran.status == 0 and names == [m["name"] for m in captured if m.get("name")], "--only maps=nonexist", ran)
    ran = look("report", "--only", f"maps={names[0]}", core)
    cases.check(ran.status == 0 and not ran.err, f"--only maps={names[0]}", ran)


def check_status(cases, half, error, name, folder):
    """0: nothing that bad, 1: something, 2: it can't be told."""
    broken = os.path.join(folder, "broken")
    with open(error, "rb") as f, open(broken, "wb") as out:
        out.write(f.read(5000))
    table = (
        (1, [error]), (1, ["--exit-on=warning", error]), (1, ["--early", half, error]),
        (0, [half]), (1, ["--exit-on=warning", half]), (0, ["--exit-on=error", half]),
        (2, ["--max-tasks", "3", half]), (2, [broken]), (2, [os.path.join(folder, "nowhere")]),
        (2, [half, "-o", os.path.join(folder, "no", "folder")]),
    )
    for status, args in table:
        for command in (["check"], ["report", "--exit-on=error"]):
            ran = look(*command, *args)
            told = ran.err.count("\n") == (1 if status == 2 else 0)
            cases.check(ran.status == status and told, f"{name}: {command} {args}: {status}", ran)
    cases.check(look("report", error).status == 0, f"{name}: without --exit-on a report is a report")


def check_help(cases):
    overview = look("--help").out.decode()
    for view in [*WHOLE, "task", "dsq", "map"]:
        ran = look("help", view)
        first = ran.out.decode().split("\n")[0]
        cases.check(ran.status == 0 and first.startswith(f"usage: scxray {view} ") and f"\n  {view} " in overview, f"help {view}", ran)


def main():
    cases = harness.Cases()
    harness.need_cores(cases)
    with harness.scratch() as folder:
        pairs = harness.core_pairs()
        for half, error in pairs:
            name = harness.core_name(error)
            check_named(cases, name, error)
            check_status(cases, half, error, name, folder)
        check_whole(cases, harness.core_name(pairs[-1][1]), [pairs[-1][1]])
        check_whole(cases, "a pair", ["--early", *pairs[-1]])
        check_none(cases, pairs[-1][1], folder)
        check_map_names(cases, pairs[-1][1])
        check_help(cases)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
