/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live.c - a guest that runs: its kernel is found once, while it runs
 *
 * Whatever is read here may change meanwhile.  So each page is copied when it is first read
 * (record.h), and a kernel that has not yet finished booting is not taken.
 */
#include <stdlib.h>
#include <string.h>

#include "live.h"

#define MAX_BASE_PAGES (1u << 16) /* symbols, types and unwind tables: 20 MiB are usual */
#define SYSTEM_RUNNING 3	  /* enum system_states, where BTF does not have it */
#define MAX_ORC (64u << 20)

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

/* What is known of one kernel. */
static void forget(struct scxray_live *live)
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
	forget(live);
	page_store_put(live->scratch);
	pool_deinit(&live->pool);
	for (size_t i = 0; i < live->nr_names; i++)
		free(live->names[i]);
	free(live->names);
	free(live->source.vcpus);
	phys_deinit(&live->source.phys);
	free(live);
}

/* ---- resolve --------------------------------------------------------------- */

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

static int set_vcpus(struct scxray_live *live, const struct scxray_live_vcpu *vcpus, size_t nr,
		     struct scxray_error *err)
{
	struct scxray_source *source = &live->source;

	free(source->vcpus);
	source->nr_vcpus = 0;
	source->vcpus = calloc(nr ? nr : 1, sizeof(*source->vcpus));
	if (!source->vcpus)
		return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	for (size_t i = 0; i < nr; i++) {
		if (!vcpus[i].parked)
			continue;
		source->vcpus[source->nr_vcpus].parked = true;
		source->vcpus[source->nr_vcpus++].regs = vcpus[i].regs;
		/* with page tables at hand, RAM need not be read through while the guest boots */
		source->no_scan |= vcpus[i].regs.known >> SCXRAY_REG_CR3 & 1;
	}
	return 0;
}

/* Before that, tables and constants are still being moved about and filled in. */
static int check_booted(struct scxray_live *live, struct scxray_error *err)
{
	const struct kernel *k = &live->kernel;
	uint64_t addr = k->layout.symbol[S_system_state], running = SYSTEM_RUNNING;
	uint32_t state = 0;

	if (!addr)
		return 0;
	if (k->has_types)
		types_enumerator(&k->types, "system_states", "SYSTEM_RUNNING", &running);
	if (guest_read_u32(&live->g, addr, &state) || state < running)
		return scxray_fail(err, SCXRAY_ERR_GUEST, addr,
				   "the guest's kernel is still booting (system_state %u): try "
				   "again later",
				   state);
	return 0;
}

static int check_types(const struct kernel *k, struct scxray_error *err)
{
	if (!k->has_types && k->layout.symbol[S___start_BTF] && k->layout.symbol[S___stop_BTF])
		return scxray_fail(err, SCXRAY_ERR_GUEST, k->types_error.addr,
				   "the guest kernel's types: %.200s: try again later",
				   k->types_error.text);
	if (!k->nr_cpus)
		return scxray_fail(err, SCXRAY_ERR_GUEST, 0,
				   "the guest's kernel has no per-CPU memory yet: try again later");
	return 0;
}

/* Whole pages of a range that no kernel writes to once it runs. */
static void mark_constant(struct scxray_live *live, size_t i, uint64_t start, uint64_t end)
{
	struct page_store *base = live->base;

	live->constant[i] = (struct live_range){ start, end };
	live->source.phys.recording = false;
	for (uint64_t kva = (start + PAGE_MASK) & ~PAGE_MASK;
	     end > PAGE_SIZE && kva >= start && kva <= end - PAGE_SIZE; kva += PAGE_SIZE) {
		uint64_t gpa;
		uint32_t slot;
		uint64_t number;

		if (paging_translate(&live->g.paging, kva, &gpa) ||
		    !phys_number(&live->source.phys, gpa, &number))
			continue;
		slot = base->slot_of[number];
		if (slot)
			base->constant[slot - 1] = 1;
	}
}

static int split_base(struct scxray_live *live, struct scxray_error *err)
{
	const struct kallsyms_where *where = &live->kernel.where;
	const uint64_t *symbol = live->kernel.layout.symbol;
	struct page_store *base = live->base;

	mark_constant(live, 0, where->names, where->offsets + 4ULL * live->kernel.symbols.nr);
	mark_constant(live, 1, symbol[S___start_BTF], symbol[S___stop_BTF]);
	mark_constant(live, 2, symbol[S___start_orc_unwind_ip], symbol[S___stop_orc_unwind_ip]);
	mark_constant(live, 3, symbol[S___start_orc_unwind], symbol[S___stop_orc_unwind]);
	live->changing = malloc((base->nr ? base->nr : 1) * sizeof(*live->changing));
	if (!live->changing)
		return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	for (uint32_t slot = 0; slot < base->nr; slot++)
		if (!base->constant[slot])
			live->changing[live->nr_changing++] = base->gpa[slot];
	return 0;
}

/* So that stacks may be unwound from the copies, long after the freeze. */
static void touch_orc(struct scxray_live *live)
{
	static const enum layout_symbol tables[][2] = {
		{ S___start_orc_unwind_ip, S___stop_orc_unwind_ip },
		{ S___start_orc_unwind, S___stop_orc_unwind },
	};
	const uint64_t *symbol = live->kernel.layout.symbol;

	for (size_t i = 0; i < 2; i++) {
		uint64_t start = symbol[tables[i][0]], stop = symbol[tables[i][1]];

		if (start && stop > start && stop - start <= MAX_ORC)
			guest_touch(&live->g, start, stop - start);
	}
}

