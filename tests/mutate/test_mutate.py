#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A thousand seeded mutations of a bundled core, and some of the oldest kernel's.

Each gives a report or one clear error: no crash, no sanitizer report, within 5
seconds and 256 MB, text that a terminal can show, JSON that the schema allows.

With a number N as argument, as `make mutate N=10000` has it: N mutations each of 1, 10 and 1000
places, shared out among all bundled cores, and the worst time and memory of each.
"""

import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import harness  # noqa: E402
from schema import Validator  # noqa: E402

# Of the newest kernel's error exit, and of the oldest's, whose structures are others.
MUTATIONS = (1000, 200)
FIRST = 1
LIMIT_MS = 5000
# AddressSanitizer's shadow and quarantine are not the program's own memory.
LIMIT_KIB = 256 * 1024 * (6 if harness.SANITIZED else 1)
TIME_FACTOR = 3 if harness.SANITIZED else 1
HEAD = re.compile(rb"(\d+) (\d+) (report|error|failed) (\d+) (\d+) (\d+) (\d+)\n")
UNFIT = re.compile("[\x00-\x09\x0b-\x1f\x7f]")


class Run:
    """One run of the mutate program, from a mutation on."""

    def __init__(self, core, first, count):
        self.process = subprocess.Popen([harness.tool("mutate"), core, str(first), str(count)],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        preexec_fn=harness.no_core_dump)

    def results(self):
        out = self.process.stdout
        while True:
            line = out.readline()
            if not line:
                return
            head = HEAD.fullmatch(line)
            if not head:
                raise ValueError(f"mutate: not understood: {line!r}")
            index, places, ms, kib, text, data = (int(head[i]) for i in (1, 2, 4, 5, 6, 7))
            yield index, places, head[3].decode(), ms, kib, out.read(text), out.read(data)

    def end(self):
        err = self.process.stderr.read().decode("utf-8", "backslashreplace")
        return self.process.wait(), err


def look(cases, name, validator, result, counts):
    index, places, kind, ms, kib, text, data = result
    what = f"{name}: mutation {index} ({places} places)"
    counts[places, kind] = counts.get((places, kind), 0) + 1
    worst = counts.setdefault("worst", {}).setdefault(places, [(0, 0), (0, 0)])
    worst[:] = [max(worst[0], (ms, index)), max(worst[1], (kib, index))]
    problems = []
    if kind == "failed":
        problems.append("rendering failed, or an error without a clear line")
    if ms > LIMIT_MS * TIME_FACTOR:
        problems.append(f"took {ms} ms")
    if kib > LIMIT_KIB:
        problems.append(f"{kib} KiB resident")
    try:
        unfit = UNFIT.search(text.decode("utf-8"))
        if unfit:
            problems.append(f"the text holds a control character: {unfit[0]!r}")
    except UnicodeDecodeError as error:
        problems.append(f"the text is not UTF-8: {error}")
    if kind == "report":
        problems += validator.errors(data)
    cases.check(not problems, what, "\n".join(problems))


def run_all(cases, core, mutations, validator, counts):
    """Goes on after a mutation that ends the program."""
    name = harness.core_name(core)
    untouched = []
    first, end = FIRST, FIRST + mutations
    while first < end:
        run = Run(core, first, end - first)
        done = first
        for result in run.results():
            if result[1] == 0:
                untouched.append(result[5] + result[6])
            else:
                done = result[0] + 1
            look(cases, name, validator, result, counts)
        status, err = run.end()
        if status == 0 and not err:
            return untouched
        how = signal.Signals(-status).name if status < 0 else f"status {status}"
        cases.check(False, f"{name}: mutation {done}: ended by {how}", err[-3000:])
        if cases.failed > 20:
            break
        first = done + 1
    return untouched


def check_core(cases, core, mutations, validator):
    name = harness.core_name(core)
    counts = {}
    untouched = run_all(cases, core, mutations, validator, counts)
    cases.check(len(untouched) >= 2 and len(set(untouched)) == 1,
                f"{name}: the untouched core gives the same report before and after all mutations", len(untouched))
    for places, ((ms, slowest), (kib, largest)) in sorted(counts.pop("worst", {}).items()):
        print(f"{name}: {places:>5} places: at most {ms} ms (mutation {slowest}), {kib} KiB (mutation {largest})")
    for key in sorted(counts):
        print(f"{name}: {key[0]:>5} places: {counts[key]} {key[1]}s")
    # A mutated core of which hardly any gives a report would test the bootstrap and nothing else.
    for places, least in ((1, 0.85), (10, 0.6), (1000, 0.3)):
        number = counts.get((places, "report"), 0)
        cases.check(number > mutations / 3 * least, f"{name}: enough cores with {places} wrong words give a report", counts)


def main():
    cases = harness.Cases()
    harness.need_cores(cases)
    pairs = harness.core_pairs()
    if not cases.check(pairs, "a pair of bundled cores"):
        return cases.end()
    validator = Validator(harness.SCHEMA)
    if len(sys.argv) > 1:
        cores = harness.bundled_cores()
        for core in cores:
            check_core(cases, core, 3 * int(sys.argv[1]) // len(cores), validator)
        return cases.end()
    newest, oldest = pairs[-1][1], pairs[0][1]
    check_core(cases, newest, MUTATIONS[0], validator)
    if oldest != newest:
        check_core(cases, oldest, MUTATIONS[1], validator)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
