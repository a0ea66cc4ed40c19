/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * symbol_of.c - the names of addresses, also of those in modules
 */
#include <string.h>

#include "capture/read/symbol_of.h"

#include "capture/kernel/modules.h"
#include "capture/read/bpf_prog.h"
#include "capture/read/modules.h"
#include "capture/read/walk.h"

const char *symbol_of(struct walk *w, uint64_t addr)
{
	char buf[600];
	const char *name;

	modules_need(w, addr);
	if (is_recording(w))
		return NULL;
	name = modules_name(w->modules, addr, 0, buf, sizeof(buf));
	if (!name)
		name = symbols_name(&w->k->symbols, addr, buf, sizeof(buf));
	return name ? pool_strndup(w->pool, name, strlen(name)) : NULL;
}

const char *return_symbol_of(struct walk *w, uint64_t addr)
{
	char buf[600];
	const char *name;

	modules_need(w, addr - 1);
	if (is_recording(w))
		return NULL;
	name = modules_name(w->modules, addr, 1, buf, sizeof(buf));
	if (!name)
		name = symbols_return_name(&w->k->symbols, addr, buf, sizeof(buf));
	return name ? pool_strndup(w->pool, name, strlen(name)) : NULL;
}

struct scxray_address frame_of(struct walk *w, uint64_t addr, bool exact)
{
	return (struct scxray_address){
		.addr = { .value = addr, .state = SCXRAY_PRESENT },
		.symbol = exact ? symbol_of(w, addr) : return_symbol_of(w, addr),
		.bpf = bpf_prog_line(w, addr, exact ? 0 : 1),
	};
}
