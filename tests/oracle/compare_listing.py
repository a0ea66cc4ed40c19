#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Compares the maps of a report on anybody's scheduler with what bpf() said of them.

Usage: tests/oracle/compare_listing.py REPORT.json listing.txt

listing.txt is what the fixture's guest writes in MODE=other (kernel-fixtures/README.md): the
header of every map, the entries that bpf() lists as bytes, and the BTF that their types are in.
The bytes are taken apart by btffile.py, and each member of each entry is looked up in the report,
which must have no other entries.

The guest read the maps just after the image, with all other vCPUs still: but an interrupt may have
woken a task, and the scheduler have worked on it. So few figures may be a little greater in the
guest; their number is reported, and bounded.

The tasks' storage is a witness of the scx library's allocators: what a task's entry points to must
be a slot, and the slots' number that of the library's own count.

Prints each difference, then "compared N figures of M maps, D differences"; status 0 only if
something was compared and nothing differs.
"""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from btffile import Btf  # noqa: E402
from compare_maps import in_arena  # noqa: E402
from typed import expand  # noqa: E402

HEADER = ("name", "map_type", "key_size", "value_size", "max_entries", "map_flags")
GROWTH = 1 << 30  # a second, of times in ns
MAX_MOVED = 64


class ListingError(Exception):
    """A listing that is not understood."""


class Listing:
    def __init__(self, text):
        self.headers, self.lists, self.btfs = {}, [], {}
        ended = False
        for line in text.splitlines():
            line = json.loads(line)
            if "map" in line:
                self.headers[line["map"]] = line
            elif "bytes" in line:
                self.btfs[line["btf"]] = Btf(bytes.fromhex(line["bytes"]))
            elif "listed" in line:
                self.lists.append(line)
            elif line == {"end": True}:
                ended = True
            else:
                raise ListingError(f"not understood: {line}")
        if not ended:
            raise ListingError("it has no end")


def leaves(node, path=""):
    """(path, node) of everything in a report's value that has no parts; what was cut is left out."""
    kind = node.get("kind")
    if kind == "struct":
        for member in node["members"]:
            name = member["name"]
            yield from leaves(member["value"], f"{path}.{name}" if path and name else path + name)
    elif kind == "array":
        for index, element in enumerate(node["elements"]):
            yield from leaves(element, f"{path}[{index}]")
    else:
        yield path, node


def number_of(leaf):
    """What a leaf says, as a number; None where it says none."""
    value = leaf.get("value")
    if isinstance(value, str):
        return int(value, 16)
    return int(value) if isinstance(value, (int, bool)) else None


