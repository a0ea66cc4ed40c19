/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool.h - the memory that a report lives in
 *
 * One reserved mapping that is handed out front to back and given back as a
 * whole.  Nothing in it moves, and no call of it enters malloc: the same walkers
 * must be able to run while a guest is frozen.
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
	size_t dirty; /* bytes from the start that an earlier use has left behind */
	bool mute;    /* pool_printf() formats nothing: nobody will read it */
};

/* Reserves `size` bytes of address space; pages cost memory once touched.  0 or -1. */
int pool_init(struct pool *pool, size_t size);
void pool_deinit(struct pool *pool);

/* Takes all back, to be handed out once more.  No system call. */
void pool_reset(struct pool *pool);

/* Has its first `size` bytes' memory allocated, so that using it takes no page fault. */
void pool_populate(struct pool *pool, size_t size);

/* Zeroed memory of `size` bytes, aligned to 16, or NULL when the pool is used up. */
void *pool_alloc(struct pool *pool, size_t size);

/* The same, not zeroed where the pool is used again. */
void *pool_room(struct pool *pool, size_t size);

/* A copy of `size` bytes with a NUL behind them, or NULL. */
char *pool_strndup(struct pool *pool, const char *bytes, size_t size);

/*
 * Shrinks `p`, the latest allocation, made when `used` was the pool's mark, to
 * `size` bytes.
 */
void pool_trim(struct pool *pool, size_t used, void *p, size_t size);

/* Why something of a report is missing when its pool is used up. */
#define POOL_USED_UP "report memory is used up"

/* A formatted string, or POOL_USED_UP: never NULL. */
const char *pool_printf(struct pool *pool, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * A growing array in a pool: makes room for one more element of `elem` bytes and
 * returns it zeroed, or NULL when the pool is used up.  Elements move when the
 * array grows, so keep indexes, not pointers, while it does.
 */
void *pool_push(struct pool *pool, void **array, size_t *count, size_t elem);

#endif
