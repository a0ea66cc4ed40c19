/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record.c - the walk under the freeze, and the snapshot that it leaves
 *
 * The walkers are those that make the report.  Here their results are dropped, and
 * the pages that they read are kept; later they run over that (WALK_RECORD in walk.h).
 */
#include <stdlib.h>
#include <string.h>

#include <scxray/map.h>
#include <scxray/sched.h>

#include "capture/base/clock.h"
#include "capture/live/live.h"
#include "capture/read/read.h"
#include "capture/run/walkers.h"
#include "capture/stack/sleepers.h"
#include "capture/stack/stacks.h"
#include "capture/walk/scheds.h"
#include "capture/walk/walkers.h"

#define MAX_RETIRED 4
#define FIRST_PAGES 8192 /* room for record_first(), not counted in the budget */
#define MAX_CONSTANT (256u << 20)

struct scxray_snapshot {
	struct page_store *pages;
	struct page_store *base; /* of the kernel that was recorded; NULL: none was known */
	struct page_store *retired[MAX_RETIRED]; /* of earlier kernels: a freeze can't free them */
	size_t nr_retired;
	struct source_vcpu *vcpus;
	size_t nr_vcpus, max_vcpus;
	struct sleepers sleepers;
	struct { /* RAM as the live guest had it */
		uint64_t gpa, size;
	} * regions;
	size_t nr_regions;
	struct boot_hint hint;
	bool recorded;
	enum read_status missing;
	uint64_t truncated_at_us;
	struct scxray_source *source; /* made when it is asked for */
	bool source_is_stale;	      /* of an earlier recording */
};

/* ---- create, destroy ------------------------------------------------------ */

struct scxray_snapshot *scxray_snapshot_create(struct scxray_live *live)
{
	struct scxray_snapshot *snapshot = calloc(1, sizeof(*snapshot));
	const struct phys *phys = &live->source.phys;

	if (!snapshot)
		return NULL;
	snapshot->max_vcpus = live->max_vcpus;
	snapshot->vcpus = calloc(live->max_vcpus ? live->max_vcpus : 1, sizeof(*snapshot->vcpus));
	snapshot->regions =
		calloc(phys->nr_regions ? phys->nr_regions : 1, sizeof(*snapshot->regions));
	/* the pages that each recording begins with are not counted in the budget */
	snapshot->pages =
		page_store_create(phys_nr_pages(phys), live->settings.max_copy_bytes / PAGE_SIZE +
							       live->nr_changing + FIRST_PAGES);
	if (!snapshot->vcpus || !snapshot->regions || !snapshot->pages ||
	    sleepers_init(&snapshot->sleepers, live->settings.max_task_stacks)) {
		scxray_snapshot_destroy(snapshot);
		return NULL;
	}
	for (size_t i = 0; i < phys->nr_regions; i++) {
		snapshot->regions[i].gpa = phys->regions[i].gpa;
		snapshot->regions[i].size = phys->regions[i].size;
	}
	snapshot->nr_regions = phys->nr_regions;
	page_store_populate(snapshot->pages, live->nr_expected);
	return snapshot;
}

void scxray_snapshot_destroy(struct scxray_snapshot *snapshot)
{
	if (!snapshot)
		return;
	scxray_source_close(snapshot->source);
	page_store_put(snapshot->pages);
	page_store_put(snapshot->base);
	while (snapshot->nr_retired)
		page_store_put(snapshot->retired[--snapshot->nr_retired]);
	sleepers_deinit(&snapshot->sleepers);
	free(snapshot->vcpus);
	free(snapshot->regions);
	free(snapshot);
}

/* ---- under the freeze ------------------------------------------------------- */

#define LEAF_SPAN (512 * PAGE_SIZE) /* what one last-level page table maps */

/*
 * A kernel maps itself in large pages and may split them later, for instance at the end of its boot:
 * the pages stay where they are, but other tables lead to them.
 */
static void record_tables(struct scxray_live *live, const struct live_range *range)
{
	uint64_t gpa;

	if (range->end - range->start > MAX_CONSTANT || range->end < range->start)
		return;
	for (uint64_t kva = range->start; kva < range->end; kva = (kva | (LEAF_SPAN - 1)) + 1)
		paging_translate(&live->g.paging, kva, &gpa);
}

void live_record_changing(struct scxray_live *live, struct recorder *rec)
{
	struct recorder unlimited = {
		.to = rec->to, .saved = rec->saved, .lost = rec->lost, .max_pages = UINT64_MAX
	};
	struct phys *phys = &live->source.phys;
	struct recorder *before = phys->recorder;

	phys->recorder = &unlimited;
	for (size_t i = 0; i < live->nr_changing; i++) {
		const uint8_t *host;
		size_t len;

		phys_page_at(phys, live->changing[i], &host, &len);
	}
	for (size_t i = 0; i < LIVE_NR_CONSTANT; i++)
		record_tables(live, &live->constant[i]);
	phys->recorder = before;
}

