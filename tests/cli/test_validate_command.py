#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""scxray validate: says of each violation of tests/render/test_validate.py what the Python validator says, and of random ones."""

import copy
import glob
import importlib.util
import json
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import harness  # noqa: E402
import schema  # noqa: E402

SEED, CHANGES = 11, 150


def module(*path):
    spec = importlib.util.spec_from_file_location(os.path.basename(path[-1])[:-3], os.path.join(harness.ROOT, "tests", *path))
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


RENDER, REPLAY = module("render", "test_validate.py"), module("replay", "test_schema.py")


def golden(name):
    with open(os.path.join(RENDER.GOLDEN, name + ".json"), encoding="utf-8") as f:
        return json.load(f)


def validate(path, document=None):
    if document is not None:
        with open(path, "w", encoding="utf-8") as f:
            json.dump(document, f)
    return harness.scxray("validate", path)


def refused(ran, where):
    return ran.status == 1 and not ran.out and ran.err.count("\n") == 1 and where in ran.err


def check_tables(cases, path):
    tables = (("single", RENDER.BREAK), ("maps", RENDER.BREAK_MAPS), ("dual", RENDER.BREAK_DUAL), ("dual-live", RENDER.BREAK_LIVE),
              ("degraded", RENDER.BREAK_DEGRADED))
    for name, broken in tables:
        for what, change, where in broken:
            document = golden(name)
            change(document)
            # whether a member is missing or has the wrong form can be said at it or at what it is in
            ran = validate(path, document)
            cases.check(refused(ran, where.split(".")[0].split("[")[0] if where != "(top)" else ":"), f"{name}: {what}", ran)
            cases.check(refused(ran, ""), f"{name}: {what}: in one line", ran)
    for what, raw in RENDER.RAW:
        with open(path, "wb") as f:
            f.write(raw)
        ran = validate(path)
        cases.check(refused(ran, path), what, ran)


def check_random(cases, path, core):
    validator = schema.Validator(harness.SCHEMA)
    report = json.loads(harness.scxray("report", core, "--format", "json").out)
    for key in ("task_enrichments", "maps", "dsq_states", "kernel_log"):
        report["late"][key] = report["late"][key][:2]
    report.pop("diagnosis")
    ran = validate(path, report)
    cases.check(ran.status == 0 and not ran.err, "the small report is valid", ran)
    rng, invalid = random.Random(SEED), 0
    for number in range(CHANGES):
        other = copy.deepcopy(report)
        REPLAY.change(other, rng)
        wrong = validator.errors(json.dumps(other).encode())
        invalid += bool(wrong)
        ran = validate(path, other)
        cases.check(ran.status == bool(wrong), f"change {number}: the verdict of both", f"{wrong}\n{ran}")
    cases.check(invalid > CHANGES // 3, "a good part of the changes is noticed", invalid)


def main():
    cases = harness.Cases()
    core = harness.need_cores(cases)[-1]
    with harness.scratch() as folder:
        path = os.path.join(folder, "r.json")
        ran = harness.scxray("validate", *sorted(glob.glob(os.path.join(RENDER.GOLDEN, "*.json"))))
        cases.check(ran.status == 0 and not ran.err and not ran.out, "golden documents are valid", ran)
        for form in ("both", "typed", "plain"):
            harness.scxray("report", core, "--json", form, "-o", path)
            ran = validate(path)
            cases.check(ran.status == 0 and not ran.err, f"{form}: valid", ran)
        check_tables(cases, path)
        check_random(cases, path, core)
        for args, status in (((), 2), (("--x",), 2), ((os.path.join(folder, "nowhere"),), 1), ((core,), 1), ((path, core), 1)):
            ran = harness.scxray("validate", *args)
            cases.check(ran.status == status and ran.err.count("\n") >= 1 and not ran.out, f"{args}: {status}", ran)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
