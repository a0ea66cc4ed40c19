/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest.h - the guest's virtual memory, as its kernel sees it
 */
#ifndef CAPTURE_GUEST_H
#define CAPTURE_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/memory/paging.h"
#include "capture/memory/phys.h"

struct guest {
	struct phys *phys;
	struct paging paging;
};

/*
 * Reads all `len` bytes at kernel address `kva` into `buf`, or gives the reason why it can't: never a short
 * read, never a zero that memory did not hold.  On failure `buf` may hold a part of the bytes.
 */
enum read_status guest_read(struct guest *g, uint64_t kva, void *buf, size_t len);

/*
 * As phys_copy(), at a kernel address: for memory that is only searched.  No page counts as touched; a page
 * that can't be read gives zeros.
 */
void guest_copy(struct guest *g, uint64_t kva, void *buf, size_t len);

/* As guest_read(); the number of leading bytes that were read goes to *got. */
enum read_status guest_read_some(struct guest *g, uint64_t kva, void *buf, size_t len, size_t *got);

/*
 * A pointer to the bytes at `kva`, and how many there are up to the end of the page: at least one.  For
 * loops over many words.  The pointer is valid as long as the guest's memory is mapped.
 */
enum read_status guest_bytes(struct guest *g, uint64_t kva, const uint8_t **host, size_t *len);

/* Records the mapped pages of a range, until the recorder's budget or deadline ends it. */
void guest_touch(struct guest *g, uint64_t kva, uint64_t len);

/*
 * Reads a NUL-terminated string into `buf`, at most size - 1 bytes of it and always terminated; the length
 * goes to *len.  A longer string is cut; one that runs into an unreadable page gives the reason.
 */
enum read_status guest_read_string(struct guest *g, uint64_t kva, char *buf, size_t size,
				   size_t *len);

static inline enum read_status guest_read_u64(struct guest *g, uint64_t kva, uint64_t *value)
{
	return guest_read(g, kva, value, 8);
}

static inline enum read_status guest_read_u32(struct guest *g, uint64_t kva, uint32_t *value)
{
	return guest_read(g, kva, value, 4);
}

#endif
