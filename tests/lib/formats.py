# SPDX-License-Identifier: BSD-2-Clause
"""One guest's memory in the formats that makedumpfile and QEMU write."""

import json
import mmap
import os
import re
import socket
import struct
import subprocess
import time

PAGE = 4096


def vmcoreinfo(image):
    """The kernel's own VMCOREINFO, found in an image without the note."""
    at = image.find(b"OSRELEASE=")
    while at >= 0:
        text = image[at : at + PAGE].split(b"\0")[0]
        if b"SYMBOL(init_top_pgt)" in text and image[at - 1] == 0:
            return text
        at = image.find(b"OSRELEASE=", at + 1)
    return b""


def plain(source, path):
    """An ELF vmcore as kdump lays it out, with a VMCOREINFO note: makedumpfile takes the program headers to
    follow the ELF header at once, and QEMU puts its section headers between them."""
    with open(source, "rb") as f, open(path, "wb") as out:
        image = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)
        phoff, = struct.unpack_from("<Q", image, 32)
        number, = struct.unpack_from("<H", image, 56)
        headers = [list(struct.unpack_from("<IIQQQQQQ", image, phoff + 56 * i)) for i in range(number)]
        loads = [h for h in headers if h[0] == 1]
        notes = b"".join(image[h[2] : h[2] + h[5]] for h in headers if h[0] == 4)
        if b"VMCOREINFO\0" not in notes:
            info = vmcoreinfo(image)
            notes += struct.pack("<III", 11, len(info), 0) + b"VMCOREINFO\0\0" + info + bytes(-len(info) % 4)
        head = bytearray(image[:64])
        struct.pack_into("<QQ", head, 32, 64, 0)
        struct.pack_into("<HHHHHH", head, 52, 64, 56, len(loads) + 1, 0, 0, 0)
        at = 64 + 56 * (len(loads) + 1)
        table = struct.pack("<IIQQQQQQ", 4, 0, at, 0, 0, len(notes), len(notes), 0)
        at = -(-(at + len(notes)) // PAGE) * PAGE
        places = []
        for h in loads:
            table += struct.pack("<IIQQQQQQ", 1, 7, at, h[3], h[4], h[5], h[6], 0)
            places.append(at)
            at = -(-(at + h[5]) // PAGE) * PAGE
        out.write(head + table + notes)
        for place, h in zip(places, loads):
            out.seek(place)
            out.write(image[h[2] : h[2] + h[5]])
        out.truncate(at)


def makedumpfile(options, source, path):
    """Runs it; True, or what it said.  With -F its output is a stream."""
    if os.path.exists(path):
        os.unlink(path)
    if "-F" in options:
        with open(path, "wb") as out:
            ran = subprocess.run(["makedumpfile", *options, source], stdout=out, stderr=subprocess.PIPE, check=False)
    else:
        ran = subprocess.run(["makedumpfile", *options, source, path], capture_output=True, check=False)
    return True if ran.returncode == 0 else (ran.stderr + (ran.stdout or b""))[-400:]


class Qemu:
    """A QEMU for its writer of dumps."""

    def __init__(self, folder, arguments):
        path = os.path.join(folder, "qmp")
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-machine", "q35", "-accel", "tcg", "-nodefaults", "-display", "none",
             "-qmp", f"unix:{path},server=on,wait=off", *arguments], stdin=subprocess.DEVNULL)
        self.socket = socket.socket(socket.AF_UNIX)
        while True:
            try:
                self.socket.connect(path)
                break
            except OSError:
                if self.process.poll() is not None:
                    raise
                time.sleep(0.05)
        self.stream = self.socket.makefile("rw")
        self.stream.readline()
        self.command("qmp_capabilities")

    def command(self, name, **arguments):
        self.stream.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self.stream.flush()
        while True:
            answer = json.loads(self.stream.readline())
            if "return" in answer or "error" in answer:
                return answer

    def dump(self, kind, path):
        """True, or the error's text."""
        answer = self.command("dump-guest-memory", paging=False, protocol=f"file:{path}", format=kind)
        return True if "return" in answer else answer["error"]["desc"]

    def quit(self):
        self.command("quit")
        self.process.wait()


def stopped_qemu(ram, folder):
    """One that has never run, with a raw file as its RAM."""
    size = os.path.getsize(ram) >> 20
    return Qemu(folder, ["-cpu", "max", "-smp", "2", "-m", f"{size}M", "-S", "-device", f"loader,file={ram},addr=0,force-raw=on"])


def without_registers(text):
    """A text report without what only registers give."""
    # pages that are missing in a bundled core are zeros in the RAM made of it: another reason for the same
    text = re.sub(r"(?m)^(held_files: <unavailable: ).*$", r"\1>", text)
    text = re.sub(r"(?m)^vcpu_regs:\n(?:  .*\n)*", "", text)
    return re.sub(r"(?m)^ +stack: .*\n(?: {8,}[a-z_0-9.+ ,x]+\n)*", "", text)
