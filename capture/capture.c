/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * capture.c - one walk over a guest: kernel first, then each group of the report
 */
#include <stdlib.h>
#include <string.h>

#include <scxray/report_struct.h>

#include "capture/base/clock.h"
#include "capture/image/host.h"
#include "capture/kernel/memmap.h"
#include "capture/map/maps.h"
#include "capture/read/walk.h"
#include "capture/run/walkers.h"

#define MAX_PHASES 16
#define SHRUNK "the image file shrank while it was read"

/* A report, and what its pointers lead to. */
struct full_report {
	struct scxray_report report; /* first: callers hold a pointer to it */
	struct pool pool;
	struct kernel kernel;
	void *btfs; /* of maps */
	size_t nr_btfs;
};

static void add_phase(struct scxray_report *r, const char *name, uint64_t us)
{
	if (r->phases && r->nr_phases < MAX_PHASES)
		r->phases[r->nr_phases++] = (struct scxray_phase){ .name = name, .us = us };
}

static bool none_is_zero(void *arg, uint64_t gpa)
{
	(void)arg;
	(void)gpa;
	return false;
}

/* From here on a page that the image leaves out is zero only where the kernel's memory map says so. */
static void judge_left_out(struct scxray_source *source, struct memmap *map, struct guest *g,
			   const struct kernel *kernel)
{
	source->segments.is_zero = none_is_zero;
	if (memmap_init(map, g, source->vmcoreinfo, kernel->layout.symbol[S_vmemmap_base]))
		source->segments.is_zero = memmap_is_zero;
	source->segments.is_zero_arg = map;
}

static struct scxray_report *give_up(struct full_report *full, const struct scxray_source *source,
				     struct scxray_error *err)
{
	if (image_file_shrank(&source->file))
		scxray_fail(err, SCXRAY_ERR_IO, 0, SHRUNK);
	scxray_report_destroy(&full->report);
	return NULL;
}

struct scxray_report *scxray_capture(struct scxray_source *source,
				     const struct scxray_settings *settings,
				     struct scxray_error *err)
{
	struct full_report *full = calloc(1, sizeof(*full));
	struct guest g = { .phys = &source->phys };
	struct memmap memmap;
	struct walk w = { .settings = SCXRAY_SETTINGS_INIT, .g = &g };
	uint64_t start;

	if (settings)
		w.settings = *settings;
	if (!full || pool_init(&full->pool, w.settings.max_report_bytes)) {
		free(full);
		scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
	w.k = &full->kernel;
	w.pool = &full->pool;
	w.r = &full->report;
	w.r->source = source->kind;
	w.r->phases = pool_alloc(&full->pool, MAX_PHASES * sizeof(*w.r->phases));
	add_phase(w.r, "open", source->open_us);
	host_report(source, &full->pool, w.r);

	source->segments.is_zero = NULL;
	phys_reset_touched(&source->phys);
	source->phys.max_touched = source->recorded ? 0 : w.settings.max_copy_bytes / PAGE_SIZE;
	if (source->truncated_at_us)
		w.r->truncated_at_us = source->truncated_at_us;
	if (kernel_load(&full->kernel, &g, source, err))
		return give_up(full, source, err);
	judge_left_out(source, &memmap, &g, &full->kernel);
	source->used_hint = kernel_hint(&full->kernel);
	add_phase(w.r, "symbols", full->kernel.us_symbols);
	add_phase(w.r, "layout", full->kernel.us_find - full->kernel.us_symbols);
	add_phase(w.r, "types", full->kernel.us_types);

	start = clock_us();
	w.source = source;
	walkers_run(&w);
	source->segments.is_zero = none_is_zero; /* the kernel's memory map ends here */
	add_phase(w.r, "walk", clock_us() - start);
	full->btfs = w.btfs;
	full->nr_btfs = w.nr_btfs;
	/* a stack would have addresses where names are known */
	if (full->kernel.symbols.bpf_lost) {
		scxray_fail(err, SCXRAY_ERR_NOMEM, 0,
			    "out of memory for the names of BPF programs");
		return give_up(full, source, err);
	}
	if (image_file_shrank(&source->file)) /* what is missing now may have been anything */
		return give_up(full, source, err);
	w.r->bytes_copied = source->phys.nr_touched * PAGE_SIZE;
	w.r->symbols = &full->kernel.symbols;
	w.r->modules = w.modules;
	w.r->task_slots = w.task_slots;
	w.r->task_mask = w.task_mask;
	return &full->report;
}

void scxray_source_follows(struct scxray_source *source, const struct scxray_report *earlier)
{
	source->known_types = &((const struct full_report *)earlier)->kernel.types;
}

void scxray_report_destroy(struct scxray_report *report)
{
	struct full_report *full = (struct full_report *)report;

	if (!full)
		return;
	map_types_deinit(full->btfs, full->nr_btfs);
	kernel_deinit(&full->kernel);
	pool_deinit(&full->pool);
	free(full);
}
