/* SPDX-License-Identifier: BSD-2-Clause */
/* modules.c and walk_modules.c: whose code an address is, its name, its unwind tables. */
#include <string.h>

#include <scxray/report_struct.h>

#include "capture/kernel/modules.h"
#include "capture/read/modules.h"
#include "capture/read/symbol_of.h"
#include "tests/lib/btf_builder.h"
#include "tests/lib/unit.h"
#include "tests/lib/walk_builder.h"

#define MODULES (GUEST_KVA + 0x100)
#define MODULE(n) (GUEST_KVA + 0x1000 + 0x1000 * (uint64_t)(n))
#define TEXT(n) (0xffffffffc0000000ULL + 0x100000 * (uint64_t)(n))
#define TEXT_SIZE 0x2000u
#define INIT_TEXT(n) (TEXT(n) + 0x80000)
#define KALLSYMS(n) (MODULE(n) + 0x800)
#define SYMTAB(n) (GUEST_KVA + 0x20000 + 0x8000 * (uint64_t)(n))
#define STRTAB(n) (SYMTAB(n) + 0x4000)
#define UNMAPPED (GUEST_KVA + 0x40000000)

#define LIST 0x08u
#define NAME 0x18u
#define MEM 0x60u
#define ARCH 0x100u
#define KALLSYMS_AT 0x140u
#define UNFORMED 3

static struct walk_fixture f;
static struct scxray_report report;

static void make_types(struct btf_builder *b)
{
	static const struct btf_builder_value types[] = {
		{ "MOD_TEXT", 0 },
		{ "MOD_DATA", 1 },
		{ "MOD_INIT_TEXT", 2 },
	};
	uint32_t u64 = btf_builder_int(b, "u64", 8, false);
	uint32_t u32 = btf_builder_int(b, "u32", 4, false);
	uint32_t c = btf_builder_int(b, "char", 1, true);
	uint32_t list =
		BTF_STRUCT(b, "list_head", 16, { "next", u64, 0, 0 }, { "prev", u64, 64, 0 });
	uint32_t memory =
		BTF_STRUCT(b, "module_memory", 16, { "base", u64, 0, 0 }, { "size", u32, 64, 0 });
	uint32_t arch = BTF_STRUCT(b, "mod_arch_specific", 24, { "num_orcs", u32, 0, 0 },
				   { "orc_unwind_ip", u64, 64, 0 }, { "orc_unwind", u64, 128, 0 });

	BTF_STRUCT(b, "module", 0x200, { "state", u32, 0, 0 }, { "list", list, LIST * 8, 0 },
		   { "name", btf_builder_array(b, c, 56), NAME * 8, 0 },
		   { "mem", btf_builder_array(b, memory, 3), MEM * 8, 0 },
		   { "arch", arch, ARCH * 8, 0 }, { "kallsyms", u64, KALLSYMS_AT * 8, 0 });
	BTF_STRUCT(b, "mod_kallsyms", 24, { "symtab", u64, 0, 0 }, { "num_symtab", u32, 64, 0 },
		   { "strtab", u64, 128, 0 });
	btf_builder_enum(b, "mod_mem_type", 4, false, types, ARRAY_SIZE(types));
}

static void start(void)
{
	walk_fixture_start(&f, make_types, &report);
	f.kernel.layout.symbol[S_modules] = MODULES;
	guest_put_u64(&f.b, MODULES, MODULES);
}

/* One more on the list, at its head. */
static void put_module(unsigned n, const char *name, uint32_t state)
{
	uint64_t next;

	ck_assert_int_eq(guest_read_u64(&f.b.guest, MODULES, &next), READ_OK);
	guest_put_u32(&f.b, MODULE(n), state);
	guest_put_u64(&f.b, MODULE(n) + LIST, next);
	guest_put_u64(&f.b, MODULES, MODULE(n) + LIST);
	guest_put(&f.b, MODULE(n) + NAME, name, strlen(name) + 1);
	guest_put_u64(&f.b, MODULE(n) + MEM, TEXT(n));
	guest_put_u32(&f.b, MODULE(n) + MEM + 8, TEXT_SIZE);
	guest_put_u64(&f.b, MODULE(n) + MEM + 16, TEXT(n) + 0x10000); /* data: no code */
	guest_put_u32(&f.b, MODULE(n) + MEM + 24, 0x1000);
	guest_put_u32(&f.b, MODULE(n) + ARCH, 7);
	guest_put_u64(&f.b, MODULE(n) + ARCH + 8, 0x1234);
	guest_put_u64(&f.b, MODULE(n) + ARCH + 16, 0x5678);
	guest_put_u64(&f.b, MODULE(n) + KALLSYMS_AT, KALLSYMS(n));
	guest_put_u64(&f.b, KALLSYMS(n), SYMTAB(n));
	guest_put_u32(&f.b, KALLSYMS(n) + 8, 0);
	guest_put_u64(&f.b, KALLSYMS(n) + 16, STRTAB(n));
	guest_put(&f.b, STRTAB(n), "", 1);
}

