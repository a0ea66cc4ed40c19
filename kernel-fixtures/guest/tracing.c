// SPDX-License-Identifier: BSD-2-Clause
/*
 * The kernel's own sched_ext dump without an exit: SysRq-D. It has no buffer; its lines go through
 * the tracepoint sched_ext:sched_ext_dump, and are collected from the trace here.
 */
#include <stdlib.h>
#include <string.h>

#include "guest.h"

#define TRACING "/sys/kernel/tracing/"
#define LINE_START "sched_ext_dump: "
#define PART_START "tracing_mark_write: "

/* Big enough for the dump of a hundred tasks on eight CPUs. */
#define BUFFER_KB "1024"

/* What it holds is thrown away by whoever opens it so. */
static bool empty_trace(void)
{
	FILE *trace = fopen(TRACING "trace", "we");

	return trace && !fclose(trace);
}

void tracing_start(void)
{
	if (!text_write(TRACING "buffer_size_kb", BUFFER_KB) || !empty_trace() ||
	    !text_write(TRACING "tracing_on", "1") ||
	    !text_write(TRACING "events/sched_ext/sched_ext_dump/enable", "1"))
		die("the tracepoint sched_ext_dump can't be enabled");
}

void tracing_stop(void)
{
	if (!text_write(TRACING "tracing_on", "0"))
		die("tracing can't be stopped");
}

void tracing_part(void)
{
	if (!text_write(TRACING "trace_marker", "part"))
		die("the trace takes no marker");
}

void tracing_send(const char *name, unsigned int part)
{
	FILE *out = file_begin();
	FILE *in = fopen(TRACING "trace", "re");
	char line[4096];
	unsigned int at = 0;

	if (!in)
		die(TRACING "trace is unreadable");
	/*
	 * "           <...>-1   [000] d....   5.123456: sched_ext_dump: TEXT"; TEXT may be empty.
	 */
	while (fgets(line, sizeof(line), in)) {
		const char *text = line[0] == '#' ? NULL : strstr(line, LINE_START);

		if (text && at == part)
			fputs(text + strlen(LINE_START), out);
		else if (!text && line[0] != '#' && strstr(line, PART_START))
			at++;
	}
	fclose(in);
	file_send(out, name);
}
