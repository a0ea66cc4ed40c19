#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The reports of the bundled cores equal the kernel's own dumps that lie beside them.

X-dump.txt is what the guest's kernel wrote at the instant of X-error.core.zst
(and X-half-dump.txt, where it is there, at that of X-half.core.zst).
"""

import glob
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, HERE)
import harness  # noqa: E402
from compare import compare  # noqa: E402
from dumpfile import DumpError  # noqa: E402


def core_of(dump):
    half = "-half-dump.txt"
    if dump.endswith(half):
        return dump[: -len(half)] + "-half.core.zst"
    return dump[: -len("-dump.txt")] + "-error.core.zst"


def main():
    cases = harness.Cases()
    harness.need_cores(cases)
    dumps = sorted(glob.glob(os.path.join(harness.CORES, "*-dump.txt")))
    cases.check(dumps, "dumps beside the bundled cores (*-dump.txt)")
    for dump in dumps:
        name = os.path.basename(dump)
        ran = harness.scxray("report", core_of(dump), "--format", "json")
        if not cases.check(ran.status == 0, f"{name}: a report of its core", ran):
            continue
        with open(dump, encoding="utf-8", errors="surrogateescape") as f:
            text = f.read()
        try:
            done = compare(json.loads(ran.out), text)
        except DumpError as error:
            cases.check(False, f"{name} is understood", error)
            continue
        cases.check(done.compared and not done.differences, f"{name}: {done.compared} figures",
                    "\n".join(done.differences))
        print(f"{name}: {done.compared} figures, {len(done.differences)} differences")
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
