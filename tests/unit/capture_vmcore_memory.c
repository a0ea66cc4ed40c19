/* SPDX-License-Identifier: BSD-2-Clause */
/* vmcore.c and segments.c: the memory of ELF files. */
#include <string.h>
#include <unistd.h>

#include "tests/lib/vmcore_fixture.h"

static void put_ram(void)
{
	elf_builder_load(&b, 0, ram, sizeof(ram), sizeof(ram));
}

static void expect_ram(uint64_t gpa, size_t at, size_t size)
{
	uint8_t buf[sizeof(ram)];

	ck_assert_int_eq(phys_read(&source->phys, gpa, buf, size), READ_OK);
	ck_assert_mem_eq(buf, ram + at, size);
}

static void expect_no_ram(uint64_t gpa)
{
	uint8_t byte;

	ck_assert_int_eq(phys_read(&source->phys, gpa, &byte, 1), READ_NO_RAM);
}

static void start_with_note(void)
{
	start();
	elf_builder_note(&b, "VMCOREINFO", 0, "OSRELEASE=6.12\n", 15);
}

START_TEST(segments_are_ram_by_physical_address)
{
	start_with_note();
	elf_builder_load(&b, 0x100000000, ram + 0x4000, 0x2000, 0x2000);
	elf_builder_load(&b, 0, ram, 0x3000, 0x3000);
	elf_builder_load(&b, 0x3000, ram + 0x3000, 0x1000, 0x1000); /* right behind */
	ck_assert_msg(!open_file(), "%s", err.text);
	expect_ram(0, 0, 0x4000);
	expect_ram(0x100000000, 0x4000, 0x2000);
	expect_no_ram(0x4000);
	expect_no_ram(0x100002000);
	ck_assert_uint_eq(phys_size(&source->phys), 0x6000);
	drop();
}
END_TEST

static void expect_zero(uint64_t gpa, size_t size)
{
	static const uint8_t zeros[sizeof(ram)];
	uint8_t buf[sizeof(ram)];

	ck_assert_int_eq(phys_read(&source->phys, gpa, buf, size), READ_OK);
	ck_assert_mem_eq(buf, zeros, size);
}

static bool only_the_first_is_zero(void *arg, uint64_t gpa)
{
	return gpa == *(uint64_t *)arg;
}

START_TEST(what_a_filter_left_out_is_ram_and_zero_until_the_kernel_says_otherwise)
{
	uint8_t byte = 1;

	start_with_note();
	elf_builder_load(&b, 0x10000, ram, 0x1800, 0x8000); /* p_filesz < p_memsz */
	elf_builder_load(&b, 0x14000, ram + 0x4000, 0x1000,
			 0x1000);		       /* within what that leaves out */
	elf_builder_load(&b, 0x40000, ram, 0, 0x8000); /* all of it left out */
	ck_assert_msg(!open_file(), "%s", err.text);
	expect_ram(0x10000, 0, 0x1800);
	expect_zero(0x11800, 0x2800);
	expect_ram(0x14000, 0x4000, 0x1000);
	expect_zero(0x15000, 0x3000);
	expect_zero(0x40000, 0x8000);
	expect_no_ram(0x18000);
	ck_assert_uint_eq(phys_size(&source->phys), 0x10000);
	source->segments.is_zero = only_the_first_is_zero;
	source->segments.is_zero_arg = &(uint64_t){ 0x42000 };
	expect_zero(0x40000, 0x1000); /* was read before */
	phys_copy(&source->phys, 0x42000, &byte, 1);
	ck_assert_uint_eq(byte, 0);
	drop();

	/* and where it is known before the first read */
	start_with_note();
	elf_builder_load(&b, 0x40000, ram, 0x1000, 0x8000);
	ck_assert_msg(!open_file(), "%s", err.text);
	source->segments.is_zero = only_the_first_is_zero;
	source->segments.is_zero_arg = &(uint64_t){ 0x42000 };
	expect_zero(0x42000, 0x1000);
	ck_assert_int_eq(phys_read(&source->phys, 0x43000, &byte, 1), READ_FILTERED);
	drop();
}
END_TEST

