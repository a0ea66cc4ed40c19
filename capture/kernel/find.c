/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * find.c - finds the kernel in a guest's memory, with no help from the guest
 *
 * Several routes lead to page tables and to the kallsyms tables.  What they give is a
 * guess until the banner confirms it: symbols_load() fails unless the symbol
 * linux_banner leads to "Linux version".
 */
#include "capture/kernel/find.h"

#include <stdlib.h>
#include <string.h>

#include <base/array.h>

#include <scxray/vcpu.h>

#include "capture/image/vmcoreinfo.h"

#define START_KERNEL_MAP 0xffffffff80000000ULL
#define KERNEL_IMAGE_MAX (1ULL << 30)
#define KERNEL_STEP (2ULL << 20) /* the kernel starts at a multiple of this */
#define SEARCH_MAX (192ULL << 20)
#define CR4_LA57 (1ULL << 12)
#define CR3_PTI_USER (1ULL << 12)
#define IDT_GATE_BYTES 16

static const char *const route_text[ROUTE_NR] = {
	[ROUTE_NONE] = "nothing",
	[ROUTE_VMCOREINFO_NOTE] = "VMCOREINFO note",
	[ROUTE_LSTAR] = "LSTAR and page tables",
	[ROUTE_IDT] = "IDT and page tables",
	[ROUTE_PAGE_TABLES] = "page tables",
	[ROUTE_VMCOREINFO_SCAN] = "VMCOREINFO found in memory",
};

const char *kernel_route_text(enum kernel_route route)
{
	return route < ROUTE_NR ? route_text[route] : route_text[ROUTE_NONE];
}

/*
 * Loads the symbols through the current page tables; keeps `where` and the route on success.
 * A replay reads the same bytes from here on, so these reads are recorded.  The TLB is emptied first, so
 * that the page tables are read, and recorded, again.
 */
static bool accept_symbols(struct kernel *k, struct guest *g, const struct kallsyms_where *where,
			   enum kernel_route route, struct scxray_error *err)
{
	int failed;

	paging_set_root(&g->paging, g->phys, g->paging.root, g->paging.levels);
	g->phys->recording = true;
	failed = symbols_load(&k->symbols, g, where, err);
	g->phys->recording = false;
	if (failed)
		return false;
	k->where = *where;
	k->route = route;
	k->cr3 = g->paging.root;
	k->levels = g->paging.levels;
	return true;
}

/* ---- by VMCOREINFO ------------------------------------------------------- */

static bool where_from_vmcoreinfo(struct guest *g, const char *info, struct kallsyms_where *where)
{
	uint64_t base;

	*where = (struct kallsyms_where){ 0 };
	/* up to 6.19; the other symbols are tables, this is a variable */
	if (vmcoreinfo_symbol(info, "kallsyms_relative_base", &base) &&
	    guest_read_u64(g, base, &where->relative_base))
		return false;
	return vmcoreinfo_symbol(info, "kallsyms_num_syms", &where->num_syms) &&
	       vmcoreinfo_symbol(info, "kallsyms_names", &where->names) &&
	       vmcoreinfo_symbol(info, "kallsyms_token_table", &where->token_table) &&
	       vmcoreinfo_symbol(info, "kallsyms_token_index", &where->token_index) &&
	       vmcoreinfo_symbol(info, "kallsyms_offsets", &where->offsets);
}

static bool by_vmcoreinfo(struct kernel *k, struct guest *g, const char *info,
			  enum kernel_route route, struct scxray_error *err)
{
	struct kallsyms_where where;
	int64_t phys_base, l5 = 0;
	uint64_t root;

	if (!vmcoreinfo_number(info, "phys_base", &phys_base) ||
	    (!vmcoreinfo_symbol(info, "init_top_pgt", &root) &&
	     !vmcoreinfo_symbol(info, "swapper_pg_dir", &root)))
		return false;
	vmcoreinfo_number(info, "pgtable_l5_enabled", &l5);
	paging_set_root(&g->paging, g->phys, root - START_KERNEL_MAP + (uint64_t)phys_base,
			l5 ? 5 : 4);
	return where_from_vmcoreinfo(g, info, &where) && accept_symbols(k, g, &where, route, err);
}

