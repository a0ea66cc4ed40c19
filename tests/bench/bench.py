#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a report costs: time by phase, guest bytes, peak memory, instructions; and what a freeze does.

Usage: tests/bench/bench.py --build build/gcc [--json] [--runs 7] [FILE...]

Without FILE: all bundled cores, and one image of each release below build/images
(its stall, at the error exit).  Times are medians of several runs with the file
in the page cache.  Instructions are counted by perf where the machine has
counters, else by valgrind, else not.

A freeze: how long the recording of a guest takes and how many pages it copies, with and without the groups
that a report of queues and maps could do without (stacks, identities, the log, and so on), both in turn.  Each file's memory
stands for the guest's (tests/tools/live_cost.c).  Instructions of one recording are the difference between
many and one, and the same on every machine of a kind; times are not.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import harness  # noqa: E402

LIFTED = ("--format", "json", "--max-entries", "2000000", "--max-report", "1G", "--max-copy", "4G")
LINE = re.compile(r"timing: (\w+) +(.+?) +([\d.]+) (ms|bytes|KiB)")


def default_files():
    files = harness.bundled_cores()
    images = os.path.join(harness.ROOT, "build", "images")
    for folder, _, names in sorted(os.walk(images)):
        if os.path.basename(folder) == "stall":
            files += [os.path.join(folder, n) for n in names if n == "error.vmcore"]
    return files


def one_run(program, path, output, *options):
    """One report: {"phases": {name: ms}, ...}."""
    ran = harness.scxray("report", "--timing", path, "-o", output, *options, binary=program)
    if ran.status:
        sys.exit(f"bench: {ran.err.strip()}")
    result = {"phases_ms": {}}
    for line in ran.err.splitlines():
        found = LINE.match(line)
        if not found:
            sys.exit(f"bench: --timing: not understood: {line!r}")
        which, name, number, unit = found.groups()
        if unit == "bytes":
            result["guest_bytes"] = int(number)
        elif name == "mapped image":
            result["mapped_image_kib"] = int(number)
        elif name == "peak memory":
            result["peak_kib"] = int(number)
        elif which == "all" and name == "total":
            result["total_ms"] = float(number)
        elif name != "all":
            result["phases_ms"][name] = float(number)
    return result


def instructions(command):
    """(count, by what) of one run of `command`, or (None, why not)."""
    if shutil.which("perf"):
        ran = subprocess.run(["perf", "stat", "-x", ",", "-e", "instructions:u", *command], capture_output=True, text=True,
                             check=False)
        for line in ran.stderr.splitlines():
            fields = line.split(",")
            if len(fields) > 2 and fields[0].isdigit() and "instructions" in fields[2]:
                return int(fields[0]), "perf"
    if shutil.which("valgrind"):
        with tempfile.TemporaryDirectory() as folder:
            ran = subprocess.run(["valgrind", "--tool=cachegrind", "--cache-sim=no",
                                  f"--cachegrind-out-file={folder}/out", *command], capture_output=True, text=True,
                                 check=False)
        found = re.search(r"I +refs: +([\d,]+)", ran.stderr)
        if found:
            return int(found[1].replace(",", "")), "valgrind"
    return None, "neither perf counters nor valgrind"


def measure(program, path, runs, count):
    with tempfile.TemporaryDirectory() as folder:
        output = os.path.join(folder, "report.txt")
        with open(path, "rb") as f:
            while f.read(1 << 20):
                pass
        results = [one_run(program, path, output) for _ in range(runs)]
        size = os.path.getsize(output)
        number, by = instructions([program, "report", path, "-o", output]) if count else (None, "not asked for")
    names = list(results[0]["phases_ms"])
    return {
        "file": os.path.relpath(path, harness.ROOT),
        "file_bytes": os.path.getsize(path),
        "runs": runs,
        "total_ms": round(statistics.median(r["total_ms"] for r in results), 3),
        "total_ms_least": min(r["total_ms"] for r in results),
        "phases_ms": {n: round(statistics.median(r["phases_ms"][n] for r in results), 3) for n in names},
        "guest_bytes": results[0]["guest_bytes"],
        "peak_kib": max(r["peak_kib"] for r in results),
        "mapped_image_kib": results[0]["mapped_image_kib"],
        "text_bytes": size,
        "instructions": number,
        "instructions_by": by,
    }


