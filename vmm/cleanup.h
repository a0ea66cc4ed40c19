/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cleanup.h - what goes when its scope ends
 */
#ifndef VMM_CLEANUP_H
#define VMM_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(function) __attribute__((cleanup(function)))

static inline void cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

#define _cleanup_close_ _cleanup_(cleanup_close)
#define _cleanup_free_ _cleanup_(cleanup_free)

#endif
