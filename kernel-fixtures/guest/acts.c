// SPDX-License-Identifier: BSD-2-Clause
/* What init does in modes whose failure is one act: the scheduler, or the kernel, ends by it. */
#include <stdio.h>

#include "guest.h"

#define FORGOTTEN 2 /* the victim whose context is taken away */

static void forget_victim(void)
{
	size_t count;
	const struct crew_member *members = crew_members(&count);

	for (size_t i = 0; i < count; i++) {
		if (members[i].role == ROLE_VICTIM && members[i].index == FORGOTTEN)
			scheduler_forget(members[i].pid);
	}
}

static void take_cpu_offline(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/online", machine_cpus() - 1);
	if (!text_write(path, "0"))
		die("%s: it does not go offline", path);
}

/* What is to be said has been said: the kernel does not come back. */
static void panic(void)
{
	tracing_send("half-dump.txt", 0);
	if (!text_write("/proc/sysrq-trigger", "c"))
		die("SysRq-C: /proc/sysrq-trigger does not take it");
}

void act(const struct options *options)
{
	switch (options->mode) {
	case MODE_NOCTX:
		forget_victim();
		break;
	case MODE_HOTPLUG:
		take_cpu_offline();
		break;
	case MODE_PANIC:
		panic();
		break;
	default:
		die("mode %s has no act", mode_of(options->mode)->name);
	}
}
