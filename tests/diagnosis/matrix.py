#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""matrix.py --scxray PROGRAM [WORD...]: failures against the first finding of their reports.

Over all images below build/images and the bundled cores (with WORDs: those whose name holds one).
Prints a row for each mode and each kind that came first there; status 1 if one is not right.
"""

import argparse
import collections
import glob
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
from expected import FIRST, mode_of  # noqa: E402


def pairs(images):
    """(name, early or None, late) of every failure that there is."""
    for late in sorted(glob.glob(os.path.join(images, "*", "*", "error.vmcore"))):
        folder = os.path.dirname(late)
        early = os.path.join(folder, "half.vmcore")
        yield os.path.relpath(folder, images), early if os.path.exists(early) else None, late
    for late in sorted(glob.glob(os.path.join(ROOT, "kernel-fixtures", "cores", "*-error.core.zst"))):
        early = late.replace("-error.core.zst", "-half.core.zst")
        yield os.path.basename(late)[: -len("-error.core.zst")], early if os.path.exists(early) else None, late


def first_finding(program, early, late):
    """(rank, kind, text) of the first finding that is no caveat."""
    command = [program, "report", "--format", "json", "--only", "diagnosis"]
    ran = subprocess.run(command + (["--early", early] if early else []) + [late], stdout=subprocess.PIPE, check=True)
    for finding in json.loads(ran.stdout).get("diagnosis", []):
        if finding["rank"] != "caveat":
            return finding["rank"], finding["kind"], finding["text"]
    return "none", "none", ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--scxray", required=True)
    parser.add_argument("--images", default=os.path.join(ROOT, "build", "images"))
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    seen = collections.defaultdict(collections.Counter)
    wrong = []
    for name, early, late in pairs(options.images):
        if options.words and not any(word in name for word in options.words):
            continue
        mode = mode_of(name)
        rank, kind, text = first_finding(options.scxray, early, late)
        seen[mode][kind] += 1
        if rank != "cause" or kind not in FIRST.get(mode, ()):
            wrong.append((name, rank, kind, text))
    if not seen:
        sys.exit("no image below %s and no bundled core; see docs/images.md" % options.images)
    print("%-20s %-24s %s" % ("mode", "first finding", "images"))
    for mode in sorted(seen):
        for kind, count in sorted(seen[mode].items()):
            print("%-20s %-24s %d%s" % (mode, kind, count, "" if kind in FIRST.get(mode, ()) else "  WRONG"))
    total = sum(sum(kinds.values()) for kinds in seen.values())
    print("%d of %d right" % (total - len(wrong), total))
    for name, rank, kind, text in wrong:
        print("%s: %s %s: %s" % (name, rank, kind, text))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
