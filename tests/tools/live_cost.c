/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live_cost.c - what a freeze costs: the memory of an image as a live guest
 *
 *	live_cost [--runs N] IMAGE...
 *	live_cost --records N|--base-records N IMAGE...
 *
 * For each scxray core or vmcore: how long it takes to find the kernel, to rehearse, to look
 * and to record; what each group of the report costs of the recording, measured
 * by leaving it out; and whether the recording makes the report that the image makes.
 * One JSON object a line; status 1 where a report differs.
 *
 * --records and --base-records record N times, with and without the groups that are asked for
 * beside queues and maps, and do nothing else: for one who counts instructions.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/array.h>

#include <scxray/map.h>

#include "capture/base/clock.h"
#include "capture/live/live.h"
#include "capture/run/walkers.h"
#include "tests/lib/live_lab.h"

#define MAX_RUNS 1001

/* What a report of queues and maps can do without: asked for beside them. */
static const char *const extras[] = {
	"modules",    "tasks of higher classes",
	"held files", "stacks",
	"locks",      "identities",
	"programs",   "CPU time",
	"NUMA",	      "pressure",
	"log",
};

struct bench {
	struct live_lab lab;
	struct scxray_live *live;
	struct scxray_snapshot *snapshot;
	unsigned runs;
	bool only_record, only_base;
	uint64_t us[MAX_RUNS], other_us[MAX_RUNS];
};

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Of many runs one of the fastest: what else goes on only makes one slower. */
static uint64_t least_eighth(uint64_t *us, unsigned runs)
{
	qsort(us, runs, sizeof(*us), by_value);
	return us[runs / 8];
}

static uint64_t typical(struct bench *b)
{
	return least_eighth(b->us, b->runs);
}

static uint64_t ns_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static uint64_t record_us(struct bench *b, uint32_t skip, uint64_t *pages)
{
	struct scxray_record_result result = { 0 };

	b->live->walk.skip = skip;
	for (unsigned i = 0; i < b->runs; i++) {
		scxray_live_record(b->live, b->snapshot, b->lab.vcpus, b->lab.nr_vcpus, 0, &result);
		b->us[i] = result.us;
	}
	b->live->walk.skip = 0;
	*pages = result.pages;
	return typical(b);
}

struct both {
	uint64_t us, pages;
	uint64_t base_us, base_pages; /* without the extras */
};

/* All of it and without the extras, in turn: a machine that slows down slows down both. */
static struct both record_both(struct bench *b, uint32_t skip)
{
	struct scxray_record_result result = { 0 };
	struct both both = { 0 };

	for (unsigned i = 0; i < b->runs; i++) {
		uint64_t start = ns_now();

		scxray_live_record(b->live, b->snapshot, b->lab.vcpus, b->lab.nr_vcpus, 0, &result);
		b->us[i] = ns_now() - start;
		both.pages = result.pages;
		b->live->walk.skip = skip;
		start = ns_now();
		scxray_live_record(b->live, b->snapshot, b->lab.vcpus, b->lab.nr_vcpus, 0, &result);
		b->other_us[i] = ns_now() - start;
		both.base_pages = result.pages;
		b->live->walk.skip = 0;
	}
	both.us = (typical(b) + 500) / 1000;
	both.base_us = (least_eighth(b->other_us, b->runs) + 500) / 1000;
	return both;
}

static uint64_t look_ns(struct bench *b)
{
	struct scxray_look look;

	for (unsigned i = 0; i < b->runs; i++) {
		uint64_t start = ns_now();

		scxray_live_look(b->live, &look);
		b->us[i] = ns_now() - start;
	}
	return typical(b);
}

/* Reading the same out of the image, with all of the report made: what a freeze would take. */
static uint64_t plain_us(struct bench *b)
{
	struct scxray_source *image = live_lab_image(&b->lab);
	unsigned runs = b->runs;

	b->runs = runs < 7 ? runs : 7;
	for (unsigned i = 0; i < b->runs; i++) {
		struct scxray_report *report = scxray_capture(image, NULL, NULL);

		b->us[i] = 0;
		for (size_t p = 0; report && p < report->nr_phases; p++)
			if (!strcmp(report->phases[p].name, "walk"))
				b->us[i] = report->phases[p].us;
		scxray_report_destroy(report);
	}
	scxray_source_close(image);
	{
		uint64_t us = typical(b);

		b->runs = runs;
		return us;
	}
}

static char *json_of(struct scxray_source *source)
{
	struct scxray_error err = { 0 };
	struct scxray_report *report = source ? scxray_capture(source, NULL, &err) : NULL;
	char *json = report ? live_lab_json(report) : strdup(err.text);

	scxray_report_destroy(report);
	return json;
}

static bool is_same(struct bench *b)
{
	struct scxray_source *image = live_lab_image(&b->lab);
	struct scxray_record_result result = { 0 };
	char *recorded, *direct;
	bool same;

	scxray_live_record(b->live, b->snapshot, b->lab.vcpus, b->lab.nr_vcpus, 0, &result);
	scxray_live_record_sleepers(b->live, b->snapshot, &result);
	recorded = json_of(scxray_snapshot_source(b->snapshot, NULL));
	direct = json_of(image);
	same = !strcmp(recorded, direct);
	for (size_t at = 0; !same && recorded[at]; at++)
		if (recorded[at] != direct[at]) {
			at = at < 100 ? 0 : at - 100;
			fprintf(stderr, "recorded: %.240s\nimage:    %.240s\n", recorded + at,
				direct + at);
			break;
		}
	free(recorded);
	free(direct);
	scxray_source_close(image);
	return same;
}

