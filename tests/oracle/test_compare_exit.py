#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The comparison of exit records can fail: each wrong member is named."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from compare_exit import compare_exit  # noqa: E402

ORACLE = "[half]\nnow_ns=1\n\n[exit]\nkind=66\nexit_code=281479271677952\nreason=why = so\nmsg=cpu 1\n\n[after]\nkind=1\n"
INFO = {"kind": 66, "exit_code": 281479271677952, "reason": "why = so", "msg": "cpu 1"}
OTHER = {"kind": 67, "exit_code": 0, "reason": "", "msg": ""}


def report(info, sub=None):
    subs = [{"exit_kind": sub["kind"], "exit_info": sub}] if sub else []
    return {"scx_sched_state": {"exit_kind": info["kind"], "exit_info": info, "sub_schedulers": subs}}


def main():
    cases = harness.Cases()
    done = compare_exit(report(INFO), ORACLE)
    cases.check(done.compared == 4 and not done.differences, "equal", done.differences)
    cases.check(not compare_exit(report(OTHER, INFO), ORACLE).differences, "a sub-scheduler's")
    for key, wrong in (("kind", 65), ("exit_code", 1), ("reason", "why"), ("msg", "cpu 2")):
        cases.check(compare_exit(report({**INFO, key: wrong}), ORACLE).differences, f"another {key}")
    cases.check(compare_exit({}, ORACLE).differences, "a report without a scheduler")
    cases.check(compare_exit(report(INFO), "[half]\nnow_ns=1\n") is None, "a guest that said nothing")
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
