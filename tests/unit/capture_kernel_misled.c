/* SPDX-License-Identifier: BSD-2-Clause */
/* kernel.c: routes that lead elsewhere, and the next that is tried. */
#include <time.h>

#include "tests/lib/kernel_fixture.h"

#define NOWHERE 0x7f0000000ULL /* a physical address outside RAM */
#define MODULES 0xffffffffc0000000ULL

static struct kernel_fixture f;

START_TEST(a_note_that_misleads_is_passed_over)
{
	static const struct {
		const char *key, *value;
	} cases[] = {
		{ "NUMBER(phys_base)=", "4096" },
		{ "NUMBER(phys_base)=", "" },
		{ "SYMBOL(kallsyms_names)=", "ffffffff81000000" },
		{ "SYMBOL(kallsyms_num_syms)=", "0" },
		{ "SYMBOL(kallsyms_offsets)=", "ffffffff9d100000" },
		{ "SYMBOL(kallsyms_token_table)=", "zzz" },
		{ "SYMBOL(init_top_pgt)=", "ffffffffffffffff" },
		{ "NUMBER(pgtable_l5_enabled)=", "1" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		kernel_start(&f, 0);
		mini_kernel_edit_info(&f.m, cases[i].key, cases[i].value);
		mini_kernel_note(&f.m);
		kernel_give_lstar(&f);
		kernel_expect(&f, ROUTE_LSTAR);
		kernel_drop(&f);
	}
	kernel_start(&f, 2);
	mini_kernel_edit_info(&f.m, "SYMBOL(kallsyms_relative_base)=", "ffffffffa0000000");
	mini_kernel_note(&f.m);
	kernel_give_lstar(&f);
	kernel_expect(&f, ROUTE_LSTAR);
	kernel_drop(&f);
}
END_TEST

START_TEST(an_older_note_names_the_top_table_swapper_pg_dir)
{
	char *line;

	kernel_start(&f, 0);
	line = strstr(f.m.info, "SYMBOL(init_top_pgt)=");
	memcpy(line, "SYMBOL(exit_top", 15);
	mini_kernel_note(&f.m);
	kernel_expect(&f, ROUTE_VMCOREINFO_NOTE);
	kernel_drop(&f);
}
END_TEST

START_TEST(an_lstar_that_misleads_is_passed_over)
{
	static const uint64_t values[] = {
		0x1000,	    MINI_TEXT - 1,	    MODULES + 0x123, 0xffff888000000000,
		UINT64_MAX, MODULES + (2ULL << 20),
	};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct scxray_regs *regs;

		kernel_start(&f, 0);
		/* something is mapped where modules are, but it is no kernel */
		guest_map(&f.m.b, MODULES, MINI_GPA + MINI_SIZE - (2ULL << 20), 2);
		regs = kernel_vcpu(&f);
		mini_kernel_reg(regs, SCXRAY_REG_LSTAR, values[i]);
		mini_kernel_reg(regs, SCXRAY_REG_IDT_BASE, MINI_TEXT + MINI_IDT);
		kernel_expect(&f, ROUTE_IDT);
		kernel_drop(&f);
	}
}
END_TEST

START_TEST(an_idt_that_misleads_is_passed_over)
{
	static const uint64_t bases[] = { 0x5000, MINI_TEXT + MINI_DATA, 0xfffffe0000000000,
					  UINT64_MAX - 7 };

	for (size_t i = 0; i < ARRAY_SIZE(bases); i++) {
		kernel_start(&f, 0);
		mini_kernel_reg(kernel_vcpu(&f), SCXRAY_REG_IDT_BASE, bases[i]);
		kernel_expect(&f, ROUTE_PAGE_TABLES);
		kernel_drop(&f);
	}
}
END_TEST

