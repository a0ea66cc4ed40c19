/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render_json.c - the JSON writer and the escapes
 */
#include <errno.h>
#include <float.h>
#include <math.h>

#include <scxray/map.h>
#include <scxray/task.h>

#include "render/out/escape.h"
#include "render/out/json.h"
#include "tests/render/values.h"
#include "tests/lib/unit.h"

/* What the writer makes of the calls in between. */
#define BEGIN(j, line_depth)                        \
	struct json j;                              \
	char *text_ = NULL;                         \
	size_t len_ = 0;                            \
	FILE *out_ = open_memstream(&text_, &len_); \
	json_init(&j, out_, line_depth)

#define END(j, expect)                                \
	do {                                          \
		ck_assert_int_eq(json_finish(&j), 0); \
		fclose(out_);                         \
		ck_assert_str_eq(text_, expect);      \
		free(text_);                          \
	} while (0)

START_TEST(commas_and_nesting)
{
	BEGIN(j, 0);
	json_object(&j);
	json_key(&j, "a");
	json_array(&j);
	json_u64(&j, 1);
	json_object(&j);
	json_object_end(&j);
	json_array(&j);
	json_array_end(&j);
	json_null(&j);
	json_array_end(&j);
	json_key(&j, "b");
	json_bool(&j, true);
	json_opt_string(&j, "left_out", NULL);
	json_key_escaped(&j, "c\"");
	json_bool(&j, false);
	json_object_end(&j);
	END(j, "{\"a\":[1,{},[],null],\"b\":true,\"c\\\"\":false}");
}
END_TEST

START_TEST(lines_down_to_a_depth)
{
	BEGIN(j, 2);
	json_object(&j);
	json_key(&j, "a");
	json_array(&j);
	json_array(&j);
	json_u64(&j, 1);
	json_u64(&j, 2);
	json_array_end(&j);
	json_array_end(&j);
	json_key(&j, "e");
	json_array(&j);
	json_array_end(&j);
	json_object_end(&j);
	END(j, "{\n \"a\":[\n  [1,2]\n ],\n \"e\":[]\n}");
}
END_TEST

START_TEST(integers_are_exact)
{
	static const uint64_t values[] = { 0,
					   9,
					   10,
					   99,
					   100,
					   101,
					   999,
					   1000,
					   65535,
					   4294967295,
					   9007199254740993,
					   9223372036854775807,
					   9223372036854775808u,
					   18446744073709551615u };
	char expect[32];

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		BEGIN(j, 0);
		json_u64(&j, values[i]);
		snprintf(expect, sizeof(expect), "%llu", (unsigned long long)values[i]);
		END(j, expect);
	}
	BEGIN(j, 0);
	json_array(&j);
	json_i64(&j, INT64_MIN);
	json_i64(&j, -1);
	json_i64(&j, INT64_MAX);
	json_addr(&j, 0xffff888000000001);
	json_addr(&j, 0);
	json_bytes(&j, (const uint8_t *)"\x00\xab\xff", 3);
	json_bytes(&j, NULL, 0);
	json_array_end(&j);
	END(j, "[-9223372036854775808,-1,9223372036854775807,\"0xffff888000000001\","
	       "\"0x0000000000000000\",\"00abff\",\"\"]");
}
END_TEST

START_TEST(doubles_read_back_the_same)
{
	static const double values[] = { 0.1, 1.0 / 3, DBL_MAX, DBL_MIN, -2.5e-300, 1e22, 123456 };

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct strbuf sb;

		strbuf_init(&sb, NULL);
		strbuf_double(&sb, values[i], 64);
		ck_assert(strtod(strbuf_str(&sb), NULL) == values[i]);
		strbuf_deinit(&sb);
	}
	BEGIN(j, 0);
	json_array(&j);
	json_double(&j, NAN, 64);
	json_double(&j, -INFINITY, 64);
	json_double(&j, 0.1f, 32);
	json_array_end(&j);
	END(j, "[\"nan\",\"-inf\",0.1]");
}
END_TEST

