#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""--annotate, --junit, and the commands of docs/ci.md."""

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import harness  # noqa: E402

LEVELS = {"error": "error", "warning": "warning", "info": "notice"}


def findings(*files):
    return json.loads(harness.scxray("report", "--only", "diagnosis", "--format", "json", *files).out).get("diagnosis", [])


def check_outputs(cases, name, wanted, files, folder):
    path, text = os.path.join(folder, "j.xml"), os.path.join(folder, "text")
    ran = harness.scxray("check", *files, "-o", text, "--annotate", "github", "--junit", path)
    cases.check(ran.status == any(f["severity"] == "error" for f in wanted) and not ran.err, f"{name}: the status", ran)
    lines = ran.out.decode().splitlines()
    want = [f"::{LEVELS[f['severity']]} title=scxray {f['rank']} {f['kind']}::{f['text'].replace('%', '%25')}" for f in wanted]
    cases.check(lines == want and want, f"{name}: annotations", "\n".join(lines))
    suite = xml.etree.ElementTree.parse(path).getroot().find("testsuite")
    got = [(case.get("name"), (case.find("failure").get("message") if case.find("failure") is not None else None)) for case in suite]
    cases.check(got == [(f["kind"], f["text"] if f["severity"] == "error" else None) for f in wanted], f"{name}: JUnit", got)
    failed = sum(f["severity"] == "error" for f in wanted)
    cases.check((suite.get("tests"), suite.get("failures")) == (str(len(wanted)), str(failed)), f"{name}: counts", suite.attrib)
    plain = harness.scxray("check", *files)
    with open(text, "rb") as f:
        cases.check(f.read() == plain.out, f"{name}: the text is what it is without them")


def check_guide(cases, report, folder):
    """The lines of the templates that call scxray check, as a shell runs them."""
    with open(os.path.join(harness.ROOT, "docs", "ci.md"), encoding="utf-8") as f:
        blocks = re.findall(r"^```yaml\n(.*?)^```$", f.read(), re.M | re.S)
    commands = [re.sub(r"\n +", " ", found) for block in blocks for found in re.findall(r"^ *(\[ ! -e .*?\n.*?)$", block, re.M)]
    cases.check(len(blocks) == 2 and len(commands) == 2, "two templates", commands)
    os.makedirs(os.path.join(folder, "bin"))
    os.makedirs(os.path.join(folder, "reports"))
    os.symlink(harness.SCXRAY, os.path.join(folder, "bin", "scxray"))
    env = dict(os.environ, PATH=os.path.join(folder, "bin") + ":" + os.environ["PATH"])
    for there in (False, True):
        if there:
            os.symlink(report, os.path.join(folder, "reports", "vm.scxray.json"))
        for command in commands:
            ran = subprocess.run(["bash", "-ec", command], cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False)
            cases.check(ran.returncode == there and bool(ran.stdout) == there, f"{command}: {there}", f"{ran.returncode} {ran.stderr}")
    cases.check(os.path.getsize(os.path.join(folder, "reports", "junit.xml")) > 100, "the file that GitLab reads")


def main():
    cases = harness.Cases()
    harness.need_cores(cases)
    half, error = harness.core_pairs()[-1]
    with harness.scratch() as folder:
        report = os.path.join(folder, "r.json")
        harness.scxray("report", "--early", half, error, "-o", report)
        check_outputs(cases, "an image", findings(error), [error], folder)
        check_outputs(cases, "half-way", findings(half), [half], folder)
        check_outputs(cases, "a pair", findings("--early", half, error), ["--early", half, error], folder)
        check_outputs(cases, "its JSON", findings("--early", half, error), [report], folder)
        check_guide(cases, report, folder)
        for args in (("--annotate", "gitlab"), ("--junit", ""), ("--junit", error), ("--junit", report, "-o", report)):
            ran = harness.scxray("check", error, *args)
            cases.check(ran.status in (1, 2) and ran.err.count("\n") == 1 and not ran.out, f"{args}: refused", ran)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
