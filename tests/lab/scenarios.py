# SPDX-License-Identifier: BSD-2-Clause
"""What is run in the lab, and what has to come out: ALL is the list, in the order of the run.

A command is given the folder with the programs, as the lab sees it.
"""

import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import expect  # noqa: E402
import left as left_files  # noqa: E402
from left import harness  # noqa: E402

LIMIT_S = 120  # several times what it takes where nothing else runs
TIMEOUT_S = 8  # of the scheduler's watchdog


class Scenario:
    """name: of its folder; what: a line for people; command(programs): a shell script; check(left); cpus: of the lab."""

    def __init__(self, name, what, command, check, limit_s=LIMIT_S, cpus=1):
        self.name = name
        self.what = what
        self.limit_s = limit_s
        self.cpus = cpus
        self.command = command
        self.check = check


def guest(release, mode, *, cpus=2, timeout_s=TIMEOUT_S, words="", options=(), settings=(), prefix="exec", suffix="", vmm="scxray-vmm"):
    """The script that runs a guest of kernel-fixtures in scxray-vmm, with the plugin."""

    def command(programs):
        append = f"console=ttyS0 panic=-1 quiet scxfix.alone scxfix.mode={mode} scxfix.timeout={timeout_s} {words}"
        lines = [
            f"{prefix} {programs}/{vmm} --cpu baseline --cpus {cpus} --memory 256M",
            f"--kernel {harness.ROOT}/build/kernels/{release}/vmlinuz",
            f"--initrd {harness.ROOT}/build/fixtures/initrd.cpio.zst",
            f"--append '{append.strip()}'",
            f"--log {left_files.CONSOLE} --data {left_files.DATA} --timeout {LIMIT_S - 10}",
            f"--plugin {programs}/scxray-plugin.so --plugin-set output=\"$OUT\"",
            *(f"--plugin-set {setting}" for setting in settings), *options,
        ]
        return " \\\n\t".join(lines) + suffix + "\n"

    return command


# ---- the lab itself: what the others build on --------------------------------


def probe_command(programs):
    return f"{programs}/kvm_probe\n"


def probe_check(left):
    said = left.text("out")
    for name in ("watchpoint", "clock", "tsc_offset", "kvmclock_ctrl"):
        left.check(re.search(rf"^{name} ok", said, re.M), f"KVM can do: {name}", said)
    left.check(left.status() == 0, "status 0", said)


# ---- failures ----------------------------------------------------------------


def failure(release, mode, *, cpus=4, kind=expect.SCX_EXIT_ERROR_STALL, samples=1, lab_cpus=1, name=None, said=None, **more):
    """A failure that is seen half-way and, by the watchpoint, at its very moment."""

    def check(left):
        expect.shut_down(left)
        report = expect.dual(left)
        timing = report.get("timing", {})
        for what in ("early", "late"):
            expect.clean(left, what, report[what], timing.get(what))
            expect.stalled_where(left, what, report[what], cpus)
        expect.half_way(left, report, TIMEOUT_S)
        expect.not_gone_yet(left, report["late"], kind)
        left.check("watchpoint" in report.get("trigger", ""), "the watchpoint fired", report.get("trigger"))
        expect.against_dump(left, "early", report["early"], "half-dump.txt")
        expect.against_dump(left, "late", report["late"], "dump.txt")
        expect.timeline(left, report["late"], samples)
        expect.console_as_logged(left, report["late"], 100 if "loglevel=8" in more.get("words", "") else 0)
        if said:
            left.check(left.said(said), f"it says: {said.pattern}", "\n".join(left.tail()))

    name = name or f"{mode}-{release}" + ("-late" if "words" in more else "")
    return Scenario(name, f"{mode}: half-way and the watchpoint, {cpus} vCPUs, kernel {release}",
                    guest(release, mode, cpus=cpus, **more), check, cpus=lab_cpus)


def tree_of(half):
    """Every scheduler by its name."""
    found, todo = {}, [half.get("scx_sched_state", {})]
    while todo:
        sched = todo.pop()
        found[sched.get("name")] = sched
        todo += sched.get("sub_schedulers", [])
    return found


