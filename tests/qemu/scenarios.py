# SPDX-License-Identifier: BSD-2-Clause
"""What is done with a QEMU guest, and what has to come of it: ALL is the list, in the order of the run."""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from guest import Guest, TIMEOUT_S, arguments, harness, program  # noqa: E402
import expect  # noqa: E402
from left import CONSOLE, DATA, TooSlow  # noqa: E402

LAB_VNG = os.path.join(harness.ROOT, "build", "lab", "vng")

LIMIT_S = 120
KILLS = int(os.environ.get("KILLS", "20"))


class Scenario:
    def __init__(self, name, what, run, may_crash=False):
        self.name = name
        self.what = what
        self.run = run
        self.may_crash = may_crash


def start_watch(left, *args):
    return subprocess.Popen([harness.SCXRAY, "watch", "--json-lines", "-o", left.path("files"), *args],
                            stdin=subprocess.DEVNULL, stdout=open(left.path("out"), "wb"),
                            stderr=open(left.path("errors"), "wb"))


def end_watch(left, watch, limit_s=LIMIT_S):
    try:
        status = watch.wait(limit_s)
    except subprocess.TimeoutExpired:
        watch.kill()
        watch.wait()
        status = -1
    with open(left.path("status"), "w", encoding="ascii") as f:
        f.write(str(status))
    said = left.text("errors")
    left.check(not said, "nothing on stderr", said)
    return status


def wait_for(condition, limit_s=20, step_s=0.05):
    until = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(step_s)
    return True


# ---- failures ------------------------------------------------------------------------------------


def exact(left, cpus, kind, early=True):
    """Half-way and the failure, by the watchpoint: victims where they stalled, bypass not begun."""
    expect.shut_down(left, failed=False)  # the command is QEMU's, whose status is the guest's
    report = expect.dual(left, early)
    for what in ("early", "late") if early else ("late",):
        expect.clean(left, what, report[what], report["timing"].get(what))
        expect.stalled_where(left, what, report[what], cpus)
    if early:
        expect.half_way(left, report, TIMEOUT_S)
        expect.against_dump(left, "early", report["early"], "half-dump.txt")
    expect.not_gone_yet(left, report["late"], kind)
    left.check("watchpoint" in report.get("trigger", ""), "the watchpoint fired", report.get("trigger"))
    expect.against_dump(left, "late", report["late"], "dump.txt")
    return report


def failure(version, release, mode, backend, *, kind=expect.SCX_EXIT_ERROR_STALL, cpus=2, socket_name="qmp", **more):
    def run(left):
        guest = Guest(left.folder, version, release=release, mode=mode, backend=backend, cpus=cpus, **more)
        before = guest.monitor.chardevs()
        try:
            watch = start_watch(left, left.path(socket_name))
            # of the stub nothing is left while the guest still runs: asked at its very end
            end_watch(left, watch)
        finally:
            guest.end()
        left.check("compat_monitor0" in before, "the monitors are there", before)
        exact(left, cpus, kind)

    name = f"{mode}-{release}-qemu{version}-{backend}" + ("-hmp" if socket_name == "hmp" else "")
    name += "".join(f"-{key}{value}" for key, value in more.items())
    return Scenario(name, f"{mode}, QEMU {version}, kernel {release}, RAM {backend}, by {socket_name}", run)



# ---- the guest goes on ---------------------------------------------------------------------------


def as_before(left, guest, before, what):
    """Within a second the guest runs, and QEMU has nothing of ours."""
    runs = wait_for(lambda: guest.monitor.status() == "running", 1.5, 0.02)
    left.check(runs, f"{what}: the guest runs", guest.monitor.status())
    gone = wait_for(lambda: guest.monitor.chardevs() == before, 2, 0.05)
    left.check(gone, f"{what}: chardevs are as before", guest.monitor.chardevs())


def well(left, version, **more):
    """A guest whose scheduler runs, for minutes."""
    guest = Guest(left.folder, version, mode="well", words="scxfix.rounds=10", **more)
    if not guest.said("healthy"):
        guest.end()
        left.need(False, "the guest's scheduler runs")
    return guest, guest.monitor.chardevs()


