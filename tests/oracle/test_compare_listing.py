#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The comparison with a listing of all maps can fail: each wrong figure is named."""

import copy
import json
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from btffile import Btf, BtfError  # noqa: E402
from compare_listing import ListingError, compare_listing  # noqa: E402


def btf_bytes():
    """1 u64, 2 int, 3 char, 4 char[4], 5 union id { s32 idx; u64 val }, 6 void *, 7 bpf_timer, 8 the value."""
    strings = b"\0u64\0int\0char\0id\0idx\0val\0bpf_timer\0ctx\0tid\0data\0name\0flag\0t\0"
    at = {name: strings.index(b"\0" + name.encode() + b"\0") + 1
          for name in ("u64", "int", "char", "id", "idx", "val", "bpf_timer", "ctx", "tid", "data", "name", "flag", "t")}

    def record(name, kind, vlen, size, *rest, kflag=0):
        return struct.pack(f"<III{len(rest)}I", at.get(name, 0), kflag << 31 | kind << 24 | vlen, size, *rest)

    types = record("u64", 1, 0, 8, 64) + record("int", 1, 0, 4, 1 << 24 | 32) + record("char", 1, 0, 1, 8)
    types += record("", 3, 0, 0, 3, 2, 4)
    types += record("id", 5, 2, 8, at["idx"], 2, 0, at["val"], 1, 0)
    types += record("", 2, 0, 0)
    types += record("bpf_timer", 4, 0, 16)
    types += record("ctx", 4, 5, 40, at["tid"], 5, 0, at["data"], 6, 64, at["name"], 4, 128, at["flag"], 2, 3 << 24 | 160,
                    at["t"], 7, 192, kflag=1)
    return struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(types), len(types), len(strings)) + types + strings


def value(val, data, name, flag):
    return struct.pack("<QQ4sI16x", val, data, name, flag)


def listing(*lines):
    lines = [
        {"map": 1, "name": "ctx", "map_type": 29, "key_size": 4, "value_size": 40, "max_entries": 0, "map_flags": 1,
         "btf": 9, "key": 2, "value": 8},
        {"tasks": 1, "listed": [[7, value(3, 0x5000, b"ab", 5).hex()]]},
        {"map": 2, "name": "stats", "map_type": 6, "key_size": 4, "value_size": 8, "max_entries": 1, "map_flags": 0,
         "btf": 0, "key": 0, "value": 0},
        {"percpu": 2, "listed": [["", ["64", "02"]]]},
        {"map": 3, "name": "queue", "map_type": 22, "key_size": 0, "value_size": 4, "max_entries": 8, "map_flags": 0,
         "btf": 0, "key": 0, "value": 0},
        {"front": 3, "listed": ["2a"]},
        {"btf": 9, "bytes": btf_bytes().hex().rstrip("0")},
    ] + list(lines)
    # zeroes at the end are left out
    lines[6]["bytes"] += "0" * (len(lines[6]["bytes"]) % 2)
    return "\n".join(json.dumps(line) for line in lines + [{"end": True}])


def uint(number, bits=64):
    return {"kind": "uint", "bits": bits, "value": number}


def member(name, node):
    return {"name": name, "value": node}


CTX = {"kind": "struct", "type_name": "ctx", "members": [
    member("tid", {"kind": "struct", "type_name": "id", "members": [
        member("idx", {"kind": "int", "bits": 32, "value": 3}), member("val", uint(3))]}),
    member("data", {"kind": "ptr", "value": "0x0000000000005000"}),
    member("name", {"kind": "bytes", "hex": "61620000", "text": "ab"}),
    member("flag", {"kind": "int", "bits": 3, "value": -3}),
    member("t", {"kind": "struct", "type_name": "bpf_timer", "members": [member("timer", uint(1))]})]}