static uint32_t nr_symbols, nr_strings;

static void put_symbol(unsigned n, const char *name, uint64_t value, uint16_t section)
{
	uint64_t at = SYMTAB(n) + 24 * nr_symbols++;

	if (nr_symbols == 1)
		nr_strings = 1;
	guest_put_u32(&f.b, at, nr_strings);
	guest_put(&f.b, at + 6, &section, 2);
	guest_put_u64(&f.b, at + 8, value);
	guest_put_u64(&f.b, at + 16, 0);
	guest_put(&f.b, STRTAB(n) + nr_strings, name, strlen(name) + 1);
	nr_strings += (uint32_t)strlen(name) + 1;
	guest_put_u32(&f.b, KALLSYMS(n) + 8, nr_symbols);
}

static void put_symbols(unsigned n)
{
	nr_symbols = 0;
	put_symbol(n, "imported", 0, 0);
	put_symbol(n, "second", TEXT(n) + 0x400, 1);
	put_symbol(n, "first", TEXT(n) + 0x10, 1);
	put_symbol(n, "alias", TEXT(n) + 0x400, 1);
	put_symbol(n, "$x", TEXT(n) + 0x480, 1);
	put_symbol(n, ".L12", TEXT(n) + 0x490, 1);
	put_symbol(n, "data", TEXT(n) + 0x10000, 2);
	put_symbol(n, "last", TEXT(n) + 0x1f00, 1);
}