START_TEST(segments_within_others_are_left_out)
{
	/* kdump has the kernel's text twice; and one that is the same again */
	start_with_note();
	elf_builder_load(&b, 0x11000, ram + 0x1000, 0x1000, 0x1000);
	elf_builder_load(&b, 0x10000, ram, 0x4000, 0x4000);
	elf_builder_load(&b, 0x10000, ram, 0x4000, 0x4000);
	elf_builder_load(&b, 0x13800, ram + 0x3800, 0x800, 0x800);
	ck_assert_msg(!open_file(), "%s", err.text);
	expect_ram(0x10000, 0, 0x4000);
	ck_assert_uint_eq(source->phys.nr_regions, 1);
	drop();
}
END_TEST

START_TEST(of_segments_that_overlap_in_part_each_byte_counts_once)
{
	start_with_note();
	elf_builder_load(&b, 0x12000, ram + 0x2000, 0x3000, 0x3000);
	elf_builder_load(&b, 0x10000, ram, 0x4000, 0x4000);
	elf_builder_load(&b, 0x14800, ram + 0x4800, 0x1800, 0x1800);
	ck_assert_msg(!open_file(), "%s", err.text);
	expect_ram(0x10000, 0, 0x6000);
	expect_no_ram(0x16000);
	ck_assert_uint_eq(source->phys.nr_regions, 1);
	ck_assert_uint_eq(phys_size(&source->phys), 0x6000);
	drop();
}
END_TEST

START_TEST(a_page_may_be_in_two_segments)
{
	start_with_note();
	elf_builder_load(&b, 0x10000, ram, 0x1c00, 0x1c00);
	elf_builder_load(&b, 0x11c00, ram + 0x1c00, 0x400, 0x400);
	ck_assert_msg(!open_file(), "%s", err.text);
	expect_ram(0x11000, 0x1000, 0x1000);
	drop();
}
END_TEST

START_TEST(segments_without_a_physical_address_are_left_out)
{
	start_with_note();
	elf_builder_load(&b, 0x10000, ram, 0x1000, 0x1000);
	elf_builder_load(&b, UINT64_MAX, ram, 0x1000, 0x1000); /* as in /proc/kcore */
	elf_builder_load(&b, 1ULL << 60, ram, 0x1000, 0x1000);
	ck_assert_msg(!open_file(), "%s", err.text);
	expect_ram(0x10000, 0, 0x1000);
	ck_assert_uint_eq(source->phys.nr_regions, 1);
	ck_assert_uint_eq(source->segments.nr_unplaced, 2);
	drop();
}
END_TEST

START_TEST(memory_of_petabytes_is_not_believed)
{
	start_with_note();
	elf_builder_load(&b, 0, ram, 0x1000, 1ULL << 50);
	ck_assert_int_eq(open_file(), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "not believable"));
	drop();
}
END_TEST

START_TEST(a_segment_that_begins_within_a_page_counts_from_the_next)
{
	start_with_note();
	elf_builder_load(&b, 0x10800, ram, 0x2800, 0x2800);
	elf_builder_load(&b, 0x20010, ram, 0xff0, 0xff0); /* no whole page */
	ck_assert_msg(!open_file(), "%s", err.text);
	expect_no_ram(0x10800);
	expect_ram(0x11000, 0x800, 0x2000);
	expect_no_ram(0x13000);
	expect_no_ram(0x20010);
	drop();
}
END_TEST