def sub_check(left):
    """A sub-scheduler that the watchdog ends while the root goes on: half-way of its own timeout, and its end."""
    expect.shut_down(left)
    report = expect.dual(left)
    left.check("watchpoint on a sub-scheduler" in report.get("trigger", ""), "the watchpoint fired", report.get("trigger"))
    expect.half_way(left, report, TIMEOUT_S)
    for what in ("early", "late"):
        expect.clean(left, what, report[what], report.get("timing", {}).get(what))
    early, late = tree_of(report["early"]), tree_of(report["late"])
    left.check(early.keys() == {"scxfix", "scxsub", "scxnest"}, "early: the tree of schedulers", sorted(map(str, early)))
    left.check(late.get("scxfix", {}).get("exit_kind") == 0, "late: the root goes on", late.get("scxfix", {}).get("exit_kind"))
    kind = late.get("scxsub", {}).get("exit_kind")
    left.check(kind == expect.SCX_EXIT_ERROR_STALL, "late: the sub-scheduler has just ended", kind)
    for what in ("early", "late"):
        waiting = {t.get("comm") for dsq in report[what].get("dsq_states", []) for t in dsq.get("tasks", [])
                   if dsq.get("sched_name") == "scxsub" and dsq.get("id") == expect.STALL_DSQ}
        left.check(waiting and waiting <= expect.VICTIMS, f"{what}: victims wait in the sub-scheduler's queue",
                   sorted(map(str, waiting)))
    said = [finding["text"] for finding in report.get("diagnosis", [])]
    left.check(any("The kernel ended sub-scheduler scxsub" in text for text in said), "the diagnosis tells its end", said)
    expect.against_dump(left, "early", report["early"], "half-dump.txt")


def poll_check(left):
    expect.shut_down(left)
    report = expect.dual(left)
    left.check("poll" in report.get("trigger", ""), "the poll found it", report.get("trigger"))
    left.check("armed" not in report.get("watchpoint", ""), "without a watchpoint", report.get("watchpoint"))
    expect.stalled_where(left, "early", report["early"], 2)
    expect.half_way(left, report, TIMEOUT_S)
    expect.against_dump(left, "early", report["early"], "half-dump.txt")
    # A poll comes milliseconds later: the kernel has begun to clear up, or has done with it.
    late = report["late"]
    kind = late.get("scx_sched_state", {}).get("exit_kind")
    gone = "no scheduler" in late.get("scx_walker_unavailable", "")
    left.check(gone or kind in (expect.SCX_EXIT_DONE, expect.SCX_EXIT_ERROR_STALL), "late: the exit is seen",
               f"{kind}, {late.get('scx_walker_unavailable')}")


# ---- freezes that fail to be noticed, and freezes that fail --------------------

HOLD_MS = 5000
CLOCK_TIMEOUT_S = 4  # shorter than the freeze
CLOCK_MAY_SEE_MS = 50


