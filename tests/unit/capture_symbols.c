/* SPDX-License-Identifier: BSD-2-Clause */
/* symbols.c: kallsyms tables in all encodings, look-ups at their borders, broken ones. */
#include <stdio.h>
#include <string.h>

#include "tests/lib/guest_builder.h"
#include "tests/lib/kallsyms_builder.h"
#include "tests/lib/unit.h"

#define TEXT 0xffffffff81000000ULL
#define TABLES (TEXT + 0x800000)
#define BANNER (TEXT + 0x200100)
#define RAM_SIZE (64ULL << 20)

static struct guest_builder b;
static struct kallsyms_tables tables;
static struct symbols loaded;
static struct scxray_error err;

/* Per-CPU offsets first, as up to 6.14; aliases; not a token in common. */
static const struct kallsyms_symbol table[] = {
	{ "fixed_percpu_data", 0x0, 'A' },
	{ "runqueues", 0x36040, 'A' },
	{ "_text", TEXT, 'T' },
	{ "startup_64", TEXT, 'T' },
	{ "_stext", TEXT, 'T' },
	{ "scx_tick", TEXT + 0x1000, 't' },
	{ "scx_tick.cold", TEXT + 0x1040, 't' },
	{ "sym_1", TEXT + 0x1080, 'T' },
	{ "entry_SYSCALL_64", TEXT + 0x80000, 'T' },
	{ "linux_banner", BANNER, 'D' },
	{ "linux_banner_end", BANNER + 0x100, 'D' },
	{ "scx_root", TEXT + 0x400000, 'D' },
	{ "_end", TEXT + 0xc00000, 'B' },
};

static const struct kallsyms_options encodings[] = {
	{ .encoding = KALLSYMS_ABSOLUTE_PERCPU, .relative_base = TEXT, .align = 8 },
	{ .encoding = KALLSYMS_BASE_RELATIVE, .relative_base = TEXT, .align = 8 },
	{ .encoding = KALLSYMS_PLACE_RELATIVE, .align = 4 },
};

/* Per-CPU symbols by absolute address exist in the first encoding only. */
static uint32_t first_of(enum kallsyms_encoding encoding)
{
	return encoding == KALLSYMS_ABSOLUTE_PERCPU ? 0 : 2;
}

static void build(const struct kallsyms_symbol *symbols, uint32_t nr,
		  struct kallsyms_options options)
{
	guest_init(&b, 0x100000, RAM_SIZE, 4);
	guest_put(&b, BANNER, "Linux version 6.18.15 (gcc)", 28);
	tables = kallsyms_build(TABLES, symbols, nr, options);
	memset(&loaded, 0, sizeof(loaded));
	memset(&err, 0, sizeof(err));
}

static int load(void)
{
	guest_put(&b, tables.va, tables.bytes, tables.size);
	return symbols_load(&loaded, &b.guest, &tables.where, &err);
}

static void drop(void)
{
	symbols_deinit(&loaded);
	free(tables.bytes);
	guest_deinit(&b);
}

static void build_table(struct kallsyms_options options)
{
	uint32_t first = first_of(options.encoding);

	build(table + first, ARRAY_SIZE(table) - first, options);
}

static const char *name_of(uint64_t addr)
{
	static char buf[700];

	memset(buf, 'x', sizeof(buf));
	return symbols_name(&loaded, addr, buf, sizeof(buf));
}

START_TEST(all_encodings_give_the_same_symbols)
{
	for (size_t e = 0; e < ARRAY_SIZE(encodings); e++) {
		struct symbol_want wants[ARRAY_SIZE(table)] = { { 0 } };
		uint32_t first = first_of(encodings[e].encoding);

		build_table(encodings[e]);
		ck_assert_msg(load() == 0, "%s", err.text);
		ck_assert_int_eq(loaded.encoding, encodings[e].encoding);
		ck_assert_uint_eq(loaded.nr, ARRAY_SIZE(table) - first);
		for (size_t i = 0; i < ARRAY_SIZE(table); i++)
			wants[i].name = table[i].name;
		symbols_find(&loaded, wants, ARRAY_SIZE(wants));
		for (size_t i = first; i < ARRAY_SIZE(table); i++)
			ck_assert_msg(wants[i].addr == table[i].addr, "%s: 0x%llx", table[i].name,
				      (unsigned long long)wants[i].addr);
		drop();
	}
}
END_TEST

