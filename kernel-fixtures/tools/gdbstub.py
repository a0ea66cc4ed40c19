# SPDX-License-Identifier: BSD-2-Clause
"""QEMU's gdbstub: hardware breakpoints, one register, a little memory, and which vCPUs go on. Threads count from 1."""
from channel import Failure

LIMIT = 20
NUMBERS = {"rsp": 7, "rip": 16, "eflags": 17}  # places in the packet g, the first 17 have 8 bytes each, then come 4-byte ones


class Gdbstub:
    def __init__(self, channels):
        """Stops the guest, as any debugger that attaches does."""
        self.channels = channels
        channels.connect("gdb")
        self.ask("?", stop=True)

    def post(self, text):
        data = text.encode()
        self.channels.send("gdb", b"$%s#%02x" % (data, sum(data) & 0xFF))

    def ask(self, text, stop=False):
        kept = []
        kind = "stop" if stop else "gdb"

        def keep(event):
            if event[0] != kind:
                kept.append(event)
                return True
            return False

        self.post(text)
        event = self.channels.wait(lambda e: e[0] == kind, LIMIT, f"for the gdbstub's answer to {text}", keep)
        self.channels.events.extendleft(reversed(kept))
        reply = event[1]
        if reply.startswith("E"):
            raise Failure(f"the gdbstub refuses {text}: {reply}")
        return reply

    def set_breakpoint(self, address):
        self.ask(f"Z1,{address:x},1")

    def clear_breakpoint(self, address):
        self.ask(f"z1,{address:x},1")

    def register(self, thread, name):
        self.ask(f"Hg{thread:x}")
        # Not by packet p: QEMU answers that only to a debugger that takes its XML.
        registers = bytes.fromhex(self.ask("g"))
        at = NUMBERS[name] * 8
        return int.from_bytes(registers[at:at + (4 if name == "eflags" else 8)], "little")

    def read(self, thread, address, size):
        self.ask(f"Hg{thread:x}")
        return bytes.fromhex(self.ask(f"m{address:x},{size:x}"))

    def interrupts_on(self, thread):
        return bool(self.register(thread, "eflags") & 0x200)

    def switch_interrupts(self, thread, on):
        """The flag in EFLAGS. All registers are written, as they were read: QEMU takes single ones only with its XML."""
        self.ask(f"Hg{thread:x}")
        registers = bytearray.fromhex(self.ask("g"))
        at = NUMBERS["eflags"] * 8
        flags = int.from_bytes(registers[at:at + 4], "little")
        registers[at:at + 4] = (flags | 0x200 if on else flags & ~0x200).to_bytes(4, "little")
        self.ask("G" + registers.hex())

    def go(self, only=None):
        """All vCPUs, or those alone."""
        self.post("vCont" + "".join(f";c:{thread:x}" for thread in only) if only else "vCont;c")

    def step(self, thread):
        """One instruction of that vCPU; QEMU delivers no interrupt meanwhile, and the others stand still."""
        self.post(f"vCont;s:{thread:x}")

    def interrupt(self):
        self.channels.send("gdb", b"\x03")
