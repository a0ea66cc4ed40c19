#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The queries of docs/json.md, each with what jq really prints.

    tests/docs/queries.py --write     put the present answers there (also: make goldens)
"""

import argparse
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import harness  # noqa: E402

GUIDE = os.path.join(harness.ROOT, "docs", "json.md")
PAIR = re.compile(r"```sh\n(.*?)```\n```\n(.*?)```\n", re.S)


def guide():
    with open(GUIDE, encoding="utf-8") as f:
        return f.read()


def report(folder, program, *options):
    """Writes the report that the guide asks; what the program said."""
    half, error = harness.core_pairs()[-1]
    return harness.scxray("report", "--early", half, error, *options, "-o", os.path.join(folder, "report.json"), binary=program)


def answer(query, folder):
    """What a shell prints for a query of the guide."""
    return subprocess.run(["bash", "-c", query], cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def main():
    parser = argparse.ArgumentParser(description="the queries of docs/json.md and their answers")
    parser.add_argument("--scxray", default=harness.SCXRAY, help="the program")
    parser.add_argument("--write", action="store_true", required=True, help="write the answers anew")
    args = parser.parse_args()
    with harness.scratch() as folder:
        ran = report(folder, os.path.abspath(args.scxray))
        if ran.status:
            raise SystemExit(f"queries.py: {ran}")
        text = PAIR.sub(lambda found: f"```sh\n{found[1]}```\n```\n{answer(found[1], folder).stdout}```\n", guide())
    with open(GUIDE, "w", encoding="utf-8") as out:
        out.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