static uint32_t bit_of(const char *name)
{
	for (size_t i = 0; walkers_name(i); i++)
		if (!strcmp(walkers_name(i), name))
			return 1u << i;
	fprintf(stderr, "live_cost: no group is called %s\n", name);
	exit(2);
}

static uint32_t extra_bits(void)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < ARRAY_SIZE(extras); i++)
		bits |= bit_of(extras[i]);
	return bits;
}

/* What is copied after the thaw. */
static uint64_t sleepers_us(struct bench *b, uint64_t *pages)
{
	struct scxray_record_result result = { 0 };

	for (unsigned i = 0; i < b->runs; i++) {
		scxray_live_record(b->live, b->snapshot, b->lab.vcpus, b->lab.nr_vcpus, 0, &result);
		scxray_live_record_sleepers(b->live, b->snapshot, &result);
		b->us[i] = result.sleepers_us;
	}
	*pages = result.sleepers_pages;
	return typical(b);
}

static bool measure(struct bench *b, const char *path)
{
	uint64_t start = clock_us(), resolve, prepare, pages, late_us, late_pages;
	struct scxray_error err = { 0 };
	struct both both;
	bool same;

	if (scxray_live_resolve(b->live, b->lab.vcpus, b->lab.nr_vcpus, &err)) {
		fprintf(stderr, "%s: %s\n", path, err.text);
		return false;
	}
	resolve = clock_us() - start;
	start = clock_us();
	if (scxray_live_prepare(b->live, &err)) {
		fprintf(stderr, "%s: %s\n", path, err.text);
		return false;
	}
	prepare = clock_us() - start;
	b->snapshot = scxray_snapshot_create(b->live);
	if (!b->snapshot)
		return false;
	if (b->only_record) {
		if (b->runs)
			record_us(b, b->only_base ? extra_bits() : 0, &pages);
		return true;
	}
	record_us(b, 0, &pages);
	both = record_both(b, extra_bits());
	late_us = sleepers_us(b, &late_pages);
	printf("{\"image\": \"%s\", \"resolve_us\": %llu, \"prepare_us\": %llu, \"kernel_pages\": %u, "
	       "\"plain_walk_us\": %llu, \"look_ns\": %llu, \"record_us\": %llu, \"pages\": %llu, "
	       "\"without_extras_us\": %llu, \"without_extras_pages\": %llu, "
	       "\"after_thaw_us\": %llu, \"after_thaw_pages\": %llu, \"groups_us\": {",
	       path, (unsigned long long)resolve, (unsigned long long)prepare, b->live->base->nr,
	       (unsigned long long)plain_us(b), (unsigned long long)look_ns(b),
	       (unsigned long long)both.us, (unsigned long long)both.pages,
	       (unsigned long long)both.base_us, (unsigned long long)both.base_pages,
	       (unsigned long long)late_us, (unsigned long long)late_pages);
	for (size_t i = 0; walkers_name(i); i++) {
		int64_t us = (int64_t)(both.us - record_us(b, 1u << i, &pages));

		printf("%s\"%s\": %lld", i ? ", " : "", walkers_name(i), (long long)us);
	}
	same = is_same(b);
	printf("}, \"same\": %s}\n", same ? "true" : "false");
	fflush(stdout);
	return same;
}

int main(int argc, char **argv)
{
	struct bench *b = calloc(1, sizeof(*b));
	bool good = b != NULL;
	int i = 1;

	if (!b)
		return 1;
	b->runs = 101;
	if (argc > 2 && (!strcmp(argv[1], "--records") || !strcmp(argv[1], "--base-records"))) {
		b->only_record = true;
		b->only_base = !strcmp(argv[1], "--base-records");
		b->runs = (unsigned)strtoul(argv[2], NULL, 10);
		if (b->runs > MAX_RUNS)
			b->runs = MAX_RUNS;
		i = 3;
	} else if (argc > 2 && !strcmp(argv[1], "--runs")) {
		b->runs = (unsigned)strtoul(argv[2], NULL, 10);
		if (!b->runs || b->runs > MAX_RUNS)
			b->runs = MAX_RUNS;
		i = 3;
	}
	if (i >= argc) {
		fprintf(stderr, "usage: live_cost [--runs N] IMAGE...\n");
		free(b);
		return 2;
	}
	for (; i < argc; i++) {
		struct scxray_error err = { 0 };

		if (live_lab_open(&b->lab, argv[i])) {
			good = false;
			continue;
		}
		b->live = scxray_live_create(b->lab.regions, b->lab.nr_regions, b->lab.nr_vcpus,
					     NULL, &err);
		good &= b->live && measure(b, argv[i]);
		scxray_snapshot_destroy(b->snapshot);
		b->snapshot = NULL;
		scxray_live_destroy(b->live);
		live_lab_close(&b->lab);
	}
	free(b);
	return good ? 0 : 1;
}
