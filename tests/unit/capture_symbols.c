/* SPDX-License-Identifier: BSD-2-Clause */
/* symbols.c: kallsyms tables in all encodings, look-ups at their borders, broken ones. */
#include <stdio.h>
#include <string.h>

#include "tests/lib/symbols_fixture.h"
#include "tests/lib/unit.h"

static struct symbols_fixture f;

/* Per-CPU offsets first, as up to 6.14; aliases; not a token in common. */
static const struct kallsyms_symbol table[] = {
	{ "fixed_percpu_data", 0x0, 'A' },
	{ "runqueues", 0x36040, 'A' },
	{ "_text", FIXTURE_TEXT, 'T' },
	{ "startup_64", FIXTURE_TEXT, 'T' },
	{ "_stext", FIXTURE_TEXT, 'T' },
	{ "scx_tick", FIXTURE_TEXT + 0x1000, 't' },
	{ "scx_tick.cold", FIXTURE_TEXT + 0x1040, 't' },
	{ "sym_1", FIXTURE_TEXT + 0x1080, 'T' },
	{ "entry_SYSCALL_64", FIXTURE_TEXT + 0x80000, 'T' },
	{ "linux_banner", FIXTURE_BANNER, 'D' },
	{ "linux_banner_end", FIXTURE_BANNER + 0x100, 'D' },
	{ "scx_root", FIXTURE_TEXT + 0x400000, 'D' },
	{ "_end", FIXTURE_TEXT + 0xc00000, 'B' },
};

static const struct kallsyms_options encodings[] = {
	{ .encoding = KALLSYMS_ABSOLUTE_PERCPU, .relative_base = FIXTURE_TEXT, .align = 8 },
	{ .encoding = KALLSYMS_BASE_RELATIVE, .relative_base = FIXTURE_TEXT, .align = 8 },
	{ .encoding = KALLSYMS_PLACE_RELATIVE, .align = 4 },
};

/* Per-CPU symbols by absolute address exist in the first encoding only. */
static uint32_t first_of(enum kallsyms_encoding encoding)
{
	return encoding == KALLSYMS_ABSOLUTE_PERCPU ? 0 : 2;
}

static void build_table(struct kallsyms_options options)
{
	uint32_t first = first_of(options.encoding);

	symbols_fixture_build(&f, table + first, ARRAY_SIZE(table) - first, options);
}

START_TEST(all_encodings_give_the_same_symbols)
{
	for (size_t e = 0; e < ARRAY_SIZE(encodings); e++) {
		struct symbol_want wants[ARRAY_SIZE(table)] = { { 0 } };
		uint32_t first = first_of(encodings[e].encoding);

		build_table(encodings[e]);
		ck_assert_msg(symbols_fixture_load(&f) == 0, "%s", f.err.text);
		ck_assert_int_eq(f.symbols.encoding, encodings[e].encoding);
		ck_assert_uint_eq(f.symbols.nr, ARRAY_SIZE(table) - first);
		for (size_t i = 0; i < ARRAY_SIZE(table); i++)
			wants[i].name = table[i].name;
		symbols_find(&f.symbols, wants, ARRAY_SIZE(wants));
		for (size_t i = first; i < ARRAY_SIZE(table); i++)
			ck_assert_msg(wants[i].addr == table[i].addr, "%s: 0x%llx", table[i].name,
				      (unsigned long long)wants[i].addr);
		symbols_fixture_drop(&f);
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
		{ FIXTURE_TEXT - 1, NULL },
		{ FIXTURE_TEXT, "_text" }, /* of aliases the first */
		{ FIXTURE_TEXT + 0xfff, "_text+0xfff" },
		{ FIXTURE_TEXT + 0x1000, "scx_tick" },
		{ FIXTURE_TEXT + 0x103f, "scx_tick+0x3f" },
		{ FIXTURE_TEXT + 0x1040, "scx_tick.cold" },
		{ FIXTURE_BANNER, "linux_banner" },
		{ FIXTURE_TEXT + 0xbfffff, "scx_root+0x7fffff" },
		{ FIXTURE_TEXT + 0xc00001, NULL }, /* past _end */
		{ 0xffffffffc0000000, NULL },	   /* modules */
		{ 0xffff888000000000, NULL },
		{ UINT64_MAX, NULL },
	};

	for (size_t e = 0; e < ARRAY_SIZE(encodings); e++) {
		build_table(encodings[e]);
		ck_assert_int_eq(symbols_fixture_load(&f), 0);
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
			const char *name = symbols_fixture_name(&f, cases[i].addr);

			if (cases[i].name)
				ck_assert_str_eq(name, cases[i].name);
			else
				ck_assert_ptr_null(name);
		}
		symbols_fixture_drop(&f);
	}
}
END_TEST

