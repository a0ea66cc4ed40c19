#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Do the layers hold?

Usage: tests/lint/layers.py ROOT OBJECTS

Reads what each source includes, and what each compiled object below OBJECTS defines and calls
(nm).  A file includes and calls only what is below it in the tables here; no files make a
circle; what is not static is used by another file; the libraries print nothing and keep no
mutable state; functions and files stay short.  Each source must have its object, so that nothing
is left out.

ROOT/tests/lint/layers.known lists the circles, long files and files with long functions that
are let through.  An entry that lets nothing through is a violation as well.

Each violation is one line; status 1 if there is any.
"""

import collections
import os
import re
import subprocess
import sys

# The parts of a folder from the bottom up: a part includes and calls the parts before it.
# Parts in one string don't know each other; "." are the files of the folder itself.
INSIDE = {
    "capture": ["base", "memory", "image", "kernel", "model", "read", "stack walk map", "run", "live", "."],
    "render": ["out", "value", "diff", "diagnosis", "text json trace", "html", "."],
}

# Between folders a file includes public headers and calls scxray_* only; but these folders may
# also use what is not public of those named here.
BETWEEN = {
    "capture": [],
    "render": [],
    "watch": [],
    "qemu": ["watch"],
    "reader": ["render"],
    "vmm-plugin": ["watch"],
    "cli": ["watch", "qemu", "reader"],
    "vmm": [],
}

# Between these two folders only calls into these parts are in order, though others define scxray_*, too.
ANSWERS = {("render", "capture"): {"capture/base", "capture/model"}}

# Public headers that a folder must not include: what is above it, or none of its business.
FOREIGN = {
    "capture": {"render", "value", "plugin"},
    "render": {"capture", "live", "image", "plugin"},
    "qemu": {"plugin"},
    "cli": {"plugin"},
    "reader": {"capture", "live", "image", "plugin"},
}
ONLY = {"vmm": {"plugin", "image", "vcpu", "error"}}

# The layers don't hold here, but files and functions stay short.
SIZED = ["tests", "kernel-fixtures", "examples"]

# These know no KVM, and no QEMU.
GUEST_ONLY = {"capture", "render", "watch", "cli"}
KVM = {"linux/kvm.h", "asm/kvm.h", "linux/kvm_para.h"}

# These print nothing, don't end the process and leave libbpf's print function alone (whoever calls them
# decides), and keep no mutable state.
QUIET = {"capture", "render"}
LOUD = re.compile(r"libbpf_set_print|(__)?(stdout|stderr|v?printf|puts|putchar|perror|v?warnx?|v?errx?|exit|_exit|abort)(_chk)?")

MAX_FUNCTION = 60
MAX_FILE = 400

KNOWN = "tests/lint/layers.known"

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]')


class Source:
    """One .c or .h: where it is, and its lines."""

    def __init__(self, root, path):
        self.path = path
        self.folder = os.path.dirname(path)
        self.top, _, self.part = self.folder.partition("/")
        self.unit = os.path.splitext(path)[0]
        with open(os.path.join(root, path), encoding="utf-8") as f:
            self.lines = f.read().splitlines()

    def includes(self):
        for number, line in enumerate(self.lines, 1):
            found = INCLUDE.match(line)
            if found:
                yield f"{self.path}:{number}", found.group(2)

    def functions(self):
        """(first line, lines) of each function; clang-format puts both its braces into column 0."""
        begin = 0
        for number, line in enumerate(self.lines, 1):
            if line == "{":
                begin = number
                while begin > 1 and not re.match(r"$|#|.*([;}\\]|\*/)$", self.lines[begin - 2]):
                    begin -= 1
            elif line == "}" and begin:
                yield begin, number - begin + 1
                begin = 0


class Known:
    """The entries of layers.known: a kind, and the files (or units) that it lets through."""

    def __init__(self, root):
        self.entries = {}  # (kind, names): line
        self.used = set()
        path = os.path.join(root, KNOWN)
        if os.path.exists(path):
            with open(path, encoding="ascii") as f:
                for number, line in enumerate(f, 1):
                    kind, *names = line.partition("#")[0].split() or [""]
                    if kind:
                        self.entries[kind, frozenset(names)] = number

    def has(self, kind, *names):
        entry = (kind, frozenset(names))
        self.used.add(entry)
        return entry in self.entries

    def unused(self):
        for (kind, names), number in self.entries.items():
            if (kind, names) not in self.used:
                yield f"{KNOWN}:{number}: lets nothing through, delete it: {kind} {' '.join(sorted(names))}"


def find_sources(root, tops):
    for top in tops:
        for folder, _, names in os.walk(os.path.join(root, top)):
            for name in sorted(names):
                if name.endswith((".c", ".h")):
                    yield Source(root, os.path.relpath(os.path.join(folder, name), root))


def level(top, part):
    levels = INSIDE[top]
    return next((i for i, parts in enumerate(levels) if (part or ".") in parts.split()), None)


def may_use(folder, other):
    """May a file of `folder` use what is not public of `other`?"""
    if folder == other:
        return True
    (top, _, part), (other_top, _, other_part) = folder.partition("/"), other.partition("/")
    if top != other_top:
        return other_top in BETWEEN[top]
    return top not in INSIDE or level(top, other_part) < level(top, part)


def check_places(sources):
    for source in sources:
        if source.top in INSIDE and level(source.top, source.part) is None:
            yield f"{source.path}: {source.folder} has no place in the layers (tests/lint/layers.py)"


def check_include(source, where, name):
    top = source.top
    if "../" in name:
        return f"{where}: {source.folder} reaches out of its folder: {name}"
    if top == "include":
        return f"{where}: a public header includes a layer's own header {name}" if name.split("/")[0] in BETWEEN else None
    if name.startswith("scxray/"):
        header = name[len("scxray/"):-len(".h")]
        if header in FOREIGN.get(top, ()) or header not in ONLY.get(top, {header}):
            return f"{where}: {top} may not include {name}"
    elif name in KVM and top in GUEST_ONLY:
        return f"{where}: {top} knows no KVM, but includes {name}"
    elif name.split("/")[0] in BETWEEN and not may_use(source.folder, os.path.dirname(name)):
        return f"{where}: {source.folder} -> {os.path.dirname(name)} is against the order: includes {name}"
    return None


def check_includes(sources):
    for source in sources:
        for where, name in source.includes():
            bad = check_include(source, where, name)
            if bad:
                yield bad


def check_sizes(sources, known):
    for source in sources:
        nr = len(source.lines)
        if nr > MAX_FILE and not known.has("file", source.path):
            yield f"{source.path}: {nr} lines, more than {MAX_FILE}"
        for begin, lines in source.functions():
            if lines > MAX_FUNCTION and not known.has("function", source.path):
                yield f"{source.path}:{begin}: a function of {lines} lines, more than {MAX_FUNCTION}"


class Symbols:
    """What the objects of all units define and call."""

    def __init__(self, units, objects):
        paths = {os.path.join(objects, unit + ".o"): unit for unit in units}
        self.missing = [path for path in paths if not os.path.exists(path)]
        self.seen = [path for path in paths if os.path.exists(path)]
        self.defined = collections.defaultdict(set)  # symbol: units
        self.called = collections.defaultdict(set)  # unit: symbols
        self.state = []  # (unit, symbol)
        if not self.seen:
            return
        out = subprocess.run(["nm", "-A", "-f", "sysv", *self.seen], check=True, capture_output=True, text=True).stdout
        for line in out.splitlines():
            fields = [field.strip() for field in line.split("|")]
            if len(fields) == 7:
                path, _, symbol = fields[0].partition(":")
                self.add(paths[path], symbol, fields[2], fields[6])

    def add(self, unit, symbol, kind, section):
        if kind == "U":
            self.called[unit].add(symbol)
            return
        if kind.isupper():
            self.defined[symbol].add(unit)
        # Tables of pointers in .data.rel.ro are const: only the loader writes them.
        if re.match(r"\.t?(data|bss)|\*COM", section) and not section.startswith(".data.rel.ro") and symbol[0] != ".":
            self.state.append((unit, symbol))

    def edges(self):
        """(unit, unit that it calls, symbol).  Where several programs define one, the caller's own counts."""
        for unit, symbols in sorted(self.called.items()):
            for symbol in sorted(symbols):
                units = self.defined.get(symbol, set())
                own = {u for u in units if u.split("/")[0] == unit.split("/")[0]}
                for other in sorted(own or units):
                    yield unit, other, symbol


