/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool.c - memory handed out from the front of one mapping; no allocation is freed alone
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "capture/base/pool.h"

#if defined(__SANITIZE_ADDRESS__)
#define POOL_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POOL_ASAN 1
#endif
#endif

#ifdef POOL_ASAN
#include <sanitizer/asan_interface.h>
/* The gap between two allocations stays poisoned, so that an overrun is seen. */
#define POOL_GAP 16
#define poison(p, n) __asan_poison_memory_region(p, n)
#define unpoison(p, n) __asan_unpoison_memory_region(p, n)
#else
#define POOL_GAP 0
#define poison(p, n) ((void)(p), (void)(n))
#define unpoison(p, n) ((void)(p), (void)(n))
#endif

#define POOL_ALIGN 16

int pool_init(struct pool *pool, size_t size)
{
	void *base = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (base == MAP_FAILED)
		return -1;
	*pool = (struct pool){ .base = base, .size = size };
	poison(base, size);
	return 0;
}

void pool_deinit(struct pool *pool)
{
	if (!pool->base)
		return;
	unpoison(pool->base, pool->size);
	munmap(pool->base, pool->size);
	*pool = (struct pool){ 0 };
}

void pool_reset(struct pool *pool)
{
	if (pool->dirty < pool->used)
		pool->dirty = pool->used;
	poison(pool->base, pool->used);
	pool->used = 0;
}

void pool_populate(struct pool *pool, size_t size)
{
	volatile uint8_t *bytes = pool->base;

	if (size > pool->size)
		size = pool->size;
	unpoison(pool->base, size);
	for (size_t i = pool->used; i < size; i += 4096)
		bytes[i] = 0;
	poison(pool->base + pool->used, size - pool->used);
}

void *pool_room(struct pool *pool, size_t size)
{
	size_t left = pool->size - pool->used;
	void *p;

	if (size > left || left - size < POOL_ALIGN + POOL_GAP)
		return NULL;
	p = pool->base + pool->used;
	unpoison(p, size);
	pool->used += (size + POOL_ALIGN - 1) / POOL_ALIGN * POOL_ALIGN + POOL_GAP;
	return p;
}

void *pool_alloc(struct pool *pool, size_t size)
{
	size_t at = pool->used;
	void *p = pool_room(pool, size);

	/* fresh anonymous memory is zero, and between two resets nothing is freed */
	if (p && at < pool->dirty)
		memset(p, 0, size < pool->dirty - at ? size : pool->dirty - at);
	return p;
}

void pool_trim(struct pool *pool, size_t used, void *p, size_t size)
{
	size_t end = pool->used;

	pool->used = used;
	poison(p, (size_t)(pool->base + end - (uint8_t *)p));
	pool_room(pool, size); /* the bytes of `p` stay */
}

char *pool_strndup(struct pool *pool, const char *bytes, size_t size)
{
	char *s = pool_alloc(pool, size + 1);

	if (s)
		memcpy(s, bytes, size);
	return s;
}

const char *pool_printf(struct pool *pool, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	char *s;

	if (pool->mute)
		return "";
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	s = pool_strndup(pool, text, strlen(text));
	return s ? s : POOL_USED_UP;
}

/* The count implies the capacity: 8 elements at first, doubled when a count of 8, 16, 32, ... is reached. */
void *pool_push(struct pool *pool, void **array, size_t *count, size_t elem)
{
	size_t n = *count;
	uint8_t *bytes;

	if (n == 0 || (n >= 8 && (n & (n - 1)) == 0)) {
		uint8_t *grown = pool_room(pool, (n ? n * 2 : 8) * elem);

		if (!grown)
			return NULL;
		if (n)
			memcpy(grown, *array, n * elem);
		*array = grown;
	}
	bytes = (uint8_t *)*array + n * elem;
	if (bytes < pool->base + pool->dirty)
		memset(bytes, 0, elem);
	*count = n + 1;
	return bytes;
}
