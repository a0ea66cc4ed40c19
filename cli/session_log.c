/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session_log.c - what is said while a guest is watched
 */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/session_log.h"

static const char *const levels[] = {
	[SCXRAY_LOG_ERROR] = "error",
	[SCXRAY_LOG_WARNING] = "warning",
	[SCXRAY_LOG_INFO] = "info",
	[SCXRAY_LOG_DEBUG] = "debug",
};

static int64_t wall_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* One call, one write: lines of several threads don't mix.  Puts the object. */
static void print_json(struct json_object *line)
{
	printf("%s\n", json_object_to_json_string_ext(line, JSON_C_TO_STRING_NOSLASHESCAPE));
	fflush(stdout);
	json_object_put(line);
}

static struct json_object *new_line(const char *what)
{
	struct json_object *line = json_object_new_object();

	json_object_object_add(line, "time_ms", json_object_new_int64(wall_ms()));
	json_object_object_add(line, "what", json_object_new_string(what));
	return line;
}

void session_log_line(void *context, enum scxray_plugin_level level, const char *text)
{
	struct session *session = context;
	struct json_object *line;

	if (session->quiet)
		return;
	if (session->json_lines) {
		line = new_line("log");
		json_object_object_add(line, "level", json_object_new_string(levels[level]));
		json_object_object_add(line, "text", json_object_new_string(text));
		print_json(line);
		return;
	}
	if (level <= SCXRAY_LOG_WARNING || (level == SCXRAY_LOG_INFO && isatty(STDERR_FILENO)))
		session_status_say(&session->status, text);
}

void session_log_end(const struct session *session, enum scxray_plugin_status status,
		     const char *message, const char *const *paths, size_t nr_paths)
{
	struct json_object *line, *list;

	if (!session->json_lines) {
		if (status < 0)
			cli_fail("%s", message ? message : "the watch failed");
		for (size_t i = 0; i < nr_paths; i++)
			printf("%s\n", paths[i]);
		fflush(stdout);
		return;
	}
	line = new_line("end");
	list = json_object_new_array();
	for (size_t i = 0; i < nr_paths; i++)
		json_object_array_add(list, json_object_new_string(paths[i]));
	json_object_object_add(line, "status", json_object_new_int(status));
	json_object_object_add(line, "message", json_object_new_string(message ? message : ""));
	json_object_object_add(line, "files", list);
	print_json(line);
}