START_TEST(names_are_found_at_the_borders)
{
	static const struct {
		uint64_t addr;
		const char *name;
	} cases[] = {
		{ 0, NULL }, /* fixed_percpu_data: an offset, no address */
		{ 0x36040, NULL },
		{ 0x36041, NULL },
		{ TEXT - 1, NULL },
		{ TEXT, "_text" }, /* of aliases the first */
		{ TEXT + 0xfff, "_text+0xfff" },
		{ TEXT + 0x1000, "scx_tick" },
		{ TEXT + 0x103f, "scx_tick+0x3f" },
		{ TEXT + 0x1040, "scx_tick.cold" },
		{ BANNER, "linux_banner" },
		{ TEXT + 0xbfffff, "scx_root+0x7fffff" },
		{ TEXT + 0xc00001, NULL },    /* past _end */
		{ 0xffffffffc0000000, NULL }, /* modules */
		{ 0xffff888000000000, NULL },
		{ UINT64_MAX, NULL },
	};

	for (size_t e = 0; e < ARRAY_SIZE(encodings); e++) {
		build_table(encodings[e]);
		ck_assert_int_eq(load(), 0);
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
			const char *name = name_of(cases[i].addr);

			if (cases[i].name)
				ck_assert_str_eq(name, cases[i].name);
			else
				ck_assert_ptr_null(name);
		}
		drop();
	}
}
END_TEST

START_TEST(names_are_cut_to_the_buffer)
{
	char buf[8];

	build_table(encodings[2]);
	ck_assert_int_eq(load(), 0);
	ck_assert_str_eq(symbols_name(&loaded, BANNER, buf, sizeof(buf)), "linux_b");
	ck_assert_str_eq(symbols_name(&loaded, BANNER, buf, 1), "");
	ck_assert_ptr_null(symbols_name(&loaded, BANNER, buf, 0));
	drop();
}
END_TEST

START_TEST(what_is_not_there_is_not_found)
{
	static const char *const names[] = {
		"scx_tic", "scx_tickk", "cx_tick", "tscx_tick", "", "linux_banner_", "SCX_TICK",
	};

	build_table(encodings[2]);
	ck_assert_int_eq(load(), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct symbol_want want = { .name = names[i], .addr = 1 };

		symbols_find(&loaded, &want, 1);
		ck_assert_msg(!want.addr, "%s", names[i]);
	}
	drop();
}
END_TEST

START_TEST(names_of_more_than_127_tokens_have_a_length_of_two_bytes)
{
	static const unsigned lengths[] = { 125, 126, 127, 128, 255, 256, 300, 510 };

	for (size_t l = 0; l < ARRAY_SIZE(lengths); l++) {
		char name[512];
		struct kallsyms_symbol symbols[] = {
			{ "before", TEXT, 'T' },	  { name, TEXT + 0x10, 'T' },
			{ "behind", TEXT + 0x20, 'T' },	  { "linux_banner", BANNER, 'D' },
			{ "_end", TEXT + 0xc00000, 'B' },
		};
		struct symbol_want wants[] = { { .name = name }, { .name = "behind" } };

		memset(name, 'n', sizeof(name));
		name[lengths[l]] = '\0';
		build(symbols, ARRAY_SIZE(symbols), encodings[2]);
		ck_assert_msg(load() == 0, "%s", err.text);
		symbols_find(&loaded, wants, 2);
		ck_assert_uint_eq(wants[0].addr, TEXT + 0x10);
		ck_assert_uint_eq(wants[1].addr, TEXT + 0x20);
		ck_assert_str_eq(name_of(TEXT + 0x10), name);
		ck_assert_str_eq(name_of(TEXT + 0x21), "behind+0x1");
		drop();
	}
}
END_TEST

