/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render_causes.c - who keeps a CPU, and other causes of a stall: each where the data says so,
 * and not where it does not
 */
#include "tests/lib/unit.h"
#include "tests/render/findings.h"

/* STUCK1 has CPU 0 with an endless slice, STUCK0 waits there; HOG has just come before it. */
static void interrupt_keeper(struct sample *s, struct scxray_address *frame)
{
	take_off(s);
	sample_on_dsq(s, STUCK1, 0, s->stuck, 0, 99);
	sample_on_dsq(s, STUCK0, 0, s->stuck, 1, 100);
	s->tasks[STUCK1].runnable_cpu = 0;
	s->tasks[STUCK1].runnable_age_jiffies = N(1);
	s->tasks[STUCK1].runnable_age_ms = N(4);
	s->tasks[STUCK1].on_rq = N(1);
	s->tasks[STUCK1].slice = N(UINT64_MAX);
	s->tasks[STUCK1].last_arrival = N(4782851742);
	s->rqs[0].clock = N(14782851742);
	s->tasks[HOG].last_arrival = N(14780851742);
	*frame = (struct scxray_address){ N(KERNEL_TEXT), "write_sysrq_trigger+0x46", NULL };
	s->vcpus[0].backtrace = (struct scxray_stack_trace){ frame, 1, "", true };
}

START_TEST(a_bystander_before_an_endless_slice)
{
	struct sample s;
	struct scxray_document doc = { .late = &s.r };
	struct scxray_address frame;

	sample_init(&s);
	interrupt_keeper(&s, &frame);
	ck_found(&doc, "\"kind\":\"cpu_kept_by_ext\",\"confidence\":\"shown\",\"text\":\""
		       "stuck1[102] of class ext keeps CPU 0 for 10.000s, with an endless slice "
		       "(SCX_SLICE_INF): nothing preempts it.");
	ck_not_found(&doc, "cpu_kept_by_class");
	/* the kernel's stopper and the helper that disables sched_ext do the same */
	s.vcpus[0].backtrace.nr = 0;
	s.tasks[HOG].comm = T("sched_ext_help");
	ck_found(&doc, "cpu_kept_by_ext");
	s.tasks[HOG].comm = T("migration/0");
	s.tasks[HOG].sched_class = s.rqs[0].curr_class = "stop";
	ck_found(&doc, "cpu_kept_by_ext");
	/* a stopper that has the CPU for as long as they wait keeps it itself */
	s.tasks[HOG].last_arrival = N(4782851742);
	ck_found(&doc, "migration/0[106] of class stop keeps CPU 0");
	ck_not_found(&doc, "cpu_kept_by_ext");
	sample_deinit(&s);
}
END_TEST

START_TEST(a_bystander_that_interrupted_nobody)
{
	struct sample s;
	struct scxray_document doc = { .late = &s.r };
	struct scxray_address frame;

	sample_init(&s);
	interrupt_keeper(&s, &frame);
	/* it was on the queue before the bystander came */
	s.tasks[STUCK1].runnable_age_jiffies = N(700);
	ck_not_found(&doc, "cpu_kept");
	/* its slice ends soon, and it has not had the CPU for long */
	interrupt_keeper(&s, &frame);
	s.tasks[STUCK1].slice = N(5000000);
	s.tasks[STUCK1].last_arrival = N(14770851742);
	ck_not_found(&doc, "cpu_kept");
	sample_deinit(&s);
}
END_TEST

static const unit_test tests[] = {
	&a_bystander_before_an_endless_slice,
	&a_bystander_that_interrupted_nobody,
};

UNIT_MAIN("render_causes", tests)
