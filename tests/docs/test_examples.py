#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The examples of the man page, run as they are printed: on one moment, on two, and on a degraded core."""

import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import harness  # noqa: E402

MAN = os.path.join(harness.ROOT, "docs", "scxray.1")


def examples():
    """The commands of the section EXAMPLES."""
    with open(MAN, encoding="utf-8") as f:
        section = f.read().partition(".SH EXAMPLES\n")[2].partition("\n.SH ")[0]
    for block in re.findall(r"^\.RS\n\.nf\n(.*?)^\.fi$", section, re.M | re.S):
        yield block.replace("\\-", "-").replace("\\e", "\\")


def run(command, folder):
    """By a shell, as a user who has scxray in the PATH."""
    bin_folder = os.path.join(folder, "bin")
    os.makedirs(bin_folder, exist_ok=True)
    link = os.path.join(bin_folder, "scxray")
    if not os.path.exists(link):
        os.symlink(harness.SCXRAY, link)
    env = dict(os.environ, PATH=bin_folder + ":" + os.environ["PATH"], LC_ALL="C.UTF-8")
    return subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=folder, env=env, capture_output=True, text=True,
                          timeout=120, check=False)


def shapes(folder):
    """(what, the words that stand for vmcore) of a single, a dual and a degraded document."""
    half, error = harness.core_pairs()[-1]
    degraded = os.path.join(folder, "degraded.core.zst")
    subprocess.run([harness.tool("give_host"), "degraded", error, degraded], check=True)
    for link, target in (("half.vmcore", half), ("error.vmcore", error)):
        os.symlink(target, os.path.join(folder, link))
    return (("single", error), ("dual", f"--early {half} {error}"), ("degraded", degraded))


def main():
    cases = harness.Cases()
    harness.need_cores(cases)
    found = list(examples())
    cases.check(len(found) > 4 and sum("jq" in e for e in found) > 0, "the man page has examples", "\n".join(found))
    with harness.scratch() as folder:
        for what, words in shapes(folder):
            seen = set()
            for example in found:
                ran = run(re.sub(r"(?<![.\w])vmcore\b", words, example), folder)
                good = ran.returncode == 0 and not ran.stderr
                cases.check(good, f"{what}: {example}", f"status {ran.returncode}\n{ran.stderr}\n{ran.stdout[:500]}")
                if "jq" in example:
                    cases.check(ran.stdout.count("\n") > 2 and ran.stdout.count("null") < ran.stdout.count("\n"), f"{what}: says something: {example}",
                                ran.stdout[:500])
                    seen.add(ran.stdout)
            cases.check(len(seen) == sum("jq" in e for e in found), f"{what}: each query has another answer", seen)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
