#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The golden files: the text of each pair of bundled cores, and one JSON.

    tests/replay/goldens.py --write     make them anew (also: make goldens)

Read the difference before you commit it: a golden is what a person has read.
"""

import argparse
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import harness  # noqa: E402

GOLDENS = os.path.join(HERE, "goldens")
SUFFIX = {"text": ".txt", "json": ".json"}


def golden_path(name, form):
    return os.path.join(GOLDENS, name + SUFFIX[form])


def documents():
    """(name, format, arguments of scxray report) of every golden.

    The text of each pair, and one JSON, of the smallest core: what a person can still read.
    """
    for half, error in harness.core_pairs():
        yield harness.core_name(error).replace("-error", "-dual"), "text", ["--early", half, error]
    cores = [error for _, error in harness.core_pairs()]
    if cores:
        smallest = min(cores, key=os.path.getsize)
        yield harness.core_name(smallest), "json", [smallest]


def main():
    parser = argparse.ArgumentParser(description="the golden files of the bundled cores")
    parser.add_argument("--scxray", default=harness.SCXRAY, help="the program")
    parser.add_argument("--write", action="store_true", required=True, help="write them anew")
    args = parser.parse_args()
    os.makedirs(GOLDENS, exist_ok=True)
    wanted = set()
    for name, form, arguments in documents():
        path = golden_path(name, form)
        wanted.add(os.path.basename(path))
        ran = harness.scxray("report", *arguments, "--format", form, "-o", path, binary=os.path.abspath(args.scxray))
        if ran.status:
            sys.exit(f"goldens.py: {name}: {ran}")
    for name in sorted(set(os.listdir(GOLDENS)) - wanted):
        os.unlink(os.path.join(GOLDENS, name))
    if not wanted:
        sys.exit("goldens.py: no bundled core")
    print(f"{len(wanted)} goldens in {os.path.relpath(GOLDENS, harness.ROOT)}/: git diff shows what changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
