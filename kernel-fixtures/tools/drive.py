#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs one fixture guest under QEMU and takes its images.

The guest says where it is by marks on a serial line, and sends what it knows as named texts. The images are taken half-way
(in the guest's own SysRq-D) and at the error exit, see moment.py; of a guest without a scheduler there is one image.
"""
import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

from channel import Crash, Failure
from moment import Moment
from vm import Vm

LINK_BASE = 0xFFFFFFFF81000000  # where x86-64 kernels are linked to run: __START_KERNEL_map + 16 MiB
ATTEMPTS = 3
# Modes in which the kernel dumps nothing at the end, and where the image is taken then (guest/modes.c, stop_at).
UNDUMPED = {"hotplug": "scx_disable_workfn", "panic": "emergency_restart"}
# Seconds of wall time. An emulated guest on a busy host is slow.
BOOT_LIMIT = 240
DUMP_LIMIT = 300

OUTPUTS = ("meta.json", "half.vmcore", "error.vmcore", "guest.vmcore", "oracle.txt", "half-dump.txt", "dump.txt",
           "maps.txt", "listing.txt", "sched.log", "kallsyms.txt", "serial.log")
# Sections of oracle.txt, in order, and the texts that the guest sends for them.
SECTIONS = (("guest", "oracle-guest.txt"), ("symbols", "symbols.txt"), ("system", "oracle-system.txt"),
            ("half", "oracle-half.txt"), ("exit", "oracle-exit.txt"), ("after", "oracle-after.txt"),
            ("idle", "oracle-idle.txt"))


class Run:
    def __init__(self, options, vm):
        self.options = options
        self.vm = vm
        self.started = time.monotonic()
        self.limit = options.timeout * 4 + 120
        self.texts = {}
        self.images = {}

    def say(self, text):
        o = self.options
        print(f"  {o.release} {os.path.basename(o.out)} {time.monotonic() - self.started:5.1f} s  {text}", flush=True)

    def on_event(self, event):
        """What is noted whenever it comes: texts, and the guest's own failures. True if that is all there is to it."""
        if event[0] == "file":
            self.texts[event[1]] = event[2]
            if event[1] == "sched.log":  # at once: it may say why the guest gives up
                self.store(event[1], event[2])
            return True
        if event[0] == "mark":
            if event[1].startswith("failed "):
                raise Failure(f"the guest gave up: {event[1][7:]} (more in {self.options.out}/serial.log)")
            self.say(f"guest: {event[1]}")
        return False

    def wait_mark(self, prefix, limit, what):
        return self.vm.channels.wait(lambda e: e[0] == "mark" and e[1].startswith(prefix), limit, what, self.on_event)[1]

    def take_image(self, name):
        path = f"{self.options.out}/{name}.vmcore"
        start = time.monotonic()
        self.vm.qmp.execute("dump-guest-memory", DUMP_LIMIT, paging=False, protocol=f"file:{path}.new")
        # Most of a guest's memory is zero; a file system that can't have holes just keeps the zeroes.
        subprocess.run(["fallocate", "--dig-holes", f"{path}.new"], check=False, stderr=subprocess.DEVNULL)
        os.chmod(f"{path}.new", 0o644)
        os.replace(f"{path}.new", path)
        size = os.stat(path)
        self.images[name] = {"bytes": size.st_size, "bytes_on_disk": size.st_blocks * 512,
                             "seconds": round(time.monotonic() - start, 2)}
        self.say(f"image: {name}.vmcore, {size.st_size >> 20} MiB ({size.st_blocks >> 11} on disk)")

    def course(self):
        self.vm.connect()
        self.wait_mark("up", BOOT_LIMIT, "for the guest's init")
        if self.options.mode == "none":
            self.one_image()
        elif self.options.mode == "other":
            self.of_others()
        else:
            self.pair()
        if self.options.mode != "panic":
            self.wait_mark("done", self.limit, "for the guest's last words")
        self.vm.quit()

    def one_image(self):
        self.wait_mark("idle", self.limit, "for the guest to settle")
        self.vm.qmp.execute("stop", 10)
        self.take_image("guest")
        self.images["guest"]["where"] = "QMP stop"
        self.vm.qmp.execute("cont", 10)

    def moment(self):
        """Of what comes: armed for the first of it."""
        addresses = self.wait_mark("arm ", self.limit, "for the guest's symbols").split()[1:]
        self.vm.attach_debugger()
        moment = Moment(self.vm, self.options.cpus, *(int(address, 16) for address in addresses), self.on_event)
        moment.arm()
        self.vm.channels.answer_guest("armed")
        self.wait_mark("armed", self.limit, "for the guest to go on")
        return moment

    def of_others(self):
        """Of a scheduler that others wrote: while it works, and where it is made to fail at its exit."""
        moment = self.moment()
        self.wait_mark("half", self.limit, "for half-way")
        where = moment.catch(self.limit, "for SysRq-D", lambda: self.take_image("half"), mark="listed")
        self.images["half"].update(where)
        if self.options.fails:
            where = moment.catch(self.limit, "for the error exit", lambda: self.take_image("error"))
            self.images["error"].update(where)

    def pair(self):
        moment = self.moment()
        if self.options.mode != "initfail":
            # "half 3": SysRq-D dumps that many schedulers; the error exit dumps the one that failed
            mark = self.wait_mark("half", self.limit, "for half-way")
            dumps = int((mark.split() + ["1"])[1])
            where = moment.catch(self.limit, "for SysRq-D half-way", lambda: self.take_image("half"), dumps=dumps)
            self.images["half"].update(where)
        last = UNDUMPED.get(self.options.mode)
        def take_image():
            self.take_image("error")

        if last:
            where = moment.catch_without_dump(self.limit, f"for {last}", take_image, settle=self.options.mode != "panic")
            where["where"] = f"entry of {last}"
        else:
            where = moment.catch(self.limit, "for the error exit", take_image)
        self.images["error"].update(where)

    def write(self):
        for name in ("half-dump.txt", "dump.txt", "maps.txt", "listing.txt", "kallsyms.txt"):
            if self.texts.get(name):  # where the kernel dumps nothing there is an empty one
                self.store(name, self.texts[name])
        self.store("oracle.txt", b"".join(b"[%s]\n%s\n" % (section.encode(), self.texts[name])
                                          for section, name in SECTIONS if name in self.texts))
        # Last: with it the folder is complete.
        self.store("meta.json", json.dumps(self.meta(), indent="\t").encode() + b"\n")

    def meta(self):
        o = self.options
        text = re.search(rb"^([0-9a-f]+) . _text$", self.texts["symbols.txt"], re.M)
        kernel = re.search(rb"^release=(.*)$", self.texts["oracle-guest.txt"], re.M)
        if not text or not kernel:
            raise Failure("the guest sent no address of _text or no release")
        return {"release": o.release, "kernel": kernel[1].decode(), "mode": o.mode,
                **({"program": o.program, "fails": o.fails} if o.program else {}), "cpus": o.cpus, "mem_mib": o.mem,
                "nodes": o.nodes, "la57": o.la57, "pti": o.pti, "kaslr": o.kaslr, "timeout_s": o.timeout,
                "kaslr_offset": hex(int(text[1], 16) - LINK_BASE), "wall_s": round(time.monotonic() - self.started, 1),
                **self.images}

    def store(self, name, data):
        path = f"{self.options.out}/{name}"
        with open(f"{path}.new", "wb") as file:
            file.write(data)
        os.replace(f"{path}.new", path)


def run_once(options):
    with tempfile.TemporaryDirectory(prefix="scxfix-") as folder:
        vm = Vm(options, folder)
        try:
            run = Run(options, vm)
            run.course()
            run.write()
        finally:
            vm.kill()


def remove(options, names):
    for name in names:
        try:
            os.unlink(f"{options.out}/{name}")
        except FileNotFoundError:
            pass


def flag(text):
    if text not in ("0", "1"):
        raise argparse.ArgumentTypeError("want 0 or 1")
    return text == "1"


def parse():
    parser = argparse.ArgumentParser(description="run one fixture guest and take its images")
    for name in ("release", "mode", "kernel", "initrd", "out"):
        parser.add_argument(f"--{name}", required=True)
    for name, default in (("cpus", 2), ("mem", 128), ("nodes", 1), ("timeout", 8)):
        parser.add_argument(f"--{name}", type=int, default=default)
    for name, default in (("la57", "0"), ("pti", "0"), ("kaslr", "1")):
        parser.add_argument(f"--{name}", type=flag, default=default)
    parser.add_argument("--program", help="mode other: the scheduler's program and its arguments, between commas")
    parser.add_argument("--fails", action="store_true", help="mode other: with these arguments it fails")
    parser.add_argument("--append", default="", help="more for the kernel's command line")
    parser.add_argument("--qemu", default="qemu-system-x86_64")
    options = parser.parse_args()
    options.out = os.path.abspath(options.out)
    return options


def main():
    options = parse()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # QEMU ends with us either way
    who = f"{options.release} {os.path.basename(options.out)}"
    for attempt in range(1, ATTEMPTS + 1):
        remove(options, OUTPUTS)
        try:
            run_once(options)
            return
        except Crash as crash:
            # Emulation now and then trips over a kernel that patches its own code ("Oops: int3").
            failure = crash
            print(f"  {who}: {crash}; attempt {attempt} of {ATTEMPTS}", flush=True)
        except Failure as reason:
            failure = reason
            break
        except KeyboardInterrupt:
            failure = "interrupted"
            break
    remove(options, [name for name in os.listdir(options.out) if name.endswith(".new")])
    sys.exit(f"images: {who}: {failure}")


if __name__ == "__main__":
    main()
