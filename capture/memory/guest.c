/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest.c - bytes at guest kernel addresses: they are read page by page; a failed read gives the reason
 */
#include <string.h>

#include "capture/memory/guest.h"

/* A pointer to the bytes from `kva` to the end of its page, and how many there are. */
static enum read_status page_at(struct guest *g, uint64_t kva, const uint8_t **host, size_t *len)
{
	uint64_t gpa, page = (kva >> PAGE_SHIFT) + 1;
	size_t slot = page & (PAGING_TLB_SLOTS - 1), in_page = kva & PAGE_MASK;
	bool recording = phys_is_recording(g->phys);
	enum read_status status;

	/* under a freeze most reads hit a page that was read a moment ago */
	if (recording && g->paging.tlb[slot].copy && g->paging.tlb[slot].page == page &&
	    phys_may_reread(g->phys)) {
		*host = g->paging.tlb[slot].copy + in_page;
		*len = PAGE_SIZE - in_page;
		return READ_OK;
	}
	status = paging_translate(&g->paging, kva, &gpa);
	if (!status)
		status = phys_page_at(g->phys, gpa, host, len);
	if (!status && recording && *len == PAGE_SIZE - in_page)
		g->paging.tlb[slot].copy = *host - in_page;
	return status;
}

/* A page of a large read: false where it is not at a page's start or has to be read as others are. */
static bool whole_page(struct guest *g, uint64_t kva, uint8_t *to, size_t len)
{
	uint64_t gpa;

	return !(kva & PAGE_MASK) && len >= PAGE_SIZE && !phys_is_recording(g->phys) &&
	       !paging_translate(&g->paging, kva, &gpa) && phys_read_page(g->phys, gpa, to);
}

enum read_status guest_read_some(struct guest *g, uint64_t kva, void *buf, size_t len, size_t *got)
{
	uint8_t *to = buf;

	*got = 0;
	while (*got < len) {
		const uint8_t *host;
		size_t n = PAGE_SIZE;
		enum read_status status;

		if (whole_page(g, kva + *got, to + *got, len - *got)) {
			*got += n;
			continue;
		}
		status = page_at(g, kva + *got, &host, &n);
		if (status)
			return status;
		if (n > len - *got)
			n = len - *got;
		memcpy(to + *got, host, n);
		*got += n;
	}
	return READ_OK;
}

void guest_copy(struct guest *g, uint64_t kva, void *buf, size_t len)
{
	for (size_t at = 0, n; at < len; at += n) {
		uint8_t *to = (uint8_t *)buf + at;
		uint64_t gpa;

		n = PAGE_SIZE - ((kva + at) & PAGE_MASK);
		if (n > len - at)
			n = len - at;
		if (paging_translate(&g->paging, kva + at, &gpa))
			memset(to, 0, n);
		else
			phys_copy(g->phys, gpa, to, n);
	}
}

void guest_touch(struct guest *g, uint64_t kva, uint64_t len)
{
	uint64_t end = len <= UINT64_MAX - kva ? kva + len : UINT64_MAX;

	for (uint64_t at = kva; at < end; at = (at | PAGE_MASK) + 1) {
		const uint8_t *host;
		size_t n;
		enum read_status status = page_at(g, at, &host, &n);

		/* no further page would be recorded, and a garbage size must not hold up the guest */
		if (status == READ_DEADLINE || status == READ_BUDGET)
			return;
		if ((at | PAGE_MASK) == UINT64_MAX)
			return;
	}
}

/* Nearly all reads ask for one word in one page: these take no loop, and no call to copy 8 bytes. */
enum read_status guest_read(struct guest *g, uint64_t kva, void *buf, size_t len)
{
	const uint8_t *host;
	size_t got, n;
	enum read_status status;

	if (!len || len > PAGE_SIZE - (kva & PAGE_MASK))
		return guest_read_some(g, kva, buf, len, &got);
	status = page_at(g, kva, &host, &n);
	if (status)
		return status;
	if (n < len) /* the last page of RAM may be a partial one */
		return guest_read_some(g, kva, buf, len, &got);
	if (len == 8)
		memcpy(buf, host, 8);
	else if (len == 4)
		memcpy(buf, host, 4);
	else
		memcpy(buf, host, len);
	return READ_OK;
}

enum read_status guest_bytes(struct guest *g, uint64_t kva, const uint8_t **host, size_t *len)
{
	return page_at(g, kva, host, len);
}

enum read_status guest_read_string(struct guest *g, uint64_t kva, char *buf, size_t size,
				   size_t *len)
{
	size_t at = 0;

	*len = 0;
	buf[0] = '\0';
	while (at + 1 < size) {
		const uint8_t *host, *nul;
		size_t n;
		enum read_status status = page_at(g, kva + at, &host, &n);

		if (status)
			return status;
		if (n > size - 1 - at)
			n = size - 1 - at;
		nul = memchr(host, 0, n);
		if (nul)
			n = (size_t)(nul - host);
		memcpy(buf + at, host, n);
		at += n;
		buf[at] = '\0';
		*len = at;
		if (nul)
			return READ_OK;
	}
	return READ_OK;
}
