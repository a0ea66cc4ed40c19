#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""docs/first-guest.md: its initramfs is made by its own commands, and its command lines have options that there are.

That with vng is run by `make check-qemu RUN=vng`.
"""

import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import harness  # noqa: E402

VMM = os.path.join(harness.BUILD, "scxray-vmm")


def document():
    with open(os.path.join(harness.ROOT, "docs", "first-guest.md"), encoding="utf-8") as f:
        return f.read()


def commands(text, first):
    """The indented block that begins with the word `first`, backslashes at line ends joined."""
    found = re.search(rf"^(?: {{4}}\s*{first}\b.*\n(?: {{4}}.*\n)*)", text, re.M)
    return "\n".join(line.strip() for line in found[0].replace("\\\n", " ").splitlines())


def check_initramfs(cases, text, folder):
    init = text.partition("```sh\n")[2].partition("```")[0]
    for name in ("my_init", "my_scheduler"):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(init)
        os.chmod(os.path.join(folder, name), 0o755)
    if not shutil.which("busybox"):
        with open(os.path.join(folder, "busybox"), "w", encoding="utf-8") as f:
            f.write("stands for it")
    block = commands(text, "mkdir").replace("/bin/busybox", shutil.which("busybox") or "busybox")
    ran = subprocess.run(["sh", "-ec", block], cwd=folder, capture_output=True, text=True, check=False)
    cases.check(ran.returncode == 0 and not ran.stderr, "its commands make an initramfs", ran.stderr)
    listed = subprocess.run("zstd -dc initrd.img | cpio --quiet -it", shell=True, cwd=folder, capture_output=True, text=True,
                            check=False).stdout.split()
    cases.check({"init", "bin/busybox", "bin/my_scheduler", "proc", "sys", "dev"} <= set(listed), "what is in it", listed)
    shell = init.split()[0][3:]
    cases.check(init.startswith("#!/") and shell in listed, "the shell of its init is in it", shell)
    syntax = subprocess.run(["sh", "-n", os.path.join(folder, "my_init")], capture_output=True, text=True, check=False)
    cases.check(syntax.returncode == 0, "its init is a script", syntax.stderr)


def check_options(cases, text):
    known = subprocess.run([VMM, "--help"], capture_output=True, text=True, check=False).stdout
    line = commands(text, "scxray-vmm")
    options = re.findall(r"--[a-z-]+", line)
    cases.check(len(options) > 5, "options of scxray-vmm", line)
    for option in options:
        cases.check(re.search(rf"{option}\b", known), f"scxray-vmm has {option}")
    for command in ("check", "html"):
        line = re.search(rf"scxray {command} .*", text)[0].partition("#")[0]
        cases.check("test.scxray.json" in line, f"scxray {command} reads the report", line)
    help_text = harness.scxray("help", "run").out.decode()
    for option in re.findall(r"--[a-z-]+", re.search(r"scxray run .* -- vng", text)[0]):
        cases.check(option in help_text, f"scxray run has {option}")


def main():
    cases = harness.Cases()
    text = document()
    with harness.scratch() as folder:
        check_initramfs(cases, text, folder)
    check_options(cases, text)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
