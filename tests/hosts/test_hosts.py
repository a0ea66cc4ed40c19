#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Hosts that know only plugin.h: their reports against those of the program.

The hosts of this folder get the memory of a bundled core, run a few instructions of their own
beside it, and trigger both moments.  What the plugin then reports of the kernel in that memory
is what `scxray report` makes of the core.  And the code in docs/embedding.md compiles.
"""

import errno
import json
import os
import re
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import harness  # noqa: E402
from same_report import compare, differences  # noqa: E402
from schema import Validator  # noqa: E402

PLUGIN = os.path.join(harness.BUILD, "scxray-plugin.so")
HOSTS = [os.path.join(harness.BUILD, "tests", "hosts", name) for name in ("host-c", "host-old", "host-cpp")]
TOOLS = os.path.join(harness.BUILD, "tests", "tools")
CORES = ("6.12-held", "6.18.15-vtime", "7.3.4-stall")

VALIDATOR = Validator(harness.SCHEMA)
# What the host has, not the kernel: its vCPUs, its RAM.
# Registers are the host's, and pages that are missing in a bundled core are zeros in its RAM: files that are open are then
# unreadable for another reason.
OWN = ("vcpu_regs", "held_files_cut")
OWN_OF_GUEST = ("memory_bytes", "found_by")
# What the guide's code takes for granted.
PRELUDE = """
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <errno.h>
#include <linux/kvm.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <scxray/plugin.h>
struct my_vcpu { uint32_t index; int fd; struct kvm_run *run; volatile int stop; struct pollfd wakeup; };
void handle_exit(struct my_vcpu *vcpu);
int start_scxray(const char *path, int vm_fd, const struct scxray_plugin_region *regions, uint32_t nr_regions,
                 const struct scxray_plugin_vcpu *shown, uint32_t nr_vcpus);
void vcpu_thread(struct my_vcpu *vcpu);
void end_scxray(void);
void on_report(void *context, const struct scxray_plugin_result *report);
void request_shutdown(void *context);
void wait_for_interrupt(struct my_vcpu *vcpu);
"""


def run(*command, timeout=120, env=None):
    return subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout,
                          errors="backslashreplace", check=False)


def said(ran):
    return f"status {ran.returncode}\n{ran.stdout}{ran.stderr}"


def make_ram(cases, core, folder):
    """The core's memory as a file, and CR3; None where it could not be made."""
    whole, raw = os.path.join(folder, "whole.core.zst"), os.path.join(folder, "ram")
    made = run(os.path.join(TOOLS, "running_core"), core, whole)
    ram = run(os.path.join(TOOLS, "core2raw"), whole, raw)
    if not cases.check(made.returncode == 0 and ram.returncode == 0, f"{core}: its memory", said(made) + said(ram)):
        return None
    return raw, ram.stdout.strip()


def check_host(cases, host, name, image, ram, folder, *mode):
    what = " ".join([os.path.basename(host), *mode, "with", name])
    ran = run(host, PLUGIN, *ram, *mode, f"output={folder}", f"name={os.path.basename(host)}", "triggers=none", "core=on")
    if not cases.check(ran.returncode == 0, f"{what}: runs", said(ran)):
        return
    words = dict(line.split(": ", 1) for line in ran.stdout.splitlines() if ": " in line)
    cases.check((words["early"], words["late"]) == ("0", "0"), f"{what}: both moments", said(ran))
    cases.check(words.get("runs on", "yes") == "yes", f"{what}: its vCPUs run on", said(ran))
    paths = re.findall(r"^path: (.*)$", ran.stdout, re.M)
    cases.check(len(paths) == 4 and all(os.path.getsize(p) for p in paths), f"{what}: files", said(ran))
    cases.check(sorted(os.listdir(folder)) == sorted(os.path.basename(p) for p in paths), f"{what}: no other files",
                os.listdir(folder))

    path = next(p for p in paths if p.endswith(".json"))
    with open(path, "rb") as f:
        text = f.read()
    wrong = VALIDATOR.errors(text)
    dual = json.loads(text)
    cases.check(not wrong, f"{what}: its JSON is valid", "\n".join(wrong))
    for moment in ("early", "late"):
        found = compare(image, dual[moment], OWN, OWN_OF_GUEST)
        cases.check(not found, f"{what}: {moment} is the core's report", "\n".join(found))
        registers = dual[moment]["vcpu_regs"]
        seen = registers[:1] if mode else registers  # the other one has no thread
        cases.check(len(registers) == 2 and all(int(r["instruction_pointer"], 16) < 4096 for r in seen) and
                    (not mode or registers[1] is None),
                    f"{what}: {moment} has the registers of its vCPUs", registers)
    replay_cores(cases, what, paths, dual, folder)
    for p in paths:
        os.unlink(p)


