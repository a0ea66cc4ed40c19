/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timing.c - what `--timing` prints: one fact a line, for people and for scripts
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include <scxray/report_struct.h>

#include "timing.h"

uint64_t timing_now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

void timing_print_phase(const char *which, const char *phase, uint64_t us)
{
	fprintf(stderr, "timing: %-6s %-12s %10.3f ms\n", which, phase, (double)us / 1000);
}

void timing_print_report(const char *which, const struct scxray_report *report)
{
	for (size_t i = 0; i < report->nr_phases; i++)
		timing_print_phase(which, report->phases[i].name, report->phases[i].us);
	fprintf(stderr, "timing: %-6s %-12s %10" PRIu64 " bytes\n", which, "copied",
		report->bytes_copied);
}

/* Highest resident size of this process so far, in KiB; 0 where /proc is not there. */
static uint64_t peak_resident_kib(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	uint64_t kib = 0;
	char line[256];

	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "VmHWM: %" SCNu64, &kib) == 1)
			break;
	if (status)
		fclose(status);
	return kib;
}

static bool is_file(const char *path, unsigned long inode, unsigned dev_major, unsigned dev_minor)
{
	struct stat st;

	return path && !stat(path, &st) && st.st_ino == inode && major(st.st_dev) == dev_major &&
	       minor(st.st_dev) == dev_minor;
}

/* How much of the image files is resident as part of this process, in KiB. */
static uint64_t mapped_resident_kib(const char *image, const char *early)
{
	FILE *smaps = fopen("/proc/self/smaps", "re");
	unsigned dev_major, dev_minor;
	uint64_t sum = 0, kib;
	unsigned long inode;
	bool ours = false;
	char line[4096];

	while (smaps && fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%*x-%*x %*s %*x %x:%x %lu", &dev_major, &dev_minor, &inode) == 3)
			ours = is_file(image, inode, dev_major, dev_minor) ||
			       is_file(early, inode, dev_major, dev_minor);
		else if (ours && sscanf(line, "Rss: %" SCNu64, &kib) == 1)
			sum += kib;
	}
	if (smaps)
		fclose(smaps);
	return sum;
}

void timing_print_memory(const char *image, const char *early)
{
	uint64_t mapped = mapped_resident_kib(image, early);
	uint64_t peak = peak_resident_kib();

	fprintf(stderr, "timing: %-6s %-12s %10" PRIu64 " KiB\n", "all", "mapped image", mapped);
	fprintf(stderr, "timing: %-6s %-12s %10" PRIu64 " KiB beyond the mapped image\n", "all",
		"peak memory", peak > mapped ? peak - mapped : 0);
}
