/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sleepers.h - stacks of tasks that sleep: noted under the freeze, copied after the thaw
 *
 * The stack of a task that sleeps stays as it is until the task runs, so a frozen guest need not
 * wait for its copy.  A copy counts only if the task has not run by then: it is on no CPU, and
 * has been switched out as often as at the freeze.  __schedule() counts
 * a switch while on_cpu is still set (kernel/sched/core.c, 6.12 to 7.3), so one of the two
 * tells.  Other tasks may write to a sleeper's stack (when they take it off a wait queue), never to a return
 * address or a saved register.
 */
#ifndef CAPTURE_SLEEPERS_H
#define CAPTURE_SLEEPERS_H

#include "capture/memory/recorder.h"
#include "capture/read/walk.h"

struct scxray_task;

struct sleepers {
	uint64_t *list; /* struct task_struct */
	uint32_t nr, max;
	uint32_t nr_frozen; /* pages that the freeze has copied */
	/* pages whose task had run before they were copied; after sleepers_end() ascending */
	uint64_t *ran;
	uint32_t nr_ran, max_ran;
};

/* Room for `max` tasks; the memory is touched now, so the freeze takes no page fault for it.  0, or -1: no memory. */
int sleepers_init(struct sleepers *s, uint32_t max);
void sleepers_deinit(struct sleepers *s);
void sleepers_reset(struct sleepers *s);

/*
 * Under the freeze: the stack of `task`, and thread.sp that says where it ends, can be copied later.
 * False where it must be copied now: the task runs or waits to run, or nothing would tell that it ran.
 */
bool sleepers_note(struct sleepers *s, const struct walk *w, const struct scxray_task *task);

/*
 * After the thaw, with the recorder in place: sleepers_thawed() once, then sleepers_keep() for each stack
 * that was copied to the slots from `before` on.  False: the task has run, and its pages are dropped.  Page
 * tables that lead to a stack may be among them: no walk under the freeze read them, so no
 * other part of the report needs them.
 */
void sleepers_thawed(struct sleepers *s, const struct walk *w);
bool sleepers_keep(struct sleepers *s, struct walk *w, uint32_t index, uint32_t before);

/* After the last. */
void sleepers_end(struct sleepers *s);

#endif
