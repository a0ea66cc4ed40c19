/* SPDX-License-Identifier: BSD-2-Clause */
/* core_load.c: a core as it should be, and with each of its fields broken. */
#include <string.h>

#include "capture/image/source.h"
#include "tests/lib/image_builder.h"
#include "tests/lib/unit.h"

static struct core_builder b;
static struct scxray_source *source;
static struct scxray_error err;

/* Loads the bytes from an exact heap block, so that ASan sees who reads on. */
static int load_bytes(const uint8_t *bytes, size_t size)
{
	uint8_t *exact = malloc(size ? size : 1);
	int failed;

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, bytes, size);
	memset(&err, 0, sizeof(err));
	source = calloc(1, sizeof(*source));
	ck_assert_ptr_nonnull(source);
	failed = core_load(source, exact, size, &err);
	free(exact); /* a core's pages are unpacked: nothing may lead back there */
	return failed;
}

static void close_source(void)
{
	scxray_source_close(source);
	source = NULL;
}

static int load(void)
{
	struct image_bytes file = core_builder_file(&b);
	int failed = load_bytes(file.bytes, file.size);

	free(file.bytes);
	return failed;
}

static void expect_content(void)
{
	static const uint64_t gpa[] = { 0x2000, 0x10000, 0x101000 };
	uint8_t byte;

	for (size_t i = 0; i < ARRAY_SIZE(gpa); i++) {
		ck_assert_int_eq(phys_read(&source->phys, gpa[i] + 0x7ff, &byte, 1), READ_OK);
		ck_assert_uint_eq(byte, 'a' + i);
	}
	ck_assert_int_eq(phys_read(&source->phys, 0x3000, &byte, 1), READ_NOT_IN_CORE);
	ck_assert_int_eq(phys_read(&source->phys, 0x11000, &byte, 1), READ_NO_RAM);
	ck_assert_int_eq(phys_read(&source->phys, 0x101800, &byte, 1), READ_NO_RAM);
	ck_assert_uint_eq(source->nr_vcpus, 2);
	for (uint32_t i = 0; i < 2; i++) {
		const struct source_vcpu *vcpu = &source->vcpus[i];

		ck_assert_uint_eq(vcpu->prstatus_pid, 100 + i);
		ck_assert(vcpu->parked);
		ck_assert_uint_eq(vcpu->regs.known, 5);
		ck_assert_uint_eq(vcpu->regs.value[0], 0xa0 + i);
		ck_assert_uint_eq(vcpu->regs.value[2], 0xc0 + i);
		ck_assert_uint_eq(vcpu->regs.value[3], 0);
	}
	ck_assert_str_eq(source->vmcoreinfo, "OSRELEASE=7.3.4\n");
	ck_assert_str_eq(source->kind, "vm");
	ck_assert(source->hint.valid);
	ck_assert_uint_eq(source->hint.cr3, 0x1000);
	ck_assert_uint_eq(source->hint.levels, 5);
	ck_assert_uint_eq(source->hint.kallsyms.offsets, 0xffffffff81000050);
	ck_assert_uint_eq(source->hint.kallsyms.relative_base, 0xffffffff81000000);
}

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

/* ---- one thing broken ----------------------------------------------------- */

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

START_TEST(each_broken_field_is_an_error_with_a_text)
{
	static const struct {
		void (*spoil)(void);
		const char *text;
	} cases[] = {
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

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		core_builder_init(&b);
		cases[i].spoil();
		ck_assert_msg(load() == -1, "case %zu was loaded", i);
		ck_assert_int_ne(err.code, SCXRAY_OK);
		ck_assert_str_ne(err.text, "");
		ck_assert_msg(strstr(err.text, cases[i].text), "case %zu: %s", i, err.text);
		close_source();
		core_builder_deinit(&b);
	}
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
	&each_broken_field_is_an_error_with_a_text,
	&a_core_cut_anywhere_is_an_error,
	&a_flipped_bit_is_an_error_or_without_effect,
};

UNIT_MAIN("capture_core", tests)
