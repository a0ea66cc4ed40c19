/* SPDX-License-Identifier: BSD-2-Clause */
/* render_diagnosis_pair.c - findings by comparing early and late, and by what maps hold */
#include <scxray/log.h>

#include "tests/lib/unit.h"
#include "tests/render/findings.h"

START_TEST(a_local_queue_whose_cpu_runs_something_else)
{
	struct sample s;
	struct scxray_document doc = { .late = &s.r };

	sample_init(&s);
	take_off(&s);
	sample_on_dsq(&s, STUCK0, 0, s.stuck, 0, 100);
	ck_found(&doc,
		 "\"kind\":\"cpu_kept_by_class\",\"confidence\":\"inferred\",\"text\":\"Inferred: "
		 "hog[106] of class rt keeps CPU 0; that class comes before sched_ext. stuck0[101] "
		 "waits for it, for 9.208s (timeout 8.000s), on its local DSQ.");
	ck_found(&doc, "\"late.rq_scx_states[0].curr_class\"");
	/* seq says that the queue has been used: no word of "never" */
	ck_not_found(&doc, "never consumed");
	/* sched_ext's own helper keeps nothing from anybody */
	s.tasks[HOG].comm = T("sched_ext_helpe");
	ck_not_found(&doc, "cpu_kept");
	s.tasks[HOG].comm = T("hog");
	/* a CPU that is idle with tasks on its own queue was not told of them */
	s.rqs[0].curr_class = "idle";
	ck_found(
		&doc,
		"\"kind\":\"lost_kick\",\"confidence\":\"shown\",\"text\":\"CPU 0 is idle with "
		"stuck0[101] on its own local DSQ for 9.208s (timeout 8.000s): it was never kicked");
	sample_deinit(&s);
}
END_TEST

START_TEST(a_queue_that_nobody_consumes)
{
	struct pair p;

	pair_init(&p);
	ck_found(&p.doc,
		 "DSQ 0x57a11 is never consumed: 2 tasks were ever inserted and all of them "
		 "are still on it");
	ck_found(&p.doc, "Meanwhile CPUs took 340 tasks from DSQ 0x200, which is not empty");
	/* once it was: not since */
	p.early.dsqs[3].seq = p.late.dsqs[3].seq = N(200);
	ck_found(&p.doc,
		 "No CPU took a task from DSQ 0x57a11 between the two snapshots (5.200s apart): "
		 "the 2 tasks that were on it are at its head unchanged, the first for 9.208s");
	/* the same tasks in the same order, but they have been away */
	p.early.tasks[STUCK0].dsq_seq = N(100);
	ck_not_found(&p.doc, "No CPU took a task");
	ck_not_found(&p.doc, "never consumed");
	pair_deinit(&p);
}
END_TEST

START_TEST(a_queue_that_only_grew)
{
	struct pair p;

	pair_init(&p);
	p.early.dsqs[3].nr_tasks = 1;
	p.early.dsqs[3].nr = N(1);
	p.early.dsqs[3].seq = N(199);
	p.late.dsqs[3].seq = N(200);
	p.early.tasks[STUCK1].dsq_index = -1;
	ck_found(&p.doc, "the task that was on it is at its head unchanged, and 1 more came after "
			 "them");
	pair_deinit(&p);
}
END_TEST

/* At the head, passed by: who takes from the queue may not take this one. */
START_TEST(a_task_that_may_not_run_where_its_queue_is_consumed)
{
	struct pair p;
	struct scxray_task *t;

	pair_init(&p);
	t = &p.late.tasks[VT0];
	t->runnable_age_jiffies = N(2100);
	t->runnable_age_ms = N(8400);
	t->dsq_seq = N(200);
	/* it may run anywhere */
	ck_found(&p.doc, "\"kind\":\"passed_over\"");
	t->cpus_allowed.words = &p.late.one_cpu;
	t->nr_cpus_allowed = N(1);
	ck_found(&p.doc,
		 "\"text\":\"Inferred: DSQ 0x200 "
		 "is consumed only by CPUs where vt0[104] may not run: 430 tasks that came later "
		 "were taken, it stays at the head for 8.400s (timeout 8.000s).");
	/* a kernel thread of one CPU: said so */
	t->flags = N(0x00200000);
	ck_found(&p.doc, "\"kind\":\"kthread_starved\"");
	ck_found(&p.doc, "vt0[104] (a kernel thread) may run on CPU 1 only.");
	pair_deinit(&p);
}
END_TEST

