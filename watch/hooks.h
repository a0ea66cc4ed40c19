/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hooks.h - what the host is told at once: plugin.h says when, and what each may do
 */
#ifndef WATCH_HOOKS_H
#define WATCH_HOOKS_H

#include <scxray/plugin.h>

/* Either may be NULL. */
struct watch_hooks {
	void *context;
	/* on the watcher's thread */
	void (*failure_captured)(void *context, const char *why);
	/* on the thread that writes */
	void (*report_complete)(void *context, const struct scxray_plugin_result *report);
};

#endif
