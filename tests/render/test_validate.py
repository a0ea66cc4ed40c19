#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Does the validator fail where it should?  Golden documents pass, each way to break them does not."""

import copy
import glob
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import harness  # noqa: E402

sys.path.insert(0, os.path.join(harness.ROOT, "tests"))
import validate_json  # noqa: E402

VALIDATE = os.path.join(harness.ROOT, "tests", "validate_json.py")
GOLDEN = os.path.join(harness.ROOT, "tests", "render", "golden")

# The least that a degraded document is; the golden degraded.json has all.
LEAST_DEGRADED = {
    "schema": "degraded",
    "schema_version": 2,
    "generator": "scxray 0.1.0",
    "reason": "vCPU rendezvous timed out before parked acknowledgement: 5000ms; 1/2 vCPUs parked",
    "watchpoint_hit": True,
    "bss_latch_state": "not_resolved",
    "exit_kind": 1026,
    "elapsed_ms": 5000,
}


def validate(*files):
    done = subprocess.run([sys.executable, VALIDATE, *files], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def load_validator():
    with open(harness.SCHEMA, encoding="utf-8") as f:
        schema = json.load(f)
    return validate_json.jsonschema.validators.validator_for(schema)(schema)


def at(document, *path):
    for step in path:
        document = document[step]
    return document


def drop(*path):
    return lambda d: at(d, *path[:-1]).pop(path[-1])


def drop_both(*path):
    """The member in both its forms, typed and plain."""
    return lambda d: [drop(*path)(d), drop(*path[:-1], path[-1] + "_plain")(d)]


def put(value, *path):
    return lambda d: at(d, *path[:-1]).__setitem__(path[-1], value)


# What is done to the golden single report, and where the error must be said to be.
BREAK = [
    ("unknown top key", put(1, "surprise"), "surprise"),
    ("unknown schema", put("triple", "schema"), "schema"),
    ("no schema", drop("schema"), "schema"),
    ("another schema without its keys", put("degraded", "schema"), "(top)"),
    ("maps gone", drop("late", "maps"), "maps"),
    ("empty list left in", put([], "late", "task_enrichments"), "task_enrichments"),
    ("task without an address", drop("late", "task_enrichments", 0, "task_kva"), "task_enrichments[0]"),
    ("unknown key of a task", put(0, "late", "task_enrichments", 1, "pids"), "task_enrichments[1]"),
    ("address as a number", put(5, "late", "task_enrichments", 0, "dsq_kva"), "task_enrichments[0].dsq_kva"),
    ("short address", put("0xff", "late", "task_enrichments", 0, "task_kva"), "task_enrichments[0].task_kva"),
    ("number as a string", put("100", "late", "task_enrichments", 0, "weight"), "task_enrichments[0].weight"),
    ("negative counter", put(-1, "late", "task_enrichments", 0, "weight"), "task_enrichments[0].weight"),
    ("more than 64 bits", put(2**64, "late", "task_enrichments", 0, "dsq_vtime"), "task_enrichments[0].dsq_vtime"),
    ("unreadable without a reason", drop("late", "task_enrichments", 6, "weight", "reason"), "task_enrichments[6].weight"),
    ("unknown class", put("best", "late", "task_enrichments", 0, "sched_class"), "task_enrichments[0].sched_class"),
    ("position without queue", drop("late", "task_enrichments", 0, "dsq_index"), "task_enrichments[0]"),
    ("value of an unknown kind", put("blob", "late", "task_enrichments", 0, "scx", "kind"), "task_enrichments[0].scx"),
    ("value deep inside", put("x", "late", "task_enrichments", 0, "scx", "members", 0, "value", "value"), "members[0].value"),
    ("unknown origin", put("local", "late", "dsq_states", 0, "origin"), "dsq_states[0].origin"),
    ("mask as words", put([3], "late", "task_enrichments", 0, "cpus_allowed"), "task_enrichments[0].cpus_allowed"),
    ("unknown severity", put("fatal", "diagnosis", 0, "severity"), "diagnosis[0].severity"),
    ("finding without evidence", put([], "diagnosis", 0, "evidence"), "diagnosis[0].evidence"),
    ("evidence that leads nowhere", put(["late.task_enrichments[99].pid"], "diagnosis", 0, "evidence"), "leads nowhere"),
    ("sub-scheduler's unknown key", put(1, "late", "scx_sched_state", "sub_schedulers", 0, "x"), "sub_schedulers[0]"),
    ("guest without its memory", drop("late", "guest", "memory_bytes"), "guest"),
]

# The same for a map of every form (golden maps.json).
BREAK_MAPS = [
    ("map without its address", drop("late", "maps", 0, "map_kva"), "maps[0]"),
    ("map that does not say whose it is", drop("late", "maps", 0, "active"), "maps[0]"),
    ("key of an older name", lambda d: d["late"]["maps"][0].update(type_name="hash"), "maps[0]"),
    ("entry without a key", drop_both("late", "maps", 0, "entries", 0, "key"), "maps[0].entries[0]"),
    ("entry with a key twice", put("00", "late", "maps", 0, "entries", 0, "key_hex"), "maps[0].entries[0]"),
    ("entry without a value", drop("late", "maps", 5, "entries", 0, "value_hex"), "maps[5].entries[0]"),
    ("entries that nobody counted", drop("late", "maps", 0, "total_entries"), "maps[0]"),
    ("empty list of entries", put([], "late", "maps", 0, "entries"), "maps[0].entries"),
    ("two kinds of entries", put([{"key": 0, "value": {"kind": "bool", "value": True}}], "late", "maps", 0, "array_entries"),
     "maps[0]"),
    ("value beside entries", put({"kind": "bool", "value": True}, "late", "maps", 0, "value"), "maps[0]"),
    ("value that is a bare number", put(1, "late", "maps", 3, "value"), "maps[3].value"),
    ("odd hex digits", put("012", "late", "maps", 5, "entries", 0, "value_hex"), "maps[5].entries[0].value_hex"),
    ("per CPU without CPUs", drop("late", "maps", 1, "cpus"), "maps[1]"),
    ("a CPU twice", put([0, 0], "late", "maps", 1, "cpus"), "maps[1].cpus"),
    ("null for an unmapped CPU", put(None, "late", "maps", 1, "percpu_entries", 0, "per_cpu", 2), "maps[1].percpu_entries[0]"),
    ("unknown key of a pointer", put("x", "late", "maps", 4, "array_entries", 0, "value", "follows"), "maps[4].array_entries[0]"),
    ("array entry without its place", drop("late", "maps", 4, "array_entries", 0, "key"), "maps[4].array_entries[0]"),
    ("arena page of the wrong size", put("AA==", "late", "maps", 8, "arena", "pages", 0, "bytes"), "maps[8].arena.pages[0]"),
    ("arena page as numbers", put([0] * 4096, "late", "maps", 8, "arena", "pages", 0, "bytes"), "maps[8].arena.pages[0]"),
    ("arena that does not say if it is cut", drop("late", "maps", 8, "arena", "truncated"), "maps[8].arena"),
    ("record without bytes or reason", drop("late", "maps", 9, "ringbuf", "records", 0, "data_hex"), "maps[9].ringbuf.records[0]"),
    ("symbols without addresses", drop("late", "maps", 10, "stack_trace", "entries", 0, "pcs"), "maps[10].stack_trace.entries[0]"),
    ("frame that is offset and address", put("0x0000000000000000", "late", "maps", 10, "stack_trace", "entries", 1, "build_ids", 0,
                                             "offset"), "maps[10].stack_trace.entries[1].build_ids[0]"),
    ("slot that has no place", drop("late", "maps", 11, "fd_array", "slots", 0, "index"), "maps[11].fd_array.slots[0]"),
    ("slot by place and key", put(1, "late", "maps", 12, "fd_array", "slots", 0, "index"), "maps[12].fd_array.slots[0]"),
    ("unknown key of a filter", put(1, "late", "maps", 13, "bloom", "bits"), "maps[13].bloom"),
    ("active map as a number", put(1, "late", "active_map_kvas", 0), "active_map_kvas[0]"),
]

BREAK_DUAL = [
    ("early and the reason for its absence", put("why", "early_skipped_reason"), "early_skipped_reason"),
    ("early without diff", drop("diff"), "diff"),
    ("diff without early", drop("early"), "diff"),
    ("no late", drop("late"), "late"),
    ("nested diagnosis", put([], "late", "diagnosis"), "late"),
    ("change without a field", drop("diff", "tasks", "changed", 0, "changes", 0, "field"), "changes[0]"),
    ("map of a difference without its id", drop("diff", "maps", "not_compared", 0, "id"), "maps.not_compared[0]"),
    ("map that nobody says why was not compared", drop("diff", "maps", "not_compared", 0, "reason"),
     "maps.not_compared[0]"),
    ("maps without a count", drop("diff", "maps", "unchanged"), "diff.maps"),
]

# What the samples' maps have no contents for.
MAP_DIFF = {
    "id": 3, "name": "ctx", "map_kva": "0xffff888000007000", "map_type_name": "percpu_hash",
    "changes": [{"field": "entries", "old": 1, "new": 2, "delta": 1}],
    "changed": [{"key_hex": "0c000000", "cpu": 1, "total_changes": 2, "cut": True,
                 "changes": [{"field": "nr", "old": 1, "new": 2, "delta": 1, "per_second": 0.25},
                             {"field": "raw", "bytes_differ": 12}]}],
    "appeared": [{"index": 4}],
    "gone": [{"user_addr": "0x0000100000001000"}, {"bucket_id": 7}],
    "total_changed": 1, "total_appeared": 1, "total_gone": 2, "unchanged": 5, "not_compared": 1,
    "not_compared_reason": "early: not mapped",
}

BREAK_MAP_DIFF = [
    ("part that is not named", drop("changed", 0, "key_hex"), "changed[0].changed[0]"),
    ("part that is named twice", put(1, "appeared", 0, "bucket_id"), "changed[0].appeared[0]"),
    ("unknown key of a part", put(1, "changed", 0, "surprise"), "changed[0].changed[0]"),
    ("unknown key of what went", put([], "gone", 1, "changes"), "changed[0].gone[1]"),
    ("changes that nobody counted", drop("changed", 0, "total_changes"), "changed[0].changed[0]"),
    ("cut that says no", put(False, "changed", 0, "cut"), "changed[0].changed[0].cut"),
    ("bytes beside a number", put(1, "changed", 0, "changes", 1, "old"), "changes[1]"),
    ("no count of the unreadable", drop("not_compared"), "changed[0]"),
    ("unknown key of a map's difference", put(1, "surprise"), "changed[0]"),
    ("map without an address", drop("map_kva"), "changed[0]"),
]

# The same for what a host knows (golden dual-live.json).
BREAK_LIVE = [
    ("timing of a third freeze", put({}, "timing", "middle"), "timing"),
    ("timing without its length", drop("timing", "late", "frozen_us"), "timing.late"),
    ("time as a text", put("3ms", "timing", "early", "park_us"), "timing.early.park_us"),
    ("clock that was not seen", put(-1, "timing", "early", "guest_clock_us"), "timing.early.guest_clock_us"),
    ("sample without its time", drop("late", "event_counter_timeline", 0, "elapsed_ms"), "event_counter_timeline[0]"),
    ("counter as a text", put("1", "late", "event_counter_timeline", 3, "SCX_EV_SELECT_CPU_FALLBACK"),
     "event_counter_timeline[3]"),
    ("timeline that does not say whose", drop("late", "event_counter_timeline_source"), "event_counter_timeline"),
    ("half of a vCPU's counters", drop("late", "vcpu_perf_at_freeze", 0, "cycles"), "vcpu_perf_at_freeze[0]"),
    ("counters and why there are none", put(1, "late", "vcpu_perf_at_freeze", 1, "cycles"), "vcpu_perf_at_freeze[1]"),
    ("a cut that does not count maps", drop("late", "maps_truncated"), "maps_truncated"),
    ("selection that is empty", put([], "only"), "only"),
]

BREAK_DEGRADED = [
    ("reason in other words", put("it hung", "reason"), "reason"),
    ("unknown latch state", put("maybe", "bss_latch_state"), "bss_latch_state"),
    ("elapsed 0 is left out", put(0, "elapsed_ms"), "elapsed_ms"),
    ("a single report's key", put([], "maps"), "maps"),
    ("a racy report that nobody explains", put("fine", "late", "racy_reason"), "racy_reason"),
    ("timing of a freeze that says nothing", put({"late": {}}, "timing"), "timing"),
]

RAW = [
    ("no JSON", b'{"schema": "single"'),
    ("a key twice", b'{"schema": "single", "schema": "dual"}'),
    ("a constant of JavaScript", b'{"schema": NaN}'),
    ("no object", b"[]"),
    ("invalid UTF-8", b'{"schema": "\xff"}'),
]


def main():
    cases = harness.Cases()
    goldens = sorted(glob.glob(os.path.join(GOLDEN, "*.json")))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "report.json")

        def write(document):
            with open(path, "w", encoding="utf-8") as f:
                json.dump(document, f)
            return path

        status, out = validate(*goldens)
        cases.check(len(goldens) >= 3 and status == 0 and not out, "golden documents are valid", out)
        status, out = validate(write(LEAST_DEGRADED))
        cases.check(status == 0 and not out, "a degraded document is valid", out)
        with open(os.path.join(GOLDEN, "single.json"), encoding="utf-8") as f:
            single = json.load(f)
        with open(os.path.join(GOLDEN, "dual.json"), encoding="utf-8") as f:
            dual = json.load(f)
        with open(os.path.join(GOLDEN, "degraded.json"), encoding="utf-8") as f:
            degraded = json.load(f)
        with open(os.path.join(GOLDEN, "dual-live.json"), encoding="utf-8") as f:
            live = json.load(f)
        status, out = validate(write(dict(LEAST_DEGRADED, late={k: single["late"][k] for k in ("guest", "maps")})))
        cases.check(status == 0 and not out, "a degraded document with a racy report is valid", out)

        # the many without a process each
        validator = load_validator()
        with open(os.path.join(GOLDEN, "maps.json"), encoding="utf-8") as f:
            maps = json.load(f)

        for good, broken in ((single, BREAK), (maps, BREAK_MAPS), (dual, BREAK_DUAL), (live, BREAK_LIVE),
                             (degraded, BREAK_DEGRADED)):
            for what, change, where in broken:
                document = copy.deepcopy(good)
                change(document)
                errors = list(validate_json.errors_of(validator, document))
                cases.check(any(where in e for e in errors), f"{good['schema']}: {what}", "\n".join(errors))
        for what, change, where in [("as it is", lambda d: None, None), *BREAK_MAP_DIFF]:
            document = copy.deepcopy(dual)
            document["diff"]["maps"]["changed"] = [copy.deepcopy(MAP_DIFF)]
            change(document["diff"]["maps"]["changed"][0])
            errors = list(validate_json.errors_of(validator, document))
            cases.check(any(where in e for e in errors) if where else not errors, f"map's difference: {what}",
                        "\n".join(errors))
        document = copy.deepcopy(single)
        document["surprise"] = 1
        status, out = validate(write(document), os.path.join(GOLDEN, "single.json"))
        cases.check(status == 1 and out.count("\n") == 1 and "surprise" in out, "one line, status 1", out)
        for what, raw in RAW:
            with open(path, "wb") as f:
                f.write(raw)
            status, out = validate(path)
            cases.check(status == 1 and out.startswith(path), what, f"status {status}\n{out}")
        status, out = validate(os.path.join(folder, "missing.json"))
        cases.check(status == 2, "a missing file", out)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
