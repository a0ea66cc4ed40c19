/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * now.h - the time
 */
#ifndef WATCH_NOW_H
#define WATCH_NOW_H

#include <stdint.h>
#include <time.h>

#define NS_PER_US 1000ULL
#define NS_PER_MS 1000000ULL
#define NS_PER_SEC 1000000000ULL

/* Nanoseconds of CLOCK_MONOTONIC: the same on all CPUs, never back. */
static inline uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

#endif
