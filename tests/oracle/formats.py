#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The images below build/images, filtered by makedumpfile, give the reports that they give whole.

	formats.py [--scxray PROGRAM] [PATTERN...]
"""

import argparse
import glob
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import formats  # noqa: E402
import harness  # noqa: E402

ZEROES = [["-E", "-d", "1"], ["-d", "1"], ["-l", "-F", "-d", "1"]]
FILTERED = [["-E", "-d", "31"], ["-d", "31"]]
REASON = b"left out by makedumpfile's filter"


def report(scxray, path):
    return subprocess.run([scxray, "report", path], capture_output=True, check=False)


def told(want, got):
    """Where a page is missing the report says so; a line without that word is a line of the whole one."""
    known = set(want.splitlines())
    return got == want or (REASON in got and b"guest: " in got and any(line in known for line in got.splitlines()))


def check(cases, scxray, image, folder):
    whole, path = os.path.join(folder, "whole"), os.path.join(folder, "dump")
    formats.plain(image, whole)
    want = report(scxray, whole)
    name = "/".join(image.split(os.sep)[-3:])
    cases.check(want.returncode == 0, f"{name}: the whole one", want.stderr)
    for options in ZEROES + FILTERED:
        made = formats.makedumpfile(options, whole, path)
        what = f"{name}: makedumpfile {' '.join(options)}"
        if not cases.check(made is True, what, made):
            continue
        got = report(scxray, path)
        # a makedumpfile older than the kernel leaves out pages that it should not: then that is said
        same = got.stdout == want.stdout if options in ZEROES else told(want.stdout, got.stdout)
        cases.check(got.returncode == 0 and same, what, got.stderr)
        print(f"{what}: {'same' if got.stdout == want.stdout else 'pages are missing, and said to be'}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--scxray", default=harness.SCXRAY)
    parser.add_argument("patterns", nargs="*")
    options = parser.parse_args()
    cases = harness.Cases()
    for image in sorted(glob.glob(os.path.join(harness.ROOT, "build", "images", "*", "*", "error.vmcore"))):
        if not options.patterns or any(p in image for p in options.patterns):
            with harness.scratch() as folder:
                check(cases, options.scxray, image, folder)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
