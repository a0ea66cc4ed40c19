#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The host's side of plugin.h: which calls a plugin gets, on which thread, in which order, and what comes of its answers."""
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import harness  # noqa: E402
import tiny_elf as tiny  # noqa: E402
import vmm  # noqa: E402

SOURCE = os.path.join(harness.ROOT, "tests", "vm", "recording_plugin.c")
INIT = "init api 1 sizes 1 1 vm 1 kick 1 context 1 pause 0"


class Test:
    def __init__(self):
        self.cases = harness.Cases()
        self.folder = vmm.Folder()
        self.plugin = tiny.build_plugin(self.folder.path, SOURCE, os.path.join(harness.ROOT, "include"))

    def arguments(self, code, *more, memory="16M"):
        kernel = self.folder.guest("guest", code)
        return ["--kernel", kernel, "--memory", memory, "--plugin", self.plugin, "--plugin-set",
                f"record={self.folder / 'record'}", *more]

    def run(self, code, *more, **options):
        record = self.folder / "record"
        if os.path.exists(record):
            os.unlink(record)
        return vmm.run(*self.arguments(code, *more, **options)), self.record()

    def record(self):
        return (self.folder.read("record") or b"").decode().splitlines()

    def check(self, ok, what, *detail):
        self.cases.check(ok, what, "\n".join(str(d) for d in detail))


def ordered(record, *lines):
    """Whether all these lines are there, each once and in this order."""
    at = [i for line in lines for i, have in enumerate(record) if have == line]
    return len(at) == len(lines) and at == sorted(at)


def check_course(t):
    ran, record = t.run(tiny.text(b"hello\n") + tiny.OFF, "--cpus", "2")
    t.check(ran.status == 0 and ran.out == b"hello\n", "a guest with a plugin", ran)
    t.check(record[0] == INIT, "init comes first, with all that the header names", record)
    t.check(record[1:4] == ["region 0 0x1000000 1", "vcpu 0 fd 1 tid 0", "vcpu 1 fd 1 tid 0"],
            "regions and vCPUs; no thread yet", record)
    t.check(ordered(record, "start 0 tid 1", "exit 0", "stop 0", "finish", "unload"),
            "a vCPU: start on its own thread, exits, stop; then finish and unload", record)
    t.check(ordered(record, "start 1 tid 1", "stop 1", "finish"), "a vCPU that waits for its start-up IPI", record)
    t.check("scxray-vmm: plugin: warning: a word of the plugin\n" in ran.err and "debug" not in ran.err, "the plugin's log", ran)
    ran, _ = t.run(tiny.OFF, "--verbose")
    t.check("scxray-vmm: plugin: debug: more of it\n" in ran.err, "the plugin's log, all of it", ran)
    t.check("scxray-vmm: report: somewhere/report.txt\n" in ran.err, "the paths of the report", ran)
    t.check(not any(line.startswith("trigger") for line in record), "nobody asked for a snapshot", record)

    ran, record = t.run(tiny.OFF, memory="4G")
    t.check(record[1:3] == ["region 0 0xc0000000 1", "region 0x100000000 0x40000000 1"], "regions around the hole", record)


def check_answers(t):
    ran, _ = t.run(tiny.text(b"a!b!!c") + tiny.OFF, "--plugin-set", "swallow=!")
    t.check(ran.out == b"abc", "an exit that the plugin consumed is not handled", ran)
    ran, record = t.run(tiny.OFF, "--plugin-set", "finish=-1")
    t.check(ran.status == 5 and "plugin: report.txt: No space left on device" in ran.err, "a report that was not written", ran)
    t.check(record[-1] == "unload", "unload after a failed finish", record)
    for why, status in (("watchpoint on exit_kind", 6), ("the guest said 'disabled'", 6), ("on demand", 0), ("timeout of 3 s", 0)):
        ran, _ = t.run(tiny.OFF, "--plugin-set", f"fail={why}")
        t.check(ran.status == status, f"a failure that was captured by: {why}", ran)
        t.check(ran.err.count("report: somewhere/report.txt") == 1, "its path is said once", ran)
    ran, _ = t.run(tiny.RESET, "--plugin-set", "fail=poll of exit_kind")
    t.check(ran.status == 6, "a failure before a reset", ran)
    ran, _ = t.run(tiny.OFF, "--plugin-set", "fail=poll of exit_kind", "--plugin-set", "finish=-1")
    t.check(ran.status == 5, "a failure whose report is not written", ran)
    for status in (-2, 1, 2):
        ran, _ = t.run(tiny.RESET, "--plugin-set", f"finish={status}")
        t.check(ran.status == 3, f"finish: status {status} is no failure of the VMM", ran)
    ran, record = t.run(tiny.text(b"hello\n") + tiny.OFF, "--plugin-set", "refuse=1")
    t.check(ran.status == 1 and "error: the plugin does not want to" in ran.err and "did not start" in ran.err and not ran.out,
            "a plugin that refuses: the guest is not run", ran)
    t.check(ran.err.count("\n") == 2 and not record, "two lines, and no call to it", ran, record)


