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

static const unit_test tests[] = {
	&who_holds_a_task,
	&a_sub_scheduler_that_fails,
	&a_sub_scheduler_that_has_gone,
	&half_way_is_a_warning,
	&nothing_stalled_is_said,
	&where_the_late_one_came_too_late_half_way_tells,
	&many_stalled_tasks_are_counted,
	&how_the_scheduler_ended,
	&the_first_finding_as_one_line,
	&a_kernel_that_panicked,
	&pairs_that_do_not_belong_together,
	&lists_that_contradict_themselves,
	&maps_that_take_nothing_more,
};

UNIT_MAIN("render_diagnosis", tests)
