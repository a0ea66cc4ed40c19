#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""scxray watch and attach with a process that looks like a QEMU (fake.py): reports, errors, and what is left of them."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import harness  # noqa: E402

LIMIT_S = 20 if not harness.SANITIZED else 120
ERROR_S = 3 if not harness.SANITIZED else 30


def notes_only(vmcore, path):
    """Of an ELF image the notes alone, and no memory: as a dump of nearly nothing."""
    with open(vmcore, "rb") as f:
        head = bytearray(f.read(64))
        at, size, number = struct.unpack_from("<Q", head, 32)[0], *struct.unpack_from("<HH", head, 54)
        f.seek(at)
        for _ in range(number):
            program = bytearray(f.read(size))
            if struct.unpack_from("<I", program)[0] == 4:
                break
        offset, length = struct.unpack_from("<Q", program, 8)[0], struct.unpack_from("<Q", program, 32)[0]
        f.seek(offset)
        notes = f.read(length)
    struct.pack_into("<Q", head, 32, 64)
    struct.pack_into("<H", head, 56, 2)
    struct.pack_into("<Q", program, 8, 64 + 2 * size)
    load = struct.pack("<IIQQQQQQ", 1, 0, 64 + 2 * size + length, 0, 0, 4096, 4096, 0)
    with open(path, "wb") as f:
        f.write(bytes(head) + bytes(program) + load + notes + bytes(4096))


class Fake:
    def __init__(self, parts, folder, *args):
        os.makedirs(os.path.join(folder, "files"))
        self.folder = folder
        self.process = subprocess.Popen([sys.executable, os.path.join(HERE, "fake.py"), folder, *parts, *args],
                                        stdin=subprocess.DEVNULL)
        self.wait(lambda: os.path.exists(self.path("hmp")))

    def path(self, name):
        return os.path.join(self.folder, name)

    def wait(self, condition):
        until = time.monotonic() + LIMIT_S
        while not condition():
            if time.monotonic() > until or self.process.poll() is not None:
                return False
            time.sleep(0.02)
        return True

    def asked(self):
        with open(self.path("asked"), encoding="utf-8") as f:
            return [line.split(" ", 1)[1] for line in f.read().splitlines() if " " in line]

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def reference(half, error):
    return json.loads(harness.scxray("report", "--format", "json", "--early", half, error).out)


def queues(half):
    """Which task is on which queue, in order."""
    return [(d.get("id"), d.get("cpu"), [t.get("pid") for t in d.get("tasks", [])]) for d in half["dsq_states"]]


def ages(half):
    return sorted((t.get("pid"), t.get("comm"), t.get("runnable_age_ms")) for t in half["task_enrichments"])


def registers(half):
    return [cpu and {k: v for k, v in cpu.items() if k in ("rip", "rsp", "cr3", "rflags", "gs_base")} for cpu in half["vcpu_regs"]]


