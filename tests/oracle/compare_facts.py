# SPDX-License-Identifier: BSD-2-Clause
"""Compares a report of the half-way image with what the guest itself read from proc, sysfs and bpf() just before.

oracle.txt's section [system] has it: every task's stat, status, sched, cgroup and stack; numastat; each program's
run-time statistics; pressure of each cgroup; /proc/stat.

A task whose context switches are those that were printed has not run since, so all of it is compared: state, CPU,
stack.  For others only what does not move.  Counters go on between the reading and the image: they may have grown
by what a moment brings, and nothing may have become less.  What can't be compared, and why: a task's utime and
stime (proc scales them to the sum of its run time), idle time of a CPU beyond a bound (proc adds what a CPU that is
idle has idled so far).
"""

import re

TICK_NS = 10_000_000  # USER_HZ is 100
MOMENT_TICKS = 150  # how many of them may pass between the reading and the image
MOMENT_US = 4_000_000  # what pressure may grow by in that time, of a CPU's and a task's
PROG = re.compile(r"prog id=(\d+) type=(\d+) run_cnt=(\d+) run_time_ns=(\d+) misses=(\d+) name=(.*)")
STAT = re.compile(r"(\d+) \((.*)\) (.*)", re.S)
PRESSURE = re.compile(r"(some|full) avg10=([\d.]+) avg60=([\d.]+) avg300=([\d.]+) total=(\d+)")
AT_START = re.compile(r"^__pfx_(\w+)\+0x10$")
FRAME = re.compile(r"\[<0>\] (\S+?)(?:/0x[0-9a-f]+)?(?: \[(\S+)\])?$")
STRUCT_OPS = 27
SHORT_NAME = 15  # what bpf() has of a program's name
RUNNING_PARTS = ("user", "nice", "system", None, None, "irq", "softirq", "steal")  # columns of a cpu line
# One more period of 2 s without any pressure: what is left of an average.
DECAY = {"avg10": 0.8187, "avg60": 0.9672, "avg300": 0.9934}
NUMA = {"numa_hit": "numa_hit", "numa_miss": "numa_miss", "numa_foreign": "numa_foreign",
        "interleave_hit": "numa_interleave_hit", "local_node": "numa_local", "other_node": "numa_other"}
CGROUPS = "/sys/fs/cgroup"


def section(oracle, name):
    return oracle.partition(f"[{name}]\n")[2].partition("\n[")[0].split("\n")


def by_path(lines):
    """{path: [line, ...]} of lines "path: line"."""
    files = {}
    for line in lines:
        path, colon, rest = line.partition(": ")
        if colon and path.startswith("/"):
            files.setdefault(path, []).append(rest)
    return files


def words(lines):
    """Lines "key: value" as status and sched files have them."""
    pairs = (line.partition(":") for line in lines)
    return {key.strip(): value.strip() for key, _, value in pairs}


def task_facts(files, pid):
    """What proc said of a task, or None where it was gone before all was read."""
    stat = STAT.match(files.get(f"/proc/{pid}/stat", [""])[0])
    status = words(files.get(f"/proc/{pid}/status", []))
    if not stat or "Tgid" not in status:
        return None
    rest = stat[3].split()
    return {"state": rest[0], "ppid": int(rest[1]), "pgid": int(rest[2]), "sid": int(rest[3]), "priority": int(rest[15]), "nice": int(rest[16]), "cpu": int(rest[36]),
            "rt_priority": int(rest[37]), "policy": int(rest[38]), "status": status,
            "sched": words(files.get(f"/proc/{pid}/sched", [])),
            "cgroup": files.get(f"/proc/{pid}/cgroup", [""])[-1].partition("::")[2],
            "stack": files.get(f"/proc/{pid}/stack", [])}


