/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * futex.h - waiting for a word to change
 *
 * A futex and not a mutex with a condition: a thread of the host that is stopped at any
 * instruction (SIGSTOP, a debugger, a real-time hog) then holds nothing that the one who
 * freezes needs.  All words are private to the process.
 */
#ifndef VMM_PLUGIN_FUTEX_H
#define VMM_PLUGIN_FUTEX_H

#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "watch/now.h"

#define FUTEX_FOREVER UINT64_MAX

/* Sleeps while *word is `seen`, for `ns` at most.  Returns early for signals and for nothing. */
static inline void futex_wait(_Atomic uint32_t *word, uint32_t seen, uint64_t ns)
{
	struct timespec ts = {
		.tv_sec = (time_t)(ns / NS_PER_SEC),
		.tv_nsec = (long)(ns % NS_PER_SEC),
	};

	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, ns == FUTEX_FOREVER ? NULL : &ts, NULL,
		0);
}

static inline void futex_wake_all(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

#endif
