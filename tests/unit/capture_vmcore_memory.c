/* SPDX-License-Identifier: BSD-2-Clause */
/* vmcore.c: the memory of ELF files, and files that are something else. */
#include <string.h>

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

START_TEST(what_the_file_leaves_out_is_no_ram_rather_than_zero)
{
	start_with_note();
	elf_builder_load(&b, 0x10000, ram, 0x1800, 0x8000); /* p_filesz < p_memsz */
	elf_builder_load(&b, 0x40000, ram, 0, 0x8000);	    /* all of it left out */
	ck_assert_msg(!open_file(), "%s", err.text);
	expect_ram(0x10000, 0, 0x1800);
	expect_no_ram(0x11800);
	expect_no_ram(0x40000);
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

START_TEST(segments_that_overlap_in_part_are_an_error)
{
	start_with_note();
	elf_builder_load(&b, 0x10000, ram, 0x4000, 0x4000);
	elf_builder_load(&b, 0x12000, ram, 0x3000, 0x3000);
	ck_assert_int_eq(open_file(), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "overlap"));
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

/* ---- files that are something else ---------------------------------------- */

static void machine(void)
{
	b.ehdr.e_machine = EM_AARCH64;
}

static void executable(void)
{
	b.ehdr.e_type = ET_EXEC;
}

static void class32(void)
{
	b.ehdr.e_ident[EI_CLASS] = ELFCLASS32;
}

static void big_endian(void)
{
	b.ehdr.e_ident[EI_DATA] = ELFDATA2MSB;
}

static void no_elf(void)
{
	memcpy(b.ehdr.e_ident, "\177ELG", 4);
}

static void no_program_headers(void)
{
	b.ehdr.e_phoff = 0;
}

static void far_program_headers(void)
{
	b.ehdr.e_phoff = 1ULL << 40;
}

static void no_memory(void)
{
	b.nr_loads = 0;
}

START_TEST(files_of_another_kind_are_refused_by_name)
{
	static const struct {
		void (*spoil)(void);
		const char *text;
	} cases[] = {
		{ machine, "machine 183" },
		{ executable, "not a core" },
		{ class32, "32-bit" },
		{ big_endian, "little-endian" },
		{ no_elf, "neither an ELF vmcore nor" },
		{ no_program_headers, "" },
		{ far_program_headers, "" },
		{ no_memory, "no memory segments" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		start_with_note();
		put_ram();
		cases[i].spoil();
		ck_assert_msg(open_file() == -1, "case %zu was loaded", i);
		ck_assert_str_ne(err.text, "");
		ck_assert_msg(strstr(err.text, cases[i].text), "case %zu: %s", i, err.text);
		drop();
	}
}
END_TEST

START_TEST(files_that_are_no_elf_are_told_the_way)
{
	static const struct {
		const char *begin, *text;
	} cases[] = {
		{ "KDUMP   ", "makedumpfile -E" },
		{ "DISKDUMP", "makedumpfile -E" },
		{ "makedumpfile", "makedumpfile -R" },
		{ "\x28\xb5\x2f\xfd", "zstd -d" },
		{ "\x1f\x8b\x08", "gzip -d" },
		{ "\xfd"
		  "7zXZ",
		  "xz -d" },
		{ "\x04\x22\x4d\x18", "lz4 -d" },
		{ "QEVM", "dump-guest-memory" },
		{ "QFI\xfb", "dump-guest-memory" },
		{ "LibvirtQemudSave", "--memory-only" },
		{ "EMiL", "LiME" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		start_with_note();
		put_ram();
		memcpy(b.ehdr.e_ident, cases[i].begin, strlen(cases[i].begin));
		ck_assert_msg(open_file() == -1, "case %zu was loaded", i);
		ck_assert_msg(strstr(err.text, cases[i].text), "case %zu: %s", i, err.text);
		drop();
	}
}
END_TEST

START_TEST(a_file_cut_anywhere_is_an_error)
{
	struct image_bytes file;

	start_with_note();
	elf_builder_load(&b, 0, ram, 0x1000, 0x1000);
	file = elf_builder_file(&b);
	for (size_t size = 0; size < file.size; size += size < 1200 ? 1 : 101) {
		ck_assert_msg(!image_open(file.bytes, size, &err), "%zu of %zu bytes", size,
			      file.size);
		ck_assert_str_ne(err.text, "");
	}
	free(file.bytes);
	drop();
}
END_TEST

START_TEST(a_flipped_bit_never_crashes)
{
	struct image_bytes file;
	uint8_t *exact;

	start_with_note();
	elf_builder_load(&b, 0, ram, 0x1000, 0x1000);
	elf_builder_load(&b, 0x2000, ram, 0x1000, 0x1000);
	file = elf_builder_file(&b);
	exact = malloc(file.size);
	ck_assert_ptr_nonnull(exact);
	memcpy(exact, file.bytes, file.size);
	for (size_t bit = 0; bit < 800 * 8; bit++) { /* headers and notes */
		struct scxray_source s = { 0 };

		exact[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (vmcore_load(&s, exact, file.size, &err))
			ck_assert_str_ne(err.text, "");
		phys_deinit(&s.phys);
		free(s.vcpus);
		free(s.vmcoreinfo);
		exact[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	free(exact);
	free(file.bytes);
	drop();
}
END_TEST

static const unit_test tests[] = {
	&segments_are_ram_by_physical_address,
	&what_the_file_leaves_out_is_no_ram_rather_than_zero,
	&segments_within_others_are_left_out,
	&segments_that_overlap_in_part_are_an_error,
	&a_segment_that_begins_within_a_page_counts_from_the_next,
	&segments_at_absurd_addresses_do_no_harm,
	&files_of_another_kind_are_refused_by_name,
	&files_that_are_no_elf_are_told_the_way,
	&a_file_cut_anywhere_is_an_error,
	&a_flipped_bit_never_crashes,
};

UNIT_MAIN("capture_vmcore_memory", tests)