class ListingComparison:
    def __init__(self, report, listing):
        self.listing = listing
        self.report = report
        self.maps = {m.get("id"): m for m in report.get("maps", [])}
        self.compared = self.nr_maps = self.moved = 0
        self.differences = []
        self.places = {}

    def equal(self, what, mine, theirs):
        self.compared += 1
        if mine != theirs:
            self.differences.append(f"{what}: report {mine!r}, guest {theirs!r}"[:400])

    def figure(self, what, mine, theirs, bits):
        self.compared += 1
        if mine is not None:
            mine &= (1 << bits) - 1
        if mine == theirs:
            return
        if mine is not None and mine < theirs <= mine + GROWTH:
            self.moved += 1
        else:
            self.differences.append(f"{what}: report {mine!r}, guest {theirs!r}")

    def untyped(self, what, text, raw):
        """Without a type a value of the size of a number is taken for one: a counter may have moved on."""
        if text is not None and len(raw) in (4, 8):
            self.figure(what, int.from_bytes(bytes.fromhex(text), "little"), int.from_bytes(raw, "little"), len(raw) * 8)
        else:
            self.equal(what, text, raw.hex())

    def value(self, what, node, header, raw):
        btf, type_id = self.listing.btfs.get(header["btf"]), header["value"]
        if not isinstance(node, dict) or btf is None or not type_id:
            self.untyped(what, node.get("hex") if isinstance(node, dict) else node, raw)
            return
        key = header["btf"], type_id
        if key not in self.places:
            self.places[key] = list(btf.places(type_id))
        found = dict(leaves(node))
        whole = int.from_bytes(raw, "little")
        for place in self.places[key]:
            where = f"{what} {place.path}".rstrip()
            leaf = found.get(place.path)
            if place.kind == "hidden" or place.bit + place.bits > len(raw) * 8:
                continue
            number = whole >> place.bit & (1 << place.bits) - 1
            if leaf is None:
                self.equal(where, None, number)
            elif place.kind == "bytes":
                self.equal(where, leaf.get("hex"), number.to_bytes(place.bits // 8, "little").hex())
            else:
                kind = leaf.get("kind")
                # a number that is an arena's address is shown as such
                in_arena = kind == "ptr" and place.kind == "uint" and in_arena(self.report, number)
                self.equal(f"{where} kind", "uint" if in_arena else kind, place.kind)
                self.figure(where, number_of(leaf), number, place.bits)

    def rows(self, mine, header):
        if "value" in mine:
            return {bytes(header["key_size"]): mine["value"]}
        found = {}
        for name in ("entries", "array_entries", "percpu_entries", "percpu_hash_entries"):
            for entry in mine.get(name, []):
                found[self.key(entry, header)] = entry.get("per_cpu", entry.get("value", entry.get("value_hex")))
        return found

    @staticmethod
    def key(entry, header):
        if "key_hex" in entry:
            return bytes.fromhex(entry["key_hex"])
        key = entry["key"]
        if isinstance(key, dict):
            key = number_of(key)
        return None if key is None else (key & (1 << header["key_size"] * 8) - 1).to_bytes(header["key_size"], "little")

    def entries(self, what, mine, header, line):
        listed = {bytes.fromhex(key).ljust(header["key_size"], b"\0"): value for key, value in line["listed"]}
        rows = self.rows(mine, header)
        if None in rows:
            return  # keys with parts: by their number alone
        self.equal(f"{what} keys", sorted(rows), sorted(listed))
        for key in rows.keys() & listed.keys():
            values = listed[key] if isinstance(listed[key], list) else [listed[key]]
            nodes = rows[key] if isinstance(rows[key], list) else [rows[key]]
            self.equal(f"{what} {key.hex()} CPUs", len(nodes), len(values))
            for cpu, (node, value) in enumerate(zip(nodes, values)):
                self.value(f"{what} {key.hex()}" + (f" cpu {cpu}" if len(values) > 1 else ""), node, header,
                           bytes.fromhex(value).ljust(header["value_size"], b"\0"))

    def tasks(self, what, mine, header, line):
        """The owner's pid stands in brackets at the end of its name."""
        rows = {int(str(row.get("owner")).rsplit("[", 1)[-1].rstrip("]")): row for row in mine.get("entries", [])}
        listed = dict(line["listed"])
        self.equal(f"{what} owners", sorted(rows), sorted(listed))
        for pid in rows.keys() & listed.keys():
            self.value(f"{what} of {pid}", rows[pid].get("value", rows[pid].get("value_hex")), header,
                       bytes.fromhex(listed[pid]).ljust(header["value_size"], b"\0"))

    def front(self, what, mine, header, line):
        rows = mine.get("array_entries", [])
        self.equal(f"{what} is empty", not rows, not line["listed"])
        if rows and line["listed"]:
            self.value(f"{what} front", rows[0].get("value", rows[0].get("value_hex")), header,
                       bytes.fromhex(line["listed"][0]).ljust(header["value_size"], b"\0"))

    # ---- the scx library's allocators

    def slots(self):
        """Addresses in tasks' storages against slots; the count against the library's own."""
        slots = {int(entry["user_addr"], 16): entry for allocator in self.report.get("sdt_allocations", [])
                 for entry in allocator.get("entries", [])}
        for map_ in self.maps.values():
            for row in map_.get("entries", []):
                found = dict(leaves(row["value"])) if isinstance(row.get("value"), dict) else {}
                if "data" in found and "tid.idx" in found:
                    slot = slots.get(number_of(found["data"]), {})
                    self.equal(f"slot of {row.get('owner')}", slot.get("idx"), number_of(found["tid.idx"]))
                    self.equal(f"owner of slot {slot.get('idx')}", slot.get("owner"), row.get("owner"))
            if isinstance(map_.get("value"), dict):
                found = dict(leaves(map_["value"]))
                if "alloc_stats.active_allocs" in found:
                    self.equal("slots that are in use", len(slots), number_of(found["alloc_stats.active_allocs"]))

    def run(self):
        handled = {"entries": self.entries, "percpu": self.entries, "tasks": self.tasks, "front": self.front}
        if "maps_cut" not in self.report:
            self.equal("maps", sorted(self.maps), sorted(self.listing.headers))
        for number, header in self.listing.headers.items():
            if number not in self.maps:
                continue
            for name in HEADER:
                self.equal(f"map {number} {name}", self.maps.get(number, {}).get(name), header[name])
        for line in self.listing.lists:
            form = next(name for name in handled if name in line)
            header = self.listing.headers[line[form]]
            mine = self.maps.get(line[form])
            if mine is not None:
                self.nr_maps += 1
                handled[form](f"map {header['name']}", mine, header, line)
        self.slots()
        self.compared += 1
        if self.moved > MAX_MOVED:
            self.differences.append(f"{self.moved} figures are greater in the guest: more than {MAX_MOVED}")
        return self


def compare_listing(report, text):
    report = expand(report.get("late", report))
    return ListingComparison(report, Listing(text)).run()


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.split("\n\n")[1])
    with open(sys.argv[1], encoding="utf-8") as f:
        report = json.load(f)
    with open(sys.argv[2], encoding="utf-8") as f:
        done = compare_listing(report, f.read())
    for difference in done.differences:
        print(difference)
    print(f"compared {done.compared} figures of {done.nr_maps} maps, {done.moved} moved on, "
          f"{len(done.differences)} differences")
    return 0 if done.compared and not done.differences else 1


if __name__ == "__main__":
    sys.exit(main())
