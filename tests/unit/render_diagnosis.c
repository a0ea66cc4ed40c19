/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render_diagnosis.c - each finding, from a report that was made to have it;
 * and that it is not there where the data does not show it
 */
#include "tests/render/sample.h"
#include "tests/lib/unit.h"

struct pair {
	struct sample late, early;
	struct scxray_document doc;
};

static void pair_init(struct pair *p)
{
	sample_init(&p->late);
	sample_init(&p->early);
	sample_make_early(&p->early);
	scxray_document_dual(&p->doc, &p->early.r, &p->late.r, NULL);
}

static void pair_deinit(struct pair *p)
{
	sample_deinit(&p->late);
	sample_deinit(&p->early);
}

static char *json_of(const struct scxray_document *doc)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	ck_assert_int_eq(scxray_render_json(doc, out), 0);
	fclose(out);
	return text;
}

/* All findings end where the next key of the document begins. */
static char *findings_of(const struct scxray_document *doc)
{
	char *json = json_of(doc), *end = strstr(json, "\n ],\n \"");

	ck_assert_ptr_nonnull(strstr(json, "\"diagnosis\":["));
	ck_assert_ptr_nonnull(end);
	*end = '\0';
	return json;
}

static void check_finding(const struct scxray_document *doc, bool there, const char *part)
{
	char *findings = findings_of(doc);

	ck_assert_msg(!strstr(findings, part) == !there, "%s: %s\n%s", part,
		      there ? "missing" : "there", findings);
	free(findings);
}

#define ck_found(doc, part) check_finding(doc, true, part)
#define ck_not_found(doc, part) check_finding(doc, false, part)

/* STUCK0 taken off its queue, to be put elsewhere. */
static struct scxray_task *take_off(struct sample *s)
{
	struct scxray_task *t = &s->tasks[STUCK0];

	s->dsqs[3].nr_tasks = 0;
	s->dsqs[3].nr = N(0);
	s->tasks[STUCK1].runnable_cpu = -1;
	t->dsq_index = -1;
	t->dsq_kva = N(0);
	return t;
}

