/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render_diagnosis.c - each finding, from a report that was made to have it;
 * and that it is not there where the data does not show it
 */
#include <scxray/log.h>

#include "tests/lib/unit.h"
#include "tests/render/findings.h"

START_TEST(who_holds_a_task)
{
	struct sample s;
	struct scxray_document doc = { .late = &s.r };
	struct scxray_task *t;

	sample_init(&s);
	ck_found(&doc,
		 "DSQ 0x57a11 is never consumed: 2 tasks were ever inserted and all of them are "
		 "still on it, the first for 9.208s (timeout 8.000s): stuck0[101] and stuck1[102]. "
		 "stuck1[102] may run on CPU 1 only.\",\"tasks\":[{\"pid\":101,\"comm\":"
		 "\"stuck0\"},{\"pid\":102,\"comm\":\"stuck1\"}],\"dsq\":358929,");
	ck_found(&doc,
		 "The BPF scheduler stall took held[103] in ops.enqueue() 9.160s (timeout 8.000s) "
		 "ago, and inserted it into no DSQ");
	t = take_off(&s);
	ck_found(&doc,
		 "stuck0[101] has been runnable for 9.208s (timeout 8.000s): it is on a CPU's "
		 "runnable list, on no DSQ, and the BPF scheduler does not have it either.");
	t->ops_state_name = "QUEUEING";
	ck_found(&doc, "it is in the middle of ops.enqueue()");
	t->ops_state_name = "DISPATCHING";
	ck_found(&doc, "it is in the middle of being dispatched");
	t->ops_state_name = "NONE";
	t->dsq_kva = N(KVA(0x2300));
	ck_found(&doc, "it points at a DSQ on whose list it was not found.");
	t->holding_cpu = N(1);
	ck_found(&doc, "it is held on its way to another CPU's local DSQ (holding_cpu).");
	t->migration_disabled = N(1);
	ck_found(&doc, "stuck0[101] may run on CPU 0 only (migration disabled).");
	t->sched_class = "rt";
	ck_found(&doc, "Its class is rt: priority inheritance or a policy change took it out of "
		       "sched_ext while it was runnable.");
	sample_deinit(&s);
}
END_TEST

/* Of several schedulers each queue, task and end is told whose it is. */
START_TEST(a_sub_scheduler_that_fails)
{
	struct sample s;
	struct scxray_document doc = { .late = &s.r };

	sample_init(&s);
	s.scheds[1].exit_kind = N(1026);
	s.scheds[1].exit_kind_name = "SCX_EXIT_ERROR_STALL";
	s.scheds[1].exit_info = (struct scxray_exit_info){ .kva = N(KVA(0x6100)), .kind = N(1026) };
	s.tasks[HELD].sched_kva = s.scheds[1].sched_kva;
	s.tasks[HELD].sched_name = "child";
	s.dsqs[3].sched_kva = KVA(0x5800);
	s.dsqs[3].sched_name = "child";
	ck_found(&doc, "The kernel ended sub-scheduler child with SCX_EXIT_ERROR_STALL");
	ck_found(&doc, "DSQ 0x57a11 of child is never consumed");
	ck_found(&doc, "The BPF sub-scheduler child took held[103] in ops.enqueue()");
	/* the sample's root ends as well */
	ck_not_found(&doc, "is not ending");
	s.scheds[0].exit_kind = N(0);
	s.scheds[0].exit_info.kind = N(0);
	ck_found(&doc, "Above it scheduler stall is not ending: the tasks go there.");
	sample_deinit(&s);
}
END_TEST

START_TEST(a_sub_scheduler_that_has_gone)
{
	struct sample early, late;
	struct scxray_document doc;

	sample_init(&early);
	sample_init(&late);
	early.tasks[HELD].sched_kva = early.scheds[1].sched_kva;
	scxray_document_dual(&doc, &early.r, &late.r, NULL);
	ck_not_found(&doc, "ended and went");
	late.r.nr_scheds = 1;
	ck_found(&doc,
		 "Between the two snapshots sub-scheduler child ended and went: what it was is in "
		 "the early one. There held[103] had been runnable for 9.160s, the longest of its "
		 "tasks.");
	/* all of sched_ext has: that is said by itself */
	late.r.nr_scheds = 0;
	ck_not_found(&doc, "ended and went");
	sample_deinit(&early);
	sample_deinit(&late);
}
END_TEST

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

