/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unwind.h - up a kernel stack, one frame to the next
 *
 * As the kernel's own unwinder does it: by ORC entries, by frame pointers where
 * the code is a BPF program's, and through the registers that interrupts saved.
 * Each step reads a few words, all checked; a walk ends after `max` steps at most,
 * and says why it ended.
 */
#ifndef CAPTURE_UNWIND_H
#define CAPTURE_UNWIND_H

#include "capture/stack/orc.h"

struct unwind {
	struct walk *w;
	struct orc *orc;
	uint64_t ip, sp, bp;
	bool exact; /* `ip` is where something was interrupted, not a return address */
	/* the task's stack; of a task that sleeps (`confined`) no word may lie outside */
	uint64_t stack, stack_end;
	bool confined;

	/* registers that hold at `ip`: of a vCPU, or a struct pt_regs in memory */
	const struct scxray_regs *cpu;
	uint64_t regs, full_regs; /* 0: none; `full_regs` has the general ones, too */
	bool by_call; /* the first frame's end is where the stack has its call's return address */
	unsigned switches; /* from one stack to another */

	const char *end; /* set when unwind_next() returns false */
	bool whole;
};

/* To the caller's frame.  False at the end. */
bool unwind_next(struct unwind *u);

#endif
