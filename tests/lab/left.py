# SPDX-License-Identifier: BSD-2-Clause
"""What a scenario left in its folder: what was said, the guest's own texts, the plugin's reports."""

import glob
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
for folder in ("lib", "oracle"):
    sys.path.insert(0, os.path.join(HERE, "..", folder))
import harness  # noqa: E402
from schema import Validator  # noqa: E402

CONSOLE = "console.log"
DATA = "data.log"

MARK = re.compile(r"@@MARK (\d+\.\d+) (.*)")
CLOCK = re.compile(r"clock (\d+) jiffies (\d+) gap_us (\d+)")
PAIR = re.compile(r"(\w+)=(\S+)")


class Missing(Exception):
    """Something that has to be there is not: without it nothing else can be looked at."""


class TooSlow(Exception):
    """The machine was too busy for what was to be seen: nothing is known."""


class Guest:
    """What a guest of kernel-fixtures said on its second serial port."""

    def __init__(self, raw):
        self.marks = []  # (seconds of its clock, text)
        self.texts = {}  # name -> [text, ...], one a round
        at = 0
        while at < len(raw):
            end = raw.find(b"\n", at)
            end = len(raw) if end < 0 else end
            line = raw[at:end].decode("utf-8", "backslashreplace")
            at = end + 1
            if line.startswith("@@FILE "):
                _, name, size = line.split()
                text = raw[at : at + int(size)].decode("utf-8", "surrogateescape")
                self.texts.setdefault(name, []).append(text)
                at += int(size)
            mark = MARK.fullmatch(line)
            if mark:
                self.marks.append((float(mark[1]), mark[2]))

    def mark(self, prefix):
        """Seconds of the first such mark, or None."""
        return next((when for when, text in self.marks if text.startswith(prefix)), None)

    def victims(self):
        """pid -> the DSQ that the scheduler put it on (0: its own queue), as its own map said at half-way."""
        lines = self.texts.get("oracle-half.txt", [""])[0].splitlines()
        waits = [dict(PAIR.findall(line)) for line in lines if line.startswith("wait ")]
        return {int(w["pid"]): int(w["dsq_id"], 0) for w in waits}


class Left:
    validator = None

    def __init__(self, folder, name):
        self.folder = folder
        self.name = name
        self.cases = harness.Cases()
        self._guest = None

    def check(self, ok, what, detail=""):
        return self.cases.check(ok, f"{self.name}: {what}", detail)

    def need(self, ok, what):
        if not ok:
            raise Missing(f"{self.name}: {what}")
        return ok

    def path(self, name):
        return os.path.join(self.folder, name)

    def text(self, name):
        try:
            with open(self.path(name), encoding="utf-8", errors="backslashreplace") as f:
                return f.read()
        except FileNotFoundError:
            raise Missing(f"{self.name}: no {name}") from None

    def status(self):
        return int(self.text("status"))

    def said(self, pattern):
        """The first line of what was said that has it, or None."""
        for name in ("out", CONSOLE):
            try:
                found = next((line for line in self.text(name).splitlines() if pattern.search(line)), None)
            except Missing:
                continue
            if found:
                return found.strip()
        return None

    def tail(self):
        try:
            lines = [line for line in self.text("out").splitlines() if line.strip() and not CLOCK.search(line)]
        except Missing as missing:
            lines = [str(missing)]
        return lines[-25:]

    @property
    def guest(self):
        if self._guest is None:
            with open(self.path(DATA), "rb") as f:
                self._guest = Guest(f.read())
        return self._guest

    def clock(self):
        """(ns, jiffies, gap in us) of the marks of scxfix.clock, which come on the console alone."""
        return [tuple(int(part) for part in found) for found in CLOCK.findall(self.text(CONSOLE))]

    def files(self):
        """Names of what the plugin wrote."""
        return sorted(os.path.basename(path) for path in glob.glob(self.path("files/*")))

    def reports(self):
        """The JSON reports, by name; each is held against the schema."""
        found = {}
        for name in self.files():
            if name.endswith(".json"):
                found[name] = self.report(name)
        return found

    def report(self, name):
        with open(self.path("files/" + name), "rb") as f:
            content = f.read()
        if Left.validator is None:
            Left.validator = Validator(harness.SCHEMA)
        errors = Left.validator.errors(content)
        self.check(not errors, f"{name} is valid", "\n".join(errors))
        return json.loads(content)

    def only_report(self):
        """The report of a run that makes one; there is the text beside it."""
        reports = self.reports()
        self.need(len(reports) == 1, f"one report, not {len(reports)}: {self.files()}")
        name, report = next(iter(reports.items()))
        self.check(name[: -len("json")] + "txt" in self.files(), "the text lies beside the JSON", self.files())
        return report
