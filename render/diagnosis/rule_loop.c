/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rule_loop.c - a CPU that does not come out of the scheduler's program: it has its run queue's
 * lock, so that in the end other CPUs wait too
 */
#include <inttypes.h>
#include <string.h>

#include <scxray/host.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/sched.h>
#include <scxray/task.h>
#include <scxray/vcpu.h>

#include "render/diagnosis/exit_site.h"
#include "render/diagnosis/rules.h"
#include "render/diagnosis/words.h"
#include "render/out/cells.h"

/* A clock that is so much behind the others' has had no tick for that long. */
#define LAG_NS 1000000000ULL

/* What a vCPU's stack has of the scheduler's programs. */
struct inside {
	const struct scxray_vcpu *vcpu;
	const struct scxray_address *frame; /* innermost BPF frame; NULL: none */
	const char *op;			    /* that the outermost implements, or NULL */
};

static struct inside inside_of(const struct scxray_report *r, uint32_t cpu)
{
	struct inside in = { 0 };

	for (size_t i = 0; r && i < r->nr_vcpus; i++)
		if (num_is(&r->vcpus[i].cpu, cpu))
			in.vcpu = &r->vcpus[i];
	for (size_t i = 0; in.vcpu && i < in.vcpu->backtrace.nr; i++) {
		const struct scxray_address *frame = &in.vcpu->backtrace.frames[i];
		const char *op = exit_site_op(r, frame);

		if (op)
			in.op = op;
		if (!in.frame && frame->bpf)
			in.frame = frame;
	}
	/* programs of tracing and the like run for themselves */
	if (!in.op)
		in.frame = NULL;
	return in;
}

/* Is the CPU's clock behind those of the others? */
static uint64_t lag_of(const struct scxray_report *r, uint32_t cpu)
{
	const struct scxray_rq *rq = report_find_rq(r, cpu);
	uint64_t own, other, lag = 0;

	if (!rq || !num_get(&rq->clock, &own))
		return 0;
	for (size_t i = 0; i < r->nr_rqs; i++)
		if (num_get(&r->rqs[i].clock, &other) && other > own && other - own > lag)
			lag = other - own;
	return lag;
}

/* How often it switched since the early report; false where that is not known. */
static bool switched(const struct cpu_use *use, uint64_t *nr)
{
	uint64_t now, then;

	if (!use->old || !num_get(&use->rq->nr_switches, &now) ||
	    !num_get(&use->old->nr_switches, &then))
		return false;
	*nr = now - then;
	return true;
}

static void put_inside(struct facts *f, struct strbuf *sb, const struct cpu_use *use,
		       const struct inside *in, const char *when)
{
	const struct scxray_sched *sched = f->r->nr_scheds ? &f->r->scheds[0] : NULL;

	strbuf_printf(sb, "CPU %" PRIu32 " does not come out of ops.%s() of ", use->rq->cpu,
		      in->op);
	if (sched)
		words_put_sched(sb, sched);
	strbuf_puts(sb, when);
	cell_frame(sb, in->frame);
}

static bool in_lock(const struct inside *in)
{
	return in->frame && in->vcpu->lock_slowpath_match;
}

static void find_loop(struct facts *f, const struct cpu_use *use, bool locks)
{
	struct inside now = inside_of(f->r, use->rq->cpu);
	struct inside then = inside_of(f->early, use->rq->cpu);
	uint64_t nr = 0, lag = lag_of(f->r, use->rq->cpu);
	bool known = switched(use, &nr), both, seldom;
	struct strbuf *sb;

	both = now.frame && then.frame && !strcmp(now.op, then.op) && known && nr <= 1;
	/* a busy CPU switches some hundred times a second, one that is idle is in no program */
	seldom = known && f->elapsed_ns && nr <= f->elapsed_ns / 500000000 &&
		 (now.frame || then.frame);
	lag = now.frame && lag >= LAG_NS ? lag : 0;
	if ((!both && !seldom && !lag) || (in_lock(&now) || in_lock(&then)) != locks ||
	    !waits_pick(f, wait_is_off_cpu, NULL))
		return;
	sb = finding_tell_picked(f, "program_loops", !both && !lag);
	put_inside(f, sb, use, now.frame ? &now : &then,
		   both	       ? ": now as at half-way it is in "
		   : now.frame ? ": it is in "
			       : ": at half-way it was in ");
	if (known)
		strbuf_printf(sb, ", and switched tasks %" PRIu64 " times in between", nr);
	if (lag) {
		strbuf_puts(sb, "; its clock is ");
		cell_ms(sb, (int64_t)(lag / 1000000));
		strbuf_puts(sb, " behind that of others");
	}
	strbuf_puts(sb, ". ");
	words_put_names(f, sb);
	strbuf_puts(sb, finding_last(f->dg)->nr_tasks == 1 ? " waits for "
							   : " wait meanwhile, the first for ");
	words_put_longest(f, sb);
	strbuf_putc(sb, '.');
	words_put_bounds(f, sb);
	finding_about_cpu(f, use->rq, "curr_class");
}

void rule_program_loops(struct facts *f)
{
	/* who waits there for a lock waits for another CPU, which comes first */
	for (int locks = 0; locks <= 1; locks++)
		for (size_t i = 0; i < f->r->nr_rqs; i++)
			find_loop(f, &f->cpus[i], locks);
}
