/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow.h - guest RAM as it was at one instant, while the guest runs on
 *
 *	cow = cow_create(&phys, max_pages, &why)	while the guest runs: takes memory, starts a thread
 *	cow_begin(cow, limit_us, deadline_us)		frozen: all RAM is write-protected
 *	... thaw; read pages by cow_saved(cow) or, where that has none, from RAM ...
 *	cow_end(cow)					writers wait no longer
 *
 * A thread of its own saves each page that is about to be written, and lets its writer go on.  A
 * reader copies a page from RAM first and asks for a saved one after that: if there is none, no
 * writer went on before the copy was complete.
 *
 * Who waits for how long: a writer for one copy of a page; where there is no room left, or where the
 * thread is lost, until cow_end().  If that never comes, the thread ends the protection at the deadline.
 * If the process ends, the kernel does.  What other processes, or devices that reach memory by DMA, write
 * is not held back.
 */
#ifndef CAPTURE_COW_H
#define CAPTURE_COW_H

#include <stdatomic.h>

#include <scxray/live.h>

#include "capture/memory/recorder.h"

struct cow;

/*
 * For the RAM of `phys`, whose regions must stay as they are; keeps copies of the addresses.  Room for
 * `max_pages` saved pages.  NULL and *why (static text) where the host or the kind of memory does not
 * allow it.
 */
struct cow *cow_create(const struct phys *phys, uint64_t max_pages, const char **why);
void cow_destroy(struct cow *cow); /* NULL is fine; ends a protection as well */

/*
 * Under the freeze.  NULL: all RAM is protected.  Otherwise why not (static text), for instance because it would
 * take longer than `limit_us` (0: no limit).  In both cases cow_end() follows after the thaw; else all ends
 * by itself `deadline_us` from now.  No malloc, no lock that anyone waits for.
 */
const char *cow_begin(struct cow *cow, uint64_t limit_us, uint64_t deadline_us);

/* Takes time by the size of RAM.  Without a cow_begin() before it does nothing. */
void cow_end(struct cow *cow);

/* Pages as they were at cow_begin(), for struct recorder; until the next cow_begin(). */
const struct page_store *cow_saved(const struct cow *cow);

/* True once a writer may have gone on although its page was not saved: what is read from then on is worth nothing. */
const atomic_bool *cow_lost(const struct cow *cow);

void cow_result(const struct cow *cow, struct scxray_cow_result *result);

#endif
