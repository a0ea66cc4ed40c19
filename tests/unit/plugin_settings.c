/* SPDX-License-Identifier: BSD-2-Clause */
/* The plugin's settings: defaults, each kind of value, what is wrong with wrong ones. */
#include <stdio.h>
#include <string.h>

#include "watch/log.h"
#include "watch/settings.h"

#include "tests/lib/unit.h"

/* The 32-bit limits come first; padding may follow them. */
#define NARROW (offsetof(struct scxray_settings, max_log_records) + sizeof(uint32_t))

static struct settings settings;
static struct scxray_error err;

static int with(const char *a, const char *b)
{
	const char *list[] = { a, b, NULL };

	settings_deinit(&settings);
	err = (struct scxray_error){ 0 };
	return settings_init(&settings, list, &err);
}

START_TEST(the_defaults_are_those_of_the_library)
{
	struct scxray_settings library = SCXRAY_SETTINGS_INIT;

	ck_assert_int_eq(settings_init(&settings, NULL, &err), 0);
	ck_assert_mem_eq(&settings.capture, &library, NARROW);
	ck_assert_uint_eq(settings.capture.max_copy_bytes, library.max_copy_bytes);
	ck_assert_uint_eq(settings.capture.max_report_bytes, library.max_report_bytes);
	ck_assert_uint_eq(settings.triggers, TRIGGER_EARLY | TRIGGER_WATCHPOINT | TRIGGER_POLL);
	ck_assert_uint_eq(settings.formats, FORMAT_TEXT | FORMAT_JSON);
	ck_assert_uint_eq(settings.park_deadline_ms, 5000);
	ck_assert_uint_eq(settings.poll_ms, 10);
	ck_assert(!settings.core && !settings.color);
	ck_assert_str_eq(settings.log, "");
	settings_deinit(&settings);
}
END_TEST

START_TEST(values_of_each_kind)
{
	ck_assert_int_eq(with("output=/tmp/a=b", "name=x y"), 0);
	ck_assert_str_eq(settings.output, "/tmp/a=b");
	ck_assert_str_eq(settings.name, "x y");
	ck_assert_int_eq(with("max_copy_bytes=3M", "max_report_bytes=4096"), 0);
	ck_assert_uint_eq(settings.capture.max_copy_bytes, 3 << 20);
	ck_assert_uint_eq(settings.capture.max_report_bytes, 4096);
	ck_assert_int_eq(with("core=on", "max_maps=17"), 0);
	ck_assert(settings.core);
	ck_assert_uint_eq(settings.capture.max_maps, 17);
	ck_assert_uint_eq(settings.capture.max_tasks, 4096);
	ck_assert_int_eq(with("triggers=poll,early", "formats=json"), 0);
	ck_assert_uint_eq(settings.triggers, TRIGGER_EARLY | TRIGGER_POLL);
	ck_assert_uint_eq(settings.formats, FORMAT_JSON);
	ck_assert_int_eq(with("triggers=none", "triggers=watchpoint"), 0); /* the last one counts */
	ck_assert_uint_eq(settings.triggers, TRIGGER_WATCHPOINT);
	ck_assert_uint_eq(settings.freeze, FREEZE_AUTO);
	ck_assert_int_eq(with("freeze=cow", "freeze=copy"), 0);
	ck_assert_uint_eq(settings.freeze, FREEZE_COPY);
	ck_assert_int_eq(with("triggers=none", NULL), 0);
	ck_assert_uint_eq(settings.triggers, 0);
	settings_deinit(&settings);
}
END_TEST

START_TEST(every_limit_of_the_library_has_a_key)
{
	struct scxray_plugin_setting setting = { .struct_size = sizeof(setting) };
	char texts[64][64];
	const char *list[65] = { 0 };
	uint32_t words[NARROW / sizeof(uint32_t)];
	size_t nr = 0;

	for (uint32_t i = 0; !settings_describe(i, &setting); i++) {
		if (strncmp(setting.key, "max_", 4) || !strcmp(setting.key, "max_reports"))
			continue;
		snprintf(texts[nr], sizeof(texts[nr]), "%s=7", setting.key);
		list[nr] = texts[nr];
		nr++;
	}
	ck_assert_int_eq(settings_init(&settings, list, &err), 0);
	memcpy(words, &settings.capture, sizeof(words));
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		ck_assert_msg(words[i] == 7, "a limit of %u has no key", words[i]);
	ck_assert_uint_eq(settings.capture.max_copy_bytes, 7);
	ck_assert_uint_eq(settings.capture.max_report_bytes, 7);
	/* and there is none that this test does not know */
	ck_assert_uint_eq(nr, ARRAY_SIZE(words) + 2);
	ck_assert_uint_le(sizeof(settings.capture), NARROW + 4 + 2 * sizeof(uint64_t));
	settings_deinit(&settings);
}
END_TEST

