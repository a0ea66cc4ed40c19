# SPDX-License-Identifier: BSD-2-Clause
"""The moment of an image: the guest on the entry of scx_dump_state().

From there to the function's return only the vCPU that runs it is let go, and no interrupt reaches it. So the text that
the kernel writes there describes the state of the image, exactly. Where the function comes more often than once, by one
SysRq-D for each scheduler, its caller would let interrupts in between; they are turned off in the vCPU's flags, then.
"""
import time

from channel import Crash, Failure

STEP_TRIES = 2000  # about 100 are needed
SETTLE_TRIES = 200
SETTLE_STEP = 0.002  # seconds
ALONE_LIMIT = 5  # seconds; the dump takes milliseconds
STOP_LIMIT = 20


class Moment:
    def __init__(self, vm, cpus, address, last, on_event):
        """last: where the last image is taken; mostly the same address."""
        self.gdb = vm.gdb
        self.channels = vm.channels
        self.threads = range(1, cpus + 1)
        self.address = address
        self.last = last
        self.on_event = on_event

    def arm(self, last=False):
        self.gdb.set_breakpoint(self.last if last else self.address)
        self.gdb.go()

    def wait_stop(self, limit, what):
        event = self.channels.wait(lambda e: e[0] == "stop", limit, what, self.on_event)
        return event and event[2]

    def catch(self, limit, what, take_image, mark=None, dumps=1):
        """Waits for the guest to come there, has the image taken, lets the dump be written, and arms again.

        With a mark the others stand still until the guest has said it.
        """
        thread = self.wait_stop(limit, what)
        back = self.enter(thread)
        self.settle_others(thread)
        were_on = dumps > 1 and self.gdb.interrupts_on(thread)
        if were_on:
            self.gdb.switch_interrupts(thread, False)
        steps = self.step_to_interrupts_off(thread)
        take_image()
        self.dump_alone(thread, back)
        for _ in range(dumps - 1):
            self.gdb.set_breakpoint(self.address)
            self.gdb.go([thread])
            if not self.wait_stop(ALONE_LIMIT, None):
                raise Crash("the next scheduler's dump did not begin with the other vCPUs standing still")
            self.dump_alone(thread, self.enter(thread))
        if were_on:
            self.gdb.switch_interrupts(thread, True)
        if mark:
            self.go_alone(thread, mark)
        self.arm(last=True)
        return {"where": "entry of scx_dump_state", "vcpu": thread - 1, "steps": steps, "dumps": dumps,
                "dump_alone": True}

    def catch_without_dump(self, limit, what, take_image, settle):
        """Where the kernel dumps nothing: all vCPUs stand still while the image is taken, and go on."""
        thread = self.wait_stop(limit, what)
        rip = self.gdb.register(thread, "rip")
        if rip != self.last:
            raise Failure(f"the guest stopped at {rip:#x}, not at {self.last:#x}")
        self.gdb.clear_breakpoint(self.last)
        if settle:
            self.settle_others(thread)
        take_image()
        self.gdb.go()
        return {"vcpu": thread - 1}

    def enter(self, thread):
        """On the function's entry: where it returns to."""
        rip = self.gdb.register(thread, "rip")
        if rip != self.address:
            raise Failure(f"the guest stopped at {rip:#x}, not on the entry of scx_dump_state ({self.address:#x})")
        self.gdb.clear_breakpoint(self.address)
        return int.from_bytes(self.gdb.read(thread, self.gdb.register(thread, "rsp"), 8), "little")

    def settle_others(self, thread):
        """Each other vCPU goes on until its interrupts are on: then it holds no run queue's lock, which the dump takes."""
        for _ in range(SETTLE_TRIES):
            busy = [t for t in self.threads if t != thread and not self.gdb.interrupts_on(t)]
            if not busy:
                return
            self.gdb.go(busy)
            time.sleep(SETTLE_STEP)
            self.gdb.interrupt()
            self.wait_stop(STOP_LIMIT, "for the guest to stop again")
        raise Crash("a vCPU did not turn its interrupts on while another one stood in scx_dump_state")

    def step_to_interrupts_off(self, thread):
        """The function begins with a spin_lock_irqsave(). A tick that came before it would belong to the dump, not to the
        image; a vCPU that is stepped takes none."""
        for steps in range(STEP_TRIES):
            if not self.gdb.interrupts_on(thread):
                return steps
            self.gdb.step(thread)
            self.wait_stop(STOP_LIMIT, "for a single step")
        raise Failure(f"scx_dump_state did not turn interrupts off in {STEP_TRIES} steps")

    def dump_alone(self, thread, back):
        self.gdb.set_breakpoint(back)
        self.gdb.go([thread])
        if not self.wait_stop(ALONE_LIMIT, None):
            raise Crash(f"the kernel's dump did not end in {ALONE_LIMIT} s with the other vCPUs standing still")
        self.gdb.clear_breakpoint(back)

    def go_alone(self, thread, mark):
        self.gdb.go([thread])
        if not self.channels.wait(lambda e: e == ("mark", mark), ALONE_LIMIT, None, self.on_event):
            raise Crash(f"the guest did not come to '{mark}' in {ALONE_LIMIT} s with the other vCPUs standing still")
        self.gdb.interrupt()
        self.wait_stop(STOP_LIMIT, "for the guest to stop again")
