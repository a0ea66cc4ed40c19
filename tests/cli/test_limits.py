#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Each limit cuts, says so where it cuts, and leaves a valid report."""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import harness  # noqa: E402
from schema import Validator  # noqa: E402

# option, value, what the text and the JSON must say
LIMITS = (
    ("--max-tasks", "1", r"cut after 1 tasks"),
    ("--max-list", "1", r"cut after 1 nodes"),
    ("--max-dsqs", "1", r"cut after 1 DSQs"),
    ("--max-maps", "1", r"cut after 1 "),
    ("--max-entries", "1", r"truncated at 1 entries"),
    ("--max-task-stacks", "1", r"not walked: more tasks than the limit on stacks"),
    ("--max-copy", "9600K", r"copy budget used up"),
    ("--max-report", "200K", r"report memory is used up"),
)
# Of what these limit the bundled cores have too little: that they are taken is all that can be seen.
QUIET = ("--max-percpu-keys", "--max-stacks", "--max-stack-pcs", "--max-stack-frames",
         "--max-arena-pages")


def main():
    cases = harness.Cases()
    harness.need_cores(cases)
    core = harness.core_pairs()[-1][1]
    validator = Validator(harness.SCHEMA)
    whole = harness.scxray("report", core).out
    for option, value, said in LIMITS:
        what = f"{option} {value}"
        text = harness.scxray("report", option, value, core)
        cases.check(text.status == 0 and text.out != whole, f"{what} changes the report", text)
        cases.check(re.search(said, text.out.decode()), f"{what}: the text says so ({said})")
        data = harness.scxray("report", option, value, core, "--format", "json")
        cases.check(re.search(said, data.out.decode()), f"{what}: the JSON says so ({said})")
        problems = validator.errors(data.out)
        cases.check(data.status == 0 and not problems, f"{what}: valid against the schema", "\n".join(problems))
        cases.check(not re.search(said, whole.decode()), f"without {option} nothing of the kind is said")
    for option in QUIET:
        ran = harness.scxray("report", option, "1", core)
        cases.check(ran.status == 0, f"{option} 1", ran)
    for value in ("1", "4K", "64K", "1M", "4M"):
        for option in ("--max-copy", "--max-report"):
            ran = harness.scxray("report", option, value, core)
            fine = ran.status == 0 or (ran.status == 1 and ran.err.count("\n") == 1 and not ran.out)
            cases.check(fine, f"{option} {value}: a report, or one clear line", ran)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
