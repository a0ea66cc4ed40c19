// SPDX-License-Identifier: BSD-2-Clause
/* Time and waiting. */
#include <time.h>

#include "guest.h"

#define POLL_NS (10 * NSEC_PER_MSEC)

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

void sleep_until_ns(uint64_t when)
{
	struct timespec at = {
		.tv_sec = (time_t)(when / NSEC_PER_SEC),
		.tv_nsec = (long)(when % NSEC_PER_SEC),
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL))
		;
}

void wait_for(bool (*ready)(const void *arg), const void *arg, unsigned int limit_ms,
	      const char *what)
{
	uint64_t limit = now_ns() + limit_ms * NSEC_PER_MSEC;

	while (!ready(arg)) {
		if (now_ns() > limit)
			die("waited %u ms in vain %s", limit_ms, what);
		sleep_until_ns(now_ns() + POLL_NS);
	}
}
