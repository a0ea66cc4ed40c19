/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * qemu_texts.c - any bytes as what QEMU prints for people, as its command line, as its maps
 */
#include <stdlib.h>
#include <string.h>

#include <base/array.h>

#include "qemu/cmdline.h"
#include "qemu/hmp.h"
#include "qemu/maps.h"
#include "qemu/mtree.h"
#include "qemu/regs_text.h"
#include "qemu/stub.h"
#include "fuzz.h"

static void read_text(const char *text)
{
	static struct mtree_row rows[MTREE_MAX_ROWS];
	struct scxray_live_vcpu vcpus[4] = { 0 };
	struct scxray_error err = { 0 };
	struct maps_line map;
	char address[64];
	int nr = mtree_parse(text, rows, MTREE_MAX_ROWS, &err);

	if (nr < 0 && !err.text[0])
		abort();
	for (int i = 1; i < nr; i++)
		if (rows[i].gpa < rows[i - 1].gpa + rows[i - 1].size)
			abort(); /* RAM twice */
	maps_parse(text, &map);
	if (regs_text_parse(text, vcpus, ARRAY_SIZE(vcpus)) > ARRAY_SIZE(vcpus))
		abort();
	stub_find_user(text, false, address, sizeof(address));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *bytes = malloc(size + 1), *text = malloc(size + 1);
	struct cmdline cmdline;

	if (!bytes || !text)
		abort();
	if (size)
		memcpy(bytes, data, size);
	bytes[size] = '\0';
	cmdline_parse(bytes, size, &cmdline);
	if (cmdline.nr_monitors > CMDLINE_MAX_MONITORS || cmdline.nr_qmp > cmdline.nr_monitors)
		abort();
	if (hmp_read(bytes, size, text))
		read_text(text);
	read_text(bytes);
	free(text);
	free(bytes);
	return 0;
}
