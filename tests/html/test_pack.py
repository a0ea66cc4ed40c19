#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A page holds the report's JSON byte for byte, and lets nothing run but its own script."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import pages  # noqa: E402
from pages import harness  # noqa: E402


def check_pair(cases, folder, half, error):
    name = harness.core_name(error)
    path = os.path.join(folder, name)
    text = harness.scxray("report", "--format", "json", "--early", half, error).out
    with open(path + ".json", "wb") as f:
        f.write(text)
    for way, ran in (
        ("from images", harness.scxray("html", "--early", half, error, "-o", path + ".html")),
        ("report --format html", harness.scxray("report", "--format", "html", "--early", half, error, "-o", path + ".html")),
        ("from JSON", harness.scxray("html", path + ".json", "-o", path + ".html")),
    ):
        if not cases.check(ran.status == 0 and not ran.err, f"{name}, {way}: is written", ran):
            continue
        page = pages.read(path + ".html")
        cases.check(pages.packed(page) == text, f"{name}, {way}: holds the JSON")
        cases.check(len(page) < 1 << 20, f"{name}, {way}: is below 1 MB", len(page))
        for what, (allowed, there) in pages.hashes(page).items():
            cases.check(allowed == there, f"{name}, {way}: the policy allows the {what} that is there", (allowed, there))


def check_wrong(cases, folder):
    def file(name, content):
        path = os.path.join(folder, name)
        with open(path, "wb") as f:
            f.write(content)
        return path

    out = os.path.join(folder, "wrong.html")
    for what, argument, word in (
        ("other JSON", file("other.json", b'{"a": 1}'), "not a report"),
        ("half a report", file("half.json", b'{"schema": "dual", "maps": ['), "not all of it"),
        ("no file", os.path.join(folder, "none.json"), "No such file"),
        ("an empty file", file("empty.json", b""), "empty"),
    ):
        ran = harness.scxray("html", argument, "-o", out)
        cases.check(ran.status == 1 and word in ran.err and ran.err.count("\n") == 1 and not os.path.exists(out), f"{what}: one clear line", ran)
    report = file("r.json", b'{"schema":"single"}')
    for what, arguments, word in (
        ("--early with JSON", ["--early", report, report, "-o", out], "leave out --early"),
        ("a name that is no page's", [report, "-o", os.path.join(folder, "x.json")], "another name"),
        ("--format text", ["--format", "text", report, "-o", out], "scxray html writes HTML"),
    ):
        ran = harness.scxray("html", *arguments)
        cases.check(ran.status == 2 and word in ran.err and ran.err.count("\n") == 1, f"{what}: one clear line", ran)


def main():
    cases = harness.Cases()
    harness.need_cores(cases)
    with harness.scratch() as folder:
        for half, error in harness.core_pairs():
            check_pair(cases, folder, half, error)
        check_wrong(cases, folder)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
