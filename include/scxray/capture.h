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

#ifdef __cplusplus
extern "C" {
#endif

struct scxray_report;
struct scxray_source;

/*
 * The limits of a capture, each once: X(member, option of the command line, default, what it
 * limits).  The struct, its defaults, `scxray report`'s options and help, and the plugin's settings
 * are made of these rows.  At least 1 each.
 */
#define SCXRAY_COUNT_LIMITS(X)                                                      \
	X(max_tasks, "max-tasks", 4096, "tasks in a report")                        \
	X(max_list, "max-list", 4096, "nodes of one list in the guest")             \
	X(max_dsqs, "max-dsqs", 4096, "dispatch queues in a report")                \
	X(max_maps, "max-maps", 4096, "BPF maps in a report")                       \
	X(max_entries, "max-entries", 4096, "entries of one map")                   \
	X(max_percpu_keys, "max-percpu-keys", 256, "keys of one per-CPU array")     \
	X(max_stacks, "max-stacks", 16384, "buckets of one stack_trace map")        \
	X(max_stack_pcs, "max-stack-pcs", 128, "frames of one stack in such a map") \
	X(max_task_stacks, "max-task-stacks", 1024, "tasks whose stack is walked")  \
	X(max_stack_frames, "max-stack-frames", 64, "frames of one kernel stack")   \
	X(max_arena_pages, "max-arena-pages", 4096, "pages of one arena")           \
	X(max_cgroups, "max-cgroups", 1024, "cgroups whose pressure is read")       \
	X(max_log_records, "max-log-records", 200, "last records of the kernel's log")

/* The same in bytes; the default with its unit, M or G. */
#define SCXRAY_SIZE_LIMITS(X)                                                      \
	X(max_copy_bytes, "max-copy", 1, G, "bytes of guest memory that are read") \
	X(max_report_bytes, "max-report", 128, M, "bytes of memory of one report")

#define SCXRAY_UNIT_M 20
#define SCXRAY_UNIT_G 30

#define SCXRAY_COUNT_MEMBER(member, option, value, what) uint32_t member;
#define SCXRAY_SIZE_MEMBER(member, option, value, unit, what) uint64_t member;
#define SCXRAY_COUNT_DEFAULT(member, option, value, what) .member = value,
#define SCXRAY_SIZE_DEFAULT(member, option, value, unit, what) \
	.member = value##ULL << SCXRAY_UNIT_##unit,

/* Each cut that a limit causes is said in the report. */
struct scxray_settings {
	SCXRAY_COUNT_LIMITS(SCXRAY_COUNT_MEMBER)
	SCXRAY_SIZE_LIMITS(SCXRAY_SIZE_MEMBER)
};

/* The defaults. */
#define SCXRAY_SETTINGS_INIT                                                                      \
	{                                                                                         \
		SCXRAY_COUNT_LIMITS(SCXRAY_COUNT_DEFAULT) SCXRAY_SIZE_LIMITS(SCXRAY_SIZE_DEFAULT) \
	}

/*
 * Opens an image file: an ELF vmcore (QEMU's dump-guest-memory, kdump, /proc/kcore) or a
 * scxray core.  It stays open: pages of it are read as a walk asks for them.  `path` is
 * only used during the call.  NULL and *err on failure: not readable, not such a file,
 * truncated, another architecture.
 */
struct scxray_source *scxray_source_open(const char *path, struct scxray_error *err);

/*
 * The same of a file that is open already, and read by pread(2) from its beginning; the descriptor
 * becomes the source's, also on failure.  `name` is what messages call it.  Opens no file.
 */
struct scxray_source *scxray_source_open_fd(int fd, const char *name, struct scxray_error *err);

/* Is it /proc/kcore: memory that changes while it is read, so that a report may contradict itself? */
bool scxray_source_is_running(const struct scxray_source *source);

/*
 * `earlier`, which scxray_capture() made, is of the same guest at an earlier moment: if the kernel's BTF is the same
 * byte by byte, the reports of `source` borrow its types instead of parsing them again.  Then `earlier` must outlive them,
 * and be used by no other thread while they are made, rendered or destroyed.
 */
void scxray_source_follows(struct scxray_source *source, const struct scxray_report *earlier);

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

/*
 * The same of all pages of a recording (scxray_snapshot_source()), which need not have been captured:
 * large, and written quickly, for a process that makes the report in place of this one.
 */
int scxray_core_write_recording(struct scxray_source *source, FILE *out, struct scxray_error *err);

#ifdef __cplusplus
}
#endif
#endif
