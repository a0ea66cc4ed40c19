/* SPDX-License-Identifier: BSD-2-Clause */
/* vmcoreinfo.c: KEY=value lines as the kernel writes them, and as it doesn't. */
#include "capture/image/vmcoreinfo.h"
#include "tests/lib/unit.h"

static const char info[] = "OSRELEASE=6.18.15\n"
			   "BUILD-ID=0123456789abcdef\n"
			   "PAGESIZE=4096\n"
			   "\n"
			   "SYMBOL(init_uts_ns)=ffffffff83a1b2c0\n"
			   "SYMBOL(_stext)=0xffffffff81000000\n"
			   "SYMBOL(empty)=\n"
			   "CRASHTIME=1700000000\n" /* begins with a hexadecimal digit */
			   "SYMBOL(words)=not a number\n"
			   "NUMBER(phys_base)=-16777216\n"
			   "NUMBER(pgtable_l5_enabled)=1\n"
			   "NUMBER(hex)=0x1f\n"
			   "NUMBER(empty)=\n"
			   "NUMBER(minus)=-\n"
			   "NUMBER(twice)=1\n"
			   "NUMBER(twice)=2\n"
			   "KERNELOFFSET=1e000000\n"
			   "XKERNELOFFSETX=5\n"
			   "LAST=ff";

START_TEST(symbols_are_hexadecimal)
{
	static const struct {
		const char *name;
		bool found;
		uint64_t value;
	} cases[] = {
		{ "init_uts_ns", true, 0xffffffff83a1b2c0 },
		{ "_stext", true, 0xffffffff81000000 },
		{ "stext", false, 0 },
		{ "init_uts", false, 0 },
		{ "empty", false, 0 },
		{ "words", false, 0 },
		{ "a_name_that_is_longer_than_any_symbol_that_we_ask_for_and_than_the_buffer_in_which_it_goes",
		  false, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t value = 0;

		ck_assert_msg(vmcoreinfo_symbol(info, cases[i].name, &value) == cases[i].found,
			      "%s", cases[i].name);
		if (cases[i].found)
			ck_assert_uint_eq(value, cases[i].value);
	}
}
END_TEST

START_TEST(numbers_are_decimal_and_signed)
{
	static const struct {
		const char *name;
		bool found;
		int64_t value;
	} cases[] = {
		{ "phys_base", true, -16777216 },
		{ "pgtable_l5_enabled", true, 1 },
		{ "hex", true, 31 },
		{ "twice", true, 1 },
		{ "empty", false, 0 },
		{ "minus", false, 0 },
		{ "phys", false, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t value = 0;

		ck_assert_msg(vmcoreinfo_number(info, cases[i].name, &value) == cases[i].found,
			      "%s", cases[i].name);
		if (cases[i].found)
			ck_assert_int_eq(value, cases[i].value);
	}
}
END_TEST

START_TEST(keys_match_whole_at_the_start_of_a_line)
{
	uint64_t value = 0;

	ck_assert(vmcoreinfo_hex(info, "KERNELOFFSET", &value));
	ck_assert_uint_eq(value, 0x1e000000);
	ck_assert(vmcoreinfo_hex(info, "LAST", &value)); /* no newline behind it */
	ck_assert_uint_eq(value, 0xff);
	ck_assert(!vmcoreinfo_hex(info, "OFFSET", &value));
	ck_assert(!vmcoreinfo_hex(info, "KERNEL", &value));
	ck_assert(!vmcoreinfo_hex(info, "", &value));
	ck_assert(!vmcoreinfo_hex("", "LAST", &value));
	ck_assert(!vmcoreinfo_hex("\n\n\n", "LAST", &value));
	ck_assert(vmcoreinfo_hex("\n\nLAST=1", "LAST", &value));
	ck_assert_uint_eq(value, 1);
	ck_assert(!vmcoreinfo_hex("LAST", "LAST", &value));
	ck_assert(!vmcoreinfo_hex("LAST=", "LAST", &value));
}
END_TEST

static const unit_test tests[] = {
	&symbols_are_hexadecimal,
	&numbers_are_decimal_and_signed,
	&keys_match_whole_at_the_start_of_a_line,
};

UNIT_MAIN("capture_vmcoreinfo", tests)
