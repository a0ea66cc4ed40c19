/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recorder.h - copies of a live guest's pages, made when a walk first touches them
 *
 * This runs while a guest is frozen: all memory is mapped beforehand, and a copy costs only a look-up and
 * 4 KiB of memcpy.  The walk under the freeze and the walk that makes the report both see only the copied
 * bytes, even if the guest runs on and writes meanwhile.
 */
#ifndef CAPTURE_RECORD_H
#define CAPTURE_RECORD_H

#include <stdatomic.h>

#include "capture/memory/phys.h"

/* Pages by their number among all pages of RAM (struct phys_region's `first`). */
struct page_store {
	atomic_uint refs;
	uint32_t nr;	     /* pages held */
	uint32_t max;	     /* room for so many */
	uint64_t nr_numbers; /* pages of RAM */
	uint32_t *slot_of;   /* by number: slot + 1; 0: not held */
	uint64_t *number;    /* by slot */
	uint64_t *gpa;	     /* by slot */
	uint8_t *constant;   /* by slot: the kernel never writes to it */
	uint8_t *bytes;	     /* by slot, PAGE_SIZE each */
};

/* Address space for at most `max` of `nr_numbers` pages, with one reference.  NULL: no memory. */
struct page_store *page_store_create(uint64_t nr_numbers, uint64_t max);
struct page_store *page_store_get(struct page_store *store);
void page_store_put(struct page_store *store); /* any thread; NULL is fine */

/* Forgets all pages; their memory stays, to be used again. */
void page_store_reset(struct page_store *store);

/* Forgets all pages after the first `nr`. */
void page_store_cut(struct page_store *store, uint32_t nr);

/* Forgets all pages and gives their memory back to the host. */
void page_store_release(struct page_store *store);

/* Touches the memory of the first `nr` pages, so that copying takes no page fault. */
void page_store_populate(struct page_store *store, uint64_t nr);

static inline const uint8_t *page_store_find(const struct page_store *store, uint64_t number)
{
	uint32_t slot = store->slot_of[number];

	return slot ? store->bytes + (slot - 1) * PAGE_SIZE : NULL;
}

/* Room for one page more, not yet part of the store; NULL: it is full. */
static inline uint8_t *page_store_next(const struct page_store *store)
{
	return store->nr < store->max ? store->bytes + store->nr * PAGE_SIZE : NULL;
}

/* The page at page_store_next() becomes part of the store, as page `number`. */
static inline void page_store_keep(struct page_store *store, uint64_t number, uint64_t gpa)
{
	store->number[store->nr] = number;
	store->gpa[store->nr] = gpa;
	store->slot_of[number] = ++store->nr;
}

#define RECORDER_CLOCK_EVERY 1024 /* look-ups; a page that was copied before takes little time */

struct recorder {
	struct page_store *to;
	const struct page_store *base; /* its constant pages are not copied again; or NULL */
	/* pages that the guest writes to while this reads RAM, as they were before (live/cow.h); or NULL */
	const struct page_store *saved;
	const atomic_bool
		*lost; /* with `saved`: once set, RAM and saved pages are not of one instant */
	uint64_t max_pages;
	uint64_t start;	   /* clock_us() */
	uint64_t deadline; /* clock_us(); 0: none */
	uint64_t lookups;
	uint64_t max_lookups;	 /* how many pages all loops together may ask for; 0: no limit */
	const atomic_bool *stop; /* another thread sets it: no further read succeeds; or NULL */
	bool late;		 /* by deadline, lookups or `stop`: no further read succeeds */
	uint64_t late_us;	 /* when that was, in us after `start` */
	bool full;		 /* the budget is used up: no further page is copied */
	bool unfetched;		 /* there is a page that could not be fetched */
};

/* May a copy that was handed out before be read again without a call of recorder_page()? */
static inline bool recorder_again(struct recorder *rec)
{
	if (rec->late || rec->lookups % RECORDER_CLOCK_EVERY == RECORDER_CLOCK_EVERY - 1)
		return false;
	rec->lookups++;
	return true;
}

/* Where the bytes of a page are. */
struct page_from {
	uint64_t gpa;
	const uint8_t *host; /* NULL: they are fetched */
	const struct phys_fetch *fetch;
	size_t len; /* up to PAGE_SIZE; the rest of the page is 0 */
};

/* The bytes of a page, PAGE_SIZE of them: copied if the page was not touched before. */
enum read_status recorder_page(struct recorder *rec, uint64_t number, const struct page_from *from,
			       const uint8_t **copy);

#endif