def kill_some(left, guest, before, chance, numbers):
    for i in numbers:
        watch = subprocess.Popen([harness.SCXRAY, "watch", "-o", left.path("files"), "--set", "watchdog_ms=20",
                                  guest.people if i % 4 == 3 else guest.qmp],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait = chance.random() * (0.6 if i % 2 else 0.15)
        time.sleep(wait)
        watch.send_signal(signal.SIGSEGV if i % 5 == 4 else signal.SIGKILL)
        watch.wait()
        as_before(left, guest, before, f"kill {i} after {wait * 1000:.0f} ms")


def kill_run(left):
    """kill -9 and SIGSEGV at random moments of a watch, with the guest's scheduler attached."""
    seed = int(os.environ.get("SEED", str(time.time_ns() % 1000000)))
    chance = random.Random(seed)
    print(f"  seed {seed}", flush=True)
    for first in range(0, KILLS, 40):
        guest, before = well(left, "7.2" if first % 80 else "10.0")
        try:
            kill_some(left, guest, before, chance, range(first, min(first + 40, KILLS)))
            registers = guest.registers()
            left.check(wait_for(lambda: guest.registers() != registers, 5), "its vCPUs run")
        finally:
            guest.end()


def paused_run(left):
    """A guest that its user paused stays so, whatever scxray does, until its user lets it go."""
    guest, before = well(left, "10.0")
    try:
        watch = start_watch(left, guest.qmp)
        left.need(wait_for(lambda: "scxray-gdb" in guest.monitor.chardevs()), "a gdbstub is opened")
        time.sleep(0.3)
        guest.monitor.execute("stop")
        time.sleep(0.3)
        ran = harness.scxray("attach", guest.people)
        left.check(ran.status == 0 and b"was paused already" in ran.out, "a report of a paused guest", ran)
        left.check(guest.monitor.status() == "paused", "it stays paused", guest.monitor.status())
        watch.send_signal(signal.SIGKILL)
        watch.wait()
        gone = wait_for(lambda: guest.monitor.chardevs() == before, 3)
        left.check(gone, "chardevs are as before", guest.monitor.chardevs())
        left.check(guest.monitor.status() == "paused", "paused after a kill -9", guest.monitor.status())
        guest.monitor.execute("cont")
        left.check(guest.monitor.status() == "running", "its user lets it go", guest.monitor.status())
        watch = start_watch(left, guest.qmp)
        left.need(wait_for(lambda: "scxray-gdb" in guest.monitor.chardevs()), "a gdbstub is opened again")
        guest.monitor.execute("stop")
        time.sleep(0.2)
        watch.send_signal(signal.SIGTERM)
        left.check(end_watch(left, watch, 20) == 0, "a watch that is told to end ends", left.text("out"))
        left.check(guest.monitor.status() == "paused", "and leaves it paused", guest.monitor.status())
        left.check(guest.monitor.chardevs() == before, "without a gdbstub", guest.monitor.chardevs())
    finally:
        guest.end()


def debugger_run(left):
    """A debugger that is connected keeps its stub: the exit kind is polled, and the report says so."""
    guest = Guest(left.folder, "10.0", mode="stall", extra=["-gdb", f"unix:{left.path('gdb')},server=on,wait=off"])
    try:
        left.need(guest.said("healthy"), "the guest's scheduler runs")
        gdb = socket.socket(socket.AF_UNIX)
        gdb.connect(left.path("gdb"))
        gdb.settimeout(10)
        gdb.sendall(b"$?#3f")
        left.check(b"$T" in gdb.recv(4096), "a debugger is connected")
        gdb.sendall(b"+$c#63")
        watch = start_watch(left, guest.qmp)
        end_watch(left, watch)
        gdb.setblocking(False)
        try:
            said = gdb.recv(4096)
        except BlockingIOError:
            said = b""
        # QEMU tells a debugger each pause as an interrupt; a watchpoint would be a T05
        left.check(b"$T05" not in said, "it was told no hit of ours", said)
    finally:
        guest.end()
    report = expect.dual(left)
    left.check("a debugger is connected" in report.get("watchpoint", ""), "the report says it", report.get("watchpoint"))
    left.check("poll" in report.get("trigger", ""), "the exit kind was polled", report.get("trigger"))


def leave_run(left):
    """SIGTERM: what was done to QEMU is undone, the guest goes on, and fails unwatched."""
    guest, before = well(left, "7.2", backend="memfd")
    try:
        for name in (guest.qmp, guest.people):
            watch = start_watch(left, name)
            left.need(wait_for(lambda: "scxray-gdb" in guest.monitor.chardevs()), "a gdbstub is opened")
            watch.send_signal(signal.SIGTERM)
            left.check(end_watch(left, watch, 20) == 0, "the watch ends", left.text("out"))
            as_before(left, guest, before, os.path.basename(name))
    finally:
        guest.end()


# ---- scxray run, a second round -------------------------------------------------------------------


def run_run(left):
    """scxray run: a script that starts QEMU somewhere below; its status is the command's."""
    env, command = program("7.2")
    args = arguments(left.folder, mode="stall", release="6.18.15")
    quoted = " ".join("'" + a + "'" for a in [os.path.basename(command[0]), *args])
    with open(left.path("start.sh"), "w", encoding="utf-8") as f:
        f.write(f"#!/bin/sh\n{quoted}\nexit 5\n")
    ran = harness.scxray("run", "-o", left.path("files"), "--", "sh", "-c", f"sh {left.path('start.sh')}", env=env)
    left.check(ran.status == 5, "the command's status", ran)
    with open(left.path("status"), "w", encoding="ascii") as f:
        f.write("0")
    exact(left, 2, expect.SCX_EXIT_ERROR_STALL)


def first_guest():
    """The words after scxray in docs/first-guest.md's command with vng."""
    with open(os.path.join(harness.ROOT, "docs", "first-guest.md"), encoding="utf-8") as f:
        return next(line for line in f if line.lstrip().startswith("scxray run ")).split()[1:]


def vng(suite):
    """scxray run -- vng: a guest that a real virtme-ng starts, with the host's root by 9p, as its users know it."""
    def run(left):
        root = os.path.join(LAB_VNG, suite, "usr")
        left.need(os.path.exists(root), f"virtme-ng of {suite} is there")
        env = dict(os.environ, PATH=os.pathsep.join([os.path.join(root, "bin"), os.environ["PATH"]]),
                   PYTHONPATH=os.path.join(root, "lib", "python3", "dist-packages"))
        words = f"scxfix.alone scxfix.mode=stall scxfix.timeout={TIMEOUT_S}"
        here = {
            "test.log": [left.path("files/vm.log")],
            "vng": ["/usr/bin/python3", os.path.join(root, "bin", "vng"), "--disable-kvm", "--force-9p", "-a", words,
                    f"--qemu-opts=-serial file:{left.path(DATA)}"],
            "vmlinuz": [os.path.realpath(os.path.join(LAB_VNG, "kernel", "vmlinuz"))],
            "./my_scheduler": [os.path.join(harness.ROOT, "build", "fixtures", "init")],
        }
        ran = harness.scxray(*[new for word in first_guest() for new in here.get(word, [word])], env=env)
        if " done" not in left.text(DATA)[-200:]:
            # vng keeps no console, in which emulation's crashes of a kernel are found
            raise TooSlow("the guest did not come to its end")
        left.check("scxray:" not in ran.err, "nothing is wrong with it", ran)
        with open(left.path("status"), "w", encoding="ascii") as f:
            f.write("0")
        exact(left, 2, expect.SCX_EXIT_ERROR_STALL)

    return Scenario(f"vng-{suite}", f"scxray run -- vng, virtme-ng of {suite}", run)


DOMAIN = """<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>{name}</name>
  <memory unit='MiB'>128</memory>
  <vcpu>2</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>{folder}/vmlinuz</kernel>
    <initrd>{folder}/initrd</initrd>
    <cmdline>console=ttyS0 panic=-1 quiet tsc=reliable scxfix.alone scxfix.mode=stall scxfix.timeout={timeout}</cmdline>
  </os>
  <features><acpi/></features>
  <cpu mode='maximum'><feature policy='disable' name='la57'/></cpu>
  <on_reboot>destroy</on_reboot>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <serial type='file'><source path='{folder}/{console}'/><target port='0'/></serial>
    <serial type='file'><source path='{folder}/{data}'/><target port='1'/></serial>
    <memballoon model='none'/>
  </devices>
  <qemu:commandline><qemu:arg value='-qmp'/><qemu:arg value='unix:{folder}/libvirt/qmp,server=on,wait=off'/></qemu:commandline>
</domain>
"""
NOBODY = 65534


class Libvirt:
    """A libvirtd of its own, which is nobody's: neither its files nor its domains meet those of the machine.

    All that it needs is in a folder that it can read, wherever the project is.
    """

    def __init__(self):
        self.scratch = harness.scratch()
        self.folder = self.scratch.name
        self.env = dict(os.environ, HOME=self.folder)
        for kind in ("RUNTIME_DIR", "CONFIG_HOME", "CACHE_HOME", "DATA_HOME"):
            self.env[f"XDG_{kind}"] = os.path.join(self.folder, "libvirt")
        self.how = {"env": self.env, "stdin": subprocess.DEVNULL}
        os.mkdir(os.path.join(self.folder, "libvirt"), 0o700)
        shutil.copy(os.path.join(harness.ROOT, "build", "kernels", "7.3.4", "vmlinuz"), os.path.join(self.folder, "vmlinuz"))
        shutil.copy(os.path.join(harness.ROOT, "build", "fixtures", "initrd.cpio.zst"), os.path.join(self.folder, "initrd"))
        if os.geteuid() == 0:
            for path in (self.folder, os.path.join(self.folder, "libvirt")):
                os.chown(path, NOBODY, NOBODY)
            self.how.update(user=NOBODY, group=NOBODY, extra_groups=[])
        with open(os.path.join(self.folder, "log"), "wb") as log:
            self.daemon = subprocess.Popen(["libvirtd", "--timeout", "300"], **self.how, stdout=log, stderr=log)

    def virsh(self, *args):
        return subprocess.run(["virsh", "-q", "-c", "qemu:///session", *args], **self.how, capture_output=True, text=True,
                              check=False)

    def end(self, left, name):
        self.virsh("destroy", name)
        self.daemon.terminate()
        self.daemon.wait(20)
        for file in (CONSOLE, DATA, "log"):
            if os.path.exists(os.path.join(self.folder, file)):
                shutil.copy(os.path.join(self.folder, file), left.path(file))
        self.scratch.cleanup()


def libvirt_run(left):
    """A domain that a real libvirt starts, watched by its name."""
    name = f"scxray-{os.getpid()}"
    libvirt = Libvirt()
    try:
        left.need(wait_for(lambda: libvirt.virsh("list").returncode == 0), "libvirtd answers")
        xml = os.path.join(libvirt.folder, "domain.xml")
        with open(xml, "w", encoding="utf-8") as f:
            f.write(DOMAIN.format(name=name, folder=libvirt.folder, console=CONSOLE, data=DATA, timeout=TIMEOUT_S))
        made = libvirt.virsh("create", xml)
        left.need(made.returncode == 0, f"the domain starts: {made.stderr}")
        watch = start_watch(left, "--domain", name)
        end_watch(left, watch)
        left.check(name not in libvirt.virsh("list", "--all").stdout, "the domain has ended as the guest did")
    finally:
        libvirt.end(left, name)
    exact(left, 2, expect.SCX_EXIT_ERROR_STALL)


def rounds_run(left):
    """A scheduler that fails, comes again and fails again: two reports, both exact."""
    guest = Guest(left.folder, "10.0", mode="stall", words="scxfix.rounds=2")
    try:
        watch = start_watch(left, guest.qmp)
        end_watch(left, watch)
    finally:
        guest.end()
    reports = left.reports()
    left.need(len(reports) == 2, f"two reports: {left.files()}")
    for name, report in sorted(reports.items()):
        left.check("watchpoint" in report.get("trigger", ""), f"{name}: the watchpoint fired", report.get("trigger"))
        expect.not_gone_yet(left, report["late"], expect.SCX_EXIT_ERROR_STALL)


def reboot_run(left):
    """A guest that is reset after its failure, boots a kernel that is elsewhere, and fails again."""
    guest = Guest(left.folder, "10.0", mode="stall", words="scxfix.rounds=2", reboots=True)
    try:
        watch = start_watch(left, guest.qmp)
        left.need(guest.said("exited"), "a first failure")
        left.need(wait_for(lambda: "vm.scxray.json" in left.files()), "its report")
        guest.monitor.execute("system_reset")
        end_watch(left, watch)
    finally:
        guest.end()
    reports = left.reports()
    left.check("the guest's kernel has gone" in left.text("out"), "the reset is noticed", left.text("out"))
    left.need(len(reports) == 3, f"three reports: {left.files()}")
    for name, report in sorted(reports.items()):
        left.check("watchpoint" in report.get("trigger", ""), f"{name}: the watchpoint fired", report.get("trigger"))
        expect.not_gone_yet(left, report["late"], expect.SCX_EXIT_ERROR_STALL)
    offsets = {report["late"]["guest"]["kaslr_offset"] for report in reports.values()}
    left.check(len(offsets) == 2, "two kernels, each at its place", offsets)


ALL = [
    failure("10.0", "7.3.4", "stall", "private"),
    failure("10.0", "7.3.4", "stall", "memfd"),
    failure("7.2", "6.18.15", "stall", "memfd"),
    failure("7.2", "7.3.4", "stall", "private"),
    failure("10.0", "7.3.4", "stall", "private", socket_name="hmp"),
    failure("10.0", "6.18.15", "held", "private"),
    failure("10.0", "7.3.4", "vtime", "memfd"),
    failure("7.2", "7.3.4", "error", "private", kind=expect.SCX_EXIT_ERROR_BPF),
    failure("10.0", "7.3.4", "stall", "private", mem_mib=1024, nodes=2),
    failure("10.0", "7.3.4", "stall", "memfd", mem_mib=4096),
    Scenario("rounds", "a scheduler that fails twice", rounds_run),
    Scenario("reboot", "a reset between two failures", reboot_run),
    Scenario("leave", "SIGTERM, by QMP and by HMP", leave_run),
    Scenario("paused", "a guest that its user paused", paused_run),
    Scenario("debugger", "a debugger is connected", debugger_run),
    Scenario("run", "scxray run", run_run),
    vng("trixie"),
    vng("sid"),
    Scenario("libvirt", "scxray watch --domain, a real libvirt", libvirt_run),
    Scenario("kill", f"kill -9 at {KILLS} random moments", kill_run),
]