def replay_cores(cases, what, paths, dual, folder):
    """The cores beside the report give it once more."""
    late, early = [p for p in paths if p.endswith(".zst")]
    again = os.path.join(folder, "again.json")
    ran = harness.scxray("report", "--early", early, late, "-o", again)
    if cases.check(ran.status == 0, f"{what}: its cores are read", ran):
        with open(again, encoding="utf-8") as f:
            replayed = json.load(f)
        for moment in ("early", "late"):
            cases.check(replayed[moment] == dual[moment], f"{what}: {moment} again from its core",
                        "\n".join(differences(replayed[moment], dual[moment])))
        os.unlink(again)


def check_reports(cases):
    for name in CORES:
        core = os.path.join(harness.CORES, name + "-error.core.zst")
        with tempfile.TemporaryDirectory() as folder:
            report = os.path.join(folder, "image.json")
            ran = harness.scxray("report", core, "-o", report)
            ram = make_ram(cases, core, folder)
            if not cases.check(ran.status == 0, f"{name}: report", ran) or not ram:
                continue
            with open(report, encoding="utf-8") as f:
                image = json.load(f)["late"]
            out = os.path.join(folder, "out")
            os.mkdir(out)
            for host in HOSTS:
                check_host(cases, host, name, image, ram, out)
            check_host(cases, HOSTS[0], name, image, ram, out, "one-thread")


def check_settings(cases):
    ran = run(HOSTS[0], PLUGIN)
    keys = [line.partition("=")[0] for line in ran.stdout.splitlines()]
    cases.check(ran.returncode == 0 and {"output", "name", "triggers", "park_deadline_ms"} <= set(keys),
                "settings are listed without a VM", said(ran))
    with open(os.path.join(harness.ROOT, "docs", "embedding.md"), encoding="utf-8") as f:
        named = re.findall(r"`([a-z_]+)=", f.read())
    cases.check(named and set(named) <= set(keys) | {"key"}, "settings that docs/embedding.md names exist",
                sorted(set(named) - set(keys) - {"key"}))


# What the host itself does on its vCPUs' threads, and its log on those of the plugin.
HOSTS_OWN = {"SANDBOX_VCPU": ("ppoll", "madvise", "exit", "munmap", "exit_group"), "SANDBOX_PLUGIN": ("write", "exit_group")}


def numbers():
    with open("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", encoding="utf-8") as f:
        return {name: int(number) for name, number in re.findall(r"__NR_(\w+) (\d+)", f.read())}


def documented():
    """The three rows of the guide's table: vCPU's thread, the plugin's, what may be refused."""
    with open(os.path.join(harness.ROOT, "docs", "embedding.md"), encoding="utf-8") as f:
        table = f.read().partition("## Sandboxes")[2].partition("\n\n- ")[0]
    return [re.findall(r"`(\w+)`", row.split("|")[2]) for row in table.splitlines() if row.startswith("| ")][1:]