START_TEST(a_vcpu_that_misleads_is_passed_over)
{
	kernel_start(&f, 0);
	mini_kernel_vcpu(&f.m, NOWHERE);
	mini_kernel_vcpu(&f.m, MINI_GPA + MINI_INFO); /* a page of zeros */
	mini_kernel_vcpu(&f.m, UINT64_MAX);
	kernel_give_lstar(&f);
	kernel_expect(&f, ROUTE_LSTAR);
	kernel_drop(&f);
}
END_TEST

START_TEST(something_mapped_below_the_kernel_leaves_the_scan)
{
	kernel_start(&f, 0);
	guest_map(&f.m.b, 0xffffffff80000000, MINI_GPA + MINI_SIZE - (2ULL << 20), 2);
	kernel_vcpu(&f);
	mini_kernel_info_page(&f.m);
	kernel_expect(&f, ROUTE_VMCOREINFO_SCAN);
	kernel_drop(&f);
}
END_TEST

START_TEST(a_copy_of_vmcoreinfo_that_misleads_is_passed_over)
{
	char good[sizeof(f.m.info)];

	kernel_start(&f, 0);
	strcpy(good, f.m.info);
	mini_kernel_edit_info(&f.m, "NUMBER(phys_base)=", "123456789");
	strcpy((char *)mini_kernel_at(&f.m, MINI_INFO - PAGE_SIZE), f.m.info); /* comes first */
	strcpy(f.m.info, good);
	mini_kernel_info_page(&f.m);
	kernel_expect(&f, ROUTE_VMCOREINFO_SCAN);
	kernel_drop(&f);
}
END_TEST

START_TEST(without_its_banner_nothing_is_a_kernel)
{
	kernel_start(&f, 0);
	memcpy(mini_kernel_at(&f.m, MINI_BANNER), "Linux-", 6);
	mini_kernel_note(&f.m);
	mini_kernel_info_page(&f.m);
	kernel_give_lstar(&f);
	kernel_give_idt(&f);
	kernel_expect_none(&f, "linux_banner does not lead to");
	kernel_drop(&f);
}
END_TEST

START_TEST(an_image_without_symbols_is_searched_once_not_once_a_vcpu)
{
	struct timespec begin, end;

	kernel_start(&f, 0);
	memset(mini_kernel_at(&f.m, MINI_KALLSYMS), 0, f.m.tables.size);
	for (uint32_t at = MINI_BTF; at < MINI_SIZE; at++)
		*mini_kernel_at(&f.m, at) =
			"0\0001\0002\0003"[at % 7]; /* what the search looks for */
	for (int i = 0; i < SOURCE_MAX_VCPUS; i++)
		kernel_give_lstar(&f);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	kernel_expect_none(&f, "");
	clock_gettime(CLOCK_MONOTONIC, &end);
	ck_assert_int_lt(end.tv_sec - begin.tv_sec, 4);
	kernel_drop(&f);
}
END_TEST

START_TEST(la57_is_needed_where_the_tables_have_five_levels)
{
	kernel_start(&f, 1);
	mini_kernel_reg(kernel_vcpu(&f), SCXRAY_REG_CR4, 0x6f0); /* says four */
	kernel_expect_none(&f, "no vCPU's page tables map one");
	kernel_drop(&f);
}
END_TEST

static const unit_test tests[] = {
	&a_note_that_misleads_is_passed_over,
	&an_older_note_names_the_top_table_swapper_pg_dir,
	&an_lstar_that_misleads_is_passed_over,
	&an_idt_that_misleads_is_passed_over,
	&a_vcpu_that_misleads_is_passed_over,
	&something_mapped_below_the_kernel_leaves_the_scan,
	&a_copy_of_vmcoreinfo_that_misleads_is_passed_over,
	&without_its_banner_nothing_is_a_kernel,
	&an_image_without_symbols_is_searched_once_not_once_a_vcpu,
	&la57_is_needed_where_the_tables_have_five_levels,
};

UNIT_MAIN("capture_kernel_misled", tests)
