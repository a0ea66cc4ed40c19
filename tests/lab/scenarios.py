# SPDX-License-Identifier: BSD-2-Clause
"""What is run in the lab, and what has to come out: ALL is the list, in the order of the run."""

import os
import re


class Missing(Exception):
    """Something that has to be there is not."""


class Done:
    """What a scenario left."""

    def __init__(self, folder, scenario, cases):
        self.folder = folder
        self.scenario = scenario
        self.cases = cases

    def check(self, ok, what, detail=""):
        return self.cases.check(ok, f"{self.scenario.name}: {what}", detail)

    def text(self, name):
        try:
            with open(os.path.join(self.folder, name), encoding="utf-8", errors="backslashreplace") as f:
                return f.read()
        except FileNotFoundError:
            raise Missing(f"{self.scenario.name}: no {name}") from None

    def status(self):
        return int(self.text("status"))

    def tail(self):
        try:
            return self.text("out").splitlines()[-15:]
        except Missing as missing:
            return [str(missing)]


class Scenario:
    """name: of its folder; what: a line for people; limit_s: seconds that it may take."""

    def __init__(self, name, what, limit_s, command, check):
        self.name = name
        self.what = what
        self.limit_s = limit_s
        self.command = command
        self.check = check


# ---- the lab itself: what the others build on --------------------------------


def probe_command(build):
    return os.path.join(build, "tests", "tools", "kvm_probe") + "\n"


def probe_check(done):
    said = done.text("out")
    for name in ("watchpoint", "clock", "tsc_offset", "kvmclock_ctrl"):
        done.check(re.search(rf"^{name} ok", said, re.M), f"KVM can do: {name}", said)
    done.check(done.status() == 0, "status 0", said)


ALL = [
    Scenario("kvm", "the lab's KVM can do what live tests ask of it", 20, probe_command, probe_check),
]
