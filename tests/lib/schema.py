# SPDX-License-Identifier: BSD-2-Clause
"""Validation of many reports, as tests/validate_json.py does it, but fast.

A thousand mutations of one core give reports that are equal but for a few
places.  What was found valid against one part of the schema is remembered by its
bytes, so that only what differs is looked at again.  The verdict is the same:
tests/replay/test_schema.py compares the two.
"""

import hashlib
import json
import os
import sys

import jsonschema

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import validate_json  # noqa: E402

MOST_ERRORS = 5


class Validator:
    def __init__(self, path):
        with open(path, encoding="utf-8") as f:
            schema = json.load(f)
        base = jsonschema.validators.validator_for(schema)
        base.check_schema(schema)
        self.known = set()
        keywords = {"$ref": self.ref(base.VALIDATORS["$ref"]), "items": self.items(base.VALIDATORS["items"])}
        self.validator = jsonschema.validators.extend(base, keywords)(schema)

    def ref(self, keyword):
        def check(validator, ref, instance, schema):
            if isinstance(instance, (dict, list)):
                yield from self.once(ref, instance, lambda: keyword(validator, ref, instance, schema))
            else:
                yield from keyword(validator, ref, instance, schema)

        return check

    def items(self, keyword):
        def check(validator, items, instance, schema):
            if not isinstance(instance, list) or not isinstance(items, dict):
                yield from keyword(validator, items, instance, schema)
                return
            where = json.dumps(items, sort_keys=True)
            for index, item in enumerate(instance):
                errors = self.once(where, item, lambda item=item: validator.descend(item, items))
                for error in errors:
                    error.path.appendleft(index)
                    yield error

        return check

    def once(self, where, instance, check):
        """The errors of an instance against one part of the schema, unless it is known to have none."""
        content = f"{where}\n{json.dumps(instance, sort_keys=True)}"
        key = hashlib.blake2b(content.encode(), digest_size=16).digest()
        if key in self.known:
            return
        found = list(check())
        if not found:
            self.known.add(key)
        yield from found

    def errors(self, text):
        """What is wrong with a JSON document (bytes), as a list of sentences; at most five."""
        try:
            document = json.loads(text, object_pairs_hook=validate_json.no_duplicates,
                                  parse_constant=validate_json.no_constants)
        except (ValueError, RecursionError) as error:
            return [f"not JSON: {error}"]
        if not isinstance(document, dict):
            return ["(top): no object"]
        found = []
        for line in validate_json.errors_of(self.validator, document):
            found.append(line)
            if len(found) == MOST_ERRORS:
                break
        return found
