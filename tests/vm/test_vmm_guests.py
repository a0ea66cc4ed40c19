#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tiny guests: serial ports, unknown ports, how a guest ends, time, signals."""
import os
import pty
import signal
import socket
import sys
import termios
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import harness  # noqa: E402
import tiny_elf as tiny  # noqa: E402
import vmm  # noqa: E402

SMALL = ("--memory", "16M")


def check_ends(cases, folder):
    for what, code, status, said in (
            ("ACPI power off", tiny.OFF, 0, ""),
            ("another sleep type is no power off", tiny.out16(0x604, 0x2000) + tiny.out16(0x604, 0x3400) + tiny.SPIN, 0, ""),
            ("reset register", tiny.RESET, 3, "the guest reset the machine"),
            ("a write of 32 bits to 0xcf8 is PCI's", tiny.out32(0xCF8, 0x80000600) + tiny.OFF, 0, ""),
            ("keyboard controller", tiny.KEYBOARD_RESET, 3, "the guest reset the machine"),
            ("other keyboard commands", tiny.out8(0x64, 0xD1) + tiny.out8(0x64, 0x20) + tiny.OFF, 0, "")):
        ran = vmm.run("--kernel", folder.guest("guest", code), *SMALL)
        cases.check(ran.status == status and said in ran.err and bool(said) == bool(ran.err), what, ran)

    # No IDT: whatever it is that this KVM makes of it, there is a line and a status.
    ran = vmm.run("--kernel", folder.guest("guest", b"\x0f\x0b" + tiny.OFF), *SMALL)
    triple = ran.status == 3 and "triple fault" in ran.err
    failed = ran.status == 1 and "internal error" in ran.err
    cases.check((triple or failed) and "rip 0x" in ran.err, "invalid opcode without an IDT", ran)


def check_serial(cases, folder):
    hello = b"hello, world\n"
    ran = vmm.run("--kernel", folder.guest("hello", tiny.text(hello) + tiny.OFF), *SMALL, "--log", folder / "log")
    cases.check(ran.out == hello and ran.status == 0, "console on stdout", ran)
    cases.check(folder.read("log") == hello, "console in --log", folder.read("log"))

    many = bytes(range(1, 255)) * 100
    code = tiny.rep_out(len(many)) + tiny.rep_out(len(many), tiny.COM2) + tiny.OFF
    ran = vmm.run("--kernel", folder.guest("rep", code, many), *SMALL, "--data", folder / "data")
    cases.check(ran.out == many, "REP OUTSB to COM1, every byte once", f"{len(ran.out)} of {len(many)} bytes")
    cases.check(folder.read("data") == many, "REP OUTSB to COM2 in --data")
    ran = vmm.run("--kernel", folder / "rep", *SMALL)
    cases.check(ran.out == many and ran.status == 0, "COM2 need not be connected", ran.status)

    echo = tiny.wait_for_input() + tiny.read(tiny.COM1) + tiny.send_al()
    given = b"keys that somebody types"
    ran = vmm.run("--kernel", folder.guest("echo", echo * len(given) + tiny.OFF), *SMALL, given=given + b"too many")
    cases.check(ran.out == given and ran.status == 0, "stdin goes to COM1", ran)


def check_slow_reader(cases, folder):
    """More than the UART and the pipe hold, for a reader that comes late: the guest waits, nothing is lost."""
    count = 160000
    wait = tiny.read(tiny.COM1 + tiny.LINE_STATUS) + b"\xa8\x20"
    wait += b"\x74" + bytes([(-len(wait) - 2) & 0xFF])
    loop = wait + tiny.out8(tiny.COM1, 0x41) + b"\xff\xc9"
    loop += b"\x75" + bytes([(-len(loop) - 2) & 0xFF])
    code = b"\xb9" + count.to_bytes(4, "little") + loop + tiny.OFF
    vm = vmm.Vm("--kernel", folder.guest("much", code), *SMALL)
    time.sleep(0.5)
    ran = vm.wait()
    cases.check(ran.out == b"A" * count and ran.status == 0, "a slow reader of the console loses nothing",
                f"{len(ran.out)} of {count} bytes, {ran.err}")


