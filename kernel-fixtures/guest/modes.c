// SPDX-License-Identifier: BSD-2-Clause
/* What each mode asks of the guest around its scheduler. */
#include <string.h>

#include "guest.h"

static const struct mode modes[] = {
	[MODE_NONE] = { .name = "none" },
	[MODE_STALL] = { .name = "stall", .dsqs = true },
	[MODE_HELD] = { .name = "held" },
	[MODE_VTIME] = { .name = "vtime", .dsqs = true },
	[MODE_ERROR] = { .name = "error", .ends = ENDS_BY_CALL },
	[MODE_HOG] = { .name = "hog", .bound = true, .hog = true, .no_nets = true },
	[MODE_MAPS] = { .name = "maps" },
	[MODE_SPIN] = { .name = "spin" },
	[MODE_WELL] = { .name = "well" },
	[MODE_DLHOG] = { .name = "dlhog", .bound = true, .hog = true, .no_nets = true },
	[MODE_OTHER] = { .name = "other" },
	[MODE_SUB] = { .name = "sub" },
	[MODE_AFFINITY] = { .name = "affinity", .dsqs = true, .bound = true },
	[MODE_SLICEINF] = { .name = "sliceinf", .bound = true, .no_nets = true },
	[MODE_PARTIAL] = { .name = "partial",
			   .bound = true,
			   .hog = true,
			   .no_nets = true,
			   .partial = true },
	[MODE_LOST] = { .name = "lost" },
	[MODE_USERSTOP] = { .name = "userstop", .dsqs = true },
	/*
	 * The watchdog checks in as the scheduler is enabled, and after each half of the timeout: what it
	 * needs then has to be away before, and the kernel misses it half a timeout later.
	 */
	[MODE_WATCHDOG] = { .name = "watchdog",
			    .dsqs = true,
			    .recruits = true,
			    .begin = 6,
			    .half = 5 },
	[MODE_KTHREAD] = { .name = "kthread", .dsqs = true, .recruits = true },
	[MODE_THROTTLED] = { .name = "throttled" },
	[MODE_BADDSQ] = { .name = "baddsq", .sudden = true, .ends = ENDS_BY_CALL },
	[MODE_BADCPU] = { .name = "badcpu", .sudden = true, .ends = ENDS_BY_CALL },
	[MODE_BADSELECT] = { .name = "badselect", .sudden = true, .ends = ENDS_BY_CALL },
	[MODE_NOCTX] = { .name = "noctx", .sudden = true, .ends = ENDS_BY_ACT },
	[MODE_INITFAIL] = { .name = "initfail", .sudden = true },
	[MODE_HOTPLUG] = { .name = "hotplug",
			   .sudden = true,
			   .ends = ENDS_BY_ACT,
			   .stop_at = "scx_disable_workfn" },
	[MODE_PANIC] = { .name = "panic",
			 .sudden = true,
			 .ends = ENDS_BY_ACT,
			 .stop_at = "emergency_restart" },
};

const struct mode *mode_of(enum scxfix_mode mode)
{
	return &modes[mode];
}

/* False where there is no such mode. */
bool mode_find(const char *name, enum scxfix_mode *mode)
{
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		if (!strcmp(modes[i].name, name)) {
			*mode = (enum scxfix_mode)i;
			return true;
		}
	}
	return false;
}
