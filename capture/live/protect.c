/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * protect.c - a live guest's RAM, write-protected for one recording
 */
#include <scxray/report.h>

#include "capture/live/live.h"

int scxray_live_allow_cow(struct scxray_live *live, const char **why)
{
	live->wants_cow = true;
	if (!live->cow)
		live->cow = cow_create(&live->source.phys,
				       live->settings.max_copy_bytes / PAGE_SIZE, &live->cow_why);
	*why = live->cow ? NULL : live->cow_why;
	return live->cow ? 0 : -1;
}

uint64_t scxray_live_expected_us(const struct scxray_live *live)
{
	return live->expected_us;
}

const char *scxray_live_protect(struct scxray_live *live, uint64_t limit_us, uint64_t deadline_us)
{
	const char *why;

	if (!live->cow)
		return live->cow_why ? live->cow_why : "not asked for";
	why = cow_begin(live->cow, limit_us, deadline_us);
	live->is_protected = !why;
	return why;
}

void scxray_live_unprotect(struct scxray_live *live, struct scxray_cow_result *result)
{
	*result = (struct scxray_cow_result){ 0 };
	live->is_protected = false;
	if (!live->cow)
		return;
	cow_end(live->cow);
	cow_result(live->cow, result);
}
