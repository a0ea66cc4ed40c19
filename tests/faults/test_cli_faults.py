#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Each allocation and system call of `scxray report` fails once, is interrupted, or is the last.

Whatever fails: one clear line and status 1, or the whole report; never a part of a file, never
a signal.  `SCXRAY_FAULTS=all` takes every call in turn, `=sites` the first of each place that
calls; else some of these.
"""

import base64
import concurrent.futures
import gzip
import os
import re
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import harness  # noqa: E402

PROGRAM = os.path.join(harness.BUILD, "tests", "faults", "scxray")
WHICH = os.environ.get("SCXRAY_FAULTS", "some")
LIMIT = 60
OURS = re.compile(r"^(fault|site|calls): .*\n", re.M)
REASON = re.compile(rb"out\s+of\s+memory|Cannot\s+allocate\s+memory")
PACKED = re.compile(rb"H4sI[A-Za-z0-9+/=]+")  # the report in a page
DIGITS = re.compile(rb"[ -]*[\d.]+")


def run(args, nth, how=None):
    env = dict(os.environ, SCXRAY_FAULT=str(nth), LC_ALL="C.UTF-8")
    if how:
        env["SCXRAY_FAULT_HOW"] = how
    ran = harness.scxray(*args, binary=PROGRAM, env=env, timeout=LIMIT, preexec_fn=harness.no_core_dump)
    ran.fault = re.search(r"^fault: \d+ (\S+)$", ran.err, re.M)
    ran.text = OURS.sub("", ran.err)
    return ran


def form(name, data):
    """Of a core everything, of a report all but its figures: some are times."""
    if ".tmp." in name:  # a part of a page can't be unpacked
        return data
    data = PACKED.sub(lambda found: gzip.decompress(base64.b64decode(found[0])), data)
    return data if "core" in name else DIGITS.sub(b"N", data)


def content(folder):
    files = {}
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as file:
            files[name] = form(name, file.read())
    return files


class Command:
    """One command line; `files` are options that name a file to write."""

    def __init__(self, name, args, files):
        self.name = name
        self.args = args
        self.files = files
        with harness.scratch() as folder:
            ran = run(self.line(folder), 0)
            self.status = ran.status
            self.whole = content(folder)
            self.out = form("", ran.out)
            self.said = ran.text
        sites = [int(n) for n in re.findall(r"^site: (\d+) ", ran.err, re.M)]
        total = re.search(r"^calls: (\d+)$", ran.err, re.M)
        self.calls = list(range(1, int(total[1]) + 1)) if WHICH == "all" and total else sites

    def line(self, folder):
        return [*self.args, *(part for option, name in self.files for part in (option, os.path.join(folder, name)))]

    def problems(self, nth, how):
        with harness.scratch() as folder:
            ran = run(self.line(folder), nth, how)
            files = content(folder)
        wrong = [name for name, data in files.items() if self.whole.get(name) != data]
        if how == "kill":  # a temporary file has a name that says so
            wrong = [name for name in wrong if ".tmp." not in name]
            found = [] if ran.status == -signal.SIGKILL else [f"status {ran.status}"]
        elif how == "signal" or ran.status == 0:
            found = [] if ran.status == 0 else [f"status {ran.status}: {ran.text}"]
            if REASON.search(b" ".join([ran.out, *files.values()])):
                wrong = []  # less than whole, and it says why
            elif form("", ran.out) != self.out or sorted(files) != sorted(self.whole):
                found.append("not the whole report, and no error")
        else:
            found = [] if ran.status == 1 else [f"status {ran.status}"]
            if not re.fullmatch(r"scxray: [^\n]{8,}\n", ran.text):
                found.append(f"not one clear line: {ran.text!r}")
        if wrong:
            found.append(f"neither whole nor missing: {wrong}")
        return ran.fault[1] if ran.fault else "", found


def check(cases, command, how, step):
    """With signals one run has them all."""
    calls = [1, 2] if how == "signal" else command.calls[:: step if WHICH == "some" else 1]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for nth, (name, found) in zip(calls, pool.map(lambda n: command.problems(n, how), calls)):
            cases.check(not found, f"{command.name}: {how or 'fails'}: call {nth} {name}", "\n".join(found))
    print(f"{command.name}: {how or 'fails'}: {len(calls)} calls")


def main():
    cases = harness.Cases()
    harness.need_cores(cases)
    half, error = harness.core_pairs()[-1]
    for command in (
        Command("text", ["report", error], []),
        Command("pair", ["report", "--early", half, error], [("-o", "report.json"), ("--save-core", "late.core"),
                                                             ("--save-early-core", "early.core")]),
        Command("html", ["report", error], [("-o", "report.html")]),
    ):
        if cases.check(command.status == 0 and command.calls, f"{command.name}: without a fault", command.said):
            for how, step in ((None, 1 if command.name == "pair" else 4), ("kill", 8), ("signal", 1)):
                check(cases, command, how, step)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
