/* SPDX-License-Identifier: BSD-2-Clause */
/* rule_rest.c - tasks that no other rule explains: who has them */
#include <base/array.h>

#include <scxray/host.h>
#include <scxray/report_struct.h>
#include <scxray/task.h>

#include "render/diagnosis/rules.h"
#include "render/diagnosis/words.h"
#include "render/out/cells.h"

static const struct {
	enum custody custody;
	const char *kind;
	const char *one, *many;
	const char *member;
} hands[] = {
	{ CUSTODY_QUEUEING, "in_enqueue", "is in the middle of ops.enqueue() (ops_state QUEUEING)",
	  "are in the middle of ops.enqueue() (ops_state QUEUEING)", "ops_state" },
	{ CUSTODY_DISPATCHING, "in_dispatch",
	  "is in the middle of being dispatched (ops_state DISPATCHING)",
	  "are in the middle of being dispatched (ops_state DISPATCHING)", "ops_state" },
	{ CUSTODY_BUFFER, "in_buffer",
	  "is in a CPU's dispatch buffer: ops.dispatch() has inserted it, and not returned",
	  "are in dispatch buffers: ops.dispatch() has inserted them, and not returned", "cpu" },
	{ CUSTODY_MOVING, "in_move", "is held on its way to another CPU's local DSQ (holding_cpu)",
	  "are held on their way to other CPUs' local DSQs (holding_cpu)", "holding_cpu" },
	{ CUSTODY_LOST_DSQ, "not_on_its_dsq", "points at a DSQ on whose list it was not found",
	  "point at a DSQ on whose list they were not found", "dsq_kva" },
	{ CUSTODY_RUNNING, "runs_now", "is a CPU's current task by now",
	  "are current tasks of their CPUs by now", "curr_cpu" },
	{ CUSTODY_BPF, "held", "is held by the BPF scheduler", "are held by the BPF scheduler",
	  "ops_state" },
	{ CUSTODY_NOBODY, "in_no_hands",
	  "is on a CPU's runnable list, on no DSQ, and the BPF scheduler does not have it either",
	  "are on CPUs' runnable lists, on no DSQ, and the BPF scheduler does not have them either",
	  "runnable_cpu" },
};

static bool is_in(const struct facts *f, const struct wait *w, const void *arg)
{
	const enum custody *custody = arg;

	(void)f;
	return w->custody == *custody;
}

void rule_hands(struct facts *f)
{
	for (size_t i = 0; i < ARRAY_SIZE(hands); i++) {
		const struct scxray_task *t;
		struct strbuf *sb;
		bool one;

		if (!waits_pick(f, is_in, &hands[i].custody))
			continue;
		sb = finding_tell_picked(f, hands[i].kind, false);
		one = finding_last(f->dg)->nr_tasks == 1;
		t = &f->r->tasks[f->dg->tasks[finding_last(f->dg)->first_task]];
		words_put_names(f, sb);
		strbuf_puts(sb, one ? " has been runnable for "
				    : " have been runnable, the first for ");
		words_put_longest(f, sb);
		strbuf_printf(sb, ": %s %s.", one ? "it" : "they",
			      one ? hands[i].one : hands[i].many);
		if (t->sched_class && !name_is(t->sched_class, "ext"))
			strbuf_printf(sb,
				      " Its class is %s: priority inheritance or a policy change "
				      "took it out of sched_ext while it was runnable.",
				      t->sched_class);
		words_put_bounds(f, sb);
		finding_add_path(f->dg, f->r, "task_enrichments[%zu].%s", (size_t)(t - f->r->tasks),
				 hands[i].member);
	}
}
