#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs one fixture guest under QEMU and takes its images.

The guest says where it is by marks on a serial line; QMP takes the images; the gdbstub stops the guest on the
entry of scx_dump_state(), half-way (SysRq-D) and at the error exit. From that entry to the function's return only the
vCPU that runs it is let go, and no interrupt reaches it: so the text that the kernel writes there describes the state
of the image, exactly.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time

from channel import Channels, Crash, Failure
from gdbstub import Gdbstub
from qmp import Qmp

LINK_BASE = 0xFFFFFFFF81000000  # where x86-64 kernels are linked to run: __START_KERNEL_map + 16 MiB
BOOT_LIMIT = 240  # seconds of wall time; an emulated guest on a busy host is slow
DUMP_LIMIT = 300
SOLO_LIMIT = 3  # for the vCPU that writes the kernel's dump alone: it takes milliseconds
SETTLE_TRIES = 200
SETTLE_STEP = 0.002
STEP_TRIES = 2000
ATTEMPTS = 3


class Guest:
    def __init__(self, options, folder):
        self.options = options
        self.started = time.monotonic()
        self.files = {}
        self.meta = {"symbols": {}}
        self.channels = Channels(folder)
        self.qemu = subprocess.Popen(self.command(folder), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                     stderr=open(f"{folder}/qemu.err", "w", encoding="utf-8"))
        self.errors = f"{folder}/qemu.err"
        self.qmp = None
        self.gdb = None

    def connect(self):
        self.channels.watch_process(self.qemu, self.errors)
        self.qmp = Qmp(self.channels)

    def command(self, folder):
        o = self.options
        cpu = "max" if o.la57 else "max,la57=off"
        # panic=-1 and -no-reboot: a guest that panics ends QEMU at once.
        append = (f"console=ttyS0 tsc=reliable panic=-1 no_hash_pointers init_on_free=1 {'pti=on' if o.pti else 'pti=off'} "
                  f"{'' if o.kaslr else 'nokaslr '}scxfix.mode={o.mode} scxfix.timeout={o.timeout} {o.append}")
        command = [o.qemu, "-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", cpu, "-smp", str(o.cpus),
                   "-m", f"{o.mem}M", "-nodefaults", "-display", "none", "-no-reboot",
                   "-kernel", o.kernel, "-initrd", o.initrd, "-append", append.strip(),
                   "-chardev", f"file,id=serial,path={o.out}/serial.log", "-serial", "chardev:serial",
                   "-chardev", f"socket,id=uart,path={folder}/uart,server=on,wait=off", "-serial", "chardev:uart",
                   "-chardev", f"socket,id=port,path={folder}/port,server=on,wait=off",
                   "-device", "virtio-serial-pci", "-device", "virtserialport,chardev=port",
                   "-qmp", f"unix:{folder}/qmp,server=on,wait=off",
                   "-chardev", f"socket,id=gdb,path={folder}/gdb,server=on,wait=off", "-gdb", "chardev:gdb"]
        for node in range(o.nodes if o.nodes > 1 else 0):
            size = o.mem // o.nodes + (o.mem % o.nodes if node == 0 else 0)
            first, last = o.cpus * node // o.nodes, o.cpus * (node + 1) // o.nodes - 1
            command += ["-object", f"memory-backend-ram,id=ram{node},size={size}M",
                        "-numa", f"node,nodeid={node},memdev=ram{node}" + (f",cpus={first}-{last}" if last >= first else "")]
        return command

    def say(self, text):
        o = self.options
        print(f"  {o.release} {o.mode} {time.monotonic() - self.started:5.1f} s  {text}", flush=True)

    def on_event(self, event):
        """What is noted whenever it comes: files, and the guest's own failures."""
        if event[0] == "file":
            self.files[event[1]] = event[2]
            return True
        if event[0] == "mark":
            if event[1].startswith("failed "):
                raise Failure(f"the guest gave up: {event[1][7:]} (more in {self.options.out}/serial.log)")
            self.say(f"guest: {event[1]}")
        return False

    def wait(self, kind, prefix, limit, what):
        return self.channels.wait(lambda e: e[0] == kind and e[1].startswith(prefix), limit, what, self.on_event)

    def wait_mark(self, prefix, limit, what):
        return self.wait("mark", prefix, limit, what)[1]

    def take_image(self, name):
        path = f"{self.options.out}/{name}.vmcore"
        start = time.monotonic()
        self.qmp.execute("dump-guest-memory", DUMP_LIMIT, paging=False, protocol=f"file:{path}.new")
        # Most of a guest's memory is zero: give the holes back to the file system.
        subprocess.run(["fallocate", "--dig-holes", f"{path}.new"], check=True)
        os.chmod(f"{path}.new", 0o644)
        os.replace(f"{path}.new", path)
        size = os.stat(path)
        self.meta[name] = {"bytes": size.st_size, "bytes_on_disk": size.st_blocks * 512,
                           "seconds": round(time.monotonic() - start, 2)}
        self.say(f"image: {name}.vmcore, {size.st_size >> 20} MiB ({size.st_blocks >> 11} on disk)")

    def image_at_dump(self, name, address, limit, what):
        """One image on the entry of scx_dump_state(), then the kernel's own dump with the other vCPUs standing still."""
        thread = self.wait_stop(limit, what)
        rip, stack = self.gdb.register(thread, "rip"), self.gdb.register(thread, "rsp")
        if rip != address:
            raise Failure(f"the guest stopped at {rip:#x}, not on the entry of scx_dump_state ({address:#x})")
        back = int.from_bytes(self.gdb.read(thread, stack, 8), "little")
        self.settle_others(thread)
        self.gdb.clear_breakpoint(address)
        steps = self.step_to_interrupts_off(thread)
        self.take_image(name)
        self.gdb.set_breakpoint(back)
        self.gdb.go([thread])
        event = self.channels.wait(lambda e: e[0] == "stop", SOLO_LIMIT, None, self.on_event)
        if not event:
            # One of the others stands still with a lock that the dump needs. Rare; then the dump is of a moment later.
            self.gdb.interrupt()
            self.wait_stop(10, "for the guest to stop again")
        self.meta[name].update({"vcpu": thread - 1, "where": "entry of scx_dump_state", "steps": steps,
                                "dump_alone": bool(event)})
        self.gdb.clear_breakpoint(back)
        self.gdb.set_breakpoint(address)
        self.gdb.go()

    def settle_others(self, thread):
        """Lets each other vCPU run on until its interrupts are on: then it holds no run queue's lock, which the dump takes."""
        for _ in range(SETTLE_TRIES):
            busy = [t for t in range(1, self.options.cpus + 1) if t != thread and not self.gdb.interrupts_on(t)]
            if not busy:
                return
            self.gdb.go(busy)
            time.sleep(SETTLE_STEP)
            self.gdb.interrupt()
            self.wait_stop(10, "for the guest to stop again")

    def step_to_interrupts_off(self, thread):
        """scx_dump_state() begins with a spin_lock_irqsave(). A tick that came before it would belong to the dump, not to
        the image; a vCPU that is stepped takes none."""
        for steps in range(STEP_TRIES):
            if not self.gdb.interrupts_on(thread):
                return steps
            self.gdb.step(thread)
            self.wait_stop(10, "for a single step")
        raise Failure(f"scx_dump_state did not turn interrupts off in {STEP_TRIES} steps")

    def wait_stop(self, limit, what):
        return self.wait("stop", "", limit, what)[2]

    def run(self):
        o = self.options
        self.wait_mark("up", BOOT_LIMIT, "for the guest's init")
        timeout = o.timeout * 4 + 120
        if o.mode == "none":
            self.wait_mark("idle", timeout, "for the guest to settle")
            self.qmp.execute("stop", 10)
            self.take_image("guest")
            self.meta["guest"]["where"] = "QMP stop"
            self.qmp.execute("cont", 10)
        else:
            address = int(self.wait_mark("arm ", timeout, "for the guest's symbols").split()[1], 16)
            self.gdb = Gdbstub(self.channels)
            self.gdb.set_breakpoint(address)
            self.gdb.go()
            self.channels.answer_guest("armed")
            self.wait_mark("half", timeout, "for half-way")
            self.image_at_dump("half", address, timeout, "for SysRq-D half-way")
            self.image_at_dump("error", address, timeout, "for the error exit")
        self.wait_mark("done", timeout, "for the guest's last words")
        self.qmp.quit()
        self.qemu.wait(30)
        self.write()

    def write(self):
        o = self.options
        symbols = dict(reversed(line.split()[::2]) for line in self.files["symbols.txt"].decode().splitlines())
        oracle = b""
        for name in ("oracle-guest.txt", "symbols.txt", "oracle-half.txt", "oracle-exit.txt", "oracle-after.txt",
                     "oracle-idle.txt"):
            if name in self.files:
                section = name.removesuffix(".txt").removeprefix("oracle-")
                oracle += f"[{section}]\n".encode() + self.files[name] + b"\n"
        for name in ("half-dump.txt", "dump.txt", "kallsyms.txt"):
            if name in self.files:
                self.store(name, self.files[name])
        self.store("oracle.txt", oracle)
        text = int(symbols["_text"], 16)
        release = re.search(rb"^release=(.*)$", self.files["oracle-guest.txt"], re.M)[1].decode()
        self.meta = {"release": o.release, "kernel": release, "mode": o.mode, "cpus": o.cpus, "mem_mib": o.mem,
                     "nodes": o.nodes, "la57": o.la57, "pti": o.pti, "kaslr": o.kaslr, "timeout_s": o.timeout,
                     "kaslr_offset": hex(text - LINK_BASE), "wall_s": round(time.monotonic() - self.started, 1),
                     **{k: v for k, v in self.meta.items() if k != "symbols"}}
        # Last: with it the folder is complete.
        self.store("meta.json", json.dumps(self.meta, indent="\t").encode() + b"\n")

    def store(self, name, data):
        path = f"{self.options.out}/{name}"
        with open(f"{path}.new", "wb") as file:
            file.write(data)
        os.replace(f"{path}.new", path)

    def end(self):
        if self.qemu.poll() is None:
            self.qemu.kill()
            self.qemu.wait()


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
    parser.add_argument("--append", default="")
    parser.add_argument("--qemu", default="qemu-system-x86_64")
    options = parser.parse_args()
    options.out = os.path.abspath(options.out)
    if os.path.exists(f"{options.out}/meta.json"):
        os.unlink(f"{options.out}/meta.json")  # what says that the folder is complete
    return options


def run_once(options):
    # Unix socket names are short: not below the build folder.
    with tempfile.TemporaryDirectory(prefix="scxfix-") as folder:
        guest = Guest(options, folder)
        try:
            guest.connect()
            guest.run()
        finally:
            guest.end()


def main():
    options = parse()
    for attempt in range(1, ATTEMPTS + 1):
        try:
            run_once(options)
            return
        except Crash as crash:
            # Emulation without virtualization now and then trips over the kernel patching its own code (int3 oops).
            failure = crash
            print(f"  {options.release} {options.mode}: {crash}; attempt {attempt} of {ATTEMPTS}", flush=True)
        except Failure as reason:
            failure = reason
            break
    for name in os.listdir(options.out):
        if name.endswith(".new"):
            os.unlink(f"{options.out}/{name}")
    sys.exit(f"images: {options.release} {options.mode}: {failure}")


if __name__ == "__main__":
    main()
