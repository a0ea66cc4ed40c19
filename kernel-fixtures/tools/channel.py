# SPDX-License-Identifier: BSD-2-Clause
"""The lines to a guest's QEMU: QMP, gdbstub and the guest's own ports, all unix sockets, read in one loop.

What comes in becomes events: ("mark", text), ("file", name, bytes), ("qmp", "", reply), ("stop", "", thread),
("gdb", reply). A wait has a deadline and ends at once when QEMU does.
"""
import collections
import json
import re
import selectors
import socket
import time

CONNECT_LIMIT = 20


class Failure(Exception):
    """A one-line reason for the user."""


class Crash(Failure):
    """What a second attempt may well get over: QEMU ended, or the guest's kernel did, or its vCPUs stood badly."""


class Channels:
    def __init__(self, folder):
        self.folder = folder
        self.selector = selectors.DefaultSelector()
        self.buffers = {}
        self.sockets = {}
        self.events = collections.deque()
        self.process = None
        self.errors = None
        self.guest_line = None
        self.parsers = {"port": lambda: self.parse_guest("port"), "uart": lambda: self.parse_guest("uart"),
                        "qmp": self.parse_qmp, "gdb": self.parse_gdb}

    def watch_process(self, process, errors):
        self.process, self.errors = process, errors
        self.connect("qmp")
        self.connect("port")
        self.connect("uart")

    def check_process(self):
        if self.process.poll() is not None:
            with open(self.errors, encoding="utf-8", errors="replace") as file:
                said = " ".join(file.read().split())
            raise Crash(f"the guest or QEMU ended early, status {self.process.returncode}" + (f": {said}" if said else ""))

    def connect(self, name):
        """QEMU makes its sockets in a moment after its start, each of them there only when listened on."""
        deadline = time.monotonic() + CONNECT_LIMIT
        while True:
            self.check_process()
            peer = socket.socket(socket.AF_UNIX)
            try:
                peer.connect(f"{self.folder}/{name}")
                break
            except (FileNotFoundError, ConnectionRefusedError):
                peer.close()
                if time.monotonic() > deadline:
                    raise Failure(f"QEMU's {name} socket did not appear in {CONNECT_LIMIT} s") from None
                time.sleep(0.02)
        peer.setblocking(False)
        self.sockets[name] = peer
        self.buffers[name] = b""
        self.selector.register(peer, selectors.EVENT_READ, name)

    def send(self, name, data):
        peer = self.sockets[name]
        peer.setblocking(True)
        try:
            peer.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            raise Crash("the guest or QEMU ended early") from None
        peer.setblocking(False)

    def pump(self, timeout):
        """Reads what is there. Returns whether anything was."""
        ready = self.selector.select(timeout)
        for key, _ in ready:
            try:
                data = key.fileobj.recv(1 << 20)
            except BlockingIOError:
                continue
            except ConnectionResetError:
                data = b""
            if not data:
                self.selector.unregister(key.fileobj)
                continue
            self.buffers[key.data] += data
            while self.parsers[key.data]():
                pass
        return bool(ready)

    def wait(self, wanted, limit, what, also=None):
        """The first event that is wanted. Others go to `also`, which may raise. None at the deadline if `what` is None."""
        deadline = time.monotonic() + limit
        while True:
            while self.events:
                event = self.events.popleft()
                taken = also(event) if also else False
                if not taken and wanted(event):
                    return event
            left = deadline - time.monotonic()
            if left <= 0:
                if what is None:
                    return None
                raise Failure(f"waited {limit} s in vain {what}")
            # First what a QEMU that has ended said at last.
            if not self.pump(min(left, 1)):
                self.check_process()

    def answer_guest(self, word):
        self.send(self.guest_line, word.encode() + b"\n")

    def parse_guest(self, name):
        """The guest speaks on one of its two lines, and hears there."""
        buffer = self.buffers[name]
        line, newline, rest = buffer.partition(b"\n")
        if not newline:
            return False
        words = line.decode(errors="replace").split(" ", 2)
        if words[0].startswith("@@"):
            self.guest_line = name
        if words[0] == "@@FILE" and len(words) == 3:
            size = int(words[2])
            if len(rest) < size:
                return False
            self.events.append(("file", words[1], rest[:size]))
            rest = rest[size:]
        elif words[0] == "@@MARK" and len(words) == 3:
            self.events.append(("mark", words[2]))
        self.buffers[name] = rest
        return True

    def parse_qmp(self):
        line, newline, rest = self.buffers["qmp"].partition(b"\n")
        if not newline:
            return False
        self.events.append(("qmp", "", json.loads(line)))
        self.buffers["qmp"] = rest
        return True

    def parse_gdb(self):
        """Packets are $data#xx; a stop of the guest is T05thread:N;... and may come at any time."""
        match = re.search(rb"\$([^#]*)#..", self.buffers["gdb"])
        if not match:
            return False
        self.buffers["gdb"] = self.buffers["gdb"][match.end():]
        self.send("gdb", b"+")
        text = match[1].decode()
        stop = re.match(r"T[0-9a-f]{2}.*?thread:([0-9a-f]+);", text)
        self.events.append(("stop", "", int(stop[1], 16)) if stop else ("gdb", text))
        return True
