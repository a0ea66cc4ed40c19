#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The sample output in README.md and docs/scxray.1: what the build really prints.

    tests/docs/samples.py --write     put the present output there (also: make goldens)
"""

import argparse
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import harness  # noqa: E402

README = os.path.join(harness.ROOT, "README.md")
MAN = os.path.join(harness.ROOT, "docs", "scxray.1")
MARKS = {
    README: ("<!-- sample begin (tests/docs/samples.py writes it) -->\n```\n", "```\n<!-- sample end -->\n"),
    MAN: ('.\\" sample begin (tests/docs/samples.py writes it)\n', '.\\" sample end\n'),
}


def sample(program):
    """The beginning of the demo's report: the first screen."""
    pairs = harness.core_pairs()
    if not pairs:
        raise SystemExit("samples.py: no pair of bundled cores")
    half, error = pairs[-1]
    ran = harness.scxray("report", "--early", half, error, "--width", "100", binary=program)
    if ran.status:
        raise SystemExit(f"samples.py: {ran}")
    lines = ran.out.decode("utf-8").splitlines()
    end = next((i for i, line in enumerate(lines) if line.startswith("guest:")), 30)
    cards = [i for i, line in enumerate(lines[:end]) if re.match(r"  \S+\[\d+\]: ", line)]
    if len(cards) > 1:  # one of them shows what they are
        lines[cards[1] :] = ["  ..."]
        end = len(lines)
    return "\n".join(lines[:end]).rstrip() + "\n"


def for_file(path, text):
    if path == MAN:
        escaped = text.replace("\\", "\\e").replace("-", "\\-")
        return "".join(("\\&" if line[:1] in (".", "'") else "") + line + "\n" for line in escaped.splitlines())
    return text


def parts(path):
    """(before, sample, behind) of a file."""
    with open(path, encoding="utf-8") as f:
        content = f.read()
    begin, end = MARKS[path]
    before, found, rest = content.partition(begin)
    old, found_end, behind = rest.partition(end)
    if not found or not found_end:
        raise SystemExit(f"samples.py: {path}: the marks of the sample are gone")
    return before + begin, old, end + behind


def main():
    parser = argparse.ArgumentParser(description="the sample output in README and man page")
    parser.add_argument("--scxray", default=harness.SCXRAY, help="the program")
    parser.add_argument("--write", action="store_true", required=True, help="write it anew")
    args = parser.parse_args()
    text = sample(os.path.abspath(args.scxray))
    for path in MARKS:
        before, _, behind = parts(path)
        with open(path, "w", encoding="utf-8") as out:
            out.write(before + for_file(path, text) + behind)
    return 0


if __name__ == "__main__":
    sys.exit(main())
