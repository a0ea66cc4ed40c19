# SPDX-License-Identifier: BSD-2-Clause
"""What reports have to say: checks that scenarios share."""

import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "oracle"))
from compare import compare  # noqa: E402
from dumpfile import DumpError, parse_dump  # noqa: E402
from left import CONSOLE, TooSlow  # noqa: E402

SCX_EXIT_DONE = 1
SCX_EXIT_ERROR_BPF = 1025
SCX_EXIT_ERROR_STALL = 1026
SCHEDULER_FAILED = 6  # scxray-vmm's status
REPORT = re.compile(r"\.scxray(\.\d+)?\.json$")  # of a failure
SCX_DSQ_LOCAL = 1 << 63 | 2
STALL_DSQ = 0x57A11
VICTIMS = {"victim0", "victim1", "victim2", "victim3"}

# Where the scheduler says that it put a victim, and what a report says of that: 0 is a BPF queue, on no DSQ.
NO_DSQ = (None, 1 << 63)


def shut_down(left, failed=None):
    """The guest went its whole way, and turned itself off. `failed`: its scheduler did; None: if there is a report."""
    if failed is None:
        failed = any(REPORT.search(name) for name in left.files())
    want = SCHEDULER_FAILED if failed else 0
    left.check(left.status() == want, f"scxray-vmm ends with status {want}", "\n".join(left.tail()))
    failed = [text for _, text in left.guest.marks if text.startswith("failed ")]
    left.check(not failed, "the guest did what it should", "\n".join(failed))
    left.need(left.guest.mark("done") is not None, "the guest came to its end")


def console_as_logged(left, half, least):
    """Lines on the console are those of the kernel's log: no character was lost or came twice. `least`: so many at least."""
    console = left.text(CONSOLE)
    texts = [record["text"] for record in half.get("kernel_log", []) if record.get("text", "").isprintable()]
    there = [text for text in texts if f"] {text}\r\n" in console or f"] {text}\n" in console]
    odd = sorted(set(texts) - set(there))
    left.check(len(there) >= least and (not least or not odd), f"the console has the kernel's log, {least} lines at least",
               "\n".join([f"{len(there)} of {len(texts)}", *odd]))


def no_leftovers(left):
    odd = [name for name in left.files() if not name.endswith((".json", ".txt", ".core.zst"))]
    left.check(not odd, "no half-written files", odd)


def dual(left, early=True):
    """The one report of a run; with both its halves."""
    report = left.only_report()
    left.need(report.get("schema") == "dual", f"a dual report, not {report.get('schema')}: {report.get('reason')}")
    if early:
        left.need("early" in report, f"an early half: {report.get('early_skipped_reason')}")
    left.need("late" in report, "a late half")
    no_leftovers(left)
    return report


def clean(left, what, half, timing):
    """A half that nothing cut short: every vCPU's registers, tasks, queues, maps."""
    missing = [key for key in half if key.endswith("_unavailable") and not key.startswith(("vcpu_perf", "sdt_alloc"))]
    left.check(not missing, f"{what}: every group is there", "\n".join(f"{k}: {half[k]}" for k in missing))
    left.check(all(half.get("vcpu_regs", [None])), f"{what}: all vCPUs have registers")
    left.check(timing and not timing["cut_by_deadline"] and not timing["cut_by_budget"], f"{what}: not cut", timing)


def later_by_ms(what, half, text, name):
    """How much later than the half the dump was made, by the age of the task that waits longest in both."""
    oldest = max(task.age_ms for dump in parse_dump(text) for task in dump.tasks())
    mine = max(task.get("runnable_age_ms") or 0 for task in half.get("task_enrichments", [{}]))
    if mine > oldest:
        raise TooSlow(f"the {what} snapshot came after {name}, with a task runnable for {mine} ms, not {oldest}")
    return oldest - mine


def against_dump(left, what, half, name):
    """A half against the kernel's own dump of a little later: what stood still is the same."""
    texts = left.guest.texts.get(name)
    left.need(texts, f"the guest sent {name}")
    try:
        later_by_ms(what, half, texts[0], name)
        done = compare(half, texts[0], later=True)
    except DumpError as error:
        left.check(False, f"{name} is understood", error)
        return
    left.check(done.compared and not done.differences, f"{what}: {done.compared} figures equal the kernel's",
               "\n".join(done.differences))


