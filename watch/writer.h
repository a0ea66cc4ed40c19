/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * writer.h - the thread that writes reports, so that the watcher goes on watching meanwhile
 *
 * It lives from the first report on.  All calls here on the watcher's thread, but writer_stop().
 */
#ifndef WATCH_WRITER_H
#define WATCH_WRITER_H

#include "report_set.h"

struct writer;

/* `set` is borrowed, and the thread's alone until writer_drain() returns.  NULL: out of memory. */
struct writer *writer_create(struct report_writer *set);

/* Discards what still waits, and lets a report under way end unwritten. */
void writer_destroy(struct writer *writer);

/*
 * Takes both moments (`early` may be NULL), and destroys them when their files are written.  Where no thread
 * can be had, the files are written before this returns.
 */
void writer_put(struct writer *writer, enum artifact_kind kind, unsigned number,
		struct moment *late, struct moment *early);

/* Waits until all is written, and ends the thread. */
void writer_drain(struct writer *writer);

/* Any thread: what still waits is discarded, and a process that makes a report is killed. */
void writer_stop(struct writer *writer);

#endif