REPORT = {
    "schema": "single",
    "maps": [
        {"id": 1, "name": "ctx", "map_type": 29, "key_size": 4, "value_size": 40, "max_entries": 0, "map_flags": 1,
         "entries": [{"key": {"kind": "ptr", "value": "0xffff888000000000"}, "owner": "a [b][7]", "value": CTX}]},
        {"id": 2, "name": "stats", "map_type": 6, "key_size": 4, "value_size": 8, "max_entries": 1, "map_flags": 0,
         "cpus": [0, 1], "percpu_entries": [{"key": 0, "per_cpu": [
             {"kind": "bytes", "len": 8, "hex": "6300000000000000"}, {"kind": "bytes", "len": 8, "hex": "0200000000000000"}]}]},
        {"id": 3, "name": "queue", "map_type": 22, "key_size": 0, "value_size": 4, "max_entries": 8, "map_flags": 0,
         "array_entries": [{"key": 0, "value_hex": "2a000000"}, {"key": 1, "value_hex": "2b000000"}]}],
    "sdt_allocations": [{"allocator_name": "a", "entries": [{"idx": 3, "user_addr": "0x0000000000005000", "owner": "a [b][7]"}]}],
}


def ctx_of(report):
    return report["maps"][0]["entries"][0]["value"]["members"]


WRONG = {
    "map 1 name": lambda r: r["maps"][0].update(name="other"),
    "maps": lambda r: r["maps"].pop(2),
    "map ctx owners": lambda r: r["maps"][0]["entries"][0].update(owner="a[8]"),
    "map ctx of 7 tid.val": lambda r: ctx_of(r)[0]["value"]["members"][1].update(value=uint(4)),
    "map ctx of 7 tid.idx kind": lambda r: ctx_of(r)[0]["value"]["members"][0]["value"].update(kind="uint"),
    "map ctx of 7 data": lambda r: ctx_of(r)[1]["value"].update(value="0x0000000000006000"),
    "map ctx of 7 name": lambda r: ctx_of(r)[2]["value"].update(hex="61630000"),
    "map ctx of 7 flag": lambda r: ctx_of(r)[3]["value"].update(value=-2),
    "map stats 00000000 cpu 1": lambda r: r["maps"][1]["percpu_entries"][0]["per_cpu"][1].update(hex="0300000000000000"),
    "map stats keys": lambda r: r["maps"][1]["percpu_entries"][0].update(key=1),
    "map stats 00000000 CPUs": lambda r: r["maps"][1]["percpu_entries"][0]["per_cpu"].pop(),
    "map queue front": lambda r: r["maps"][2]["array_entries"].pop(0),
    "map queue is empty": lambda r: r["maps"][2].update(array_entries=[]),
    "owner of slot 3": lambda r: r["sdt_allocations"][0]["entries"][0].pop("owner"),
    "slot of a [b][7]": lambda r: r["sdt_allocations"][0]["entries"][0].update(idx=4),
}


def main():
    cases = harness.Cases()
    done = compare_listing(REPORT, listing())
    cases.check(not done.differences and done.compared > 25 and done.nr_maps == 3, "equal figures", done.differences)
    cases.check(done.moved == 1, "a counter that moved on is counted", done.moved)
    for wrong, change in WRONG.items():
        report = copy.deepcopy(REPORT)
        change(report)
        found = compare_listing(report, listing()).differences
        cases.check(any(line.startswith(f"{wrong}:") for line in found), f"a difference: {wrong}", found)
    report = copy.deepcopy(REPORT)
    report["maps"][1]["percpu_entries"][0]["per_cpu"][0]["hex"] = "6500000000000000"
    cases.check(len(compare_listing(report, listing()).differences) == 1, "a counter does not go back")
    report = {"schema": "dual", "late": REPORT}
    cases.check(not compare_listing(report, listing()).differences, "a dual report's late one is compared")
    for text in ("{\"map\": 1}", listing({"what": 1})):
        try:
            compare_listing(REPORT, text)
            cases.check(False, f"a listing like {text[-40:]} is refused")
        except ListingError:
            cases.check(True, "refused")
    try:
        Btf(bytes(24))
        cases.check(False, "bytes that are no BTF are refused")
    except BtfError:
        cases.check(True, "refused")
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