START_TEST(a_task_that_others_overtake)
{
	struct pair p;
	struct scxray_task *t;

	pair_init(&p);
	/* VT1 waits since before early; VT0 comes and goes before it */
	t = &p.late.tasks[VT1];
	t->runnable_age_jiffies = N(2100);
	t->runnable_age_ms = N(8400);
	t->dsq_vtime = N(900000);
	t->dsq_seq = N(200);
	ck_found(
		&p.doc,
		"DSQ 0x200 is consumed (340 tasks taken, 340 inserted between the snapshots), but "
		"vt1[105] stays on it for 8.400s (timeout 8.000s), with vtimes up to 796000 beyond "
		"the head's");
	/* nobody came after it: it has only not had its turn */
	t->dsq_seq = p.late.dsqs[4].seq;
	ck_not_found(&p.doc, "vtime_starved");
	ck_found(&p.doc, "vt1[105] waits on DSQ 0x200 for 8.400s (timeout 8.000s): it is consumed "
			 "in order, only 340 tasks were taken between the snapshots");
	pair_deinit(&p);
}
END_TEST

START_TEST(what_the_cpus_run)
{
	struct pair p;

	pair_init(&p);
	/* both may run elsewhere or are on a queue: that CPU 0 runs a hog explains nothing */
	ck_not_found(&p.doc, "cpu_kept");
	/* bound to CPU 0 they are kept, whatever queue they are on */
	for (int i = STUCK0; i <= HELD; i++) {
		p.late.tasks[i].migration_disabled = N(1);
		p.late.tasks[i].cpu = N(0);
	}
	ck_found(
		&p.doc,
		"hog[106] of class rt keeps CPU 0, it is current in both; that class comes "
		"before sched_ext. stuck0[101], stuck1[102] and held[103] wait for it, the "
		"first for 9.208s (timeout 8.000s), 2 of them on DSQ 0x57a11, from which no other CPU "
		"took a task meanwhile.");
	/* and no weaker rule tells them again */
	ck_not_found(&p.doc, "never consumed");
	ck_not_found(&p.doc, "held[103] in ops.enqueue()");
	p.early.rqs[0].curr_pid = N(1);
	ck_not_found(&p.doc, "cpu_kept");
	p.late.rqs[1].online = N(0);
	ck_not_found(&p.doc, "CPU 1 is offline");
	p.late.tasks[STUCK1].migration_disabled = N(0);
	ck_found(&p.doc,
		 "CPU 1 is offline for the scheduler; 1 stalled tasks have it in their mask.");
	pair_deinit(&p);
}
END_TEST

/* The kernel takes the task that it runs off the runnable list: that tells nothing about it. */
START_TEST(a_current_task_with_an_endless_slice)
{
	struct sample s;
	struct scxray_document doc = { .late = &s.r };

	sample_init(&s);
	take_off(&s);
	sample_on_dsq(&s, STUCK0, 0, s.stuck, 0, 100);
	s.rqs[0].curr_class = s.tasks[HOG].sched_class = "ext";
	s.tasks[HOG].runnable_cpu = -1;
	s.tasks[HOG].on_rq = N(1);
	s.tasks[HOG].slice = N(UINT64_MAX);
	ck_found(&doc,
		 "\"kind\":\"cpu_kept_by_ext\",\"confidence\":\"inferred\",\"text\":\"Inferred: "
		 "hog[106] of class ext keeps CPU 0, with an endless slice (SCX_SLICE_INF)");
	/* it is about to sleep: the CPU is free then */
	s.tasks[HOG].on_rq = N(0);
	ck_not_found(&doc, "cpu_kept");
	/* only queued, it keeps nothing */
	s.tasks[HOG].on_rq = N(1);
	s.tasks[HOG].runnable_cpu = 0;
	s.rqs[0].curr_index = -1;
	s.rqs[0].curr_class = "idle";
	ck_not_found(&doc, "cpu_kept");
	sample_deinit(&s);
}
END_TEST

/* What tasks ran between the snapshots says who had the CPU, whoever is current by now. */
START_TEST(who_had_a_cpu_between_the_snapshots)
{
	struct pair p;

	pair_init(&p);
	take_off(&p.late);
	sample_on_dsq(&p.late, STUCK0, 0, p.late.stuck, 0, 100);
	p.early.tasks[HOG].cpu = p.late.tasks[HOG].cpu = N(0);
	p.early.tasks[HOG].sum_exec_runtime = N(1000000);
	p.late.tasks[HOG].sum_exec_runtime = N(5001000000);
	p.early.rqs[0].curr_pid = N(1);
	ck_found(&p.doc,
		 "hog[106] of class rt keeps CPU 0 for 5.000s of the 5.200s between the two "
		 "snapshots; that class");
	/* it had hardly any of it */
	p.late.tasks[HOG].sum_exec_runtime = N(501000000);
	ck_not_found(&p.doc, "cpu_kept");
	/* a task of ext with an endless slice */
	p.late.tasks[HOG].sum_exec_runtime = N(5001000000);
	p.late.tasks[HOG].sched_class = "ext";
	ck_not_found(&p.doc, "cpu_kept");
	p.late.tasks[HOG].slice = N(UINT64_MAX);
	ck_found(&p.doc,
		 "hog[106] of class ext keeps CPU 0 for 5.000s of the 5.200s between the two "
		 "snapshots, with an endless slice (SCX_SLICE_INF): nothing preempts it.");
	/* in partial mode class fair comes first */
	p.late.tasks[HOG].sched_class = "fair";
	ck_not_found(&p.doc, "cpu_kept");
	p.late.r.switching_all = N(0);
	ck_found(&p.doc,
		 "that class comes before sched_ext (SCX_OPS_SWITCH_PARTIAL: class fair goes "
		 "on)");
	pair_deinit(&p);
}
END_TEST