def clock_check(left):
    """A healthy scheduler lives on after a freeze that was longer than its watchdog's patience."""
    expect.shut_down(left)
    left.check(left.guest.mark("well") is not None, "the scheduler is still there behind the freeze")
    clock = left.clock()
    left.need(len(clock) >= 10, f"ten marks of the guest's clock, not {len(clock)}")
    # A busy lab does not run the guest's watch on time either: what counts is what the freeze adds.
    healthy = left.guest.mark("healthy") * 1e9
    inside = [gap for when, _, gap in clock if healthy <= when < healthy + 1e9]
    outside = [gap for when, _, gap in clock if not healthy <= when < healthy + 1e9]
    left.need(inside and outside, "marks around the freeze and elsewhere")
    added = (max(inside) - max(outside)) / 1000
    said = f"{added} ms more than without, gaps in us: {inside}, elsewhere {outside}"
    if CLOCK_MAY_SEE_MS <= added < HOLD_MS / 10:
        raise left_files.TooSlow(f"a gap that is no clock's: {said}")
    left.check(added < CLOCK_MAY_SEE_MS, "CLOCK_MONOTONIC does not jump", said)
    # jiffies move as CLOCK_MONOTONIC does, 4 ms each
    first, last = clock[0], clock[-1]
    drift = (last[1] - first[1]) * 4 - (last[0] - first[0]) / 1e6
    left.check(abs(drift) < CLOCK_MAY_SEE_MS, "jiffies neither", f"{drift} ms")
    upset = left.said(re.compile("soft lockup|rcu.*stall|clocksource.*(unstable|skew)|Clocksource"))
    left.check(not upset, "the kernel did not notice", upset)
    reports = left.reports()
    left.need(len(reports) == 1, f"one report, not {sorted(reports)}")
    name, report = next(iter(reports.items()))
    left.check("early-only" in name, "its name says that there is no late half", name)
    timing = report.get("timing", {})
    timing = timing.get("early") or timing.get("late", {})
    left.check(timing.get("frozen_us", 0) >= HOLD_MS * 1000, "the guest was frozen for that long", timing)
    left.check(timing.get("guest_clock_us", 1 << 62) < CLOCK_MAY_SEE_MS * 1000, "and the report says so", timing)


def clock(release, source):
    what = f"a freeze of {HOLD_MS} ms that a watchdog of {CLOCK_TIMEOUT_S} s does not see, clock {source}"
    command = guest(release, "well", timeout_s=CLOCK_TIMEOUT_S, words=f"scxfix.clock tsc=reliable clocksource={source}",
                    settings=(f"hold_ms={HOLD_MS}", "triggers=none"), options=("--early-on ' healthy'",))
    return Scenario(f"clock-{source}", what, command, clock_check)


def well_check(left):
    expect.shut_down(left)
    left.check(left.guest.mark("detached") is not None, "the scheduler left on its own")
    left.check(not left.files(), "nothing failed, and there is no file", left.files())


def twice_check(left):
    expect.shut_down(left)
    reports = left.reports()
    left.need(len(reports) == 2, f"two reports, not {sorted(reports)}")
    expect.no_leftovers(left)
    for name, report in reports.items():
        left.need(report.get("schema") == "dual" and "early" in report, f"{name} has both its halves")
        expect.not_gone_yet(left, report["late"], expect.SCX_EXIT_ERROR_BPF)
        left.check("watchpoint" in report.get("trigger", ""), f"{name}: by the watchpoint", report.get("trigger"))
    jiffies = [report["late"]["guest"]["jiffies"] for _, report in sorted(reports.items())]
    left.check(jiffies[0] != jiffies[1], "they are of two moments", jiffies)


STUCK = """ &
vmm=$!
while ! grep -qs healthy {data}; do sleep 0.2; done
{bin}/hold_thread $vmm vcpu1 5 &
sleep 1
kill -USR1 $vmm
wait $vmm
"""


def stuck_command(programs):
    start = guest("6.18.15", "well", settings=("park_deadline_ms=1000",), prefix="", timeout_s=16,
                  suffix=STUCK.replace("{data}", left_files.DATA).replace("{bin}", programs))
    return start(programs)


def stuck_check(left):
    expect.shut_down(left, failed=False)  # the host asked for the report
    reports = left.reports()
    left.need(len(reports) == 1, f"one report, not {sorted(reports)}")
    report = next(iter(reports.values()))
    left.need(report.get("schema") == "degraded", f"a degraded report, not {report.get('schema')}")
    left.check(re.search(r"rendezvous timed out.*: \d+ms; 1/2 vCPUs parked", report.get("reason", "")),
               "the reason says who is missing", report.get("reason"))
    late = report.get("late", {})
    regs = late.get("vcpu_regs", [])
    left.check(len(regs) == 2 and regs[0] and not regs[1], "registers of the one that parked", regs)
    left.check(not report.get("watchpoint_hit"), "no watchpoint was hit")
    seen = {task.get("comm") for task in late.get("task_enrichments", [])}
    left.check(expect.VICTIMS <= seen, "memory alone gives the tasks", sorted(map(str, seen)))