START_TEST(half_way_is_a_warning)
{
	struct sample s;
	struct scxray_document doc = { .late = &s.r };

	sample_init(&s);
	sample_make_early(&s);
	ck_found(&doc,
		 "{\"rank\":\"cause\",\"severity\":\"warning\",\"kind\":\"dsq_not_consumed\"");
	ck_found(&doc, "the first for 4.008s (timeout 8.000s)");
	/* 990 jiffies are less than half of 2000 */
	ck_not_found(&doc, "held[103]");
	ck_not_found(&doc, "scheduler_exit");
	/* the watchdog fires after the timeout, not on it */
	s.tasks[STUCK0].runnable_age_jiffies = N(2000);
	ck_not_found(&doc, "\"severity\":\"error\"");
	s.tasks[STUCK0].runnable_age_jiffies = N(2001);
	ck_found(&doc, "{\"rank\":\"cause\",\"severity\":\"error\"");
	sample_deinit(&s);
}
END_TEST

START_TEST(nothing_stalled_is_said)
{
	struct sample s;
	struct scxray_document doc = { .late = &s.r };

	sample_init(&s);
	for (int i = STUCK0; i <= HELD; i++)
		s.tasks[i].runnable_cpu = -1;
	ck_found(&doc, "No task had been runnable for half the watchdog's timeout; the longest was "
		       "vt0[104] with 28ms.");
	ck_not_found(&doc, "\"cause\"");
	sample_deinit(&s);
}
END_TEST

START_TEST(where_the_late_one_came_too_late_half_way_tells)
{
	struct pair p;

	pair_init(&p);
	ck_not_found(&p.doc, "Half-way: ");
	for (int i = STUCK0; i <= HELD; i++)
		p.late.tasks[i].runnable_cpu = -1;
	/* still the scheduler's: nobody was stalled when it ended */
	ck_not_found(&p.doc, "Half-way: ");
	ck_found(&p.doc, "no_task_stalled");
	p.late.scheds[0].bypass_depth = N(1);
	ck_found(&p.doc, "\"text\":\"Half-way: DSQ 0x57a11 is never consumed: 2 tasks were ever "
			 "inserted and all of them are still on it, the first for 4.008s");
	ck_found(&p.doc, "\"early.task_enrichments[0].runnable_age_jiffies\"");
	ck_not_found(&p.doc, "no_task_stalled");
	pair_deinit(&p);
}
END_TEST

START_TEST(many_stalled_tasks_are_counted)
{
	struct sample s;
	struct scxray_document doc = { .late = &s.r };
	struct scxray_task many[40];

	sample_init(&s);
	for (int i = 0; i < 40; i++) {
		many[i] = s.tasks[HELD];
		many[i].kva += (uint64_t)i;
	}
	s.r.tasks = many;
	s.r.nr_tasks = 40;
	/* one finding for all that share the cause */
	ck_found(&doc, "took held[103], held[103], held[103] and 37 more in ops.enqueue()");
	sample_deinit(&s);
}
END_TEST

