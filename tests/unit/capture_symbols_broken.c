/* SPDX-License-Identifier: BSD-2-Clause */
/* symbols.c: kallsyms tables that are broken, and what hostile ones cost. */
#include <stdio.h>
#include <string.h>

#include "tests/lib/symbols_fixture.h"
#include "tests/lib/unit.h"

static struct symbols_fixture f;

static const struct kallsyms_symbol table[] = {
	{ "_text", FIXTURE_TEXT, 'T' },		  { "scx_tick", FIXTURE_TEXT + 0x1000, 't' },
	{ "sym_1", FIXTURE_TEXT + 0x1080, 'T' },  { "linux_banner", FIXTURE_BANNER, 'D' },
	{ "_end", FIXTURE_TEXT + 0xc00000, 'B' },
};

static void build_table(void)
{
	symbols_fixture_build(&f, table, ARRAY_SIZE(table),
			      (struct kallsyms_options){ .encoding = KALLSYMS_PLACE_RELATIVE });
}

static void poke_u32(uint64_t va, uint32_t value)
{
	memcpy(kallsyms_at(&f.tables, va), &value, 4);
}

static void poke_token_index(int token, uint16_t value)
{
	memcpy(kallsyms_at(&f.tables, f.tables.where.token_index + 2 * (uint64_t)token), &value, 2);
}

static void no_symbols(void)
{
	poke_u32(f.tables.where.num_syms, 0);
}

static void too_many_symbols(void)
{
	poke_u32(f.tables.where.num_syms, UINT32_MAX);
}

static void one_symbol_more(void)
{
	poke_u32(f.tables.where.num_syms, ARRAY_SIZE(table) + 1);
}

static void count_unmapped(void)
{
	f.tables.where.num_syms = 0xffffffffa0000000;
}

static void index_unmapped(void)
{
	f.tables.where.token_index = 0xffffffffa0000000;
}

static void offsets_unmapped(void)
{
	f.tables.where.offsets = 0xffffffffa0000000;
}

static void token_beyond_the_table(void)
{
	poke_token_index(200, UINT16_MAX);
}

static void token_without_an_end(void)
{
	memset(kallsyms_at(&f.tables, f.tables.where.token_table + 700), 'x', 300);
}

static void tokens_unmapped(void)
{
	f.tables.where.token_table = 0xffffffff90000000;
	f.tables.where.names = f.tables.where.token_table - 16;
}

static void names_behind_the_tokens(void)
{
	f.tables.where.names = f.tables.where.token_table + 16;
}

static void names_far_away(void)
{
	f.tables.where.names = f.tables.where.token_table - (1ULL << 32);
}

static void names_unmapped(void)
{
	f.tables.where.names -= PAGE_SIZE;
}

static void a_name_without_tokens(void)
{
	*kallsyms_at(&f.tables, f.tables.where.names) = 0;
}

static void a_name_past_the_end(void)
{
	/* the last name of the table, "B_end" in 5 tokens or less */
	uint8_t *at = kallsyms_at(&f.tables, f.tables.where.names);

	for (size_t i = 0; i + 1 < ARRAY_SIZE(table); i++)
		at += 1 + *at;
	at[0] = 0xff;
	at[1] = 0xff;
}

static void no_banner(void)
{
	/* "Dlinux_ba" is one token: rename it */
	for (uint64_t va = f.tables.where.token_table; va < f.tables.where.token_index - 9; va++)
		if (!memcmp(kallsyms_at(&f.tables, va), "Dlinux_ba", 9))
			memcpy(kallsyms_at(&f.tables, va), "Dlinus_ba", 9);
}

static void banner_elsewhere(void)
{
	guest_put(&f.b, FIXTURE_BANNER, "Linux-version ", 14);
}

static void banner_unmapped(void)
{
	guest_unmap(&f.b, FIXTURE_BANNER);
}

