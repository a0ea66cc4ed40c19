/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kallsyms.c - any bytes as a kernel image with symbol tables in it
 *
 * The first 24 bytes say where the tables are, as five 32-bit offsets, and which
 * address (less 1; 0: none) the symbols' offsets are relative to; the rest is the
 * image.  The search, which needs no such help, is tried on the image too.
 */
#include <string.h>

#include <base/array.h>

#include "capture/kernel/symbols.h"
#include "fuzz.h"
#include "tests/lib/guest_builder.h"
#include "tests/lib/kallsyms_bytes.h"

#define NR_OFFSETS 6
#define IMAGE 0xffffffff81000000ULL
#define MAX_IMAGE (16u << 20)
#define TABLES (16u * PAGE_SIZE)

static void use(struct guest *guest, const struct kallsyms_where *where, size_t size)
{
	struct symbol_want wants[] = { { .name = "scx_root" },
				       { .name = "linux_banner" },
				       { .name = "a" } };
	struct scxray_error err = { 0 };
	struct symbols symbols;
	char name[64];

	if (symbols_load(&symbols, guest, where, &err))
		return;
	symbols_find(&symbols, wants, ARRAY_SIZE(wants));
	symbols_name(&symbols, wants[1].addr, name, sizeof(name));
	for (uint64_t at = 0; at < 16; at++)
		symbols_name(&symbols, IMAGE + at * (size / 16 + 1), name, sizeof(name));
	symbols_name(&symbols, 0, name, sizeof(name));
	symbols_name(&symbols, UINT64_MAX, name, 2);
	symbols_deinit(&symbols);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t offsets[NR_OFFSETS];
	struct kallsyms_where where;
	struct guest_builder b;

	if (size < sizeof(offsets))
		return 0;
	memcpy(offsets, data, sizeof(offsets));
	data += sizeof(offsets);
	size -= sizeof(offsets);
	if (size > MAX_IMAGE)
		return 0;
	guest_init(&b, 0x1000000, TABLES + ((size + PAGE_MASK) & ~PAGE_MASK), 4);
	guest_put(&b, IMAGE, data, size);
	where = (struct kallsyms_where){
		.num_syms = IMAGE + offsets[0],
		.names = IMAGE + offsets[1],
		.token_table = IMAGE + offsets[2],
		.token_index = IMAGE + offsets[3],
		.offsets = IMAGE + offsets[4],
		.relative_base = offsets[5] ? IMAGE + offsets[5] - 1 : 0,
	};
	use(&b.guest, &where, size);
	if (kallsyms_search_bytes(data, size, IMAGE, &where))
		use(&b.guest, &where, size);
	guest_deinit(&b);
	return 0;
}