START_TEST(how_the_scheduler_ended)
{
	struct sample s;
	struct scxray_document doc = { .late = &s.r };
	struct scxray_sched *root = &s.scheds[0];

	sample_init(&s);
	ck_found(&doc,
		 "The kernel ended scheduler stall with SCX_EXIT_ERROR_STALL, runnable task stall: "
		 "stuck1[102] failed to run for 9.200s. The watchdog saw it from CPU 0.");
	root->exit_kind = N(1025);
	root->exit_kind_name = "SCX_EXIT_ERROR_BPF";
	root->exit_info.reason = T("scx_bpf_error");
	root->exit_info.msg = T("no task context for pid 7");
	ck_found(&doc, "The kernel ended scheduler stall with SCX_EXIT_ERROR_BPF, scx_bpf_error: "
		       "no task context for pid 7. It was found on CPU 0.");
	ck_found(&doc, "{\"rank\":\"cause\",\"severity\":\"error\",\"kind\":\"bpf_error\"");
	/* what it was ended for is the cause, tasks that wait bear on it */
	ck_found(&doc, "{\"rank\":\"evidence\",\"severity\":\"error\",\"kind\":"
		       "\"dsq_not_consumed\"");
	/* once it is being disabled the atomic says so, and the exit_info why */
	root->exit_kind = N(1);
	root->exit_kind_name = "SCX_EXIT_DONE";
	root->exit_info.kind = N(1026);
	root->exit_info.kind_name = "SCX_EXIT_ERROR_STALL";
	ck_found(&doc, "{\"rank\":\"verdict\",\"severity\":\"error\",\"kind\":"
		       "\"scheduler_exit\",\"confidence\":\"shown\",\"text\":\"The kernel "
		       "ended scheduler stall with SCX_EXIT_ERROR_STALL");
	root->exit_kind = N(64);
	root->exit_kind_name = "SCX_EXIT_UNREG";
	ck_found(&doc, "\"severity\":\"info\",\"kind\":\"scheduler_exit\"");
	/* kernels before 6.16 have no atomic, the exit_info is all there is */
	root->exit_kind = (struct scxray_num){ 0 };
	root->exit_info.msg = T("");
	ck_found(&doc, "\"evidence\":[\"late.scx_sched_state.exit_info.kind\"]");
	root->exit_kind = N(0);
	root->exit_info.kind = N(0);
	ck_not_found(&doc, "scheduler_exit");
	root->watchdog_age_jiffies = N(2001);
	ck_found(&doc, "The watchdog itself has not run for 2001 jiffies, its timeout is 2000");
	root->watchdog_age_jiffies = N(2000);
	ck_not_found(&doc, "watchdog_late");
	ck_found(&doc,
		 "At the freeze scheduler stall was being aborted; bypass mode had not begun");
	root->bypass_depth = N(1);
	ck_found(&doc, "in bypass mode (depth 1)");
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

START_TEST(the_first_finding_as_one_line)
{
	struct pair p;
	char *line;

	pair_init(&p);
	line = scxray_document_first_finding(&p.doc);
	ck_assert_ptr_nonnull(line);
	ck_assert_int_eq(strncmp(line, "cause: DSQ 0x57a11 is never consumed: ", 38), 0);
	ck_assert_ptr_null(strchr(line, '\n'));
	free(line);
	/* a caveat says nothing of the guest */
	scxray_document_dual(&p.doc, &p.late.r, &p.late.r, NULL);
	line = scxray_document_first_finding(&p.doc);
	ck_assert_int_eq(strncmp(line, "cause: ", 7), 0);
	free(line);
	pair_deinit(&p);
}
END_TEST

START_TEST(a_kernel_that_panicked)
{
	struct sample s;
	struct scxray_document doc = { .late = &s.r };
	struct scxray_log_record log[] = { { .text = T("BUG: kernel NULL pointer dereference") },
					   { .text = T(
						     "Kernel panic - not syncing: it was enough") },
					   { .text = T("Rebooting in 1 seconds") } };
	struct scxray_address frames[] = { { .symbol = "vpanic+0x2eb" },
					   { .symbol = "panic+0x6b" },
					   { .symbol = "do_exit.cold+0x1a" } };

	sample_init(&s);
	s.r.log = log;
	s.r.nr_log = 3;
	s.vcpus[1].backtrace = (struct scxray_stack_trace){ frames, 3, "", true };
	ck_found(&doc, "in do_exit.cold+0x1a: \\\"Kernel panic - not syncing: it was enough");
	log[1].text = T("all is well");
	ck_found(&doc, "The kernel oopsed before");
	log[0].text = T("all is well");
	ck_not_found(&doc, "kernel_panic");
	sample_deinit(&s);
}
END_TEST

/* Two reports that are no early and late of one failure: said first, and not compared. */
START_TEST(pairs_that_do_not_belong_together)
{
	struct pair p;

	pair_init(&p);
	ck_not_found(&p.doc, "\"caveat\"");
	scxray_document_dual(&p.doc, &p.late.r, &p.early.r, NULL);
	ck_assert_ptr_eq(p.doc.early, &p.early.r);
	ck_found(&p.doc,
		 "Early and late were given the other way round: they have been put right.");
	ck_found(&p.doc, "rq_clock_stood");
	scxray_document_dual(&p.doc, &p.late.r, &p.late.r, NULL);
	ck_found(&p.doc, "Early and late are the same moment: nothing is concluded");
	ck_not_found(&p.doc, "rq_clock_stood");
	ck_not_found(&p.doc, "Meanwhile");
	ck_not_found(&p.doc, "between the");
	p.early.r.guest.kaslr_offset = N(0x1000000);
	p.late.r.guest.kaslr_offset = N(0x2000000);
	scxray_document_dual(&p.doc, &p.early.r, &p.late.r, NULL);
	ck_found(&p.doc, "Early and late are of two boots or two kernels");
	ck_not_found(&p.doc, "rq_clock_stood");
	ck_not_found(&p.doc, "between the");
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

START_TEST(lists_that_contradict_themselves)
{
	static const char *const conflicts[] = { "nr is 3 and the list has 2",
						 "vtime order broken" };
	struct sample s;
	struct scxray_document doc = { .late = &s.r };

	sample_init(&s);
	s.dsqs[4].conflicts = conflicts;
	s.dsqs[4].nr_conflicts = 2;
	s.dsqs[0].cut = "list broken at 0xffff888000000000";
	ck_found(&doc, "DSQ 0x200 contradicts itself: nr is 3 and the list has 2 (and 1 more).");
	ck_found(
		&doc,
		"The list of the local DSQ of CPU 0 is not complete: list broken at 0xffff888000000000.");
	ck_found(&doc, "The runnable list of CPU 1 is not complete");
	sample_deinit(&s);
}
END_TEST

START_TEST(where_the_scheduler_keeps_its_tasks)
{
	static const uint32_t pids[] = { 7, 103 };
	struct sample s;
	struct scxray_document doc = { .late = &s.r };
	struct scxray_entry entries[2] = { { .value = (const uint8_t *)&pids[0] },
					   { .value = (const uint8_t *)&pids[1], .index = 1 } };

	sample_init(&s);
	s.maps[0].name = T("heldq");
	s.maps[0].type_name = "queue";
	s.maps[0].form = SCXRAY_MAP_QUEUE;
	s.maps[0].value_type.size = 4;
	s.maps[0].max_entries = N(256);
	s.maps[0].entries = entries;
	s.maps[0].nr_entries = s.maps[0].total = 2;
	ck_found(
		&doc,
		"inserted it into no DSQ: map heldq (queue) holds it, by pid, the first at place 2 "
		"of 2.");
	ck_found(&doc, "\"late.maps[0].array_entries[1].value\"");
	/* a task that is on a DSQ is nobody's secret */
	s.tasks[HELD].ops_state_name = "NONE";
	ck_not_found(&doc, "held_in_map");
	s.tasks[HELD].ops_state_name = "QUEUED";
	entries[1].value = (const uint8_t *)&s.tasks[HELD].kva;
	entries[0].value = NULL;
	s.maps[0].value_type.size = 8;
	ck_found(&doc, "by address, the first at place 2 of 2.");
	/* a queue may be read by programs: a stopped process has to have the scheduler's name */
	s.tasks[SLEEPER].state_letter = 'T';
	s.tasks[SLEEPER].comm = T("vi");
	ck_not_found(&doc, "user_process_stopped");
	s.tasks[SLEEPER].comm = T("scx_stall");
	ck_found(&doc, "\"kind\":\"user_process_stopped\"");
	ck_found(&doc,
		 "Inferred: scx_stall[108] is stopped (state T) and reads nothing from map heldq "
		 "(queue): it is likely the scheduler's part in user space.");
	s.tasks[SLEEPER].state_letter = 'S';
	ck_not_found(&doc, "user_process_stopped");
	/* nowhere, and all was searched: it is lost */
	s.maps[0].nr_entries = 1;
	s.maps[0].total = 1;
	s.r.nr_maps = 1;
	ck_found(&doc, "none of its 1 map has its pid or address: it is likely lost.");
	/* not all was: no word of that */
	s.maps[0].total = 2;
	ck_not_found(&doc, "lost");
	sample_deinit(&s);
}
END_TEST

/* A context in an arena: in a queue there, as all others, or nowhere. */
START_TEST(where_a_scheduler_links_its_contexts)
{
	static uint64_t slots[4] = { 0x100000000100, 0x100000000140, 0x100000000180 };
	static uint64_t page[512];
	const char *owners[] = { "held[103]", "vt0[104]", "vt1[105]" };
	struct scxray_arena_page pages[] = { { 0x100000000000, (const uint8_t *)page } };
	struct scxray_arena arena = { .user_vm_start = N(0x100000000000),
				      .user_vm_end = N(0x100100000000),
				      .pages = pages,
				      .nr_pages = 1 };
	struct scxray_entry entries[3];
	struct sample s;
	struct scxray_document doc = { .late = &s.r };

	sample_init(&s);
	for (uint32_t i = 0; i < 3; i++)
		entries[i] = (struct scxray_entry){ .value = (const uint8_t *)&slots[i],
						    .owner = i + 1 };
	s.maps[0].type_name = "task_storage";
	s.maps[0].value_type.size = 8;
	s.maps[0].entries = entries;
	s.maps[0].nr_entries = s.maps[0].total = 3;
	s.maps[0].owners = owners;
	s.maps[0].nr_owners = 3;
	s.maps[1].arena = &arena;
	ck_found(&doc, "linked nowhere: likely lost.");
	/* what points to itself is linked nowhere */
	page[0x108 / 8] = slots[0];
	ck_found(&doc, "linked nowhere: likely lost.");
	page[1] = slots[0];
	ck_found(&doc, "\"kind\":\"held_in_arena\"");
	ck_found(&doc,
		 "(0x100000000008 points to 0x100000000100): it keeps it in a queue of its own");
	/* an allocator's table has them all */
	page[2] = slots[1];
	page[3] = slots[2];
	ck_found(&doc, "is linked there as those of other tasks are");
	ck_not_found(&doc, "lost");
	sample_deinit(&s);
}
END_TEST

START_TEST(maps_that_take_nothing_more)
{
	struct sample s;
	struct scxray_document doc = { .late = &s.r };
	struct scxray_ringbuf ring = { .capacity = N(4096),
				       .consumer_pos = N(4096),
				       .producer_pos = N(4096 + 3700) };

	sample_init(&s);
	s.maps[0].type_name = "hash";
	s.maps[0].form = SCXRAY_MAP_ENTRIES;
	s.maps[0].max_entries = N(100);
	s.maps[0].total = 100;
	ck_found(&doc, "Map task_ctx is full (100 of 100 entries): what is new finds no room.");
	s.maps[0].total = 99;
	ck_not_found(&doc, "map_full");
	s.maps[0].total = 100;
	s.maps[0].type_name = "lru_hash";
	ck_not_found(&doc, "map_full");
	s.maps[0].ringbuf = &ring;
	ck_found(&doc,
		 "Ring buffer task_ctx is full or nearly so: 3700 of 4096 bytes wait to be read.");
	ring.producer_pos = N(4096 + 3600);
	ck_not_found(&doc, "ringbuf_full");
	ring.producer_pos = N(4095);
	ck_not_found(&doc, "ringbuf_full");
	sample_deinit(&s);
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
	&who_holds_a_task,
	&a_sub_scheduler_that_fails,
	&a_sub_scheduler_that_has_gone,
	&a_local_queue_whose_cpu_runs_something_else,
	&half_way_is_a_warning,
	&nothing_stalled_is_said,
	&where_the_late_one_came_too_late_half_way_tells,
	&many_stalled_tasks_are_counted,
	&how_the_scheduler_ended,
	&a_queue_that_nobody_consumes,
	&a_queue_that_only_grew,
	&a_task_that_others_overtake,
	&a_task_that_may_not_run_where_its_queue_is_consumed,
	&what_the_cpus_run,
	&the_first_finding_as_one_line,
	&a_kernel_that_panicked,
	&pairs_that_do_not_belong_together,
	&a_current_task_with_an_endless_slice,
	&who_had_a_cpu_between_the_snapshots,
	&a_clock_that_stood_still,
	&lists_that_contradict_themselves,
	&where_the_scheduler_keeps_its_tasks,
	&where_a_scheduler_links_its_contexts,
	&maps_that_take_nothing_more,
	&causes_come_first,
	&the_difference_lists_what_changed,
	&no_time_between_no_rates,
};

UNIT_MAIN("render_diagnosis", tests)