/* The words that tell this boot from the next one. */
static int identify(struct scxray_live *live, struct scxray_error *err)
{
	const struct kernel *k = &live->kernel;
	struct live_identity *id = &live->identity;
	uint32_t task = k->has_types ? types_find(&k->types, "task_struct", BTF_KIND_STRUCT) : 0;
	struct member canary =
		task ? types_member(&k->types, task, "stack_canary") : (struct member){ 0 };
	size_t len;

	memset(id, 0, sizeof(*id));
	guest_read_string(&live->g, k->layout.symbol[S_linux_banner], id->banner,
			  sizeof(id->banner), &len);
	guest_read(&live->g, k->where.token_table, id->tokens, sizeof(id->tokens));
	if (canary.present && canary.size == 8 && k->layout.symbol[S_init_task] &&
	    !guest_read_u64(&live->g, k->layout.symbol[S_init_task] + canary.offset, &id->canary))
		id->canary_kva = k->layout.symbol[S_init_task] + canary.offset;
	if (k->layout.symbol[S_jiffies_64])
		guest_read_u64(&live->g, k->layout.symbol[S_jiffies_64], &id->jiffies);
	if (strncmp(id->banner, "Linux version ", 14))
		return scxray_fail(err, SCXRAY_ERR_GUEST, k->layout.symbol[S_linux_banner],
				   "the guest's kernel went away while it was looked at");
	return 0;
}

static int resolve(struct scxray_live *live, struct recorder *rec, struct scxray_error *err)
{
	struct phys *phys = &live->source.phys;

	if (kernel_load(&live->kernel, &live->g, &live->source, err) || check_booted(live, err) ||
	    check_types(&live->kernel, err))
		return -1;
	live->root = live->g.paging.root;
	live->levels = live->g.paging.levels;
	live_aim(live);
	touch_orc(live);
	if (rec->full)
		return scxray_fail(err, SCXRAY_ERR_GUEST, 0,
				   "the guest kernel's tables are larger than any believable ones");
	if (split_base(live, err))
		return -1;
	phys->recording = false;
	if (identify(live, err))
		return -1;
	if (!live->kernel.has_types)
		return 0;
	/* who its CPUs are and how fast its clock ticks */
	page_store_reset(live->scratch);
	*rec = (struct recorder){ .to = live->scratch, .max_pages = UINT64_MAX };
	phys->recording = true;
	live_walk_start(live, WALK_REHEARSE);
	walk_guest(&live->walk, &live->source);
	walk_rqs(&live->walk);
	page_store_release(live->scratch);
	return live_plan_look(live, err);
}

int scxray_live_resolve(struct scxray_live *live, const struct scxray_live_vcpu *vcpus,
			size_t nr_vcpus, struct scxray_error *err)
{
	struct phys *phys = &live->source.phys;
	struct recorder rec = { .max_pages = UINT64_MAX };
	int failed;

	forget(live);
	live->btf_cache = btf_cache_create();
	live->base = page_store_create(phys_nr_pages(phys), MAX_BASE_PAGES);
	if (!live->base || !live->btf_cache)
		return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	if (set_vcpus(live, vcpus, nr_vcpus < live->max_vcpus ? nr_vcpus : live->max_vcpus, err))
		return -1;
	rec.to = live->base;
	phys->recorder = &rec;
	failed = resolve(live, &rec, err);
	phys->recorder = NULL;
	phys->recording = false;
	if (failed)
		forget(live);
	else
		live->resolved = true;
	return failed;
}

/* ---- is it still there ------------------------------------------------------ */

static bool still_holds(struct scxray_live *live, uint64_t kva, const void *bytes, size_t size)
{
	uint8_t now[256];

	return size <= sizeof(now) && !guest_read(&live->g, kva, now, size) &&
	       !memcmp(now, bytes, size);
}

/*
 * Not seen: a reboot of a kernel without stack protector into the very same image at the
 * very same addresses, that has by now been up for longer than the one before.
 */
bool scxray_live_resolved(struct scxray_live *live)
{
	const struct kernel *k = &live->kernel;
	struct live_identity *id = &live->identity;
	uint64_t jiffies;

	if (!live->resolved)
		return false;
	live_aim(live);
	if (!still_holds(live, k->layout.symbol[S_linux_banner], id->banner, strlen(id->banner)) ||
	    !still_holds(live, k->where.token_table, id->tokens, sizeof(id->tokens)) ||
	    (id->canary_kva && !still_holds(live, id->canary_kva, &id->canary, 8)))
		return false;
	if (k->layout.symbol[S_jiffies_64]) {
		if (guest_read_u64(&live->g, k->layout.symbol[S_jiffies_64], &jiffies) ||
		    jiffies < id->jiffies)
			return false;
		id->jiffies = jiffies;
	}
	return true;
}

/* ---- the rehearsal ----------------------------------------------------------- */

int scxray_live_prepare(struct scxray_live *live, struct scxray_error *err)
{
	struct recorder rec = { .to = live->scratch,
				.base = live->base,
				.max_pages = live->settings.max_copy_bytes / PAGE_SIZE };
	struct phys *phys = &live->source.phys;

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
	run_walkers(&live->walk);
	phys->recording = false;
	phys->recorder = NULL;
	live_find_latch(live);
	live->nr_expected = live->scratch->nr + live->scratch->nr / 4;
	page_store_release(live->scratch);
	/* the frozen walk uses as much, and somewhat more where the guest has grown */
	pool_populate(&live->pool, live->pool.used + live->pool.used / 4);
	return 0;
}
