# SPDX-License-Identifier: BSD-2-Clause
"""Where two reports of the same memory differ: one of an image, one of a VM with the image in it."""

import json
import re

# What a live report has of its host, or instead of what only a live one can have.
OF_HOST = {"diagnosis", "generator", "schema_version", "trigger", "event_counter_timeline",
           "event_counter_timeline_source", "event_counter_timeline_period_ms", "event_counter_timeline_samples_taken",
           "event_counter_timeline_unavailable", "vcpu_perf_at_freeze", "vcpu_perf_at_freeze_unavailable"}

# The stack of a task that runs begins at its vCPU's registers, and those may be the host's.
RUNNING = re.compile(r"runs on cpu \d+, whose registers are unknown")


def not_in_core(value):
    return isinstance(value, dict) and "not in this core" in str(value.get("reason"))


def differences(image, live, where="", skip=()):
    """Paths at which two reports differ; a page missing in the core is one of zeros in the VM's RAM."""
    if not_in_core(image):
        return []
    if isinstance(image, dict) and isinstance(live, dict):
        found = []
        if RUNNING.fullmatch(str(live.get("kernel_stack_end"))):
            skip = {"kernel_stack", "kernel_stack_end"}
        for key in sorted((image.keys() | live.keys()) - set(skip)):
            if key not in image or key not in live:
                found.append(f"{where}.{key}: only in one")
            else:
                found += differences(image[key], live[key], f"{where}.{key}")
        return found
    if isinstance(image, list) and isinstance(live, list) and len(image) == len(live):
        return [d for i, (a, b) in enumerate(zip(image, live)) for d in differences(a, b, f"{where}[{i}]")]
    return [] if image == live else [f"{where}: {json.dumps(image)[:150]} is now {json.dumps(live)[:150]}"]


def compare(image, live, skip=(), skip_of_guest=("found_by",)):
    """The report of an image, and the moment of a live report; lines."""
    guests = differences(image["guest"], live["guest"], ".guest", skip_of_guest)
    return guests + differences(image, live, "", OF_HOST | {"guest"} | set(skip))