START_TEST(who_holds_a_task)
{
	struct sample s;
	struct scxray_document doc = { .late = &s.r };
	struct scxray_task *t;

	sample_init(&s);
	ck_found(&doc,
		 "stuck1[102] has been runnable for 9.200s without running, over the timeout of "
		 "8.000s (the kernel's message names it). It waits on DSQ 0x57a11 at position 2 of "
		 "2, behind stuck0[101]. It may only run on CPU 1.");
	ck_found(&doc,
		 "held[103] has been runnable for 9.160s without running, over the timeout of "
		 "8.000s. The BPF scheduler stall holds it");
	t = take_off(&s);
	ck_found(&doc,
		 "It is linked on CPU 0's runnable list, on no DSQ, and the BPF scheduler does not "
		 "have it either.");
	t->ops_state_name = "QUEUEING";
	ck_found(&doc, "It is in the middle of ops.enqueue()");
	t->ops_state_name = "DISPATCHING";
	ck_found(&doc, "It is in the middle of being dispatched");
	t->ops_state_name = "NONE";
	t->dsq_kva = N(KVA(0x2300));
	ck_found(&doc, "It points at DSQ 0x57a11, on whose list it was not found.");
	t->holding_cpu = N(1);
	ck_found(&doc, "CPU 1 holds it on its way to a local DSQ (holding_cpu).");
	t->migration_disabled = N(1);
	ck_found(&doc, "It may not leave CPU 0 (migration disabled).");
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
	ck_found(&doc, "It waits on DSQ 0x57a11 of child at position 1 of 2.");
	ck_found(&doc, "taken a task from DSQ 0x57a11 of child, its seq");
	ck_found(&doc, "The BPF scheduler child holds it");
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
		 "It waits on the local DSQ of CPU 0 at position 1 of 1; that CPU runs hog[106] of "
		 "class rt.");
	ck_found(&doc, "\"rq_scx_states[0].curr_pid\"");
	/* seq says that the queue has been used: no word of "never" */
	ck_not_found(&doc, "nobody has ever taken");
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
		 "{\"severity\":\"warning\",\"kind\":\"task_half_way\",\"text\":\"stuck0[101] has "
		 "been runnable for 4.008s without running, more than half the timeout of 8.000s.");
	ck_not_found(&doc, "task_stalled");
	/* 990 jiffies are less than half of 2000 */
	ck_not_found(&doc, "held[103]");
	ck_not_found(&doc, "scheduler_exit");
	/* the watchdog fires after the timeout, not on it */
	s.tasks[STUCK0].runnable_age_jiffies = N(2000);
	ck_not_found(&doc, "task_stalled");
	s.tasks[STUCK0].runnable_age_jiffies = N(2001);
	ck_found(&doc, "task_stalled");
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
	ck_not_found(&doc, "cpu_taken");
	ck_not_found(&doc, "dsq_not_consumed");
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
	ck_found(&p.doc, "\"text\":\"Half-way: stuck0[101] has been runnable for 4.008s without "
			 "running, more than half the timeout of 8.000s. It waits on DSQ 0x57a11");
	ck_found(&p.doc, "\"early.task_enrichments[0].runnable_age_jiffies\"");
	/* the kernel's message is the late report's */
	ck_found(&p.doc, "Half-way: stuck1[102]");
	ck_found(&p.doc, "more than half the timeout of 8.000s (the kernel's message names it).");
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
	ck_found(&doc,
		 "40 tasks in all have been runnable for half the timeout or longer, 40 of them "
		 "for all of it.");
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
		 "stuck1[102] failed to run for 9.200s. It happened on CPU 0.");
	root->exit_kind = N(1025);
	root->exit_kind_name = "SCX_EXIT_ERROR_BPF";
	root->exit_info.reason = T("scx_bpf_error");
	root->exit_info.msg = T("no task context for pid 7");
	ck_found(
		&doc,
		"The BPF program of scheduler stall called scx_bpf_error() with SCX_EXIT_ERROR_BPF, "
		"scx_bpf_error: no task context for pid 7.");
	/* once it is being disabled the atomic says so, and the exit_info why */
	root->exit_kind = N(1);
	root->exit_kind_name = "SCX_EXIT_DONE";
	root->exit_info.kind = N(1026);
	root->exit_info.kind_name = "SCX_EXIT_ERROR_STALL";
	ck_found(&doc, "{\"severity\":\"error\",\"kind\":\"scheduler_exit\",\"text\":\"The kernel "
		       "ended scheduler stall with SCX_EXIT_ERROR_STALL");
	root->exit_kind = N(64);
	root->exit_kind_name = "SCX_EXIT_UNREG";
	ck_found(&doc, "{\"severity\":\"info\",\"kind\":\"scheduler_exit\"");
	/* kernels before 6.16 have no atomic, the exit_info is all there is */
	root->exit_kind = (struct scxray_num){ 0 };
	root->exit_info.msg = T("");
	ck_found(&doc, "\"evidence\":[\"scx_sched_state.exit_info.kind\"]");
	root->exit_kind = N(0);
	root->exit_info.kind = N(0);
	ck_not_found(&doc, "scheduler_exit");
	root->watchdog_age_jiffies = N(2001);
	ck_found(&doc, "The watchdog itself has not run for 2001 jiffies, its timeout is 2000");
	root->watchdog_age_jiffies = N(2000);
	ck_not_found(&doc, "watchdog_late");
	ck_found(&doc,
		 "At the freeze scheduler stall was being aborted; bypass mode had not begun.");
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
		 "No CPU took a task from DSQ 0x57a11 between the two snapshots (5.200s apart): "
		 "the 2 tasks that were there stand at its head unchanged. Inferred: nobody ever "
		 "did, its seq (2) counts as many tasks as stand on it.");
	/* the same tasks in the same order, but they have been away */
	p.early.tasks[STUCK0].dsq_seq = N(100);
	p.late.dsqs[3].seq = N(200);
	ck_not_found(&p.doc, "No CPU took a task");
	ck_not_found(&p.doc, "nobody ever");
	pair_deinit(&p);
}
END_TEST

