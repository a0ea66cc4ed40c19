/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event.h - an eventfd that wakes a thread
 */
#ifndef BASE_EVENT_H
#define BASE_EVENT_H

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

/* Makes it readable; any thread.  A full counter (EAGAIN) is so already; what else fails is tried again. */
static inline void event_set(int fd)
{
	uint64_t one = 1;

	for (int i = 0; i < 8; i++)
		if (write(fd, &one, sizeof(one)) == sizeof(one) || errno == EAGAIN)
			return;
}

#endif
