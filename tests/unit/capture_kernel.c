/* SPDX-License-Identifier: BSD-2-Clause */
/* kernel.c: each route to a kernel in memory, and what happens where one misleads. */
#include <string.h>
#include <time.h>

#include "tests/lib/mini_kernel.h"
#include "tests/lib/unit.h"

#define NOWHERE 0x7f0000000ULL /* a physical address outside RAM */
#define MODULES 0xffffffffc0000000ULL

static struct mini_kernel m;
static struct kernel kernel;
static struct guest g;
static struct scxray_error err;

static const struct mini_kernel_options kinds[] = {
	{ 4, { .encoding = KALLSYMS_PLACE_RELATIVE, .align = 4 } },
	{ 5, { .encoding = KALLSYMS_PLACE_RELATIVE, .align = 4 } },
	{ 4, { .encoding = KALLSYMS_BASE_RELATIVE, .relative_base = MINI_TEXT } },
	{ 4, { .encoding = KALLSYMS_ABSOLUTE_PERCPU, .relative_base = MINI_TEXT } },
};

static void start(size_t kind)
{
	mini_kernel_init(&m, kinds[kind]);
	memset(&err, 0, sizeof(err));
	memset(&g, 0, sizeof(g));
}

static int load(void)
{
	return kernel_load(&kernel, &g, &m.source, &err);
}

static void drop(void)
{
	kernel_deinit(&kernel);
	mini_kernel_deinit(&m);
}

static void expect_kernel(enum kernel_route route)
{
	ck_assert_msg(load() == 0, "%s", err.text);
	ck_assert_str_eq(kernel_route_text(kernel.route), kernel_route_text(route));
	ck_assert_uint_eq(kernel.text, MINI_TEXT);
	ck_assert_uint_eq(kernel.phys_base, MINI_GPA - (MINI_TEXT - 0xffffffff80000000));
	ck_assert_uint_eq(kernel.levels, m.b.levels);
	ck_assert_uint_eq(kernel.layout.symbol[S_linux_banner], MINI_TEXT + MINI_BANNER);
	ck_assert_uint_eq(kernel.nr_cpus, MINI_NR_CPUS);
	for (uint32_t cpu = 0; cpu < MINI_NR_CPUS; cpu++)
		ck_assert_uint_eq(kernel.percpu[cpu], 0xffff888010000000 + 0x40000ULL * cpu);
	ck_assert_uint_eq(g.paging.root, m.b.root); /* init_top_pgt, whatever led there */
	ck_assert(m.source.phys.recording);
}

static void expect_none(const char *text)
{
	ck_assert_int_eq(load(), -1);
	ck_assert_msg(strstr(err.text, "no Linux kernel found"), "%s", err.text);
	ck_assert_msg(strstr(err.text, text), "%s", err.text);
}

/* ---- each route alone ----------------------------------------------------- */

static struct scxray_regs *vcpu(void)
{
	return mini_kernel_vcpu(&m, m.b.root);
}

static void give_note(void)
{
	mini_kernel_note(&m);
}

static void give_lstar(void)
{
	mini_kernel_reg(vcpu(), SCXRAY_REG_LSTAR, MINI_TEXT + MINI_LSTAR);
}

static void give_idt(void)
{
	mini_kernel_reg(vcpu(), SCXRAY_REG_IDT_BASE, MINI_TEXT + MINI_IDT);
}

static void give_page_tables(void)
{
	vcpu();
}

static void give_info_page(void)
{
	mini_kernel_info_page(&m);
}

START_TEST(each_route_leads_to_each_kind_of_kernel)
{
	static const struct {
		void (*give)(void);
		enum kernel_route route;
	} routes[] = {
		{ give_note, ROUTE_VMCOREINFO_NOTE },
		{ give_lstar, ROUTE_LSTAR },
		{ give_idt, ROUTE_IDT },
		{ give_page_tables, ROUTE_PAGE_TABLES },
		{ give_info_page, ROUTE_VMCOREINFO_SCAN },
	};

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
		for (size_t r = 0; r < ARRAY_SIZE(routes); r++) {
			start(k);
			routes[r].give();
			expect_kernel(routes[r].route);
			drop();
		}
}
END_TEST

