# SPDX-License-Identifier: BSD-2-Clause
"""The lab: a machine under QEMU's emulation in which /dev/kvm is the real thing.

kernel-fixtures/lab.mk makes its parts.  The lab sees the host's files read only, has
the folder of a run as /run/lab, and executes /run/lab/run there (kernel-fixtures/lab/init.c).
"""

import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import harness  # noqa: E402

LAB = os.path.join(harness.ROOT, "build", "lab")
QEMU = os.path.join(LAB, "qemu")
SHARE = "/run/lab"  # the folder of a run, as the lab sees it


class LabError(Exception):
    """The lab itself did not work: nothing is known of what was to be tested."""


def command(folder, cpus, mem_mib):
    qemu = os.path.join(QEMU, "usr", "bin", "qemu-system-x86_64")
    share = os.path.join(QEMU, "usr", "share")
    return [
        qemu, "-L", os.path.join(share, "qemu"), "-L", os.path.join(share, "seabios"),
        "-accel", "tcg,thread=multi", "-cpu", "EPYC,+svm", "-m", str(mem_mib), "-smp", str(cpus),
        "-nodefaults", "-display", "none", "-vga", "none", "-no-reboot", "-monitor", "none",
        "-serial", "file:" + os.path.join(folder, "lab.log"),
        "-virtfs", "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap",
        "-virtfs", f"local,path={folder},mount_tag=lab,security_model=none,multidevs=remap",
        "-kernel", os.path.join(LAB, "kernel", "vmlinuz"), "-initrd", os.path.join(LAB, "initrd.cpio"),
        "-append", "console=ttyS0 panic=-1 mitigations=off quiet tsc=reliable",
        # what became of a lab that is suddenly gone
        "-d", "cpu_reset", "-D", os.path.join(folder, "qemu.log"),
    ]


class Machine:
    """One boot of the lab.  `folder` holds `run` and gets lab.log and what run writes."""

    def __init__(self, folder, cpus=1, mem_mib=2500):
        self.folder = os.path.abspath(folder)
        self.log = os.path.join(self.folder, "lab.log")
        env = dict(os.environ, QEMU_MODULE_DIR=os.path.join(QEMU, "usr", "lib", "x86_64-linux-gnu", "qemu"))
        self.process = subprocess.Popen(command(self.folder, cpus, mem_mib), env=env, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def wait(self, limit_s, done=None):
        """Until done(), or where there is none until the lab is off."""
        until = time.monotonic() + limit_s
        while self.process.poll() is None and not (done and done()):
            if time.monotonic() > until:
                self.end()
                raise LabError(f"nothing came from the lab for {limit_s} s\n{self.tail()}")
            time.sleep(0.2)
        if done and done():
            return
        said = self.process.stdout.read().decode("utf-8", "backslashreplace")
        said = "".join(line for line in said.splitlines(True) if "TCG doesn't support" not in line)
        if self.process.returncode:
            raise LabError(f"QEMU ended with status {self.process.returncode}: {said}")
        if done or "lab: run ended with status 0" not in self.console():
            raise LabError(f"the lab broke down:\n{said}{self.tail()}")

    def end(self, patience_s=0):
        """Off, if need be by force: at once, or after so many seconds in which it may go on its own."""
        try:
            self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def console(self):
        try:
            with open(self.log, encoding="utf-8", errors="backslashreplace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def tail(self):
        return "\n".join(self.console().splitlines()[-20:])