START_TEST(wrong_ones_are_named)
{
	static const struct {
		const char *text, *says;
	} wrong[] = {
		{ "bogus=1", "no such setting: bogus; " },
		{ "poll=1", "no such setting: poll; " },
		{ "=1", "no such setting: ; " },
		{ "", "no such setting: ; " },
		{ "core", "setting core: has no value; write core=VALUE" },
		{ "core=yes", "setting core=yes: neither on nor off" },
		{ "width=39", "setting width=39: not a number from 40 to 10000" },
		{ "width=10001", "setting width=10001: not a number from 40 to 10000" },
		{ "width=", "setting width=: not a number from 40 to 10000" },
		{ "width=80x", "setting width=80x: not a number" },
		{ "width= 80", "setting width= 80: not a number" },
		{ "width=-1", "setting width=-1: not a number" },
		{ "width=99999999999999999999", "not a number" },
		{ "max_maps=0", "setting max_maps=0: not a number from 1 to 4294967295" },
		{ "max_copy_bytes=0", "setting max_copy_bytes=0: not a size such as 64M" },
		{ "max_copy_bytes=1T", "not a size" },
		{ "max_copy_bytes=M", "not a size" },
		{ "max_copy_bytes=18014398509481984G", "not a size" },
		{ "triggers=", "setting triggers=: " },
		{ "triggers=late", "setting triggers=late: " },
		{ "freeze=cow,copy", "setting freeze=cow,copy: " },
		{ "triggers=early,", "setting triggers=early,: " },
		{ "triggers=none,early", "setting triggers=none,early: " },
		{ "formats=none", "setting formats=none: " },
		{ "formats=pdf", "setting formats=pdf: " },
		{ "core=\033[31m", "setting core=?[31m: " },
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		ck_assert_int_eq(with(wrong[i].text, NULL), -1);
		ck_assert_msg(strstr(err.text, wrong[i].says) != NULL, "%s: %s", wrong[i].text,
			      err.text);
	}
	ck_assert_int_eq(with("log=/tmp/a.log", "output=/tmp"), -1);
	ck_assert_msg(strstr(err.text, "leave out output") != NULL, "%s", err.text);
	ck_assert_int_eq(with("name=x", "log=/tmp/a.log"), -1);
	ck_assert_msg(strstr(err.text, "leave out name") != NULL, "%s", err.text);
	settings_deinit(&settings);
}
END_TEST

START_TEST(each_is_described_and_its_default_is_allowed)
{
	struct scxray_plugin_setting setting = { .struct_size = sizeof(setting) };
	uint32_t i;

	for (i = 0; !settings_describe(i, &setting); i++) {
		char text[256];

		ck_assert_uint_eq(setting.struct_size, sizeof(setting));
		ck_assert(*setting.key && *setting.help && strlen(setting.help) < 100);
		ck_assert_ptr_null(strpbrk(setting.help, "\n\t"));
		snprintf(text, sizeof(text), "%s=%s", setting.key, setting.value);
		ck_assert_msg(!with(text, NULL), "%s: %s", text, err.text);
	}
	ck_assert_uint_gt(i, 20);
	ck_assert_int_eq(settings_describe(UINT32_MAX, &setting), -1);
	settings_deinit(&settings);
}
END_TEST

START_TEST(a_smaller_description_is_filled_as_far_as_it_goes)
{
	struct scxray_plugin_setting setting;

	memset(&setting, 0x5a, sizeof(setting));
	setting.struct_size = offsetof(struct scxray_plugin_setting, value);
	ck_assert_int_eq(settings_describe(0, &setting), 0);
	ck_assert_str_eq(setting.key, "log");
	ck_assert_uint_eq((uintptr_t)setting.value, 0x5a5a5a5a5a5a5a5a);
	ck_assert_uint_eq((uintptr_t)setting.help, 0x5a5a5a5a5a5a5a5a);
}
END_TEST

START_TEST(log_lines_are_printable)
{
	static const struct {
		const char *in, *out;
	} texts[] = {
		{ "plain", "plain" },
		{ "a\033[31mb\nc\x7f", "a?[31mb?c?" },
		{ "\xc3\xa9\xe2\x80\x94\xf0\x9f\x90\xa7", "\xc3\xa9\xe2\x80\x94\xf0\x9f\x90\xa7" },
		{ "\xc3", "?" },
		{ "\xc3(", "?(" },
		{ "\xc2\x9b", "??" },
		{ "\xc0\xaf\xed\xa0\x80", "?????" },
		{ "\xf4\x90\x80\x80\xff", "?????" },
		{ "\xe2\x80", "??" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		char buf[64];

		snprintf(buf, sizeof(buf), "%s", texts[i].in);
		log_printable(buf);
		ck_assert_str_eq(buf, texts[i].out);
	}
}
END_TEST

static const unit_test tests[] = {
	&the_defaults_are_those_of_the_library,
	&values_of_each_kind,
	&every_limit_of_the_library_has_a_key,
	&wrong_ones_are_named,
	&each_is_described_and_its_default_is_allowed,
	&a_smaller_description_is_filled_as_far_as_it_goes,
	&log_lines_are_printable,
};
UNIT_MAIN("plugin settings", tests)
