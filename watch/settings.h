/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settings.h - the "key=value" texts of the host
 *
 * One table in settings.c holds every key with its default and its help; the defaults
 * are read by the same code as what the host gives.
 */
#ifndef WATCH_SETTINGS_H
#define WATCH_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include <scxray/capture.h>
#include <scxray/plugin.h>

enum settings_trigger {
	TRIGGER_EARLY = 1,
	TRIGGER_WATCHPOINT = 2,
	TRIGGER_POLL = 4,
};

enum settings_freeze {
	FREEZE_AUTO = 1,
	FREEZE_COW = 2,
	FREEZE_COPY = 4,
};

enum settings_format {
	FORMAT_TEXT = 1,
	FORMAT_JSON = 2,
	FORMAT_HTML = 4,
};

struct settings {
	char *log; /* path of the test log; "" if it was not given */
	char *output;
	char *name;
	char *isolate;	   /* "auto", "off", or the program's path */
	uint32_t triggers; /* enum settings_trigger, or-ed */
	uint32_t formats;  /* enum settings_format, or-ed */
	bool core;
	bool color;
	uint32_t width;
	uint32_t max_reports;
	uint32_t watchdog_ms; /* 0: as the guest's memory says */
	uint32_t freeze;      /* enum settings_freeze, one of them */
	uint32_t park_deadline_ms;
	uint32_t capture_deadline_ms; /* 0: none */
	uint32_t poll_ms;
	uint32_t sample_ms; /* 0: no timeline */
	bool perf;
	uint32_t hold_ms;
	uint32_t report_deadline_ms;
	struct scxray_settings capture;
};

/* `list`: "key=value" texts up to a NULL, or NULL.  0, or -1 with *err; deinit in either case. */
int settings_init(struct settings *settings, const char *const *list, struct scxray_error *err);
void settings_deinit(struct settings *settings);

/* As in plugin.h; fills what *setting has room for.  0, or -1 after the last. */
int settings_describe(uint32_t index, struct scxray_plugin_setting *setting);

/*
 * "key=value" of a setting that is a number, a size, a switch or words, and is not its default.  1: *text has it;
 * 0: it has its default, or is a text; -1 after the last.
 */
int settings_changed(const struct settings *settings, uint32_t index, char *text, size_t size);

#endif