def record_instructions(tool, path, option):
    """(count, by what) of one recording."""
    few, by = instructions([tool, option, "1", path])
    many, _ = instructions([tool, option, "11", path])
    return (None, by) if few is None or many is None else ((many - few) // 10, by)


def recording(tool, path, count):
    """What the freeze of a guest with this memory costs: whole, and without the late groups ("base")."""
    ran = subprocess.run([tool, "--runs", "301", path], capture_output=True, text=True, check=False)
    if ran.returncode:
        sys.exit(f"bench: live_cost: {path}: {ran.stderr.strip() or 'the recording makes another report'}")
    cost = json.loads(ran.stdout)
    row = {
        "file": os.path.relpath(path, harness.ROOT),
        "record_us": cost["record_us"],
        "pages": cost["pages"],
        "base_us": cost["without_extras_us"],
        "base_pages": cost["without_extras_pages"],
        "late_share": round(cost["record_us"] / cost["without_extras_us"] - 1, 3),
        "to_plain_walk": round(cost["record_us"] / cost["plain_walk_us"], 3),
        "after_thaw_us": cost["after_thaw_us"],
        "after_thaw_pages": cost["after_thaw_pages"],
        "groups_us": cost["groups_us"],
    }
    if count:
        row["instructions"], row["instructions_by"] = record_instructions(tool, path, "--records")
        row["base_instructions"], _ = record_instructions(tool, path, "--base-records")
    return row


def recording_table(rows):
    lines = [["recording", "us", "pages", "base us", "pages", "late groups", "to walk", "after thaw", "pages", "K instr", "base", "late groups"]]
    for row in rows:
        cells = [row["file"].replace("kernel-fixtures/cores/", "").replace("build/images/", "")]
        cells += [str(row[name]) for name in ("record_us", "pages", "base_us", "base_pages")]
        cells += [f"{row['late_share']:+.0%}", f"{row['to_plain_walk']:.2f}"]
        cells += [str(row["after_thaw_us"]), str(row["after_thaw_pages"])]
        if row.get("instructions") and row.get("base_instructions"):
            whole, base = row["instructions"], row["base_instructions"]
            cells += [f"{whole / 1e3:.0f}", f"{base / 1e3:.0f}", f"{whole / base - 1:+.0%}"]
        else:
            cells += ["-"] * 3
        lines.append(cells)
    print_table(lines)


def big_map(build):
    """How fast a hash of 100 000 entries becomes JSON: the tool's own figures."""
    ran = subprocess.run([os.path.join(build, "tests", "tools", "json_speed")], capture_output=True, text=True, check=True)
    return json.loads(ran.stdout)


def lifted(program, runs):
    """Images of guests with a hash of BIGHASH entries, as JSON with no cap: the least times of several runs."""
    rows = []
    for folder, _, names in sorted(os.walk(os.path.join(harness.ROOT, "build", "images"))):
        found = re.search(r"-bighash(\d+)", folder)
        if not found or "error.vmcore" not in names:
            continue
        with tempfile.TemporaryDirectory() as scratch:
            output = os.path.join(scratch, "report.json")
            results = [one_run(program, os.path.join(folder, "error.vmcore"), output, *LIFTED) for _ in range(runs)]
            size = os.path.getsize(output)
        render = min(r["phases_ms"]["render"] for r in results)
        rows.append({"entries": int(found[1]), "walk_ms": min(r["phases_ms"]["walk"] for r in results), "render_ms": render,
                     "json_bytes": size, "mb_per_s": round(size / 1e3 / render), "guest_bytes": results[0]["guest_bytes"],
                     "peak_kib": max(r["peak_kib"] for r in results)})
    return rows


def table(rows):
    phases = list(dict.fromkeys(name for row in rows for name in row["phases_ms"]))
    head = ["file", *phases, "total ms", "guest MiB", "peak MiB", "M instr"]
    lines = [head]
    for row in rows:
        cells = [row["file"].replace("kernel-fixtures/cores/", "").replace("build/images/", "")]
        cells += [f"{row['phases_ms'].get(name, 0):.1f}" for name in phases]
        cells += [f"{row['total_ms']:.1f}", f"{row['guest_bytes'] / (1 << 20):.1f}", f"{row['peak_kib'] / 1024:.1f}"]
        cells += [f"{row['instructions'] / 1e6:.1f}" if row["instructions"] else "-"]
        lines.append(cells)
    print_table(lines)


def print_table(lines):
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    for line in lines:
        print("  ".join([line[0].ljust(widths[0])] + [c.rjust(w) for c, w in zip(line[1:], widths[1:])]))


def main():
    parser = argparse.ArgumentParser(description="what a report costs")
    parser.add_argument("--build", required=True, help="build folder")
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.add_argument("--runs", type=int, default=7, help="runs of each (7)")
    parser.add_argument("--no-instructions", action="store_true", help="don't count instructions")
    parser.add_argument("file", nargs="*")
    args = parser.parse_args()
    files = [os.path.abspath(f) for f in args.file] or default_files()
    if not files:
        sys.exit("bench: neither a bundled core nor an image")
    program = os.path.join(os.path.abspath(args.build), "scxray")
    rows = [measure(program, path, args.runs, not args.no_instructions) for path in files]
    tool = os.path.join(os.path.abspath(args.build), "tests", "tools", "live_cost")
    recordings = [recording(tool, path, not args.no_instructions) for path in files]
    big = big_map(os.path.abspath(args.build))
    hashes = [] if args.file else lifted(program, args.runs)
    if args.json:
        json.dump({"schema_version": 1, "build": os.path.basename(os.path.abspath(args.build)), "results": rows,
                   "recordings": recordings, "big_map": big, "lifted": hashes},
                  sys.stdout, indent=1)
        print()
        return 0
    table(rows)
    by = sorted({row["instructions_by"] for row in rows})
    print(f"times in ms, medians of {args.runs} runs; peak memory beyond the mapped image; "
          f"instructions by {', '.join(by)}")
    recording_table(recordings)
    print("recording: the least eighth of 301, in microseconds; base: without the late groups; to walk: against the walk of "
          "the report itself; after thaw: stacks copied while the guest runs again; instructions of one recording")
    print(f"a hash of {big['entries']} entries as JSON: {big['bytes'] / 1e6:.1f} MB in {big['us'] / 1e3:.1f} ms of processor "
          f"time, {big['mb_per_s']} MB/s")
    for row in hashes:
        print(f"a guest's hash of {row['entries']} entries, all of them: walk {row['walk_ms']:.1f} ms, "
              f"{row['json_bytes'] / 1e6:.1f} MB of JSON in {row['render_ms']:.1f} ms, {row['mb_per_s']} MB/s; peak memory "
              f"{row['peak_kib'] / 1024:.1f} MiB for {row['guest_bytes'] / (1 << 20):.1f} MiB copied (least of {args.runs} runs)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
