/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live.c - a guest that runs: what is kept of it, and walks over it
 */
#include <stdlib.h>
#include <string.h>

#include <scxray/map.h>

#include "capture/live/live.h"

#include "capture/map/maps.h"

/* ---- create, destroy ------------------------------------------------------ */

struct scxray_live *scxray_live_create(const struct scxray_live_region *regions, size_t nr_regions,
				       size_t nr_vcpus, const struct scxray_settings *settings,
				       struct scxray_error *err)
{
	struct scxray_live *live = calloc(1, sizeof(*live));

	if (!live) {
		scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
	live->settings = settings ? *settings : (struct scxray_settings)SCXRAY_SETTINGS_INIT;
	live->source.kind = "vm";
	live->max_vcpus = nr_vcpus < SOURCE_MAX_VCPUS ? nr_vcpus : SOURCE_MAX_VCPUS;
	live->g.phys = &live->source.phys;
	for (size_t i = 0; i < nr_regions; i++)
		if (phys_add_region(&live->source.phys, regions[i].gpa, regions[i].size,
				    regions[i].host)) {
			scxray_fail(err, SCXRAY_ERR_INVALID, regions[i].gpa,
				    "guest RAM at 0x%llx: empty, not page aligned, or overlapping",
				    (unsigned long long)regions[i].gpa);
			scxray_live_destroy(live);
			return NULL;
		}
	live->btf_cache = btf_cache_create();
	live->scratch = page_store_create(phys_nr_pages(&live->source.phys),
					  live->settings.max_copy_bytes / PAGE_SIZE);
	if (!live->btf_cache || !live->scratch ||
	    pool_init(&live->pool, live->settings.max_report_bytes)) {
		scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
		scxray_live_destroy(live);
		return NULL;
	}
	live->pool.mute = true;
	return live;
}

static enum read_status fetch(void *arg, uint64_t gpa, void *to, size_t len)
{
	const struct scxray_live *live = arg;

	return live->fetcher(live->fetcher_context, gpa, to, len) ? READ_OK : READ_FETCH;
}

void scxray_live_set_fetcher(struct scxray_live *live, scxray_live_fetcher *fetcher, void *context)
{
	live->fetcher = fetcher;
	live->fetcher_context = context;
	live->source.phys.fetch = (struct phys_fetch){ .read = fetch, .arg = live };
}

void scxray_live_stop(struct scxray_live *live)
{
	atomic_store(&live->stop, true);
}

void live_forget(struct scxray_live *live)
{
	live->resolved = false;
	btf_cache_destroy(live->btf_cache);
	live->btf_cache = NULL;
	kernel_deinit(&live->kernel);
	page_store_put(live->base);
	live->base = NULL;
	free(live->changing);
	live->changing = NULL;
	live->nr_changing = 0;
	memset(live->constant, 0, sizeof(live->constant));
	free(live->plan.cpus);
	live->plan = (struct live_plan){ 0 };
	live->latch = (struct live_latch){ 0 };
	live->source.no_scan = false;
}

void scxray_live_destroy(struct scxray_live *live)
{
	if (!live)
		return;
	live_forget(live);
	cow_destroy(live->cow);
	page_store_put(live->scratch);
	pool_deinit(&live->pool);
	for (size_t i = 0; i < live->nr_names; i++)
		free(live->names[i]);
	free(live->names);
	free(live->source.vcpus);
	phys_deinit(&live->source.phys);
	free(live);
}

/* ---- walks ----------------------------------------------------------------- */

void live_aim(struct scxray_live *live)
{
	paging_set_root(&live->g.paging, &live->source.phys, live->root, live->levels);
}

void live_walk_start(struct scxray_live *live, enum walk_mode mode)
{
	pool_reset(&live->pool);
	memset(&live->report, 0, sizeof(live->report));
	memset(&live->walk, 0, sizeof(live->walk));
	live->walk = (struct walk){
		.mode = mode,
		.source = &live->source,
		.g = &live->g,
		.k = &live->kernel,
		.pool = &live->pool,
		.r = &live->report,
		.settings = live->settings,
		.btf_cache = live->btf_cache,
	};
	live_aim(live);
}
