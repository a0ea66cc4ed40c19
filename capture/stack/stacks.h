/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stacks.h - kernel stacks, of vCPUs and of tasks
 */
#ifndef CAPTURE_STACK_STACKS_H
#define CAPTURE_STACK_STACKS_H

#include <stdint.h>

struct walk;

/* After vCPUs and tasks are known. */
void walk_stacks(struct walk *w);

/*
 * After the thaw: copies what walk_stacks() of the recording left to be copied.  Returns how many
 * tasks had run by then.
 */
uint32_t walk_sleepers(struct walk *w);

#endif
