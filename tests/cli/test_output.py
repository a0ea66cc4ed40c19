#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Output: complete files or none, formats, terminals and pipes."""

import ctypes
import fcntl
import json
import os
import pty
import resource
import signal
import struct
import subprocess
import sys
import termios

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import harness  # noqa: E402

CLONE_NEWNS = 0x20000
MS_RDONLY, MS_REMOUNT, MS_PRIVATE, MS_REC = 1, 32, 1 << 18, 1 << 14


def mount(source, target, kind, flags, options):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(source.encode(), target.encode(), kind.encode(), flags, options.encode()):
        raise OSError(ctypes.get_errno(), "mount")


def own_mounts():
    """Whether this process could get mounts of its own, which vanish with it."""
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() != 0 or libc.unshare(CLONE_NEWNS):
        return False
    try:
        mount("none", "/", "none", MS_REC | MS_PRIVATE, "")
    except OSError:
        return False
    return True


def fails(cases, what, *args, **popen):
    ran = harness.scxray(*args, **popen)
    one_line = ran.err.startswith("scxray: ") and ran.err.count("\n") == 1
    return cases.check(ran.status == 1 and one_line, what, ran)


def nothing_stays(cases, what, folder):
    left = os.listdir(folder)
    cases.check(not left, f"{what}: nothing stays", left)
    for name in left:
        os.unlink(os.path.join(folder, name))


def check_full(cases, folder, core):
    """A folder without room: neither the file nor a part of it stays."""
    small = os.path.join(folder, "small")
    os.mkdir(small)
    try:
        mount("tmpfs", small, "tmpfs", 0, "size=4k")
    except OSError:
        return cases.check(False, "a small tmpfs can be mounted in a mount namespace of our own")
    for option, name in (("-o", "r.txt"), ("-o", "r.json"), ("--save-core", "c.core.zst")):
        fails(cases, f"full folder, {option} {name}", "report", core, option, os.path.join(small, name))
        nothing_stays(cases, f"full folder, {option} {name}", small)
    old = os.path.join(small, "r.txt")
    with open(old, "w", encoding="ascii") as out:
        out.write("earlier report\n")
    fails(cases, "full folder, a file that was there", "report", core, "-o", old)
    with open(old, encoding="ascii") as f:
        cases.check(f.read() == "earlier report\n", "full folder: the file that was there is still whole")
    os.unlink(old)
    mount("tmpfs", small, "tmpfs", MS_REMOUNT | MS_RDONLY, "size=4k")
    for option in ("-o", "--save-core"):
        fails(cases, f"read-only folder, {option}", "report", core, option, os.path.join(small, "x"))
    return nothing_stays(cases, "read-only folder", small)


