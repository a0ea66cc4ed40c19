# SPDX-License-Identifier: BSD-2-Clause
"""Reads maps.txt, what a fixture guest says of its maps: one JSON object a line (kernel-fixtures/README.md).

Fails on every line that it does not know: a comparison that skips something proves nothing.
"""

import json

HEADER = {"map", "name", "map_type", "key_size", "value_size", "max_entries", "map_flags"}
# What names a line, and what else is there.
BY_ID = {"entries": {"listed"}, "percpu": {"listed"}, "stacks": {"listed"}}
BY_NAME = {"queue": {"stored"}, "owned": {"owner", "listed"}, "slots": {"stored"}, "pages": {"stored"},
           "records": {"stored"}, "bloom": {"functions", "values"}, "typed": {"key", "members"},
           "labels": {"key", "members"}, "masks": {"key", "members"},
           "tree": {"key", "path", "member", "numbers"},
           "chain": {"key", "path", "next", "objects", "ends"}}
OPTIONAL = {"records": {"consumed", "from"}}


class MapsError(Exception):
    """A text that is not understood."""


class Maps:
    def __init__(self):
        self.layouts = {}
        self.enums = {}
        self.headers = []
        self.absent = []
        self.lines = []
        self.ended = False

    @staticmethod
    def raw(text, size):
        """Bytes: zeroes at the end are left out in the text."""
        data = bytes.fromhex(text)
        if len(data) > size:
            raise MapsError(f"{len(data)} bytes, and there should be {size}")
        return data + bytes(size - len(data))

    def of(self, header, form):
        """The lines of this form about a map."""
        return [line for line in self.lines
                if form in line and line[form] == (header["map"] if form in BY_ID else header.get("zoo", header["name"]))]

    def contents(self, header):
        return [(form, line) for form in (*BY_ID, *BY_NAME) for line in self.of(header, form)]

    @staticmethod
    def parts(line, form):
        """Whether a line has what its form needs, and nothing else."""
        needed = {form} | {**BY_ID, **BY_NAME}[form]
        return needed <= set(line) <= needed | OPTIONAL.get(form, set())

    def add(self, line):
        forms = [form for form in (*BY_ID, *BY_NAME) if form in line]
        if self.ended:
            raise MapsError("something after the end")
        if "layout" in line and set(line) == {"layout", "size", "members"}:
            self.layouts[line["layout"]] = line
        elif "enum" in line and set(line) == {"enum", "name", "number"}:
            self.enums.setdefault(line["enum"], {})[line["number"]] = line["name"]
        elif "absent" in line and set(line) == {"absent", "type", "error"}:
            self.absent.append(line)
        elif HEADER <= set(line) <= HEADER | {"zoo", "key", "value"}:
            self.headers.append(line)
        elif len(forms) == 1 and self.parts(line, forms[0]):
            self.lines.append(line)
        elif line == {"end": True}:
            self.ended = True
        else:
            raise MapsError(f"no such line: {sorted(line)}")

    def check(self):
        if not self.ended or not self.headers:
            raise MapsError("it has no end, or no map")
        about = [id(line) for header in self.headers for _, line in self.contents(header)]
        for line in self.lines:
            if id(line) not in about:
                raise MapsError(f"contents of a map that is not there: {str(line)[:80]}")
        if len(about) != len(self.lines):
            raise MapsError("two maps of one name")
        for header in self.headers:
            for kind in (header.get("key"), header.get("value")):
                if kind not in self.layouts and kind not in (None, "insn"):
                    raise MapsError(f"no layout of {kind}")


def parse_maps(text):
    maps = Maps()
    for number, line in enumerate(text.splitlines(), 1):
        try:
            maps.add(json.loads(line))
        except (MapsError, ValueError, TypeError, KeyError) as error:
            raise MapsError(f"line {number}: {error}") from None
    maps.check()
    return maps
