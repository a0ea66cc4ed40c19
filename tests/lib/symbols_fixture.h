/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * symbols_fixture.h - a guest with kallsyms tables and a banner, and nothing else
 */
#ifndef TESTS_SYMBOLS_FIXTURE_H
#define TESTS_SYMBOLS_FIXTURE_H

#include "tests/lib/guest_builder.h"
#include "tests/lib/kallsyms_builder.h"

#define FIXTURE_TEXT 0xffffffff81000000ULL
#define FIXTURE_TABLES (FIXTURE_TEXT + 0x800000)
#define FIXTURE_BANNER (FIXTURE_TEXT + 0x200100)

struct symbols_fixture {
	struct guest_builder b;
	struct kallsyms_tables tables; /* a test may spoil them before they are loaded */
	struct symbols symbols;
	struct scxray_error err;
	char name[700];
};

void symbols_fixture_build(struct symbols_fixture *f, const struct kallsyms_symbol *symbols,
			   uint32_t nr, struct kallsyms_options options);

/* Puts the tables into the guest and loads them from there: 0 or -1. */
int symbols_fixture_load(struct symbols_fixture *f);

/* symbols_name(), in f->name. */
const char *symbols_fixture_name(struct symbols_fixture *f, uint64_t addr);

void symbols_fixture_drop(struct symbols_fixture *f);

#endif