START_TEST(without_any_route_there_is_no_kernel)
{
	start(0);
	expect_none("no vCPU's page tables map one");
	drop();
}
END_TEST

START_TEST(lstar_deep_in_the_text_leads_back_to_its_start)
{
	start(0);
	mini_kernel_reg(vcpu(), SCXRAY_REG_LSTAR, MINI_TEXT + 0x5e1234);
	expect_kernel(ROUTE_LSTAR);
	drop();
}
END_TEST

/* ---- CR3 ------------------------------------------------------------------ */

START_TEST(a_user_half_of_pti_leads_to_the_kernel_half)
{
	static const uint64_t flags[] = { 0, 0x806, 1ULL << 63, 1ULL << 62 | 1ULL << 63 | 0x7ff };

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		start(0);
		ck_assert_uint_eq(m.user_root, m.b.root | 1u << 12);
		mini_kernel_reg(mini_kernel_vcpu(&m, m.user_root | flags[i]), SCXRAY_REG_LSTAR,
				MINI_TEXT + MINI_LSTAR);
		expect_kernel(ROUTE_LSTAR);
		drop();
	}
}
END_TEST

START_TEST(entry_text_in_the_user_half_does_not_mislead)
{
	struct guest_builder user;

	start(0);
	/* a PMD that maps the first 2 MiB of text only, without the kallsyms' end */
	user = m.b;
	user.root = m.user_root;
	guest_map(&user, MINI_TEXT, MINI_GPA, 1);
	m.b.next = user.next;
	mini_kernel_reg(mini_kernel_vcpu(&m, m.user_root), SCXRAY_REG_LSTAR,
			MINI_TEXT + MINI_LSTAR);
	expect_kernel(ROUTE_LSTAR);
	drop();
}
END_TEST

START_TEST(without_pti_bit_12_is_part_of_the_address)
{
	start(0);
	/* a process's table at an odd page number, its kernel half as in the first */
	memcpy(guest_host(&m.b, m.user_root), guest_host(&m.b, m.b.root), PAGE_SIZE);
	memset(guest_host(&m.b, m.b.root), 0, PAGE_SIZE);
	mini_kernel_vcpu(&m, m.user_root);
	ck_assert_int_eq(load(), 0);
	ck_assert_uint_eq(kernel.cr3, m.user_root);
	/* init_top_pgt is empty here: what led to the kernel stays in use */
	ck_assert_uint_eq(g.paging.root, m.user_root);
	drop();
}
END_TEST

START_TEST(a_process_table_is_left_for_the_kernels_own)
{
	start(0);
	memcpy(guest_host(&m.b, m.user_root), guest_host(&m.b, m.b.root), PAGE_SIZE);
	mini_kernel_vcpu(&m, m.user_root);
	expect_kernel(ROUTE_PAGE_TABLES);
	ck_assert_uint_eq(kernel.cr3, m.user_root);
	drop();
}
END_TEST

START_TEST(registers_that_are_not_known_are_not_used)
{
	struct scxray_regs *regs;

	start(0);
	regs = vcpu();
	mini_kernel_reg(regs, SCXRAY_REG_LSTAR, MINI_TEXT + MINI_LSTAR);
	regs->known &= ~(1ULL << SCXRAY_REG_LSTAR);
	expect_kernel(ROUTE_PAGE_TABLES);
	kernel_deinit(&kernel);
	m.source.vcpus[0].regs.known &= ~(1ULL << SCXRAY_REG_CR3);
	expect_none("no vCPU's page tables");
	drop();
}
END_TEST

