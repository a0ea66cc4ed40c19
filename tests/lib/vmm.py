# SPDX-License-Identifier: BSD-2-Clause
"""scxray-vmm under test: how to run it, and whether it can be."""
import os
import signal
import subprocess
import sys
import time

import harness
import tiny_elf

VMM = os.path.join(harness.BUILD, "scxray-vmm")
LIMIT_S = 60


def need_kvm():
    """Ends the script, as skipped, where there is no /dev/kvm that can be used."""
    try:
        os.close(os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        print(f"/dev/kvm: {error.strerror}: there is no KVM to test on")
        sys.exit(77)


class Ran:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def __str__(self):
        return f"status {self.status}\nstdout: {self.out[-600:]}\nstderr: {self.err[-1500:]}"


class Vm:
    """A running scxray-vmm; wait() for its end, in any case."""

    def __init__(self, *args, stdin=subprocess.DEVNULL, **popen):
        self.process = subprocess.Popen([VMM, *args], stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **popen)

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, given=None, limit=LIMIT_S):
        try:
            out, err = self.process.communicate(given, timeout=limit)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, err = self.process.communicate()
            err += b"\n(killed by the test: no end in sight)"
        return Ran(self.process.returncode, out, err.decode("utf-8", "backslashreplace"))


def run(*args, given=None, **popen):
    """Runs it to its end. given: bytes for its stdin."""
    vm = Vm(*args, stdin=subprocess.PIPE if given is not None else subprocess.DEVNULL, **popen)
    return vm.wait(given)


class Folder:
    """A scratch folder with guests in it."""

    def __init__(self):
        self.scratch = harness.scratch()
        self.path = self.scratch.name

    def file(self, name, content):
        path = os.path.join(self.path, name)
        with open(path, "wb") as out:
            out.write(content)
        return path

    def guest(self, name, code, data=b""):
        return self.file(name, tiny_elf.elf(code, data))

    def __truediv__(self, name):
        return os.path.join(self.path, name)

    def read(self, name):
        try:
            with open(self / name, "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None


def until(ready, limit=LIMIT_S):
    """Waits until ready() is true. Returns whether it became so in time."""
    end = time.monotonic() + limit
    while not ready():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True



