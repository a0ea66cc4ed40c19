/* SPDX-License-Identifier: BSD-2-Clause */
#include "symbols_fixture.h"

#include <stdlib.h>
#include <string.h>

#define RAM_SIZE (64ULL << 20)

void symbols_fixture_build(struct symbols_fixture *f, const struct kallsyms_symbol *symbols,
			   uint32_t nr, struct kallsyms_options options)
{
	memset(f, 0, sizeof(*f));
	guest_init(&f->b, 0x100000, RAM_SIZE, 4);
	guest_put(&f->b, FIXTURE_BANNER, "Linux version 6.18.15 (gcc)", 28);
	f->tables = kallsyms_build(FIXTURE_TABLES, symbols, nr, options);
}

int symbols_fixture_load(struct symbols_fixture *f)
{
	guest_put(&f->b, f->tables.va, f->tables.bytes, f->tables.size);
	return symbols_load(&f->symbols, &f->b.guest, &f->tables.where, &f->err);
}

const char *symbols_fixture_name(struct symbols_fixture *f, uint64_t addr)
{
	memset(f->name, 'x', sizeof(f->name));
	return symbols_name(&f->symbols, addr, f->name, sizeof(f->name));
}

void symbols_fixture_drop(struct symbols_fixture *f)
{
	symbols_deinit(&f->symbols);
	free(f->tables.bytes);
	guest_deinit(&f->b);
}
