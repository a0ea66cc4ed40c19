#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Has a phase of a report become dearer?  Instructions against a file of counts.

Usage: tests/bench/compare.py --build build/gcc [--write]

Counts the instructions of reports of bundled cores, by phase, with valgrind (callgrind), and those of one
recording of a guest.  A count that is more than 3 % above the one in tests/bench/instructions.json fails, and so
does one that is missing there; --write writes that file anew.  Counts are of one compiler and one set of
libraries: with others there is nothing to compare, which is said, and is no failure.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import harness  # noqa: E402

COUNTS = os.path.join(harness.ROOT, "tests", "bench", "instructions.json")
CORES = ("6.18.15-vtime-error", "7.3.4-stall-error")
FORMATS = ("text", "json")
ALLOWED = 1.03

# A phase, and the function that is all of it with what it calls.
PHASES = {
    "open": "scxray_source_open",
    "kernel": "kernel_load",
    "walk": "walkers_run",
    "text": "scxray_render_text",
    "json": "scxray_render_json",
}
LINE = re.compile(r"^ *([\d,]+) \([ \d.]+%\)  \S*:(\w+)(?: |$)")


def output_of(*command):
    # an environment of its own: its size moves the stack, and with it a few counts
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=harness.ROOT,
                         env={"PATH": os.environ["PATH"], "LC_ALL": "C"})
    if ran.returncode:
        sys.exit(f"compare: {' '.join(command)}: {ran.stderr.strip()[-500:]}")
    return ran.stdout + ran.stderr


def count(folder, *command):
    """Instructions of each function with what it calls, and of all ("total")."""
    out = os.path.join(folder, "callgrind.out")
    total = re.search(r"I +refs: +([\d,]+)", output_of("valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", *command))
    counts = {"total": int(total[1].replace(",", ""))}
    for line in output_of("callgrind_annotate", "--inclusive=yes", "--threshold=100", out).splitlines():
        found = LINE.match(line)
        if found:
            number = int(found[1].replace(",", ""))
            counts[found[2]] = max(number, counts.get(found[2], 0))
    return counts


def measure(build):
    program, tool = os.path.join(build, "scxray"), os.path.join(build, "tests", "tools", "live_cost")
    result = {}
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="scxray-bench-") as folder:
        for core in CORES:
            path = os.path.join("kernel-fixtures", "cores", f"{core}.core.zst")
            for form in FORMATS:
                counts = count(folder, program, "report", path, "--format", form, "-o", "/dev/null")
                for phase, function in PHASES.items():
                    if phase in FORMATS and phase != form:
                        continue
                    if function not in counts:
                        sys.exit(f"compare: {core}: no function {function}: the table of phases is out of date")
                    result[f"{core}: {phase}"] = counts[function]
                result[f"{core}: all, {form}"] = counts["total"]
            few, many = (count(folder, tool, "--records", n, path)["total"] for n in ("1", "11"))
            result[f"{core}: one recording"] = (many - few) // 10
    return result


def toolchain(cc):
    """What else the counts depend on."""
    def version(*command):
        return output_of(*command).splitlines()[0].strip()

    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
        wide = "avx2" in f.read().split()
    libraries = [f"{name} {version('pkg-config', '--modversion', name)}" for name in ("libbpf", "libelf", "libzstd")]
    return ", ".join([version(cc, "--version"), version("ldd", "--version"), version("valgrind", "--version"), *libraries,
                      "AVX2" if wide else "no AVX2"])


def main():
    parser = argparse.ArgumentParser(description="instructions against a file of counts")
    parser.add_argument("--build", required=True, help="build folder")
    parser.add_argument("--cc", default="cc", help="the compiler that built it")
    parser.add_argument("--write", action="store_true", help="write the file of counts anew")
    args = parser.parse_args()
    here = toolchain(args.cc)
    if args.write:
        with open(COUNTS, "w", encoding="ascii") as f:
            json.dump({"toolchain": here, "instructions": measure(os.path.abspath(args.build))}, f, indent=1)
            f.write("\n")
        return 0
    with open(COUNTS, encoding="ascii") as f:
        before = json.load(f)
    if before["toolchain"] != here:
        print(f"not compared: counted with {before['toolchain']}; here are {here}")
        return 0
    dearer = 0
    for name, number in measure(os.path.abspath(args.build)).items():
        old = before["instructions"].get(name)
        bad = old is None or number > old * ALLOWED
        dearer += bad
        print(f"{'FAILED' if bad else 'ok':8}{name:40}{number:>14,}" + (f"  {number / old - 1:+.2%}" if old else "  not in the file"))
    return 1 if dearer else 0


if __name__ == "__main__":
    sys.exit(main())
