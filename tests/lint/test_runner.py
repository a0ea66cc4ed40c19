#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Can the test runner say that something has failed?"""

import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, os.path.join(HERE, ".."))
import harness  # noqa: E402
import run  # noqa: E402

# (what, status, output, a check(1) program?, passed, failed)
ENDS = (
    ("all checks passed", 0, "100%: Checks: 7, Failures: 0, Errors: 0\n", True, 7, 0),
    ("two suites", 1, "50%: Checks: 2, Failures: 1, Errors: 0\n0%: Checks: 1, Failures: 0, Errors: 1\n", True, 1, 2),
    ("no checks at all", 0, "100%: Checks: 0, Failures: 0, Errors: 0\n", True, 0, 1),
    ("a program that says nothing", 0, "", True, 0, 1),
    ("a crash before the summary", -11, "Running suite(s): x\n", True, 0, 1),
    ("a leak found behind the summary", 23, "100%: Checks: 7, Failures: 0, Errors: 0\n==1==ERROR\n", True, 7, 1),
    ("a script", 0, "", False, 1, 0),
    ("a script that fails", 1, "", False, 0, 1),
    ("a script with cases", 0, "x\ncases: 5 passed, 0 failed\n", False, 5, 0),
    ("a script with failed cases", 1, "cases: 5 passed, 2 failed\n", False, 5, 2),
    ("a script that counts failures and says 0", 0, "cases: 5 passed, 2 failed\n", False, 5, 2),
    ("a script without a case", 0, "cases: 0 passed, 0 failed\n", False, 0, 1),
    ("a script that fails behind its cases", 1, "cases: 5 passed, 0 failed\n", False, 5, 1),
)


def main():
    cases = harness.Cases()
    for what, status, output, is_unit, passed, failed in ENDS:
        found = run.count(status, output, is_unit)
        cases.check(found == (passed, failed), what, f"counted {found}, not {(passed, failed)}")

    tests = dict(run.discover(harness.BUILD))
    cases.check("tests/lint/test_runner.py" in tests, "it finds scripts")
    for name in os.listdir(os.path.join(harness.ROOT, "tests", "unit")):
        if name.endswith(".c"):
            cases.check(f"tests/unit/{name[:-2]}" in tests, f"it finds {name}")

    env = dict(os.environ)
    nothing = run.run(("tests/unit/nothing", [os.path.join(harness.BUILD, "no", "such", "program")]), env, 5)
    cases.check(nothing.failed == 1, "a program that was not built has failed")
    slow = run.run(("tests/x/test_slow.py", ["sleep", "60"]), env, 1)
    cases.check(slow.failed == 1 and "not finished" in slow.output, "a test that does not end has failed")
    skipped = run.run(("tests/x/test_skip.py", ["sh", "-c", "echo no such device; exit 77"]), env, 5)
    cases.check(skipped.skipped == "no such device" and not skipped.passed, "a skipped test is no passed one")
    skipped = run.run(("tests/unit/skip", ["sh", "-c", "echo no such device; exit 77"]), env, 5)
    cases.check(skipped.skipped == "no such device" and not skipped.passed, "nor is a skipped program")

    ran = subprocess.run([sys.executable, os.path.join(HERE, "..", "run.py"), "--build", harness.BUILD, "no such test"],
                         capture_output=True, text=True, check=False)
    cases.check(ran.returncode == 1 and ran.stdout.endswith("\n0 passed, 1 failed\n"), "no test is a failure", ran.stdout)
    check_builds_what_runs(cases)
    return cases.end()


def check_builds_what_runs(cases):
    """make check links the check programs that the runner starts, and scxray for scripts."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("MAKE") and name != "RUN"}
    for words in ("unit/capture_l", "unit/capture_list replay", "lint/test_runner", ""):
        ran = subprocess.run(["make", "--no-print-directory", "-nB", "check-programs", f"RUN={words}"],
                             cwd=harness.ROOT, env=env, capture_output=True, text=True, check=False)
        linked = set(re.findall(rf"'LINK' 'build/{os.path.basename(harness.BUILD)}/(tests/unit/\w+|scxray)'", ran.stdout))
        runs = {name if name.startswith("tests/unit/") else "scxray" for name, _ in run.choose("", words.split())}
        cases.check(linked == runs, f"RUN='{words}' links what it runs", f"{linked ^ runs}\n{ran.stderr}")


if __name__ == "__main__":
    sys.exit(main())
