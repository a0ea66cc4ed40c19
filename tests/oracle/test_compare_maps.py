#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Can the comparison of maps fail?

A small guest's maps.txt with every form there is, and the report that equals it; then
every leaf of the report is changed, every list of it shortened, every member taken
away, and every line of the text left out or garbled.  Each has to be noticed.
"""

import base64
import copy
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, HERE)
import harness  # noqa: E402
from compare_maps import compare_maps  # noqa: E402
from mapsfile import MapsError, parse_maps  # noqa: E402

PAGE = 4096


def struct(*members):
    return {"kind": "struct", "type_name": "t", "members": [{"name": name, "value": value} for name, value in members]}


def uint(value, bits=32):
    return {"kind": "uint", "bits": bits, "value": value}


def pointer(address, **more):
    return {"kind": "ptr", "value": f"0x{address:016x}", **more}


def raw(text):
    return {"kind": "bytes", "len": len(text) // 2, "hex": text}


# Every kind of member, at the places where their bytes are in VALUE below.
LAYOUT = {"layout": "thing", "size": 40, "members": [
    ["neg", 0, 3, "int"], ["pos", 3, 5, "uint"], ["yes", 8, 8, "bool"], ["letter", 16, 8, "char"],
    ["colour", 32, 32, "enum colour"], ["set", 64, 32, "flags set"], ["half", 96, 32, "float"],
    ["text", 128, 32, "text"],
    ["bytes", 160, 16, "bytes"], ["to", 192, 64, "ptr"], ["lock", 256, 32, "any"]]}
VALUE = bytes([0b00101101, 1, 0x41, 0]) + b"\xfd\xff\xff\xff" + (0x105).to_bytes(4, "little") + \
    b"\0\0\xc0\x3f" + b"a\xff\0z" + b"\xbe\xef\0\0" + (0x1234).to_bytes(8, "little") + b"\7\0\0\0" + bytes(4)
TREE = struct(("neg", {"kind": "int", "bits": 3, "value": -3}), ("pos", uint(5, 5)),
              ("yes", {"kind": "bool", "value": True}), ("letter", {"kind": "char", "value": 0x41}),
              ("", struct(("colour", {"kind": "enum", "bits": 32, "value": -3, "variant": "BELOW", "is_signed": True}),
                          ("set", {"kind": "enum", "bits": 32, "value": 0x105, "flags": "A|C|0x100"}))),
              ("half", {"kind": "float", "bits": 32, "value": 1.5}),
              ("text", {"kind": "bytes", "len": 4, "hex": "61ff007a", "text": "a\\xff"}),
              ("bytes", raw("beef")), ("to", pointer(0x1234)), ("lock", struct(("val", uint(0)))))
U32 = {"layout": "u32", "size": 4, "members": [["", 0, 32, "uint"]]}
WORDS = {"layout": "words", "size": 16, "members": [["w", 0, 128, "words"]]}
WORDS_TREE = struct(("w", {"kind": "array", "len": 2, "elements": [uint(1, 64), uint(2, 64)]}))


class Zoo:
    """The text and the report side by side."""

    def __init__(self):
        self.lines = [LAYOUT, U32, WORDS, {"enum": "colour", "name": "BELOW", "number": -3},
                      *({"enum": "set", "name": name, "number": number} for name, number in (("A", 1), ("B", 2), ("C", 4))),
                      {"absent": "newer", "type": 99, "error": "Invalid argument"}]
        self.maps = []

    def add(self, name, sizes, more, form, line, **kinds):
        number = len(self.maps) + 3
        header = {"name": name, "map_type": 40 + number, "key_size": sizes[0], "value_size": sizes[1],
                  "max_entries": sizes[2], "map_flags": number * 2}
        self.maps.append({"id": number, **header, **more})
        self.lines.append({"map": number, **header, "zoo": name, **kinds})
        by_id = form in ("entries", "percpu", "stacks")
        self.lines.append({form: number if by_id else name, **line})

    def also(self, line):
        self.lines.append(line)

    def text(self):
        return "".join(json.dumps(line) + "\n" for line in [*self.lines, {"end": True}])

    def report(self):
        return {"schema": "single", "maps": self.maps}


def zoo():
    z = Zoo()
    z.add("array", (4, 40, 2), {"array_entries": [{"key": 0, "value": TREE}]}, "entries",
          {"listed": [["", VALUE.hex()]]}, key="u32", value="thing")
    z.add("hash", (4, 16, 8), {"entries": [{"key": uint(5), "value": WORDS_TREE},
                                           {"key": uint(6), "value": WORDS_TREE}]},
          "entries", {"listed": [["05", "01000000000000000200000000000000"], ["06", "010000000000000002"]]},
          key="u32", value="words")
    z.add("bare", (2, 3, 8), {"entries": [{"key_hex": "0102", "value_hex": "030400"}]}, "entries",
          {"listed": [["0102", "0304"]]})
    z.add("percpu", (4, 4, 8), {"cpus": [0, 1],
                                "percpu_entries": [{"key": 1, "per_cpu": [raw("01000000"), raw("02000000")]}]},
          "percpu", {"listed": [["01", ["01", "02"]]]})
    z.add("queue", (0, 2, 8), {"array_entries": [{"key": 0, "value": raw("0102")}, {"key": 1, "value": raw("0300")}]},
          "queue", {"stored": ["0102", "03"]})
    z.add("storage", (4, 4, 0), {"entries": [{"key": pointer(1), "owner": "init[1]", "value": uint(9)},
                                             {"key": pointer(2), "owner": "sock 0xff", "value": uint(8)}]},
          "owned", {"owner": "init[1]", "listed": "09"}, value="u32")
    z.also({"owned": "storage", "owner": "sock", "listed": "08"})
    z.add("progs", (4, 4, 5), {"fd_array": {"populated": 1, "unreadable": 0, "slots": [
        {"index": 3, "kva": "0xffff", "holds": "prog x#7"}]}}, "slots", {"stored": [[3, "prog x#"]]})
    z.add("maps", (2, 4, 5), {"fd_array": {"populated": 1, "unreadable": 0, "slots": [
        {"key_hex": "0102", "kva": "0xffff", "holds": "map y#7"}]}}, "slots", {"stored": [["0102", "map y#"]]})
    page = b"\0\1" + bytes(PAGE - 2)
    z.add("arena", (0, 0, 10), {"arena": {"user_vm_start": "0x10000", "user_vm_end": hex(0x10000 + 10 * PAGE),
                                         "mapped_pages": 1, "pages": [
                                             {"user_addr": "0x10000", "bytes": base64.b64encode(page).decode()}]}},
          "pages", {"stored": [[0x10000, "0001"]]})
    z.add("ring", (0, 0, 4096), {"ringbuf": {"capacity": 4096, "consumer_pos": 0, "producer_pos": 32, "pending_bytes": 32,
                                            "records": [
        {"pos": 0, "len": 3, "busy": False, "discarded": True, "data_hex": "010200"},
        {"pos": 16, "len": 8, "busy": True, "discarded": False, "data_hex": "0300000000000000"}]}},
          "records", {"stored": [[3, "0102", "discarded"], [8, "03", "busy"]]})
    z.add("over", (0, 0, 64), {"ringbuf": {"capacity": 64, "consumer_pos": 16, "producer_pos": 144, "pending_bytes": 16,
                                          "records": [
        {"pos": 128, "len": 1, "busy": False, "discarded": False, "data_hex": "05"}]}},
          "records", {"consumed": 16, "from": 128, "stored": [[1, "05", ""]]})
    z.add("stacks", (4, 32, 5), {"stack_trace": {"n_buckets": 8, "entries": [
        {"bucket_id": 2, "nr": 2, "pcs": ["0x0000000000000001", "0x0000000000000002"], "symbols": ["a", "b+0x1"]}]}},
          "stacks", {"listed": [["02", "010000000000000002"]]})
    z.add("builds", (4, 64, 4), {"stack_trace": {"n_buckets": 4, "entries": [
        {"bucket_id": 1, "nr": 1, "build_ids": [{"status": 1, "build_id": "ab" * 20, "offset": "0x0000000000000005"}]}]}},
          "stacks", {"listed": [["01", "01000000" + "ab" * 20 + "05"]]})
    z.add("bloom", (0, 8, 9), {"bloom": {"nr_bits": 64, "nr_hash_funcs": 3, "nr_set": 7}}, "bloom",
          {"functions": 3, "values": 5})
    node = struct(("next", pointer(0x2000, deref_skipped_reason="cycle")), ("magic", uint(2)))
    first = struct(("next", pointer(0x2000, deref=node)), ("magic", uint(1)))
    tree = struct(("head", pointer(0x1000, deref=first)), ("n", uint(3)), ("task", pointer(5, label="init[1]")),
                  ("timer", struct(("timer", pointer(6, label="armed, expires=9")))),
                  ("mask", pointer(7, deref={"kind": "cpu_list", "cpus": "0-1"})))
    z.add("typed", (4, 64, 1), {"value": tree}, "typed", {"key": "", "members": {"n": 3}})
    z.also({"labels": "typed", "key": "", "members": {"task": "init[1]", "timer": "armed, "}})
    z.also({"masks": "typed", "key": "", "members": {"mask": 2}})
    z.also({"chain": "typed", "key": "", "path": "head", "next": "next", "ends": "cycle",
            "objects": [{"magic": 1}, {"magic": 2}]})
    z.also({"tree": "typed", "key": "", "path": "head", "member": "magic", "numbers": [2, 1]})
    return z


# Leaves that the guest says nothing of: type names, lengths beside their contents, addresses of owners.
UNSAID = {"type_name", "len", "is_signed", "schema"}


def places(value, path=()):
    """The path of every leaf of a JSON value, and of every list and object in it."""
    if isinstance(value, (dict, list)):
        for step, sub in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(sub, path + (step,))
    if path:
        yield path


def at(value, path):
    for step in path:
        value = value[step]
    return value


def unsaid(path, report):
    if path[-1] in UNSAID or path[-1] == "bits" and at(report, path[:-1]).get("kind") in ("enum", "float"):
        return True
    below = [step for step in path if isinstance(step, str)]
    number = path[1] if len(path) > 1 else None
    name = report["maps"][number]["name"] if number is not None else None
    if name == "storage" and "key" in below:
        return True
    if name == "typed" and len(path) > 2 and path[2] == "value":
        # only what the lines name
        return path[-1] not in ("deref_skipped_reason", "cpus", "label") and not (
            path[-1] == "value" and at(report, path) in (1, 2, 3))
    members = [at(report, path[:i + 1])["name"] for i, step in enumerate(path)
               if isinstance(at(report, path[:i + 1]), dict) and "name" in at(report, path[:i + 1]) and i > 1]
    return "lock" in members


def other(value):
    """Another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1000
    if value.startswith("0x"):
        return hex(int(value, 16) + 1) if int(value, 16) != 0xffff else "0x0"
    return "x" + value


