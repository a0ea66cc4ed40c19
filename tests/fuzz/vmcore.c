/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmcore.c - any bytes as an ELF vmcore
 */
#include <stdlib.h>

#include <scxray/capture.h>

#include "capture/image/source.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scxray_settings settings = SCXRAY_SETTINGS_INIT;
	struct scxray_source *source = calloc(1, sizeof(*source));
	struct scxray_error err = { 0 };

	if (!source)
		return 0;
	if (!vmcore_load(source, data, size, &err)) {
		/* what was loaded must be safe to read */
		settings.max_copy_bytes = 16 << 20;
		scxray_report_destroy(scxray_capture(source, &settings, &err));
	} else if (!err.text[0]) {
		abort(); /* a refusal without a reason */
	}
	scxray_source_close(source);
	return 0;
}
