#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What holds of every JSON: tasks by age, where each is, ids and great numbers also in hexadecimal, paths that lead where
they say."""

import glob
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import harness  # noqa: E402

EXACT = 1 << 53
IDS = {"dsq_id", "ddsp_dsq_id"}


def age(task):
    value = task.get("runnable_age_jiffies")
    return value if isinstance(value, int) else -(1 << 63)


def objects(value, path=""):
    """All objects of a JSON value, with their paths."""
    if isinstance(value, dict):
        yield path, value
        for key, sub in value.items():
            yield from objects(sub, f"{path}.{key}")
    elif isinstance(value, list):
        for i, sub in enumerate(value):
            yield from objects(sub, f"{path}[{i}]")


def check_twins(cases, name, document):
    wrong, nr = [], 0
    for path, at in objects(document):
        for key, value in at.items():
            twin = at.get(key + "_hex")
            if not isinstance(value, int) or isinstance(value, bool) or ".event_counter_timeline" in path or "bits" in at:
                continue
            ours = "_plain" not in path  # what scxray calls so; a scheduler's members have a twin where they are great
            needs = abs(value) > EXACT or (ours and key in IDS) or (key == "id" and "origin" in at) or (key == "dsq" and "evidence" in at)
            nr += needs
            if needs != (twin is not None) or (twin is not None and int(twin, 16) != value % (1 << 64)):
                wrong.append(f"{path}.{key}: {value} {twin}")
    cases.check(nr > 20 and not wrong, f"{name}: {nr} numbers have a twin", "\n".join(wrong))


def check_where(cases, name, half):
    by_kva = {d["dsq_kva"]: d for d in half["dsq_states"]}
    wrong, kinds = [], set()
    for task in half["task_enrichments"]:
        where, dsq = task["where"], by_kva.get(task.get("dsq_kva"))
        kinds.add(where["kind"])
        if where["kind"] == "dsq":
            held = dsq["task_kvas"][where["position"] - 1] == task["task_kva"] and where["of"] == len(dsq["task_kvas"])
            good = held and where["dsq_id"] == dsq["id"] and (f" cpu {where.get('cpu')}" in dsq["origin"] or "cpu" not in where)
        elif where["kind"] == "running":
            good = any(rq["cpu"] == where["cpu"] and rq["curr_kva"] == task["task_kva"] for rq in half["rq_scx_states"])
        elif where["kind"] == "bpf":
            good = task["ops_state_name"] == "QUEUED" and not int(task["dsq_kva"], 16)
        else:
            good = where["kind"] in ("not_runnable", "run_queue", "nowhere", "not_linked", "moving") and \
                not any(task["task_kva"] in d.get("task_kvas", []) for d in half["dsq_states"])
        if not good or (task.get("sched_class") == "ext" and not where.get("scheduler")):
            wrong.append(f"{task['comm']}[{task['pid']}]: {where}")
    cases.check({"not_runnable", "running"} < kinds and not wrong, f"{name}: where {len(half['task_enrichments'])} tasks are",
                "\n".join(wrong) or kinds)


def check_order(cases, name, half):
    ages = [age(task) for task in half["task_enrichments"]]
    cases.check(ages == sorted(ages, reverse=True) and ages[0] > 0, f"{name}: tasks by age", ages[:20])


def check_paths(cases, name, document):
    """A path to a task leads to one that its finding tells of."""
    nr = 0
    for finding in document.get("diagnosis", []):
        for path in finding["evidence"]:
            found = re.match(r"(early|late)\.task_enrichments\[(\d+)\]", path)
            if not found:
                continue
            nr += 1
            task = document[found[1]]["task_enrichments"][int(found[2])]
            label = f"{task['comm']}[{task['pid']}]"
            named = {f"{t['comm']}[{t['pid']}]" for t in finding.get("tasks", [])}
            cases.check(label in named or label in finding["text"], f"{name}: {path} leads to {label}", finding)
    return nr


def main():
    cases = harness.Cases()
    harness.need_cores(cases)
    paths = 0
    others = sorted(glob.glob(os.path.join(harness.ROOT, "tests", "oracle", "cores", "*.core.zst")))
    for args in [*([core] for core in harness.bundled_cores() + others), *(["--early", *pair] for pair in harness.core_pairs())]:
        name = " ".join(os.path.basename(arg) for arg in args)
        document = json.loads(harness.scxray("report", "--format", "json", *args).out)
        check_twins(cases, name, document)
        paths += check_paths(cases, name, document)
        for key in ("early", "late"):
            if key in document:
                check_order(cases, f"{name}: {key}", document[key])
                check_where(cases, f"{name}: {key}", document[key])
    cases.check(paths > 20, "paths to tasks were followed", paths)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
