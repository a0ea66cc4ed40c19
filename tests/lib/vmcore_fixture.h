/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmcore_fixture.h - an ELF file that a test builds, opened as a source
 *
 * For one program each: the state is the including file's own.
 */
#ifndef TESTS_VMCORE_FIXTURE_H
#define TESTS_VMCORE_FIXTURE_H

#include <string.h>

#include "capture/image/source.h"
#include "tests/lib/image_builder.h"
#include "tests/lib/unit.h"

static struct elf_builder b;
static struct scxray_source *source;
static struct scxray_error err;
static uint8_t ram[8 * PAGE_SIZE];

static void start(void)
{
	elf_builder_init(&b);
	memset(&err, 0, sizeof(err));
	for (size_t i = 0; i < sizeof(ram); i++)
		ram[i] = (uint8_t)(i * 7 + (i >> PAGE_SHIFT));
}

static int open_file(void)
{
	struct image_bytes file = elf_builder_file(&b);

	source = image_open(file.bytes, file.size, &err);
	free(file.bytes);
	return source ? 0 : -1;
}

static void drop(void)
{
	scxray_source_close(source);
	source = NULL;
	elf_builder_deinit(&b);
}

#endif