static bool by_note(struct kernel *k, struct guest *g, struct scxray_source *source,
		    struct scxray_error *err)
{
	return source->vmcoreinfo &&
	       by_vmcoreinfo(k, g, source->vmcoreinfo, ROUTE_VMCOREINFO_NOTE, err);
}

/* The last resort: the note's text somewhere in RAM, at the start of a page. */
static bool by_scan(struct kernel *k, struct guest *g, struct scxray_error *err)
{
	for (uint64_t at = 0; (at = phys_next_data(g->phys, at)) != UINT64_MAX; at += PAGE_SIZE) {
		char info[PAGE_SIZE + 1];

		phys_copy(g->phys, at, info, 10);
		if (memcmp(info, "OSRELEASE=", 10))
			continue;
		phys_copy(g->phys, at, info, PAGE_SIZE);
		info[PAGE_SIZE] = '\0';
		if (by_vmcoreinfo(k, g, info, ROUTE_VMCOREINFO_SCAN, err))
			return true;
	}
	return false;
}

/* ---- by registers -------------------------------------------------------- */

static bool known(const struct scxray_regs *regs, enum scxray_reg reg)
{
	return regs->known >> reg & 1 && regs->value[reg];
}

static bool is_mapped(struct guest *g, uint64_t va)
{
	uint64_t gpa;

	return paging_translate(&g->paging, va, &gpa) == READ_OK;
}

/* The kernel's first address, found from `inside`, an address of its text: it is mapped without a gap. */
static uint64_t text_below(struct guest *g, uint64_t inside)
{
	uint64_t va = inside & ~(KERNEL_STEP - 1);

	if (inside < START_KERNEL_MAP || !is_mapped(g, va))
		return 0;
	while (va > START_KERNEL_MAP && is_mapped(g, va - KERNEL_STEP))
		va -= KERNEL_STEP;
	return va;
}

static uint64_t text_by_lstar(struct guest *g, const struct scxray_regs *regs)
{
	return known(regs, SCXRAY_REG_LSTAR) ? text_below(g, regs->value[SCXRAY_REG_LSTAR]) : 0;
}

/* Gate 0 of the IDT is asm_exc_divide_error. */
static uint64_t text_by_idt(struct guest *g, const struct scxray_regs *regs)
{
	uint8_t gate[IDT_GATE_BYTES];
	uint64_t handler = 0;

	if (!known(regs, SCXRAY_REG_IDT_BASE) ||
	    guest_read(g, regs->value[SCXRAY_REG_IDT_BASE], gate, sizeof(gate)))
		return 0;
	memcpy(&handler, gate, 2);
	memcpy((uint8_t *)&handler + 2, gate + 6, 6);
	return text_below(g, handler);
}

/* The kernel is the lowest mapping in its half of the address space. */
static uint64_t text_by_page_tables(struct guest *g, const struct scxray_regs *regs)
{
	(void)regs;
	for (uint64_t va = START_KERNEL_MAP; va < START_KERNEL_MAP + KERNEL_IMAGE_MAX;
	     va += KERNEL_STEP)
		if (is_mapped(g, va))
			return va;
	return 0;
}

static const struct {
	enum kernel_route route;
	uint64_t (*text)(struct guest *g, const struct scxray_regs *regs);
} text_routes[] = {
	{ ROUTE_LSTAR, text_by_lstar },
	{ ROUTE_IDT, text_by_idt },
	{ ROUTE_PAGE_TABLES, text_by_page_tables },
};

/* All vCPUs may lead to one image: false if it was searched before and had no symbols. */
static bool worth_a_search(const struct kernel *k, uint64_t gpa)
{
	for (unsigned i = 0; i < k->nr_searched; i++)
		if (k->searched[i] == gpa)
			return false;
	return k->nr_searched < KERNEL_MAX_IMAGES;
}

/* The kernel image in RAM: the guest's own bytes if they are in this process, else copies of pieces. */
struct image_in_ram {
	struct kallsyms_image image;
	struct phys *phys;
	uint64_t gpa;
	const uint8_t *host; /* or NULL */
	struct {
		uint8_t *bytes;
		size_t size;
	} copy[KALLSYMS_NR_PIECES];
};

