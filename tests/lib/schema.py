# SPDX-License-Identifier: BSD-2-Clause
"""Validation of many reports against docs/report.schema.json, with Debian's python3-jsonschema.

A thousand mutations of one core give reports that are equal but for a few
places.  What was found valid against one part of the schema is remembered by its
bytes, so that only what differs is looked at again.  The verdict is the same.
"""

import hashlib
import json

import jsonschema


class Validator:
    def __init__(self, path):
        with open(path, encoding="utf-8") as f:
            schema = json.load(f)
        jsonschema.Draft202012Validator.check_schema(schema)
        self.known = set()
        base = jsonschema.Draft202012Validator
        keywords = {name: self.remember(base.VALIDATORS[name], name) for name in ("$ref", "items")}
        self.validator = jsonschema.validators.extend(base, keywords)(schema)

    def remember(self, keyword, name):
        def check(validator, value, instance, schema):
            if isinstance(instance, (dict, list)) and name == "$ref":
                yield from self.once(keyword, validator, value, instance, schema, value)
            elif name == "items" and isinstance(instance, list) and isinstance(value, dict):
                where = json.dumps(value, sort_keys=True)
                for index, item in enumerate(instance):
                    for error in self.once(None, validator, value, item, schema, where):
                        error.path.appendleft(index)
                        yield error
            else:
                yield from keyword(validator, value, instance, schema)

        return check

    def once(self, keyword, validator, value, instance, schema, where):
        content = f"{where}\n{json.dumps(instance, sort_keys=True)}"
        key = hashlib.blake2b(content.encode(), digest_size=16).digest()
        if key in self.known:
            return
        found = list(keyword(validator, value, instance, schema) if keyword else
                     validator.descend(instance, value))
        if not found:
            self.known.add(key)
        yield from found

    def errors(self, text):
        """What is wrong with a JSON document (bytes), as a list of sentences; at most five."""
        try:
            document = json.loads(text)
        except ValueError as error:
            return [f"not JSON: {error}"]
        found = []
        for error in self.validator.iter_errors(document):
            found.append(f"{'/'.join(str(p) for p in error.absolute_path)}: {error.message[:200]}")
            if len(found) == 5:
                break
        return found
