/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live.c - a look at and a recording of a guest with wrong bytes
 *
 * SCXRAY_FUZZ_CORE names the core whose pages are the guest's RAM.  The input is a list of
 * changes as in capture.c: a place (32 bits), and the 8 bytes that stand there instead.  The
 * kernel is found once, so a run takes a millisecond where capture.c takes fifty; of one
 * input in 64 the whole report is made as well, and must be the same twice.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <scxray/report_struct.h>

#include "fuzz.h"
#include "tests/lib/live_lab.h"

#define CHANGE_SIZE 12
#define MAX_CHANGES 1024
#define DEADLINE_US 2000000

/* libFuzzer keeps no state of ours between its calls: the one place for it is here. */
static struct live_lab lab;
static struct scxray_live *live;
static struct scxray_snapshot *snapshot;
static uint8_t **pointers; /* words that look like kernel pointers */
static size_t nr_pointers;

static uint64_t word_at(const uint8_t *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

static void find_pointers(void)
{
	pointers = calloc(lab.nr_walk_pages * (PAGE_SIZE / 8) + 1, sizeof(*pointers));
	for (size_t i = 0; pointers && i < lab.nr_walk_pages; i++)
		for (size_t at = 0; at < PAGE_SIZE; at += 8)
			if (word_at(lab.walk_pages[i] + at) >> 47 == 0x1ffff)
				pointers[nr_pointers++] = lab.walk_pages[i] + at;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *path = getenv("SCXRAY_FUZZ_CORE");
	struct scxray_settings settings = SCXRAY_SETTINGS_INIT;
	struct scxray_error err = { 0 };

	(void)argc;
	(void)argv;
	settings.max_copy_bytes = 64 << 20;
	if (path && !live_lab_open(&lab, path))
		live = scxray_live_create(lab.regions, lab.nr_regions, lab.nr_vcpus, &settings,
					  &err);
	if (!live || scxray_live_resolve(live, lab.vcpus, lab.nr_vcpus, &err) ||
	    scxray_live_prepare(live, &err)) {
		fprintf(stderr, "live: SCXRAY_FUZZ_CORE must name a scxray core: %s\n", err.text);
		exit(1);
	}
	snapshot = scxray_snapshot_create(live);
	find_pointers();
	if (!snapshot || !nr_pointers)
		exit(1);
	return 0;
}

static uint8_t *pick(uint32_t place)
{
	uint32_t n = place >> 1;

	return place & 1 ? pointers[n % nr_pointers]
			 : lab.walk_pages[n / PAGE_SIZE % lab.nr_walk_pages] + n % (PAGE_SIZE - 7);
}

static char *report(void)
{
	struct scxray_error err = { 0 };
	struct scxray_source *source = scxray_snapshot_source(snapshot, &err);
	struct scxray_report *r = source ? scxray_capture(source, NULL, &err) : NULL;
	char *json;

	if (!r) /* what finds the kernel is never changed here */
		abort();
	json = live_lab_json(r);
	scxray_report_destroy(r);
	return json;
}

/* One input in 64, whatever its bytes tend to be. */
static bool is_chosen(const uint8_t *data, size_t size)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ data[i]) * 16777619u;
	return size && (hash >> 16) % 64 == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t *places[MAX_CHANGES];
	static uint64_t old[MAX_CHANGES];
	struct scxray_record_result result;
	struct scxray_look look;
	bool whole = is_chosen(data, size);
	size_t nr = 0;

	for (; size >= CHANGE_SIZE && nr < MAX_CHANGES; size -= CHANGE_SIZE, data += CHANGE_SIZE) {
		uint32_t place;

		memcpy(&place, data, sizeof(place));
		places[nr] = pick(place);
		old[nr] = word_at(places[nr]);
		memcpy(places[nr++], data + 4, 8);
	}
	scxray_live_resolved(live);
	scxray_live_look(live, &look);
	scxray_live_record(live, snapshot, lab.vcpus, lab.nr_vcpus, DEADLINE_US, &result);
	scxray_live_record_sleepers(live, snapshot, &result);
	if (whole) {
		char *first, *second;

		scxray_live_prepare(live, NULL);
		first = report();
		second = report();
		if (strcmp(first, second))
			abort();
		free(first);
		free(second);
	}
	while (nr--) /* backwards: changes may overlap */
		memcpy(places[nr], &old[nr], 8);
	if (whole) /* or the next input would find the types of this one */
		scxray_live_prepare(live, NULL);
	return 0;
}
