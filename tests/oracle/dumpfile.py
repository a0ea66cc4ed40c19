# SPDX-License-Identifier: BSD-2-Clause
"""Reads the kernel's own sched_ext dump (scx_dump_state(), 6.12 to 7.3).

Each line has to be one that the kernel is known to print, or one of the
scheduler's own (ops.dump, dump_cpu, dump_task): those begin, after the kernel's
indent, with the scheduler's name.  Anything else raises DumpError: an oracle of
which half was skipped is none.
"""

import re
from dataclasses import dataclass, field


class DumpError(Exception):
    """A line that is not understood, or a dump that does not hold together."""


@dataclass
class Task:
    cpu: int
    is_curr: bool
    state: str
    comm: str
    pid: int
    age_ms: int
    own: bool = True  # belongs to the scheduler whose dump it is
    sched: str = ""  # "root" or "sub1-28", from 7.1 on
    values: dict = field(default_factory=dict)
    frames: list = field(default_factory=list)  # its backtrace: "symbol+0x1c"


@dataclass
class Cpu:
    cpu: int
    values: dict
    curr_comm: str = ""
    curr_pid: int = -1
    curr_class: str = ""
    masks: dict = field(default_factory=dict)
    tasks: list = field(default_factory=list)


@dataclass
class Dump:
    """What was dumped of one scheduler."""

    sched: str = ""  # its name, where the dump says it (7.1 on)
    position: str = "root"  # "root" or "sub1-28 /path"
    exit_kind: int = 0
    exit_pid: int = -1
    backtrace: list = field(default_factory=list)
    reason: str = ""
    msg: str = ""
    cpus: dict = field(default_factory=dict)
    events: dict = field(default_factory=dict)
    truncated: bool = False

    def tasks(self):
        return [task for cpu in self.cpus.values() for task in cpu.tasks]


SCHED = re.compile(r"(\S+): (root|sub\d+-\d+ .*)")
EXIT = re.compile(r"(.*)\[(\d+)\] triggered exit kind (\d+)(?: on CPU (-?\d+))?:")
DEBUG = re.compile(r"Debug dump triggered by (.*)")
REASON = re.compile(r"  (.*?) \((.*)\)")
FRAME = re.compile(r" +(?:([\w.$]+\+0x[0-9a-f]+)/0x[0-9a-f]+(?: \[\w+\])?|(0x[0-9a-f]+))")
CPU = re.compile(r"CPU (\d+) *: (\w+=\S+(?: \w+=\S+)*)")
CURR = re.compile(r" {10}curr=(.*)\[(-?\d+)\] class=(\w+)_sched_class")
RESCUE = re.compile(r" {10}rescue=\d+ budget=-?\d+us rescuing=.*\[-?\d+\]")
MASK = re.compile(r"  (cpus_to_kick|idle_to_kick|cpus_to_preempt|cpus_to_wait|cpus_to_sync) *: ([0-9a-f,]+)")
# before another scheduler's name 7.1 prints a blank, 7.3 nothing
TASK = re.compile(r" ([* ])(\S) (.*)\[(\d+)\](?: ([* ]?)(root|sub\d+-\d+))? ([+-]\d+)ms")
STATE = re.compile(r" {6}scx_state/flags=(\d+)/0x([0-9a-f]+) dsq_flags=0x([0-9a-f]+) ops_state/qseq=(\d+)/(\d+)")
QUEUE = re.compile(r" {6}sticky/holding_cpu=(-?\d+)/(-?\d+) dsq_id=(\(n/a\)|0x[0-9a-f]+)(?: dsq_vtime=(\d+))?")
VTIME = re.compile(r" {6}dsq_vtime=(\d+) slice=(\d+) weight=(\d+)")
CPUS = re.compile(r" {6}cpus=([0-9a-f,]+)(?: no_mig=(\d+))?")
EVENT = re.compile(r" *(SCX_EV_\w+): +(-?\d+)")
TRUNCATED = "~~~~ TRUNCATED ~~~~"

CPU_KEYS = {"nr_run": "nr_running", "flags": "flags", "cpu_rel": "cpu_released", "ops_qseq": "ops_qseq",
            "pnt_seq": "kick_sync", "ksync": "kick_sync"}
MASK_KEYS = {"cpus_to_kick": "cpus_to_kick", "idle_to_kick": "cpus_to_kick_if_idle",
             "cpus_to_preempt": "cpus_to_preempt", "cpus_to_wait": "cpus_to_wait", "cpus_to_sync": "cpus_to_sync"}


def parse_mask(text):
    """The set of CPUs of a printed bit mask: comma-separated groups of 32 bits."""
    value = 0
    for group in text.split(","):
        value = value << 32 | int(group, 16)
    return {bit for bit in range(value.bit_length()) if value >> bit & 1}


