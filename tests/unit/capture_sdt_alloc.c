/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scx library's allocators on a hand-made arena: BTF with the library's struct
 * names, a .bss with one allocator and one bump range, a tree of three levels.
 */
#include "tests/unit/sdt_fixture.h"

START_TEST(live_slots_with_id_and_payload)
{
	const struct scxray_sdt *sdt = walk();

	ck_assert_str_eq(sdt->name, "victim_allocator");
	ck_assert_ptr_null(sdt->cut);
	ck_assert_uint_eq(sdt->skipped_subtrees, 0);
	ck_assert_uint_eq(sdt->nr_entries, 2);
	ck_assert_int_eq(sdt->entries[0].idx, 3);
	ck_assert_int_eq(sdt->entries[0].genn, 7);
	ck_assert_uint_eq(sdt->entries[0].user_addr, at(SLOTS, 0));
	ck_assert_uint_eq(sdt->entries[0].payload.size, 24);
	ck_assert_uint_eq(((const uint64_t *)sdt->entries[0].payload.bytes)[2], 13);
	ck_assert_int_eq(sdt->entries[1].idx, 511);
}
END_TEST

START_TEST(payload_type_by_its_size)
{
	const struct scxray_sdt *sdt = walk();

	ck_assert_str_eq(sdt->payload_type_reason, "the only struct of 24 bytes");
	ck_assert_ptr_eq(sdt->entries[0].payload.btf, types.btf);
}
END_TEST

START_TEST(payload_type_by_the_allocators_name)
{
	const struct btf_type *t;
	const struct scxray_sdt *sdt;

	types_deinit(&types);
	make_types(TWINS);
	sdt = walk();
	t = btf__type_by_id(types.btf, sdt->payload_type);
	ck_assert_str_eq(btf__str_by_offset(types.btf, t->name_off), "victim_ctx");
	ck_assert_str_eq(sdt->payload_type_reason, "by size and the allocator's name");
}
END_TEST

/* What the library's own objects look like: structs reached through pointers have no members. */
START_TEST(chunk_and_slot_are_only_declared)
{
	const struct scxray_sdt *sdt;

	types_deinit(&types);
	make_types(DECLARED);
	sdt = walk();
	ck_assert_ptr_null(report.unavailable[SCXRAY_GROUP_SDTS]);
	ck_assert_uint_eq(sdt->nr_entries, 2);
	ck_assert_int_eq(sdt->entries[0].idx, 3);
	ck_assert_int_eq(sdt->entries[0].genn, 7);
	ck_assert_int_eq(sdt->entries[1].idx, 511);
	ck_assert_uint_eq(((const uint64_t *)sdt->entries[1].payload.bytes)[0], 31);
	ck_assert_ptr_eq(sdt->entries[0].payload.btf, types.btf);
}
END_TEST

START_TEST(an_allocator_without_its_types_is_not_passed_over)
{
	types_deinit(&types);
	make_types(DECLARED | NO_ID);
	map_walk_allocators_in(&w, &maps[1], &types);
	ck_assert_uint_eq(report.nr_sdts, 0);
	ck_assert_str_eq(
		report.unavailable[SCXRAY_GROUP_SDTS],
		"victim_allocator is in .bss, but the BTF has no union sdt_id to read it by");
}
END_TEST

START_TEST(older_libraries_are_told_by_their_shape)
{
	types_deinit(&types);
	make_types(OLDER);
	ck_assert_uint_eq(walk()->nr_entries, 2);
	ck_assert_uint_eq(report.nr_static_ranges, 1);
}
END_TEST

START_TEST(payload_type_by_the_very_name_of_a_larger_struct)
{
	const struct btf_type *t;
	const struct scxray_sdt *sdt;

	types_deinit(&types);
	make_types(LARGER);
	sdt = walk();
	t = btf__type_by_id(types.btf, sdt->payload_type);
	ck_assert_str_eq(btf__str_by_offset(types.btf, t->name_off), "scx_victim");
	ck_assert_str_eq(sdt->payload_type_reason,
			 "by the allocator's name, the first 24 bytes of it");
	ck_assert_uint_eq(sdt->entries[0].payload.size, 24);
}
END_TEST

START_TEST(the_type_of_a_variable_is_no_payload)
{
	const struct scxray_sdt *sdt;

	types_deinit(&types);
	make_types(SPOKEN_FOR);
	sdt = walk();
	ck_assert_uint_eq(sdt->payload_type, 0);
	ck_assert_str_eq(sdt->payload_type_reason, "no struct of 24 bytes in its BTF");
	ck_assert_ptr_null(sdt->entries[0].payload.btf);
}
END_TEST

/* One task's storage points to a slot, another's to a payload, a third is of another scheduler. */
START_TEST(slots_belong_to_those_whose_storage_points_to_them)
{
	static const char *owners[] = { "victim0[7]", "victim1[8]", "victim2[9]" };
	const struct scxray_sdt *sdt = walk();
	uint64_t values[3][2] = { { 1, sdt->entries[0].user_addr },
				  { sdt->entries[1].payload.addr, 0 },
				  { sdt->entries[0].user_addr, 0 } };
	struct scxray_entry entries[3] = { { 0 } };

	for (uint32_t i = 0; i < 3; i++) {
		entries[i].value = (const uint8_t *)values[i];
		entries[i].owner = i + 1;
	}
	maps[0].entries = entries;
	maps[0].nr_entries = 3;
	maps[0].owners = owners;
	maps[0].nr_owners = 3;
	maps[0].value_type.size = sizeof(values[0]);
	sdt_find_owners(&w);
	ck_assert_ptr_null(sdt->entries[0].owner);
	maps[0].active = true;
	sdt_find_owners(&w);
	/* the first that points there */
	ck_assert_str_eq(sdt->entries[0].owner, "victim0[7]");
	ck_assert_str_eq(sdt->entries[1].owner, "victim1[8]");
	/* an owner that is not there */
	entries[1].owner = 4;
	report.sdts[0].entries[1].owner = NULL;
	sdt_find_owners(&w);
	ck_assert_ptr_null(sdt->entries[1].owner);
}
END_TEST

START_TEST(bump_ranges)
{
	walk();
	ck_assert_uint_eq(report.nr_static_ranges, 1);
	ck_assert_str_eq(report.static_ranges[0].name, "static_range");
	ck_assert_uint_eq(report.static_ranges[0].start, at(SLOTS, 0));
	ck_assert_uint_eq(report.static_ranges[0].size, 96);
	ck_assert_uint_eq(report.static_ranges[0].capacity, 8192);
	bss.off = 9000; /* more than there is */
	report.nr_sdts = report.nr_static_ranges = 0;
	walk();
	ck_assert_uint_eq(report.nr_static_ranges, 0);
	ck_assert_uint_eq(report.static_skipped, 1);
}
END_TEST

static const unit_test tests[] = {
	&live_slots_with_id_and_payload,
	&payload_type_by_its_size,
	&older_libraries_are_told_by_their_shape,
	&payload_type_by_the_allocators_name,
	&chunk_and_slot_are_only_declared,
	&an_allocator_without_its_types_is_not_passed_over,
	&payload_type_by_the_very_name_of_a_larger_struct,
	&the_type_of_a_variable_is_no_payload,
	&slots_belong_to_those_whose_storage_points_to_them,
	&bump_ranges,
};

UNIT_MAIN_AROUND("capture_sdt_alloc", tests, setup, teardown)
