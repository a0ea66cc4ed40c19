/* SPDX-License-Identifier: BSD-2-Clause */
/* kernel.c: each route to a kernel in memory, and what follows from its symbols. */
#include "tests/lib/kernel_fixture.h"

#define NOWHERE 0x7f0000000ULL /* a physical address outside RAM */

static struct kernel_fixture f;

static void give_note(struct kernel_fixture *k)
{
	mini_kernel_note(&k->m);
}

static void give_page_tables(struct kernel_fixture *k)
{
	kernel_vcpu(k);
}

static void give_info_page(struct kernel_fixture *k)
{
	mini_kernel_info_page(&k->m);
}

START_TEST(each_route_leads_to_each_kind_of_kernel)
{
	static const struct {
		void (*give)(struct kernel_fixture *k);
		enum kernel_route route;
	} routes[] = {
		{ give_note, ROUTE_VMCOREINFO_NOTE },
		{ kernel_give_lstar, ROUTE_LSTAR },
		{ kernel_give_idt, ROUTE_IDT },
		{ give_page_tables, ROUTE_PAGE_TABLES },
		{ give_info_page, ROUTE_VMCOREINFO_SCAN },
	};

	for (size_t k = 0; k < ARRAY_SIZE(kernel_kinds); k++)
		for (size_t r = 0; r < ARRAY_SIZE(routes); r++) {
			kernel_start(&f, k);
			routes[r].give(&f);
			kernel_expect(&f, routes[r].route);
			kernel_drop(&f);
		}
}
END_TEST

START_TEST(without_any_route_there_is_no_kernel)
{
	kernel_start(&f, 0);
	kernel_expect_none(&f, "no vCPU's page tables map one");
	kernel_drop(&f);
}
END_TEST

START_TEST(lstar_deep_in_the_text_leads_back_to_its_start)
{
	kernel_start(&f, 0);
	mini_kernel_reg(kernel_vcpu(&f), SCXRAY_REG_LSTAR, MINI_TEXT + 0x5e1234);
	kernel_expect(&f, ROUTE_LSTAR);
	kernel_drop(&f);
}
END_TEST

/* ---- CR3 ------------------------------------------------------------------ */

START_TEST(a_user_half_of_pti_leads_to_the_kernel_half)
{
	static const uint64_t flags[] = { 0, 0x806, 1ULL << 63, 1ULL << 62 | 1ULL << 63 | 0x7ff };

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		kernel_start(&f, 0);
		ck_assert_uint_eq(f.m.user_root, f.m.b.root | 1u << 12);
		mini_kernel_reg(mini_kernel_vcpu(&f.m, f.m.user_root | flags[i]), SCXRAY_REG_LSTAR,
				MINI_TEXT + MINI_LSTAR);
		kernel_expect(&f, ROUTE_LSTAR);
		kernel_drop(&f);
	}
}
END_TEST

START_TEST(entry_text_in_the_user_half_does_not_mislead)
{
	struct guest_builder user;

	kernel_start(&f, 0);
	/* a PMD that maps the first 2 MiB of text only, without the kallsyms' end */
	user = f.m.b;
	user.root = f.m.user_root;
	guest_map(&user, MINI_TEXT, MINI_GPA, 1);
	f.m.b.next = user.next;
	mini_kernel_reg(mini_kernel_vcpu(&f.m, f.m.user_root), SCXRAY_REG_LSTAR,
			MINI_TEXT + MINI_LSTAR);
	kernel_expect(&f, ROUTE_LSTAR);
	kernel_drop(&f);
}
END_TEST

START_TEST(without_pti_bit_12_is_part_of_the_address)
{
	kernel_start(&f, 0);
	/* a process's table at an odd page number, its kernel half as in the first */
	memcpy(guest_host(&f.m.b, f.m.user_root), guest_host(&f.m.b, f.m.b.root), PAGE_SIZE);
	memset(guest_host(&f.m.b, f.m.b.root), 0, PAGE_SIZE);
	mini_kernel_vcpu(&f.m, f.m.user_root);
	ck_assert_int_eq(kernel_try(&f), 0);
	ck_assert_uint_eq(f.kernel.cr3, f.m.user_root);
	/* init_top_pgt is empty here: what led to the kernel stays in use */
	ck_assert_uint_eq(f.g.paging.root, f.m.user_root);
	kernel_drop(&f);
}
END_TEST

START_TEST(a_process_table_is_left_for_the_kernels_own)
{
	kernel_start(&f, 0);
	memcpy(guest_host(&f.m.b, f.m.user_root), guest_host(&f.m.b, f.m.b.root), PAGE_SIZE);
	mini_kernel_vcpu(&f.m, f.m.user_root);
	kernel_expect(&f, ROUTE_PAGE_TABLES);
	ck_assert_uint_eq(f.kernel.cr3, f.m.user_root);
	kernel_drop(&f);
}
END_TEST

START_TEST(registers_that_are_not_known_are_not_used)
{
	struct scxray_regs *regs;

	kernel_start(&f, 0);
	regs = kernel_vcpu(&f);
	mini_kernel_reg(regs, SCXRAY_REG_LSTAR, MINI_TEXT + MINI_LSTAR);
	regs->known &= ~(1ULL << SCXRAY_REG_LSTAR);
	kernel_expect(&f, ROUTE_PAGE_TABLES);
	kernel_deinit(&f.kernel);
	f.m.source.vcpus[0].regs.known &= ~(1ULL << SCXRAY_REG_CR3);
	kernel_expect_none(&f, "no vCPU's page tables");
	kernel_drop(&f);
}
END_TEST

