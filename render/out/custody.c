/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * custody.c - where a task is, as a name and in one cell: on a DSQ, on a CPU, with the BPF scheduler
 */
#include <scxray/atoms.h>
#include <scxray/dsq.h>
#include <scxray/host.h>
#include <scxray/report_struct.h>
#include <scxray/task.h>

#include "render/out/cells.h"
#include "render/out/join.h"

const char *custody_name(enum custody custody)
{
	static const char *const names[] = {
		[CUSTODY_NOT_RUNNABLE] = "not_runnable",
		[CUSTODY_RUNNING] = "running",
		[CUSTODY_DSQ] = "dsq",
		[CUSTODY_LOST_DSQ] = "not_linked",
		[CUSTODY_BPF] = "bpf",
		[CUSTODY_BUFFER] = "dispatch_buffer",
		[CUSTODY_QUEUEING] = "queueing",
		[CUSTODY_DISPATCHING] = "dispatching",
		[CUSTODY_MOVING] = "moving",
		[CUSTODY_NOBODY] = "nowhere",
	};

	return names[custody];
}

void cell_custody(struct strbuf *sb, const struct scxray_report *r, const struct scxray_task *t)
{
	const struct scxray_dsq *dsq;

	switch (task_custody(r, t)) {
	case CUSTODY_NOT_RUNNABLE:
		if (t->queued_cpu.state == SCXRAY_PRESENT)
			strbuf_printf(sb, "run queue of cpu %llu",
				      (unsigned long long)t->queued_cpu.value);
		else
			strbuf_putc(sb, '-');
		break;
	case CUSTODY_RUNNING:
		strbuf_printf(sb, "runs on cpu %d", t->curr_cpu);
		break;
	case CUSTODY_DSQ:
		dsq = task_find_dsq(r, t);
		if (dsq->origin == SCXRAY_DSQ_USER)
			strbuf_puts(sb, "DSQ ");
		cell_dsq(sb, dsq);
		cell_owner(sb, dsq->sched_name);
		strbuf_printf(sb, " #%u/%zu", t->dsq_pos + 1, dsq->nr_tasks);
		break;
	case CUSTODY_LOST_DSQ:
		strbuf_puts(sb, "DSQ ");
		cell_dsq_id(sb, &t->dsq_id);
		strbuf_puts(sb, " (not linked)");
		break;
	case CUSTODY_BPF:
		strbuf_puts(sb, "BPF scheduler");
		if (r->nr_scheds > 1 && t->sched_name) {
			strbuf_putc(sb, ' ');
			cell_string(sb, t->sched_name);
		}
		break;
	case CUSTODY_BUFFER:
		strbuf_printf(sb, "dispatch buffer of cpu %u", t->buffered_by - 1);
		break;
	case CUSTODY_QUEUEING:
		strbuf_puts(sb, "being enqueued");
		break;
	case CUSTODY_DISPATCHING:
		strbuf_puts(sb, "being dispatched");
		break;
	case CUSTODY_MOVING:
		strbuf_printf(sb, "held by cpu %lld", (long long)num_signed(&t->holding_cpu));
		break;
	case CUSTODY_NOBODY:
		strbuf_puts(sb, "nowhere");
		break;
	}
}