START_TEST(a_clock_that_stood_still)
{
	struct pair p;

	pair_init(&p);
	ck_found(&p.doc, "The rq clock of CPU 0 stood still between the snapshots");
	ck_not_found(&p.doc, "The rq clock of CPU 1");
	/* idle and with nothing to do a CPU may sleep */
	p.late.rqs[0].curr_class = "idle";
	p.late.rqs[0].nr_runnable = 0;
	ck_not_found(&p.doc, "rq_clock_stood");
	pair_deinit(&p);
}
END_TEST

START_TEST(causes_come_first)
{
	struct pair p;
	char *findings, *cause, *verdict, *note;

	pair_init(&p);
	findings = findings_of(&p.doc);
	verdict = strstr(findings, "\"rank\":\"verdict\"");
	note = strstr(findings, "\"rank\":\"note\"");
	ck_assert(verdict && note && verdict < note);
	for (cause = findings; (cause = strstr(cause, "\"rank\":\"cause\"")); cause++)
		ck_assert(cause < verdict);
	free(findings);
	/* whom the kernel named is in the first */
	p.late.scheds[0].exit_info.msg = T("held[103] failed to run for 9.160s");
	findings = findings_of(&p.doc);
	ck_assert(strstr(findings, "\"kind\":\"held\"") <
		  strstr(findings, "\"kind\":\"dsq_not_consumed\""));
	free(findings);
	pair_deinit(&p);
}
END_TEST

START_TEST(the_difference_lists_what_changed)
{
	struct pair p;
	char *json;

	pair_init(&p);
	p.early.r.nr_tasks--; /* the sleeper has come */
	p.late.r.nr_dsqs--;   /* DSQ 0x200 has gone, and its tasks from it */
	p.late.tasks[VT0].dsq_index = p.late.tasks[VT1].dsq_index = -1;
	p.late.tasks[HELD].cpu = N(1);
	p.late.tasks[EVIL].weight = N(3); /* early: unreadable */
	/* what was read is a change from what was not, also if the numbers look alike */
	p.early.tasks[VT0].prio = LOST(120, "not mapped");
	json = json_of(&p.doc);
	ck_assert_ptr_nonnull(strstr(json, "\"elapsed_jiffies\":1300,\n  \"elapsed_ms\":5200,"));
	ck_assert_ptr_nonnull(strstr(json, "\"field\":\"cpu\",\"old\":0,\"new\":1}"));
	ck_assert_ptr_nonnull(strstr(json,
				     "\"field\":\"weight\",\"old\":{\"kind\":\"unreadable\","
				     "\"addr\":\"0xffff888000016100\",\"reason\":\"page not in the "
				     "image\"},\"new\":3}"));
	ck_assert_ptr_nonnull(strstr(json, "\"appeared\":[{\"pid\":108,"));
	ck_assert_ptr_nonnull(
		strstr(json, "\"gone\":[{\"id\":512,\"id_hex\":\"0x200\",\"origin\":\"user\","));
	ck_assert_ptr_nonnull(strstr(json,
				     "{\"field\":\"total\",\"old\":0,\"new\":31440956,\"delta\":"
				     "31440956,\"per_second\":6046337.69"));
	ck_assert_ptr_nonnull(
		strstr(json, "{\"group\":\"cpus\",\"cpu\":0,\"text\":\"its clock stood still at "
			     "14782851742, curr hog[106] rt\"}"));
	free(json);
	pair_deinit(&p);
}
END_TEST

START_TEST(no_time_between_no_rates)
{
	struct pair p;
	char *json;

	pair_init(&p);
	p.late.r.guest.hz = N(0);
	json = json_of(&p.doc);
	ck_assert_ptr_null(strstr(json, "per_second"));
	ck_assert_ptr_null(strstr(json, "elapsed_ms"));
	free(json);
	pair_deinit(&p);
}
END_TEST

static const unit_test tests[] = {
	&a_local_queue_whose_cpu_runs_something_else,
	&a_queue_that_nobody_consumes,
	&a_queue_that_only_grew,
	&a_task_that_others_overtake,
	&a_task_that_may_not_run_where_its_queue_is_consumed,
	&what_the_cpus_run,
	&a_current_task_with_an_endless_slice,
	&who_had_a_cpu_between_the_snapshots,
	&a_clock_that_stood_still,
	&causes_come_first,
	&the_difference_lists_what_changed,
	&no_time_between_no_rates,
};

UNIT_MAIN("render_diagnosis_pair", tests)
