#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A process that looks like a QEMU: its two monitors, its gdbstub, its memory.

Usage: fake.py FOLDER HALF ERROR HALF_NOTES ERROR_NOTES [--memfd] [--fault NAME]

Guest RAM is the file HALF (guest physical memory from 0 on), private or in a memory file.  When a
watchpoint is set and the guest goes on, RAM becomes that of ERROR after a moment and the watchpoint
is hit: so the guest fails.  NOTES is an ELF file with the registers of its vCPUs.  What is asked of
it is in FOLDER/asked, a line each.  Ends when FOLDER/end is there.

A fault is something that a QEMU, or who claims to be one, might do.
"""

import argparse
import array
import ctypes
import json
import mmap
import os
import select
import socket
import time

HIT_AFTER_S = 0.5
PAGE = 4096


def checksum(data):
    return b"$%s#%02x" % (data, sum(data) & 0xFF)


class Ram:
    def __init__(self, half, error, memfd):
        with open(half, "rb") as f:
            self.half = f.read()
        with open(error, "rb") as f:
            self.error = f.read()
        self.size = (max(len(self.half), len(self.error)) + PAGE - 1) // PAGE * PAGE
        if memfd:
            fd = os.memfd_create("guest")
            os.ftruncate(fd, self.size)
            self.map = mmap.mmap(fd, self.size)
        else:
            self.map = mmap.mmap(-1, self.size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self.map[: len(self.half)] = self.half
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self.map))

    def fail(self):
        self.map[: len(self.error)] = self.error


class Fake:
    def __init__(self, options):
        self.options = options
        self.fault = options.fault
        self.ram = Ram(options.half, options.error, options.memfd)
        with open(options.half_notes, "rb") as f:
            self.notes = f.read()
        self.asked = open(os.path.join(options.folder, "asked"), "w", encoding="utf-8")
        self.status = "running"
        self.fds = {}
        self.chardevs = ["serial0", "compat_monitor0"]
        self.stub_was_opened = False
        self.gdb = None
        self.words = set()
        self.hit_at = None
        self.listeners = {self.listen("qmp"): "qmp", self.listen("hmp"): "hmp"}
        self.clients = {}  # socket -> [kind, bytes]

    def listen(self, name):
        peer = socket.socket(socket.AF_UNIX)
        peer.bind(os.path.join(self.options.folder, name))
        peer.listen(4)
        return peer

    def note(self, text):
        self.asked.write(f"{time.monotonic():.3f} {text}\n")
        self.asked.flush()

    def set_status(self, status):
        was, self.status = self.status, status
        if (was == "running") != (status == "running"):
            event = {"event": "RESUME" if status == "running" else "STOP", "timestamp": {"seconds": 1, "microseconds": 2}}
            for client, (kind, _) in self.clients.items():
                if kind == "qmp":
                    self.send(client, event)

    @staticmethod
    def send(client, message):
        data = message if isinstance(message, bytes) else json.dumps(message).encode() + b"\r\n"
        try:
            client.sendall(data)
        except OSError:
            pass

    # ---- the monitors

    def people(self, line):
        """What a command prints."""
        word, _, rest = line.partition(" ")
        if line == "info mtree -f":
            name = "io" if self.fault == "no-ram" else "memory"
            return (f'FlatView #0\r\n AS "{name}", root: system\r\n Root memory region: system\r\n'
                    f"  {0:016x}-{self.ram.size - 1:016x} (prio 0, ram): pc.ram\r\n")
        if word == "gpa2hva":
            address = 0x1000 if self.fault == "bad-hva" else self.ram.address + int(rest, 16)
            if self.fault == "no-hva":
                return "unknown command: 'gpa2hva'\r\n"
            return f"Host virtual address for {rest} (pc.ram) is {address:#x}\r\n"
        if line == "info status":
            shown = {"running": "running", "paused": "paused", "debug": "paused (debug)"}[self.status]
            return f"VM status: {shown}\r\n"
        if line == "info cpus":
            return "* CPU #0: thread_id=1\r\n  CPU #1: thread_id=2\r\n"
        if line == "info chardev":
            extra = ["#chr001: filename=gdb\r\n"] if self.stub_was_opened else []
            return "".join([f"{name}: filename=x\r\n" for name in self.chardevs] + extra)
        if word == "gdbserver":
            return self.gdbserver(rest)
        if word == "chardev-add":
            self.chardevs.append("scxray-gdb")
        elif word == "chardev-remove" and "scxray-gdb" in self.chardevs:
            self.chardevs.remove("scxray-gdb")
        elif word == "dump-guest-memory":
            with open(rest.split()[0], "wb") as f:
                f.write(self.notes)
        elif line in ("stop", "cont"):
            self.set_status("paused" if line == "stop" else "running")
        return ""

    def gdbserver(self, what):
        if what == "none":
            if self.gdb:
                self.clients.pop(self.gdb, None)
                self.gdb.close()
                self.gdb = None
                self.chardevs.remove("scxray-gdb")
            return "Disabled gdbserver\r\n"
        self.gdb = socket.socket(fileno=self.fds.pop("scxray-gdb"))
        self.clients[self.gdb] = ["gdb", b""]
        self.stub_was_opened = True
        self.set_status("paused")
        return f"Waiting for gdb connection on device '{what}'\r\n"

    def qmp(self, client, request):
        command, arguments = request["execute"], request.get("arguments", {})
        self.note(f"{command} {arguments.get('command-line', '')}".strip())
        if self.fault == "silent-later" and command != "qmp_capabilities":
            return
        result = {}
        if self.fault == "refuses" and command == "query-cpus-fast":
            self.send(client, {"error": {"class": "GenericError", "desc": "not now"}, "id": request["id"]})
            return
        if command == "human-monitor-command":
            result = self.people(arguments["command-line"])
        elif command == "query-status":
            result = {"status": self.status, "running": self.status == "running"}
        elif command == "query-cpus-fast":
            result = [{"cpu-index": i, "thread-id": i + 1} for i in range(2)]
        elif command == "chardev-add":
            self.people("chardev-add")
        elif command in ("stop", "cont"):
            self.people(command)
        elif command == "dump-guest-memory":
            os.write(self.fds.pop("scxray-regs"), self.notes)
        elif command == "getfd":
            self.fds[arguments["fdname"]] = self.fds.pop(None)
        # an event between a command and its answer, and an answer in two pieces
        self.send(client, {"event": "RTC_CHANGE", "data": {"offset": 1}})
        reply = json.dumps({"return": result, "id": request.get("id")}).encode() + b"\r\n"
        self.send(client, reply[:7])
        self.send(client, reply[7:])

    def hmp(self, client, line):
        self.note(line)
        if line.startswith("getfd "):
            self.fds[line.split()[1]] = self.fds.pop(None)
            answer = ""
        else:
            answer = self.people(line)
        self.send(client, f"{line}\x1b[K\r\n{answer}(qemu) ".encode())

    # ---- the gdbstub

    def stop(self, reply, status):
        self.set_status(status)
        self.send(self.gdb, checksum(reply))

    def gdb_packet(self, data):
        self.note(f"gdb {data.decode()}")
        reply = b"OK"
        if data == b"?":
            reply = b"T05thread:01;"
        elif data[:2] == b"Z2":
            self.words.add(data[3:])
        elif data[:2] == b"z2":
            self.words.discard(data[3:])
        elif data == b"c":
            self.set_status("running")
            self.hit_at = time.monotonic() + HIT_AFTER_S if self.words and not self.hit_at else self.hit_at
            self.send(self.gdb, b"+")
            return
        elif data == b"D":
            self.words.clear()
            self.set_status("running")
        self.send(self.gdb, b"+" + checksum(reply))

    def gdb_bytes(self, data):
        """What is left of it."""
        while data:
            if self.status == "running":  # any byte stops a guest that runs, and is eaten
                self.note(f"gdb {data[:1]!r}")
                self.stop(b"T02thread:01;", "paused")
                data = data[1:]
                continue
            begin = data.find(b"$")
            end = data.find(b"#", begin) if begin >= 0 else -1
            if begin < 0 or end < 0 or len(data) < end + 3:
                return data[begin:] if begin >= 0 else b""
            packet, data = data[begin + 1 : end], data[end + 3 :]
            self.gdb_packet(packet)
        return b""

    # ---- the loop

    def greet(self, client, kind):
        if self.fault in ("silent", "held"):
            return
        if self.fault == "closes":
            client.close()
            del self.clients[client]
            return
        greetings = {"garbage": b"SSH-2.0-OpenSSH_9.2\r\n", "json": b'{"hello": 1}\r\n', "broken": b'{"QMP": [}\r\n',
                     "endless": b'{"QMP": {"a": "' + b"x" * (1 << 20)}
        if self.fault in greetings:
            self.send(client, greetings[self.fault])
        elif kind == "qmp":
            self.send(client, {"QMP": {"version": {"qemu": {"major": 10, "minor": 0, "micro": 2}}, "capabilities": []}})
        else:
            self.send(client, b"QEMU 10.0.2 monitor - type 'help' for more information\r\n(qemu) ")

    def receive(self, client):
        kind = self.clients[client][0]
        try:
            data, control, _, _ = client.recvmsg(65536, 1024)
        except OSError:
            data, control = b"", []
        for level, what, content in control:
            if (level, what) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                self.fds[None] = array.array("i", content[:4])[0]
        if not data:
            client.close()
            del self.clients[client]
            return
        data = self.clients[client][1] + data
        while kind != "gdb" and b"\n" in data:
            line, _, data = data.partition(b"\n")
            if kind == "qmp":
                self.qmp(client, json.loads(line))
            elif line.strip():
                self.hmp(client, line.decode())
        self.clients[client][1] = self.gdb_bytes(data) if kind == "gdb" else data

    def step(self):
        ready, _, _ = select.select([*self.listeners, *self.clients], [], [], 0.02)
        for peer in ready:
            if peer in self.listeners:
                client, _ = peer.accept()
                self.clients[client] = [self.listeners[peer], b""]
                self.greet(client, self.listeners[peer])
            elif peer in self.clients:
                self.receive(peer)
        if self.fault == "events":
            for client in self.clients:
                self.send(client, b'{"event": "STOP"}\r\n' * 100)
        if self.hit_at and time.monotonic() > self.hit_at and self.status == "running" and self.words:
            self.hit_at = float("inf")
            self.ram.fail()
            with open(self.options.error_notes, "rb") as f:
                self.notes = f.read()
            kva = sorted(self.words)[0].split(b",")[0]
            self.note("hit")
            self.stop(b"T05thread:02;watch:" + kva + b";", "debug")


def main():
    parser = argparse.ArgumentParser()
    for name in ("folder", "half", "error", "half_notes", "error_notes"):
        parser.add_argument(name)
    parser.add_argument("--memfd", action="store_true")
    parser.add_argument("--fault")
    options = parser.parse_args()
    fake = Fake(options)
    while not os.path.exists(os.path.join(options.folder, "end")):
        fake.step()


if __name__ == "__main__":
    main()
