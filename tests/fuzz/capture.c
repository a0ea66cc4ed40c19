/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * capture.c - a whole report of a real core with wrong bytes
 *
 * SCXRAY_FUZZ_CORE names the core.  The input is a list of changes, 12 bytes
 * each: a place (32 bits), and the 8 bytes that stand there instead.  The top bits
 * of the place choose among all pages, those that only the walk reads, and the
 * words on these that look like pointers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <scxray/render.h>
#include <scxray/report_struct.h>

#include "capture/memory/phys.h"
#include "fuzz.h"
#include "tests/lib/lab.h"

#define CHANGE_SIZE 12
#define PLACE_BITS 30

/* libFuzzer keeps no state of ours between its calls: the one place for it is here. */
static struct lab lab;
static FILE *sink;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *path = getenv("SCXRAY_FUZZ_CORE");

	(void)argc;
	(void)argv;
	sink = fopen("/dev/null", "we");
	if (!path || !sink || lab_open(&lab, path)) {
		fprintf(stderr, "capture: SCXRAY_FUZZ_CORE must name a scxray core\n");
		exit(1);
	}
	return 0;
}

static uint8_t *pick(uint32_t place)
{
	uint32_t n = place & ((1u << PLACE_BITS) - 1);

	switch (place >> PLACE_BITS) {
	case 0:
		return lab.memory + n % (lab.size - 7);
	case 1:
		return lab.walk_pages[n / PAGE_SIZE % lab.nr_walk_pages] + n % (PAGE_SIZE - 7);
	default:
		return lab.pointers[n % lab.nr_pointers];
	}
}

static void change(const uint8_t *data)
{
	uint32_t place;

	memcpy(&place, data, sizeof(place));
	lab_change(&lab, pick(place), lab_word(data + 4));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scxray_text_options options = { .width = 100, .color = true };
	struct scxray_document doc = { .trigger = "image file" };
	struct scxray_error err = { 0 };
	struct scxray_report *report;

	for (; size >= CHANGE_SIZE; size -= CHANGE_SIZE, data += CHANGE_SIZE)
		change(data);
	report = scxray_capture(lab.source, NULL, &err);
	if (report) {
		doc.late = report;
		if (scxray_render_text(&doc, &options, sink) || scxray_render_json(&doc, sink))
			abort();
		/* an early and a late report that contradict each other */
		scxray_document_dual(&doc, report, report, NULL);
		if (scxray_render_text(&doc, &options, sink))
			abort();
	}
	scxray_report_destroy(report);
	lab_restore(&lab);
	return 0;
}
