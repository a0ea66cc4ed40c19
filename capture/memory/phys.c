/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * phys.c - regions of guest RAM, and how a page of each is read
 */
#include <stdlib.h>
#include <string.h>

#include <base/array.h>

#include "capture/memory/phys.h"
#include "capture/memory/recorder.h"

#define FETCH_MAX_PAGES (1u << 20) /* of address space; a budget limits what a walk touches */

const char *read_status_text(enum read_status status)
{
	static const char *const text[READ_NR] = {
		[READ_OK] = "read",
		[READ_NOT_MAPPED] = "page not mapped",
		[READ_NO_RAM] = "outside guest memory",
		[READ_NOT_IN_CORE] = "page not in this core",
		[READ_BUDGET] = "copy budget used up",
		[READ_NULL] = "NULL pointer",
		[READ_DEADLINE] = "capture deadline crossed",
		[READ_RAN] = "its task ran after the freeze before the page was copied",
		[READ_FILTERED] = "left out by makedumpfile's filter",
		[READ_FETCH] = "the host could not bring the page",
		[READ_IO] = "the image file cannot be read there",
	};

	return status < READ_NR ? text[status] : "unknown";
}

static uint64_t region_pages(const struct phys_region *r)
{
	return (r->size + PAGE_MASK) >> PAGE_SHIFT;
}

/* Room for one more region.  The array's size is a power of two: not each new region copies it. */
static int grow(struct phys *phys)
{
	size_t nr = phys->nr_regions;
	struct phys_region *regions;

	if (nr & (nr - 1))
		return 0;
	regions = realloc(phys->regions, (nr ? 2 * nr : 1) * sizeof(*regions));
	if (!regions)
		return -1;
	phys->regions = regions;
	return 0;
}

int phys_add_region(struct phys *phys, uint64_t gpa, uint64_t size, const uint8_t *host)
{
	struct phys_region *r;
	size_t at;

	if (!size || gpa + size < gpa || (gpa & PAGE_MASK))
		return -1;
	for (at = phys->nr_regions; at && phys->regions[at - 1].gpa >= gpa; at--)
		;
	if (at && phys->regions[at - 1].gpa + phys->regions[at - 1].size > gpa)
		return -1;
	if (at < phys->nr_regions && gpa + size > phys->regions[at].gpa)
		return -1;

	if (grow(phys))
		return -1;
	r = &phys->regions[at];
	memmove(r + 1, r, (phys->nr_regions - at) * sizeof(*r));
	*r = (struct phys_region){ .gpa = gpa, .size = size, .host = host };
	phys->nr_regions++;
	for (size_t i = at; i < phys->nr_regions; i++)
		phys->regions[i].first =
			i ? phys->regions[i - 1].first + region_pages(&phys->regions[i - 1]) : 0;
	r->touched = calloc((region_pages(r) + 63) / 64, sizeof(uint64_t));
	return r->touched ? 0 : -1;
}

void phys_set_pages(struct phys *phys, struct phys_page *pages, size_t nr)
{
	free(phys->pages);
	phys->pages = pages;
	phys->nr_pages = nr;
}

void phys_set_ran(struct phys *phys, uint64_t *gpas, size_t nr)
{
	free(phys->ran);
	phys->ran = gpas;
	phys->nr_ran = nr;
}

void phys_deinit(struct phys *phys)
{
	for (size_t i = 0; i < phys->nr_regions; i++)
		free(phys->regions[i].touched);
	free(phys->regions);
	free(phys->pages);
	free(phys->ran);
	page_store_put(phys->fetched);
	if (phys->fetch.release)
		phys->fetch.release(phys->fetch.arg);
	*phys = (struct phys){ 0 };
}

void phys_reset_touched(struct phys *phys)
{
	/* words that are 0 are not written: a core may claim terabytes of RAM */
	for (size_t i = 0; phys->nr_touched && i < phys->nr_regions; i++) {
		struct phys_region *r = &phys->regions[i];

		for (uint64_t word = 0; word < (region_pages(r) + 63) / 64; word++)
			if (r->touched[word])
				r->touched[word] = 0;
	}
	phys->nr_touched = 0;
}

struct phys_region *phys_find_region(const struct phys *phys, uint64_t gpa)
{
	/* no region ends beyond 2^64: phys_add_region() */
	size_t at = LOWER_BOUND(phys->nr_regions, i,
				phys->regions[i].gpa + phys->regions[i].size - 1 < gpa);