/* ---- wrong answers -------------------------------------------------------- */

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
		start(0);
		mini_kernel_edit_info(&m, cases[i].key, cases[i].value);
		mini_kernel_note(&m);
		give_lstar();
		expect_kernel(ROUTE_LSTAR);
		drop();
	}
	start(2);
	mini_kernel_edit_info(&m, "SYMBOL(kallsyms_relative_base)=", "ffffffffa0000000");
	mini_kernel_note(&m);
	give_lstar();
	expect_kernel(ROUTE_LSTAR);
	drop();
}
END_TEST

START_TEST(an_older_note_names_the_top_table_swapper_pg_dir)
{
	char *line;

	start(0);
	line = strstr(m.info, "SYMBOL(init_top_pgt)=");
	memcpy(line, "SYMBOL(exit_top", 15);
	mini_kernel_note(&m);
	expect_kernel(ROUTE_VMCOREINFO_NOTE);
	drop();
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

		start(0);
		/* something is mapped where modules are, but it is no kernel */
		guest_map(&m.b, MODULES, MINI_GPA + MINI_SIZE - (2ULL << 20), 2);
		regs = vcpu();
		mini_kernel_reg(regs, SCXRAY_REG_LSTAR, values[i]);
		mini_kernel_reg(regs, SCXRAY_REG_IDT_BASE, MINI_TEXT + MINI_IDT);
		expect_kernel(ROUTE_IDT);
		drop();
	}
}
END_TEST

START_TEST(an_idt_that_misleads_is_passed_over)
{
	static const uint64_t bases[] = { 0x5000, MINI_TEXT + MINI_DATA, 0xfffffe0000000000,
					  UINT64_MAX - 7 };

	for (size_t i = 0; i < ARRAY_SIZE(bases); i++) {
		start(0);
		mini_kernel_reg(vcpu(), SCXRAY_REG_IDT_BASE, bases[i]);
		expect_kernel(ROUTE_PAGE_TABLES);
		drop();
	}
}
END_TEST

START_TEST(a_vcpu_that_misleads_is_passed_over)
{
	start(0);
	mini_kernel_vcpu(&m, NOWHERE);
	mini_kernel_vcpu(&m, MINI_GPA + MINI_INFO); /* a page of zeros */
	mini_kernel_vcpu(&m, UINT64_MAX);
	give_lstar();
	expect_kernel(ROUTE_LSTAR);
	drop();
}
END_TEST

START_TEST(something_mapped_below_the_kernel_leaves_the_scan)
{
	start(0);
	guest_map(&m.b, 0xffffffff80000000, MINI_GPA + MINI_SIZE - (2ULL << 20), 2);
	vcpu();
	mini_kernel_info_page(&m);
	expect_kernel(ROUTE_VMCOREINFO_SCAN);
	drop();
}
END_TEST

START_TEST(a_copy_of_vmcoreinfo_that_misleads_is_passed_over)
{
	char good[sizeof(m.info)];

	start(0);
	strcpy(good, m.info);
	mini_kernel_edit_info(&m, "NUMBER(phys_base)=", "123456789");
	strcpy((char *)mini_kernel_at(&m, MINI_INFO - PAGE_SIZE), m.info); /* comes first */
	strcpy(m.info, good);
	mini_kernel_info_page(&m);
	expect_kernel(ROUTE_VMCOREINFO_SCAN);
	drop();
}
END_TEST

START_TEST(without_its_banner_nothing_is_a_kernel)
{
	start(0);
	memcpy(mini_kernel_at(&m, MINI_BANNER), "Linux-", 6);
	mini_kernel_note(&m);
	mini_kernel_info_page(&m);
	give_lstar();
	give_idt();
	expect_none("linux_banner does not lead to");
	drop();
}
END_TEST

