/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kallsyms.c - any bytes as a kernel image with symbol tables in it
 *
 * The first 24 bytes say where the tables are, as five 32-bit offsets, and which
 * address (less 1; 0: none) the symbols' offsets are relative to; the rest is the
 * image.  The search, which needs no such help, is tried on the image too.
 */
#include <string.h>

#include "capture/kernel/symbols.h"
#include "fuzz.h"
#include "tests/lib/fakeguest.h"

#define NR_OFFSETS 6

static void use(struct fakeguest *fake, const struct kallsyms_where *where, size_t size)
{
	struct symbol_want wants[] = { { .name = "scx_root" },
				       { .name = "linux_banner" },
				       { .name = "a" } };
	struct scxray_error err = { 0 };
	struct symbols symbols;
	char name[64];

	if (symbols_load(&symbols, &fake->guest, where, &err))
		return;
	symbols_find(&symbols, wants, sizeof(wants) / sizeof(wants[0]));
	symbols_name(&symbols, wants[1].addr, name, sizeof(name));
	for (uint64_t at = 0; at < 16; at++)
		symbols_name(&symbols, FAKEGUEST_BASE + at * (size / 16 + 1), name, sizeof(name));
	symbols_name(&symbols, 0, name, sizeof(name));
	symbols_name(&symbols, UINT64_MAX, name, 2);
	symbols_deinit(&symbols);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t offsets[NR_OFFSETS];
	struct kallsyms_where where;
	struct fakeguest fake;

	if (size < sizeof(offsets))
		return 0;
	memcpy(offsets, data, sizeof(offsets));
	data += sizeof(offsets);
	size -= sizeof(offsets);
	if (fakeguest_init(&fake, data, size))
		return 0;
	where = (struct kallsyms_where){
		.num_syms = FAKEGUEST_BASE + offsets[0],
		.names = FAKEGUEST_BASE + offsets[1],
		.token_table = FAKEGUEST_BASE + offsets[2],
		.token_index = FAKEGUEST_BASE + offsets[3],
		.offsets = FAKEGUEST_BASE + offsets[4],
		.relative_base = offsets[5] ? FAKEGUEST_BASE + offsets[5] - 1 : 0,
	};
	use(&fake, &where, size);
	if (kallsyms_search(data, size, FAKEGUEST_BASE, &where))
		use(&fake, &where, size);
	fakeguest_deinit(&fake);
	return 0;
}
