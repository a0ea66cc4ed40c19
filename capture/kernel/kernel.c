/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel.c - the kernel that was found: its page tables, per-CPU areas, types and layout
 */
#include <stdlib.h>
#include <string.h>

#include "capture/base/clock.h"
#include "capture/kernel/find.h"
#include "capture/kernel/kernel.h"
#include "capture/image/vmcoreinfo.h"

#define START_KERNEL_MAP 0xffffffff80000000ULL

struct boot_hint kernel_hint(const struct kernel *k)
{
	return (struct boot_hint){
		.valid = true,
		.cr3 = k->cr3,
		.levels = k->levels,
		.kallsyms = k->where,
		.found_by = k->route,
	};
}

/* The kernel's own top table maps all of it; that of the process a vCPU ran may not. */
static void use_kernel_root(struct kernel *k, struct guest *g)
{
	uint64_t root = k->layout.symbol[S_init_top_pgt];
	struct paging before = g->paging;
	char banner[14];
	uint64_t gpa;

	if (!root)
		root = k->layout.symbol[S_swapper_pg_dir];
	if (!root || paging_translate(&g->paging, root, &gpa))
		return;
	paging_set_root(&g->paging, g->phys, gpa, before.levels);
	if (guest_read(g, k->layout.symbol[S_linux_banner], banner, sizeof(banner)) ||
	    memcmp(banner, "Linux version ", sizeof(banner)))
		g->paging = before;
}

static void find_kaslr_offset(struct kernel *k, struct guest *g, const struct scxray_source *source)
{
	char info[PAGE_SIZE + 1];
	uint64_t data, size;

	if (source->vmcoreinfo)
		k->has_kaslr_offset =
			vmcoreinfo_hex(source->vmcoreinfo, "KERNELOFFSET", &k->kaslr_offset);
	if (k->has_kaslr_offset || !k->layout.symbol[S_vmcoreinfo_data] ||
	    guest_read_u64(g, k->layout.symbol[S_vmcoreinfo_data], &data) ||
	    guest_read_u64(g, k->layout.symbol[S_vmcoreinfo_size], &size))
		return;
	if (size > PAGE_SIZE)
		size = PAGE_SIZE;
	if (guest_read(g, data, info, size))
		return;
	info[size] = '\0';
	k->has_kaslr_offset = vmcoreinfo_hex(info, "KERNELOFFSET", &k->kaslr_offset);
}

static int load_percpu(struct kernel *k, struct guest *g, struct scxray_error *err)
{
	uint64_t nr_addr = k->layout.symbol[S_nr_cpu_ids];
	uint64_t offsets = k->layout.symbol[S___per_cpu_offset];
	uint32_t nr = 0;

	if (nr_addr && guest_read_u32(g, nr_addr, &nr) == READ_OK && nr > 0 && offsets) {
		if (nr > KERNEL_MAX_CPUS)
			return scxray_fail(err, SCXRAY_ERR_GUEST, nr_addr,
					   "nr_cpu_ids is %u: not believable", nr);
		k->percpu = calloc(nr, sizeof(*k->percpu));
		if (!k->percpu)
			return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
		if (guest_read(g, offsets, k->percpu, nr * sizeof(*k->percpu)) == READ_OK)
			k->nr_cpus = nr;
	}
	return 0;
}

static void load_types(struct kernel *k, struct guest *g, const struct types *known)
{
	uint64_t start = k->layout.symbol[S___start_BTF], stop = k->layout.symbol[S___stop_BTF];

	if (!start || !stop)
		scxray_fail(&k->types_error, SCXRAY_ERR_GUEST, 0, "this kernel has no BTF");
	else if (!types_load(&k->types, g, start, stop, NULL, known, &k->types_error))
		k->has_types = true;
	if (k->has_types)
		layout_find_members(&k->layout, &k->types);
}

/*
 * Records system_state.  No report needs it, but a core must hold it: where a core is restored into a VM,
 * capture/live/resolve.c reads from this word whether the kernel still boots.
 */
static void keep_system_state(const struct kernel *k, struct guest *g)
{
	uint32_t state;

	(void)guest_read_u32(g, k->layout.symbol[S_system_state], &state);
}

int kernel_load(struct kernel *k, struct guest *g, struct scxray_source *source,
		struct scxray_error *err)
{
	struct scxray_error why = { 0 };
	uint64_t start = clock_us(), gpa;

	memset(k, 0, sizeof(*k));
	g->phys = &source->phys;
	if (!kernel_find(k, g, source, &why)) {
		if (why.code)
			return scxray_fail(err, why.code, why.addr, "no Linux kernel found: %.200s",
					   why.text);
		return scxray_fail(
			err, SCXRAY_ERR_GUEST, 0,
			"no Linux kernel found in this memory: no vCPU's page tables map one, "
			"and there is no VMCOREINFO");
	}
	k->us_symbols = clock_us() - start;
	layout_find_symbols(&k->layout, &k->symbols);
	k->text = k->layout.symbol[S__text];
	if (k->text && paging_translate(&g->paging, k->text, &gpa) == READ_OK)
		k->phys_base = gpa - (k->text - START_KERNEL_MAP);
	use_kernel_root(k, g);
	find_kaslr_offset(k, g, source);
	keep_system_state(k, g);
	k->us_find = clock_us() - start;
	if (load_percpu(k, g, err))
		return -1;
	start = clock_us();
	load_types(k, g, source->known_types);
	k->us_types = clock_us() - start;
	return 0;
}

void kernel_deinit(struct kernel *k)
{
	symbols_deinit(&k->symbols);
	types_deinit(&k->types);
	free(k->percpu);
	memset(k, 0, sizeof(*k));
}