# ---- at the host's demand: from cold, and an op at work ----------------------------------------------


def spin_check(left):
    expect.shut_down(left)
    report = left.only_report()
    left.check("spinning" in report.get("trigger", ""), "the host asked for it", report.get("trigger"))
    late = report.get("late", {})
    regs = late.get("vcpu_regs", [])
    left.need(len(regs) == 2 and regs[1], "registers of both vCPUs")
    frames = [frame.get("symbol", "?") for frame in regs[1].get("backtrace", [])]
    programs = [i for i, symbol in enumerate(frames) if re.search(r"bpf_prog_\w*(scxfix_dispatch|spin|circle)", symbol)]
    if not left.check(programs, "the last CPU's stack is in the scheduler's programs", frames):
        return
    dispatch = [i for i, symbol in enumerate(frames) if "scxfix_dispatch" in symbol]
    left.check(dispatch, "ops.dispatch() is among them, by its name", frames)
    below = frames[programs[-1] + 1 :]
    left.check(any("schedule" in symbol for symbol in below), "the kernel's frames stand below", frames)


def cold_check(left):
    expect.shut_down(left)
    report = expect.dual(left)
    why = report.get("early_trigger", "")
    left.check("half" in why, "early: a line on the serial port", why)
    for what in ("early", "late"):
        expect.clean(left, what, report[what], report.get("timing", {}).get(what))
        expect.stalled_where(left, what, report[what], 2)
    expect.not_gone_yet(left, report["late"], expect.SCX_EXIT_ERROR_STALL)
    expect.against_dump(left, "late", report["late"], "dump.txt")


OLD, NEW = "6.18.15", "7.3.4"

ALL = [
    Scenario("kvm", "the lab's KVM can do what live tests ask of it", probe_command, probe_check, 20),
    failure(OLD, "stall", samples=50),
    failure(NEW, "stall", samples=50),
    *(failure(release, mode) for mode in ("held", "hog") for release in (OLD, NEW)),
    failure(OLD, "vtime"),
    failure(NEW, "vtime", lab_cpus=2),  # every vCPU busy, and truly at the same time
    failure(OLD, "error", kind=expect.SCX_EXIT_ERROR_BPF),
    failure(NEW, "error", kind=expect.SCX_EXIT_ERROR_BPF, words="scxfix.delay=10"),
    Scenario("sub-7.3.4", "a sub-scheduler fails, the root goes on", guest(NEW, "sub"), sub_check),
    Scenario("poll", "without watchpoints the poll finds the failure",
             guest(OLD, "stall", settings=("triggers=early,poll", "poll_ms=2")), poll_check),
    Scenario("cold", "the plugin is loaded half-way", guest(
        NEW, "stall", options=("--plugin-when failure", "--early-on ' half'")), cold_check),
    Scenario("spin", "an op of BPF at work when the host asks: its stack", guest(
        OLD, "spin", settings=("triggers=none",), options=("--late-on ' spinning'",)), spin_check, cpus=2),
    clock(OLD, "kvm-clock"),
    clock(NEW, "tsc"),
    # what a VMM of others does, and what would come of it: an exit that is handled twice, a signal that ends it
    failure(OLD, "stall", samples=50, name="naive", prefix="OTHER=naive exec", vmm="other_vmm", words="loglevel=8"),
    failure(OLD, "stall", samples=50, name="late-handlers", prefix="OTHER=late exec", vmm="other_vmm",
            said=re.compile(r"taken signal 64, which")),
    Scenario("well", "a scheduler that never fails, and leaves", guest(NEW, "well", timeout_s=4), well_check),
    Scenario("twice", "a scheduler that fails, starts anew and fails", guest(
        OLD, "error", timeout_s=6, words="scxfix.rounds=2"), twice_check),
    Scenario("stuck", "a vCPU that does not park: a degraded report", stuck_command, stuck_check),
]