def check_data_socket(cases, folder):
    """COM2 both ways, over a socket that somebody listens on, and over an inherited descriptor."""
    echo = tiny.wait_for_input(tiny.COM2) + tiny.read(tiny.COM2) + tiny.send_al(tiny.COM2)
    kernel = folder.guest("echo2", tiny.text(b"ready\n", tiny.COM2) + echo * 4 + tiny.OFF)
    answers = []

    def talk(peer):
        peer.settimeout(vmm.LIMIT_S)
        stream = peer.makefile("rb")
        answers.append(stream.readline())
        peer.sendall(b"ping")
        answers.append(stream.read(4))
        peer.close()

    listener = socket.socket(socket.AF_UNIX)
    listener.settimeout(vmm.LIMIT_S)
    listener.bind(folder / "socket")
    listener.listen(1)
    thread = threading.Thread(target=lambda: talk(listener.accept()[0]))
    thread.start()
    ran = vmm.run("--kernel", kernel, *SMALL, "--data", "unix:" + folder / "socket")
    thread.join(vmm.LIMIT_S)
    cases.check(answers == [b"ready\n", b"ping"] and ran.status == 0, "--data unix:", f"{answers} {ran}")

    answers.clear()
    ours, theirs = socket.socketpair()
    thread = threading.Thread(target=talk, args=(ours,))
    thread.start()
    ran = vmm.run("--kernel", kernel, *SMALL, "--data", f"fd:{theirs.fileno()}", pass_fds=[theirs.fileno()])
    thread.join(vmm.LIMIT_S)
    cases.check(answers == [b"ready\n", b"ping"] and ran.status == 0, "--data fd:", f"{answers} {ran}")


def hexadecimal(value):
    """Code that sends %al if it is not `value`, and a dot if it is."""
    skip = tiny.text(b".")
    other = tiny.send_al() + b"\xeb" + bytes([len(skip)])
    return b"\x3c" + bytes([value]) + b"\x74" + bytes([len(other)]) + other + skip


def check_ports(cases, folder):
    def bytes_of(port, size, values):
        code = tiny.read(port, size)
        for i, value in enumerate(values):
            # %eax is needed again after the text: keep it in %ebx
            code += b"\x89\xc3" + hexadecimal(value) + b"\x89\xd8" + (tiny.SHIFT_DOWN if i + 1 < len(values) else b"")
        return code

    for what, code, dots in (
            ("a port of nobody, 8 bits", bytes_of(0x5555, 1, [0xFF]), 1),
            ("a port of nobody, 16 bits", bytes_of(0x5554, 2, [0xFF] * 2), 2),
            ("PCI that is not there", tiny.out32(0xCF8, 0x80000000) + bytes_of(0xCFC, 4, [0xFF] * 4), 4),
            ("PCI's address register", tiny.out32(0xCF8, 0x80000000) + bytes_of(0xCF8, 4, [0xFF] * 4), 4),
            ("keyboard controller: not busy", bytes_of(0x64, 1, [0]), 1),
            ("PM1 control has SCI_EN", bytes_of(0x604, 2, [1, 0]), 2),
            ("PM1 enable keeps its value", tiny.out16(0x602, 0x0321) + bytes_of(0x602, 2, [0x21, 0x03]), 2),
            ("PM1 status has no events", tiny.out16(0x600, 0xFFFF) + bytes_of(0x600, 2, [0, 0]), 2),
            ("RTC: the battery is good", tiny.out8(0x70, 0x0D) + bytes_of(0x71, 1, [0x80]), 1),
            ("RTC: no update under way", tiny.out8(0x70, 0x8A) + bytes_of(0x71, 1, [0x26]), 1),
            ("RTC: the century", tiny.out8(0x70, 0x32) + bytes_of(0x71, 1, [0x20]), 1),
            ("UART: scratch register", tiny.out8(0x3FF, 0x5A) + bytes_of(0x3FF, 1, [0x5A]), 1),
            ("UART: no input, empty", bytes_of(0x3FD, 1, [0x60]), 1)):
        ran = vmm.run("--kernel", folder.guest("ports", code + tiny.OFF), *SMALL)
        cases.check(ran.out == b"." * dots and ran.status == 0, what, ran)

    # REP INSB: each of the bytes comes from the device
    count = 8
    code = tiny.rep_in(count, 0x5555) + tiny.rep_out(count) + tiny.OFF
    ran = vmm.run("--kernel", folder.guest("rep-in", code, b"x" * count), *SMALL)
    cases.check(ran.out == b"\xff" * count, "REP INSB", ran)
    # memory of nobody
    code = b"\xbe\x00\x00\x00\xd0\x8a\x06" + hexadecimal(0xFF) + b"\x88\x06" + tiny.text(b"!") + tiny.OFF
    ran = vmm.run("--kernel", folder.guest("mmio", code), *SMALL)
    cases.check(ran.out == b".!", "memory of nobody reads as all ones", ran)