START_TEST(an_image_without_symbols_is_searched_once_not_once_a_vcpu)
{
	struct timespec begin, end;

	start(0);
	memset(mini_kernel_at(&m, MINI_KALLSYMS), 0, m.tables.size);
	for (uint32_t at = MINI_BTF; at < MINI_SIZE; at++)
		*mini_kernel_at(&m, at) =
			"0\0001\0002\0003"[at % 7]; /* what the search looks for */
	for (int i = 0; i < SOURCE_MAX_VCPUS; i++)
		give_lstar();
	clock_gettime(CLOCK_MONOTONIC, &begin);
	expect_none("");
	clock_gettime(CLOCK_MONOTONIC, &end);
	ck_assert_int_lt(end.tv_sec - begin.tv_sec, 4);
	drop();
}
END_TEST

START_TEST(la57_is_needed_where_the_tables_have_five_levels)
{
	start(1);
	mini_kernel_reg(vcpu(), SCXRAY_REG_CR4, 0x6f0); /* says four */
	expect_none("no vCPU's page tables map one");
	drop();
}
END_TEST

/* ---- what follows from the symbols ---------------------------------------- */

START_TEST(the_kaslr_offset_comes_from_the_note_or_from_memory)
{
	start(0);
	give_lstar();
	expect_kernel(ROUTE_LSTAR);
	ck_assert(!kernel.has_kaslr_offset); /* neither: not known, not 0 */
	kernel_deinit(&kernel);
	mini_kernel_info_page(&m);
	expect_kernel(ROUTE_LSTAR);
	ck_assert(kernel.has_kaslr_offset);
	ck_assert_uint_eq(kernel.kaslr_offset, MINI_SLIDE);
	kernel_deinit(&kernel);
	mini_kernel_edit_info(&m, "KERNELOFFSET=", "5000000");
	mini_kernel_note(&m);
	expect_kernel(ROUTE_VMCOREINFO_NOTE);
	ck_assert_uint_eq(kernel.kaslr_offset, 0x5000000);
	drop();
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
		start(0);
		give_lstar();
		memcpy(mini_kernel_at(&m, MINI_DATA), &cases[i].nr, 4);
		ck_assert_int_eq(load(), cases[i].result);
		if (cases[i].result)
			ck_assert_ptr_nonnull(strstr(err.text, "nr_cpu_ids"));
		ck_assert_uint_eq(kernel.nr_cpus, cases[i].nr_cpus);
		drop();
	}
}
END_TEST

START_TEST(a_kernel_without_btf_is_a_kernel)
{
	start(0);
	give_lstar();
	expect_kernel(ROUTE_LSTAR);
	ck_assert(!kernel.has_types);
	ck_assert_int_ne(kernel.types_error.code, SCXRAY_OK);
	ck_assert_str_ne(kernel.types_error.text, "");
	drop();
}
END_TEST

START_TEST(a_hint_leads_there_without_a_search)
{
	struct boot_hint hint;

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		start(k);
		give_lstar();
		expect_kernel(ROUTE_LSTAR);
		hint = kernel_hint(&kernel);
		kernel_deinit(&kernel);
		m.source.nr_vcpus = 0; /* nothing else to go by */
		m.source.hint = hint;
		expect_kernel(ROUTE_LSTAR);
		drop();
	}
}
END_TEST

START_TEST(a_hint_of_an_unknown_route_is_not_followed)
{
	start(0);
	give_lstar();
	expect_kernel(ROUTE_LSTAR);
	m.source.hint = kernel_hint(&kernel);
	kernel_deinit(&kernel);
	m.source.hint.found_by = ROUTE_NR;
	expect_none("");
	drop();
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
		start(0);
		m.source.hint = wrong[i];
		ck_assert_int_eq(load(), -1);
		ck_assert_str_ne(err.text, "");
		drop();
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
	&the_kaslr_offset_comes_from_the_note_or_from_memory,
	&an_absurd_number_of_cpus_is_an_error,
	&a_kernel_without_btf_is_a_kernel,
	&a_hint_leads_there_without_a_search,
	&a_hint_of_an_unknown_route_is_not_followed,
	&a_hint_that_misleads_is_an_error,
};

UNIT_MAIN("capture_kernel", tests)