class Parser:
    def __init__(self, text, scheduler):
        # what a BPF scheduler prints of its own begins with its name
        self.own_line = re.compile(r" *" + scheduler + r"[ :]")
        self.dumps = []
        self.dump = None
        self.cpu = None
        self.task = None
        self.place = self.begin
        self.number = 0
        self.cut = False
        self.lines = text.replace("\r\n", "\n").split("\n")

    def fail(self, line, why="not understood"):
        raise DumpError(f"line {self.number} of the dump: {why}: {line!r}")

    def parse(self):
        for line in self.lines:
            self.number += 1
            if line.endswith(TRUNCATED):
                self.cut = True  # the mark stands on top of the last bytes: this line is lost
                break
            if line.strip():
                self.place(line)
        self.end_task()
        if self.dump:
            self.dump.truncated = self.cut
        if not self.dumps:
            raise DumpError("no dump in the text")
        return self.dumps

    # ---- one method for each part of a dump; `place` is the one we are in

    def begin(self, line):
        """Up to the first line that only the kernel prints."""
        sched = SCHED.fullmatch(line)
        if sched:
            self.start(sched[1], sched[2])
        elif EXIT.fullmatch(line) or DEBUG.fullmatch(line):
            if self.place == self.begin or not self.dumps:
                self.start("", "root")
            self.head(line)
        else:
            self.fail(line)

    def another(self, line):
        """The first line of one more dump in the same text."""
        if not any(form.fullmatch(line) for form in (SCHED, DEBUG, EXIT)):
            return False
        self.place = self.begin
        self.begin(line)
        return True

    def start(self, name, position):
        self.end_task()
        self.dump = Dump(sched=name, position=position)
        self.dumps.append(self.dump)
        self.cpu = self.task = None
        self.place = self.head

    def head(self, line):
        exited = EXIT.fullmatch(line)
        debug = DEBUG.fullmatch(line)
        reason = REASON.fullmatch(line)
        if exited:
            self.dump.exit_kind, self.dump.exit_pid = int(exited[3]), int(exited[2])
        elif debug:
            self.dump.reason = debug[1]
        elif line == "Backtrace:":
            self.place = self.backtrace
            return
        elif reason and not self.dump.reason:
            self.dump.reason, self.dump.msg = reason[1], reason[2]
            return
        elif line == "CPU states":
            self.place = self.states
            return
        elif not self.own_line.match(line):
            self.fail(line)

    def backtrace(self, line):
        frame = FRAME.fullmatch(line)
        if line == "CPU states":
            self.place = self.states
        elif frame:
            self.dump.backtrace.append(frame[1] or frame[2])
        elif not self.own_line.match(line):
            self.fail(line)

    def states(self, line):
        if re.fullmatch("-+", line):
            return
        cpu = CPU.fullmatch(line)
        if cpu:
            self.start_cpu(int(cpu[1]), cpu[2])
        elif line == "Event counters":
            self.end_task()
            self.place = self.events
        elif self.another(line):
            return
        elif self.cpu is None:
            self.fail(line)
        else:
            self.in_cpu(line)

    def start_cpu(self, number, pairs):
        self.end_task()
        values = {}
        for pair in pairs.split():
            key, value = pair.split("=", 1)
            if key not in CPU_KEYS:
                self.fail(pairs, f"a value of a CPU that is not known ({key})")
            values[CPU_KEYS[key]] = int(value, 0)
        if number in self.dump.cpus:
            self.fail(pairs, f"CPU {number} twice")
        self.cpu = self.dump.cpus[number] = Cpu(number, values)

    def in_cpu(self, line):
        curr = CURR.fullmatch(line)
        mask = MASK.fullmatch(line)
        task = TASK.fullmatch(line)
        if task:
            self.end_task()
            self.task = Task(cpu=self.cpu.cpu, is_curr=task[1] == "*", state=task[2], comm=task[3], pid=int(task[4]),
                             own=task[5] in ("*", None), sched=task[6] or "", age_ms=-int(task[7]))
            self.cpu.tasks.append(self.task)
        elif curr:
            self.cpu.curr_comm, self.cpu.curr_pid, self.cpu.curr_class = curr[1], int(curr[2]), curr[3]
        elif mask:
            self.cpu.masks[MASK_KEYS[mask[1]]] = parse_mask(mask[2])
        elif RESCUE.fullmatch(line):
            return
        elif self.task is not None:
            self.in_task(line)
        elif not self.own_line.match(line):
            self.fail(line)

    def in_task(self, line):
        values = self.task.values
        state = STATE.fullmatch(line)
        queue = QUEUE.fullmatch(line)
        vtime = VTIME.fullmatch(line)
        cpus = CPUS.fullmatch(line)
        frame = FRAME.fullmatch(line)
        if state:
            values["scx_task_state"] = int(state[1])
            values["scx_flags"] = int(state[2], 16)
            values["dsq_flags"] = int(state[3], 16)
            values["ops_state"] = int(state[4])
            values["ops_qseq"] = int(state[5])
        elif queue:
            values["sticky_cpu"], values["holding_cpu"] = int(queue[1]), int(queue[2])
            values["dsq_id"] = None if queue[3] == "(n/a)" else int(queue[3], 16)
            if queue[4]:
                values["dsq_vtime"] = int(queue[4])
        elif vtime:
            values["dsq_vtime"], values["slice_ns"], values["weight"] = (int(v) for v in vtime.groups())
        elif cpus:
            values["cpus_allowed"] = parse_mask(cpus[1])
            if cpus[2] is not None:
                values["migration_disabled"] = int(cpus[2])
        elif frame:
            self.task.frames.append(frame[1] or frame[2])
        elif not self.own_line.match(line):
            self.fail(line)

    def end_task(self):
        """A task of which a line is missing was not understood either."""
        task, self.task = self.task, None
        if task is None:
            return
        need = {"scx_task_state", "dsq_flags", "ops_qseq", "sticky_cpu", "dsq_id", "dsq_vtime", "cpus_allowed"}
        missing = need - set(task.values)
        if missing:
            if not self.cut:
                self.fail(f"{task.comm}[{task.pid}]", f"no {', '.join(sorted(missing))}")
            self.cpu.tasks.remove(task)

    def events(self, line):
        if re.fullmatch("-+", line):
            return
        event = EVENT.fullmatch(line)
        if event:
            self.dump.events[event[1]] = int(event[2])
        elif not self.another(line):
            self.fail(line)


def parse_dump(text, scheduler=r"scx\w*"):
    """All dumps in a text (SysRq-D dumps each scheduler), in order."""
    return Parser(text, scheduler).parse()