START_TEST(segments_at_absurd_addresses_do_no_harm)
{
	static const struct {
		uint64_t paddr, size;
	} cases[] = {
		{ UINT64_MAX & ~PAGE_MASK, 0x1000 },
		{ UINT64_MAX, 0x1000 },
		{ UINT64_MAX - 0xfff, 0x800 },
		{ 1ULL << 63, 0x1000 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		start_with_note();
		elf_builder_load(&b, 0, ram, 0x1000, 0x1000);
		elf_builder_load(&b, cases[i].paddr, ram, cases[i].size, cases[i].size);
		if (open_file())
			ck_assert_str_ne(err.text, "");
		else
			expect_ram(0, 0, 0x1000);
		drop();
	}
}
END_TEST

START_TEST(a_flipped_bit_never_crashes)
{
	struct image_bytes file;

	start_with_note();
	elf_builder_load(&b, 0, ram, 0x1000, 0x1000);
	elf_builder_load(&b, 0x2000, ram, 0x1000, 0x1000);
	file = elf_builder_file(&b);
	for (size_t bit = 0; bit < 800 * 8; bit++) { /* headers and notes */
		struct scxray_source *s;

		file.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		s = image_open(file.bytes, file.size, &err);
		if (!s)
			ck_assert_str_ne(err.text, "");
		scxray_source_close(s);
		file.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	free(file.bytes);
	drop();
}
END_TEST

START_TEST(a_file_that_shrinks_is_an_error_and_no_signal)
{
	struct scxray_settings settings = SCXRAY_SETTINGS_INIT;
	char path[] = "/tmp/scxray-test-XXXXXX";
	struct image_bytes file;
	int fd = mkstemp(path);

	start_with_note();
	put_ram();
	file = elf_builder_file(&b);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, file.bytes, file.size), (ssize_t)file.size);
	source = scxray_source_open(path, &err);
	ck_assert_msg(source != NULL, "%s", err.text);
	expect_ram(0, 0, 0x1000);
	ck_assert_int_eq(ftruncate(fd, 4096), 0);
	ck_assert_ptr_null(scxray_capture(source, &settings, &err));
	ck_assert_str_eq(err.text, "the image file shrank while it was read");
	close(fd);
	unlink(path);
	free(file.bytes);
	drop();
}
END_TEST

START_TEST(a_hundred_thousand_segments_are_loaded)
{
	enum {
		NR = 100000
	};
	size_t size = sizeof(Elf64_Ehdr) + sizeof(Elf64_Shdr) + NR * sizeof(Elf64_Phdr) + PAGE_SIZE;
	uint8_t *bytes = calloc(1, size), byte;
	Elf64_Phdr *ph = (Elf64_Phdr *)(bytes + sizeof(Elf64_Ehdr) + sizeof(Elf64_Shdr));
	struct image_bytes file;

	ck_assert_ptr_nonnull(bytes);
	start();
	file = elf_builder_file(&b);
	memcpy(bytes, file.bytes, sizeof(Elf64_Ehdr));
	((Elf64_Ehdr *)bytes)->e_phnum = PN_XNUM;
	((Elf64_Ehdr *)bytes)->e_shoff = sizeof(Elf64_Ehdr);
	((Elf64_Ehdr *)bytes)->e_phoff = sizeof(Elf64_Ehdr) + sizeof(Elf64_Shdr);
	((Elf64_Shdr *)(bytes + sizeof(Elf64_Ehdr)))->sh_info = NR;
	for (uint64_t i = 0; i < NR; i++) /* each before the last one, none next to another */
		ph[i] = (Elf64_Phdr){ .p_type = PT_LOAD,
				      .p_offset = size - PAGE_SIZE,
				      .p_paddr = (NR - i) * 2 * PAGE_SIZE,
				      .p_filesz = PAGE_SIZE,
				      .p_memsz = PAGE_SIZE };
	bytes[size - 1] = 42;
	source = image_open(bytes, size, &err);
	ck_assert_msg(source != NULL, "%s", err.text);
	ck_assert_uint_eq(source->phys.nr_regions, NR);
	ck_assert_int_eq(phys_read(&source->phys, 2 * NR * PAGE_SIZE + 4095, &byte, 1), READ_OK);
	ck_assert_uint_eq(byte, 42);
	free(file.bytes);
	free(bytes);
	drop();
}
END_TEST

static const unit_test tests[] = {
	&segments_are_ram_by_physical_address,
	&what_a_filter_left_out_is_ram_and_zero_until_the_kernel_says_otherwise,
	&segments_within_others_are_left_out,
	&of_segments_that_overlap_in_part_each_byte_counts_once,
	&a_page_may_be_in_two_segments,
	&segments_without_a_physical_address_are_left_out,
	&memory_of_petabytes_is_not_believed,
	&a_segment_that_begins_within_a_page_counts_from_the_next,
	&segments_at_absurd_addresses_do_no_harm,
	&a_flipped_bit_never_crashes,
	&a_file_that_shrinks_is_an_error_and_no_signal,
	&a_hundred_thousand_segments_are_loaded,
};

UNIT_MAIN("capture_vmcore_memory", tests)
