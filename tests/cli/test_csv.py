#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""--format csv: each cell is what the JSON has under the column's name; of an image and of a report's JSON."""

import csv
import io
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import harness  # noqa: E402

LISTS = {"tasks": "task_enrichments", "dsqs": "dsq_states", "cpus": "rq_scx_states", "log": "kernel_log"}


def flat(value, prefix=""):
    """{column: cell} of an object."""
    cells = {}
    for key, sub in value.items():
        if key == "scx_plain" or (isinstance(sub, list) and sub and isinstance(sub[0], (dict, list))):
            continue
        if isinstance(sub, dict) and sub.get("kind") == "unreadable":
            cells[prefix + key] = f"unreadable: {sub['reason']}"
        elif isinstance(sub, dict):
            cells.update(flat(sub, f"{prefix}{key}."))
        elif isinstance(sub, list):
            cells[prefix + key] = " ".join(map(str, sub))
        else:
            cells[prefix + key] = {True: "true", False: "false"}.get(sub) if isinstance(sub, bool) else str(sub)
    return cells


def rows(text):
    return list(csv.DictReader(io.StringIO(text.decode(), newline="")))


def check_table(cases, name, ran, document, key):
    want = [{"half": half, **flat(one)} for half in ("early", "late") if half in document for one in document[half].get(key, [])]
    got = [{k: v for k, v in row.items() if v} for row in rows(ran.out)]
    want = [{k: ("'" + v if v[:1] in "=+-@\t" and not v[1:].isdigit() else v) for k, v in row.items() if v} for row in want]
    cases.check(ran.status == 0 and not ran.err and got == want and got, f"{name}: {len(got)} rows",
                next((f"{a}\n{b}" for a, b in zip(got, want) if a != b), f"{len(got)} {len(want)}"))


def main():
    cases = harness.Cases()
    harness.need_cores(cases)
    with harness.scratch() as folder:
        path = os.path.join(folder, "r.json")
        for half, error in harness.core_pairs():
            for files in ([error], ["--early", half, error]):
                harness.scxray("report", *files, "--json", "plain", "-o", path)
                with open(path, encoding="utf-8") as f:
                    document = json.load(f)
                for view, key in LISTS.items():
                    for source in (files, [path]):
                        ran = harness.scxray(view, "--format", "csv", *source)
                        check_table(cases, f"{harness.core_name(error)}: {view} {len(source)}", ran, document, key)
        task = document["late"]["task_enrichments"][0]
        for source in (files, [path]):
            found = rows(harness.scxray("task", str(task["pid"]), "--format", "csv", *source).out)
            cases.check({row["comm"] for row in found} == {task["comm"]} and len(found) == 2, "one task", found)
        for args in (("report", "--format", "csv"), ("check", "--format", "csv"), ("map", "x", "--format", "csv"),
                     ("report", "--only", "tasks,dsqs", "--format", "csv"), ("html", "--format", "csv")):
            ran = harness.scxray(*args, error)
            cases.check(ran.status == 2 and ran.err.count("\n") == 1 and not ran.out, f"{args}: refused", ran)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
