#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Can the oracle's comparison fail?

Makes from each sample dump (one for each form that kernels have printed) the
report that equals it; then changes every figure of that report, one at a time,
and every line of the dump.  Each change has to be noticed.
"""

import copy
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, HERE)
import harness  # noqa: E402
from compare import compare  # noqa: E402
from dumpfile import DumpError, parse_dump, parse_mask  # noqa: E402

JIFFIES = 4294937296
SAMPLES = os.path.join(HERE, "samples")


def samples():
    for name in sorted(os.listdir(SAMPLES)):
        with open(os.path.join(SAMPLES, name), encoding="ascii") as f:
            yield name, f.read()


def mask_list(cpus):
    return ",".join(str(cpu) for cpu in sorted(cpus))


def report_of(dumps):
    """The JSON report of exactly what the dumps say."""
    kva = {}

    def task_kva(task):
        return kva.setdefault(task.pid, f"0xffff8881{task.pid:08x}")

    tasks, rqs = {}, {}
    for dump in dumps:
        for number, cpu in dump.cpus.items():
            rq = rqs.setdefault(number, {"cpu": number, "curr_comm": cpu.curr_comm, "curr_pid": cpu.curr_pid,
                                         "curr_class": cpu.curr_class, **cpu.values})
            rq["cpu_released"] = bool(rq["cpu_released"])
            rq.update({key: mask_list(mask) for key, mask in cpu.masks.items()})
            for task in cpu.tasks:
                if task.pid in tasks:
                    continue  # 7.1 has it in every scheduler's dump
                if task.is_curr:
                    rq["curr_kva"] = task_kva(task)
                else:
                    rq.setdefault("runnable_task_kvas", []).append(task_kva(task))
                entry = {"task_kva": task_kva(task), "pid": task.pid, "comm": task.comm, "state": task.state,
                         "cpu": number, **task.values}
                if task.is_curr:
                    entry["runnable_at_jiffies"] = JIFFIES - task.age_ms // 4
                else:
                    entry["runnable_age_ms"] = task.age_ms
                entry["cpus_allowed"] = mask_list(entry["cpus_allowed"])
                entry["scx_flags"] |= entry["scx_task_state"] << 8
                if entry["dsq_id"] is None:
                    del entry["dsq_id"]
                if task.sched:
                    positions = [dump.position.split(" ")[0] for dump in dumps]
                    entry["sched_kva"] = f"0xffff000{positions.index(task.sched) + 1}"
                tasks[task.pid] = entry
    states = []
    for dump in dumps:
        states.append({"sched_kva": f"0xffff000{len(states) + 1}", "name": dump.sched, "is_root": not states,
                       "exit_kind": dump.exit_kind,
                       "event_counters": [{"name": n, "total": v} for n, v in dump.events.items()]})
        if dump.position != "root":
            position, states[-1]["cgroup_path"] = dump.position.split(" ", 1)
            states[-1]["level"], states[-1]["sub_cgroup_id"] = map(int, position[len("sub"):].split("-"))
    if states[1:]:
        states[0]["sub_schedulers"] = states[1:]
    return {"schema": "single", "guest": {"jiffies": JIFFIES, "hz": 250}, "scx_sched_state": states[0],
            "rq_scx_states": list(rqs.values()), "task_enrichments": list(tasks.values())}


def places(value, path=()):
    """The path of every leaf of a JSON value."""
    if isinstance(value, dict):
        for key, sub in value.items():
            yield from places(sub, path + (key,))
    elif isinstance(value, list):
        for index, sub in enumerate(value):
            yield from places(sub, path + (index,))
    else:
        yield path


def changed(report, path):
    """A copy of the report in which one leaf is another."""
    report = copy.deepcopy(report)
    at = report
    for step in path[:-1]:
        at = at[step]
    old = at[path[-1]]
    if isinstance(old, bool):
        at[path[-1]] = not old
    elif isinstance(old, int):
        at[path[-1]] = old + 1
    elif path[-1] in ("cpus_allowed", "cpus_to_kick", "cpus_to_kick_if_idle", "cpus_to_sync"):
        at[path[-1]] = old + ",60"
    else:
        at[path[-1]] = old + "x"
    return report


def looked_at(path):
    """Whether a leaf is one that the dump speaks of."""
    if path[-1] in ("schema", "is_root", "jiffies", "hz"):
        return False
    return path[-1] != "sched_kva" or path[:-1] == ("scx_sched_state",)


def check_report(cases, name, text):
    dumps = parse_dump(text)
    report = report_of(dumps)
    done = compare(report, text)
    cases.check(done.compared >= 40 and not done.differences, f"{name}: a report that equals the dump",
                "\n".join(done.differences) or done.compared)
    for path in places(report):
        where = "/".join(str(step) for step in path)
        if not looked_at(path):
            continue
        if path[-1] == "sched_kva" and "sched_kva" not in report["task_enrichments"][0]:
            continue
        if path[-1] in ("name", "exit_kind") and of_scheduler(path) and not at_kernel(dumps, path):
            continue
        cases.check(compare(changed(report, path), text).differences, f"{name}: another {where} is noticed")
    for key in ("rq_scx_states", "task_enrichments", "scx_sched_state"):
        if key == "scx_sched_state" and not any(dump.events for dump in dumps) and not dumps[0].exit_kind:
            continue
        without = {k: v for k, v in report.items() if k != key}
        cases.check(compare(without, text).differences, f"{name}: a report without {key} is noticed")
    unreadable = copy.deepcopy(report)
    unreadable["task_enrichments"][0]["dsq_vtime"] = {"kind": "unreadable", "addr": "0x0", "reason": "x"}
    cases.check(compare(unreadable, text).differences, f"{name}: an unreadable figure is noticed")


def of_scheduler(path):
    return path[-2] == "scx_sched_state" or path[-3:-2] == ("sub_schedulers",)


def at_kernel(dumps, path):
    """Names of schedulers are printed from 7.1 on, exit kinds only at an exit."""
    if path[-1] == "exit_kind":
        return dumps[0].exit_kind != 0 and path[-2] == "scx_sched_state"
    return bool(dumps[0].sched)


def check_order(cases, name, text):
    """A task more, one less, two in another order, a busy CPU more."""
    report = report_of(parse_dump(text))
    for number, rq in enumerate(report["rq_scx_states"]):
        kvas = rq.get("runnable_task_kvas", [])
        if len(kvas) > 1:
            other = copy.deepcopy(report)
            other["rq_scx_states"][number]["runnable_task_kvas"] = kvas[::-1]
            cases.check(compare(other, text).differences, f"{name}: CPU {number}: another order is noticed")
        if kvas:
            other = copy.deepcopy(report)
            other["rq_scx_states"][number]["runnable_task_kvas"] = kvas[:-1]
            cases.check(compare(other, text).differences, f"{name}: CPU {number}: a task less is noticed")
    if "sub_schedulers" not in report["scx_sched_state"]:
        other = copy.deepcopy(report)
        other["rq_scx_states"][0].setdefault("runnable_task_kvas", []).append("0xffff888100001111")
        cases.check(compare(other, text).differences, f"{name}: a task more is noticed")
    idle = {"cpu": 63, "curr_pid": 0, "curr_class": "idle"}
    busy = {"cpu": 63, "curr_pid": 5, "curr_class": "ext"}
    report["rq_scx_states"].append(idle)
    cases.check(not compare(report, text).differences, f"{name}: an idle CPU that is not dumped is right")
    report["rq_scx_states"][-1] = busy
    cases.check(compare(report, text).differences, f"{name}: a busy CPU that is not dumped is noticed")


def check_parser(cases, name, text):
    """A line that is not the kernel's, anywhere; a line that is missing; a cut."""
    lines = text.split("\n")
    for number in range(len(lines)):
        garbled = "\n".join(lines[:number] + ["      something=new"] + lines[number:])
        try:
            parse_dump(garbled)
            cases.check(False, f"{name}: a strange line at {number + 1} is noticed")
        except DumpError:
            cases.check(True, "")
    for number, line in enumerate(lines):
        if not line.startswith("      ") or line.startswith("          "):
            continue
        try:
            parse_dump("\n".join(lines[:number] + lines[number + 1:]))
            cases.check(False, f"{name}: without line {number + 1}")
        except DumpError:
            cases.check(True, "")
    whole = parse_dump(text)
    for cut in range(len(text) // 2, len(text) - 1, 7):
        try:
            part = parse_dump(text[:cut] + "~~~~ TRUNCATED ~~~~\n")
            fine = part[-1].truncated and sum(len(d.tasks()) for d in part) <= sum(len(d.tasks()) for d in whole)
            cases.check(fine, f"{name}: cut at {cut}")
        except DumpError as error:
            cases.check(False, f"{name}: cut at {cut}", error)


def main():
    cases = harness.Cases()
    for name, text in samples():
        check_report(cases, name, text)
        check_order(cases, name, text)
        check_parser(cases, name, text)
    cases.check(parse_mask("00000001,00000003") == {0, 1, 32}, "masks of more than 32 CPUs")
    for nothing in ("", "\n\n", "hello\n"):
        try:
            compare({"schema": "single"}, nothing)
            cases.check(False, f"a dump that is none: {nothing!r}")
        except DumpError:
            cases.check(True, "")
    empty = "Debug dump triggered by SysRq-D\n\nCPU states\n----------\n"
    cases.check(compare({"schema": "single"}, empty).differences, "a dump without tasks compares nothing")
    texts = dict(samples())
    both = texts["6.18.txt"] + "\n" + texts["6.12.txt"]
    cases.check(len(parse_dump(both)) == 2, "two dumps in one text")
    report = report_of(parse_dump(texts["6.18.txt"]))
    cases.check(not compare(report, both).differences, "of a dump on demand and an exit's, the first is compared")
    dual = {"schema": "dual", "late": report_of(parse_dump(next(samples())[1]))}
    cases.check(not compare(dual, next(samples())[1]).differences, "of a dual report the late one is compared")
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
