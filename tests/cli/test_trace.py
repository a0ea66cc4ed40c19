#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""scxray trace, read by protoc: each counter, moment and wait of the report is in the trace, and nothing else."""

import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import harness  # noqa: E402

BEGIN, END, INSTANT, COUNTER = 1, 2, 3, 4


def message(lines):
    """{field: [values]} of the text that protoc --decode_raw prints."""
    found = {}
    for line in lines:
        line = line.strip()
        if line == "}":
            break
        key, _, value = line.partition(": ")
        if line.endswith("{"):
            found.setdefault(int(line.split()[0]), []).append(message(lines))
        else:
            found.setdefault(int(key), []).append(json.loads(value) if value.startswith('"') else int(value, 0))
    return found


def decode(path):
    """(tracks by uuid, events) of a trace."""
    with open(path, "rb") as f:
        ran = subprocess.run(["protoc", "--decode_raw"], stdin=f, capture_output=True, text=True, check=True)
    tracks, events = {}, []
    for packet in message(iter(ran.stdout.splitlines())).get(1, []):
        for track in packet.get(60, []):
            tracks[track[1][0]] = {"name": track[2][0], "parent": track.get(5, [0])[0], "counter": 8 in track}
        for event in packet.get(11, []):
            value = event.get(30, [None])[0]
            if value is not None and value >= 1 << 63:
                value -= 1 << 64
            events.append((event[9][0], event[11][0], packet[8][0] / 1e6, event.get(23, [None])[0], value))
    return tracks, events


def check_trace(cases, name, document, path):
    tracks, events = decode(path)
    late = document["late"]
    ends = [e[2] for e in events if e[0] == INSTANT and e[3].startswith("late")]
    if not cases.check(len(ends) == 1, f"{name}: one late moment", events[:5]):
        return
    end = ends[0]
    early = [e[2] for e in events if e[0] == INSTANT and e[3].startswith("early")]
    want = [end - document["diff"]["elapsed_ms"]] if "early" in document else []
    cases.check(early == want, f"{name}: the early moment", f"{early} {want}")
    timeout = late["scx_sched_state"]["timeout_ms"]
    waits = {f"{t['comm']}[{t['pid']}]": t["runnable_age_ms"] for t in late["task_enrichments"]
             if isinstance(t.get("runnable_age_ms"), int) and t["runnable_age_ms"] >= timeout / 2 and "runnable_cpu" in t and "curr_cpu" not in t}
    begun = {tracks[e[1]]["name"]: end - e[2] for e in events if e[0] == BEGIN}
    ended = {tracks[e[1]]["name"] for e in events if e[0] == END and e[2] == end}
    cases.check(waits and begun == waits and ended == set(waits), f"{name}: waits of {len(waits)} tasks", f"{begun} {waits}")
    samples = late.get("event_counter_timeline", [])
    offset = end - (samples[-1]["elapsed_ms"] if samples else 0)
    got = sorted((tracks[e[1]]["name"], e[2] - offset, e[4]) for e in events if e[0] == COUNTER and tracks[tracks[e[1]]["parent"]]["name"] == "counters")
    wanted = sorted((key, s["elapsed_ms"], value) for s in samples for key, value in s.items() if key != "elapsed_ms")
    cases.check(got == wanted and (got or not samples), f"{name}: {len(got)} samples of counters", f"{got[:5]} {wanted[:5]}")
    queues = [(tracks[e[1]]["name"], e[4]) for e in events if e[0] == COUNTER and tracks[e[1]]["name"].startswith("DSQ") and e[2] == end]
    names = [f"DSQ {d['id_hex'] if d['origin'] == 'user' else d['origin']} nr_queued" for d in late["dsq_states"]]
    cases.check(queues == list(zip(names, [d["nr"] for d in late["dsq_states"]])), f"{name}: {len(queues)} queues", queues)
    cpus = [(tracks[e[1]]["name"], e[4]) for e in events if e[0] == COUNTER and re.match(r"CPU \d", tracks[e[1]]["name"]) and e[2] == end]
    cases.check(cpus == [(f"CPU {r['cpu']} nr_running", r["nr_running"]) for r in late["rq_scx_states"]], f"{name}: CPUs", cpus)
    cases.check(min(e[2] for e in events) >= 0, f"{name}: no time before 0")


def main():
    cases = harness.Cases()
    harness.need_cores(cases)
    half, error = harness.core_pairs()[-1]
    with harness.scratch() as folder:
        sampled = os.path.join(folder, "late.core.zst")
        subprocess.run([harness.tool("give_host"), "late", error, sampled], check=True)
        report, path = os.path.join(folder, "r.json"), os.path.join(folder, "t.pftrace")
        for name, args in (("single", [error]), ("dual", ["--early", half, error]), ("samples of a host", [sampled])):
            harness.scxray("report", *args, "-o", report)
            ran = harness.scxray("trace", report, "-o", path)
            if cases.check(ran.status == 0 and not ran.err and not ran.out, name, ran):
                with open(report, encoding="utf-8") as f:
                    check_trace(cases, name, json.load(f), path)
        for args, status in (((report,), 2), ((report, "-o", report), 2), ((report, report, "-o", path), 2), ((error, "-o", path), 1),
                             ((os.path.join(folder, "nowhere"), "-o", path), 1), ((report, "-o", "/nowhere/t"), 1)):
            ran = harness.scxray("trace", *args)
            cases.check(ran.status == status and ran.err.count("\n") == 1, f"{args}: {status}", ran)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