START_TEST(addresses_out_of_order_still_belong_to_their_names)
{
	static const struct kallsyms_symbol symbols[] = {
		{ "third", TEXT + 0x300, 'T' },	  { "first", TEXT + 0x100, 'T' },
		{ "linux_banner", BANNER, 'D' },  { "alias_of_first", TEXT + 0x100, 'T' },
		{ "_end", TEXT + 0xc00000, 'B' }, { "second", TEXT + 0x200, 'T' },
	};
	struct symbol_want wants[ARRAY_SIZE(symbols)] = { { 0 } };

	build(symbols, ARRAY_SIZE(symbols), encodings[2]);
	ck_assert_int_eq(load(), 0);
	for (size_t i = 0; i < ARRAY_SIZE(symbols); i++)
		wants[i].name = symbols[i].name;
	symbols_find(&loaded, wants, ARRAY_SIZE(wants));
	for (size_t i = 0; i < ARRAY_SIZE(symbols); i++)
		ck_assert_uint_eq(wants[i].addr, symbols[i].addr);
	ck_assert_str_eq(name_of(TEXT + 0x101), "first+0x1");
	ck_assert_str_eq(name_of(TEXT + 0x2ff), "second+0xff");
	ck_assert_str_eq(name_of(TEXT + 0x300), "third");
	ck_assert_ptr_null(name_of(TEXT));
	drop();
}
END_TEST

START_TEST(of_duplicates_the_first_counts)
{
	static const struct kallsyms_symbol symbols[] = {
		{ "twice", TEXT + 0x100, 't' },
		{ "twice", TEXT + 0x200, 't' },
		{ "linux_banner", BANNER, 'D' },
	};
	struct symbol_want want = { .name = "twice" };

	build(symbols, ARRAY_SIZE(symbols), encodings[2]);
	ck_assert_int_eq(load(), 0);
	symbols_find(&loaded, &want, 1);
	ck_assert_uint_eq(want.addr, TEXT + 0x100);
	drop();
}
END_TEST

/* ---- broken tables -------------------------------------------------------- */

static void poke_u32(uint64_t va, uint32_t value)
{
	memcpy(kallsyms_at(&tables, va), &value, 4);
}

static void poke_token_index(int token, uint16_t value)
{
	memcpy(kallsyms_at(&tables, tables.where.token_index + 2 * (uint64_t)token), &value, 2);
}

static void no_symbols(void)
{
	poke_u32(tables.where.num_syms, 0);
}

static void too_many_symbols(void)
{
	poke_u32(tables.where.num_syms, UINT32_MAX);
}

static void one_symbol_more(void)
{
	poke_u32(tables.where.num_syms, ARRAY_SIZE(table) - 2 + 1);
}

static void count_unmapped(void)
{
	tables.where.num_syms = 0xffffffffa0000000;
}

static void index_unmapped(void)
{
	tables.where.token_index = 0xffffffffa0000000;
}

static void offsets_unmapped(void)
{
	tables.where.offsets = 0xffffffffa0000000;
}

static void token_beyond_the_table(void)
{
	poke_token_index(200, UINT16_MAX);
}

static void token_without_an_end(void)
{
	memset(kallsyms_at(&tables, tables.where.token_table + 700), 'x', 300);
}

static void tokens_unmapped(void)
{
	tables.where.token_table = 0xffffffff90000000;
	tables.where.names = tables.where.token_table - 16;
}

static void names_behind_the_tokens(void)
{
	tables.where.names = tables.where.token_table + 16;
}

static void names_far_away(void)
{
	tables.where.names = tables.where.token_table - (1ULL << 32);
}

static void names_unmapped(void)
{
	tables.where.names -= PAGE_SIZE;
}

static void a_name_without_tokens(void)
{
	*kallsyms_at(&tables, tables.where.names) = 0;
}

