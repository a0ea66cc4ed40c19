/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mutate.c - reports of a core whose bytes are wrong here and there
 *
 *	mutate CORE FIRST COUNT
 *
 * Loads a core once.  Mutation i of FIRST .. FIRST+COUNT-1 changes 1, 10 or 1000
 * places (by i % 3) in the pages that the core holds, which are those that a
 * capture reads; captures, renders text and JSON, and puts the bytes back.  All
 * of it follows from i: a mutation that fails can be run again alone.
 *
 * For each mutation a line on standard output, then the text, then the JSON:
 *
 *	I PLACES report|error MILLISECONDS PEAK_KIB TEXT_BYTES JSON_BYTES
 *
 * A mutation that takes longer than 5 seconds ends the program by SIGALRM
 * (15 with sanitizers, which slow it down).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include <scxray/capture.h>
#include <scxray/render.h>
#include <scxray/report_struct.h>

#include "capture/memory/phys.h"
#include "tests/lib/lab.h"
#include "tests/lib/sanitized.h"

#define SECONDS_LIMIT (SANITIZED ? 15 : 5)

/* splitmix64: small, and the same everywhere. */
static uint64_t next(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/*
 * A third of the mutations hit any page, most of which hold symbols and types; of
 * the others, which find their kernel, half of the places are pointers, for
 * those are what a walk follows.
 */
static uint8_t *pick(struct lab *lab, bool anywhere, uint64_t *random)
{
	if (anywhere)
		return lab->memory + next(random) % (lab->size - 7);
	if (next(random) & 1)
		return lab->pointers[next(random) % lab->nr_pointers];
	return lab->walk_pages[next(random) % lab->nr_walk_pages] + next(random) % (PAGE_SIZE - 7);
}

static uint64_t other_value(struct lab *lab, uint64_t old, uint64_t *random)
{
	switch (next(random) % 8) {
	case 0:
		return old ^ 1ULL << next(random) % 64;
	case 1:
		return 0;
	case 2:
		return UINT64_MAX;
	case 3: /* another object, perhaps one that leads back here */
		return lab_word(lab->pointers[next(random) % lab->nr_pointers]);
	case 4:
		return old + 8;
	case 5:
		return (old & ~0xffULL) | (next(random) & 0xff);
	case 6:
		return (old & ~0xffffffffULL) | (next(random) & 0xffffffff);
	default:
		return next(random);
	}
}

static void mutate(struct lab *lab, unsigned long index, size_t nr)
{
	uint64_t random = index;

	for (size_t i = 0; i < nr; i++) {
		uint8_t *at = pick(lab, index / 3 % 3 == 0, &random);

		lab_change(lab, at, other_value(lab, lab_word(at), &random));
	}
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* The peak since the last reset, where the kernel can reset it; else since the start. */
static unsigned long peak_kib(bool reset)
{
	unsigned long kib = 0;
	char line[256];
	FILE *f;

	if (reset) {
		f = fopen("/proc/self/clear_refs", "we");
		if (f) {
			fputs("5", f);
			fclose(f);
		}
		return 0;
	}
	f = fopen("/proc/self/status", "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmHWM: %lu", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib;
}

static int emit(struct lab *lab, unsigned long index, size_t nr_places)
{
	struct scxray_document doc = { .trigger = "image file" };
	struct scxray_text_options options = { .width = 120 };
	char *text = NULL, *json = NULL;
	size_t text_size = 0, json_size = 0;
	struct scxray_error err = { 0 };
	struct scxray_report *report;
	uint64_t start = now_ms();
	FILE *out;
	int failed = 0;

	peak_kib(true);
	alarm(SECONDS_LIMIT);
	report = scxray_capture(lab->source, NULL, &err);
	if (report) {
		doc.late = report;
		out = open_memstream(&text, &text_size);
		failed |= !out || scxray_render_text(&doc, &options, out);
		failed |= out && fclose(out);
		out = open_memstream(&json, &json_size);
		failed |= !out || scxray_render_json(&doc, out);
		failed |= out && fclose(out);
	} else {
		failed |= !err.text[0] || strchr(err.text, '\n');
		text = strdup(err.text);
		text_size = text ? strlen(text) : 0;
	}
	alarm(0);
	printf("%lu %zu %s %llu %lu %zu %zu\n", index, nr_places,
	       failed	? "failed"
	       : report ? "report"
			: "error",
	       (unsigned long long)(now_ms() - start), peak_kib(false), text_size, json_size);
	if (text)
		fwrite(text, 1, text_size, stdout);
	if (json)
		fwrite(json, 1, json_size, stdout);
	fflush(stdout);
	scxray_report_destroy(report);
	free(text);
	free(json);
	return ferror(stdout) ? -1 : 0;
}

int main(int argc, char **argv)
{
	static const size_t counts[] = { 1, 10, 1000 };
	unsigned long first, count;
	struct lab lab;
	int failed;

	libbpf_set_print(NULL); /* it complains of each broken BTF on stderr */
	if (argc != 4) {
		fprintf(stderr, "usage: mutate CORE FIRST COUNT\n");
		return 2;
	}
	first = strtoul(argv[2], NULL, 10);
	count = strtoul(argv[3], NULL, 10);
	if (lab_open(&lab, argv[1]))
		return 1;
	/* what the untouched core gives, at the beginning and, unchanged, at the end */
	failed = emit(&lab, 0, 0);
	for (unsigned long i = first; !failed && i < first + count; i++) {
		mutate(&lab, i, counts[i % 3]);
		failed = emit(&lab, i, counts[i % 3]);
		lab_restore(&lab);
	}
	failed = failed || emit(&lab, 0, 0);
	lab_close(&lab);
	return failed ? 1 : 0;
}