	return at < phys->nr_regions && phys->regions[at].gpa <= gpa ? &phys->regions[at] : NULL;
}

static const uint8_t *find_page(const struct phys *phys, uint64_t gpa)
{
	size_t at = LOWER_BOUND(phys->nr_pages, i, phys->pages[i].gpa < gpa);

	return at < phys->nr_pages && phys->pages[at].gpa == gpa ? phys->pages[at].host : NULL;
}

static enum read_status why_missing(const struct phys *phys, uint64_t gpa)
{
	size_t at = LOWER_BOUND(phys->nr_ran, i, phys->ran[i] < gpa);

	if (at < phys->nr_ran && phys->ran[at] == gpa)
		return READ_RAN;
	return phys->missing_status ? phys->missing_status : READ_NOT_IN_CORE;
}

/* Marks the page; false when that would exceed the budget. */
static bool touch(struct phys *phys, struct phys_region *r, uint64_t gpa)
{
	uint64_t page = (gpa - r->gpa) >> PAGE_SHIFT;
	uint64_t bit = 1ULL << (page % 64);

	if (!phys->recording || (r->touched[page / 64] & bit))
		return true;
	if (phys->max_touched && phys->nr_touched >= phys->max_touched)
		return false;
	r->touched[page / 64] |= bit;
	phys->nr_touched++;
	return true;
}

static enum read_status recorded_page_at(struct phys *phys, const struct phys_region *r,
					 uint64_t gpa, const uint8_t **host, size_t *len)
{
	uint64_t in_page = gpa & PAGE_MASK, start = gpa - r->gpa - in_page, left = r->size - start;
	struct page_from from = {
		.gpa = gpa - in_page,
		.host = r->host ? r->host + start : NULL,
		.fetch = &phys->fetch,
		.len = left < PAGE_SIZE ? left : PAGE_SIZE,
	};
	enum read_status status =
		recorder_page(phys->recorder, r->first + (start >> PAGE_SHIFT), &from, host);

	if (status)
		return status;
	*host += in_page;
	*len = from.len - in_page;
	return READ_OK;
}

/* The page's copy in the store; the first request makes it. */
static enum read_status fetched_page_at(struct phys *phys, const struct phys_region *r,
					uint64_t gpa, const uint8_t **host)
{
	uint64_t in_page = gpa & PAGE_MASK, start = gpa - r->gpa - in_page, left = r->size - start;
	uint64_t number = r->first + (start >> PAGE_SHIFT);
	enum read_status status;
	const uint8_t *held;

	if (!phys->fetched)
		phys->fetched = page_store_create(phys_nr_pages(phys), FETCH_MAX_PAGES);
	if (!phys->fetched)
		return READ_BUDGET;
	held = page_store_find(phys->fetched, number);
	if (!held) {
		uint8_t page[PAGE_SIZE] = { 0 }, *to;

		/* a fetch may read guest memory itself, and so take the next place in the store */
		status = phys->fetch.read(phys->fetch.arg, gpa - in_page, page,
					  left < PAGE_SIZE ? left : PAGE_SIZE);
		if (status)
			return status;
		to = page_store_next(phys->fetched);
		if (!to)
			return READ_BUDGET;
		memcpy(to, page, PAGE_SIZE);
		page_store_keep(phys->fetched, number, gpa - in_page);
		held = to;
	}
	*host = held + in_page;
	return READ_OK;
}

enum read_status phys_page_at(struct phys *phys, uint64_t gpa, const uint8_t **host, size_t *len)
{
	struct phys_region *r = phys_find_region(phys, gpa);
	uint64_t offset, left;
	const uint8_t *page;

	if (!r)
		return READ_NO_RAM;
	if (phys->recorder && phys->recording && (r->host || phys->fetch.read))
		return recorded_page_at(phys, r, gpa, host, len);
	if (!touch(phys, r, gpa))
		return READ_BUDGET;
	offset = gpa - r->gpa;
	left = r->size - offset;
	*len = PAGE_SIZE - (gpa & PAGE_MASK);
	if (*len > left)
		*len = left;
	if (r->host) {
		*host = r->host + offset;
		return READ_OK;
	}
	if (phys->fetch.read)
		return fetched_page_at(phys, r, gpa, host);
	page = find_page(phys, gpa & ~PAGE_MASK);
	if (!page) {
		phys->nr_missing++;
		return why_missing(phys, gpa & ~PAGE_MASK);
	}
	*host = page + (gpa & PAGE_MASK);
	return READ_OK;
}

