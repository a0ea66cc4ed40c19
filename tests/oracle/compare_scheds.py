# SPDX-License-Identifier: BSD-2-Clause
"""Compares a half-way report's schedulers with what the guest said of them: oracle.txt's section [half].

Lines "sched" are each scheduler's place, timeout, programs and maps (by bpf()), /sys/kernel/sched_ext has a folder with
events for each, and the lines "wait" say where the failing one put its victims. With several schedulers each DSQ, map and
program of the report has to be the right one's.
"""

import re

from compare import sched_list

SCHED = re.compile(r"sched name=(\S+) cgroup=(\S+) cgroup_id=(\d+) timeout_ms=(\d+) progs=(\S*) maps=(\S*)")
EVENT = re.compile(r"/sys/kernel/sched_ext/(root\S*)/events: (\w+) (-?\d+)")
OPS = re.compile(r"/sys/kernel/sched_ext/(root\S*)/ops: (.*)")
WAIT = re.compile(r"wait index=\d+ pid=(\d+) cpu=\d+ dsq_id=(\S+) ")
# Events between the guest's look and the image, in the milliseconds to SysRq-D.
MOMENT_EVENTS = 2000
NS_COUNTER = "SCX_EV_BYPASS_DURATION"


def half_of(oracle):
    return oracle.partition("[half]\n")[2].partition("\n[")[0].split("\n")


def numbers(text):
    return {int(number) for number in text.split(",") if number}


def folder_of(sched, parents):
    """Its place in /sys/kernel/sched_ext."""
    if sched.get("is_root"):
        return "root"
    return f"{folder_of(parents[sched['sched_kva']], parents)}/sub/sub-{sched.get('sub_cgroup_id')}"


class SchedsComparison:
    def __init__(self, report, oracle):
        self.report = report.get("early") or report.get("late", report)
        self.lines = half_of(oracle)
        state = self.report.get("scx_sched_state", {})
        self.scheds = sched_list(state) if state else []
        self.parents = {sub["sched_kva"]: sched for sched in self.scheds for sub in sched.get("sub_schedulers", [])}
        self.compared = 0
        self.differences = []

    def equal(self, what, mine, theirs):
        self.compared += 1
        if mine != theirs:
            self.differences.append(f"{what}: report {mine!r}, guest {theirs!r}")

    def grown(self, what, mine, theirs):
        """A counter of which the guest read a little earlier."""
        self.compared += 1
        if not isinstance(mine, int) or not theirs <= mine <= theirs + MOMENT_EVENTS:
            self.differences.append(f"{what}: report {mine!r}, guest {theirs!r} a moment before")

    def found(self, form):
        return [match.groups() for match in map(form.match, self.lines) if match]

    def tree(self):
        theirs = self.found(SCHED)
        hz = self.report.get("guest", {}).get("hz", 0)
        self.equal("schedulers", sorted(s.get("name", "") for s in self.scheds), sorted(t[0] for t in theirs))
        for name, cgroup, cgroup_id, timeout_ms, _, _ in theirs:
            sched = next((s for s in self.scheds if s.get("name") == name), {})
            self.equal(f"{name}: timeout_ms", sched.get("timeout_ms"), int(timeout_ms))
            self.equal(f"{name}: watchdog_timeout", sched.get("watchdog_timeout"), int(timeout_ms) * hz // 1000)
            if int(cgroup_id):
                self.equal(f"{name}: cgroup", [sched.get("cgroup_path"), sched.get("sub_cgroup_id")],
                           [cgroup, int(cgroup_id)])
                self.equal(f"{name}: level", sched.get("level"), cgroup.count("/"))
        folders = {folder_of(s, self.parents): s.get("name") for s in self.scheds}
        self.equal("folders of /sys/kernel/sched_ext", folders, dict(self.found(OPS)))

    def events(self):
        mine = {folder_of(s, self.parents): {e["name"]: e.get("total") for e in s.get("event_counters", [])}
                for s in self.scheds}
        for folder, event, count in self.found(EVENT):
            if event != NS_COUNTER:
                self.grown(f"{folder}: {event}", mine.get(folder, {}).get(event), int(count))

    def owners(self):
        """Programs and maps. A map that no program uses is nobody's."""
        scheds = self.found(SCHED)
        several = len(scheds) > 1
        ids = {"progs": {}, "maps": {}}
        for name, _, _, _, progs, maps in scheds:
            ids["progs"].update(dict.fromkeys(numbers(progs), name))
            ids["maps"].update(dict.fromkeys(numbers(maps), name))
        progs = {prog["id"]: prog.get("sched_name") for prog in self.report.get("prog_runtime_stats", [])}
        for id_, name in ids["progs"].items():
            self.equal(f"program {id_}: scheduler", progs.get(id_), name if several else None)
        active = [m for m in self.report.get("maps", []) if m.get("active")]
        for entry in active:
            name = ids["maps"].get(entry["id"])
            self.equal(f"map {entry['id']}: scheduler", entry.get("sched_name"), name if several else None)
        self.equal("schedulers with maps of their own", {ids["maps"].get(m["id"]) for m in active}, {s[0] for s in scheds})

    def victims(self):
        """The DSQ of that id that they stand in is the failing scheduler's; with others' of the same id they have no task."""
        if len(self.scheds) < 2:
            return
        tasks = {task.get("pid"): task for task in self.report.get("task_enrichments", [])}
        dsqs = {dsq["dsq_kva"]: dsq for dsq in self.report.get("dsq_states", [])}
        owners = {tasks.get(int(pid), {}).get("sched_name") for pid, _ in self.found(WAIT)}
        self.equal("victims' scheduler", owners, {"scxsub"})
        for pid, dsq_id in self.found(WAIT):
            task = tasks.get(int(pid), {})
            dsq = dsqs.get(task.get("dsq_kva"), {})
            self.equal(f"victim {pid}: its DSQ", dsq.get("id", 0), int(dsq_id, 0))
            if dsq:
                self.equal(f"victim {pid}: its DSQ's scheduler", dsq.get("sched_name"), "scxsub")
        stall = [dsq for dsq in dsqs.values() if dsq.get("id") == 0x57A11]
        self.equal("schedulers with a DSQ of that id", sorted(dsq.get("sched_name", "") for dsq in stall),
                   sorted(s.get("name", "") for s in self.scheds) if stall else [])
        self.equal("those of them with tasks", [dsq["sched_name"] for dsq in stall if dsq.get("nr")],
                   ["scxsub"] if stall else [])


def compare_scheds(report, oracle):
    """A finished SchedsComparison of a half-way report with oracle.txt; None where the guest did not say."""
    comparison = SchedsComparison(report, oracle)
    if not comparison.found(SCHED):  # made by an earlier recipe
        return None
    comparison.tree()
    comparison.events()
    comparison.owners()
    comparison.victims()
    return comparison