static const uint8_t *image_bytes(struct kallsyms_image *image, enum kallsyms_piece piece,
				  uint64_t at, size_t len)
{
	struct image_in_ram *ram = (struct image_in_ram *)image;

	if (ram->host)
		return ram->host + at;
	if (ram->copy[piece].size < len) {
		free(ram->copy[piece].bytes);
		ram->copy[piece].bytes = malloc(len);
		ram->copy[piece].size = ram->copy[piece].bytes ? len : 0;
	}
	if (ram->copy[piece].bytes)
		phys_copy(ram->phys, ram->gpa + at, ram->copy[piece].bytes, len);
	return ram->copy[piece].bytes;
}

/* Searches the kernel image that starts at `text` and is contiguous in physical memory. */
static bool search_image(struct kernel *k, struct guest *g, uint64_t text, enum kernel_route route,
			 struct scxray_error *err)
{
	struct image_in_ram ram = { .image = { .va = text, .bytes = image_bytes },
				    .phys = g->phys };
	struct kallsyms_where where;
	bool found;

	if (paging_translate(&g->paging, text, &ram.gpa) || !worth_a_search(k, ram.gpa))
		return false;
	ram.host = phys_host(g->phys, ram.gpa);
	if (!ram.host && !g->phys->fetch.read)
		return false;
	ram.image.size = phys_size_from(g->phys, ram.gpa, SEARCH_MAX);
	found = kallsyms_search(&ram.image, &where);
	for (size_t i = 0; i < KALLSYMS_NR_PIECES; i++)
		free(ram.copy[i].bytes);
	if (found && accept_symbols(k, g, &where, route, err))
		return true;
	if (!found)
		k->searched[k->nr_searched++] = ram.gpa;
	return false;
}

static bool by_cr3(struct kernel *k, struct guest *g, const struct scxray_regs *regs, uint64_t cr3,
		   struct scxray_error *err)
{
	bool la57 = known(regs, SCXRAY_REG_CR4) && regs->value[SCXRAY_REG_CR4] & CR4_LA57;
	uint64_t tried = 0;

	paging_set_root(&g->paging, g->phys, cr3, la57 ? 5 : 4);
	for (size_t i = 0; i < ARRAY_SIZE(text_routes); i++) {
		uint64_t text = text_routes[i].text(g, regs);

		if (!text || text == tried)
			continue;
		if (search_image(k, g, text, text_routes[i].route, err))
			return true;
		tried = text;
	}
	return false;
}

static bool by_registers(struct kernel *k, struct guest *g, struct scxray_source *source,
			 struct scxray_error *err)
{
	for (size_t i = 0; i < source->nr_vcpus; i++) {
		const struct scxray_regs *regs = &source->vcpus[i].regs;
		uint64_t cr3 = regs->value[SCXRAY_REG_CR3];

		if (!known(regs, SCXRAY_REG_CR3))
			continue;
		/* under PTI bit 12 marks the user half; without PTI it is part of the address */
		if (by_cr3(k, g, regs, cr3, err) ||
		    ((cr3 & CR3_PTI_USER) && by_cr3(k, g, regs, cr3 & ~CR3_PTI_USER, err)))
			return true;
	}
	return false;
}

/* ---- by a core's own memory ---------------------------------------------- */

static bool by_hint(struct kernel *k, struct guest *g, struct scxray_source *source,
		    struct scxray_error *err)
{
	const struct boot_hint *hint = &source->hint;

	if (!hint->valid || hint->found_by >= ROUTE_NR)
		return false;
	paging_set_root(&g->paging, g->phys, hint->cr3, hint->levels == 5 ? 5 : 4);
	return accept_symbols(k, g, &hint->kallsyms, (enum kernel_route)hint->found_by, err);
}

bool kernel_find(struct kernel *k, struct guest *g, struct scxray_source *source,
		 struct scxray_error *err)
{
	bool found;

	source->phys.recording = false; /* a search reads pages that no report needs */
	if (source->hint.valid)
		found = by_hint(k, g, source, err);
	else
		found = by_note(k, g, source, err) || by_registers(k, g, source, err) ||
			(!source->no_scan && by_scan(k, g, err));
	source->phys.recording = true;
	return found;
}
