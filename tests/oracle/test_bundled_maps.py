#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The maps of the bundled cores of MODE=maps equal what their guests' bpf() calls said.

And each value that bpf() listed matters: with another one in the list the comparison
fails.
"""

import glob
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, HERE)
import harness  # noqa: E402
from compare_maps import compare_maps  # noqa: E402
from mapsfile import MapsError, parse_maps  # noqa: E402

CORES = os.path.join(HERE, "cores")
# Each is made at this many places of its list at most.
CHANGES = 6


def hex_places(value, path=()):
    """The paths of hexadecimal digits in a line."""
    if isinstance(value, str):
        if value and all(c in "0123456789abcdef" for c in value) and len(value) % 2 == 0:
            yield path
    elif isinstance(value, list):
        for index, sub in enumerate(value):
            yield from hex_places(sub, path + (index,))


def changed(line, key, path):
    """The line with the last bit of these bytes another one."""
    line = json.loads(json.dumps(line))
    at, steps = line, (key, *path)
    for step in steps[:-1]:
        at = at[step]
    at[steps[-1]] = at[steps[-1]][:-2] + f"{int(at[steps[-1]][-2:], 16) ^ 0x40:02x}"
    return line


def check_changes(cases, name, report, text):
    """A bit of the list turned over, here and there."""
    lines = text.splitlines()
    maps = parse_maps(text)
    # bpf() hides parts of some values: a bit there says nothing
    hidden = {header["map"] for header in maps.headers
              if any(member[3] == "any" for member in maps.layouts.get(header.get("value"), {}).get("members", []))}
    tried = 0
    for number, content in enumerate(lines):
        line = json.loads(content)
        if line.get("entries") in hidden:
            continue
        for key in ("listed", "stored"):
            places = list(hex_places(line[key])) if isinstance(line.get(key), list) else []
            for path in places[:: max(1, len(places) // CHANGES)]:
                other = json.dumps(changed(line, key, path))
                try:
                    noticed = compare_maps(report, "\n".join([*lines[:number], other, *lines[number + 1:], ""])).differences
                except MapsError:
                    noticed = True
                tried += 1
                cases.check(noticed, f"{name}: another bit in line {number + 1} ({content[:40]}) at {path} is noticed")
    cases.check(tried > 100, f"{name}: bits that were turned over", tried)


def main():
    cases = harness.Cases()
    harness.need_cores(cases)
    cores = sorted(glob.glob(os.path.join(CORES, "*-maps.core.zst")))
    cases.check(cores, "cores of MODE=maps below tests/oracle/cores")
    for core in cores:
        name = os.path.basename(core)
        ran = harness.scxray("report", core, "--format", "json")
        if not cases.check(ran.status == 0, f"{name}: a report", ran):
            continue
        with open(core[: -len(".core.zst")] + ".txt", encoding="utf-8") as f:
            text = f.read()
        report = json.loads(ran.out)["late"]
        done = compare_maps(report, text)
        cases.check(done.compared > 20000 and not done.differences, f"{name}: {done.compared} figures",
                    "\n".join(done.differences) or done.compared)
        print(f"{name}: {done.compared} figures of {done.nr_maps} maps, {len(done.differences)} differences")
        check_changes(cases, name, report, text)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