bool phys_read_page(struct phys *phys, uint64_t gpa, uint8_t *to)
{
	struct phys_region *r = phys_find_region(phys, gpa);

	if (!r || r->host || !phys->fetch.read || phys->recorder ||
	    r->size - (gpa - r->gpa) < PAGE_SIZE)
		return false;
	if (phys->fetched &&
	    page_store_find(phys->fetched, r->first + ((gpa - r->gpa) >> PAGE_SHIFT)))
		return false;
	return touch(phys, r, gpa) && !phys->fetch.read(phys->fetch.arg, gpa, to, PAGE_SIZE);
}

bool phys_may_reread(struct phys *phys)
{
	return recorder_again(phys->recorder);
}

enum read_status phys_read(struct phys *phys, uint64_t gpa, void *buf, size_t len)
{
	uint8_t *to = buf;

	while (len) {
		const uint8_t *host;
		size_t n;
		enum read_status status = phys_page_at(phys, gpa, &host, &n);

		if (status)
			return status;
		if (n > len)
			n = len;
		memcpy(to, host, n);
		to += n;
		gpa += n;
		len -= n;
	}
	return READ_OK;
}

uint64_t phys_nr_pages(const struct phys *phys)
{
	const struct phys_region *last;

	if (!phys->nr_regions)
		return 0;
	last = &phys->regions[phys->nr_regions - 1];
	return last->first + region_pages(last);
}

bool phys_number(const struct phys *phys, uint64_t gpa, uint64_t *number)
{
	const struct phys_region *r = phys_find_region(phys, gpa);

	if (!r)
		return false;
	*number = r->first + ((gpa - r->gpa) >> PAGE_SHIFT);
	return true;
}

const uint8_t *phys_host(const struct phys *phys, uint64_t gpa)
{
	const struct phys_region *r = phys_find_region(phys, gpa);

	return r && r->host ? r->host + (gpa - r->gpa) : NULL;
}

static uint64_t load(const void *at, size_t size)
{
	switch (size) {
	case 1:
		return __atomic_load_n((const uint8_t *)at, __ATOMIC_ACQUIRE);
	case 2:
		return __atomic_load_n((const uint16_t *)at, __ATOMIC_ACQUIRE);
	case 4:
		return __atomic_load_n((const uint32_t *)at, __ATOMIC_ACQUIRE);
	default:
		return __atomic_load_n((const uint64_t *)at, __ATOMIC_ACQUIRE);
	}
}

enum read_status phys_load(struct phys *phys, uint64_t gpa, size_t size, uint64_t *value)
{
	const struct phys_region *r = phys_find_region(phys, gpa);

	*value = 0;
	if (!r || size > r->size - (gpa - r->gpa))
		return READ_NO_RAM;
	if (r->host)
		*value = load(r->host + (gpa - r->gpa), size);
	else if (phys->fetch.read)
		return phys->fetch.read(phys->fetch.arg, gpa, value, size);
	else
		return READ_FETCH;
	return READ_OK;
}

void phys_forget(struct phys *phys)
{
	if (phys->fetched)
		page_store_reset(phys->fetched);
}

uint64_t phys_size_from(const struct phys *phys, uint64_t gpa, uint64_t max)
{
	const struct phys_region *r = phys_find_region(phys, gpa);
	uint64_t left = r ? r->size - (gpa - r->gpa) : 0;

	return left < max ? left : max;
}

uint64_t phys_size(const struct phys *phys)
{
	uint64_t size = 0;

	for (size_t i = 0; i < phys->nr_regions; i++)
		size += phys->regions[i].size;
	return size;
}

bool phys_next_touched(const struct phys *phys, uint64_t *cursor, uint64_t *gpa)
{
	for (size_t i = 0; i < phys->nr_regions; i++) {
		const struct phys_region *r = &phys->regions[i];
		uint64_t page = *cursor > r->gpa ? (*cursor - r->gpa + PAGE_MASK) >> PAGE_SHIFT : 0;
		uint64_t nr = region_pages(r);

		while (page < nr) {
			uint64_t word = r->touched[page / 64] >> (page % 64);

			if (!word) {
				page = (page / 64 + 1) * 64;
				continue;
			}
			page += (uint64_t)__builtin_ctzll(word);
			if (page >= nr)
				break;
			*gpa = r->gpa + (page << PAGE_SHIFT);
			*cursor = *gpa + PAGE_SIZE;
			return true;
		}
	}
	return false;
}
