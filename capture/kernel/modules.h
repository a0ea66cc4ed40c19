/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * modules.h - code of loadable modules: whose it is, its symbols, its unwind tables
 *
 * Where modules stand is read at once; a module's symbols (some hundred KB for a big
 * one) only when an address in it is to be named.  All of it is in the report's
 * memory.  Facts: kernel/module/{main,kallsyms}.c, arch/x86/kernel/unwind_orc.c.
 */
#ifndef CAPTURE_MODULES_H
#define CAPTURE_MODULES_H

#include "capture/memory/guest.h"
#include "capture/base/pool.h"

struct module_symbol {
	uint64_t addr;
	uint32_t name; /* offset in `strings`; a NUL follows within MODULE_NAME_MAX bytes */
	uint32_t index;
};

#define MODULE_NAME_MAX 512 /* KSYM_NAME_LEN */

struct module {
	const char *name;
	uint64_t kva;
	/* its code; while it is being loaded, init code as well */
	struct module_text {
		uint64_t start, end;
	} text[2];
	/* its ORC tables; 0 entries: none */
	uint64_t orc_ips, orc_entries;
	uint32_t nr_orcs;
	/* of code, by address; none where they were not needed yet, or unreadable */
	bool asked;
	struct module_symbol *symbols;
	uint32_t nr_symbols;
	const char *strings;
	uint32_t strings_size;
};

struct modules {
	struct module *list;
	size_t nr;
	const char *cut; /* why there may be more, NULL if there are not */
};

/* Sorts a module's symbols by address, equal ones as they came.  No malloc. */
void modules_sort(struct module_symbol *symbols, uint32_t nr);

/* The module whose code holds `addr`, or NULL.  `modules` may be NULL. */
struct module *modules_find(const struct modules *modules, uint64_t addr);

/*
 * "name+0x1c [module]" for an address `back` bytes behind what is meant; NULL where no
 * module's code holds that.  Without its symbols: "0x1c [module]", from the code's start.
 */
const char *modules_name(const struct modules *modules, uint64_t addr, unsigned back, char *buf,
			 size_t size);

#endif