def stalled_where(left, what, half, cpus):
    """Each victim is where the scheduler's own map says that it put it."""
    victims = left.guest.victims()
    left.need(len(victims) == 4, f"the guest named 4 waiting victims, not {len(victims)}")
    tasks = {task.get("pid"): task for task in half.get("task_enrichments", [])}
    queues = {dsq.get("id"): dsq for dsq in half.get("dsq_states", []) if "user" in str(dsq.get("origin", "user"))}
    for pid, dsq_id in victims.items():
        task = tasks.get(pid)
        if not left.check(task, f"{what}: victim {pid} is there"):
            continue
        got = task.get("dsq_id")
        if dsq_id == 0:
            left.check(got in NO_DSQ, f"{what}: {task.get('comm')} is on no DSQ", got)
        elif dsq_id == SCX_DSQ_LOCAL:
            left.check(got == dsq_id and task.get("cpu") == cpus - 1, f"{what}: {task.get('comm')} is on the local DSQ",
                       f"dsq_id {got}, cpu {task.get('cpu')}")
        else:
            queued = [t.get("pid") for t in queues.get(dsq_id, {}).get("tasks", [])]
            left.check(got == dsq_id and pid in queued, f"{what}: {task.get('comm')} stands on DSQ {dsq_id:#x}",
                       f"dsq_id {got}, on that DSQ: {queued}")
    oldest = max((tasks[pid].get("runnable_age_ms") or 0 for pid in victims if pid in tasks), default=0)
    left.check(oldest >= 1000, f"{what}: they wait for long", f"{oldest} ms")


def not_gone_yet(left, half, kind):
    """The very moment of the failure: exit_kind is set, and nobody has been moved."""
    sched = half.get("scx_sched_state", {})
    left.check(sched.get("exit_kind") == kind, f"late: exit_kind is {kind}", sched.get("exit_kind"))
    left.check(sched.get("bypass_depth") == 0, "late: bypass has not begun", sched.get("bypass_depth"))


def half_way(left, report, timeout_s):
    """The early half is from before the exit, half-way to the timeout or a little later."""
    sched = report["early"].get("scx_sched_state", {})
    left.check(sched.get("exit_kind") == 0, "early: nothing has failed yet", sched.get("exit_kind"))
    hz = report["early"].get("guest", {}).get("hz")
    timeout = timeout_s * (hz or 0)
    age, threshold = report.get("early_max_age_jiffies"), report.get("early_threshold_jiffies")
    left.check(threshold == timeout // 2, "early: the threshold is half the timeout", f"{threshold} of {timeout}")
    left.check(isinstance(age, int) and threshold <= age < timeout, "early: fired at half-way", f"{age} of {timeout}")


JIFFY_MS = 4


def most_in(samples, name, span_ms):
    """The most that a counter grew in so many milliseconds: by the fastest of its last intervals."""
    pairs = list(zip(samples, samples[1:]))[-20:]
    rates = [(b[name] - a[name]) / max(b["elapsed_ms"] - a["elapsed_ms"], 1) for a, b in pairs]
    return max(rates, default=0) * span_ms


def timeline(left, half, least=1):
    """Samples in order and counters that only grow; the last are the report's own, and the kernel's final ones."""
    samples = half.get("event_counter_timeline", [])
    left.check(len(samples) >= least, f"at least {least} samples", f"{len(samples)}: "
               f"{half.get('event_counter_timeline_unavailable')}")
    if not samples:
        return
    times = [sample["elapsed_ms"] for sample in samples]
    left.check(times == sorted(times), "samples are in order")
    totals = {e["name"]: e.get("total") for e in half.get("scx_sched_state", {}).get("event_counters", [])}
    texts = left.guest.texts.get("dump.txt", [])
    left.need(texts, "the guest sent dump.txt")
    final = {}
    for dump in parse_dump(texts[0]):
        final.update(dump.events)
    later_ms = later_by_ms("late", half, texts[0], "dump.txt") + 2 * JIFFY_MS
    cpus = len(half.get("rq_scx_states", []))
    counters = [name for name in samples[-1] if name.startswith("SCX_EV_")]
    left.check(counters and set(counters) == set(totals), "the timeline has the report's counters",
               f"{sorted(set(counters) ^ set(totals))}")
    left.check(final and set(final) <= set(counters), "the kernel's dump has counters, and the timeline all of them",
               sorted(set(final) - set(counters)))
    for name in counters:
        values = [sample.get(name) for sample in samples]
        # the last sample and the walk that made the report are of one freeze
        left.check(values[-1] == totals.get(name), f"{name}: the last sample is the report's count",
                   f"{values[-1]}, {totals.get(name)}")
        if "DURATION" in name:
            continue
        left.check(values == sorted(values), f"{name} only grows", values)
        # The kernel counts on until it dumps: as much as at any time before, and twice a CPU.
        if name in final:
            most = values[-1] + most_in(samples, name, later_ms) + 2 * cpus
            left.check(values[-1] <= final[name] <= most, f"{name}: the last sample is the kernel's final count",
                       f"{values[-1]}, {final[name]} after {later_ms} ms, {most:.0f} at most")