class FactsComparison:
    def __init__(self, report, oracle):
        self.report = report.get("late", report)
        self.diagnosis = report.get("diagnosis") or [{}]
        self.lines = section(oracle, "system")
        self.files = by_path(self.lines)
        self.compared = 0
        self.still = 0  # tasks that did not run in between
        self.stacks = 0
        self.differences = []

    def equal(self, what, mine, theirs):
        self.compared += 1
        if mine != theirs:
            self.differences.append(f"{what}: report {mine!r}, guest {theirs!r}")

    def grown(self, what, mine, theirs, most):
        """A counter that goes on counting."""
        self.compared += 1
        if not isinstance(mine, int) or not theirs <= mine <= theirs + most:
            self.differences.append(f"{what}: report {mine!r}, guest {theirs!r} and at most {most} more")

    def one_task(self, task, facts):
        what = f"task {task['pid']} ({task.get('comm')})"
        status, sched = facts["status"], facts["sched"]
        for key, theirs in (("tgid", status["Tgid"]), ("real_parent_pid", facts["ppid"]), ("pgid", facts["pgid"]),
                            ("sid", facts["sid"]), ("nr_threads", status["Threads"])):
            self.equal(f"{what}: {key}", task.get(key), int(theirs))
        # while a task may not migrate, the mask that counts is that of its CPU alone; proc shows the other
        if not task.get("migration_disabled"):
            self.equal(f"{what}: cpus_allowed", task.get("cpus_allowed"), status["Cpus_allowed_list"])
        self.equal(f"{what}: prio", task.get("prio"), facts["priority"] + 100)
        self.equal(f"{what}: static_prio", task.get("static_prio"), facts["nice"] + 120)
        self.equal(f"{what}: policy", task.get("policy"), facts["policy"])
        self.equal(f"{what}: rt_priority", task.get("rt_priority"), facts["rt_priority"])
        if facts["cgroup"]:
            self.equal(f"{what}: cgroup", task.get("cgroup_path"), facts["cgroup"])
        if "ext.enabled" in sched:
            self.equal(f"{what}: of sched_ext", task.get("sched_class") == "ext", sched["ext.enabled"] == "1")
        if "dl.deadline" in sched:
            self.equal(f"{what}: of the deadline class", task.get("sched_class"), "dl")
        switches = [int(status[f"{kind}voluntary_ctxt_switches"]) for kind in ("", "non")]
        for key, theirs in zip(("nvcsw", "nivcsw"), switches):
            self.grown(f"{what}: {key}", task.get(key), theirs, 10_000)
        if [task.get("nvcsw"), task.get("nivcsw")] == switches and "curr_cpu" not in task:
            self.still_task(what, task, facts)

    def still_task(self, what, task, facts):
        self.still += 1
        woken = facts["state"] != "R" and task.get("state") == "R"  # made runnable, but not run
        if not woken:
            self.equal(f"{what}: state", task.get("state"), facts["state"])
            self.equal(f"{what}: cpu", task.get("cpu"), facts["cpu"])
        theirs = [f"{frame[1]} [{frame[2]}]" if frame[2] and frame[2] != "bpf" else frame[1]
                  for frame in map(FRAME.match, facts["stack"]) if frame]
        # an interrupt before a function's first instruction: /proc takes that address for one that a call returns to
        theirs = [AT_START.sub(r"\1", frame) for frame in theirs]
        mine = [frame.get("symbol", "?").removesuffix(" [bpf]") for frame in task.get("kernel_stack", [])]
        if not theirs or not mine:
            return
        # /proc leaves out the scheduler's own functions, which are innermost
        self.stacks += 1
        for number, (my, their) in enumerate(zip(mine[-len(theirs):], theirs)):
            self.equal(f"{what}: frame {number}", my, their)
        self.equal(f"{what}: depth beyond the scheduler", len(theirs) <= len(mine) <= len(theirs) + 6, True)

    def tasks(self):
        mine = {task["pid"]: task for task in self.report.get("task_enrichments", []) if "pid" in task}
        pids = {int(path.split("/")[2]) for path in self.files if re.match(r"/proc/\d+/stat$", path)}
        both = sorted(pids & mine.keys())
        for pid in both:
            facts = task_facts(self.files, pid)
            if facts:
                self.one_task(mine[pid], facts)
        self.equal("most tasks are in both", len(both) * 10 > len(pids) * 9, True)
        self.equal("some tasks did not run in between", self.still > 0, True)

    def programs(self):
        theirs = {int(found[1]): found.groups() for found in map(PROG.match, self.lines)
                  if found and int(found[2]) == STRUCT_OPS}
        mine = {prog["id"]: prog for prog in self.report.get("prog_runtime_stats", [])}
        self.equal("struct_ops programs", sorted(mine), sorted(theirs))
        for id_ in sorted(mine.keys() & theirs.keys()):
            _, _, cnt, nsecs, misses, name = theirs[id_]
            prog, what = mine[id_], f"program {id_} ({name})"
            self.equal(f"{what}: name", str(prog.get("name"))[:SHORT_NAME], name)
            self.grown(f"{what}: cnt", prog.get("cnt"), int(cnt), int(cnt) + 2000)
            self.grown(f"{what}: misses", prog.get("misses"), int(misses), 100)
            if prog.get("cnt") == int(cnt):
                self.equal(f"{what}: nsecs", prog.get("nsecs"), int(nsecs))
            else:
                self.grown(f"{what}: nsecs", prog.get("nsecs"), int(nsecs), MOMENT_TICKS * TICK_NS)
        enabled = self.files.get("/proc/sys/kernel/bpf_stats_enabled")
        if enabled:
            self.equal("bpf_stats_enabled", self.report.get("bpf_stats_enabled"), enabled[0] != "0")
            self.equal("programs were counted", any(prog.get("cnt") for prog in mine.values()), enabled[0] != "0")

    def nodes(self):
        mine = {node["node"]: node for node in self.report.get("per_node_numa", [])}
        for path, lines in self.files.items():
            found = re.match(r"/sys/devices/system/node/node(\d+)/numastat$", path)
            for line in lines if found else []:
                key, value = line.split()
                self.grown(f"node {found[1]}: {key}", mine.get(int(found[1]), {}).get(NUMA[key]), int(value),
                           int(value) // 10 + 500)

    def one_line(self, what, mine, theirs):
        """A line of a .pressure file: the kernel brought it up to date when it was read."""
        averages, total = dict(zip(DECAY, theirs[1:4])), int(theirs[4])
        self.grown(f"{what}: total", mine.get("total_ns", -1) // 1000, total, MOMENT_US)
        if mine.get("total_ns", -1) // 1000 != total:
            return
        for key, text in averages.items():
            later = abs(mine.get(key, -1) - float(text) * DECAY[key]) <= 0.02
            self.compared += 1
            if f"{mine.get(key, -1):.2f}" != text and not later:
                self.differences.append(f"{what}: {key}: report {mine.get(key)!r}, guest {text}")

    def pressure(self):
        mine = {cgroup.get("path"): cgroup for cgroup in self.report.get("cgroup_psi", [])}
        paths = set()
        for path, lines in self.files.items():
            found = re.match(r"(?:/proc/pressure|/sys/fs/cgroup(.*))/(cpu|memory|io|irq)(?:\.pressure)?$", path)
            if not found:
                continue
            cgroup, resource = found[1] or "/", found[2]
            paths.add(cgroup)
            for theirs in filter(None, map(PRESSURE.match, lines)):
                if cgroup == "/" and (resource, theirs[1]) == ("cpu", "full"):
                    continue  # means nothing for the whole system: the kernel prints zeroes
                line = mine.get(cgroup, {}).get(resource, {}).get(theirs[1], {})
                self.one_line(f"{cgroup} {resource} {theirs[1]}", line, [None, *theirs.groups()[1:]])
        if any(path.startswith(CGROUPS) for path in self.files):
            self.equal("cgroups", sorted(str(path) for path in mine), sorted(paths))
        elif not paths:
            self.equal("no pressure is kept", "cgroup_psi_unavailable" in self.report, True)

    def times(self):
        lines = [line.split() for line in self.files.get("/proc/stat", [])]
        mine = {cpu["cpu"]: cpu for cpu in self.report.get("per_cpu_time", [])}
        for name, *values in lines:
            if re.match(r"cpu\d+$", name):
                cpu = mine.get(int(name[3:]), {})
                for part, ticks in zip(RUNNING_PARTS, values):
                    if part:
                        self.grown(f"{name}: {part}", cpu.get(f"cpustat_{part}_ns", -TICK_NS) // TICK_NS, int(ticks),
                                   MOMENT_TICKS)
                # from 7.2 on a CPU's idle time is all in its cpustat
                idle = cpu.get("idle_sleeptime_ns", cpu.get("cpustat_idle_ns", -TICK_NS)) // TICK_NS
                self.grown(f"{name}: idle", idle, max(0, int(values[3]) - MOMENT_TICKS), 2 * MOMENT_TICKS)
            elif name == "softirq":
                sums = [sum(kinds) for kinds in zip(*(cpu.get("softirqs", []) for cpu in mine.values()))]
                for kind, (my, their) in enumerate(zip(sums, values[1:])):
                    self.grown(f"softirq {kind}", my, int(their), 5000)
            elif name == "intr":
                self.grown("interrupts of devices", sum(cpu.get("irqs_sum", 0) for cpu in mine.values()),
                           sum(map(int, values[1:])), 20_000)
        self.equal("CPUs with times", len(mine), sum(bool(re.match(r"cpu\d", line[0])) for line in lines))


    def witnesses(self):
        """MODE=dlhog: the hog's CPU, the rt task behind it, the task that waits for a lock, the module's threads."""
        tasks = {task.get("comm"): task for task in self.report.get("task_enrichments", [])}
        hog, behind, waiter = (tasks.get(comm, {}) for comm in ("hog", "behind", "lockwait"))
        rqs = {rq["cpu"]: rq for rq in self.report.get("rq_scx_states", [])}
        rq = rqs.get(hog.get("curr_cpu"), {})
        self.equal("hog's CPU runs it, of class", [rq.get("curr_comm"), rq.get("curr_class")], ["hog", "dl"])
        self.equal("hog's parameters", [hog.get(f"dl_{key}_ns") for key in ("runtime", "deadline", "period")],
                   [100_000_000] * 3)
        # the kernel's own rt threads of that CPU (migration/1) may wait there as well, and come first
        higher = [task.get("comm") for task in rq.get("higher_class_tasks", [])]
        self.equal("last of the tasks of higher classes there", higher[-1:], ["behind"])
        self.equal("they are as many as are counted, without the hog", len(higher),
                   rq.get("rt_nr_running", 0) + rq.get("dl_nr_running", 0) - 1)
        self.equal("behind's queue", behind.get("queued_cpu"), hog.get("curr_cpu"))
        finding = self.diagnosis[0]
        said = finding.get("text", "") if finding.get("kind") == "cpu_kept_by_class" else ""
        self.equal("the diagnosis names the hog", "hog[" in said and "deadline parameters" in said, True)
        self.equal("and who is next", f"Before them {higher[0] if higher else None}[" in said, True)
        asleep = [task["comm"] for task in self.report.get("locks", {}).get("waiters", []) if "curr_cpu" not in task]
        self.equal("tasks that sleep for a lock", asleep, ["lockwait"] if waiter else [])
        if waiter:
            self.equal("lockwait's lock", waiter.get("lock_slowpath_match"), "rwsem_down_write_slowpath")
        if "/proc/modules" in self.files:
            stack = tasks.get("kpktgend_0", {}).get("kernel_stack", [])
            named = [frame for frame in stack if frame.get("symbol", "").endswith(" [pktgen]")]
            self.equal("kpktgend_0's stack goes through its module", bool(named), True)


def has_facts(oracle):
    return "[system]\n" in oracle


def compare_facts(report, oracle):
    """A finished FactsComparison of a half-way report with oracle.txt."""
    comparison = FactsComparison(report, oracle)
    comparison.tasks()
    comparison.programs()
    comparison.nodes()
    comparison.pressure()
    comparison.times()
    if " comm=behind\n" in oracle:
        comparison.witnesses()
    return comparison
