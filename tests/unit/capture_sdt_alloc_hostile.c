/* SPDX-License-Identifier: BSD-2-Clause */
/* capture_sdt_alloc_hostile.c - allocators whose descriptors are broken, missing or too large */
#include "tests/unit/sdt_fixture.h"

START_TEST(large_slots_are_read_up_to_a_sum)
{
	const struct scxray_sdt *sdt;

	bss.elem_size = 3 * 4096;
	sdt = walk(); /* the arena ends after the first page of slots */
	ck_assert_uint_eq(sdt->nr_entries, 2);
	ck_assert_int_eq(sdt->entries[0].payload.state, SCXRAY_UNREADABLE);
	bss.elem_size = 65536;
	for (unsigned i = 0; i < 512; i++)
		set_u64(CHUNK2, i, at(SLOTS, 0));
	memset(desc(2)->allocated, 0xff, sizeof(desc(2)->allocated));
	report.nr_sdts = 0;
	sdt = walk();
	ck_assert_uint_eq(sdt->nr_entries, 256);
	ck_assert_str_eq(sdt->cut, "cut after 256 slots: 16 MiB of them");
}
END_TEST

START_TEST(a_page_that_is_not_there_is_a_skipped_subtree)
{
	const struct scxray_sdt *sdt;

	set_u64(CHUNK0, 1, USER + 0x800000);
	sdt = walk();
	ck_assert_uint_eq(sdt->skipped_subtrees, 1);
	ck_assert_uint_eq(sdt->nr_entries, 2);
}
END_TEST

START_TEST(a_slot_that_is_not_there_is_unreadable)
{
	const struct scxray_sdt *sdt;

	set_u64(CHUNK2, 3, USER + 0x800000);
	sdt = walk();
	ck_assert_uint_eq(sdt->nr_entries, 2);
	ck_assert_int_eq(sdt->entries[0].payload.state, SCXRAY_UNREADABLE);
}
END_TEST

/* Each of 512 slots leads back to the root: 512^3 visits without a bound. */
START_TEST(descriptors_in_a_circle_end)
{
	const struct scxray_sdt *sdt;

	for (unsigned i = 0; i < 512; i++) {
		set_u64(CHUNK0, i, at(DESCS, 0));
		desc(0)->allocated[i / 64] = 0;
	}
	sdt = walk();
	ck_assert_ptr_nonnull(sdt->cut);
}
END_TEST

START_TEST(element_sizes_that_make_no_sense)
{
	static const uint64_t sizes[] = { 1, 15, 65537, UINT64_MAX };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		bss.elem_size = sizes[i];
		report.nr_sdts = 0;
		ck_assert_ptr_nonnull(walk()->cut);
	}
}
END_TEST

START_TEST(slots_are_capped)
{
	const struct scxray_sdt *sdt;

	w.settings.max_entries = 1;
	sdt = walk();
	ck_assert_uint_eq(sdt->nr_entries, 1);
	ck_assert_str_eq(sdt->cut, "cut after 1 slots");
}
END_TEST

static const unit_test tests[] = {
	&large_slots_are_read_up_to_a_sum,	 &a_page_that_is_not_there_is_a_skipped_subtree,
	&a_slot_that_is_not_there_is_unreadable, &descriptors_in_a_circle_end,
	&element_sizes_that_make_no_sense,	 &slots_are_capped,
};

UNIT_MAIN_AROUND("capture_sdt_alloc_hostile", tests, setup, teardown)
