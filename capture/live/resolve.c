/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * resolve.c - finding the kernel of a guest that runs
 *
 * Whatever is read here may change meanwhile.  So each page is copied when it is first read
 * (record.h), and a kernel that has not yet finished booting is not taken.
 */
#include <stdlib.h>
#include <string.h>

#include <scxray/map.h>

#include "capture/live/live.h"
#include "capture/map/maps.h"
#include "capture/walk/walkers.h"

#define MAX_BASE_PAGES (1u << 16) /* symbols, types and unwind tables: 20 MiB are usual */
#define SYSTEM_RUNNING 3	  /* enum system_states, where BTF lacks it */
#define MAX_ORC (64u << 20)

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
		/* the page tables are known: no need to search RAM while the guest boots */
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
	if (live_identify(live, err))
		return -1;
	if (!live->kernel.has_types)
		return 0;
	/* its CPUs, and its clock's rate */
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

	live_forget(live);
	phys_forget(phys);
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
		live_forget(live);
	else
		live->resolved = true;
	return failed;
}
