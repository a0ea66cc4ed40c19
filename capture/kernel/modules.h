/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * modules.h - code of loadable modules: which module has an address, its symbols, its unwind tables
 *
 * The places of all modules are read at once; a module's symbols (some hundred KB for a big one) are read
 * only when an address in it is to be named.  All of this is in the report's memory.
 * Facts: kernel/module/{main,kallsyms}.c, arch/x86/kernel/unwind_orc.c.
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
	/* its code; also its init code while it is being loaded */
	struct module_text {
		uint64_t start, end;
	} text[2];
	/* its ORC tables; 0 entries: none */
	uint64_t orc_ips, orc_entries;
	uint32_t nr_orcs;
	/* symbols of code, by address; none if not needed yet, or unreadable */
	bool asked;
	struct module_symbol *symbols;
	uint32_t nr_symbols;
	const char *strings;
	uint32_t strings_size;
};

struct modules {
	struct module *list;
	size_t nr;
	const char *cut; /* why there may be more; NULL: these are all */
};

/* Sorts a module's symbols by address; equal ones keep their order.  No malloc. */
void modules_sort(struct module_symbol *symbols, uint32_t nr);

/* The module whose code holds `addr`, or NULL.  `modules` may be NULL. */
struct module *modules_find(const struct modules *modules, uint64_t addr);

/*
 * "name+0x1c [module]": the symbol is that of addr - back, the offset that of `addr`.  NULL if no module's
 * code holds addr - back.  Without the module's symbols: "0x1c [module]", counted from the code's start.
 */
const char *modules_name(const struct modules *modules, uint64_t addr, unsigned back, char *buf,
			 size_t size);

#endif