/* ---- what follows from the symbols ---------------------------------------- */

START_TEST(the_kaslr_offset_comes_from_the_note_or_from_memory)
{
	kernel_start(&f, 0);
	kernel_give_lstar(&f);
	kernel_expect(&f, ROUTE_LSTAR);
	ck_assert(!f.kernel.has_kaslr_offset); /* neither: not known, not 0 */
	kernel_deinit(&f.kernel);
	mini_kernel_info_page(&f.m);
	kernel_expect(&f, ROUTE_LSTAR);
	ck_assert(f.kernel.has_kaslr_offset);
	ck_assert_uint_eq(f.kernel.kaslr_offset, MINI_SLIDE);
	kernel_deinit(&f.kernel);
	mini_kernel_edit_info(&f.m, "KERNELOFFSET=", "5000000");
	mini_kernel_note(&f.m);
	kernel_expect(&f, ROUTE_VMCOREINFO_NOTE);
	ck_assert_uint_eq(f.kernel.kaslr_offset, 0x5000000);
	kernel_drop(&f);
}
END_TEST

START_TEST(an_absurd_number_of_cpus_is_an_error)
{
	static const struct {
		uint32_t nr;
		int result;
		uint32_t nr_cpus;
	} cases[] = {
		{ KERNEL_MAX_CPUS + 1, -1, 0 },
		{ UINT32_MAX, -1, 0 },
		{ 0, 0, 0 },
		{ KERNEL_MAX_CPUS, 0, KERNEL_MAX_CPUS },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		kernel_start(&f, 0);
		kernel_give_lstar(&f);
		memcpy(mini_kernel_at(&f.m, MINI_DATA), &cases[i].nr, 4);
		ck_assert_int_eq(kernel_try(&f), cases[i].result);
		if (cases[i].result)
			ck_assert_ptr_nonnull(strstr(f.err.text, "nr_cpu_ids"));
		ck_assert_uint_eq(f.kernel.nr_cpus, cases[i].nr_cpus);
		kernel_drop(&f);
	}
}
END_TEST

START_TEST(a_kernel_without_btf_is_a_kernel)
{
	kernel_start(&f, 0);
	kernel_give_lstar(&f);
	kernel_expect(&f, ROUTE_LSTAR);
	ck_assert(!f.kernel.has_types);
	ck_assert_int_ne(f.kernel.types_error.code, SCXRAY_OK);
	ck_assert_str_ne(f.kernel.types_error.text, "");
	kernel_drop(&f);
}
END_TEST

START_TEST(a_hint_leads_there_without_a_search)
{
	struct boot_hint hint;

	for (size_t k = 0; k < ARRAY_SIZE(kernel_kinds); k++) {
		kernel_start(&f, k);
		kernel_give_lstar(&f);
		kernel_expect(&f, ROUTE_LSTAR);
		hint = kernel_hint(&f.kernel);
		kernel_deinit(&f.kernel);
		f.m.source.nr_vcpus = 0; /* nothing else to go by */
		f.m.source.hint = hint;
		kernel_expect(&f, ROUTE_LSTAR);
		kernel_drop(&f);
	}
}
END_TEST

START_TEST(a_hint_of_an_unknown_route_is_not_followed)
{
	kernel_start(&f, 0);
	kernel_give_lstar(&f);
	kernel_expect(&f, ROUTE_LSTAR);
	f.m.source.hint = kernel_hint(&f.kernel);
	kernel_deinit(&f.kernel);
	f.m.source.hint.found_by = ROUTE_NR;
	kernel_expect_none(&f, "");
	kernel_drop(&f);
}
END_TEST

START_TEST(a_hint_that_misleads_is_an_error)
{
	static const struct boot_hint wrong[] = {
		{ .valid = true, .cr3 = NOWHERE },
		{ .valid = true, .cr3 = MINI_GPA },
		{ .valid = true, .cr3 = MINI_GPA, .found_by = ROUTE_NR },
		{ .valid = true, .cr3 = MINI_GPA, .levels = UINT64_MAX },
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		kernel_start(&f, 0);
		f.m.source.hint = wrong[i];
		ck_assert_int_eq(kernel_try(&f), -1);
		ck_assert_str_ne(f.err.text, "");
		kernel_drop(&f);
	}
}
END_TEST

static const unit_test tests[] = {
	&each_route_leads_to_each_kind_of_kernel,
	&without_any_route_there_is_no_kernel,
	&lstar_deep_in_the_text_leads_back_to_its_start,
	&a_user_half_of_pti_leads_to_the_kernel_half,
	&entry_text_in_the_user_half_does_not_mislead,
	&without_pti_bit_12_is_part_of_the_address,
	&a_process_table_is_left_for_the_kernels_own,
	&registers_that_are_not_known_are_not_used,
	&the_kaslr_offset_comes_from_the_note_or_from_memory,
	&an_absurd_number_of_cpus_is_an_error,
	&a_kernel_without_btf_is_a_kernel,
	&a_hint_leads_there_without_a_search,
	&a_hint_of_an_unknown_route_is_not_followed,
	&a_hint_that_misleads_is_an_error,
};

UNIT_MAIN("capture_kernel", tests)
