#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Do README, guides, man page and --help say what is so?"""

import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, HERE)
import harness  # noqa: E402
import samples  # noqa: E402

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*|(?<![\w-])-[a-z]\b")
SKIP = {"build", ".git"}


def read(*path):
    with open(os.path.join(harness.ROOT, *path), encoding="utf-8") as f:
        return f.read()


def markdown():
    for folder, folders, names in os.walk(harness.ROOT):
        folders[:] = sorted(f for f in folders if f not in SKIP)
        for name in sorted(names):
            if name.endswith(".md"):
                yield os.path.relpath(os.path.join(folder, name), harness.ROOT)


def check_samples(cases):
    text = samples.sample(harness.SCXRAY)
    for path in samples.MARKS:
        _, old, _ = samples.parts(path)
        name = os.path.relpath(path, harness.ROOT)
        cases.check(old == samples.for_file(path, text), f"{name}: the sample is what the build prints (make goldens)",
                    old)


def check_options(cases):
    """Every option of --help is in the man page, and the other way round."""
    text = harness.scxray("help", "report").out.decode()
    listed = set(OPTION.findall("\n".join(line for line in text.splitlines() if line.startswith("  -"))))
    section = read("docs", "scxray.1").partition(".SH OPTIONS")[2].partition('.SH "EXIT STATUS"')[0]
    heads = "\n".join(line for line in section.splitlines() if line.startswith((".BI", ".BR", ".B ")) and "\\-" in line)
    in_man = set(OPTION.findall(heads.replace("\\-", "-")))
    cases.check(len(listed) > 15, "options in --help", sorted(listed))
    cases.check(listed - in_man == set(), "options that the man page lacks", sorted(listed - in_man))
    in_man -= {"--save-core", "--early"} & (in_man - listed)
    cases.check(in_man - listed == set(), "options that only the man page has", sorted(in_man - listed))
    for option in sorted(o for o in listed if o.startswith("--") and o != "--help"):
        needs_value = option not in ("--timing", "--summary", "--full", "--force", "--no-pager")
        ran = harness.scxray("report", option) if needs_value else harness.scxray("report", option, "/dev/null")
        known = "needs a value" in ran.err if needs_value else "no such option" not in ran.err
        cases.check(known, f"{option} is an option", ran)


def check_groups(cases):
    """What --only takes is in --help and in the man page."""
    ran = harness.scxray("report", "--only", "nonsense", "/dev/null")
    groups = re.findall(r"[a-z]+", ran.err.partition("there are ")[2].partition(", maps=")[0])
    cases.check(len(groups) > 15, "groups that there are", ran)
    text = harness.scxray("help", "report").out.decode().partition("--only")[2].partition("--summary")[0]
    page = read("docs", "scxray.1").partition(".BI \\-\\-only")[2].partition(".TP")[0]
    about = read("docs", "scxray-report.7").partition(".SH GROUPS")[2].partition(".SH ")[0]
    for group in groups:
        cases.check(re.search(rf"\b{group}\b", text), f"--help: the group {group}", text)
        cases.check(re.search(rf"^\.BR? (.* )?{group}\b", page, re.M), f"the man page: the group {group}", page)
        cases.check(f".BR {group} " in about, f"scxray-report(7): the group {group}", about)


def check_links(cases):
    for name in markdown():
        for text, target in re.findall(r"\[([^]]*)\]\(([^)#\s]+)[^)]*\)", read(name)):
            if "://" in target:
                continue
            path = os.path.join(harness.ROOT, os.path.dirname(name), target)
            cases.check(os.path.exists(path), f"{name}: the link {text!r} leads to {target}")


def check_targets(cases):
    """Targets of make that the documents name."""
    ran = subprocess.run(["make", "--no-print-directory", "help"], cwd=harness.ROOT, capture_output=True, text=True,
                         check=False)
    targets = {line.split()[0] for line in ran.stdout.splitlines() if line.startswith("  ")}
    cases.check(len(targets) > 10, "make help lists the targets", ran.stdout + ran.stderr)
    for name in ("README.md", "CONTRIBUTING.md"):
        for line in read(name).splitlines():
            found = re.match(r" {4}make ([a-z][a-z-]*)\b", line)
            if found:
                cases.check(found[1] in targets, f"{name}: make {found[1]} is a target")


def check_man(cases):
    """The man pages render without a complaint, where there is something to render them."""
    pages = sorted(name for name in os.listdir(os.path.join(harness.ROOT, "docs")) if re.search(r"\.[1-8]$", name))
    cases.check(len(pages) >= 4, "man pages", pages)
    for page in pages:
        cases.check('"scxray @VERSION@"' in read("docs", page), f"{page}: a place for the version")
        if shutil.which("groff"):
            ran = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-K", "utf8", os.path.join(harness.ROOT, "docs", page)],
                                 capture_output=True, check=False)
            cases.check(ran.returncode == 0 and not ran.stderr, f"groff: {page}", ran.stderr.decode())


def check_plugin_page(cases):
    """scxray-plugin(3) has each call, callback and status of the header."""
    header, page = read("include", "scxray", "plugin.h"), read("docs", "scxray-plugin.3")
    names = re.findall(r"^\t\w+ \(\*(\w+)\)\(", header, re.M) + re.findall(r"^\t(SCXRAY_(?:STATUS|VCPU|MOMENT)_\w+) =", header, re.M)
    cases.check(len(names) > 20, "calls and statuses of the header", names)
    missing = [name for name in names if not re.search(rf"\b{name}\b", page)]
    cases.check(not missing, "scxray-plugin(3) has them all", missing)


def check_commands(cases):
    """Every command of --help is in the man page's synopsis or its text."""
    text = harness.scxray("--help").out.decode().partition("commands:\n")[2].partition("\n\n")[0]
    commands = re.findall(r"^  (\S+)", text, re.M)
    cases.check("report" in commands, "--help lists commands", text)
    page = read("docs", "scxray.1")
    missing = [command for command in commands if not re.search(rf'^\.\w+ .*scxray {command}\b', page, re.M)]
    cases.check(not missing, "commands that the man page does not have", missing)


def main():
    cases = harness.Cases()
    harness.need_cores(cases)
    check_samples(cases)
    check_options(cases)
    check_commands(cases)
    check_groups(cases)
    check_links(cases)
    check_targets(cases)
    check_man(cases)
    check_plugin_page(cases)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