START_TEST(names_are_cut_to_the_buffer)
{
	char buf[8];

	build_table(encodings[2]);
	ck_assert_int_eq(symbols_fixture_load(&f), 0);
	ck_assert_str_eq(symbols_name(&f.symbols, FIXTURE_BANNER, buf, sizeof(buf)), "linux_b");
	ck_assert_str_eq(symbols_name(&f.symbols, FIXTURE_BANNER, buf, 1), "");
	ck_assert_ptr_null(symbols_name(&f.symbols, FIXTURE_BANNER, buf, 0));
	symbols_fixture_drop(&f);
}
END_TEST

START_TEST(what_is_not_there_is_not_found)
{
	static const char *const names[] = {
		"scx_tic", "scx_tickk", "cx_tick", "tscx_tick", "", "linux_banner_", "SCX_TICK",
	};

	build_table(encodings[2]);
	ck_assert_int_eq(symbols_fixture_load(&f), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct symbol_want want = { .name = names[i], .addr = 1 };

		symbols_find(&f.symbols, &want, 1);
		ck_assert_msg(!want.addr, "%s", names[i]);
	}
	symbols_fixture_drop(&f);
}
END_TEST

START_TEST(names_of_more_than_127_tokens_have_a_length_of_two_bytes)
{
	static const unsigned lengths[] = { 125, 126, 127, 128, 255, 256, 300, 510 };

	for (size_t l = 0; l < ARRAY_SIZE(lengths); l++) {
		char name[512];
		struct kallsyms_symbol symbols[] = {
			{ "before", FIXTURE_TEXT, 'T' },
			{ name, FIXTURE_TEXT + 0x10, 'T' },
			{ "behind", FIXTURE_TEXT + 0x20, 'T' },
			{ "linux_banner", FIXTURE_BANNER, 'D' },
			{ "_end", FIXTURE_TEXT + 0xc00000, 'B' },
		};
		struct symbol_want wants[] = { { .name = name }, { .name = "behind" } };

		memset(name, 'n', sizeof(name));
		name[lengths[l]] = '\0';
		symbols_fixture_build(&f, symbols, ARRAY_SIZE(symbols), encodings[2]);
		ck_assert_msg(symbols_fixture_load(&f) == 0, "%s", f.err.text);
		symbols_find(&f.symbols, wants, 2);
		ck_assert_uint_eq(wants[0].addr, FIXTURE_TEXT + 0x10);
		ck_assert_uint_eq(wants[1].addr, FIXTURE_TEXT + 0x20);
		ck_assert_str_eq(symbols_fixture_name(&f, FIXTURE_TEXT + 0x10), name);
		ck_assert_str_eq(symbols_fixture_name(&f, FIXTURE_TEXT + 0x21), "behind+0x1");
		symbols_fixture_drop(&f);
	}
}
END_TEST

