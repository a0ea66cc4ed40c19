#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Does jq answer the queries of docs/json.md as the guide says, also where the JSON is plain?"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import queries  # noqa: E402
from queries import harness  # noqa: E402


def main():
    cases = harness.Cases()
    harness.need_cores(cases)
    pairs = queries.PAIR.findall(queries.guide())
    cases.check(len(pairs) == 12, "twelve queries", len(pairs))
    for options in ((), ("--json", "plain")):
        with harness.scratch() as folder:
            ran = queries.report(folder, harness.SCXRAY, *options)
            cases.check(ran.status == 0, "a report", ran)
            for query, told in pairs:
                ran = queries.answer(query, folder)
                good = ran.returncode == 0 and not ran.stderr and ran.stdout == told and told.strip()
                cases.check(good and "null" not in told, f"{options} {query}", f"{ran.stderr}{ran.stdout}(make goldens)")
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
