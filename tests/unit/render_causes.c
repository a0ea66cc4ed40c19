/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render_causes.c - queues and CPUs as causes of a stall: each where the data says so,
 * and not where it does not
 */
#include <scxray/log.h>
#include <scxray/prog.h>

#include "tests/lib/unit.h"
#include "tests/render/findings.h"

/* VT0 and VT1 wait at the head of the vtime queue, each bound to a CPU; 340 others passed them. */
static void bind_both(struct pair *p)
{
	static uint64_t first = 1;

	/* nobody keeps CPU 0 */
	p->late.rqs[0].curr_class = p->late.tasks[HOG].sched_class = "ext";
	for (int i = VT0; i <= VT1; i++) {
		struct scxray_task *t = &p->late.tasks[i];

		t->runnable_age_jiffies = N(2100);
		t->runnable_age_ms = N(8400);
		t->dsq_seq = N(200 + i);
		t->nr_cpus_allowed = N(1);
		t->cpus_allowed.words = i == VT0 ? &first : &p->late.one_cpu;
		p->early.tasks[i].dsq_seq = t->dsq_seq;
	}
}

START_TEST(tasks_that_are_passed_over)
{
	struct scxray_task_ref seen[1];
	struct pair p;

	pair_init(&p);
	bind_both(&p);
	/* whichever CPU took the others, one of the two may run there */
	ck_found(&p.doc, "\"kind\":\"passed_over\"");
	ck_found(&p.doc,
		 "DSQ 0x200 is consumed (340 tasks taken between the snapshots), but vt0[104] and "
		 "vt1[105] are passed over at its head, for 8.400s");
	ck_not_found(&p.doc, "No CPU took a task from DSQ 0x200");
	/* of CPU 1 alone: CPU 0 may have taken them */
	p.late.tasks[VT0].cpus_allowed.words = &p.late.one_cpu;
	ck_not_found(&p.doc, "passed_over");
	ck_found(&p.doc, "is consumed only by CPUs where vt0[104] and vt1[105] may not run");
	/* it did not switch as often as tasks were taken */
	p.early.rqs[0].nr_switches = N(1000);
	p.late.rqs[0].nr_switches = N(1100);
	ck_found(&p.doc, "passed_over");
	p.late.rqs[0].nr_switches = N(1400);
	ck_not_found(&p.doc, "passed_over");
	/* one was seen to be taken by CPU 0; that CPU can't have taken all of them */
	sample_on_dsq(&p.early, SLEEPER, 4, seen, 0, 290);
	p.early.tasks[SLEEPER].pcount = N(5);
	p.late.tasks[SLEEPER].pcount = N(9);
	p.late.tasks[SLEEPER].cpu = N(0);
	ck_found(&p.doc,
		 "DSQ 0x200 is consumed by CPU 0 only, where vt0[104] and vt1[105] may not run");
	p.late.rqs[0].nr_switches = N(1100);
	ck_found(&p.doc, "passed_over");
	pair_deinit(&p);
}
END_TEST

START_TEST(a_queue_that_an_idle_cpu_leaves)
{
	struct pair p;

	pair_init(&p);
	p.late.rqs[1].curr_class = p.early.rqs[1].curr_class = "idle";
	p.early.rqs[1].nr_switches = p.late.rqs[1].nr_switches = N(1000);
	ck_found(&p.doc, "CPU 1 is idle in both and did not switch in between: nothing kicked it.");
	p.late.rqs[1].nr_switches = N(1010);
	ck_found(&p.doc,
		 "CPU 1 is idle in both after 10 switches in between, so its ops.dispatch() "
		 "ran and took nothing from here.");
	/* it may have run ops.dispatch() of nobody */
	p.late.scheds[0].nr_ops = 1;
	ck_not_found(&p.doc, "ops.dispatch() ran");
	pair_deinit(&p);
}
END_TEST

/* A queue that is never empty may always come first, unless a CPU is idle. */
START_TEST(a_queue_that_comes_first)
{
	static const char first[] =
		"Meanwhile CPUs took 340 tasks from DSQ 0x200, which is not empty at either moment: "
		"if CPUs look there first, the turn of this one never comes.";
	struct pair p;

	pair_init(&p);
	ck_found(&p.doc, first);
	p.early.rqs[1].curr_class = "idle";
	ck_not_found(&p.doc, first);
	pair_deinit(&p);
}
END_TEST

START_TEST(a_verdict_that_was_left_behind)
{
	struct sample s;
	struct scxray_document doc = { .late = &s.r };

	sample_init(&s);
	ck_not_found(&doc, "verdict_left_behind");
	s.tasks[HELD].ddsp_dsq_id = N(1ULL << 63 | 2);
	ck_found(&doc, "\"kind\":\"verdict_left_behind\"");
	ck_found(&doc,
		 "held[103] waits for 9.160s (timeout 8.000s) with a direct-dispatch verdict left "
		 "behind (ddsp_dsq_id ");
	ck_not_found(&doc, "task_lost");
	/* on a queue the verdict was carried out */
	s.tasks[STUCK0].ddsp_dsq_id = s.tasks[HELD].ddsp_dsq_id;
	s.tasks[HELD].ddsp_dsq_id = N(1ULL << 63);
	ck_not_found(&doc, "verdict_left_behind");
	sample_deinit(&s);
}
END_TEST