def check_triggers(t):
    lines = tiny.text(b"half-way now\n") + tiny.text(b"half-way again\n", tiny.COM2)
    fail = tiny.text(b"scheduler disabled (stall)\n", tiny.COM2)
    # A guest that goes on until the VMM has seen its lines: it waits for a byte that the test never sends.
    code = lines + fail + tiny.SPIN
    texts = ("--early-on", "half-way", "--late-on", "disabled (", "--timeout", "2")
    early, late = "trigger 1 the guest said 'half-way'", "trigger 2 the guest said 'disabled ('"
    ran, record = t.run(code, *texts)
    t.check(ordered(record, "start 0 tid 1", early, late, "trigger 2 timeout of 2 s", "stop 0"),
            "a text on either port, once each; late once more at the timeout", record)
    t.check(ran.status == 4, "timeout", ran)

    ran, record = t.run(code, *texts, "--plugin-when", "failure", "--cpus", "2")
    t.check(record[:3] == [INIT, "region 0 0x1000000 1", "vcpu 0 fd 1 tid 1"],
            "--plugin-when failure: loaded while vCPUs run, with their threads", record)
    # on a busy host the thread of vCPU 1 may begin after that; what must not be is both, or neither
    t.check(("vcpu 1 fd 1 tid 1" in record) != ("start 1 tid 1" in record), "a thread is known, or says that it starts", record)
    t.check(ordered(record, early, late, "stop 0", "finish") and ordered(record, "stop 1", "finish"), "cold triggers", record)
    t.check("start 0 tid 1" not in record, "no vcpu_start for a thread that was there", record)

    ran, record = t.run(tiny.text(b"all is well\n") + tiny.OFF, *texts, "--plugin-when", "failure")
    t.check(ran.status == 0 and not record and "report" not in ran.err, "--plugin-when failure without one: never loaded", ran, record)
    ran, record = t.run(code, *texts, "--plugin-when", "failure", "--plugin-set", "refuse=1")
    t.check(ran.status == 4 and ran.err.count("did not start") == 1, "a plugin that can't be loaded is tried once", ran)

    long = b"x" * 3000 + b"half-way" + b"y" * 3000
    ran, record = t.run(tiny.text(long[:2040]) + tiny.text(long[2040:]) + tiny.SPIN, *texts)
    t.check(early in record, "a text in a line of thousands of bytes without an end", record)

    for status, said in ((2, "is degraded"), (-2, "no kernel was found"), (-3, "there is one already"), (-5, "status -5")):
        ran, record = t.run(code, "--early-on", "half-way", "--timeout", "1", "--plugin-set", f"trigger={status}")
        t.check("plugin: " in ran.err and said in ran.err, f"trigger: status {status} is said", ran)


def check_signals(t):
    code = tiny.text(b"up\n") + tiny.SPIN
    for number in (signal.SIGUSR1, signal.SIGQUIT):
        if os.path.exists(t.folder / "record"):
            os.unlink(t.folder / "record")
        vm = vmm.Vm(*t.arguments(code, "--cpus", "3"))
        t.check(vmm.until(lambda: "exit 0" in t.record() or "start 2 tid 1" in t.record()), "the guest is up", t.record())
        vm.signal(number)
        t.check(vmm.until(lambda: "trigger 2 on demand" in t.record()), f"{number.name}: a snapshot on demand", t.record())
        vm.signal(signal.SIGTERM)
        ran, record = vm.wait(), t.record()
        t.check(ran.status == 128 + signal.SIGTERM and "report: somewhere" in ran.err, "SIGTERM: the report is written", ran)
        t.check(ordered(record, "stop 0", "finish", "unload"), "SIGTERM: stop, finish, unload", record)


def check_settings(t):
    ran = vmm.run("--plugin", t.plugin, "--plugin-settings")
    t.check(ran.status == 0 and ran.out.startswith(b"record=none\n    where to write calls\n"), "--plugin-settings", ran)
    for when in ("start", "failure"):
        ran = vmm.run("--kernel", "/nonexistent", "--plugin", t.plugin, "--plugin-set", "colour=red", "--plugin-when", when,
                      "--late-on", "disabled")
        t.check(ran.status == 1 and "--plugin-set colour=red: no such setting" in ran.err and "nonexistent" not in ran.err,
                f"a setting that is none, before a kernel is read (--plugin-when {when})", ran)
    ran = vmm.run("--kernel", "/nonexistent", "--plugin", os.path.join(harness.BUILD, "scxray-plugin.so"), "--plugin-set", "poll_ms=x")
    t.check(ran.status == 1 and "poll_ms" in ran.err and "nonexistent" not in ran.err, "a value that is wrong, before a kernel is read", ran)
    t.check(ran.err.count("\n") == 2, "in two lines", ran)
    ran, record = t.run(tiny.OFF, "--initrd", "/nonexistent")
    t.check(ran.status == 1 and record[-1] == "unload" and "finish" not in record, "no kernel: the plugin is unloaded", ran, record)
    ran = vmm.run("--plugin", os.path.basename(t.plugin), "--plugin-settings", cwd=t.folder.path)
    t.check(ran.status == 0, "a plugin without a slash in its name is one in this folder", ran)
    libc = "/lib/x86_64-linux-gnu/libz.so.1"
    if os.path.exists(libc):
        ran = vmm.run("--plugin", libc, "--plugin-settings")
        t.check(ran.status == 1 and "has no scxray_plugin_init" in ran.err, "a library that is no plugin", ran)


def main():
    vmm.need_kvm()
    t = Test()
    for check in (check_course, check_answers, check_triggers, check_signals, check_settings):
        check(t)
    sys.exit(t.cases.end())


if __name__ == "__main__":
    main()
