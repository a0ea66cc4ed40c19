/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_json.c - a report's JSON from anywhere, read again and written as text
 */
#include <stdio.h>
#include <stdlib.h>

#include "reader/load.h"
#include "reader/trace.h"
#include "tests/fuzz/fuzz.h"

static void discard(FILE *out)
{
	if (out)
		fclose(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scxray_text_options options = { .width = 80, .full = true };
	struct scxray_selection only = { 0 };
	struct scxray_error err;
	struct loaded loaded;
	char *text = NULL;
	size_t len;
	FILE *out;

	if (scxray_selection_add(&only, "diagnosis,guest,vcpus,tasks,rqs,dsqs,log", &err))
		abort();
	if (!loaded_parse(&loaded, (const char *)data, size, &err)) {
		loaded.doc.only = &only;
		out = open_memstream(&text, &len);
		if (out && (scxray_render_text(&loaded.doc, &options, out) ||
			    trace_write(loaded.tree.root, out)))
			abort();
		discard(out);
		free(text);
	}
	loaded_deinit(&loaded);
	return 0;
}