START_TEST(a_list_of_tasks_that_is_cut)
{
	struct sample s;
	struct scxray_document doc = { .late = &s.r };

	sample_init(&s);
	ck_not_found(&doc, "tasks_cut");
	s.r.cut[SCXRAY_GROUP_TASKS] = "cut after 8 tasks";
	ck_found(&doc, "{\"rank\":\"caveat\",\"severity\":\"warning\",\"kind\":\"tasks_cut\"");
	ck_found(&doc,
		 "The list of tasks is not complete (8 are here): cut after 8 tasks. Tasks that "
		 "wait may be missing below.");
	sample_deinit(&s);
}
END_TEST

/* HOG has CPU 0, and CPU 1 runs on but takes nothing from the queue of STUCK0 and STUCK1. */
START_TEST(a_queue_that_the_kept_cpu_consumes)
{
	static const char said[] =
		"2 of them on DSQ 0x57a11, from which no other CPU took a task meanwhile.";
	struct pair p;

	pair_init(&p);
	p.late.tasks[STUCK1].cpus_allowed.words = &p.late.all_cpus;
	p.early.tasks[HOG].cpu = p.late.tasks[HOG].cpu = N(0);
	p.early.tasks[HOG].sum_exec_runtime = N(1000000);
	p.late.tasks[HOG].sum_exec_runtime = N(5001000000);
	p.early.dsqs[3].seq = p.late.dsqs[3].seq = N(200);
	p.early.rqs[1].nr_switches = N(1000);
	p.late.rqs[1].nr_switches = N(1300);
	ck_found(&p.doc, said);
	ck_found(&p.doc, "\"kind\":\"cpu_kept_by_class\"");
	ck_not_found(&p.doc, "ext server");
	p.late.rqs[0].ext_server.dl_runtime = N(0);
	ck_found(&p.doc,
		 "The CPU's ext server, which would give them a share all the same, is turned "
		 "off (runtime 0).");
	p.late.rqs[0].ext_server.dl_runtime = N(50000000);
	ck_not_found(&p.doc, "ext server");
	ck_not_found(&p.doc, "dsq_not_consumed");
	/* it may just not have looked */
	p.late.rqs[1].nr_switches = N(1003);
	ck_not_found(&p.doc, said);
	/* nobody has ever consumed it: so neither has CPU 0 */
	p.late.rqs[1].nr_switches = N(1300);
	p.early.dsqs[3].seq = p.late.dsqs[3].seq = N(2);
	ck_not_found(&p.doc, said);
	ck_found(&p.doc, "dsq_not_consumed");
	pair_deinit(&p);
}
END_TEST

/* Of one moment: all that came since the first is there, and a CPU took others meanwhile. */
START_TEST(a_queue_that_is_not_consumed_any_more)
{
	struct sample s;
	struct scxray_document doc = { .late = &s.r };

	sample_init(&s);
	s.tasks[STUCK0].dsq_seq = N(199);
	s.tasks[STUCK1].dsq_seq = s.dsqs[3].seq = N(200);
	s.tasks[EVIL].last_arrival = N(s.rqs[1].clock.value - 4000000);
	ck_found(
		&doc,
		"Inferred: DSQ 0x57a11 is not consumed any more: all that was put on it in the last "
		"9.208s (timeout 8.000s) is still there, 2 tasks: stuck0[101] and stuck1[102].");
	/* the CPU has had the same task for as long as they wait: it had no chance to take them */
	s.tasks[EVIL].last_arrival = N(s.rqs[1].clock.value - 9500000000);
	ck_not_found(&doc, "not consumed any more");
	s.tasks[EVIL].last_arrival = N(s.rqs[1].clock.value - 4000000);
	/* one that came after the first has left */
	s.tasks[STUCK0].dsq_seq = N(198);
	ck_not_found(&doc, "not consumed any more");
	ck_found(&doc, "\"kind\":\"on_dsq\"");
	sample_deinit(&s);
}
END_TEST

START_TEST(a_few_that_left_show_nothing)
{
	struct pair p;

	pair_init(&p);
	p.late.tasks[VT0].runnable_age_jiffies = N(2100);
	p.late.tasks[VT0].runnable_age_ms = N(8400);
	p.late.tasks[VT0].dsq_seq = N(620);
	/* it may run anywhere, and was at the head at both moments */
	ck_found(&p.doc,
		 "Inferred: DSQ 0x200 is consumed (340 tasks taken between the snapshots), but "
		 "vt0[104] is passed over at its head for 8.400s");
	ck_found(&p.doc,
		 "its choice leaves it, or it puts others before (SCX_ENQ_HEAD, a smaller vtime).");
	p.late.tasks[VT0].dsq_seq = N(625);
	ck_not_found(&p.doc, "passed_over");
	pair_deinit(&p);
}
END_TEST

