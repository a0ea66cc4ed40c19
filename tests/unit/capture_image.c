/* SPDX-License-Identifier: BSD-2-Clause */
/* image.c: RAM and registers of an image, as they are. */
#include <string.h>

#include <scxray/image.h>

#include "tests/lib/vmcore_fixture.h"

static struct scxray_source *open_core(struct core_builder *core)
{
	struct image_bytes file = core_builder_file(core);
	struct scxray_source *opened = image_open(file.bytes, file.size, &err);

	free(file.bytes);
	ck_assert_msg(opened != NULL, "%s", err.text);
	return opened;
}

static void expect_region(const struct scxray_source *s, size_t index, uint64_t gpa, uint64_t size)
{
	uint64_t got_gpa = 0, got_size = 0;

	ck_assert(scxray_source_region(s, index, &got_gpa, &got_size));
	ck_assert_uint_eq(got_gpa, gpa);
	ck_assert_uint_eq(got_size, size);
}

START_TEST(regions_of_a_core_ascend_and_end)
{
	struct core_builder core;
	struct scxray_source *s;
	uint64_t gpa = 7, size = 7;

	core_builder_init(&core);
	s = open_core(&core);
	expect_region(s, 0, 0x1000, 0x10000);
	expect_region(s, 1, 0x100000, 0x1800);
	ck_assert(!scxray_source_region(s, 2, &gpa, &size));
	ck_assert(!scxray_source_region(s, SIZE_MAX, &gpa, &size));
	ck_assert_uint_eq(gpa, 7); /* untouched */
	scxray_source_close(s);
	core_builder_deinit(&core);
}
END_TEST

START_TEST(pages_of_a_core_are_those_it_holds)
{
	static const struct {
		uint64_t gpa;
		size_t size;
		char byte;
	} cases[] = {
		{ 0x2000, PAGE_SIZE, 'a' },
		{ 0x10000, PAGE_SIZE, 'b' },
		{ 0x101000, 0x800, 'c' },     /* the region ends within the page */
		{ 0x1000, 0, 0 },	      /* RAM, but not in this core */
		{ 0x100000, 0, 0 },	      /* the same */
		{ 0x11000, 0, 0 },	      /* behind the region */
		{ 0x102000, 0, 0 },	      /* behind the last */
		{ 0, 0, 0 },		      /* before the first */
		{ 0x2008, 0, 0 },	      /* no page's address */
		{ 0xfffffffffffff000, 0, 0 }, /* the last page there can be */
	};
	struct core_builder core;
	struct scxray_source *s;

	core_builder_init(&core);
	s = open_core(&core);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const uint8_t *bytes = NULL;
		size_t size = scxray_source_page(s, cases[i].gpa, &bytes);

		ck_assert_msg(size == cases[i].size, "case %zu: %zu bytes", i, size);
		for (size_t at = 0; at < size; at++)
			ck_assert_int_eq(bytes[at], cases[i].byte);
	}
	scxray_source_close(s);
	core_builder_deinit(&core);
}
END_TEST

START_TEST(a_look_is_not_recorded)
{
	struct core_builder core;
	struct scxray_source *s;
	const uint8_t *bytes;
	uint64_t cursor = 0, gpa;

	core_builder_init(&core);
	s = open_core(&core);
	s->phys.recording = true;
	ck_assert_uint_eq(scxray_source_page(s, 0x2000, &bytes), PAGE_SIZE);
	ck_assert(!phys_next_touched(&s->phys, &cursor, &gpa));
	ck_assert(s->phys.recording);
	scxray_source_close(s);
	core_builder_deinit(&core);
}
END_TEST

START_TEST(registers_of_a_core)
{
	struct core_builder core;
	struct core_vcpu *second;
	struct scxray_source *s;

	core_builder_init(&core);
	/* head, then of each vCPU a struct core_vcpu and three registers */
	second = (struct core_vcpu *)(core_builder_part(&core, CORE_VCPUS)->bytes +
				      sizeof(struct core_vcpus) + sizeof(*second) + 3 * 8);
	second->parked = 0;
	s = open_core(&core);
	ck_assert_uint_eq(scxray_source_nr_vcpus(s), 2);
	ck_assert_ptr_nonnull(scxray_source_regs(s, 0));
	ck_assert_uint_eq(scxray_source_regs(s, 0)->value[2], 0xc0);
	ck_assert_uint_eq(scxray_source_regs(s, 0)->known, 5);
	ck_assert_ptr_null(scxray_source_regs(s, 1)); /* it did not park */
	ck_assert_ptr_null(scxray_source_regs(s, 2));
	ck_assert_ptr_null(scxray_source_regs(s, SIZE_MAX));
	scxray_source_close(s);
	core_builder_deinit(&core);
}
END_TEST

START_TEST(pages_of_a_vmcore_point_into_the_file)
{
	const uint8_t *bytes;

	start();
	elf_builder_note(&b, "VMCOREINFO", 0, "OSRELEASE=6.12\n", 15);
	elf_builder_load(&b, 0x100000, ram, 0x1800, 0x1800);
	elf_builder_load(&b, 0x4000, ram + 0x4000, 0x2000, 0x2000);
	ck_assert_msg(!open_file(), "%s", err.text);
	expect_region(source, 0, 0x4000, 0x2000);
	expect_region(source, 1, 0x100000, 0x1800);
	ck_assert_uint_eq(scxray_source_page(source, 0x5000, &bytes), PAGE_SIZE);
	ck_assert_mem_eq(bytes, ram + 0x5000, PAGE_SIZE);
	ck_assert_uint_eq(scxray_source_page(source, 0x101000, &bytes), 0x800);
	ck_assert_mem_eq(bytes, ram + 0x1000, 0x800);
	ck_assert_uint_eq(scxray_source_page(source, 0x3000, &bytes), 0);
	ck_assert_uint_eq(scxray_source_nr_vcpus(source), 0);
	drop();
}
END_TEST

static const unit_test tests[] = {
	&regions_of_a_core_ascend_and_end,
	&pages_of_a_core_are_those_it_holds,
	&a_look_is_not_recorded,
	&registers_of_a_core,
	&pages_of_a_vmcore_point_into_the_file,
};

UNIT_MAIN("image", tests)
