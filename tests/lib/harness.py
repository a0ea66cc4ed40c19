# SPDX-License-Identifier: BSD-2-Clause
"""What the test scripts share: the program under test, bundled cores, counted cases.

A script counts its cases with Cases and ends with sys.exit(cases.end()), which
prints the line that tests/run.py reads.
"""

import glob
import os
import re
import resource
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("SCXRAY_BUILD", os.path.join(ROOT, "build", "gcc")))
SCXRAY = os.path.abspath(os.environ.get("SCXRAY", os.path.join(BUILD, "scxray")))
CORES = os.environ.get("SCXRAY_CORES", os.path.join(ROOT, "kernel-fixtures", "cores"))
SCHEMA = os.path.join(ROOT, "docs", "report.schema.json")
# libkdumpfile does not free all of what it read of a file that it then refuses
os.environ.setdefault("LSAN_OPTIONS", "print_suppressions=0:suppressions=" + os.path.join(ROOT, "tests", "lib", "lsan.supp"))
SANITIZED = "-address" in os.path.basename(BUILD) or "-thread" in os.path.basename(BUILD)


class Cases:
    """Counts what passed and what failed, and says what failed."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def check(self, ok, what, detail=""):
        if ok:
            self.passed += 1
            return True
        self.failed += 1
        if self.failed <= 40:
            print(f"not ok: {what}")
            for line in str(detail).splitlines()[:30]:
                print(f"    {line}")
        return False

    def end(self):
        """The closing line; a script that looked at nothing has failed."""
        if self.passed + self.failed == 0:
            self.check(False, "no case has run")
        print(f"cases: {self.passed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed else 0


class Ran:
    def __init__(self, process, out, err):
        self.status = process.returncode
        self.out = out
        self.err = err.decode("utf-8", "backslashreplace")

    def __str__(self):
        return f"status {self.status}, stderr: {self.err}"


def scxray(*args, timeout=120, binary=None, **popen):
    """Runs the program; popen as for subprocess.Popen.  Raises TimeoutExpired."""
    popen.setdefault("stdout", subprocess.PIPE)
    process = subprocess.Popen([binary or SCXRAY, *args], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, **popen)
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return Ran(process, out, err)


def bundled_cores():
    """All bundled cores, sorted by name."""
    return sorted(glob.glob(os.path.join(CORES, "*.core.zst")))


def need_cores(cases):
    """The bundled cores; without any the script ends here, as failed."""
    found = bundled_cores()
    if not found:
        cases.check(False, f"no bundled core in {os.path.relpath(CORES, ROOT)}/ (*.core.zst)")
        sys.exit(cases.end())
    return found


def core_name(path):
    return os.path.basename(path)[: -len(".core.zst")]


def core_pairs():
    """[(half, error)] of the cores that come in pairs, X-half.core.zst and X-error.core.zst; the newest kernel last."""
    have = set(bundled_cores())
    late = sorted((p for p in have if p.endswith("-error.core.zst")), key=by_version)
    pairs = [(p.replace("-error.core.zst", "-half.core.zst"), p) for p in late]
    return [p for p in pairs if p[0] in have]


def by_version(path):
    """Sorts 6.9 before 6.12."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", os.path.basename(path))]


def tool(name):
    """A program of tests/tools/, built by `make check`."""
    return os.path.join(BUILD, "tests", "tools", name)


def to_vmcore(core, path, *options):
    """Writes the pages and registers of a scxray core as an ELF vmcore."""
    subprocess.run([tool("core2vmcore"), *options, core, path], check=True)


def scratch():
    """A folder of its own, removed with the object; others may look into it."""
    folder = tempfile.TemporaryDirectory(prefix="scxray-test-")
    os.chmod(folder.name, 0o755)
    return folder


def no_core_dump():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