/* Why the scheduler ended is worth most, so it is read before all queues. */
static void record_exit(struct scxray_live *live)
{
	struct walk *w = &live->walk;
	struct scxray_exit_info info = { 0 };
	struct scxray_num root, kva;

	if (!has_symbol(w, S_scx_root)) {
		if (has_symbol(w, S_scx_exit_info))
			walk_exit_info(w, &info, read_symbol(w, S_scx_exit_info, false));
		return;
	}
	root = read_symbol(w, S_scx_root, false);
	if (root.state != SCXRAY_PRESENT || !root.value)
		return;
	read_optional(w, root.value, M_scx_sched_exit_kind);
	kva = read_optional(w, root.value, M_scx_sched_exit_info);
	walk_exit_info(w, &info, kva);
}

/* What the answer needs most: no deadline or budget cuts it.  A few pages a task, of a few hundred tasks. */
static void record_first(struct scxray_live *live, const struct recorder *rec)
{
	struct phys *phys = &live->source.phys;
	struct recorder *before = phys->recorder;
	struct recorder first = *rec;

	first.max_pages = UINT64_MAX;
	first.deadline = 0;

	phys->recorder = &first;
	record_exit(live);
	walk_stalled(&live->walk);
	phys->recorder = before;
}

static void record_vcpus(struct scxray_snapshot *snapshot, const struct scxray_live_vcpu *vcpus,
			 size_t nr)
{
	snapshot->nr_vcpus = nr < snapshot->max_vcpus ? nr : snapshot->max_vcpus;
	for (size_t i = 0; i < snapshot->nr_vcpus; i++)
		snapshot->vcpus[i] = (struct source_vcpu){
			.parked = vcpus[i].parked,
			.regs = vcpus[i].regs,
		};
}

static void use_base(struct scxray_snapshot *snapshot, struct page_store *base)
{
	if (snapshot->base == base)
		return;
	if (snapshot->base && snapshot->nr_retired < MAX_RETIRED)
		snapshot->retired[snapshot->nr_retired++] = snapshot->base;
	else /* so many kernels, and no report was made of any */
		page_store_put(snapshot->base);
	snapshot->base = page_store_get(base);
}

static void put_retired(struct scxray_snapshot *snapshot)
{
	while (snapshot->nr_retired)
		page_store_put(snapshot->retired[--snapshot->nr_retired]);
}

static void record_walk(struct scxray_live *live, struct scxray_snapshot *snapshot,
			struct recorder *rec)
{
	struct scxray_source *source = &live->source;
	struct source_vcpu *vcpus = source->vcpus;
	size_t nr_vcpus = source->nr_vcpus;
	uint32_t skip = live->walk.skip; /* a benchmark's */

	source->phys.recorder = rec;
	source->phys.recording = true;
	source->vcpus = snapshot->vcpus;
	source->nr_vcpus = snapshot->nr_vcpus;
	live_walk_start(live, WALK_RECORD);
	live->walk.skip = skip;
	/* all stacks are of one instant then: none is left for later */
	live->walk.sleepers = live->is_protected ? NULL : &snapshot->sleepers;
	live_record_changing(live, rec);
	if (live->kernel.has_types)
		record_first(live, rec);
	walkers_run(&live->walk);
	source->vcpus = vcpus;
	source->nr_vcpus = nr_vcpus;
	source->phys.recording = false;
	source->phys.recorder = NULL;
}

void scxray_live_record(struct scxray_live *live, struct scxray_snapshot *snapshot,
			const struct scxray_live_vcpu *vcpus, size_t nr_vcpus, uint64_t deadline_us,
			struct scxray_record_result *result)
{
	struct recorder rec = {
		.to = snapshot->pages, .base = live->base, .start = clock_us(), .stop = &live->stop
	};

	if (live->is_protected) {
		rec.saved = cow_saved(live->cow);
		rec.lost = cow_lost(live->cow);
	}
	*result = (struct scxray_record_result){ .resolved = live->resolved };
	page_store_reset(snapshot->pages);
	sleepers_reset(&snapshot->sleepers);
	record_vcpus(snapshot, vcpus, nr_vcpus);
	snapshot->source_is_stale = true;
	if (live->resolved) {
		if (deadline_us)
			rec.deadline = rec.start + deadline_us;
		rec.max_pages = live->nr_changing + live->settings.max_copy_bytes / PAGE_SIZE;
		use_base(snapshot, live->base);
		/* the tables by which it was found may have been those of a process that has gone */
		snapshot->hint = kernel_hint(&live->kernel);
		snapshot->hint.cr3 = live->root;
		record_walk(live, snapshot, &rec);
	} else {
		snapshot->hint = (struct boot_hint){ 0 };
	}
	snapshot->recorded = true;
	snapshot->missing = rec.late	    ? READ_DEADLINE
			    : rec.full	    ? READ_BUDGET
			    : rec.unfetched ? READ_FETCH
					    : READ_OK;
	snapshot->truncated_at_us = rec.late_us;
	result->us = clock_us() - rec.start;
	if (live->resolved)
		live->expected_us = result->us;
	result->pages = snapshot->pages->nr;
	result->sleepers = snapshot->sleepers.nr;
	result->deadline = rec.late;
	result->budget = rec.full;
}