START_TEST(addresses_out_of_order_still_belong_to_their_names)
{
	static const struct kallsyms_symbol symbols[] = {
		{ "third", FIXTURE_TEXT + 0x300, 'T' },
		{ "first", FIXTURE_TEXT + 0x100, 'T' },
		{ "linux_banner", FIXTURE_BANNER, 'D' },
		{ "alias_of_first", FIXTURE_TEXT + 0x100, 'T' },
		{ "_end", FIXTURE_TEXT + 0xc00000, 'B' },
		{ "second", FIXTURE_TEXT + 0x200, 'T' },
	};
	struct symbol_want wants[ARRAY_SIZE(symbols)] = { { 0 } };

	symbols_fixture_build(&f, symbols, ARRAY_SIZE(symbols), encodings[2]);
	ck_assert_int_eq(symbols_fixture_load(&f), 0);
	for (size_t i = 0; i < ARRAY_SIZE(symbols); i++)
		wants[i].name = symbols[i].name;
	symbols_find(&f.symbols, wants, ARRAY_SIZE(wants));
	for (size_t i = 0; i < ARRAY_SIZE(symbols); i++)
		ck_assert_uint_eq(wants[i].addr, symbols[i].addr);
	ck_assert_str_eq(symbols_fixture_name(&f, FIXTURE_TEXT + 0x101), "first+0x1");
	ck_assert_str_eq(symbols_fixture_name(&f, FIXTURE_TEXT + 0x2ff), "second+0xff");
	ck_assert_str_eq(symbols_fixture_name(&f, FIXTURE_TEXT + 0x300), "third");
	ck_assert_ptr_null(symbols_fixture_name(&f, FIXTURE_TEXT));
	symbols_fixture_drop(&f);
}
END_TEST

START_TEST(of_duplicates_the_first_counts)
{
	static const struct kallsyms_symbol symbols[] = {
		{ "twice", FIXTURE_TEXT + 0x100, 't' },
		{ "twice", FIXTURE_TEXT + 0x200, 't' },
		{ "linux_banner", FIXTURE_BANNER, 'D' },
	};
	struct symbol_want want = { .name = "twice" };

	symbols_fixture_build(&f, symbols, ARRAY_SIZE(symbols), encodings[2]);
	ck_assert_int_eq(symbols_fixture_load(&f), 0);
	symbols_find(&f.symbols, &want, 1);
	ck_assert_uint_eq(want.addr, FIXTURE_TEXT + 0x100);
	symbols_fixture_drop(&f);
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
		{ FIXTURE_TEXT + 0x1000, "scx_tick" },
		{ FIXTURE_TEXT + 0x1080, "over [bpf]" }, /* BPF goes first */
	};

	build_table(encodings[2]);
	ck_assert_int_eq(symbols_fixture_load(&f), 0);
	ck_assert_int_eq(
		symbols_add_bpf(&f.symbols, PROG + 0x1000, PROG + 0x1010, 0, "bad\n\x80name"), 0);
	ck_assert_int_eq(
		symbols_add_bpf(&f.symbols, PROG + 0x100, PROG + 0x180, 0, "bpf_trampoline_2"), 0);
	ck_assert_int_eq(symbols_add_bpf(&f.symbols, PROG + 0x2000, PROG + 0x2000, 0, "empty"), 0);
	ck_assert_int_eq(symbols_add_bpf(&f.symbols, PROG + 0x2010, PROG + 0x2000, 0, "backwards"),
			 0);
	ck_assert_int_eq(symbols_add_bpf(&f.symbols, FIXTURE_TEXT + 0x1080, FIXTURE_TEXT + 0x1090,
					 0, "over"),
			 0);
	ck_assert_int_eq(
		symbols_add_bpf(&f.symbols, PROG, PROG + 0x100, 0, "bpf_prog_1_simple_enqueue"), 0);
	ck_assert_uint_eq(f.symbols.nr_bpf, 4);
	symbols_sort_bpf(&f.symbols);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *name = symbols_fixture_name(&f, cases[i].addr);

		if (cases[i].name)
			ck_assert_str_eq(name, cases[i].name);
		else
			ck_assert_ptr_null(name);
	}
	symbols_fixture_drop(&f);
}
END_TEST

/* ---- the kernel's own markers and order of names ------------------------------------ */

#define NR_MANY 1000

