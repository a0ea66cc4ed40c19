/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * running_core.c - a core as a guest that can be restored and watched (tests/lib/running_core.h)
 *
 *	running_core CORE OUT [NR_VCPUS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/running_core.h"

int main(int argc, char **argv)
{
	struct scxray_error err = { .text = "cannot be written" };
	FILE *out;
	int failed;

	if (argc < 3 || argc > 4) {
		fprintf(stderr, "usage: running_core CORE OUT [NR_VCPUS]\n");
		return 2;
	}
	out = fopen(argv[2], "we");
	failed = !out ||
		 running_core_write(argv[1], argc == 4 ? (unsigned)atoi(argv[3]) : 0, out, &err);
	if (out && fclose(out))
		failed = 1;
	if (failed)
		fprintf(stderr, "running_core: %s: %s\n", argv[1], err.text);
	return failed;
}