START_TEST(broken_tables_are_refused_with_the_reason)
{
	static const struct {
		void (*spoil)(void);
		const char *text;
	} cases[] = {
		{ no_symbols, "claims 0 symbols" },
		{ too_many_symbols, "claims 4294967295 symbols" },
		{ one_symbol_more, "names ends at symbol 5 of 6" },
		{ count_unmapped, "kallsyms_num_syms: page not mapped" },
		{ index_unmapped, "kallsyms_token_index: page not mapped" },
		{ offsets_unmapped, "kallsyms_offsets: page not mapped" },
		{ token_beyond_the_table, "broken at token 200" },
		{ token_without_an_end, "kallsyms_token_table is broken at token" },
		{ tokens_unmapped, "kallsyms_token_table is broken at token 0" },
		{ names_behind_the_tokens, "is not before" },
		{ names_far_away, "is not before" },
		{ names_unmapped, "names ends at symbol 0" },
		{ a_name_without_tokens, "names ends at symbol 0" },
		{ a_name_past_the_end, "names ends at symbol 4" },
		{ no_banner, "no linux_banner" },
		{ banner_elsewhere, "does not lead to" },
		{ banner_unmapped, "does not lead to" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		build_table();
		cases[i].spoil();
		ck_assert_msg(symbols_fixture_load(&f) == -1, "case %zu was accepted", i);
		ck_assert_msg(strstr(f.err.text, cases[i].text), "case %zu: %s", i, f.err.text);
		ck_assert_ptr_null(f.symbols.names); /* nothing is left over */
		symbols_fixture_drop(&f);
	}
}
END_TEST

START_TEST(a_wrong_base_is_not_believed)
{
	static const struct kallsyms_options based[] = {
		{ .encoding = KALLSYMS_ABSOLUTE_PERCPU, .relative_base = FIXTURE_TEXT },
		{ .encoding = KALLSYMS_BASE_RELATIVE, .relative_base = FIXTURE_TEXT },
	};

	for (size_t e = 0; e < 2; e++) {
		symbols_fixture_build(&f, table, ARRAY_SIZE(table), based[e]);
		f.tables.where.relative_base += 0x200000;
		ck_assert_int_eq(symbols_fixture_load(&f), -1);
		ck_assert_ptr_nonnull(strstr(f.err.text, "does not lead to"));
		symbols_fixture_drop(&f);
	}
}
END_TEST

START_TEST(control_characters_in_a_name_become_question_marks)
{
	build_table();
	for (uint64_t va = f.tables.where.token_table; va < f.tables.where.token_index - 5; va++)
		if (!memcmp(kallsyms_at(&f.tables, va), "Tscx_", 5))
			memcpy(kallsyms_at(&f.tables, va), "T\033[1m", 5);
	ck_assert_int_eq(symbols_fixture_load(&f), 0);
	ck_assert_str_eq(symbols_fixture_name(&f, FIXTURE_TEXT + 0x1080), "sym_1");
	for (uint64_t addr = FIXTURE_TEXT; addr < FIXTURE_TEXT + 0x2000; addr += 0x40)
		for (const char *c = symbols_fixture_name(&f, addr); *c; c++)
			ck_assert(*c > 0x20 && *c < 0x7f);
	symbols_fixture_drop(&f);
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
	symbols[0] = (struct kallsyms_symbol){ "linux_banner", FIXTURE_BANNER, 'D' };
	symbols[MANY - 1] = (struct kallsyms_symbol){ "_end", FIXTURE_TEXT + 0x700000, 'T' };
	symbols_fixture_build(&f, symbols, MANY,
			      (struct kallsyms_options){ .encoding = KALLSYMS_ABSOLUTE_PERCPU,
							 .relative_base = FIXTURE_TEXT });
	free(symbols);
}

START_TEST(a_name_that_is_there_a_million_times_is_looked_up_once)
{
	struct symbol_want want = { .name = "_start", .addr = 1 };

	build_many(0);
	ck_assert_msg(symbols_fixture_load(&f) == 0, "%s", f.err.text);
	symbols_find(&f.symbols, &want, 1);
	ck_assert_uint_eq(want.addr, 0);
	symbols_fixture_drop(&f);
}
END_TEST

START_TEST(a_million_aliases_cost_a_look_up_no_more_than_one)
{
	build_many(FIXTURE_TEXT);
	ck_assert_msg(symbols_fixture_load(&f) == 0, "%s", f.err.text);
	for (int i = 0; i < 200000; i++)
		ck_assert_str_eq(symbols_fixture_name(&f, FIXTURE_TEXT + 0x10), "_start+0x10");
	symbols_fixture_drop(&f);
}
END_TEST

static const unit_test tests[] = {
	&broken_tables_are_refused_with_the_reason,
	&a_wrong_base_is_not_believed,
	&control_characters_in_a_name_become_question_marks,
	&a_name_that_is_there_a_million_times_is_looked_up_once,
	&a_million_aliases_cost_a_look_up_no_more_than_one,
};

UNIT_MAIN("capture_symbols_broken", tests)
