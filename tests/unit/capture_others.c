/* SPDX-License-Identifier: BSD-2-Clause */
/* others.c and vmcore.c: files that are something else, or not whole. */
#include <string.h>

#include "tests/lib/vmcore_fixture.h"

static void put_ram(void)
{
	elf_builder_load(&b, 0, ram, sizeof(ram), sizeof(ram));
}

static void start_with_note(void)
{
	start();
	elf_builder_note(&b, "VMCOREINFO", 0, "OSRELEASE=6.12\n", 15);
}

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
		{ "\x89LZO", "lzop -d" },
		{ "BZh91AY", "bzip2 -d" },
		{ "PAGEDU64", "Windows" },
		{ "xyz", "raw RAM" },
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

static const unit_test tests[] = {
	&files_of_another_kind_are_refused_by_name,
	&files_that_are_no_elf_are_told_the_way,
	&a_file_cut_anywhere_is_an_error,
};

UNIT_MAIN("capture_others", tests)
