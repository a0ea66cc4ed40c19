#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every property of the JSON schema says what it is: in a description of its own, or in that of what it refers to."""

import copy
import glob
import json
import os
import re
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


# Where the diagnosis names the kind of a finding: in calls, and in tables by an exit's message and by custody.
KINDS = (r'\b(?:finding_begin|finding_tell_picked)\([^;]*?"([a-z]+(?:_[a-z]+)*)"', r'CUSTODY_[A-Z_]+,\s*"([a-z_]+)"',
         r'\{ "[^"]*", "[^"]*",\s*"([a-z_]+)",\s*"[^"]* ', r'kind = "([a-z_]+)"')


def kinds_of_findings():
    """(those that the sources name, all words of theirs)"""
    named, words = set(), set()
    for path in glob.glob(os.path.join(harness.ROOT, "render", "diagnosis", "*.c")):
        with open(path, encoding="utf-8") as f:
            source = f.read()
        for pattern in KINDS:
            named.update(re.findall(pattern, source))
        words.update(re.findall(r'"([a-z]+(?:_[a-z]+)*)"', source))
    return named, words


def check_kinds(cases, schema):
    allowed = next(kind for kind in (part.get("properties", {}).get("kind", {}).get("enum", ())
                                     for part in schema["$defs"].values()) if "not_parked" in kind)
    named, words = kinds_of_findings()
    with open(os.path.join(harness.ROOT, "docs", "diagnosis.md"), encoding="utf-8") as f:
        documented = set(re.findall(r"(?m)^\| ([a-z]+(?:_[a-z]+)*) \|", f.read())) - {"kind"}
    cases.check(len(named) > 40, f"the sources name {len(named)} kinds of findings")
    cases.check(named <= set(allowed), "the schema allows each", named - set(allowed))
    cases.check(documented <= set(allowed), "and each that docs/diagnosis.md has", documented - set(allowed))
    cases.check(set(allowed) <= words, "and no other", set(allowed) - words)


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
    check_kinds(cases, schema)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
