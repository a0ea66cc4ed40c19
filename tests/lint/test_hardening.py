#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Are the built programs hardened, and does this test see one that is not?

Reads the built files themselves: how they were linked (readelf), what they import (nm), how their
entry function begins (objdump).  Then it links a small program without each protection; each must
be found, and named.
"""

import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import harness  # noqa: E402



def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def missing(path, entry, library=False):
    """The protections that the file at path does not have; entry: a function of ours in it."""
    dynamic = output("readelf", "-W", "-d", path)
    segments = output("readelf", "-W", "-l", path)
    imports = output("nm", "-D", "--undefined-only", path)
    code = output("objdump", "-d", "--no-show-raw-insn", f"--disassemble={entry}", path)
    first = re.search(rf"<{entry}>:\n\s+[0-9a-f]+:\s+(\S+)", code)
    stack = re.search(r"GNU_STACK.* (R\S*) ", segments)
    checks = {
        "bind now": "NOW" in dynamic,
        "relro": "GNU_RELRO" in segments,
        "no text relocations": "TEXTREL" not in dynamic,
        "no path to search for libraries": not re.search(r"\((RPATH|RUNPATH)\)", dynamic),
        "a stack that holds no code": bool(stack) and "E" not in stack.group(1),
        "position independent": library or "PIE" in dynamic,
        "stack protector": "__stack_chk_fail" in imports,
        "branch protection": bool(first) and first.group(1).startswith("endbr"),
    }
    if not harness.SANITIZED:
        checks["fortify"] = bool(re.search(r"_chk(@|$)", imports.replace("__stack_chk_fail", ""), re.M))
    return sorted(name for name, good in checks.items() if not good)


SMALL = """
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv) { char b[64]; strcpy(b, argv[argc - 1]); return puts(b) < 0; }
"""
GOOD = ("-O2 -fPIE -pie -fstack-protector-strong -fcf-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 "
        "-Wl,-z,relro,-z,now,-z,noexecstack").split()
# What is taken away, and what must be found missing.
WITHOUT = {
    ("-Wl,-z,lazy",): ["bind now"],
    ("-Wl,-z,norelro",): ["relro"],
    ("-Wl,-rpath,/x",): ["no path to search for libraries"],
    ("-Wl,-z,execstack",): ["a stack that holds no code"],
    ("-fno-pie", "-no-pie"): ["position independent"],
    ("-fno-stack-protector",): ["stack protector"],
    ("-fcf-protection=none",): ["branch protection"],
    ("-U_FORTIFY_SOURCE",): ["fortify"],
}


def small_program(folder, extra):
    path = os.path.join(folder, "small")
    source = path + ".c"
    with open(source, "w", encoding="ascii") as file:
        file.write(SMALL)
    subprocess.run(["gcc", *GOOD, *extra, "-o", path, source], check=True, capture_output=True)
    return path


def main():
    cases = harness.Cases()
    for name, entry, library in (("scxray", "main", False), ("scxray-vmm", "main", False),
                                 ("scxray-plugin.so", "scxray_plugin_init", True)):
        found = missing(os.path.join(harness.BUILD, name), entry, library)
        cases.check(not found, f"{name} is hardened", f"missing: {', '.join(found)}")
    with tempfile.TemporaryDirectory() as folder:
        cases.check(not missing(small_program(folder, ()), "main"), "a small program is hardened")
        for extra, expected in WITHOUT.items():
            found = missing(small_program(folder, extra), "main")
            if not (harness.SANITIZED and expected == ["fortify"]):
                cases.check(found == expected, f"{' '.join(extra)} is found", f"found {found}, not {expected}")
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