def check_calls(symbols):
    for unit, other, symbol in symbols.edges():
        folder, other_folder = os.path.dirname(unit), os.path.dirname(other)
        if may_use(folder, other_folder):
            continue
        if folder.split("/")[0] != other_folder.split("/")[0]:
            answers = ANSWERS.get((folder.split("/")[0], other_folder.split("/")[0]), {other_folder})
            if symbol.startswith("scxray_") and other_folder in answers:
                continue
        yield f"{unit}.c: {folder} -> {other_folder} is against the order: calls {symbol} of {other}"


def check_used(root, symbols):
    """What no other unit calls, no test names and no public header declares is static, or dead."""
    text = []
    for folder, _, names in os.walk(os.path.join(root, "tests")):
        for name in names:
            if name.endswith((".c", ".h")):
                with open(os.path.join(folder, name), encoding="utf-8") as f:
                    text.append(f.read())
    tests = set(re.findall(r"\w+", " ".join(text)))
    called = {symbol for unit, other, symbol in symbols.edges() if unit != other}
    for symbol, units in sorted(symbols.defined.items()):
        if symbol not in called | tests and symbol != "main" and not symbol.startswith("scxray_"):
            for unit in sorted(units):
                yield f"{unit}.c: no other file uses {symbol}: make it static, or delete it"


