/* SPDX-License-Identifier: BSD-2-Clause */
/* capture_core_broken.c - a core with each of its fields broken */
#include "tests/unit/core_fixture.h"

static void poke(uint32_t part, size_t at, uint64_t value, size_t size)
{
	memcpy(core_builder_part(&b, part)->bytes + at, &value, size);
}

static void drop_part(uint32_t part)
{
	for (size_t i = 0; i < b.nr_parts; i++)
		if (b.parts[i].type == part)
			b.parts[i].type = 99;
}

static void version(void)
{
	b.header.version = 7;
}

#define DROP(name, part)         \
	static void name(void)   \
	{                        \
		drop_part(part); \
	}
DROP(no_meta, CORE_META)
DROP(no_regions, CORE_REGIONS)
DROP(no_numbers, CORE_PAGE_NUMBERS)
DROP(no_pages, CORE_PAGES)

static void no_cr3(void)
{
	poke(CORE_META, 10, 'x', 1);
}

static void empty_meta(void)
{
	core_builder_part(&b, CORE_META)->size = 0;
}

static void huge_region(void)
{
	poke(CORE_REGIONS, 24, 1ULL << 47, 8);
}

static void region_of_nothing(void)
{
	poke(CORE_REGIONS, 8, 0, 8);
}

static void region_unaligned(void)
{
	poke(CORE_REGIONS, 0, 0x1008, 8);
}

static void region_too_high(void)
{
	poke(CORE_REGIONS, 16, UINT64_MAX & ~0xfffULL, 8);
}

static void regions_overlap(void)
{
	poke(CORE_REGIONS, 16, 0x10000, 8);
}

static void region_sizes_wrap(void)
{
	poke(CORE_REGIONS, 8, UINT64_MAX - 0xfff, 8);
	poke(CORE_REGIONS, 24, 0x2000, 8);
}

static void too_many_vcpus(void)
{
	poke(CORE_VCPUS, 0, UINT32_MAX, 4);
}

static void more_vcpus_than_any_machine_has(void)
{
	static uint8_t bytes[8 + (SOURCE_MAX_VCPUS + 1) * sizeof(struct core_vcpu)];

	memcpy(bytes, (uint32_t[]){ SOURCE_MAX_VCPUS + 1, 0 }, 8);
	core_builder_part(&b, CORE_VCPUS)->size = 0;
	image_put(core_builder_part(&b, CORE_VCPUS), bytes, sizeof(bytes));
}

static void too_many_regs(void)
{
	poke(CORE_VCPUS, 4, 65, 4);
}

static void one_vcpu_more(void)
{
	poke(CORE_VCPUS, 0, 3, 4);
}

static void vcpus_cut(void)
{
	core_builder_part(&b, CORE_VCPUS)->size = 5;
}

static void numbers_descend(void)
{
	poke(CORE_PAGE_NUMBERS, 0, 0x20000, 8);
}

static void numbers_repeat(void)
{
	poke(CORE_PAGE_NUMBERS, 0, 0x10000, 8);
}

static void number_unaligned(void)
{
	poke(CORE_PAGE_NUMBERS, 0, 0x2008, 8);
}

static void no_number(void)
{
	core_builder_part(&b, CORE_PAGE_NUMBERS)->size = 0;
}

static void one_number_less(void)
{
	core_builder_part(&b, CORE_PAGE_NUMBERS)->size = 16;
}

static void one_page_less(void)
{
	core_builder_part(&b, CORE_PAGES)->size -= PAGE_SIZE;
}

static void half_a_page_less(void)
{
	core_builder_part(&b, CORE_PAGES)->size -= PAGE_SIZE / 2;
}

static void too_many_numbers(void)
{
	static uint64_t numbers[CORE_MAX_PAGES + 1];

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		numbers[i] = i * PAGE_SIZE;
	core_builder_part(&b, CORE_PAGE_NUMBERS)->size = 0;
	image_put(core_builder_part(&b, CORE_PAGE_NUMBERS), numbers, sizeof(numbers));
}

static void too_many_regions(void)
{
	static struct core_region regions[CORE_MAX_REGIONS + 1];

	for (size_t i = 0; i < ARRAY_SIZE(regions); i++)
		regions[i] = (struct core_region){ i * PAGE_SIZE, PAGE_SIZE };
	core_builder_part(&b, CORE_REGIONS)->size = 0;
	image_put(core_builder_part(&b, CORE_REGIONS), regions, sizeof(regions));
}

/* The index says something else than the file. */
#define EDIT_INDEX(name, change)                                        \
	static void name##_index(struct core_section *index, size_t nr) \
	{                                                               \
		for (size_t i = 0; i < nr; i++)                         \
			change;                                         \
	}                                                               \
	static void name(void)                                          \
	{                                                               \
		b.edit_index = name##_index;                            \
	}
