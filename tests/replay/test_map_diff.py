#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the bundled pairs' difference says of maps, against their maps: found here once more, from the JSON alone."""

import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import harness  # noqa: E402
from typed import expand  # noqa: E402


def leaves(value, path=""):
    """(path, number) of all that is a number in a value's tree."""
    kind = value.get("kind")
    if kind == "struct":
        for member in value["members"]:
            inner = f"{path}.{member['name']}" if path and member["name"] else path + member["name"]
            yield from leaves(member["value"], inner)
    elif kind == "array":
        for index, element in enumerate(value["elements"]):
            yield from leaves(element, f"{path}[{index}]")
    elif kind in ("int", "uint", "bool"):
        yield path or "value", value["value"]


def name_of(part):
    """What a part of a map is known by: the same in the map and in the difference."""
    return json.dumps({k: part[k] for k in ("index", "key", "key_hex", "cpu") if k in part}, sort_keys=True)


def parts(entry_map):
    """(name, value) of a map's values."""
    if "value" in entry_map:
        yield name_of({"index": 0}), entry_map["value"]
    for entry in entry_map.get("array_entries", []) + entry_map.get("entries", []):
        named = {"index": entry["key"]} if isinstance(entry.get("key"), int) else entry
        if "value" in entry:
            yield name_of(named), entry["value"]
    for entry in entry_map.get("percpu_entries", []) + entry_map.get("percpu_hash_entries", []):
        named = {"index": entry["key"]} if isinstance(entry.get("key"), int) else entry
        for cpu, value in zip(entry_map["cpus"], entry["per_cpu"]):
            yield name_of(dict(named, cpu=cpu)), value


def expected(document):
    """{(map, part, path): (old, new)} of the numbers that differ."""
    found = {}
    early = {m["map_kva"]: dict(parts(m)) for m in document["early"]["maps"]}
    for late in document["late"]["maps"]:
        if late["map_type_name"] in ("queue", "stack"):
            continue
        for part, value in parts(late):
            old = dict(leaves(early[late["map_kva"]][part]))
            for path, new in leaves(value):
                if old[path] != new:
                    found[late["name"], part, path] = (old[path], new)
    return found


def reported(document):
    return {(m["name"], name_of(part), c["field"]): (c["old"], c["new"])
            for m in document["diff"]["maps"].get("changed", []) for part in m.get("changed", [])
            for c in part["changes"] if isinstance(c.get("old"), int)}


def main():
    cases = harness.Cases()
    harness.need_cores(cases)
    for half, error in harness.core_pairs():
        name = harness.core_name(error)
        ran = harness.scxray("report", "--early", half, error, "--format", "json")
        if not cases.check(ran.status == 0, name, ran):
            continue
        document = expand(json.loads(ran.out))
        wanted, got = expected(document), reported(document)
        cases.check(len(wanted) > 20 and wanted == got, f"{name}: {len(wanted)} numbers in maps that changed",
                    f"not reported: {dict(wanted.items() - got.items())}\nnot so: {dict(got.items() - wanted.items())}")
        maps = document["diff"]["maps"]
        cases.check(len(maps.get("changed", [])) + maps["unchanged"] == len(document["late"]["maps"]) and
                    not maps.get("not_compared"), f"{name}: all maps are compared", maps.get("not_compared"))
        for m in maps.get("changed", []):
            values = next(len(list(parts(late))) for late in document["late"]["maps"] if late["id"] == m["id"])
            cases.check(m["total_changed"] + m["unchanged"] == values, f"{name}: all parts of {m['name']} are counted", m)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