static char many_names[NR_MANY][24];
static struct kallsyms_symbol many[NR_MANY];

/* In order of address, with names that begin alike, and what clang makes of a static function with LTO. */
static void build_many(struct kallsyms_options options)
{
	for (uint32_t i = 0; i < NR_MANY; i++) {
		snprintf(many_names[i], sizeof(many_names[i]), "sym_%u", (i * 7919u) % NR_MANY);
		many[i] =
			(struct kallsyms_symbol){ many_names[i], FIXTURE_TEXT + 0x100ULL * i, 't' };
	}
	many[3].name = "scx_tick.llvm.123";
	many[4].name = "scx_tick";
	many[5].name = "scx_tick.llvm.4";
	many[6].name = "scx_tick.cold";
	many[998] = (struct kallsyms_symbol){ "linux_banner", FIXTURE_BANNER, 'D' };
	many[999] = (struct kallsyms_symbol){ "sym_7", FIXTURE_BANNER + 0x100, 'D' }; /* again */
	symbols_fixture_build(&f, many, NR_MANY, options);
}

static void expect_many(bool by_order)
{
	struct symbol_want wants[NR_MANY + 2] = { { 0 } };

	ck_assert_msg(symbols_fixture_load(&f) == 0, "%s", f.err.text);
	ck_assert_int_eq(f.symbols.seqs != NULL, by_order);
	for (size_t i = 0; i < NR_MANY; i++)
		wants[i].name = many[i].name;
	wants[NR_MANY].name = "sym_";
	wants[NR_MANY + 1].name = "zzz";
	symbols_find(&f.symbols, wants, NR_MANY + 2);
	for (size_t i = 0; i + 1 < NR_MANY; i++) {
		ck_assert_msg(wants[i].addr == many[i].addr, "%s: 0x%llx", many[i].name,
			      (unsigned long long)wants[i].addr);
		ck_assert_str_eq(symbols_fixture_name(&f, many[i].addr), many[i].name);
	}
	ck_assert_uint_ne(wants[NR_MANY - 1].addr,
			  many[NR_MANY - 1].addr); /* the second of a name */
	ck_assert(!wants[NR_MANY].found && !wants[NR_MANY + 1].found);
	symbols_fixture_drop(&f);
}

START_TEST(names_are_found_by_their_order)
{
	for (size_t e = 0; e < ARRAY_SIZE(encodings); e++) {
		build_many(encodings[e]);
		expect_many(true);
	}
}
END_TEST

/* What is not as a kernel has it is not used: all names are walked. */
START_TEST(a_broken_order_is_not_used)
{
	for (size_t e = 0; e < ARRAY_SIZE(encodings); e++) {
		build_many(encodings[e]);
		memset(kallsyms_at(&f.tables, f.tables.seqs_va), 0, NR_MANY * 3);
		expect_many(false);
	}
}
END_TEST

START_TEST(broken_markers_are_not_used)
{
	for (size_t e = 0; e < ARRAY_SIZE(encodings); e++)
		for (size_t marker = 0; marker < 4; marker++) {
			build_many(encodings[e]);
			/* backwards, or past the end, or off by one at either end */
			*(uint32_t *)(void *)kallsyms_at(&f.tables,
							 f.tables.markers_va + 4 * marker) +=
				marker == 2 ? UINT32_MAX / 2 : 1;
			expect_many(false);
		}
}
END_TEST

static const unit_test tests[] = {
	&names_are_found_by_their_order,
	&a_broken_order_is_not_used,
	&broken_markers_are_not_used,
	&all_encodings_give_the_same_symbols,
	&names_are_found_at_the_borders,
	&names_are_cut_to_the_buffer,
	&what_is_not_there_is_not_found,
	&names_of_more_than_127_tokens_have_a_length_of_two_bytes,
	&addresses_out_of_order_still_belong_to_their_names,
	&of_duplicates_the_first_counts,
	&bpf_ranges_have_names_of_their_own,
};

UNIT_MAIN("capture_symbols", tests)
