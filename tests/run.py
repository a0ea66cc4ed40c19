#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs the tests of a build: every unit program and every test script.

Usage: tests/run.py --build build/gcc [--jobs 2] [PATTERN...]

A test is
  - a check(1) program, BUILD/tests/unit/*: it says "N%: Checks: …" itself
    (or ends with 77, its last line says why);
  - a script tests/*/test_*.py or tests/*/*_test.sh: it ends with
    "cases: P passed, F failed" where it has several cases, and is one case else.
    Status 0 passed, 77 skipped (its last line says why), else failed.

One line a test, the output of those that fail, and as the last line
"N passed, N failed", which counts cases.  A program that ends without saying
how many checks it made has failed, and so has a run in which nothing ran.
"""

import argparse
import concurrent.futures
import os
import re
import signal
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CHECK_LINE = re.compile(r"^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)", re.M)
CASES_LINE = re.compile(r"^cases: (\d+) passed, (\d+) failed$", re.M)
SKIPPED = 77


class Result:
    def __init__(self, name, passed, failed, seconds, output, skipped=None):
        self.name = name
        self.passed = passed
        self.failed = failed
        self.seconds = seconds
        self.output = output
        self.skipped = skipped

    def line(self):
        if self.skipped:
            return f"skip    {self.name}: {self.skipped}"
        word = "FAILED" if self.failed else "ok"
        cases = f"{self.passed} of {self.passed + self.failed}"
        return f"{word:<7} {self.name:<44} {cases:>12} {self.seconds:7.1f} s"


def discover(build):
    """All tests, the slow ones first: names (relative to ROOT) and command lines."""
    tests = []
    for folder, _, names in sorted(os.walk(os.path.join(ROOT, "tests"))):
        for name in sorted(names):
            path = os.path.relpath(os.path.join(folder, name), ROOT)
            if re.fullmatch(r"test_.*\.py", name):
                tests.append((path, [sys.executable, path]))
            elif name.endswith("_test.sh"):
                tests.append((path, ["sh", path]))
    units = os.path.join(build, "tests", "unit")
    sources = os.path.join(ROOT, "tests", "unit")
    for name in sorted(os.listdir(sources)) if os.path.isdir(sources) else []:
        if name.endswith(".c"):
            tests.append((f"tests/unit/{name[:-2]}", [os.path.join(units, name[:-2])]))
    first = ["tests/mutate/", "tests/cli/", "tests/replay/"]
    rank = {t[0]: next((i for i, f in enumerate(first) if t[0].startswith(f)), len(first)) for t in tests}
    return sorted(tests, key=lambda t: (rank[t[0]], t[0]))


def choose(build, patterns):
    """The tests whose names hold one of the patterns; without patterns all."""
    return [test for test in discover(build) if not patterns or any(p in test[0] for p in patterns)]


def count(status, output, is_unit):
    """(passed, failed) of one finished test."""
    if is_unit:
        found = CHECK_LINE.findall(output)
        if not found:
            return 0, 1
        checks = sum(int(f[0]) for f in found)
        bad = sum(int(f[1]) + int(f[2]) for f in found)
    else:
        found = CASES_LINE.findall(output)
        bad = int(found[-1][1]) if found else int(status != 0)
        checks = int(found[-1][0]) + bad if found else 1
    if checks == 0 or (status != 0 and bad == 0):
        return checks, 1
    return checks - bad, bad


def run(test, env, timeout):
    name, command = test
    is_unit = name.startswith("tests/unit/")
    start = time.monotonic()
    try:
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, start_new_session=True)
    except OSError as error:
        return Result(name, 0, 1, 0, f"{command[0]}: {error.strerror}\n")
    try:
        raw, _ = process.communicate(timeout=timeout)
        note = ""
    except subprocess.TimeoutExpired:
        # the test's own session, and nothing else
        os.killpg(process.pid, signal.SIGKILL)
        raw, _ = process.communicate()
        note = f"not finished after {timeout} s\n"
    output = raw.decode("utf-8", "backslashreplace") + note
    seconds = time.monotonic() - start
    if process.returncode == SKIPPED:
        lines = output.strip().splitlines()
        return Result(name, 0, 0, seconds, output, lines[-1] if lines else "no reason given")
    passed, failed = count(process.returncode, output, is_unit)
    if failed and process.returncode < 0:
        output += f"ended by {signal.Signals(-process.returncode).name}\n"
    return Result(name, passed, failed, seconds, output)


def main():
    parser = argparse.ArgumentParser(description="runs the tests of a build")
    parser.add_argument("--build", required=True, help="build folder, e.g. build/gcc")
    parser.add_argument("--jobs", type=int, default=2, help="tests at the same time (2)")
    parser.add_argument("--timeout", type=int, default=600, help="seconds that one test may take (600)")
    parser.add_argument("--counts", help="also write 'passed failed' to this file")
    parser.add_argument("--list", action="store_true", help="only name the tests")
    parser.add_argument("pattern", nargs="*", help="run only tests whose name holds one of these")
    args = parser.parse_args()

    build = os.path.abspath(args.build)
    tests = choose(build, args.pattern)
    if args.list:
        print("\n".join(t[0] for t in tests))
        return 0
    env = dict(os.environ, SCXRAY=os.path.join(build, "scxray"), SCXRAY_BUILD=build, PYTHON=sys.executable,
               PYTHONDONTWRITEBYTECODE="1", LC_ALL="C.UTF-8", TZ="UTC",
               ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "abort_on_error=0:detect_leaks=1"),
               UBSAN_OPTIONS=os.environ.get("UBSAN_OPTIONS", "print_stacktrace=1"))
    for name in ("NO_COLOR", "COLUMNS", "CK_RUN_SUITE", "CK_RUN_CASE", "CK_VERBOSITY"):
        env.pop(name, None)

    results = []
    with concurrent.futures.ThreadPoolExecutor(max_workers=max(1, args.jobs)) as pool:
        for future in concurrent.futures.as_completed([pool.submit(run, t, env, args.timeout) for t in tests]):
            result = future.result()
            results.append(result)
            print(result.line(), flush=True)
            if result.failed:
                for line in result.output.splitlines()[-60:]:
                    print("    | " + line, flush=True)

    passed = sum(r.passed for r in results)
    failed = sum(r.failed for r in results)
    if passed + failed == 0:
        print("no test has run", flush=True)
        failed = 1
    skipped = sum(1 for r in results if r.skipped)
    if skipped:
        print(f"{skipped} test{'s' if skipped != 1 else ''} skipped")
    if args.counts:
        with open(args.counts, "w", encoding="ascii") as out:
            out.write(f"{passed} {failed}\n")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
