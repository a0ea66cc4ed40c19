/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.h - the command line
 */
#ifndef VMM_OPTIONS_H
#define VMM_OPTIONS_H

#include "boot.h"
#include "cpuid.h"
#include "plugin_host.h"
#include "line_match.h"

/* The program's exit status. */
enum status {
	STATUS_SHUTDOWN = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
	STATUS_RESET = 3,
	STATUS_TIMEOUT = 4,
	STATUS_NOT_WRITTEN = 5, /* the plugin could not write its files */
	STATUS_SCHEDULER = 6,	/* a scheduler of the guest failed, whatever came then */
	STATUS_SIGNAL = 128,	/* and the signal's number */
};

#define MAX_SETTINGS 64

struct options {
	struct boot boot;
	const char *restore; /* image file, or NULL */
	unsigned cpus, nodes;
	uint64_t memory;
	enum cpu_model model;
	const char *log;  /* the console's copy, or NULL */
	const char *data; /* FILE, unix:PATH or fd:N, or NULL */
	struct plugin_options plugin;
	const char *settings[MAX_SETTINGS + 1];
	unsigned nr_settings;
	bool plugin_on_failure; /* load it only when one of the texts has come */
	struct line_match early, late;
	uint64_t timeout_ms; /* 0: none */
	bool verbose;
	enum {
		DO_RUN,
		DO_HELP,
		DO_VERSION,
		DO_LIST_SETTINGS
	} action;
};

/* 0; or STATUS_USAGE, and the reason is on stderr. */
int options_parse(struct options *options, int argc, char **argv);

extern const char options_help[];

#endif