def check_quiet(symbols):
    for unit, names in sorted(symbols.called.items()):
        if unit.split("/")[0] in QUIET:
            for name in sorted(names):
                if LOUD.fullmatch(name):
                    yield f"{unit}.c: uses {name}"
    for unit, name in symbols.state:
        if unit.split("/")[0] in QUIET:
            yield f"{unit}.c: mutable global state: {name}"


def reach(graph, start):
    seen, todo = set(), [start]
    while todo:
        for other in graph[todo.pop()]:
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return seen


def check_circles(symbols, known):
    graph = collections.defaultdict(set)
    for unit, other, _ in symbols.edges():
        if other != unit:
            graph[unit].add(other)
    reached = {unit: reach(graph, unit) for unit in list(graph)}
    done = set()
    for unit in sorted(reached):
        circle = {other for other in reached[unit] if unit in reached.get(other, ())}
        if unit in done or not circle:
            continue
        done |= circle
        if not known.has("circle", *circle):
            arrows = [f"{a} -> {b}" for a in sorted(circle) for b in sorted(graph[a] & circle)]
            yield f"circle: {', '.join(sorted(circle))} ({'; '.join(arrows)})"


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: layers.py ROOT OBJECTS")
    root, objects = sys.argv[1:]
    sources = list(find_sources(root, [*BETWEEN, "include"]))
    units = [source.unit for source in sources if source.path.endswith(".c")]
    symbols = Symbols(units, objects)
    bad = [f"{path}: not compiled, so not looked at" for path in symbols.missing]
    if not units:
        bad.append(f"{root}: no sources: nothing was looked at")
    bad += check_places(sources)
    if not bad:
        known = Known(root)
        for found in (check_includes(sources), check_sizes([*sources, *find_sources(root, SIZED)], known), check_calls(symbols), check_used(root, symbols),
                      check_quiet(symbols), check_circles(symbols, known), known.unused()):
            bad += found
    print("\n".join(bad) or f"layers hold ({len(symbols.seen)} objects of {len(units)} sources)")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