def check_time_and_signals(cases, folder):
    spin = folder.guest("spin", tiny.text(b"up\n") + tiny.SPIN)
    begin = time.monotonic()
    ran = vmm.run("--kernel", spin, *SMALL, "--timeout", "1")
    cases.check(ran.status == 4 and "timeout of 1 s" in ran.err and ran.out == b"up\n", "--timeout", ran)
    cases.check(time.monotonic() - begin >= 1, "not before its time")
    halted = folder.guest("halted", b"\xfa" + tiny.text(b"up\n") + tiny.HALT)
    ran = vmm.run("--kernel", halted, *SMALL, "--timeout", "1", "--cpus", "8")
    cases.check(ran.status == 4, "--timeout of a halted guest whose other CPUs never start", ran)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        vm = vmm.Vm("--kernel", spin, *SMALL, "--cpus", "3", "--log", folder / "log")
        cases.check(vmm.until(lambda: folder.read("log") == b"up\n"), f"{number.name}: the guest is up")
        vm.signal(number)
        ran = vm.wait()
        cases.check(ran.status == 128 + number and ran.out == b"up\n", number.name, ran)
        os.unlink(folder / "log")
    vm = vmm.Vm("--kernel", spin, *SMALL, "--timeout", "3", "--log", folder / "log")
    vmm.until(lambda: folder.read("log") == b"up\n")
    vm.signal(signal.SIGUSR1)
    ran = vm.wait()
    cases.check("no snapshot: there is no --plugin" in ran.err and ran.status == 4, "SIGUSR1 without a plugin", ran)


def check_broken_output(cases, folder):
    hello = folder.guest("hello", tiny.text(b"hello\n") + tiny.OFF)
    with open("/dev/full", "wb") as full:
        process = vmm.subprocess.Popen([vmm.VMM, "--kernel", hello, *SMALL], stdin=vmm.subprocess.DEVNULL, stdout=full,
                                       stderr=vmm.subprocess.PIPE)
        err = process.communicate(timeout=vmm.LIMIT_S)[1]
    cases.check(process.returncode == 1 and b"stdout: No space left" in err, "a full disk", err)


def check_closed_files(cases, folder):
    """stdin, stdout and stderr closed: nothing else takes their place."""
    hello = folder.guest("hello", tiny.text(b"hello\n") + tiny.text(b"data\n", tiny.COM2) + tiny.OFF)
    script = '"$0" "$@" <&- >&- 2>&-'
    process = vmm.subprocess.run(["sh", "-c", script, vmm.VMM, "--kernel", hello, *SMALL, "--log", folder / "log", "--data",
                                  folder / "data"], check=False, timeout=vmm.LIMIT_S)
    said = (folder.read("log"), folder.read("data"))
    cases.check(process.returncode == 0 and said == (b"hello\n", b"data\n"), "closed standard files", f"{process} {said}")


def check_talker(cases, folder):
    """A guest that never stops to talk: time and signals count all the same."""
    kernel = folder.guest("talker", b"\xb0\x41" + tiny.send_al() + b"\xeb\xfd")
    with open("/dev/null", "wb") as null:
        process = vmm.subprocess.run([vmm.VMM, "--kernel", kernel, *SMALL, "--timeout", "1"], stdout=null, check=False,
                                     stderr=vmm.subprocess.PIPE, timeout=vmm.LIMIT_S)
    cases.check(process.returncode == 4, "the timeout of a guest that never stops to talk", process)


def check_terminal(cases, folder):
    """Keys come without a newline and without echo; at the end the terminal is as before."""
    echo = tiny.wait_for_input() + tiny.read(tiny.COM1) + tiny.send_al(tiny.COM2)
    kernel = folder.guest("keys", tiny.text(b"up\n") + echo * 2 + tiny.SPIN)
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(vmm.VMM, [vmm.VMM, "--kernel", kernel, *SMALL, "--data", folder / "keys-data", "--timeout", "60"])
    before = termios.tcgetattr(terminal)
    said = b""
    while not said.endswith(b"up\r\n"):
        said += os.read(terminal, 100)
    os.write(terminal, b"ab")
    cases.check(vmm.until(lambda: folder.read("keys-data") == b"ab"), "keys reach the guest at once", folder.read("keys-data"))
    cases.check(termios.tcgetattr(terminal)[3] & termios.ECHO == 0, "the terminal does not echo")
    os.write(terminal, b"\x03")
    _, status = os.waitpid(pid, 0)
    cases.check(os.waitstatus_to_exitcode(status) == 128 + signal.SIGINT, "Ctrl-C ends it", status)
    cases.check(termios.tcgetattr(terminal) == before, "the terminal is as before")
    os.close(terminal)


def main():
    vmm.need_kvm()
    cases = harness.Cases()
    folder = vmm.Folder()
    for check in (check_ends, check_serial, check_slow_reader, check_data_socket, check_ports, check_time_and_signals,
                  check_broken_output, check_closed_files, check_talker, check_terminal):
        check(cases, folder)
    sys.exit(cases.end())


if __name__ == "__main__":
    main()
