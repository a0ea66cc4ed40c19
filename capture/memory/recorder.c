/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recorder.c - the memory of copied pages, and the copying
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "capture/base/clock.h"
#include "capture/memory/recorder.h"

#define MAX_INDEX_POPULATED (8u << 20) /* the index of a guest of 8 GiB */

static void *reserve(uint64_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* What is mapped: the field, how many elements, their size. */
#define STORE_PARTS(s)                                                 \
	{                                                              \
		{ (void **)&(s)->slot_of, (s)->nr_numbers, 4 },        \
			{ (void **)&(s)->number, (s)->max, 8 },        \
			{ (void **)&(s)->gpa, (s)->max, 8 },           \
			{ (void **)&(s)->constant, (s)->max, 1 },      \
			{ (void **)&(s)->bytes, (s)->max, PAGE_SIZE }, \
	}

struct store_part {
	void **at;
	uint64_t nr;
	uint64_t size;
};

#define NR_PARTS 5

static void unmap(struct page_store *store)
{
	struct store_part parts[NR_PARTS] = STORE_PARTS(store);

	for (size_t i = 0; i < NR_PARTS; i++)
		if (*parts[i].at)
			munmap(*parts[i].at, parts[i].nr * parts[i].size);
	free(store);
}

struct page_store *page_store_create(uint64_t nr_numbers, uint64_t max)
{
	struct page_store *store = calloc(1, sizeof(*store));

	if (!store)
		return NULL;
	if (max > nr_numbers)
		max = nr_numbers;
	store->max = max < UINT32_MAX - 1 ? (uint32_t)max : UINT32_MAX - 1;
	if (!store->max)
		store->max = 1;
	store->nr_numbers = nr_numbers ? nr_numbers : 1;
	atomic_init(&store->refs, 1);

	struct store_part parts[NR_PARTS] = STORE_PARTS(store);

	for (size_t i = 0; i < NR_PARTS; i++) {
		*parts[i].at = reserve(parts[i].nr * parts[i].size);
		if (!*parts[i].at) {
			unmap(store);
			return NULL;
		}
	}
	return store;
}

struct page_store *page_store_get(struct page_store *store)
{
	if (store)
		atomic_fetch_add(&store->refs, 1);
	return store;
}

void page_store_put(struct page_store *store)
{
	if (store && atomic_fetch_sub(&store->refs, 1) == 1)
		unmap(store);
}

void page_store_cut(struct page_store *store, uint32_t nr)
{
	for (uint32_t slot = nr; slot < store->nr; slot++) {
		store->slot_of[store->number[slot]] = 0;
		store->constant[slot] = 0;
	}
	if (nr < store->nr)
		store->nr = nr;
}

void page_store_reset(struct page_store *store)
{
	page_store_cut(store, 0);
}

void page_store_release(struct page_store *store)
{
	uint64_t used = store->nr * PAGE_SIZE;

	page_store_reset(store);
	if (used)
		madvise(store->bytes, used, MADV_DONTNEED);
}

/* Writes a byte in each page: this works on every kernel, and once is enough. */
static void fault_in(void *at, uint64_t size)
{
	volatile uint8_t *bytes = at;

	for (uint64_t i = 0; i < size; i += PAGE_SIZE)
		bytes[i] = bytes[i];
}

void page_store_populate(struct page_store *store, uint64_t nr)
{
	if (nr > store->max)
		nr = store->max;
	fault_in(store->bytes, nr * PAGE_SIZE);
	fault_in(store->number, nr * 8);
	fault_in(store->gpa, nr * 8);
	fault_in(store->constant, nr);
	if (store->nr_numbers * 4 <= MAX_INDEX_POPULATED) /* else a fault for each 4 MiB of RAM */
		fault_in(store->slot_of, store->nr_numbers * 4);
}

static bool is_late(struct recorder *rec)
{
	bool over = (rec->max_lookups && rec->lookups >= rec->max_lookups) ||
		    (rec->stop && atomic_load_explicit(rec->stop, memory_order_relaxed));
	uint64_t now;

	if (!rec->deadline && !over)
		return false;
	now = clock_us();
	if (now < rec->deadline && !over)
		return false;
	rec->late = true;
	rec->late_us = now - rec->start;
	return true;
}

/*
 * Replaces a page's copy by its saved bytes, if some were saved.  A page is saved before its writer goes on,
 * so if nothing is saved now, the copy in `to`, which was made before, is whole.
 */
static enum read_status take_saved(const struct recorder *rec, uint64_t number, uint8_t *to)
{
	uint32_t slot;

	atomic_signal_fence(memory_order_acquire); /* x86 keeps loads in order by itself */
	slot = __atomic_load_n(&rec->saved->slot_of[number], __ATOMIC_ACQUIRE);
	if (slot)
		memcpy(to, rec->saved->bytes + (slot - 1) * PAGE_SIZE, PAGE_SIZE);
	return rec->lost && atomic_load(rec->lost) ? READ_DEADLINE : READ_OK;
}

static enum read_status copy_page(uint8_t *to, const struct page_from *from)
{
	enum read_status status = READ_OK;

	if (from->host)
		memcpy(to, from->host, from->len);
	else
		status = from->fetch->read(from->fetch->arg, from->gpa, to, from->len);
	if (from->len < PAGE_SIZE)
		memset(to + from->len, 0, PAGE_SIZE - from->len);
	return status;
}

enum read_status recorder_page(struct recorder *rec, uint64_t number, const struct page_from *from,
			       const uint8_t **copy)
{
	struct page_store *to = rec->to;
	uint32_t slot = to->slot_of[number];
	enum read_status status;
	uint8_t *bytes;

	/* once late, all reads fail, so that each loop of a walk ends soon */
	if (rec->late || (++rec->lookups % RECORDER_CLOCK_EVERY == 0 && is_late(rec)))
		return READ_DEADLINE;
	if (slot) {
		*copy = to->bytes + (slot - 1) * PAGE_SIZE;
		return READ_OK;
	}
	slot = rec->base ? rec->base->slot_of[number] : 0;
	if (slot && rec->base->constant[slot - 1]) {
		*copy = rec->base->bytes + (slot - 1) * PAGE_SIZE;
		return READ_OK;
	}
	if (to->nr >= to->max || to->nr >= rec->max_pages) {
		rec->full = true;
		return READ_BUDGET;
	}
	if (is_late(rec))
		return READ_DEADLINE;
	bytes = to->bytes + to->nr * PAGE_SIZE;
	status = copy_page(bytes, from);
	if (status) {
		rec->unfetched = true;
		return status;
	}
	if (rec->saved && take_saved(rec, number, bytes)) {
		rec->late = true;
		rec->late_us = clock_us() - rec->start;
		return READ_DEADLINE;
	}
	page_store_keep(to, number, from->gpa);
	*copy = bytes;
	return READ_OK;
}
