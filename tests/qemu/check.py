#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""scxray watch, attach and run with real QEMUs under emulation: tests/qemu/check.py [--build DIR] [--counts FILE] [WORD...]

Runs the scenarios whose name holds a word.  What a run left is in build/qemu/NAME.
"""

import argparse
import os
import shutil
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import scenarios  # noqa: E402
from guest import harness  # noqa: E402
from left import CONSOLE, Left, Missing, TooSlow  # noqa: E402

ATTEMPTS = 3


def crashed(folder):
    """Emulation now and then trips over a kernel that patches its own code."""
    try:
        with open(os.path.join(folder, CONSOLE), encoding="utf-8", errors="backslashreplace") as f:
            said = f.read()
    except FileNotFoundError:
        return None
    return next((word for word in ("Oops: int3", "invalid opcode", "Kernel panic") if word in said), None)


def run(scenario, parent):
    for attempt in range(1, ATTEMPTS + 1):
        folder = os.path.join(parent, scenario.name)
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(os.path.join(folder, "files"))
        left = Left(folder, scenario.name)
        why = None
        try:
            scenario.run(left)
        except TooSlow as slow:
            why = str(slow)
        except (Missing, EOFError, OSError) as missing:
            left.check(False, f"{type(missing).__name__}: {missing}")
        failed = left.cases.failed
        if failed and not scenario.may_crash:
            why = why or crashed(folder)
        if not why:
            return left.cases
        print(f"once more: {scenario.name}: {why} (attempt {attempt})", flush=True)
    left.check(False, f"{why}, {ATTEMPTS} times")
    return left.cases


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=harness.BUILD)
    parser.add_argument("--counts", help="also write 'passed failed' to this file")
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    harness.SCXRAY = os.path.join(os.path.abspath(options.build), "scxray")
    parent = os.path.join(harness.ROOT, "build", "qemu")
    chosen = [s for s in scenarios.ALL if not options.words or any(w in s.name for w in options.words)]
    passed = failed = 0
    for scenario in chosen:
        begun = time.monotonic()
        cases = run(scenario, parent)
        passed += cases.passed
        failed += cases.failed
        print(f"{'not ok' if cases.failed else 'ok'} {scenario.name}: {scenario.what} "
              f"({cases.passed} checks, {time.monotonic() - begun:.0f} s)", flush=True)
    if options.counts:
        with open(options.counts, "w", encoding="ascii") as f:
            f.write(f"{passed} {failed}\n")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
