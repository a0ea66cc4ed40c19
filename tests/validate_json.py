#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Validate scxray's JSON against docs/report.schema.json.

    tests/validate_json.py [--schema FILE] REPORT.json...

Beyond the schema: no key is there twice in an object, and each path that the
diagnosis names as evidence leads somewhere.  One line per error, status 1 if
there is any, 2 if a file can't be read.
"""
import argparse
import json
import os
import re
import sys

import jsonschema

SCHEMA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "docs", "report.schema.json")


def no_duplicates(pairs):
    """An object of a JSON file; a key that is there twice is an error of the writer."""
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        twice = sorted({key for key in keys if keys.count(key) > 1})
        raise ValueError("key is there twice in one object: " + ", ".join(twice))
    return dict(pairs)


def no_constants(name):
    raise ValueError(name + " is not JSON")


def follow(document, path):
    """True if `path` (a.b[3].c) leads to a value of the document."""
    at = document
    for step in re.findall(r"[^.\[\]]+|\[\d+\]", path):
        try:
            at = at[int(step[1:-1])] if step.startswith("[") else at[step]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def where(error):
    path = "".join("[%d]" % p if isinstance(p, int) else "." + p for p in error.absolute_path)
    return path.lstrip(".") or "(top)"


def most_telling(error):
    """Of the branches of an anyOf, the one that got furthest says what is wrong."""
    while error.context:
        branches = {}
        for sub in error.context:
            branches.setdefault(sub.schema_path[0], []).append(sub)
        # the branch of the right kind fails on something else than its `kind`
        fitting = [subs for subs in branches.values() if not any(list(s.path)[-1:] == ["kind"] for s in subs)]
        pool = [s for subs in fitting or branches.values() for s in subs]
        error = max(pool, key=lambda s: len(s.absolute_path))
    return error


def errors_of(validator, document):
    for error in validator.iter_errors(document):
        deep = most_telling(error)
        message = deep.message
        yield "%s: %s" % (where(deep), message if len(message) <= 300 else message[:300] + "...")
    # where only some groups were asked for, evidence may stand in others
    if "only" in document:
        return
    for i, finding in enumerate(document.get("diagnosis", [])):
        for path in finding.get("evidence", []):
            if not follow(document, path):
                yield "diagnosis[%d]: evidence %s leads nowhere" % (i, path)


def main():
    parser = argparse.ArgumentParser(description="Validate scxray's JSON against its schema.")
    parser.add_argument("--schema", default=SCHEMA)
    parser.add_argument("files", nargs="+", metavar="REPORT.json")
    args = parser.parse_args()

    with open(args.schema, encoding="utf-8") as f:
        schema = json.load(f)
    cls = jsonschema.validators.validator_for(schema)
    cls.check_schema(schema)
    validator = cls(schema)

    failed = 0
    for name in args.files:
        try:
            with open(name, encoding="utf-8") as f:
                document = json.load(f, object_pairs_hook=no_duplicates, parse_constant=no_constants)
        except OSError as e:
            print("%s: %s" % (name, e.strerror), file=sys.stderr)
            return 2
        except (ValueError, RecursionError) as e:
            print("%s: no JSON: %s" % (name, e))
            failed = 1
            continue
        if not isinstance(document, dict):
            print("%s: (top): no object" % name)
            failed = 1
            continue
        for line in errors_of(validator, document):
            print("%s: %s" % (name, line))
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
