#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The bundled cores of single causes of failure equal their kernels' dumps, and show the facts that decide the cause.

X-error-dump.txt is what the kernel wrote at the instant of X-error.core.zst.
"""

import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, HERE)
import harness  # noqa: E402
from compare import compare  # noqa: E402

CORES = os.path.join(HERE, "cores")
SLICE_INF = 2**64 - 1
DSQ_OTHERS = 0x300
LOCAL = "local cpu 1"
VICTIMS = {f"victim{i}" for i in range(4)}


def comms(dsq):
    return {task["comm"] for task in dsq.get("tasks", [])}


def dsqs(report, **wanted):
    return [dsq for dsq in report["dsq_states"] if all(dsq.get(key) == value for key, value in wanted.items())]


def tasks(report):
    return {task["comm"]: task for task in report["task_enrichments"]}


def current(report, cpu):
    kva = report["rq_scx_states"][cpu]["curr_kva"]
    return next(task for task in report["task_enrichments"] if task["task_kva"] == kva)


def affinity(late, early):
    (dsq,), (before,) = dsqs(late, id=DSQ_OTHERS), dsqs(early, id=DSQ_OTHERS)
    yield "the victims are on DSQ 0x300, early and late", VICTIMS <= comms(dsq) and VICTIMS <= comms(before)
    yield "they may use CPU 1 only", all(tasks(late)[comm]["cpus_allowed"] == "1" for comm in VICTIMS)
    yield "others came to it in between, and went", dsq["seq"] > before["seq"] + len(comms(dsq))


def sliceinf(late, early):
    yield "keeper has CPU 1, early and late", current(late, 1)["comm"] == current(early, 1)["comm"] == "keeper"
    yield "its slice never ends", current(late, 1)["slice_ns"] == current(early, 1)["slice_ns"] == SLICE_INF
    yield "the victims are on that CPU's local DSQ", VICTIMS <= comms(dsqs(late, origin=LOCAL)[0])


def lost(late, _):
    yield "the victims are on no DSQ", not any(VICTIMS & comms(dsq) for dsq in late["dsq_states"])
    yield "their scheduler has them", all(tasks(late)[comm]["ops_state_name"] == "QUEUED" for comm in VICTIMS)
    pids = {tasks(late)[comm]["pid"] for comm in VICTIMS}
    crew = next(m for m in late["maps"] if m["name"] == "crew")
    keys = {entry["key"]["value"] for entry in crew["entries"]}
    yield "the map that names the crew does so by ~pid", {~pid & 0xFFFFFFFF for pid in pids} <= keys
    yield "and by no pid", not pids & keys


def partial(late, _):
    yield "a fair task has CPU 1", late["rq_scx_states"][1]["curr_class"] == "fair"
    yield "two of them are runnable there", late["rq_scx_states"][1]["cfs_nr_queued"] >= 2
    yield "the victims are on that CPU's local DSQ", VICTIMS <= comms(dsqs(late, origin=LOCAL)[0])


CAUSES = (("6.12-affinity", affinity, True), ("6.12-sliceinf", sliceinf, True), ("6.12-lost", lost, False),
          ("6.12-partial", partial, False))


def report_of(cases, name):
    ran = harness.scxray("report", os.path.join(CORES, name + ".core.zst"), "--format", "json")
    return json.loads(ran.out)["late"] if cases.check(ran.status == 0, f"{name}: a report", ran) else None


def main():
    cases = harness.Cases()
    harness.need_cores(cases)
    for name, facts, pair in CAUSES:
        late = report_of(cases, f"{name}-error")
        early = report_of(cases, f"{name}-half") if pair else None
        if not late or (pair and not early):
            continue
        with open(os.path.join(CORES, f"{name}-error-dump.txt"), encoding="utf-8", errors="surrogateescape") as f:
            done = compare(late, f.read())
        cases.check(done.compared and not done.differences, f"{name}: {done.compared} figures equal the kernel's own",
                    "\n".join(done.differences))
        for what, held in facts(late, early):
            cases.check(held, f"{name}: {what}")
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
