#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Parts of a report from its JSON: the same bytes as from the image, for all cores, one moment and two, and degraded."""

import copy
import glob
import json
import os
import random
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import harness  # noqa: E402

VIEWS = ("tasks", "dsqs", "cpus", "log", "check")
SEED, CHANGES = 3, 40
# what JSON is not read for: a stalled task's entry in a map
CARD = re.compile(r"    [\w.]+: .*|      .*")


def same(image, reread, view):
    if view != "check":
        return image.out == reread.out and image.status == reread.status
    mine, theirs = reread.out.decode().splitlines(), image.out.decode().splitlines()
    at = 0
    for line in theirs:
        if at < len(mine) and mine[at] == line:
            at += 1
        elif not CARD.fullmatch(line):
            return False
    return at == len(mine) and image.status == reread.status


def check_views(cases, name, files, path):
    ran = harness.scxray("report", *files, "-o", path)
    cases.check(ran.status == 0, f"{name}: its JSON", ran)
    for view in VIEWS:
        for option in ((), ("--full",)):
            image, reread = harness.scxray(view, *option, *files), harness.scxray(view, *option, path)
            cases.check(same(image, reread, view) and image.out, f"{name}: {view} {option}", f"{reread}\n{reread.out.decode()[:600]}")
    with open(path, encoding="utf-8") as f:
        half = json.load(f)["late"]
    task = half["task_enrichments"][0]
    user = next((d for d in half["dsq_states"] if d["origin"] == "user"), half["dsq_states"][0])
    for view, which in (("task", str(task["pid"])), ("task", task["comm"]), ("dsq", user["id_hex"]), ("dsq", "local cpu 0")):
        image, reread = harness.scxray(view, which, *files), harness.scxray(view, which, path)
        cases.check(image.out == reread.out and image.status == reread.status == 0 and image.out, f"{name}: {view} {which}", reread)
    ran = harness.scxray("task", "no-such-name", path)
    cases.check(ran.status == 1 and "nothing that was captured" in ran.err, f"{name}: no such task", ran)


def objects(value):
    if isinstance(value, dict):
        yield value
        for sub in value.values():
            yield from objects(sub)
    elif isinstance(value, list):
        for sub in value:
            yield from objects(sub)


def check_hostile(cases, report, path):
    """Wrong values in a file are no reason to crash, or to hang."""
    rng = random.Random(SEED)
    for number in range(CHANGES):
        other = copy.deepcopy(report)
        found = [o for o in objects(other["late"]) if o]
        for _ in range(8):
            at = rng.choice(found)
            key = rng.choice(list(at))
            at[key] = rng.choice([None, -1, 2**64 - 1, 2**70, "", "0xffffffffffffffff", "4-99999999999", [], [None], {}, {"kind": "unreadable"}, 1e300])
        with open(path, "w", encoding="utf-8") as f:
            json.dump(other, f)
        for view in ("check", "cpus"):
            ran = harness.scxray(view, path, timeout=20)
            cases.check(ran.status in (0, 1, 2) and ran.err.count("\n") <= 1, f"change {number}: {view}", ran)


def check_refused(cases, core, report, path):
    def write(document):
        with open(path, "w", encoding="utf-8") as f:
            json.dump(document, f)

    write(report)
    for args, status in ((("report",), 2), (("tasks", "--early", core), 2), (("tasks", "--format", "json"), 2), (("tasks", "--timing"), 2),
                         (("report", "--only", "tasks,maps"), 2), (("tasks", "--save-core", "/tmp/x"), 2), (("report", "--only", "tasks"), 0)):
        ran = harness.scxray(*args, path)
        cases.check(ran.status == status and ran.err.count("\n") == bool(status), f"{args}: {status}", ran)
    for what, document in (("another version", {**report, "schema_version": 1}), ("a part", {**report, "only": ["tasks"]}),
                           ("no report", {"a": 1}), ("no snapshot", {k: v for k, v in report.items() if k != "late"})):
        write(document)
        for view, status in (("tasks", 1), ("check", 2)):
            ran = harness.scxray(view, path)
            cases.check(ran.status == status and ran.err.count("\n") == 1 and not ran.out, f"{what}: {view}", ran)
    with open(path, "w", encoding="utf-8") as f:
        f.write('{"schema":')
    ran = harness.scxray("tasks", path)
    cases.check(ran.status == 1 and "line 1" in ran.err, "JSON that ends too early", ran)


def main():
    cases = harness.Cases()
    harness.need_cores(cases)
    others = sorted(glob.glob(os.path.join(harness.ROOT, "tests", "oracle", "cores", "*.core.zst")))
    with harness.scratch() as folder:
        path = os.path.join(folder, "r.json")
        for core in harness.bundled_cores() + others:
            check_views(cases, harness.core_name(core), [core], path)
        for half, error in harness.core_pairs():
            check_views(cases, f"pair {harness.core_name(error)}", ["--early", half, error], path)
        error = harness.core_pairs()[-1][1]
        degraded = os.path.join(folder, "degraded.core.zst")
        subprocess.run([harness.tool("give_host"), "degraded", error, degraded], check=True)
        check_views(cases, "degraded", [degraded], path)
        report = json.loads(harness.scxray("report", error, "--json", "plain").out)
        report["late"]["maps"] = report["late"]["maps"][:2]
        report["late"]["task_enrichments"] = report["late"]["task_enrichments"][:12]
        check_hostile(cases, report, path)
        check_refused(cases, error, report, path)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
