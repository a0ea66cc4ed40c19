/* SPDX-License-Identifier: BSD-2-Clause */
/* core_load.c: small files that claim to be large are refused before they are unpacked. */
#include <string.h>

#include "tests/lib/image_builder.h"
#include "tests/lib/unit.h"

#define MANY_PAGES 8192ULL

static struct core_builder b;
static struct scxray_error err;

static void expect_refused(const char *text)
{
	struct image_bytes file = core_builder_file(&b);

	ck_assert_ptr_null(image_open(file.bytes, file.size, &err));
	ck_assert_msg(strstr(err.text, text), "%s", err.text);
	free(file.bytes);
	core_builder_deinit(&b);
}

static void same_frame_again(struct core_section *index, size_t nr)
{
	index[nr - 1] = index[nr - 2];
}

START_TEST(a_frame_that_is_named_twice_is_refused)
{
	core_builder_init(&b);
	b.edit_index = same_frame_again;
	expect_refused("sections overlap");
}
END_TEST

static void set(uint32_t type, const void *bytes, size_t size)
{
	core_builder_part(&b, type)->size = 0;
	image_put(core_builder_part(&b, type), bytes, size);
}

START_TEST(more_pages_than_such_a_file_can_hold_are_refused)
{
	struct core_region region = { .gpa = 0, .size = MANY_PAGES * 4096 };
	uint64_t *numbers = calloc(MANY_PAGES, sizeof(*numbers));
	uint8_t *zeros = calloc(MANY_PAGES, 4096);

	ck_assert(numbers && zeros);
	for (uint64_t i = 0; i < MANY_PAGES; i++)
		numbers[i] = i * 4096;
	core_builder_init(&b);
	set(CORE_REGIONS, &region, sizeof(region));
	set(CORE_PAGE_NUMBERS, numbers, MANY_PAGES * sizeof(*numbers));
	set(CORE_PAGES, zeros, MANY_PAGES * 4096);
	expect_refused("impossible size for such a file");
	free(numbers);
	free(zeros);
}
END_TEST

START_TEST(regions_out_of_order_are_refused)
{
	static const struct core_region regions[] = { { 0x100000, 0x2000 }, { 0, 0x4000 } };

	core_builder_init(&b);
	set(CORE_REGIONS, regions, sizeof(regions));
	expect_refused("impossible memory region");
}
END_TEST

static const unit_test tests[] = {
	&a_frame_that_is_named_twice_is_refused,
	&more_pages_than_such_a_file_can_hold_are_refused,
	&regions_out_of_order_are_refused,
};

UNIT_MAIN("capture_core_bomb", tests)
