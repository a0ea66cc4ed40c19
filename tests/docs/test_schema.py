#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every property of the JSON schema says what it is: in a description of its own, or in that of what it refers to."""

import copy
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import harness  # noqa: E402

# What these say is how a value is written, not what it is.
FORMS = {"u64", "s64", "flag", "address", "text", "cpus", "hex_address", "hex_twin", "u32_plain", "u64_plain", "hex_bytes", "value",
         "values", "plain", "plains", "sched_class", "percent"}
CONDITIONS = {"if", "then", "else", "not", "dependentSchemas"}


def properties(schema, path=""):
    """(path, schema) of each property; not of those that only state a condition."""
    if isinstance(schema, list):
        for part in schema:
            yield from properties(part, path)
    elif isinstance(schema, dict):
        for name, part in schema.get("properties", {}).items():
            yield f"{path}.{name}", part
            yield from properties(part, f"{path}.{name}")
        for key, part in schema.items():
            if key not in CONDITIONS | {"properties"}:
                yield from properties(part, path)


def undescribed(schema):
    """(how many properties there are, the paths of those without a description)"""
    found, missing = 0, []
    for name, definition in schema["$defs"].items():
        for path, part in properties(definition, name):
            found += 1
            form = part.get("$ref", "").rpartition("/")[2]
            text = part.get("description") or ("" if form in FORMS else schema["$defs"].get(form, {}).get("description", ""))
            if not text.strip().endswith((".", "...")) or len(text) < 3:
                missing.append(path)
    return found, missing


def main():
    cases = harness.Cases()
    with open(harness.SCHEMA, encoding="utf-8") as f:
        schema = json.load(f)
    found, missing = undescribed(schema)
    cases.check(found > 500 and not missing, f"{found} properties, {len(missing)} without a description", "\n".join(missing))
    for name, key in (("task", "pid"), ("dsq", "nr"), ("report", "maps")):
        other = copy.deepcopy(schema)
        other["$defs"][name]["properties"][key].pop("description")
        cases.check(undescribed(other)[1] == [f"{name}.{key}"], f"{name}.{key} without one is noticed", undescribed(other))
    refs = {line.rpartition("/")[2] for line in json.dumps(schema).split('"') if line.startswith("#/$defs/")}
    cases.check(refs == set(schema["$defs"]), "all definitions are used, and there", refs ^ set(schema["$defs"]))
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
