#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Can the schema say no, and does the fast validation of tests/lib say the same as the plain one?

Takes a valid report and makes it invalid at many places, one at a time.
"""

import copy
import json
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import harness  # noqa: E402
import jsonschema  # noqa: E402
from schema import Validator, validate_json  # noqa: E402

SEED = 7
CHANGES = 300


def containers(value):
    """All objects and arrays in a JSON value."""
    if isinstance(value, (dict, list)):
        yield value
        for sub in value.values() if isinstance(value, dict) else value:
            yield from containers(sub)


def change(document, rng):
    """One member gone, renamed, or of another type."""
    found = [c for c in containers(document) if c]
    at = rng.choice(found)
    key = rng.choice(list(at)) if isinstance(at, dict) else rng.randrange(len(at))
    kind = rng.randrange(3)
    if kind == 0 and isinstance(at, dict):
        del at[key]
    elif kind == 1 and isinstance(at, dict):
        at[f"{key}_no_such_key"] = at.pop(key)
    else:
        at[key] = rng.choice([None, -1.5, "no such value", [None], {"kind": "no such kind"}])


def main():
    cases = harness.Cases()
    core = harness.need_cores(cases)[-1]
    with open(harness.SCHEMA, encoding="utf-8") as f:
        schema = json.load(f)
    plain = jsonschema.validators.validator_for(schema)(schema)
    fast = Validator(harness.SCHEMA)
    report = json.loads(harness.scxray("report", core, "--format", "json").out)
    # small, so that the plain validation takes no minutes
    for key in ("task_enrichments", "maps", "dsq_states"):
        report["late"][key] = report["late"].get(key, [])[:2]
    cases.check(not list(plain.iter_errors(report)), "the report is valid")
    rng = random.Random(SEED)
    invalid = 0
    for number in range(CHANGES):
        other = copy.deepcopy(report)
        other.pop("diagnosis", None)
        change(other, rng)
        bad = any(True for _ in validate_json.errors_of(plain, other))
        invalid += bad
        text = json.dumps(other).encode()
        first, again = fast.errors(text), fast.errors(text)
        cases.check(bool(first) == bad and bool(again) == bad, f"change {number}: the same verdict, twice",
                    f"plain {bad}\n" + "\n".join(first))
    cases.check(invalid > CHANGES // 3, "a good part of the changes is noticed", invalid)
    for text in (b"", b"[]", b"{", b"{}", b'{"a":1,"a":1}', b'{"schema":"single"}', b'{"x":NaN}'):
        cases.check(fast.errors(text), f"{text!r} is no report")
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