def changes(report):
    """(what, a changed copy) for every leaf changed and every list, object or leaf left out."""
    for path in places(report):
        if unsaid(path, report):
            continue
        where = "/".join(str(step) for step in path)
        value = at(report, path)
        # symbols are there or not; their names are kallsyms' own affair
        if not isinstance(value, (dict, list)) and "symbols" not in path:
            copied = copy.deepcopy(report)
            at(copied, path[:-1])[path[-1]] = other(value)
            yield f"another {where}", copied
        copied = copy.deepcopy(report)
        del at(copied, path[:-1])[path[-1]]
        yield f"no {where}", copied


def check_report(cases, z):
    text, report = z.text(), z.report()
    done = compare_maps(report, text)
    cases.check(done.compared > 100 and not done.differences, "a report that equals the guest's list",
                "\n".join(done.differences) or done.compared)
    nr = 0
    for what, changed in changes(report):
        cases.check(compare_maps(changed, text).differences, f"{what} is noticed")
        nr += 1
    cases.check(nr > 250, "many changes were tried", nr)
    for more in ({"id": 77, "name": "more"}, {"id": 77, "name": "newer"}):
        changed = copy.deepcopy(report)
        changed["maps"].append(more)
        cases.check(compare_maps(changed, text).differences, f"a map more is noticed: {more['name']}")
    for number, mine in enumerate(report["maps"]):
        changed = copy.deepcopy(report)
        changed["maps"][number]["error"] = "cut"
        cases.check(compare_maps(changed, text).differences, f"an error of map {mine['name']} is noticed")
        for name in ("entries", "array_entries", "percpu_entries"):
            if name in mine:
                changed = copy.deepcopy(report)
                entries = changed["maps"][number][name]
                entries.append(entries[0])
                cases.check(compare_maps(changed, text).differences, f"an entry of {mine['name']} twice is noticed")
    dual = {"schema": "dual", "late": report}
    cases.check(not compare_maps(dual, text).differences, "of a dual report the late one is compared")


