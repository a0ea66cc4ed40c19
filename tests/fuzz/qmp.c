/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * qmp.c - any bytes as what a QMP socket says, in pieces of the size that the first byte asks for
 */
#include <stdlib.h>

#include "qemu/qmp_reader.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scxray_error err = { 0 };
	struct qmp_reader reader;
	size_t step = size ? data[0] + 1u : 1;

	if (qmp_reader_init(&reader, &err))
		abort();
	for (size_t at = 1; at < size;) {
		size_t nr = size - at < step ? size - at : step, used;
		struct qmp_message message;
		int got = qmp_reader_read(&reader, (const char *)data + at, nr, &used, &message,
					  &err);

		if (used > nr || (!got && used < nr) || (got < 0 && !err.text[0]))
			abort(); /* it would be read again, for ever; or a refusal without a reason */
		if (got < 0)
			break;
		if (got)
			qmp_message_deinit(&message);
		at += used;
	}
	qmp_reader_deinit(&reader);
	return 0;
}
