/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settings.c - the "key=value" texts of the host
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/array.h>

#include "number.h"
#include "settings.h"

enum kind {
	TEXT,	/* char * */
	NUMBER, /* uint32_t */
	SIZE,	/* uint64_t, with K, M or G */
	SWITCH, /* bool: on, off */
	CHOICE, /* uint32_t: one of `words` */
	WORDS,	/* uint32_t: some of `words`, or-ed, or "none" */
};

struct word {
	const char *text;
	uint32_t bit;
};

static const struct word triggers[] = {
	{ "early", TRIGGER_EARLY },
	{ "watchpoint", TRIGGER_WATCHPOINT },
	{ "poll", TRIGGER_POLL },
	{ NULL, 0 },
};

static const struct word freeze[] = {
	{ "auto", FREEZE_AUTO },
	{ "cow", FREEZE_COW },
	{ "copy", FREEZE_COPY },
	{ NULL, 0 },
};

static const struct word formats[] = {
	{ "text", FORMAT_TEXT },
	{ "json", FORMAT_JSON },
	{ "html", FORMAT_HTML },
	{ NULL, 0 },
};

struct key {
	const char *key;
	const char *value; /* the default */
	const char *help;
	enum kind kind;
	size_t offset; /* in struct settings */
	uint64_t min, max;
	const struct word *words;
};

#define ROW(name, text, form, member, least, most, list, what)                                     \
	{                                                                                          \
		.key = name, .value = text, .help = what, .kind = form, .min = least, .max = most, \
		.words = list, .offset = offsetof(struct settings, member)                         \
	}
#define TEXT_ROW(key, text, what) ROW(#key, text, TEXT, key, 0, 0, NULL, what)
#define SWITCH_ROW(key, text, what) ROW(#key, text, SWITCH, key, 0, 0, NULL, what)
#define WORDS_ROW(key, text, none, what) ROW(#key, text, WORDS, key, !(none), 0, key, what)
#define NUMBER_ROW(key, text, least, most, what) \
	ROW(#key, text, NUMBER, key, least, most, NULL, what)
#define COUNT_ROW(key, option, value, what) \
	ROW(#key, #value, NUMBER, capture.key, 1, UINT32_MAX, NULL, what),
#define SIZE_ROW(key, option, value, unit, what) \
	ROW(#key, #value #unit, SIZE, capture.key, 1, UINT64_MAX, NULL, what "; bytes, or K, M, G"),

static const struct key keys[] = {
	TEXT_ROW(
		log, "",
		"path of the test log: reports go to its folder, under its name; instead of output, name"),
	TEXT_ROW(output, "", "folder for the reports, which has to exist; default: the VMM's own"),
	TEXT_ROW(name, "",
		 "name of the test: reports are called NAME.scxray.txt and so on; default: vm"),
	WORDS_ROW(formats, "text,json", false, "what to write: text, json, html, with commas"),
	SWITCH_ROW(core, "off",
		   "on: write NAME.scxray.core.zst, too: the pages that a report was read from"),
	NUMBER_ROW(width, "120", 40, 10000, "columns that tables in the text may use; 40 to 10000"),
	SWITCH_ROW(color, "off", "on: ANSI colours in the text"),
	NUMBER_ROW(max_reports, "4", 1, 99,
		   "reports of one run, where schedulers fail, start anew and fail again; 1 to 99"),
	WORDS_ROW(triggers, "early,watchpoint,poll", true,
		  "what to watch for: early, watchpoint, poll, with commas; none: the VMM decides"),
	NUMBER_ROW(watchdog_ms, "0", 0, 86400000,
		   "the watchdog's timeout, of which half-way is the half; 0: as the guest says"),
	NUMBER_ROW(poll_ms, "10", 1, 10000,
		   "ms from one look at a running scheduler to the next; 1 to 10000"),
	NUMBER_ROW(sample_ms, "100", 0, 600000,
		   "ms from one sample of the event counters to the next; 0: no timeline"),
	SWITCH_ROW(perf, "on",
		   "off: no hardware counters of vCPUs; they may cost the guest its own"),
	ROW("freeze", "auto", CHOICE, freeze, 0, 0, freeze,
	    "copy memory while frozen: copy; after it, by write-protection: cow; auto: cow if > 2 ms"),
	NUMBER_ROW(park_deadline_ms, "5000", 1, 600000,
		   "ms to wait for all vCPUs to park; else the report is degraded; 1 to 600000"),
	NUMBER_ROW(
		capture_deadline_ms, "2000", 0, 600000,
		"ms that the walk may freeze the guest; the report says what it cut; 0: no limit"),
	NUMBER_ROW(hold_ms, "0", 0, 60000,
		   "ms that each freeze stays on beyond its need; for tests of the guest's clock"),
	TEXT_ROW(
		isolate, "auto",
		"a process of its own makes the reports: auto: the scxray beside this; off; or a path"),
	NUMBER_ROW(report_deadline_ms, "60000", 1, 600000,
		   "ms that such a process may take for a report; 1 to 600000"),
	SCXRAY_COUNT_LIMITS(COUNT_ROW) SCXRAY_SIZE_LIMITS(SIZE_ROW)
};

#define NR_KEYS ARRAY_SIZE(keys)

static bool find_word(const struct word *words, const char *text, size_t len, uint32_t *bits)
{
	for (; words->text; words++)
		if (strlen(words->text) == len && !memcmp(words->text, text, len)) {
			*bits |= words->bit;
			return true;
		}
	return false;
}

/* "a,b"; "none" where nothing at all is allowed. */
static bool parse_words(const struct key *key, const char *text, uint32_t *bits)
{
	*bits = 0;
	if (!key->min && !strcmp(text, "none"))
		return true;
	for (;;) {
		size_t len = strcspn(text, ",");

		if (!find_word(key->words, text, len, bits))
			return false;
		if (!text[len])
			return true;
		text += len + 1;
	}
}

static int wrong(const struct key *key, const char *value, struct scxray_error *err)
{
	switch (key->kind) {
	case NUMBER:
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
				   "setting %s=%.60s: not a number from %llu to %llu", key->key,
				   value, (unsigned long long)key->min,
				   (unsigned long long)key->max);
	case SIZE:
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
				   "setting %s=%.60s: not a size such as 64M", key->key, value);
	case SWITCH:
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
				   "setting %s=%.60s: neither on nor off", key->key, value);
	default:
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0, "setting %s=%.60s: %s", key->key,
				   value, key->help);
	}
}

