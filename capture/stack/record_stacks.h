/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record_stacks.h - records what the report's walk of kernel stacks will read
 *
 * Unwinding takes time, and a frozen guest waits for it: of a task's stack the pages are
 * recorded, and the report's walk unwinds.  The kernel's own tables were recorded when it was
 * found; those of a module are, if a word on the stack may be an address in it.  So is what
 * names the line of a BPF program.
 */
#ifndef CAPTURE_RECORD_STACKS_H
#define CAPTURE_RECORD_STACKS_H

#include "capture/read/walk.h"

struct scxray_task;

#define RECORD_MAX_MODULES 1024 /* as many as walk_modules() lists */
#define RECORD_LINES 256	/* a power of two */

struct stack_recorder {
	struct walk *w;
	uint32_t frame_size; /* struct inactive_task_frame */
	uint32_t stack_size; /* THREAD_SIZE; 0: not known */
	uint32_t orc_size;   /* struct orc_entry */
	/* where the code of modules and BPF programs lies: most words of a stack are told apart by this alone */
	uint64_t code_start, code_end;
	bool has_module[RECORD_MAX_MODULES]; /* the tables of this one */
	uint64_t lines[RECORD_LINES]; /* addresses in BPF programs whose lines are recorded */
};

/* `r` is all zeroes. */
void stack_recorder_init(struct stack_recorder *r, struct walk *w);

/* What a frame at `ip` needs: of a module the tables by which it is unwound, of a BPF program its line. */
void stack_record_code(struct stack_recorder *r, uint64_t ip);

/* A stack from `sp` to `end`, and the tables for it. */
void stack_record_stack(struct stack_recorder *r, uint64_t sp, uint64_t end);

/*
 * The stack of a task that is on no CPU; a sleeper's is noted for after the thaw.  False: nothing was
 * recorded, and the caller says why.
 */
bool stack_record_task_stack(struct stack_recorder *r, const struct scxray_task *task);

#endif