static void a_name_past_the_end(void)
{
	/* the last name of the table, "B_end" in 5 tokens or less */
	uint8_t *at = kallsyms_at(&tables, tables.where.names);

	for (size_t i = 0; i + 1 < ARRAY_SIZE(table) - 2; i++)
		at += 1 + *at;
	at[0] = 0xff;
	at[1] = 0xff;
}

static void no_banner(void)
{
	/* "Dlinux_ba" is one token: rename it */
	for (uint64_t va = tables.where.token_table; va < tables.where.token_index - 9; va++)
		if (!memcmp(kallsyms_at(&tables, va), "Dlinux_ba", 9))
			memcpy(kallsyms_at(&tables, va), "Dlinus_ba", 9);
}

static void banner_elsewhere(void)
{
	guest_put(&b, BANNER, "Linux-version ", 14);
}

static void banner_unmapped(void)
{
	guest_unmap(&b, BANNER);
}

START_TEST(broken_tables_are_refused_with_the_reason)
{
	static const struct {
		void (*spoil)(void);
		const char *text;
	} cases[] = {
		{ no_symbols, "claims 0 symbols" },
		{ too_many_symbols, "claims 4294967295 symbols" },
		{ one_symbol_more, "names ends at symbol 11 of 12" },
		{ count_unmapped, "kallsyms_num_syms: page not mapped" },
		{ index_unmapped, "kallsyms_token_index: page not mapped" },
		{ offsets_unmapped, "kallsyms_offsets: page not mapped" },
		{ token_beyond_the_table, "broken at token 200" },
		{ token_without_an_end, "kallsyms_token_table is broken at token" },
		{ tokens_unmapped, "kallsyms_token_table is broken at token 0" },
		{ names_behind_the_tokens, "does not stand before" },
		{ names_far_away, "does not stand before" },
		{ names_unmapped, "names ends at symbol 0" },
		{ a_name_without_tokens, "names ends at symbol 0" },
		{ a_name_past_the_end, "names ends at symbol 10" },
		{ no_banner, "no linux_banner" },
		{ banner_elsewhere, "does not lead to" },
		{ banner_unmapped, "does not lead to" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		build_table(encodings[2]);
		cases[i].spoil();
		ck_assert_msg(load() == -1, "case %zu was accepted", i);
		ck_assert_msg(strstr(err.text, cases[i].text), "case %zu: %s", i, err.text);
		ck_assert_ptr_null(loaded.names); /* nothing is left over */
		drop();
	}
}
END_TEST

START_TEST(a_wrong_base_is_not_believed)
{
	for (size_t e = 0; e < 2; e++) {
		build_table(encodings[e]);
		tables.where.relative_base += 0x200000;
		ck_assert_int_eq(load(), -1);
		ck_assert_ptr_nonnull(strstr(err.text, "does not lead to"));
		drop();
	}
}
END_TEST

START_TEST(control_characters_in_a_name_become_question_marks)
{
	build_table(encodings[2]);
	for (uint64_t va = tables.where.token_table; va < tables.where.token_index - 5; va++)
		if (!memcmp(kallsyms_at(&tables, va), "Tscx_", 5))
			memcpy(kallsyms_at(&tables, va), "T\033[1m", 5);
	ck_assert_int_eq(load(), 0);
	ck_assert_str_eq(name_of(TEXT + 0x1080), "sym_1");
	for (uint64_t addr = TEXT; addr < TEXT + 0x2000; addr += 0x40)
		for (const char *c = name_of(addr); *c; c++)
			ck_assert(*c > 0x20 && *c < 0x7f);
	drop();
}
END_TEST

/* ---- what a hostile table costs ------------------------------------------- */

#define MANY 600000u

/* Many symbols of one name at one address, their order spoilt by the first. */
static void build_many(uint64_t addr)
{
	struct kallsyms_symbol *symbols = calloc(MANY, sizeof(*symbols));

	ck_assert_ptr_nonnull(symbols);
	for (uint32_t i = 0; i < MANY; i++)
		symbols[i] = (struct kallsyms_symbol){ "_start", addr, 'T' };
	symbols[0] = (struct kallsyms_symbol){ "linux_banner", BANNER, 'D' };
	symbols[MANY - 1] = (struct kallsyms_symbol){ "_end", TEXT + 0x700000, 'T' };
	build(symbols, MANY, encodings[0]);
	free(symbols);
}

START_TEST(a_name_that_is_there_a_million_times_is_looked_up_once)
{
	struct symbol_want want = { .name = "_start", .addr = 1 };

	build_many(0);
	ck_assert_msg(load() == 0, "%s", err.text);
	symbols_find(&loaded, &want, 1);
	ck_assert_uint_eq(want.addr, 0);
	drop();
}
END_TEST

START_TEST(a_million_aliases_cost_a_look_up_no_more_than_one)
{
	build_many(TEXT);
	ck_assert_msg(load() == 0, "%s", err.text);
	for (int i = 0; i < 1000000; i++)
		ck_assert_str_eq(name_of(TEXT + 0x10), "_start+0x10");
	drop();
}
END_TEST

/* ---- BPF ------------------------------------------------------------------ */

#define PROG 0xffffffffc0001000ULL

START_TEST(bpf_ranges_have_names_of_their_own)
{
	static const struct {
		uint64_t addr;
		const char *name;
	} cases[] = {
		{ PROG - 1, NULL },
		{ PROG, "bpf_prog_1_simple_enqueue [bpf]" },
		{ PROG + 0xff, "bpf_prog_1_simple_enqueue+0xff [bpf]" },
		{ PROG + 0x100, "bpf_trampoline_2 [bpf]" },
		{ PROG + 0x17f, "bpf_trampoline_2+0x7f [bpf]" },
		{ PROG + 0x180, NULL },
		{ PROG + 0x1000, "bad??name [bpf]" },
		{ PROG + 0x2000, NULL }, /* empty range */
		{ TEXT + 0x1000, "scx_tick" },
		{ TEXT + 0x1080, "over [bpf]" }, /* BPF goes first */
	};

	build_table(encodings[2]);
	ck_assert_int_eq(load(), 0);
	ck_assert_int_eq(symbols_add_bpf(&loaded, PROG + 0x1000, PROG + 0x1010, "bad\n\x80name"),
			 0);
	ck_assert_int_eq(symbols_add_bpf(&loaded, PROG + 0x100, PROG + 0x180, "bpf_trampoline_2"),
			 0);
	ck_assert_int_eq(symbols_add_bpf(&loaded, PROG + 0x2000, PROG + 0x2000, "empty"), 0);
	ck_assert_int_eq(symbols_add_bpf(&loaded, PROG + 0x2010, PROG + 0x2000, "backwards"), 0);
	ck_assert_int_eq(symbols_add_bpf(&loaded, TEXT + 0x1080, TEXT + 0x1090, "over"), 0);
	ck_assert_int_eq(symbols_add_bpf(&loaded, PROG, PROG + 0x100, "bpf_prog_1_simple_enqueue"),
			 0);
	ck_assert_uint_eq(loaded.nr_bpf, 4);
	symbols_sort_bpf(&loaded);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *name = name_of(cases[i].addr);

		if (cases[i].name)
			ck_assert_str_eq(name, cases[i].name);
		else
			ck_assert_ptr_null(name);
	}
	drop();
}
END_TEST

static const unit_test tests[] = {
	&all_encodings_give_the_same_symbols,
	&names_are_found_at_the_borders,
	&names_are_cut_to_the_buffer,
	&what_is_not_there_is_not_found,
	&names_of_more_than_127_tokens_have_a_length_of_two_bytes,
	&addresses_out_of_order_still_belong_to_their_names,
	&of_duplicates_the_first_counts,
	&broken_tables_are_refused_with_the_reason,
	&a_wrong_base_is_not_believed,
	&control_characters_in_a_name_become_question_marks,
	&a_name_that_is_there_a_million_times_is_looked_up_once,
	&a_million_aliases_cost_a_look_up_no_more_than_one,
	&bpf_ranges_have_names_of_their_own,
};

UNIT_MAIN("capture_symbols", tests)
