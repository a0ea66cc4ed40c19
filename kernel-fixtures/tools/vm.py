# SPDX-License-Identifier: BSD-2-Clause
"""One QEMU with a fixture guest in it, and the lines to it."""
import subprocess

from channel import Channels, Failure
from gdbstub import Gdbstub
from qmp import Qmp


def command_line(options, folder):
    o = options
    # panic=-1 and -no-reboot: a guest that panics ends QEMU at once. init_on_free makes images compress well.
    append = ["console=ttyS0", "tsc=reliable", "panic=-1", "no_hash_pointers", "init_on_free=1",
              "pti=on" if o.pti else "pti=off", f"scxfix.mode={o.mode}", f"scxfix.timeout={o.timeout}"]
    if not o.kaslr:
        append.append("nokaslr")
    if o.program:
        append.append(f"scxfix.program={o.program}")
    if o.fails:
        append.append("scxfix.fails")
    if o.append:
        append.append(o.append)
    command = [o.qemu, "-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max" if o.la57 else "max,la57=off",
               "-smp", str(o.cpus), "-m", f"{o.mem}M", "-nodefaults", "-display", "none", "-no-reboot",
               "-kernel", o.kernel, "-initrd", o.initrd, "-append", " ".join(append),
               "-chardev", f"file,id=console,path={o.out}/serial.log", "-serial", "chardev:console",
               "-device", "virtio-serial-pci", "-device", "virtserialport,chardev=port",
               "-serial", "chardev:uart", "-qmp", f"unix:{folder}/qmp,server=on,wait=off", "-gdb", "chardev:gdb"]
    for name in ("port", "uart", "gdb"):
        command += ["-chardev", f"socket,id={name},path={folder}/{name},server=on,wait=off"]
    return command + numa(o)


def numa(options):
    arguments = []
    for node in range(options.nodes if options.nodes > 1 else 0):
        size = options.mem // options.nodes + (options.mem % options.nodes if node == 0 else 0)
        first, last = (options.cpus * n // options.nodes for n in (node, node + 1))
        cpus = f",cpus={first}-{last - 1}" if last > first else ""
        arguments += ["-object", f"memory-backend-ram,id=ram{node},size={size}M",
                      "-numa", f"node,nodeid={node},memdev=ram{node}{cpus}"]
    return arguments


class Vm:
    def __init__(self, options, folder):
        """Starts it. folder is for sockets, so its path is a short one."""
        self.channels = Channels(folder)
        self.errors = f"{folder}/qemu.err"
        self.qmp = None
        self.gdb = None
        command = command_line(options, folder)
        try:
            with open(self.errors, "wb") as errors:
                self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors)
        except OSError as error:
            raise Failure(f"{options.qemu}: {error.strerror} (install qemu-system-x86, or QEMU=...)") from None

    def connect(self):
        self.channels.watch_process(self.process, self.errors)
        self.qmp = Qmp(self.channels)

    def attach_debugger(self):
        self.gdb = Gdbstub(self.channels)

    def quit(self):
        self.qmp.quit()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