static int set(struct settings *settings, const struct key *key, const char *value,
	       struct scxray_error *err)
{
	void *at = (char *)settings + key->offset;
	uint64_t number = 0;
	uint32_t bits;
	char *copy;

	switch (key->kind) {
	case TEXT:
		copy = strdup(value);
		if (!copy)
			return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
		free(*(char **)at);
		*(char **)at = copy;
		return 0;
	case NUMBER:
		if (!number_parse(value, key->min, key->max, &number))
			return wrong(key, value, err);
		*(uint32_t *)at = (uint32_t)number;
		return 0;
	case SIZE:
		if (!number_parse_size(value, &number))
			return wrong(key, value, err);
		*(uint64_t *)at = number;
		return 0;
	case SWITCH:
		if (strcmp(value, "on") && strcmp(value, "off"))
			return wrong(key, value, err);
		*(bool *)at = value[1] == 'n';
		return 0;
	case CHOICE:
		bits = 0;
		if (!find_word(key->words, value, strlen(value), &bits))
			return wrong(key, value, err);
		*(uint32_t *)at = bits;
		return 0;
	case WORDS:
		if (!parse_words(key, value, &bits))
			return wrong(key, value, err);
		*(uint32_t *)at = bits;
		return 0;
	}
	return -1;
}

static int set_text(struct settings *settings, const char *text, struct scxray_error *err)
{
	size_t len = strcspn(text, "=");

	for (size_t i = 0; i < NR_KEYS; i++)
		if (strlen(keys[i].key) == len && !memcmp(keys[i].key, text, len)) {
			if (text[len])
				return set(settings, &keys[i], text + len + 1, err);
			return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
					   "setting %s: has no value; write %s=VALUE", text, text);
		}
	return scxray_fail(
		err, SCXRAY_ERR_INVALID, 0,
		"no such setting: %.*s; scxray-vmm --plugin-settings lists all, and so does "
		"setting() of plugin.h",
		len < 60 ? (int)len : 60, text);
}

int settings_init(struct settings *settings, const char *const *list, struct scxray_error *err)
{
	*settings = (struct settings){ .capture = SCXRAY_SETTINGS_INIT };
	for (size_t i = 0; i < NR_KEYS; i++)
		if (set(settings, &keys[i], keys[i].value, err))
			return -1;
	for (; list && *list; list++)
		if (set_text(settings, *list, err))
			return -1;
	if (*settings->log && (*settings->output || *settings->name))
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
				   "setting log=%.60s: names folder and test, so leave out %s",
				   settings->log, *settings->output ? "output" : "name");
	return 0;
}

void settings_deinit(struct settings *settings)
{
	free(settings->log);
	free(settings->output);
	free(settings->name);
	free(settings->isolate);
	*settings = (struct settings){ 0 };
}

/* Words of those that `bits` has, with commas. */
static void put_words(const struct key *key, uint32_t bits, char *text, size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	for (const struct word *word = key->words; word->text && len < size; word++)
		if (bits & word->bit)
			len += (size_t)snprintf(text + len, size - len, "%s%s", len ? "," : "",
						word->text);
	if (!*text)
		snprintf(text, size, "none");
}

int settings_changed(const struct settings *settings, uint32_t index, char *text, size_t size)
{
	const struct key *key = &keys[index < NR_KEYS ? index : 0];
	const void *at = (const char *)settings + key->offset;
	struct settings usual = { 0 };
	const void *usually = (const char *)&usual + key->offset;
	char words[64];

	if (index >= NR_KEYS)
		return -1;
	if (key->kind == TEXT || set(&usual, key, key->value, NULL))
		return 0;
	switch (key->kind) {
	case SIZE:
		snprintf(text, size, "%s=%llu", key->key, *(const unsigned long long *)at);
		return *(const uint64_t *)at != *(const uint64_t *)usually;
	case SWITCH:
		snprintf(text, size, "%s=%s", key->key, *(const bool *)at ? "on" : "off");
		return *(const bool *)at != *(const bool *)usually;
	case CHOICE:
	case WORDS:
		put_words(key, *(const uint32_t *)at, words, sizeof(words));
		snprintf(text, size, "%s=%s", key->key, words);
		break;
	default:
		snprintf(text, size, "%s=%u", key->key, *(const uint32_t *)at);
	}
	return *(const uint32_t *)at != *(const uint32_t *)usually;
}

int settings_describe(uint32_t index, struct scxray_plugin_setting *setting)
{
	struct scxray_plugin_setting full;
	size_t size = setting->struct_size;

	if (index >= NR_KEYS)
		return -1;
	full = (struct scxray_plugin_setting){
		.struct_size = setting->struct_size,
		.key = keys[index].key,
		.value = keys[index].value,
		.help = keys[index].help,
	};
	memcpy(setting, &full, size < sizeof(full) ? size : sizeof(full));
	return 0;
}
