/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * phys.h - guest physical memory
 *
 * Regions of guest RAM, sorted.  The bytes of a region are in this process (a VMM's memory), are fetched page
 * by page (an image file, RAM of another process), or are a set of single pages (a scxray core).
 * Every byte that scxray reads from a guest passes through this file.  While `recording` is set, each page
 * that is read is marked as touched; with a `recorder` (a live guest) the first read of a page copies it,
 * and all reads give bytes of the copy.
 */
#ifndef CAPTURE_PHYS_H
#define CAPTURE_PHYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE 4096ULL
#define PAGE_MASK (PAGE_SIZE - 1)

/* Why a read gave no bytes; READ_OK is 0. */
enum read_status {
	READ_OK = 0,
	READ_NOT_MAPPED,  /* the page tables have no entry for it */
	READ_NO_RAM,	  /* the physical address is outside the guest's RAM */
	READ_NOT_IN_CORE, /* RAM, but this core does not hold the page */
	READ_BUDGET,	  /* the copy budget is used up */
	READ_NULL,	  /* below the first page: a NULL pointer */
	READ_DEADLINE,	  /* the recording's deadline came before this page */
	READ_RAN,      /* a stack page that was to be copied after the thaw: its task ran first */
	READ_FILTERED, /* RAM, but the program that wrote the image left the page out */
	READ_IO,       /* the image file can't be read there */
	READ_FETCH,    /* the host could not bring the page */
	READ_NR,
};

/* One phrase for each status, e.g. "page not mapped". */
const char *read_status_text(enum read_status status);

struct phys_region {
	uint64_t gpa;	     /* page aligned */
	uint64_t size;	     /* bytes; the last page may be partial */
	const uint8_t *host; /* the region's bytes; NULL: fetched, or single pages */
	uint64_t *touched;   /* a bit per page */
	uint64_t first;	     /* the number of its first page, counted over all regions */
};

/* A page of a region that has no `host`; an array of them is sorted by gpa. */
struct phys_page {
	uint64_t gpa;
	const uint8_t *host; /* PAGE_SIZE bytes */
};

/* How bytes are read that have no address in this process.  `read` and `next_data` may block. */
struct phys_fetch {
	/*
	 * Copies all `len` bytes at `gpa`, which are in one region, or gives the reason.  NULL: regions
	 * without `host` are single pages.
	 */
	enum read_status (*read)(void *arg, uint64_t gpa, void *to, size_t len);
	/*
	 * The first page at or after `gpa` that may hold anything but zeros, UINT64_MAX after the last: a
	 * search skips the holes of a sparse file.  NULL: any page may.
	 */
	uint64_t (*next_data)(void *arg, uint64_t gpa);
	void (*release)(void *arg); /* by phys_deinit(); NULL: `arg` is borrowed */
	void *arg;
};

struct phys {
	struct phys_region *regions;
	size_t nr_regions;
	struct phys_page *pages;
	size_t nr_pages;
	struct phys_fetch fetch;
	struct page_store *fetched; /* the pages that were read so far, or since phys_forget() */
	bool recording;
	uint64_t nr_touched;
	uint64_t max_touched;		 /* pages; 0: no limit */
	struct recorder *recorder;	 /* of a live guest; NULL: pages are marked only */
	enum read_status missing_status; /* why a page is not in the core; READ_OK: it never was */
	uint64_t *ran;			 /* gpas of the pages that are READ_RAN, ascending */
	size_t nr_ran;
	uint64_t nr_missing; /* reads that found no page */
};

/*
 * Adds a region; they may come in any order (ascending is the fastest), and must not overlap.
 * The memory at `host` is borrowed.  0, or -1 when out of memory or overlapping.
 */
int phys_add_region(struct phys *phys, uint64_t gpa, uint64_t size, const uint8_t *host);

/* The region that `gpa` is in; NULL: there is no RAM. */
struct phys_region *phys_find_region(const struct phys *phys, uint64_t gpa);

/* Adds the pages of a core, sorted by gpa; the array is taken over (free()d later). */
void phys_set_pages(struct phys *phys, struct phys_page *pages, size_t nr);

/* The pages of a core that are READ_RAN, sorted; the array is taken over. */
void phys_set_ran(struct phys *phys, uint64_t *gpas, size_t nr);

void phys_deinit(struct phys *phys);

/* Forgets what was touched. */
void phys_reset_touched(struct phys *phys);

/* `len` bytes at `gpa`, or the reason why not all of them can be read. */
enum read_status phys_read(struct phys *phys, uint64_t gpa, void *buf, size_t len);

/*
 * A pointer to the rest of the page at `gpa` (at least one byte, up to the end of
 * the page), and its length; the page counts as touched.
 */
enum read_status phys_page_at(struct phys *phys, uint64_t gpa, const uint8_t **host, size_t *len);

/*
 * The whole page at `gpa`, copied to `to`: it counts as touched and is not kept, for the megabytes of symbols
 * and types that are read once.  False where that can't be done: phys_page_at() then gives the page or the
 * reason.
 */
bool phys_read_page(struct phys *phys, uint64_t gpa, uint8_t *to);

/* Under a freeze phys_page_at() gives pages of the recording, which stay where they are. */
static inline bool phys_is_recording(const struct phys *phys)
{
	return phys->recording && phys->recorder;
}

/*
 * Only while recording: may a page that phys_page_at() gave be read again without a second call of it?
 * False once the deadline is crossed, and each time the clock has to be looked at.
 */
bool phys_may_reread(struct phys *phys);

/*
 * As phys_read(), for searches through much memory: no page is kept and none counts as touched.  A page
 * that can't be read gives zeros.
 */
void phys_copy(struct phys *phys, uint64_t gpa, void *to, size_t len);

/* The first page of RAM at or after `gpa` that is worth a search; UINT64_MAX after the last. */
uint64_t phys_next_data(struct phys *phys, uint64_t gpa);

/* How many pages all regions have: page numbers are below this. */
uint64_t phys_nr_pages(const struct phys *phys);

/* The number of the page at `gpa`, counted over all regions; false where there is no RAM. */
bool phys_number(const struct phys *phys, uint64_t gpa, uint64_t *number);

/* The host's address of `gpa` in a region that has a `host`; NULL elsewhere. */
const uint8_t *phys_host(const struct phys *phys, uint64_t gpa);

/*
 * An aligned word of `size` bytes (1, 2, 4, 8) as memory has it now, by one load; copies and fetched pages
 * are not used.
 */
enum read_status phys_load(struct phys *phys, uint64_t gpa, size_t size, uint64_t *value);

/* Fetched memory may have changed since: drops all pages that were fetched so far. */
void phys_forget(struct phys *phys);

/* Bytes from `gpa` to the end of its region, at most `max`; 0 where there is no RAM. */
uint64_t phys_size_from(const struct phys *phys, uint64_t gpa, uint64_t max);

/* Bytes of RAM in all regions. */
uint64_t phys_size(const struct phys *phys);

/* The touched pages in order: start with *cursor 0; false at the end. */
bool phys_next_touched(const struct phys *phys, uint64_t *cursor, uint64_t *gpa);

#endif
