/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * locks.c - tasks in lock slow paths, and BPF's locks that CPUs hold
 */
#include <scxray/atoms.h>
#include <scxray/host.h>
#include <scxray/lock.h>
#include <scxray/report_struct.h>
#include <scxray/task.h>

#include "render/out/join.h"
#include "render/out/cells.h"
#include "render/out/reasons.h"

#define MAX_NAMED 64

static void waiter(struct text *t, const struct scxray_task *task)
{
	struct strbuf *sb = &t->out;

	strbuf_puts(sb, "    ");
	cell_task(sb, task, task->kva);
	if (task->curr_cpu >= 0)
		strbuf_printf(sb, " on cpu %d", task->curr_cpu);
	strbuf_puts(sb, " in ");
	cell_string(sb, task->lock_slowpath_match);
	strbuf_putc(sb, '\n');
}

static void held(struct text *t, const struct scxray_rqspinlock *lock)
{
	struct strbuf *sb = &t->out;

	strbuf_printf(sb, "    cpu %u #%u: ", lock->cpu, lock->depth);
	cell_hex(sb, &lock->lock.addr);
	if (lock->lock.symbol) {
		strbuf_puts(sb, " (");
		cell_string(sb, lock->lock.symbol);
		strbuf_putc(sb, ')');
	}
	if (lock->word.state == SCXRAY_PRESENT) {
		strbuf_puts(sb, lock->word.value & 0xff ? ", locked" : ", free");
		if (lock->word.value >> 18)
			strbuf_printf(sb, ", cpu %llu queues last",
				      (unsigned long long)(lock->word.value >> 18) - 1);
	} else if (lock->word.state == SCXRAY_UNREADABLE) {
		strbuf_puts(sb, ", ");
		cell_num(sb, &lock->word);
	}
	strbuf_putc(sb, '\n');
}

void text_locks(struct text *t, const struct scxray_report *r)
{
	size_t waiting = 0, shown = 0;

	for (size_t i = 0; i < r->nr_tasks; i++)
		waiting += r->tasks[i].lock_slowpath_match != NULL;
	if (!waiting && !r->nr_rqspinlocks && !r->cut[SCXRAY_GROUP_LOCKS] && !text_is_asked(t))
		return;
	text_styled(t, STYLE_BOLD, "  locks");
	strbuf_printf(&t->out, ": %zu task%s in lock slow paths, %zu resilient spinlock%s held\n",
		      waiting, plural_s(waiting), r->nr_rqspinlocks, plural_s(r->nr_rqspinlocks));
	for (size_t i = 0; i < r->nr_tasks && shown < MAX_NAMED; i++)
		if (r->tasks[i].lock_slowpath_match) {
			waiter(t, &r->tasks[i]);
			shown++;
		}
	if (shown < waiting)
		strbuf_printf(&t->out, "    +%zu more\n", waiting - shown);
	for (size_t i = 0; i < r->nr_rqspinlocks; i++)
		held(t, &r->rqspinlocks[i]);
	text_cut(t, r, SCXRAY_GROUP_LOCKS, 4);
}
