/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool.h - the memory that a report lives in
 *
 * One reserved mapping: it is handed out front to back and given back as a whole.  Nothing in it
 * moves.  No call here enters malloc, since the same walkers run while a guest is frozen.
 */
#ifndef CAPTURE_POOL_H
#define CAPTURE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pool {
	uint8_t *base;
	size_t used;
	size_t size;
	size_t dirty; /* so many bytes from the start may not be zero: an earlier use wrote them */
	bool mute;    /* pool_printf() formats nothing: its text is not read */
};

/* Reserves `size` bytes of address space; a page costs memory once it is touched.  0 or -1. */
int pool_init(struct pool *pool, size_t size);
void pool_deinit(struct pool *pool);

/* Takes all allocations back: their memory is handed out again.  No system call. */
void pool_reset(struct pool *pool);

/* Touches the first `size` bytes, so that using them later takes no page fault. */
void pool_populate(struct pool *pool, size_t size);

/* Zeroed memory of `size` bytes, aligned to 16, or NULL when the pool is used up. */
void *pool_alloc(struct pool *pool, size_t size);

/* As pool_alloc(), but not zeroed where the pool was used before a pool_reset(). */
void *pool_room(struct pool *pool, size_t size);

/* A copy of `size` bytes followed by a NUL, or NULL when the pool is used up. */
char *pool_strndup(struct pool *pool, const char *bytes, size_t size);

/*
 * Shrinks the latest allocation, `p`, to `size` bytes.  `used` is the value that pool->used had before
 * `p` was allocated.
 */
void pool_trim(struct pool *pool, size_t used, void *p, size_t size);

/* The reason that a report gives for what is missing when its pool is used up. */
#define POOL_USED_UP "report memory is used up"

/* A formatted string, or POOL_USED_UP: never NULL. */
const char *pool_printf(struct pool *pool, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * A growing array in a pool: makes room for one more element of `elem` bytes and
 * returns it zeroed, or NULL when the pool is used up.  Elements move when the
 * array grows, so keep indexes, not pointers, until it is complete.
 */
void *pool_push(struct pool *pool, void **array, size_t *count, size_t elem);

#endif
