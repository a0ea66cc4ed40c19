#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""scxray diff: of two images what --early says, of the JSON of two reports the same but for maps."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import harness  # noqa: E402

NOT_COMPARED = "  maps: not compared (the JSON of a report is not read for them)"


def without_maps(text):
    """(the lines before those of maps, the first one of maps)"""
    lines = text.decode().splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("  maps: "))
    return lines[:at], lines[at]


def main():
    cases = harness.Cases()
    harness.need_cores(cases)
    pairs = harness.core_pairs()
    with harness.scratch() as folder:
        a, b = os.path.join(folder, "a.json"), os.path.join(folder, "b.json")
        for half, error in pairs:
            name = harness.core_name(error)
            whole = harness.scxray("diff", half, error)
            only = harness.scxray("report", "--early", half, error, "--only", "diff")
            cases.check(whole.status == 0 and whole.out == only.out and b"did not move" in whole.out, f"{name}: images", whole)
            for core, path in ((half, a), (error, b)):
                harness.scxray("report", core, "-o", path)
            ran = harness.scxray("diff", a, b)
            good = ran.status == 0 and without_maps(ran.out)[0] == without_maps(whole.out)[0]
            cases.check(good and without_maps(ran.out)[1] == NOT_COMPARED, f"{name}: two reports", ran.out.decode())
            swapped = harness.scxray("diff", b, a)
            cases.check(swapped.status == 0 and without_maps(swapped.out)[0] == without_maps(ran.out)[0], f"{name}: the wrong way round", swapped)
        for args, status in ((("diff", b, b), 1), (("diff", b), 2), (("diff", a, b, b), 2), (("diff", a, pairs[0][1]), 2),
                             (("diff", "--early", a, a, b), 2), (("diff", a, os.path.join(folder, "nowhere")), 2)):
            ran = harness.scxray(*args)
            cases.check(ran.status == status and ran.err.count("\n") == 1 and not ran.out, f"{args}: {status}", ran)
        harness.scxray("report", pairs[0][1], "-o", a)
        ran = harness.scxray("diff", a, b)
        cases.check(ran.status == 1 and "two boots or two kernels" in ran.err, "reports of two boots", ran)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
