# SPDX-License-Identifier: BSD-2-Clause
"""The typed values of a JSON report with all that it only counts: equal elements, zero bytes, zero pages."""

import base64

ZERO_PAGE = base64.b64encode(bytes(4096)).decode()


def expand(value):
    """The same JSON value, with each element, entry, byte and page in its place."""
    if isinstance(value, list):
        found = []
        for element in value:
            found += several(element)
        return found
    if not isinstance(value, dict):
        return value
    if value.get("kind") == "bytes" and "zeros" in value:
        value = {**value, "hex": value["hex"] + "00" * value["zeros"]}
        del value["zeros"]
    return {key: expand(sub) for key, sub in value.items()}


def several(element):
    """What an element of a list stands for."""
    if isinstance(element, dict) and element.get("kind") == "repeat":
        return [expand(element["value"])] * element["count"]
    if isinstance(element, dict) and "repeats" in element:
        one = {key: expand(sub) for key, sub in element.items() if key != "repeats"}
        return [{**one, "key": one["key"] + i} for i in range(element["repeats"])]
    if isinstance(element, dict) and "zero_pages" in element:
        first = int(element["user_addr"], 16)
        return [{"user_addr": f"0x{first + i * 4096:016x}", "bytes": ZERO_PAGE} for i in range(element["zero_pages"])]
    return [expand(element)]