def sandboxed(ram, folder, vcpu, plugin, denied=(), error=errno.EPERM, settings=()):
    number = numbers()
    environment = dict(os.environ, SANDBOX_ERRNO=str(error), SANDBOX_DENIED=",".join(str(number[name]) for name in denied))
    for variable, names in (("SANDBOX_VCPU", vcpu), ("SANDBOX_PLUGIN", plugin)):
        environment[variable] = ",".join(str(number[name]) for name in (*names, *HOSTS_OWN[variable]))
    return run(HOSTS[0], PLUGIN, *ram, f"output={folder}", "name=sandboxed", "triggers=none", "core=on", *settings, env=environment)


def check_sandbox(cases):
    """The calls that the guide lists are enough, and those of its last row may be refused."""
    vcpu, plugin, refused = documented()
    cases.check("ioctl" in vcpu and "openat" in plugin and "perf_event_open" in refused, "the guide's table is found", (vcpu, plugin))
    with tempfile.TemporaryDirectory() as folder:
        ram = make_ram(cases, os.path.join(harness.CORES, "7.3.4-stall-error.core.zst"), folder)
        if not ram:
            return
        ran = sandboxed(ram, folder, vcpu, plugin, settings=("isolate=off", "perf=off", "freeze=copy"))
        cases.check(ran.returncode == 0 and ran.stdout.count("path: ") == 4, "the calls of the guide are enough", said(ran))
        for denied, error in ((refused, errno.EPERM), (refused, errno.ENOSYS), (("perf_event_open", "execve"), errno.EPERM)):
            what = f"{', '.join(denied) if len(denied) < 3 else 'the last row'} refused with {errno.errorcode[error]}"
            ran = sandboxed(ram, folder, vcpu, (*plugin, *refused), denied=denied, error=error)
            cases.check(ran.returncode == 0 and ran.stdout.count("path: ") == 4, f"{what}: a report", said(ran))
            cases.check(f"in this process: " in ran.stderr and os.strerror(error) in ran.stderr, f"{what}: the log says why", said(ran))
            text = harness.scxray("report", os.path.join(folder, "sandboxed.scxray.core.zst")).out.decode()
            cases.check("vcpu_perf_at_freeze: <unavailable: " in text and "perf_event_open" in text.partition("vcpu_perf_at_freeze")[2][:200],
                        f"{what}: the report says why there are no counters", text[:500])
        ran = sandboxed(ram, folder, [name for name in vcpu if name != "rt_sigprocmask"], plugin, settings=("isolate=off", "perf=off", "freeze=copy"))
        cases.check(ran.returncode == -signal.SIGSYS, "without one of them the filter ends the host", said(ran))


def check_guide(cases):
    """All code of the guide, in its order, is one C file, and one of C++17, without a warning."""
    with open(os.path.join(harness.ROOT, "docs", "embedding.md"), encoding="utf-8") as f:
        blocks = re.findall(r"^```c\n(.*?)^```$", f.read(), re.M | re.S)
    cases.check(len(blocks) >= 4, "docs/embedding.md has code", len(blocks))
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "guide.c")
        with open(source, "w", encoding="utf-8") as f:
            f.write(PRELUDE + "\n".join(blocks))
        for compiler in (("gcc", "-std=gnu11"), ("g++", "-x", "c++", "-std=c++17")):
            ran = run(*compiler, "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I", os.path.join(harness.ROOT, "include"), "-c",
                      "-o", os.path.join(folder, "guide.o"), source)
            cases.check(ran.returncode == 0, f"its code compiles with {' '.join(compiler)}", said(ran))


def main():
    cases = harness.Cases()
    check_guide(cases)
    check_settings(cases)
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        if cases.failed:
            sys.exit(cases.end())
        print("no /dev/kvm: the hosts could not run (guide and settings are right)")
        sys.exit(77)
    check_reports(cases)
    if not harness.SANITIZED:  # a sanitizer makes calls of its own
        check_sandbox(cases)
    sys.exit(cases.end())


main()
