# SPDX-License-Identifier: BSD-2-Clause
"""What the first finding of each failure has to be: mode of the image -> kinds that are right.

A mode with two kinds has two causes of the same weight in one image: which of its tasks the
kernel's watchdog meets first decides.
"""

import re

FIRST = {
    "stall": ("dsq_not_consumed",),
    "held": ("held_in_map",),
    "vtime": ("vtime_starved",),
    "error": ("bpf_error",),
    "hog": ("cpu_kept_by_class",),
    "dlhog": ("cpu_kept_by_class",),
    "partial": ("cpu_kept_by_class",),
    "sliceinf": ("cpu_kept_by_ext",),
    "maps": ("dsq_not_consumed", "held_in_map"),
    "sub": ("dsq_not_consumed", "held_in_map"),
    "affinity": ("affinity",),
    "kthread": ("kthread_starved",),
    "lost": ("task_lost",),
    "lostkick": ("lost_kick",),
    "watchdog": ("dsq_not_consumed", "kthread_starved"),
    "baddsq": ("dsq_missing",),
    "badcpu": ("cpu_not_allowed",),
    "badselect": ("cpu_invalid",),
    "noctx": ("task_context_missing",),
    "initfail": ("init_task_failed",),
    "hotplug": ("hotplug",),
    "panic": ("kernel_panic",),
    "userstop": ("user_process_stopped",),
    "throttled": ("held_in_arena",),
    # schedulers of the kernel's tools; qmap -t drops tasks on purpose, sdt has no way to fail but a hog
    "scx_qmap-fails": ("task_lost",),
    "scx_cpu0-fails": ("cpu_kept_by_class",),
    "scx_flatcg-fails": ("dsq_not_consumed",),
    "scx_pair-fails": ("held_in_map",),
    "scx_sdt-fails": ("cpu_kept_by_class",),
    "scx_simple-fails": ("vtime_starved",),
    "scx_userland-fails": ("user_process_stopped",),
}


def mode_of(name):
    """The mode of "7.3.4-stall" (a bundled core) or "7.3.4/stall-cpus4" (a folder of images)."""
    return re.sub(r"-(bighash|cpus|kallsyms|kaslr|la57|mem|nodes|pti|timeout)\d+", "", name.replace("/", "-", 1).partition("-")[2])