START_TEST(an_address_is_named_by_its_module)
{
	start();
	put_module(0, "other", 0);
	put_module(1, "fix", 0);
	put_symbols(1);
	walk_modules(&f.walk);
	ck_assert_uint_eq(f.walk.modules->nr, 2);
	ck_assert_ptr_null(f.walk.modules->cut);
	ck_assert_str_eq(symbol_of(&f.walk, TEXT(1) + 0x10), "first [fix]");
	ck_assert_str_eq(symbol_of(&f.walk, TEXT(1) + 0x3ff), "first+0x3ef [fix]");
	ck_assert_str_eq(symbol_of(&f.walk, TEXT(1) + 0x4a0), "second+0xa0 [fix]");
	ck_assert_str_eq(symbol_of(&f.walk, TEXT(1) + 0x1fff), "last+0xff [fix]");
	/* before the first symbol, behind the code, in the data */
	ck_assert_str_eq(symbol_of(&f.walk, TEXT(1) + 0xf), "0xf [fix]");
	ck_assert_ptr_null(modules_find(f.walk.modules, TEXT(1) + TEXT_SIZE));
	ck_assert_ptr_null(modules_find(f.walk.modules, TEXT(1) + 0x10000));
	/* a call may be a function's last instruction */
	ck_assert_str_eq(return_symbol_of(&f.walk, TEXT(1) + 0x400), "first+0x3f0 [fix]");
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(symbols_are_read_only_where_they_are_needed)
{
	char buf[64];

	start();
	put_module(1, "fix", 0);
	put_symbols(1);
	walk_modules(&f.walk);
	ck_assert_str_eq(modules_name(f.walk.modules, TEXT(1) + 0x20, 0, buf, sizeof(buf)),
			 "0x20 [fix]");
	modules_need(&f.walk, TEXT(1) + 0x20);
	ck_assert_str_eq(modules_name(f.walk.modules, TEXT(1) + 0x20, 0, buf, sizeof(buf)),
			 "first+0x10 [fix]");
	ck_assert_ptr_null(modules_name(NULL, TEXT(1), 0, buf, sizeof(buf)));
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(unwind_tables_and_init_code_are_the_modules)
{
	const struct module *m;

	start();
	put_module(1, "fix", 1); /* coming: it still has init code */
	guest_put_u64(&f.b, MODULE(1) + MEM + 32, INIT_TEXT(1));
	guest_put_u32(&f.b, MODULE(1) + MEM + 40, 0x1000);
	put_module(2, "unformed", UNFORMED);
	walk_modules(&f.walk);
	ck_assert_uint_eq(f.walk.modules->nr, 1);
	m = modules_find(f.walk.modules, INIT_TEXT(1) + 0x800);
	ck_assert_ptr_nonnull(m);
	ck_assert_ptr_eq(m, modules_find(f.walk.modules, TEXT(1)));
	ck_assert_uint_eq(m->nr_orcs, 7);
	ck_assert_uint_eq(m->orc_ips, 0x1234);
	ck_assert_uint_eq(m->orc_entries, 0x5678);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(broken_tables_leave_the_name_of_the_module)
{
	static const struct {
		uint64_t symtab, strtab;
		uint32_t nr;
	} broken[] = {
		{ UNMAPPED, STRTAB(1), 8 },	    { SYMTAB(1), UNMAPPED, 8 },
		{ SYMTAB(1), STRTAB(1), 0 },	    { SYMTAB(1), STRTAB(1), UINT32_MAX },
		{ UINT64_MAX - 10, UINT64_MAX, 8 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		start();
		put_module(1, "fix", 0);
		put_symbols(1);
		guest_put_u64(&f.b, KALLSYMS(1), broken[i].symtab);
		guest_put_u32(&f.b, KALLSYMS(1) + 8, broken[i].nr);
		guest_put_u64(&f.b, KALLSYMS(1) + 16, broken[i].strtab);
		walk_modules(&f.walk);
		ck_assert_str_eq(symbol_of(&f.walk, TEXT(1) + 0x500), "0x500 [fix]");
		walk_fixture_deinit(&f);
	}

	/* names that lie behind the strings, that never end, that are no names */
	start();
	put_module(1, "fix", 0);
	put_symbols(1);
	guest_put_u32(&f.b, SYMTAB(1) + 24, UINT32_MAX);
	guest_put_u32(&f.b, SYMTAB(1) + 3 * 24, 0);
	walk_modules(&f.walk);
	ck_assert_str_eq(symbol_of(&f.walk, TEXT(1) + 0x500), "first+0x4f0 [fix]");
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(a_broken_list_is_left)
{
	start();
	put_module(1, "fix", 0);
	guest_put_u64(&f.b, MODULE(1) + LIST, UNMAPPED);
	walk_modules(&f.walk);
	ck_assert_ptr_nonnull(f.walk.modules->cut);
	ck_assert_ptr_nonnull(modules_find(f.walk.modules, TEXT(1)));
	walk_fixture_deinit(&f);

	start();
	f.kernel.layout.symbol[S_modules] = 0;
	walk_modules(&f.walk);
	ck_assert_ptr_null(f.walk.modules);
	ck_assert_ptr_null(symbol_of(&f.walk, TEXT(1)));
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(sorting_keeps_equal_ones_in_their_order)
{
	struct module_symbol symbols[100];
	uint32_t seed = 1;

	for (uint32_t nr = 0; nr <= ARRAY_SIZE(symbols); nr++) {
		for (uint32_t i = 0; i < nr; i++) {
			seed = seed * 1103515245 + 12345;
			symbols[i] = (struct module_symbol){ .addr = seed >> 16 & 31, .index = i };
		}
		modules_sort(symbols, nr);
		for (uint32_t i = 1; i < nr; i++)
			ck_assert(symbols[i - 1].addr < symbols[i].addr ||
				  (symbols[i - 1].addr == symbols[i].addr &&
				   symbols[i - 1].index < symbols[i].index));
	}
}
END_TEST

static const unit_test tests[] = {
	&an_address_is_named_by_its_module,
	&symbols_are_read_only_where_they_are_needed,
	&unwind_tables_and_init_code_are_the_modules,
	&broken_tables_leave_the_name_of_the_module,
	&a_broken_list_is_left,
	&sorting_keeps_equal_ones_in_their_order,
};

UNIT_MAIN("capture_modules", tests)
