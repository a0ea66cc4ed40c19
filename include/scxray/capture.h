/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * capture.h - from an image file to a report
 *
 *	source = scxray_source_open("half.vmcore", &err);
 *	report = scxray_capture(source, &settings, &err);
 *	scxray_core_write(source, file, &err);
 *	scxray_report_destroy(report);
 *	scxray_source_close(source);
 */
#ifndef SCXRAY_CAPTURE_H
#define SCXRAY_CAPTURE_H

#include <stdbool.h>
#include <stdio.h>

#include <scxray/error.h>
#include <scxray/report.h>

#ifdef __cplusplus
extern "C" {
#endif

struct scxray_source;

/* Limits of a capture.  Each cut that they cause is said in the report. */
struct scxray_settings {
	uint32_t max_tasks;	   /* tasks in all; default 4096 */
	uint32_t max_list;	   /* nodes on one list; default 4096 */
	uint32_t max_dsqs;	   /* DSQs in all; default 4096 */
	uint32_t max_maps;	   /* BPF maps; default 4096 */
	uint32_t max_entries;	   /* entries of one map; default 4096 */
	uint32_t max_percpu_keys;  /* keys of one per-CPU array; default 256 */
	uint32_t max_stacks;	   /* buckets of one stack_trace map; default 16384 */
	uint32_t max_stack_pcs;	   /* frames of one stack; default 128 */
	uint32_t max_task_stacks;  /* tasks whose kernel stack is walked; default 1024 */
	uint32_t max_stack_frames; /* frames of one kernel stack; default 64 */
	uint32_t max_arena_pages;  /* pages of one arena; default 4096 */
	uint32_t max_log_records;  /* last records of the kernel's log; default 200 */
	uint32_t max_cgroups;	   /* cgroups whose pressure is read; default 1024 */
	uint64_t max_copy_bytes;   /* guest bytes that the walk may touch; default 1 GiB */
	uint64_t max_report_bytes; /* memory of the report; default 128 MiB */
};

/* The defaults. */
#define SCXRAY_SETTINGS_INIT                                                             \
	{                                                                                \
		.max_tasks = 4096, .max_list = 4096, .max_dsqs = 4096, .max_maps = 4096, \
		.max_entries = 4096, .max_percpu_keys = 256, .max_stacks = 16384,        \
		.max_stack_pcs = 128, .max_task_stacks = 1024, .max_stack_frames = 64,   \
		.max_arena_pages = 4096, .max_log_records = 200, .max_cgroups = 1024,    \
		.max_copy_bytes = 1ULL << 30, .max_report_bytes = 128ULL << 20           \
	}

/*
 * Opens an image file: an ELF vmcore (QEMU's dump-guest-memory, kdump, /proc/kcore) or a
 * scxray core.  It stays open: pages of it are read as a walk asks for them.  `path` is
 * only used during the call.  NULL and *err on failure: not readable, not such a file,
 * truncated, another architecture.
 */
struct scxray_source *scxray_source_open(const char *path, struct scxray_error *err);

/* Is it /proc/kcore: memory that changes while it is read, so that a report may contradict itself? */
bool scxray_source_is_running(const struct scxray_source *source);

void scxray_source_close(struct scxray_source *source);

/*
 * Walks the guest's memory and returns a report, which the caller destroys.
 * NULL and *err only where no kernel can be found or memory runs out: all else
 * that is wrong with the guest is part of the report.  `settings` may be NULL
 * for the defaults.  The source must stay open while the report is built, not
 * afterwards.
 */
struct scxray_report *scxray_capture(struct scxray_source *source,
				     const struct scxray_settings *settings,
				     struct scxray_error *err);

/*
 * Writes the pages and registers that the last scxray_capture() on `source`
 * touched to `out`, front to back; the caller opens, syncs and closes it.
 * Replaying the file gives the same report.  0, or -1 with *err.
 */
int scxray_core_write(struct scxray_source *source, FILE *out, struct scxray_error *err);

#ifdef __cplusplus
}
#endif
#endif
