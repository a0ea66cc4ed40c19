#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Can the comparison of stacks fail?

Makes from each dump in git the report that equals it, then spoils every frame of
every stack, leaves each out, and breaks off each stack.  Each has to be noticed.
"""

import copy
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, HERE)
import harness  # noqa: E402
from compare_stacks import DUMPER, compare_stacks, function, sleeping_stacks  # noqa: E402
from dumpfile import parse_dump  # noqa: E402

SAMPLES = (os.path.join(HERE, "samples"), os.path.join(harness.ROOT, "kernel-fixtures", "cores"))
INNER = ["__schedule+0x4b5", "schedule+0x27", "do_nanosleep+0x5e"]


def stack_of(task):
    """The report's stack of a dumped task."""
    if not task.is_curr:
        return INNER + task.frames
    below = [i for i, frame in enumerate(task.frames) if function(frame) == DUMPER]
    return [DUMPER] + task.frames[below[0] + 1:] if below else []


def report_of(dumps):
    tasks, vcpus = [], []
    for dump in dumps:
        for task in dump.tasks():
            stack = [{"addr": "0xffffffff81000000", "symbol": frame} for frame in stack_of(task)]
            entry = {"pid": task.pid, "comm": task.comm}
            if stack:
                entry.update(kernel_stack=stack, kernel_stack_end="end of stack")
            if task.is_curr:
                entry["curr_cpu"] = task.cpu
            tasks.append(entry)
        if dump.backtrace:
            frames = [{"addr": "0xffffffff81000000", "symbol": frame} for frame in dump.backtrace]
            vcpus.append({"curr_pid": dump.exit_pid, "backtrace": frames})
    return {"task_enrichments": tasks, "vcpu_regs": vcpus}


def spoil(cases, name, report, text, what, path):
    """Each frame of the stack at report[path[0]][path[1]][path[2]] wrong, and left out."""
    def stack_in(root):
        return root[path[0]][path[1]][path[2]]

    for i, frame in enumerate(stack_in(report)):
        if frame["symbol"] in INNER[1:] or (frame["symbol"] == DUMPER and i):
            continue  # the dump says nothing of these
        changed = copy.deepcopy(report)
        stack_in(changed)[i]["symbol"] = "somewhere_else+0x1"
        cases.check(compare_stacks(changed, text).differences, f"{name}: {what}: frame {i} is another one")
        changed = copy.deepcopy(report)
        del stack_in(changed)[i]
        cases.check(compare_stacks(changed, text).differences, f"{name}: {what}: frame {i} is missing")


def test_dumps(cases):
    """How many frames were compared in all."""
    frames = 0
    for path in sorted(os.path.join(folder, name) for folder in SAMPLES for name in os.listdir(folder)):
        name = os.path.basename(path)
        if not name.endswith("dump.txt") and SAMPLES[0] not in path:
            continue
        with open(path, encoding="utf-8", errors="surrogateescape") as f:
            text = f.read()
        dumps = parse_dump(text)
        if any(dump.truncated for dump in dumps) or len(dumps) > 1:
            continue  # the same task may be dumped twice, at two times
        report = report_of(dumps)
        done = compare_stacks(report, text)
        frames += done.compared
        cases.check(not done.differences, f"{name}: equal", "\n".join(done.differences))
        for i, task in enumerate(report["task_enrichments"]):
            if "kernel_stack" in task:
                spoil(cases, name, report, text, f"{task['comm']}[{task['pid']}]", ("task_enrichments", i, "kernel_stack"))
    return frames


def test_exit(cases):
    outer = ["scx_watchdog_workfn+0x15e", "worker_thread+0x1af", "kthread+0xe3", "ret_from_fork_asm+0x1a"]
    text = "kworker/u8:0[12] triggered exit kind 1026:\n  stall (x)\n\nBacktrace:\n" + \
        "".join(f"  {frame}/0x999\n" for frame in ["__scx_exit+0x4f"] + outer) + "\nCPU states\n----------\n"

    def differs(stack):
        frames = [{"addr": "0xffffffff81000000", "symbol": frame} for frame in stack]
        return compare_stacks({"vcpu_regs": [None, {"curr_pid": 12, "backtrace": frames}]}, text).differences

    later = ["scx_dump_state", "asm_sysvec_irq_work+0x1a", "scx_watchdog_workfn+0x185"]
    cases.check(not differs(later + outer[1:]), "an exit's backtrace: further on in one function")
    for i in range(1, len(outer)):
        cases.check(differs(later + outer[1:i] + ["other+0x1"] + outer[i + 1:]), f"an exit's backtrace: frame {i}")
    cases.check(differs(later[:-1] + ["other+0x1"] + outer[1:]), "an exit's backtrace: another function")


def test_sleeping(cases):
    def broken(end, outer, **task):
        stack = [{"addr": "0xffffffff81000000", "symbol": outer}] if outer else []
        task = {"pid": 7, "comm": "x", "kernel_stack": stack, "kernel_stack_end": end, **task}
        return sleeping_stacks({"task_enrichments": [task]})

    cases.check(broken("end of stack", "ret_from_fork_asm+0x1a") == (1, []), "a kernel thread")
    cases.check(broken("entered from user mode", "entry_SYSCALL_64_after_hwframe+0x76") == (1, []), "a system call")
    cases.check(broken("entered from user mode", "asm_exc_page_fault+0x26") == (1, []), "an exception")
    cases.check(broken("end of stack", "", pid=0) == (1, []), "an idle task")
    cases.check(broken("user mode", "", curr_cpu=0) == (0, []), "a task that runs is not looked at")
    for end, outer in (("end of stack", "kthread+0x1"), ("entered from user mode", "kthread+0x1"),
                       ("end of stack", ""), ("entered from user mode", ""), (None, ""),
                       ("the stack is unreadable: page not mapped", "ret_from_fork_asm+0x1a")):
        cases.check(broken(end, outer)[1], f"not whole: {end}, {outer}")


def main():
    cases = harness.Cases()
    cases.check(test_dumps(cases) > 0, "frames were compared")
    test_exit(cases)
    test_sleeping(cases)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