EDIT_INDEX(offset_beyond, index[i].offset = 1 << 20)
EDIT_INDEX(offset_wraps, index[i].offset = UINT64_MAX - 8)
EDIT_INDEX(size_beyond, index[i].size = 1 << 20)
EDIT_INDEX(size_wraps, index[i].size = UINT64_MAX - 8)
EDIT_INDEX(size_short, index[i].size -= 4)
EDIT_INDEX(size_zero, index[i].size = 0)
EDIT_INDEX(raw_larger, index[i].raw += 8)
EDIT_INDEX(raw_smaller, index[i].raw -= 8)
EDIT_INDEX(raw_huge, index[i].raw = UINT64_MAX)
EDIT_INDEX(raw_error, index[i].raw = UINT64_MAX - 1) /* ZSTD_CONTENTSIZE_ERROR */
EDIT_INDEX(raw_zero, index[i].raw = 0)
EDIT_INDEX(pages_twice, index[i].type = index[i].type == 99 ? CORE_PAGES : index[i].type)

static void one_page_more(void)
{
	uint8_t page[PAGE_SIZE] = { 0 };

	image_put(core_builder_part(&b, 99), page, sizeof(page));
	pages_twice();
}

#define EDIT_TRAILER(name, change)                         \
	static void name##_trailer(struct core_trailer *t) \
	{                                                  \
		change;                                    \
	}                                                  \
	static void name(void)                             \
	{                                                  \
		b.edit_trailer = name##_trailer;           \
	}
EDIT_TRAILER(no_magic, t->magic[0] = 'x')
EDIT_TRAILER(index_beyond, t->index_offset = UINT64_MAX)
EDIT_TRAILER(index_elsewhere, t->index_offset = 3)
EDIT_TRAILER(index_long, t->index_size = UINT64_MAX)
EDIT_TRAILER(index_empty, t->index_raw = 0)
EDIT_TRAILER(index_odd, t->index_raw += 1)
EDIT_TRAILER(index_raw_larger, t->index_raw += sizeof(struct core_section))
EDIT_TRAILER(index_huge, t->index_raw = (CORE_MAX_SECTIONS + 1) * sizeof(struct core_section))

static const struct {
	void (*spoil)(void);
	const char *text;
} broken_fields[] = {
	{ version, "of version 7" },
	{ no_meta, "no meta section" },
	{ no_regions, "no memory regions" },
	{ no_numbers, "no pages" },
	{ no_pages, "fewer pages" },
	{ no_cr3, "a key is missing" },
	{ empty_meta, "a key is missing" },
	{ huge_region, "impossible memory region" },
	{ region_of_nothing, "impossible memory region" },
	{ region_unaligned, "impossible memory region" },
	{ region_too_high, "impossible memory region" },
	{ regions_overlap, "impossible memory region" },
	{ region_sizes_wrap, "impossible memory region" },
	{ too_many_regions, "too many memory regions" },
	{ too_many_vcpus, "vCPU registers" },
	{ more_vcpus_than_any_machine_has, "vCPU registers" },
	{ too_many_regs, "vCPU registers" },
	{ one_vcpu_more, "vCPU registers" },
	{ vcpus_cut, "vCPU registers" },
	{ numbers_descend, "not in order" },
	{ numbers_repeat, "not in order" },
	{ number_unaligned, "not in order" },
	{ no_number, "impossible number of pages" },
	{ too_many_numbers, "impossible number of pages" },
	{ one_number_less, "more pages than" },
	{ one_page_less, "fewer pages than" },
	{ half_a_page_less, "fewer pages than" },
	{ one_page_more, "more pages than" },
	{ offset_beyond, "truncated" },
	{ offset_wraps, "truncated" },
	{ size_beyond, "truncated" },
	{ size_wraps, "truncated" },
	{ size_short, "" },
	{ size_zero, "not of the size" },
	{ raw_larger, "not of the size" },
	{ raw_smaller, "not of the size" },
	{ raw_huge, "impossible size" },
	{ raw_error, "impossible size" },
	{ raw_zero, "not of the size" },
	{ no_magic, "truncated" },
	{ index_beyond, "truncated" },
	{ index_elsewhere, "" },
	{ index_long, "truncated" },
	{ index_empty, "impossible size" },
	{ index_odd, "impossible size" },
	{ index_raw_larger, "not of the size" },
	{ index_huge, "impossible size" },
};

START_TEST(each_broken_field_is_an_error_with_a_text)
{
	for (size_t i = 0; i < ARRAY_SIZE(broken_fields); i++) {
		core_builder_init(&b);
		broken_fields[i].spoil();
		ck_assert_msg(load() == -1, "case %zu was loaded", i);
		ck_assert_int_ne(err.code, SCXRAY_OK);
		ck_assert_str_ne(err.text, "");
		ck_assert_msg(strstr(err.text, broken_fields[i].text), "case %zu: %s", i, err.text);
		close_source();
		core_builder_deinit(&b);
	}
}
END_TEST

static const unit_test tests[] = {
	&each_broken_field_is_an_error_with_a_text,
};

UNIT_MAIN("capture_core_broken", tests)
