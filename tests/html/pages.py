# SPDX-License-Identifier: BSD-2-Clause
"""Pages for the tests: made by the program, taken apart, with other reports in them."""

import base64
import gzip
import hashlib
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import harness  # noqa: E402

PACKED = re.compile(r'<script type="application/gzip" id="report">\s*([A-Za-z0-9+/=\s]*)</script>')


def page_of(report, path):
    """Writes the page of a report (a Python value, or a file's name); what scxray said."""
    if not isinstance(report, str):
        with open(path + ".json", "w", encoding="utf-8") as f:
            json.dump(report, f)
        report = path + ".json"
    return harness.scxray("html", report, "-o", path)


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def packed(page):
    """The JSON in a page, as bytes."""
    return gzip.decompress(base64.b64decode(PACKED.search(page).group(1)))


def hashes(page):
    """{what: (hash that the policy allows, hash of what is there)}."""
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page).group(1)
    found = {}
    for what, element in (("script", r"<script>(.*?)</script>"), ("style", r"<style>(.*?)</style>")):
        allowed = re.search(rf"{what}-src 'sha256-([^']*)'", policy).group(1)
        there = re.findall(element, page, re.S)
        found[what] = (allowed, base64.b64encode(hashlib.sha256(there[0].encode()).digest()).decode() if len(there) == 1 else there)
    return found


def json_of(*arguments):
    return json.loads(harness.scxray("report", "--format", "json", *arguments).out)