/* ---- after the thaw ----------------------------------------------------------- */

void scxray_live_record_sleepers(struct scxray_live *live, struct scxray_snapshot *snapshot,
				 struct scxray_record_result *result)
{
	struct phys *phys = &live->source.phys;
	struct recorder rec = {
		.to = snapshot->pages,
		.base = live->base,
		.start = clock_us(),
		.max_pages = live->nr_changing + live->settings.max_copy_bytes / PAGE_SIZE,
	};
	uint32_t before = snapshot->pages->nr;

	if (live->walk.sleepers !=
	    &snapshot->sleepers) /* there are none, or the guest was walked again since */
		return;
	phys->recorder = &rec;
	phys->recording = true;
	live_aim(live); /* a look may have used later tables */
	result->ran = walk_sleepers(&live->walk);
	phys->recording = false;
	phys->recorder = NULL;
	live->walk.sleepers = NULL;
	if ((rec.full || rec.unfetched) && !snapshot->missing)
		snapshot->missing = rec.full ? READ_BUDGET : READ_FETCH;
	result->budget |= rec.full;
	result->sleepers_us = clock_us() - rec.start;
	result->sleepers_pages = snapshot->pages->nr - before;
}

static int by_gpa(const void *a, const void *b)
{
	const struct phys_page *x = a, *y = b;

	return x->gpa < y->gpa ? -1 : x->gpa > y->gpa;
}

/* The frozen pages, and of those from before the ones that were not recorded again. */
static struct phys_page *all_pages(const struct scxray_snapshot *snapshot, size_t *nr)
{
	const struct page_store *pages = snapshot->pages;
	const struct page_store *base = snapshot->hint.valid ? snapshot->base : NULL;
	struct phys_page *all = calloc(pages->nr + (base ? base->nr : 0) + 1, sizeof(*all));

	*nr = 0;
	if (!all)
		return NULL;
	for (uint32_t slot = 0; slot < pages->nr; slot++)
		all[(*nr)++] =
			(struct phys_page){ pages->gpa[slot], pages->bytes + slot * PAGE_SIZE };
	for (uint32_t slot = 0; base && slot < base->nr; slot++)
		if (!page_store_find(pages, base->number[slot]))
			all[(*nr)++] = (struct phys_page){ base->gpa[slot],
							   base->bytes + slot * PAGE_SIZE };
	qsort(all, *nr, sizeof(*all), by_gpa);
	return all;
}

static int take_ran(const struct scxray_snapshot *snapshot, struct phys *phys)
{
	size_t nr = snapshot->sleepers.nr_ran;
	uint64_t *gpas = malloc((nr + 1) * sizeof(*gpas));

	if (!gpas)
		return -1;
	memcpy(gpas, snapshot->sleepers.ran, nr * sizeof(*gpas));
	phys_set_ran(phys, gpas, nr);
	return 0;
}

static int fill(const struct scxray_snapshot *snapshot, struct scxray_source *source)
{
	struct phys_page *pages;
	size_t nr;

	source->kind = "vm";
	source->recorded = true;
	source->hint = snapshot->hint;
	source->truncated_at_us = snapshot->truncated_at_us;
	source->phys.missing_status = snapshot->missing;
	for (size_t i = 0; i < snapshot->nr_regions; i++)
		if (phys_add_region(&source->phys, snapshot->regions[i].gpa,
				    snapshot->regions[i].size, NULL))
			return -1;
	if (take_ran(snapshot, &source->phys))
		return -1;
	pages = all_pages(snapshot, &nr);
	if (!pages)
		return -1;
	phys_set_pages(&source->phys, pages, nr);
	source->vcpus = calloc(snapshot->nr_vcpus ? snapshot->nr_vcpus : 1, sizeof(*source->vcpus));
	if (!source->vcpus)
		return -1;
	memcpy(source->vcpus, snapshot->vcpus, snapshot->nr_vcpus * sizeof(*source->vcpus));
	source->nr_vcpus = snapshot->nr_vcpus;
	return 0;
}

struct scxray_source *scxray_snapshot_source(struct scxray_snapshot *snapshot,
					     struct scxray_error *err)
{
	if (!snapshot->recorded) {
		scxray_fail(err, SCXRAY_ERR_INVALID, 0, "nothing has been recorded yet");
		return NULL;
	}
	if (snapshot->source && !snapshot->source_is_stale)
		return snapshot->source;
	scxray_source_close(snapshot->source);
	put_retired(snapshot);
	snapshot->source = calloc(1, sizeof(*snapshot->source));
	if (!snapshot->source || fill(snapshot, snapshot->source)) {
		scxray_source_close(snapshot->source);
		snapshot->source = NULL;
		scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
	snapshot->source_is_stale = false;
	return snapshot->source;
}