def watched(cases, parts, folder, want, socket, *args):
    """A watch to the failure and a little beyond, whose report says what the core of that moment says."""
    what = " ".join([socket, *args])
    fake = Fake(parts, os.path.join(folder, f"watch-{socket}{''.join(args)}"), *args)
    watch = subprocess.Popen([harness.SCXRAY, "watch", "--set", "perf=off", "-o", fake.path("files"), fake.path(socket)],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    report = fake.path("files/vm.scxray.json")
    fake.wait(lambda: os.path.exists(report) or watch.poll() is not None)
    watch.send_signal(signal.SIGTERM)
    out, err = watch.communicate(timeout=LIMIT_S)
    cases.check(watch.returncode == 0 and not err, f"{what}: the watch ends well and is quiet", (out, err))
    asked = fake.asked()
    fake.end()
    if not cases.check(os.path.exists(report), f"{what}: there is a report", "\n".join(asked)):
        return
    cases.check(report.encode() in out, f"{what}: and its name is said", out)
    with open(report, encoding="utf-8") as f:
        got = json.load(f)
    cases.check(got.get("trigger") == "watchpoint on exit_kind (vCPU 1)", f"{what}: the trigger", got.get("trigger"))
    for which in ("early", "late"):
        if not cases.check(which in got, f"{what}: {which} is there", got.get("early_skipped_reason")):
            continue
        for name, part in (("queues", queues), ("ages of tasks", ages), ("registers", registers)):
            same = part(got[which]) == part(want[which])
            cases.check(same, f"{what}: {which}: {name} as in the core", f"{part(got[which])}\n{part(want[which])}")
    cases.check(got["late"]["scx_sched_state"].get("exit_kind") == want["late"]["scx_sched_state"].get("exit_kind"),
                f"{what}: the exit kind")
    end = asked[asked.index("hit"):] if "hit" in asked else []
    cases.check(any(a.startswith("gdb z2") for a in end) and "gdb D" in end and
                end[-1] in ("gdbserver none", "human-monitor-command gdbserver none"),
                f"{what}: the watchpoint is taken away, then the stub", "\n".join(end))


def attached(cases, parts, folder, want):
    fake = Fake(parts, os.path.join(folder, "attach"))
    ran = harness.scxray("attach", "-o", fake.path("a.json"), fake.path("qmp"))
    if cases.check(ran.status == 0 and not ran.err and not ran.out, "attach ends well and is quiet", ran):
        with open(fake.path("a.json"), encoding="utf-8") as f:
            got = json.load(f)
        cases.check(queues(got["late"]) == queues(want["early"]), "attach: queues as in the core")
    left = [n for n in os.listdir(fake.folder) if "scxray" in n]
    cases.check(not left, "attach leaves nothing beside the file", left)
    cases.check("stop" in fake.asked() and not any("gdb" in a for a in fake.asked()), "it opens no gdbstub", fake.asked())
    ran = harness.scxray("attach", fake.path("hmp"))
    cases.check(ran.status == 0 and b"on demand" in ran.out, "attach by HMP, text to standard output", ran)
    ran = harness.scxray("attach", "-o", "/nowhere/a.txt", fake.path("qmp"))
    cases.check(ran.status == 1 and ran.err.count("\n") == 1 and "/nowhere" in ran.err, "a folder that is not there", ran)
    fake.end()


ERASE = "\r\x1b[K"


def on_terminal(fake, columns, enough, *args):
    """What a watch writes to a terminal of that many columns until that is `enough`, and what to standard output."""
    terminal, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    watch = subprocess.Popen([harness.SCXRAY, "watch", "--set", "perf=off", "-o", fake.path("files"), *args, fake.path("qmp")],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=its, env={**os.environ, "TERM": "xterm"})
    shown = b""

    def ready():
        nonlocal shown
        while select.select([terminal], [], [], 0)[0]:
            shown += os.read(terminal, 65536)
        return enough(shown.decode("utf-8", "replace")) or watch.poll() is not None

    fake.wait(ready)
    watch.send_signal(signal.SIGTERM)
    out = watch.communicate(timeout=LIMIT_S)[0]
    ready()
    os.close(its)
    os.close(terminal)
    return shown.decode(), out


def followed(shown):
    """The lines that a terminal showed and erased, those that remain, and what the last one has."""
    seen, kept, line = [], [], ""
    for piece in re.split(r"(\r\n|\r\x1b\[K)", shown):
        if piece == ERASE:
            seen.append(line)
            line = ""
        elif piece == "\r\n":
            kept.append(line)
            line = ""
        else:
            line += piece
    return [s for s in seen if s], kept, line


def progressed(cases, parts, folder, want):
    """One line that changes, on a terminal only."""
    release = want["early"]["guest"]["release"]
    name = want["early"]["scx_sched_state"]["name"]
    full = re.compile(re.escape(f"{release}, scheduler {name}, oldest runnable ") + r"[0-9.]+ (ms|s) of [0-9.]+ (ms|s)")
    for columns in (120, 30):
        fake = Fake(parts, os.path.join(folder, f"terminal-{columns}"))
        last = full if columns == 120 else re.compile(re.escape(f"{release}, scheduler"[: columns - 1]))
        shown, _ = on_terminal(fake, columns, lambda s, last=last: last.search(s) and "early snapshot" in s,
                               "--set", "triggers=early")
        fake.end()
        seen, kept, rest = followed(shown)
        cases.check(seen and seen[0] == "looking for a kernel", f"{columns} columns: it begins without a kernel", seen)
        cases.check(len(set(seen)) > 1, f"{columns} columns: it changes", seen)
        cases.check(all(len(s) < columns for s in seen), f"{columns} columns: it is no longer than the terminal", seen)
        if columns == 120:
            cases.check(any(full.fullmatch(s) for s in seen), "it says kernel, scheduler, and how long the oldest waits", shown)
        cases.check(kept and all(k.startswith("scxray: ") for k in kept), f"{columns} columns: erased before each line", kept)
        cases.check(any("early snapshot" in k for k in kept), f"{columns} columns: the moments are said", kept)
        cases.check(not rest, f"{columns} columns: nothing is left of it", shown[-200:])
    hostile = os.path.join(folder, "hostile")
    with open(parts[0], "rb") as f, open(hostile, "wb") as to:
        to.write(f.read().replace(name.encode() + b"\0", b"\x1b[2J\xc2\x9b".ljust(len(name), b"x")[: len(name)] + b"\0"))
    fake = Fake([hostile, *parts[1:]], os.path.join(folder, "terminal-hostile"))
    shown, _ = on_terminal(fake, 120, lambda s: ", scheduler " in s, "--set", "triggers=early")
    fake.end()
    cases.check(f"{release}, scheduler ?[2J??" in shown, "a name that would clear the terminal is made harmless", shown)
    cases.check("\x1b" not in shown.replace(ERASE, ""), "nothing else of it is a terminal's command", shown)
    fake = Fake(parts, os.path.join(folder, "terminal-json"))
    shown, out = on_terminal(fake, 120, lambda _: os.path.exists(fake.path("files/vm.scxray.json")), "--json-lines")
    fake.end()
    cases.check(not shown and b'"end"' in out, "--json-lines: no line on the terminal", shown)


ERRORS = (
    ("silent", "nothing greets there; another program holds this monitor"),
    ("closes", "closed at once"),
    ("garbage", "no monitor of QEMU; it greets with SSH-2.0"),
    ("json", "no QMP"),
    ("broken", "no JSON"),
    ("endless", "no greeting"),
    ("silent-later", "does not answer"),
    ("refuses", "not now"),
    ("no-ram", "names no guest RAM"),
    ("no-hva", "does not say where guest RAM is"),
    ("bad-hva", "can't be read in QEMU"),
)


def errors(cases, parts, folder):
    """Each in one line, in little time."""
    for fault, says in ERRORS:
        fake = Fake(parts, os.path.join(folder, f"fault-{fault}"), "--fault", fault)
        begun = time.monotonic()
        ran = harness.scxray("watch", fake.path("qmp"))
        took = time.monotonic() - begun
        cases.check(ran.status == 1 and ran.err.count("\n") == 1 and says in ran.err, f"fault {fault}: one line", ran)
        cases.check(took < ERROR_S + 1, f"fault {fault}: in time", f"{took:.1f} s")
        fake.end()
    for args, says in (
        ((os.path.join(folder, "none"),), "no such socket"),
        (("localhost:1",), "nobody listens there"),
        (("--pid", str(os.getpid())), "is no QEMU"),
        (("--pid", "999999999"), "no process"),
        (("--domain", "nobody"), "no QEMU runs the domain nobody"),
        (("x" * 150,), "too long for a socket"),
    ):
        ran = harness.scxray("watch", *args)
        cases.check(ran.status == 1 and ran.err.count("\n") == 1 and says in ran.err, f"watch {args[-1][:20]}", ran)
    for args in (("a", "b"), ("--pid", "x"), ("--pid", "1", "a"), ("--what",), ("--set",), ("--set", "what=1", "a")):
        ran = harness.scxray("watch", *args)
        cases.check(ran.status == 2 and ran.err.count("\n") == 1, f"watch {' '.join(args)}: makes no sense", ran)
    ran = harness.scxray("run", "--", "/nowhere/command")
    cases.check(ran.status == 127 and "/nowhere/command" in ran.err, "run: a command that is not there", ran)
    cases.check(harness.scxray("run").status == 2, "run: no command")
    for args in (["--help"], ["-h"], ["--core", "--help"], ["-o", "/tmp", "-h"], ["--set", "core=on", "--help"]):
        cases.check(b"usage: scxray run" in harness.scxray("run", *args).out, f"run {' '.join(args)}: its own help")
    for args in (["echo", "--help"], ["-o", "/tmp", "echo", "x", "-h"], ["--", "echo", "-h"], ["--core", "echo", "--help"]):
        ran = harness.scxray("run", *args)
        cases.check(b"usage: scxray" not in ran.out, f"run {' '.join(args)}: the command's own help", ran.out)



def flooded(cases, parts, folder):
    """Events without end keep nobody from ending the watch."""
    fake = Fake(parts, os.path.join(folder, "flood"), "--fault", "events")
    watch = subprocess.Popen([harness.SCXRAY, "watch", "-o", fake.path("files"), fake.path("qmp")],
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    fake.wait(lambda: len(fake.asked()) > 20)
    watch.send_signal(signal.SIGTERM)
    err = watch.communicate(timeout=LIMIT_S)[1]
    cases.check(watch.returncode == 0 and not err, "a flood of events: the watch ends when it is told to", err)
    fake.end()


# What the watcher has asked last when it is killed.
STATES = ("qmp_capabilities", "human-monitor-command info mtree -f", "dump-guest-memory", "chardev-add",
          "human-monitor-command gdbserver chardev:scxray-gdb", "gdb Z2", "gdb c", "stop", "hit", "gdb b'\\x03'")


def killed(cases, parts, folder):
    """kill -9 at each state: the guest runs, no watchpoint is left, no stub."""
    for number, state in enumerate(STATES):
        fake = Fake(parts, os.path.join(folder, f"kill-{number}"))
        watch = subprocess.Popen([harness.SCXRAY, "watch", "--set", "perf=off", "-o", fake.path("files"),
                                  *(["--set", "triggers=early"] if state == "stop" else []), fake.path("qmp")],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        seen = fake.wait(lambda: any(a.startswith(state) for a in fake.asked()))
        watch.kill()
        watch.wait()
        cases.check(seen, f"killed after {state}: it came to that", "\n".join(fake.asked()))
        # the guard asks last whether the guest runs
        words = []

        def settled():
            asked = fake.asked()
            words[:] = asked
            return len(asked) > 2 and asked[-1].startswith(("query-status", "cont"))

        fake.wait(settled)
        time.sleep(0.1)
        status = harness.scxray("watch", "--set", "triggers=none", "--set", "what=1", fake.path("qmp"))
        cases.check(status.status == 2, "the fake lives")
        asked = fake.asked()
        set_words = set()
        for line in asked:
            if line.startswith("gdb Z2"):
                set_words.add(line[6:])
            elif line.startswith("gdb z2"):
                set_words.discard(line[6:])
            elif line == "gdb D":
                set_words.clear()
        cases.check(not set_words, f"killed after {state}: no watchpoint is left", "\n".join(asked))
        opened = any("gdbserver chardev" in a for a in asked)
        closed = not opened or "gdbserver none" in asked[-3] or any("gdbserver none" in a for a in asked[-4:])
        cases.check(closed, f"killed after {state}: no stub is left", "\n".join(asked))
        ran = subprocess.run([sys.executable, "-c", RUNS, fake.path("qmp")], capture_output=True, text=True, check=False)
        cases.check(ran.stdout.strip() == "running", f"killed after {state}: the guest runs", ran.stdout + ran.stderr +
                    "\n".join(asked))
        fake.end()


RUNS = """
import json, socket, sys
s = socket.socket(socket.AF_UNIX); s.settimeout(10); s.connect(sys.argv[1]); f = s.makefile("rb"); f.readline()
for command in ("qmp_capabilities", "query-status"):
    s.sendall(json.dumps({"execute": command, "id": 1}).encode() + b"\\n")
    while True:
        reply = json.loads(f.readline())
        if "return" in reply:
            break
print(reply["return"]["status"])
"""


def main():
    cases = harness.Cases()
    harness.need_cores(cases)
    half, error = harness.core_pairs()[-1]
    with harness.scratch() as folder:
        parts = [os.path.join(folder, name) for name in ("half", "error", "half-notes", "error-notes")]
        for core, path, notes in ((half, parts[0], parts[2]), (error, parts[1], parts[3])):
            subprocess.run([harness.tool("core2raw"), core, path], check=True, stdout=subprocess.DEVNULL)
            harness.to_vmcore(core, notes + ".elf")
            notes_only(notes + ".elf", notes)
        want = reference(half, error)
        for socket, args in (("qmp", ()), ("qmp", ("--memfd",)), ("hmp", ())):
            watched(cases, parts, folder, want, socket, *args)
        attached(cases, parts, folder, want)
        progressed(cases, parts, folder, want)
        errors(cases, parts, folder)
        flooded(cases, parts, folder)
        killed(cases, parts, folder)
    sys.exit(cases.end())


if __name__ == "__main__":
    main()