START_TEST(a_queue_that_only_grew)
{
	struct pair p;

	pair_init(&p);
	p.early.dsqs[3].nr_tasks = 1;
	p.early.dsqs[3].nr = N(1);
	p.early.tasks[STUCK1].dsq_index = -1;
	ck_found(&p.doc,
		 "the task that was there stands at its head unchanged, and 1 more came behind.");
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
	ck_found(&p.doc,
		 "DSQ 0x200 is consumed (340 tasks were put on it since early), but vt1[105] still "
		 "stands at position 2 of 2, its vtime 796000 beyond the head's.");
	pair_deinit(&p);
}
END_TEST

START_TEST(what_the_cpus_run)
{
	struct pair p;

	pair_init(&p);
	ck_found(
		&p.doc,
		"CPU 0 runs hog[106] of class rt, which sched_ext tasks can't preempt, as it did in "
		"the early snapshot; 2 stalled tasks may use this CPU.");
	p.early.rqs[0].curr_pid = N(1);
	ck_found(&p.doc,
		 "CPU 0 runs hog[106] of class rt, which sched_ext tasks can't preempt; 2 stalled");
	p.late.rqs[0].curr_class = "idle";
	ck_found(
		&p.doc,
		"CPU 0 is idle with 3 tasks on its runnable list; 2 stalled tasks may use this CPU.");
	p.late.rqs[0].curr_class = "ext";
	ck_not_found(&p.doc, "CPU 0 runs");
	p.late.rqs[1].online = N(0);
	ck_found(&p.doc,
		 "CPU 1 is offline for the scheduler; 3 stalled tasks have it in their mask.");
	/* only a task with CPU 1 alone in its mask is left */
	for (int i = 0; i < SAMPLE_TASKS; i++)
		if (i != STUCK1)
			p.late.tasks[i].runnable_cpu = -1;
	p.late.rqs[0].curr_class = "rt";
	ck_not_found(&p.doc, "cpu_taken");
	/* and one that may use both but can't leave where it is */
	p.late.tasks[STUCK0].runnable_cpu = 0;
	ck_found(&p.doc, "1 stalled task may use this CPU.");
	p.late.tasks[STUCK0].migration_disabled = N(1);
	p.late.tasks[STUCK0].cpu = N(1);
	ck_not_found(&p.doc, "cpu_taken");
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
		"Inferred: held[103] is kept in map heldq, at place 2 of 2: the value there is its "
		"pid.\",\"evidence\":[\"maps[0].array_entries[1].value\"]");
	/* a task that is on a DSQ is nobody's secret */
	s.tasks[HELD].ops_state_name = "NONE";
	ck_not_found(&doc, "held_in_map");
	s.tasks[HELD].ops_state_name = "QUEUED";
	entries[1].value = (const uint8_t *)&s.tasks[HELD].kva;
	entries[0].value = NULL;
	s.maps[0].value_type.size = 8;
	ck_found(&doc, "at place 2 of 2: the value there is its address.");
	s.maps[0].value_type.size = 16;
	ck_not_found(&doc, "held_in_map");
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

START_TEST(errors_come_first)
{
	struct pair p;
	char *findings, *error, *warning, *info;

	pair_init(&p);
	findings = findings_of(&p.doc);
	warning = strstr(findings, "\"warning\"");
	info = strstr(findings, "\"info\"");
	ck_assert(warning && info && warning < info);
	for (error = findings; (error = strstr(error, "\"error\"")); error++)
		ck_assert(error < warning);
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
	ck_assert_ptr_nonnull(strstr(json, "\"gone\":[{\"id\":512,\"origin\":\"user\","));
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
	&what_the_cpus_run,
	&a_clock_that_stood_still,
	&lists_that_contradict_themselves,
	&where_the_scheduler_keeps_its_tasks,
	&maps_that_take_nothing_more,
	&errors_come_first,
	&the_difference_lists_what_changed,
	&no_time_between_no_rates,
};

UNIT_MAIN("render_diagnosis", tests)
