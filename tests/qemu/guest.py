# SPDX-License-Identifier: BSD-2-Clause
"""A real QEMU with a guest of kernel-fixtures, under emulation; its monitor beside scxray's."""

import json
import os
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
for folder in ("lib", "lab"):
    sys.path.insert(0, os.path.join(HERE, "..", folder))
import harness  # noqa: E402
from left import CONSOLE, DATA  # noqa: E402

LAB_QEMU = os.path.join(harness.ROOT, "build", "lab", "qemu")
TIMEOUT_S = 8  # of the scheduler's watchdog


def program(version):
    """(environment, command) of a QEMU: 7.2 as Debian 12 has it, 10.0 as kernel-fixtures/lab unpacks it."""
    if version == "7.2":
        return dict(os.environ), ["/usr/bin/qemu-system-x86_64"]
    share = os.path.join(LAB_QEMU, "usr", "share")
    env = dict(os.environ, QEMU_MODULE_DIR=os.path.join(LAB_QEMU, "usr", "lib", "x86_64-linux-gnu", "qemu"))
    return env, [os.path.join(LAB_QEMU, "usr", "bin", "qemu-system-x86_64"), "-L", os.path.join(share, "qemu"),
                 "-L", os.path.join(share, "seabios")]


def memory(mem_mib, backend, nodes):
    """Guest RAM: private to QEMU, or memory files; of several NUMA nodes each its own block."""
    if backend == "private" and nodes == 1:
        return []
    kind = "memory-backend-memfd,share=on" if backend == "memfd" else "memory-backend-ram"
    args = []
    for node in range(nodes):
        args += ["-object", f"{kind},id=ram{node},size={mem_mib // nodes}M"]
        if nodes > 1:
            args += ["-numa", f"node,nodeid={node},memdev=ram{node},cpus={node}"]
    return args if nodes > 1 else args + ["-machine", "memory-backend=ram0"]


def arguments(folder, *, release="7.3.4", mode="stall", cpus=2, mem_mib=128, backend="private", nodes=1, words="",
              extra=(), reboots=False):
    append = f"console=ttyS0 panic={'1' if reboots else '-1'} quiet tsc=reliable scxfix.alone scxfix.mode={mode} " \
             f"scxfix.timeout={TIMEOUT_S} {words}"
    args = ["-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max,la57=off", "-smp", str(cpus),
            "-m", f"{mem_mib}M", "-nodefaults", "-display", "none",
            "-kernel", f"{harness.ROOT}/build/kernels/{release}/vmlinuz",
            "-initrd", f"{harness.ROOT}/build/fixtures/initrd.cpio.zst", "-append", append.strip(),
            "-serial", f"file:{folder}/{CONSOLE}", "-serial", f"file:{folder}/{DATA}"]
    if not reboots:
        args.append("-no-reboot")
    return args + memory(mem_mib, backend, nodes) + list(extra)


class Monitor:
    """QMP of a test's own, beside scxray's."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(path)
        self.file = self.socket.makefile("rb")
        self.file.readline()
        self.execute("qmp_capabilities")

    def execute(self, command, **arguments_):
        self.socket.sendall(json.dumps({"execute": command, "arguments": arguments_}).encode() + b"\n")
        while True:
            line = self.file.readline()
            if not line:
                raise EOFError(command)
            reply = json.loads(line)
            if "event" not in reply:
                return reply.get("return", reply.get("error"))

    def status(self):
        return self.execute("query-status")["status"]

    def chardevs(self):
        """Without those that QEMU numbers itself, of which a gdbstub leaves one."""
        return sorted(c["label"] for c in self.execute("query-chardev") if not c["label"].startswith("#"))


class Guest:
    """A QEMU that runs; with a socket for scxray, and one for the test."""

    def __init__(self, folder, version, **what):
        self.folder = folder
        self.qmp = os.path.join(folder, "qmp")
        self.people = os.path.join(folder, "hmp")
        own = os.path.join(folder, "own")
        env, command = program(version)
        command += arguments(folder, **what)
        for option, path in (("-qmp", self.qmp), ("-monitor", self.people), ("-qmp", own)):
            command += [option, f"unix:{path},server=on,wait=off"]
        with open(os.path.join(folder, "qemu.log"), "wb") as log:
            self.process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until = time.monotonic() + 20
        while not os.path.exists(own):
            if self.process.poll() is not None or time.monotonic() > until:
                with open(os.path.join(folder, "qemu.log"), encoding="utf-8") as f:
                    raise RuntimeError(f"QEMU did not start: {f.read()}")
            time.sleep(0.05)
        time.sleep(0.1)
        self.monitor = Monitor(own)

    def said(self, text, limit_s=60):
        """Waits until the guest has said it."""
        until = time.monotonic() + limit_s
        while time.monotonic() < until:
            for name in (DATA, CONSOLE):
                try:
                    with open(os.path.join(self.folder, name), "rb") as f:
                        if text.encode() in f.read():
                            return True
                except FileNotFoundError:
                    pass
            if self.process.poll() is not None:
                return False
            time.sleep(0.05)
        return False

    def registers(self):
        """What changes while vCPUs run: their instruction pointers, of two looks."""
        registers = self.monitor.execute("human-monitor-command", **{"command-line": "info registers -a"})
        return [line for line in registers.splitlines() if line.startswith(("RAX", "RIP", "RSI"))]

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