START_TEST(a_queue_in_order_whose_slices_are_long)
{
	struct pair p;

	pair_init(&p);
	p.late.tasks[VT0].runnable_age_jiffies = N(2100);
	p.late.tasks[VT0].runnable_age_ms = N(8400);
	ck_found(&p.doc, "\"kind\":\"slow_queue\"");
	ck_not_found(&p.doc, "slices of up to");
	p.late.tasks[VT1].slice = N(5000000000);
	ck_found(&p.doc,
		 "With 2 tasks on it and slices of up to 5s a turn may take longer than the "
		 "timeout.");
	pair_deinit(&p);
}
END_TEST

START_TEST(a_task_that_the_kernel_rescues)
{
	struct sample s;
	struct scxray_document doc = { .late = &s.r };
	struct scxray_task *t;

	sample_init(&s);
	ck_not_found(&doc, "rescue");
	s.dsqs[3].origin = SCXRAY_DSQ_RESCUE;
	s.dsqs[3].index = 1;
	ck_found(
		&doc,
		"The scheduler did not run stuck0[101] and stuck1[102]: the kernel has put them on "
		"the rescue DSQ of CPU 1 and runs them itself, the first runnable for 9.208s");
	ck_not_found(&doc, "never consumed");
	ck_not_found(&doc, "used up");
	s.rqs[1].rescue_budget = N(-1000);
	ck_found(&doc, "Its budget for that is used up.");
	/* in a dispatch buffer */
	s.dsqs[3].origin = SCXRAY_DSQ_USER;
	t = take_off(&s);
	t->buffered_by = 1;
	ck_found(&doc, "it is in a CPU's dispatch buffer: ops.dispatch() has inserted it, and not "
		       "returned.");
	sample_deinit(&s);
}
END_TEST

START_TEST(a_cgroup_of_which_nobody_runs)
{
	struct pair p;

	pair_init(&p);
	for (int i = 0; i < SAMPLE_TASKS; i++)
		p.late.tasks[i].cgroup_path = i <= STUCK1 ? "/crew" : "/";
	ck_found(&p.doc, "Both are in cgroup /crew, of which no other task is runnable.");
	p.late.tasks[VT0].cgroup_path = "/crew";
	ck_not_found(&p.doc, "in cgroup");
	pair_deinit(&p);
}
END_TEST

/* A live guest is stopped as the kind is set: the stack of the vCPU that does it says what the message will. */
START_TEST(an_error_whose_message_is_not_written_yet)
{
#define FRAME(name)                               \
	{                                         \
		N(KERNEL_TEXT + 0x10), name, NULL \
	}
	struct scxray_address frames[] = { FRAME("scx_claim_exit+0x1d"), FRAME("scx_vexit+0x3d"),
					   FRAME("__scx_exit+0x4f"),
					   FRAME("task_can_run_on_remote_rq+0xc0"),
					   FRAME("run_deferred+0x6f") };
	struct sample s;
	struct scxray_document doc = { .late = &s.r };

	sample_init(&s);
	s.scheds[0].exit_kind = N(1024);
	s.scheds[0].exit_info = (struct scxray_exit_info){ 0 };
	ck_found(&doc, "Scheduler stall did what the kernel refuses.");
	s.vcpus[0].backtrace = (struct scxray_stack_trace){ .frames = frames, .nr = 5 };
	ck_found(&doc,
		 "ops.enqueue() or ops.select_cpu() of scheduler stall sent a task to a CPU on "
		 "which it may not run (on CPU 0). The guest was stopped before the kernel wrote "
		 "its message.");
	ck_found(&doc, "\"kind\":\"cpu_not_allowed\"");
	frames[3].symbol = "find_dsq_for_dispatch+0x21";
	ck_found(&doc, "named a DSQ that does not exist (on CPU 0).");
	frames[3].symbol = "something_else+0x1";
	ck_found(&doc, "did what the kernel refuses (on CPU 0).");
	s.scheds[0].exit_kind = N(1025);
	frames[3].symbol = "scx_bpf_error_bstr+0x63";
	frames[4].symbol = "bpf_prog_aae95bbab5f3151e_stall_enqueue+0xbe [bpf]";
	ck_found(&doc, "gave up by scx_bpf_error() on CPU 0");
	/* a stack that is of nothing but exits says no more */
	s.vcpus[0].backtrace.nr = 3;
	ck_found(&doc, "gave up.");
	sample_deinit(&s);
#undef FRAME
}
END_TEST

static const unit_test tests[] = {
	&an_error_whose_message_is_not_written_yet,
	&tasks_that_are_passed_over,
	&a_queue_that_an_idle_cpu_leaves,
	&a_queue_that_comes_first,
	&a_verdict_that_was_left_behind,
	&a_list_of_tasks_that_is_cut,
	&a_queue_that_the_kept_cpu_consumes,
	&a_queue_that_is_not_consumed_any_more,
	&a_few_that_left_show_nothing,
	&a_queue_in_order_whose_slices_are_long,
	&a_task_that_the_kernel_rescues,
	&a_cgroup_of_which_nobody_runs,
};

UNIT_MAIN("render_causes", tests)
