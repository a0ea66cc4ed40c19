/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel_fixture.h - kernel_load() on a mini kernel, for check programs
 */
#ifndef TESTS_KERNEL_FIXTURE_H
#define TESTS_KERNEL_FIXTURE_H

#include <string.h>

#include "tests/lib/mini_kernel.h"
#include "tests/lib/unit.h"

struct kernel_fixture {
	struct mini_kernel m;
	struct kernel kernel;
	struct guest g;
	struct scxray_error err;
};

/* One of each: encodings, levels. */
static const struct mini_kernel_options kernel_kinds[] = {
	{ 4, { .encoding = KALLSYMS_PLACE_RELATIVE, .align = 4 } },
	{ 5, { .encoding = KALLSYMS_PLACE_RELATIVE, .align = 4 } },
	{ 4, { .encoding = KALLSYMS_BASE_RELATIVE, .relative_base = MINI_TEXT } },
	{ 4, { .encoding = KALLSYMS_ABSOLUTE_PERCPU, .relative_base = MINI_TEXT } },
};

static inline void kernel_start(struct kernel_fixture *f, size_t kind)
{
	memset(f, 0, sizeof(*f));
	mini_kernel_init(&f->m, kernel_kinds[kind]);
}

static inline int kernel_try(struct kernel_fixture *f)
{
	return kernel_load(&f->kernel, &f->g, &f->m.source, &f->err);
}

static inline void kernel_drop(struct kernel_fixture *f)
{
	kernel_deinit(&f->kernel);
	mini_kernel_deinit(&f->m);
}

static inline struct scxray_regs *kernel_vcpu(struct kernel_fixture *f)
{
	return mini_kernel_vcpu(&f->m, f->m.b.root);
}

static inline void kernel_give_lstar(struct kernel_fixture *f)
{
	mini_kernel_reg(kernel_vcpu(f), SCXRAY_REG_LSTAR, MINI_TEXT + MINI_LSTAR);
}

static inline void kernel_give_idt(struct kernel_fixture *f)
{
	mini_kernel_reg(kernel_vcpu(f), SCXRAY_REG_IDT_BASE, MINI_TEXT + MINI_IDT);
}

static inline void kernel_expect(struct kernel_fixture *f, enum kernel_route route)
{
	const struct kernel *k = &f->kernel;

	ck_assert_msg(kernel_try(f) == 0, "%s", f->err.text);
	ck_assert_str_eq(kernel_route_text(k->route), kernel_route_text(route));
	ck_assert_uint_eq(k->text, MINI_TEXT);
	ck_assert_uint_eq(k->phys_base, MINI_GPA - (MINI_TEXT - 0xffffffff80000000));
	ck_assert_uint_eq(k->levels, f->m.b.levels);
	ck_assert_uint_eq(k->layout.symbol[S_linux_banner], MINI_TEXT + MINI_BANNER);
	ck_assert_uint_eq(k->nr_cpus, MINI_NR_CPUS);
	for (uint32_t cpu = 0; cpu < MINI_NR_CPUS; cpu++)
		ck_assert_uint_eq(k->percpu[cpu], 0xffff888010000000 + 0x40000ULL * cpu);
	ck_assert_uint_eq(f->g.paging.root, f->m.b.root); /* init_top_pgt, whatever led there */
	ck_assert(f->m.source.phys.recording);
}

static inline void kernel_expect_none(struct kernel_fixture *f, const char *text)
{
	ck_assert_int_eq(kernel_try(f), -1);
	ck_assert_msg(strstr(f->err.text, "no Linux kernel found"), "%s", f->err.text);
	ck_assert_msg(strstr(f->err.text, text), "%s", f->err.text);
}

#endif
