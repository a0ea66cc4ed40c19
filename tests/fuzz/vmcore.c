/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmcore.c - any bytes as an image file: ELF, or whatever else their first bytes say
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <scxray/capture.h>
#include <scxray/report_struct.h>

#include "capture/image/source.h"
#include "fuzz.h"

/* It does not free all of what it read of a file that it then refuses. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libkdumpfile\n";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scxray_settings settings = SCXRAY_SETTINGS_INIT;
	struct scxray_source *source;
	struct scxray_error err = { 0 };
	int fd = memfd_create("image", MFD_CLOEXEC);
	char path[64];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	source = scxray_source_open(path, &err);
	if (source) {
		/* what was loaded must be safe to read */
		settings.max_copy_bytes = 16 << 20;
		scxray_report_destroy(scxray_capture(source, &settings, &err));
		scxray_source_close(source);
	} else if (!err.text[0]) {
		abort(); /* a refusal without a reason */
	}
	close(fd);
	return 0;
}