def refused(text):
    try:
        parse_maps(text)
        return False
    except MapsError:
        return True


def check_text(cases, z):
    lines = z.text().splitlines(keepends=True)
    report = z.report()
    for number, line in enumerate(lines):
        without = "".join(lines[:number] + lines[number + 1:])
        if '"layout"' in line or '"map"' in line or '"end"' in line:
            noticed = refused(without)
            if not noticed:
                noticed = compare_maps(report, without).differences
            cases.check(noticed, f"without line {number + 1}: {line[:40]}")
        for garbled in (line[: len(line) // 2] + "\n", line.replace("{", '{"new": 1, ', 1)):
            cases.check(refused("".join(lines[:number] + [garbled] + lines[number + 1:])), f"line {number + 1} garbled")
    for nothing in ("", "\n", "hello\n", '{"end": true}\n', z.text() + z.lines[0]["layout"]):
        cases.check(refused(nothing), f"a text that is none: {nothing[:20]!r}")
    cases.check(refused(z.text().replace('{"slots": "maps"', '{"slots": "nowhere"')), "contents of no map")
    cases.check(refused(z.text().replace('"zoo": "maps"', '"zoo": "progs"')), "two maps of one name")
    cases.check(compare_maps({"schema": "single"}, z.text()).differences, "a report without maps compares nothing")


def main():
    cases = harness.Cases()
    z = zoo()
    check_report(cases, z)
    check_text(cases, z)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