def check_limit(cases, folder, core):
    """Without root: a limit on the size of files stands in for a full disk, at any point of a file."""
    place = os.path.join(folder, "limited")
    os.mkdir(place)
    for option, name in (("-o", "r.txt"), ("-o", "r.json"), ("--save-core", "c.core.zst")):
        whole = os.path.join(folder, name)
        harness.scxray("report", core, option, whole, stdout=subprocess.DEVNULL)
        size = os.path.getsize(whole)
        mode = os.stat(whole).st_mode & 0o777
        if option == "--save-core":  # a guest's memory, keys and all
            cases.check(mode == 0o600, f"{name}: only its owner may read it", oct(mode))
        os.unlink(whole)
        for limit in sorted({1, 4096, size // 2, size - 1}):

            def set_limit(limit=limit):
                signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
                harness.no_core_dump()

            what = f"files of at most {limit} bytes, {option} {name}"
            fails(cases, what, "report", core, option, os.path.join(place, name), preexec_fn=set_limit,
                  stdout=subprocess.DEVNULL)
            nothing_stays(cases, what, place)


def check_places(cases, folder, core, text):
    nowhere = os.path.join(folder, "no", "such", "folder")
    for option in ("-o", "--save-core"):
        fails(cases, f"{option} in a folder that is not there", "report", core, option, nowhere)
        fails(cases, f"{option} below a file", "report", core, option, os.path.join(core, "x"))
        fails(cases, f"{option} is a folder", "report", core, option, folder)
        fails(cases, f"{option} in a place where nobody can write", "report", core, option, "/proc/scxray-report")
    fails(cases, "-o /dev/full", "report", core, "-o", "/dev/full")
    with open("/dev/full", "wb") as full:
        fails(cases, "standard output is full", "report", core, stdout=full)
    for args in (["--help"], ["--version"], ["help", "report"], ["report", "--help"]):
        with open("/dev/full", "wb") as full:
            fails(cases, " ".join(args) + ": standard output is full", *args, stdout=full)

    path = os.path.join(folder, "r.txt")
    link = os.path.join(folder, "link")
    with open(path, "w", encoding="ascii") as out:
        out.write("old\n")
    os.chmod(path, 0o640)
    os.symlink("r.txt", link)
    ran = harness.scxray("report", core, "-o", link)
    cases.check(ran.status == 0 and not ran.err and not ran.out, "-o through a symbolic link", ran)
    with open(path, "rb") as f:
        cases.check(f.read() == text, "-o: the same bytes as on standard output")
    cases.check(os.path.islink(link), "-o: the symbolic link stays one")
    cases.check(os.stat(path).st_mode & 0o777 == 0o640, "-o: the permissions stay")
    ran = harness.scxray("report", core, "-o", "-")
    cases.check(ran.out == text, "-o - is standard output", ran)
    cases.check(sorted(n for n in os.listdir(folder) if "tmp" in n) == [], "no temporary file stays")


def check_formats(cases, folder, core, text):
    ran = harness.scxray("report", core, "--format", "json")
    try:
        cases.check(json.loads(ran.out)["schema"] == "single", "--format json", ran)
    except (ValueError, KeyError) as error:
        cases.check(False, "--format json", error)
    path = os.path.join(folder, "r.json")
    harness.scxray("report", core, "-o", path)
    with open(path, "rb") as f:
        cases.check(f.read() == ran.out, "-o r.json is JSON")
    harness.scxray("report", core, "-o", path, "--format", "text")
    with open(path, "rb") as f:
        cases.check(f.read() == text, "--format text wins over the name")
    cases.check(text.endswith(b"\n") and ran.out.endswith(b"\n"), "both end with a newline")


def on_terminal(columns, *args, stderr=None, **environ):
    """What the program writes to a terminal of so many columns."""
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    env = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM", "PAGER")} | {"SCXRAY_PAGER": ""} | environ
    process = subprocess.Popen([harness.SCXRAY, *args], stdin=subprocess.DEVNULL, stdout=child,
                               stderr=child if stderr else None, env=env)
    os.close(child)
    parts = []
    while True:
        try:
            part = os.read(parent, 65536)
        except OSError:
            break
        if not part:
            break
        parts.append(part)
    os.close(parent)
    process.wait()
    return b"".join(parts).replace(b"\r\n", b"\n")


def check_pager(cases, core):
    """Text that is longer than the terminal (50 rows) goes through the user's pager."""
    marks = {"TERM": "xterm", "NO_COLOR": "1", "SCXRAY_PAGER": "sed s/^/page:/"}

    def shown(*args, **environ):
        return on_terminal(100, *args, **{**marks, **environ})

    plain = shown("report", core, SCXRAY_PAGER="")
    paged = shown("report", core)
    cases.check(plain.count(b"\n") > 50 and b"page:" not in plain, "an empty SCXRAY_PAGER is none", plain[:200])
    cases.check(paged == b"".join(b"page:" + line for line in plain.splitlines(True)), "the pager has all of it", paged[:200])
    cases.check(shown("report", core, SCXRAY_PAGER="cat") == plain, "cat is no pager")
    cases.check(shown("report", core, "--no-pager") == plain, "--no-pager")
    cases.check(shown("report", core, TERM="dumb") == plain, "a dumb terminal has no pages")
    cases.check(b"page:" not in shown("report", core, "--only", "rqs"), "what fits is not paged")
    cases.check(b"page:" not in shown("report", core, "--format", "json"), "JSON is not paged")
    cases.check(shown("tasks", core).startswith(b"page:") == (shown("tasks", core, "--no-pager").count(b"\n") >= 50),
                "the views are paged by the same rule")
    cases.check(shown("report", core, SCXRAY_PAGER="head -n 3").count(b"\n") == 3, "a pager that leaves early")
    del marks["SCXRAY_PAGER"]
    cases.check(shown("report", core, SCXRAY_PAGER="true", PAGER="sed s/^/other:/") == b"", "SCXRAY_PAGER comes before PAGER")
    missing = on_terminal(100, "report", core, TERM="xterm", SCXRAY_PAGER="/no/such/pager", stderr=subprocess.STDOUT)
    cases.check(b"cannot run the pager" in missing and b"--no-pager" in missing, "a pager that is not there", missing)


def check_terminal(cases, core, text):
    escape = b"\033["
    cases.check(escape not in text, "a pipe gets no colour")
    cases.check(escape in on_terminal(100, "report", core, TERM="xterm"), "a terminal gets colour")
    cases.check(escape not in on_terminal(100, "report", core, TERM="xterm", NO_COLOR="1"), "NO_COLOR is honoured")
    cases.check(escape in on_terminal(100, "report", core, TERM="xterm", NO_COLOR=""), "an empty NO_COLOR is none")
    cases.check(escape not in on_terminal(100, "report", core, TERM="dumb"), "TERM=dumb gets no colour")
    cases.check(escape not in on_terminal(100, "report", core, "--color", "never", TERM="xterm"), "--color never")
    always = harness.scxray("report", core, "--color", "always").out
    cases.check(escape in always, "--color always")
    wide = harness.scxray("report", core, "--width", "150").out
    cases.check(on_terminal(150, "report", core, TERM="dumb") == wide, "a terminal's width is used")
    cases.check(harness.scxray("report", core, "--width", "120").out == text, "a pipe gets 120 columns")


def check_pipe(cases, core):
    """A reader that goes away: no message, no crash."""
    for ignore in (False, True):
        read, write = os.pipe()
        os.close(read)

        def set_signal(how=signal.SIG_IGN if ignore else signal.SIG_DFL):
            signal.signal(signal.SIGPIPE, how)

        with os.fdopen(write, "wb") as pipe:
            ran = harness.scxray("report", core, stdout=pipe, restore_signals=False, preexec_fn=set_signal)
        cases.check(ran.err == "" and ran.status in (1, -signal.SIGPIPE), f"SIGPIPE ignored={ignore}", ran)


def check_timing(cases, core, text):
    ran = harness.scxray("report", core, "--timing")
    cases.check(ran.status == 0 and ran.out == text, "--timing leaves the report alone", ran)
    lines = ran.err.splitlines()
    cases.check(lines and all(line.startswith("timing: ") for line in lines), "--timing: one fact a line", ran)
    for word in (" total ", " render ", " copied ", " peak memory "):
        cases.check(any(word in line for line in lines), f"--timing says{word}", ran)
    peak = next((int(line.split()[4]) for line in lines if " peak memory " in line), None)
    if not harness.SANITIZED:
        cases.check(peak and peak < 80 * 1024, "a report needs less than 80 MiB", ran)


def main():
    cases = harness.Cases()
    core = harness.need_cores(cases)[-1]  # a big one: it does not fit into one buffer
    ran = harness.scxray("report", core)
    cases.check(ran.status == 0 and ran.out and not ran.err, "a report of a bundled core", ran)
    text = ran.out
    with harness.scratch() as folder:
        check_places(cases, folder, core, text)
        check_formats(cases, folder, core, text)
        check_terminal(cases, core, text)
        check_pager(cases, core)
        check_pipe(cases, core)
        check_timing(cases, core, text)
        check_limit(cases, folder, core)
        if own_mounts():
            try:
                check_full(cases, folder, core)
            finally:
                mounted = os.path.join(folder, "small")
                if os.path.ismount(mounted):
                    subprocess.run(["umount", mounted], check=True)
        else:
            print("no mounts of our own here: full folders were tried by a limit on the size of files alone")
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
