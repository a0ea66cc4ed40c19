#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""scxray completion in real shells: by what bash and fish offer, and by a Tab in bash and zsh on a terminal."""

import os
import pty
import re
import select
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import harness  # noqa: E402

LIMIT_S = 60
OFFERS = 'source "$1"; shift; COMP_WORDS=(scxray "$@"); COMP_CWORD=$#; _scxray; printf "%s\\n" "${COMPREPLY[@]}"'


def offers(script, folder, *words):
    """What bash offers for the last of these words."""
    ran = subprocess.run(["bash", "--norc", "-c", OFFERS, "bash", script, *words], cwd=folder, capture_output=True, text=True,
                         check=False)
    return ran.stderr or set(ran.stdout.split("\n")) - {""}


def commands():
    text = harness.scxray("--help").out.decode().partition("commands:\n")[2].partition("\n\n")[0]
    return re.findall(r"^  (\S+)", text, re.M)


def check_options(cases, script, folder):
    """The options that a command's help names, and no others."""
    report = offers(script, folder, "report", "--")
    for command in commands():
        text = harness.scxray("help", command).out.decode()
        got = offers(script, folder, command, "--")
        want = set(re.findall(r"^ +(?:-\w, )?(--[a-z-]+)", text, re.M)) | {"--help"}
        if "scxray help report lists them" in text:
            want = report - {"html": set(), "diff": {"--early"}}.get(command, {"--only"})
        cases.check(got == want, f"{command} --", f"{got} is not {want}")


def check_words(cases, script, folder):
    said = harness.scxray("report", "--only", "x", "y").err.partition("there are ")[2].partition(", maps=")[0]
    table = (
        ([""], {*commands(), "help", "completion", "--help", "--version"}), (["ta"], {"tasks", "task"}),
        (["help", "re"], {"report"}), (["completion", ""], {"bash", "zsh", "fish"}),
        (["report", "--format", ""], {"text", "json", "html", "csv"}), (["report", "--format", "j"], {"json"}),
        (["report", "--format", "=", "j"], {"json"}), (["report", "--exit-on", "="], {"error", "warning"}),
        (["check", "--color", "a"], {"auto", "always"}), (["report", "--only", ""], set(re.findall("[a-z]+", said))),
        (["report", "a"], {"a b.core", "a*.core"}), (["report", "--early", "a b"], {"a b.core"}),
        (["report", "-o", "a*"], {"a*.core"}), (["nonsense", "--"], set()),
    )
    for words, want in table:
        got = offers(script, folder, *words)
        cases.check(got == want, f"offers for {words}", f"{got} is not {want}")


def fish_offers(script, folder, line):
    """What fish offers for the last word of this line."""
    ran = subprocess.run(["fish", "--no-config", "-c", "source $argv[1]; complete -C $argv[2]", script, line], cwd=folder,
                         env={**os.environ, "HOME": folder}, capture_output=True, text=True, check=False)
    return ran.stderr or {line.split("\t")[0] for line in ran.stdout.split("\n")} - {""}


def check_fish(cases, script, folder, bash):
    """The flags and words that bash offers, and files where an option takes one."""
    for command in commands():
        got, want = fish_offers(script, folder, f"scxray {command} --"), offers(bash, folder, command, "--")
        cases.check({name.rstrip("=") for name in got} == want, f"fish: {command} --", f"{got} is not {want}")
    for words in ([""], ["ta"], ["help", "re"], ["completion", ""], ["report", "--format", "j"], ["report", "--only", ""],
                  ["check", "--exit-on", ""]):
        got, want = fish_offers(script, folder, " ".join(["scxray", *words])), offers(bash, folder, *words)
        cases.check(got == {word for word in want if words != [""] or word[0] != "-"}, f"fish offers for {words}", got)
    for line, want in (("scxray log oth", {"other"}), ("scxray report --early oth", {"other"}),
                       ("scxray check --exit-on=w", {"--exit-on=warning"})):
        got = fish_offers(script, folder, line)
        cases.check(got == want, f"fish offers for {line}", got)


BASH = (["bash", "--norc", "--noprofile", "-i"], "")
ZSH = (["zsh", "-f", "-i"], "autoload -U compinit; compinit -D -u; ")


def type_keys(shell, script, folder, keys, wanted):
    """Types into a shell on a terminal: what it printed up to `wanted`, or all of it."""
    pid, terminal = pty.fork()
    if not pid:
        os.chdir(folder)
        os.environ.update(PS1="$ ", TERM="dumb", INPUTRC="/dev/null")
        os.execvp(shell[0][0], shell[0])
    os.write(terminal, f"{shell[1]}source {script}; scxray() {{ printf '<%s>' \"$@\"; }}; stty columns 200; echo ready-$((1+1))\n".encode())
    out, typed = b"", False
    while select.select([terminal], [], [], LIMIT_S)[0]:
        try:
            out += os.read(terminal, 4096)
        except OSError:
            break
        if not typed and b"ready-2" in out:
            out, typed = b"", True
            os.write(terminal, keys)
        if typed and wanted in out:
            break
    os.close(terminal)  # a hang-up ends the shell
    os.waitpid(pid, 0)
    return out


def check_terminal(cases, shell, script, folder):
    for keys, wanted in ((b"scxray rep\t--form\tj\t\r", b"<report><--format><json>"),
                         (b"scxray check --exit-on=w\t\r", b"<check><--exit-on=warning>"),
                         (b"scxray log a\\ \t\r", b"<log><a b.core>")):
        out = type_keys(shell, script, folder, keys, wanted)
        cases.check(wanted in out, f"{shell[0][0]}, Tab: {keys}", out)


def main():
    cases = harness.Cases()
    with harness.scratch() as folder:
        scripts = {}
        for shell in ("bash", "zsh", "fish"):
            scripts[shell] = os.path.join(folder, f"scxray.{shell}")
            ran = harness.scxray("completion", shell)
            cases.check(ran.status == 0 and not ran.err, f"completion {shell}", ran)
            with open(scripts[shell], "wb") as f:
                f.write(ran.out)
        script = scripts["bash"]
        for name in ("a b.core", "a*.core", "other"):
            with open(os.path.join(folder, name), "w", encoding="ascii"):
                pass
        check_options(cases, script, folder)
        check_words(cases, script, folder)
        check_terminal(cases, BASH, script, folder)
        check_terminal(cases, ZSH, scripts["zsh"], folder)
        check_fish(cases, scripts["fish"], folder, script)
    for args in (["completion"], ["completion", "dosh"], ["completion", "bash", "x"]):
        ran = harness.scxray(*args)
        cases.check(ran.status == 2 and ran.err.count("\n") == 1 and not ran.out, f"refused: {args}", ran)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