START_TEST(strings_are_escaped)
{
	BEGIN(j, 0);
	json_array(&j);
	json_string(&j, "plain");
	json_string(&j, "q\"b\\n\nt\tc\001d\177");
	json_string(&j, "grüße → 漢字 😀");
	json_string(&j, "\xc2\x9b\xe2\x80\xae"); /* C1 CSI, right-to-left override */
	json_string_n(&j, "a\0b", 3);
	json_array_end(&j);
	END(j, "[\"plain\",\"q\\\"b\\\\n\\nt\\tc\\u0001d\\u007f\",\"grüße → 漢字 😀\","
	       "\"\\u009b\\u202e\",\"a\\u0000b\"]");
}
END_TEST

START_TEST(invalid_utf8_is_never_passed_on)
{
	static const struct {
		const char *bytes, *json, *text;
	} cases[] = {
		{ "\xff", "\\\\xff", "\\xff" },
		{ "\x80x", "\\\\x80x", "\\x80x" },
		{ "\xc3", "\\\\xc3", "\\xc3" },			/* cut short */
		{ "\xe2\x82", "\\\\xe2\\\\x82", "\\xe2\\x82" }, /* cut short */
		{ "\xc0\xaf", "\\\\xc0\\\\xaf", "\\xc0\\xaf" }, /* overlong */
		{ "\xe0\x80\x80", "\\\\xe0\\\\x80\\\\x80", "\\xe0\\x80\\x80" },
		{ "\xed\xa0\x80", "\\\\xed\\\\xa0\\\\x80", "\\xed\\xa0\\x80" }, /* surrogate */
		{ "\xf4\x90\x80\x80", "\\\\xf4\\\\x90\\\\x80\\\\x80", "\\xf4\\x90\\x80\\x80" },
		{ "\xf8\x88\x80\x80\x80", "\\\\xf8\\\\x88\\\\x80\\\\x80\\\\x80",
		  "\\xf8\\x88\\x80\\x80\\x80" },
		{ "a\xc3\xa4z", "a\xc3\xa4z", "a\xc3\xa4z" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct strbuf sb;

		strbuf_init(&sb, NULL);
		escape_json(&sb, cases[i].bytes, strlen(cases[i].bytes));
		ck_assert_str_eq(strbuf_str(&sb), cases[i].json);
		sb.len = 0;
		escape_text(&sb, cases[i].bytes, strlen(cases[i].bytes), false);
		ck_assert_str_eq(strbuf_str(&sb), cases[i].text);
		strbuf_deinit(&sb);
	}
}
END_TEST

START_TEST(text_is_one_harmless_line)
{
	struct strbuf sb;
	const char *evil = "\033]0;title\a\r\n\t\xc2\x9b\xe2\x80\xae\"\\";

	strbuf_init(&sb, NULL);
	escape_text(&sb, evil, strlen(evil), false);
	ck_assert_str_eq(strbuf_str(&sb), "\\x1b]0;title\\x07\\x0d\\n\\t\\u{9b}\\u{202e}\"\\");
	sb.len = 0;
	escape_text(&sb, "\"\\", 2, true);
	ck_assert_str_eq(strbuf_str(&sb), "\\\"\\\\");
	strbuf_deinit(&sb);
}
END_TEST

START_TEST(widths_are_columns)
{
	ck_assert_uint_eq(utf8_display_width("abc", 3), 3);
	ck_assert_uint_eq(utf8_display_width("→", 3), 1);
	ck_assert_uint_eq(utf8_display_width("漢字", 6), 4);
	ck_assert_uint_eq(utf8_display_width("e\xcc\x81", 3), 1);
}
END_TEST

START_TEST(a_failing_sink_is_told_once_at_the_end)
{
	struct json j;
	FILE *full = fopen("/dev/full", "w");

	json_init(&j, full, 0);
	json_array(&j);
	for (int i = 0; i < 200000; i++)
		json_string(&j, "more than any buffer holds");
	json_array_end(&j);
	errno = 0;
	ck_assert_int_eq(json_finish(&j), -1);
	ck_assert_int_eq(errno, ENOSPC);
	fclose(full);
}
END_TEST

static const unit_test tests[] = {
	&commas_and_nesting,
	&lines_down_to_a_depth,
	&integers_are_exact,
	&doubles_read_back_the_same,
	&strings_are_escaped,
	&invalid_utf8_is_never_passed_on,
	&text_is_one_harmless_line,
	&widths_are_columns,
	&a_failing_sink_is_told_once_at_the_end,
};

UNIT_MAIN("render_json", tests)
