/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prepare.c - the rehearsal of a recording, while the guest runs
 */
#include <scxray/map.h>

#include "capture/base/clock.h"
#include "capture/live/live.h"
#include "capture/run/walkers.h"

/*
 * Page look-ups of one rehearsal: some 100000 are usual.  A guest that needs more is not rehearsed
 * further; the recording under the freeze has its deadline.
 */
#define MAX_LOOKUPS (16u << 20)

int scxray_live_prepare(struct scxray_live *live, struct scxray_error *err)
{
	struct recorder rec = { .to = live->scratch,
				.base = live->base,
				.max_pages = live->settings.max_copy_bytes / PAGE_SIZE,
				.max_lookups = MAX_LOOKUPS,
				.stop = &live->stop };
	struct phys *phys = &live->source.phys;
	uint64_t start;

	if (!live->resolved)
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
				   "no kernel has been found in this guest yet");
	if (!live->kernel.has_types)
		return 0;
	page_store_reset(live->scratch);
	symbols_clear_bpf(&live->kernel.symbols);
	phys->recorder = &rec;
	phys->recording = true;
	live_walk_start(live, WALK_REHEARSE);
	live_record_changing(live, &rec);
	start = clock_us();
	walkers_run(&live->walk);
	live->expected_us = clock_us() - start;
	phys->recording = false;
	phys->recorder = NULL;
	live_find_latch(live);
	live->nr_expected = live->scratch->nr + live->scratch->nr / 4;
	page_store_release(live->scratch);
	/* the frozen walk needs as much, or a little more if the guest has grown */
	pool_populate(&live->pool, live->pool.used + live->pool.used / 4);
	return 0;
}
