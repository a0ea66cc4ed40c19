#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Bundled cores: the same report each time, valid, and equal to the goldens."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, HERE)
import harness  # noqa: E402
from goldens import documents, golden_path  # noqa: E402
from schema import Validator  # noqa: E402


def first_difference(a, b):
    one, two = a.decode("utf-8", "replace").splitlines(), b.decode("utf-8", "replace").splitlines()
    for number, (x, y) in enumerate(zip(one, two), 1):
        if x != y:
            at = next((i for i, (c, d) in enumerate(zip(x, y)) if c != d), min(len(x), len(y)))
            start = max(0, at - 60)
            return f"line {number}, column {at + 1}\n- {x[start:at + 100]}\n+ {y[start:at + 100]}"
    return f"{len(one)} lines, {len(two)} lines"


def check_same(cases, what, a, b):
    return cases.check(a == b, what, "" if a == b else first_difference(a, b))


def check_replay(cases, core, folder, validator):
    """A core of a core gives the report of the core, and is the same core."""
    name = harness.core_name(core)
    for form in ("text", "json"):
        first = harness.scxray("report", core, "--format", form)
        again = harness.scxray("report", core, "--format", form)
        cases.check(first.status == 0 and first.out and not first.err, f"{name}: a report as {form}", first)
        check_same(cases, f"{name}: the same {form} twice", first.out, again.out)
        if form == "json":
            problems = validator.errors(first.out)
            cases.check(not problems, f"{name}: its JSON is valid against the schema", "\n".join(problems))
        saved = os.path.join(folder, "saved.core.zst")
        ran = harness.scxray("report", core, "--save-core", saved, "--format", form)
        check_same(cases, f"{name}: --save-core leaves the {form} alone", first.out, ran.out)
        replay = harness.scxray("report", saved, "--format", form)
        check_same(cases, f"{name}: a saved core replays to the same {form}", first.out, replay.out)
        saved_again = os.path.join(folder, "again.core.zst")
        harness.scxray("report", saved, "--save-core", saved_again)
        with open(saved, "rb") as a, open(saved_again, "rb") as b:
            cases.check(a.read() == b.read(), f"{name}: a core of a saved core is the same file")


def check_dual_cores(cases, half, error, folder):
    """Both cores of a pair, saved at once and replayed as a pair."""
    name = harness.core_name(error)
    early, late = os.path.join(folder, "early.core.zst"), os.path.join(folder, "late.core.zst")
    first = harness.scxray("report", "--early", half, error, "--save-core", late, "--save-early-core", early)
    again = harness.scxray("report", "--early", early, late)
    cases.check(first.status == 0 and again.status == 0, f"{name}: a pair of cores", f"{first}{again}")
    check_same(cases, f"{name}: a pair of saved cores replays to the same text", first.out, again.out)


def check_goldens(cases):
    seen = set()
    for name, form, args in documents():
        path = golden_path(name, form)
        seen.add(os.path.basename(path))
        ran = harness.scxray("report", *args, "--format", form)
        what = f"{name} as {form}"
        if not cases.check(ran.status == 0 and not ran.err, what, ran):
            continue
        if not os.path.exists(path):
            cases.check(False, f"{what}: no golden {os.path.relpath(path, harness.ROOT)} (make goldens)")
            continue
        with open(path, "rb") as f:
            check_same(cases, f"{what} equals the golden", f.read(), ran.out)
    folder = os.path.dirname(golden_path("x", "text"))
    left = sorted(set(os.listdir(folder)) - seen) if os.path.isdir(folder) else []
    cases.check(not left, "no golden without its core", left)


def main():
    cases = harness.Cases()
    cores = harness.need_cores(cases)
    validator = Validator(harness.SCHEMA)
    with harness.scratch() as folder:
        for core in cores:
            check_replay(cases, core, folder, validator)
        for half, error in harness.core_pairs():
            check_dual_cores(cases, half, error, folder)
    check_goldens(cases)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
