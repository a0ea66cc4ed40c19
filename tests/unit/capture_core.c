/* SPDX-License-Identifier: BSD-2-Clause */
/* capture_core.c - a core as it should be, cut at each place, and with each bit flipped */
#include "tests/unit/core_fixture.h"

START_TEST(a_core_is_loaded)
{
	core_builder_init(&b);
	ck_assert_msg(!load(), "%s", err.text);
	expect_content();
	close_source();
	core_builder_deinit(&b);
}
END_TEST

START_TEST(sections_of_later_versions_are_skipped)
{
	core_builder_init(&b);
	image_put(core_builder_part(&b, 99), "something new", 13);
	ck_assert_msg(!load(), "%s", err.text);
	expect_content();
	close_source();
	core_builder_deinit(&b);
}
END_TEST

START_TEST(vmcoreinfo_and_vcpus_may_be_absent)
{
	core_builder_init(&b);
	for (size_t i = 0; i < b.nr_parts; i++)
		if (b.parts[i].type == CORE_VCPUS || b.parts[i].type == CORE_VMCOREINFO)
			b.parts[i].type = 99;
	ck_assert_msg(!load(), "%s", err.text);
	ck_assert_uint_eq(source->nr_vcpus, 0);
	ck_assert_ptr_null(source->vmcoreinfo);
	close_source();
	core_builder_deinit(&b);
}
END_TEST

START_TEST(a_core_cut_anywhere_is_an_error)
{
	struct image_bytes file;

	core_builder_init(&b);
	file = core_builder_file(&b);
	for (size_t size = 0; size < file.size; size++) {
		ck_assert_msg(load_bytes(file.bytes, size) == -1, "%zu of %zu bytes", size,
			      file.size);
		ck_assert_str_ne(err.text, "");
		close_source();
	}
	free(file.bytes);
	core_builder_deinit(&b);
}
END_TEST

START_TEST(a_flipped_bit_is_an_error_or_without_effect)
{
	struct image_bytes file;
	size_t loaded = 0, bits;

	core_builder_init(&b);
	file = core_builder_file(&b);
	bits = file.size * 8;
	for (size_t bit = 0; bit < bits; bit++) {
		file.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (load_bytes(file.bytes, file.size)) {
			ck_assert_str_ne(err.text, "");
		} else {
			expect_content();
			loaded++;
		}
		close_source();
		file.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	/* the magic (checked by who calls), reserved words, zstd's unused bit: no more */
	ck_assert_uint_lt(loaded, 64 + 32 + 10 * b.nr_parts);
	free(file.bytes);
	core_builder_deinit(&b);
}
END_TEST

static const unit_test tests[] = {
	&a_core_is_loaded,
	&sections_of_later_versions_are_skipped,
	&vmcoreinfo_and_vcpus_may_be_absent,
	&a_core_cut_anywhere_is_an_error,
	&a_flipped_bit_is_an_error_or_without_effect,
};

UNIT_MAIN("capture_core", tests)
