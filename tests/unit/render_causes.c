/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render_causes.c - who keeps a CPU, and other causes of a stall: each where the data says so,
 * and not where it does not
 */
#include <scxray/log.h>
#include <scxray/prog.h>

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

START_TEST(a_task_that_goes_on_and_on)
{
	struct pair p;

	pair_init(&p);
	p.early.tasks[EVIL].cpu = p.late.tasks[EVIL].cpu = N(1);
	p.early.tasks[EVIL].sum_exec_runtime = N(1000000);
	p.late.tasks[EVIL].sum_exec_runtime = N(5101000000);
	/* it may be switched to and fro all the while */
	p.early.rqs[1].nr_switches = N(1000);
	p.late.rqs[1].nr_switches = N(1400);
	ck_not_found(&p.doc, "let go on");
	p.late.rqs[1].nr_switches = N(1010);
	ck_found(&p.doc, "[107] has CPU 1 for 5.100s of the 5.200s: at the end of each slice it is "
			 "let go on.");
	p.late.tasks[EVIL].sum_exec_runtime = N(3101000000);
	ck_not_found(&p.doc, "let go on");
	pair_deinit(&p);
}
END_TEST

START_TEST(a_timer_that_is_not_armed)
{
	struct pair p;
	struct scxray_pointee timers[] = { { .addr = KVA(0x40000),
					     .label = "not armed, callback=fired" },
					   { .addr = KVA(0x40100), .label = "not armed" } };

	pair_init(&p);
	p.late.maps[1].active = true;
	timers[0].map_kva = timers[1].map_kva = p.late.maps[1].map_kva;
	p.late.r.pointees = timers;
	p.late.r.nr_pointees = 2;
	ck_found(&p.doc, "The BPF timer in map future is not armed.");
	timers[1].label = "armed, expires=5ns";
	ck_not_found(&p.doc, "is not armed");
	pair_deinit(&p);
}
END_TEST

START_TEST(cpus_that_wait_for_each_others_kicks)
{
	static uint64_t first = 1;
	struct pair p;

	pair_init(&p);
	p.late.rqs[0].cpus_to_wait = p.late.rqs[1].cpus_to_wait = p.late.rqs[1].cpus_to_kick;
	p.late.rqs[1].cpus_to_wait.words = &first;
	p.early.rqs[0].kick_sync = p.late.rqs[0].kick_sync;
	ck_found(&p.doc,
		 "CPUs wait for each other's kicks (SCX_KICK_WAIT) in a circle: CPU 0 for CPU 1, "
		 "CPU 1 for CPU 0; none of them went through a pick between the snapshots "
		 "(kick_sync). stuck0[101], stuck1[102] and held[103] wait meanwhile");
	/* one of them did */
	p.early.rqs[0].kick_sync.value--;
	ck_not_found(&p.doc, "kick_circle");
	/* of one moment alone it is concluded */
	scxray_document_single(&p.doc, &p.late.r);
	ck_found(&p.doc, "Inferred: CPUs wait for each other's kicks");
	/* no circle */
	p.late.rqs[0].cpus_to_wait.state = SCXRAY_NONE;
	ck_not_found(&p.doc, "kick_circle");
	/* a CPU that waits for itself does not wait */
	p.late.rqs[0].cpus_to_wait = p.late.rqs[1].cpus_to_wait;
	p.late.rqs[1].cpus_to_wait.state = SCXRAY_NONE;
	ck_not_found(&p.doc, "kick_circle");
	pair_deinit(&p);
}
END_TEST

START_TEST(enabling_that_does_not_end)
{
	struct scxray_address frames[] = { { N(KERNEL_TEXT), "__schedule+0x52a", NULL },
					   { N(KERNEL_TEXT), "schedule+0x28", NULL },
					   { N(KERNEL_TEXT), "percpu_down_write+0x91", NULL } };
	struct pair p;

	pair_init(&p);
	p.late.r.enable_state_name = p.early.r.enable_state_name = "SCX_ENABLING";
	p.late.tasks[SLEEPER].comm = T("scx_enable_help");
	p.late.tasks[SLEEPER].state_letter = 'D';
	p.late.tasks[SLEEPER].kernel_stack = (struct scxray_stack_trace){ frames, 3, "", true };
	ck_found(&p.doc,
		 "sched_ext is in state SCX_ENABLING at both moments (5.200s apart): it does not "
		 "come to an end of it. scx_enable_help[108], which does it, is in state D in "
		 "percpu_down_write+0x91.");
	p.early.r.enable_state_name = "SCX_DISABLED";
	ck_not_found(&p.doc, "state_hangs");
	p.late.r.enable_state_name = p.early.r.enable_state_name = "SCX_ENABLED";
	ck_not_found(&p.doc, "state_hangs");
	pair_deinit(&p);
}
END_TEST

START_TEST(a_held_task_that_exits)
{
	struct sample s;
	struct scxray_document doc = { .late = &s.r };

	sample_init(&s);
	s.tasks[STUCK0].flag_names = "EXITING"; /* on a queue: nobody looks for it by pid */
	s.tasks[HELD].flag_names = "KTHREAD";
	ck_not_found(&doc, "is exiting");
	s.tasks[HELD].flag_names = "KTHREAD|EXITING";
	ck_found(&doc, "held[103] is exiting: bpf_task_from_pid() may no longer find it.");
	sample_deinit(&s);
}
END_TEST

START_TEST(how_often_dispatch_ran)
{
	struct scxray_prog progs[2] = { { .id = 7, .op = "dispatch", .cnt = N(100) },
					{ .id = 7, .op = "dispatch", .cnt = N(350) } };
	struct pair p;

	pair_init(&p);
	p.early.r.progs = &progs[0];
	p.late.r.progs = &progs[1];
	p.early.r.nr_progs = p.late.r.nr_progs = 1;
	ck_found(&p.doc, "ops.dispatch() ran 250 times meanwhile.");
	/* nobody counts */
	progs[1].cnt = progs[0].cnt = N(0);
	ck_not_found(&p.doc, "ops.dispatch() ran");
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

/* The log's last words about sched_ext, and how to take an image in time. */
START_TEST(an_image_without_a_scheduler)
{
	struct scxray_log_record log[] = {
		{ .text = T("sched_ext: BPF scheduler \"old\" enabled") },
		{ .text = T("sched_ext: BPF scheduler \"stall\" enabled") },
		{ .text = T("random: crng init done") },
		{ .text = T("sched_ext: BPF scheduler \"stall\" disabled (runnable task stall)") },
		{ .text = T("sched_ext: stall: stuck1[102] failed to run for 9.200s") },
	};
	struct sample s;
	struct scxray_document doc = { .late = &s.r };

	sample_init(&s);
	s.r.nr_scheds = 0;
	s.r.unavailable[SCXRAY_GROUP_SCHEDS] = "scx_root is NULL (no scheduler attached)";
	s.r.log = log;
	s.r.nr_log = 5;
	ck_found(
		&doc,
		"The kernel's log says: \\\"sched_ext: BPF scheduler \\\"stall\\\" enabled\\\", "
		"\\\"sched_ext: BPF scheduler \\\"stall\\\" disabled (runnable task stall)\\\", "
		"\\\"sched_ext: stall: stuck1[102] failed to run for 9.200s\\\". An image has to be "
		"taken while the scheduler is attached");
	s.r.nr_log = 0;
	ck_not_found(&doc, "The kernel's log says");
	s.r.unavailable[SCXRAY_GROUP_SCHEDS] = "symbol scx_root not found";
	ck_not_found(&doc, "An image has to be taken");
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

START_TEST(tasks_of_a_cpu_that_is_offline)
{
	struct pair p;

	pair_init(&p);
	/* nobody keeps CPU 0 */
	p.late.rqs[0].curr_class = p.late.tasks[HOG].sched_class = "ext";
	p.late.rqs[1].online = N(0);
	p.late.rqs[1].curr_class = p.early.rqs[1].curr_class = "idle";
	p.early.rqs[1].online = N(1);
	p.early.dsqs[3].seq = p.late.dsqs[3].seq = N(200);
	p.early.rqs[0].nr_switches = N(1000);
	p.late.rqs[0].nr_switches = N(1300);
	ck_found(
		&p.doc,
		"CPU 1 is offline, it was online at half-way. stuck0[101] and stuck1[102] wait for "
		"it, the first for 9.208s (timeout 8.000s), 2 of them on DSQ 0x57a11, from which no other "
		"CPU took a task meanwhile. stuck1[102] may run on CPU 1 only.");
	ck_not_found(&p.doc, "dsq_not_consumed");
	ck_not_found(&p.doc, "nothing kicked it");
	/* CPU 0 has hardly looked: of the two only the one that is bound to CPU 1 is explained */
	p.late.rqs[0].nr_switches = N(1003);
	ck_found(&p.doc, "CPU 1 is offline, it was online at half-way. stuck1[102] waits for it");
	ck_found(&p.doc, "dsq_not_consumed");
	p.late.rqs[1].online = N(1);
	ck_not_found(&p.doc, "\"kind\":\"cpu_offline\"");
	pair_deinit(&p);
}
END_TEST

/* The task has the second map open. */
static void open_map(struct sample *s, int task, struct scxray_held_file *file,
		     struct scxray_held_files *files)
{
	*file = (struct scxray_held_file){ .fd = 7,
					   .kind = SCXRAY_HELD_MAP,
					   .kva = s->maps[1].map_kva };
	*files = (struct scxray_held_files){ .files = file, .nr_files = 1 };
	s->tasks[task].held = files;
}

/* The records wait in order, and nobody takes the first. */
START_TEST(a_ring_buffer_that_nobody_reads)
{
	static const uint32_t letters[2][4] = { { 1, 7 }, { 1, 103 } };
	struct scxray_ringbuf_record records[] = {
		{ .bytes = (const uint8_t *)letters[0], .len = 16, .captured = 16 },
		{ .bytes = (const uint8_t *)letters[1], .len = 16, .captured = 16 },
	};
	struct scxray_ringbuf late = { .consumer_pos = N(4096),
				       .records = records,
				       .nr_records = 2 };
	struct scxray_ringbuf early = { .consumer_pos = N(4096) };
	struct scxray_held_files files;
	struct scxray_held_file file;
	struct pair p;

	pair_init(&p);
	p.late.maps[1].ringbuf = &late;
	p.early.maps[1].ringbuf = &early;
	p.late.maps[1].form = p.early.maps[1].form = SCXRAY_MAP_RINGBUF;
	ck_found(&p.doc,
		 "map future holds it, by pid, the first at place 2 of 2; its consumer position "
		 "did not move between the snapshots: nobody reads it.");
	early.consumer_pos = N(4000);
	ck_not_found(&p.doc, "nobody reads it");
	/* who has it open */
	open_map(&p.late, SLEEPER, &file, &files);
	ck_found(&p.doc, "has it open and is in state S.");
	ck_found(&p.doc, "\"kind\":\"held_in_map\"");
	/* a stopped one that has not is none of its */
	for (int i = VT0; i <= SLEEPER; i++)
		p.early.tasks[i].pcount = p.late.tasks[i].pcount = N(5);
	p.late.tasks[VT0].state_letter = 'T';
	ck_not_found(&p.doc, "user_process_stopped");
	p.late.tasks[SLEEPER].state_letter = 'T';
	ck_found(&p.doc, "\"kind\":\"user_process_stopped\",\"confidence\":\"shown\"");
	ck_found(&p.doc,
		 "is stopped (state T) and reads nothing from map future, which it has open.");
	/* open files are not known: concluded */
	p.late.tasks[SLEEPER].held = NULL;
	ck_found(&p.doc, "\"kind\":\"user_process_stopped\",\"confidence\":\"inferred\"");
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

START_TEST(a_lockup_in_the_log)
{
	struct scxray_log_record log[] = {
		{ .text = T("watchdog: BUG: soft lockup - CPU#0 stuck for 30s! [victim0:100]") },
		{ .text = T("Modules linked in:") },
	};
	struct sample s;
	struct scxray_document doc = { .late = &s.r };

	sample_init(&s);
	s.r.log = log;
	s.r.nr_log = 2;
	ck_found(&doc,
		 "The kernel's log says: \\\"watchdog: BUG: soft lockup - CPU#0 stuck for 30s!");
	/* of a scheduler before this one */
	log[1].text = T("sched_ext: BPF scheduler \"stall\" enabled");
	ck_not_found(&doc, "lockup_in_log");
	sample_deinit(&s);
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

START_TEST(an_lru_map_and_a_lost_task)
{
	struct sample s;
	struct scxray_document doc = { .late = &s.r };

	sample_init(&s);
	s.maps[1].type_name = "lru_hash";
	ck_not_found(&doc, "throws out");
	s.maps[1].active = true;
	ck_found(&doc, "(map future (lru_hash) throws out old entries where it is full)");
	sample_deinit(&s);
}
END_TEST

START_TEST(an_error_code_in_the_place_of_a_cpu)
{
	struct sample s;
	struct scxray_document doc = { .late = &s.r };

	sample_init(&s);
	s.scheds[0].exit_kind = s.scheds[0].exit_info.kind = N(1024);
	s.scheds[0].exit_info.msg = T("invalid CPU -2 in SCX_DSQ_LOCAL_ON dispatch verdict");
	ck_found(&doc, "-2 is ENOENT: an error code was taken for a CPU");
	s.scheds[0].exit_info.msg = T("invalid CPU 205 in SCX_DSQ_LOCAL_ON dispatch verdict");
	ck_not_found(&doc, "an error code");
	s.scheds[0].exit_info.msg = T("ops.init() failed (-17)");
	ck_found(&doc, "-17 is EEXIST.");
	s.scheds[0].exit_info.msg = T("ops.cgroup_init() failed (-28)");
	ck_found(&doc, "failed in ops.cgroup_init()");
	ck_found(&doc, "-28 is ENOSPC.");
	sample_deinit(&s);
}
END_TEST

START_TEST(a_queue_that_was_there)
{
	struct pair p;

	pair_init(&p);
	p.late.scheds[0].exit_kind = p.late.scheds[0].exit_info.kind = N(1024);
	p.late.scheds[0].exit_info.msg = T("non-existent DSQ 0x666");
	ck_found(&p.doc, "\"kind\":\"dsq_missing\"");
	ck_not_found(&p.doc, "destroyed since");
	p.early.dsqs[3].id = N(0x666);
	ck_found(&p.doc, "It was there at half-way: it has been destroyed since.");
	p.late.scheds[0].exit_info.msg =
		T("scheduling for a[1] but trying to direct-dispatch b[2]");
	ck_found(&p.doc, "inserted another task than the one that it was given");
	pair_deinit(&p);
}
END_TEST

/* CPU 1 is in the program of ops.dispatch(). */
static void put_into_program(struct sample *s, struct scxray_address *frame,
			     struct scxray_bpf_line *line, struct scxray_prog *prog)
{
	*prog = (struct scxray_prog){ .name = T("stall_dispatch"), .op = "dispatch" };
	*line = (struct scxray_bpf_line){ .function = T("stall_dispatch"),
					  .file = T("main.bpf.c"),
					  .line = N(212) };
	*frame = (struct scxray_address){ N(KERNEL_TEXT),
					  "bpf_prog_aae95bbab5f3151e_stall_dispatch+0x3c [bpf]",
					  line };
	s->r.progs = prog;
	s->r.nr_progs = 1;
	s->vcpus[1].parked = true;
	s->vcpus[1].cpu = N(1);
	s->vcpus[1].backtrace = (struct scxray_stack_trace){ frame, 1, "", true };
}

START_TEST(a_program_that_does_not_end)
{
	struct scxray_bpf_line lines[2];
	struct scxray_address frames[2];
	struct scxray_prog progs[2];
	struct pair p;

	pair_init(&p);
	put_into_program(&p.late, &frames[0], &lines[0], &progs[0]);
	put_into_program(&p.early, &frames[1], &lines[1], &progs[1]);
	p.early.rqs[1].nr_switches = p.late.rqs[1].nr_switches = N(1000);
	ck_found(&p.doc,
		 "CPU 1 does not come out of ops.dispatch() of scheduler stall: now as at "
		 "half-way it is in stall_dispatch+0x3c [bpf] at main.bpf.c:212, and switched "
		 "tasks 0 times in between. stuck0[101], stuck1[102] and held[103] wait "
		 "meanwhile, the first for 9.208s");
	/* it was there at half-way, and has hardly switched since */
	p.late.vcpus[1].backtrace.nr = 0;
	p.late.rqs[1].nr_switches = N(1003);
	ck_found(&p.doc,
		 "Inferred: CPU 1 does not come out of ops.dispatch() of scheduler stall: at "
		 "half-way it was in stall_dispatch+0x3c");
	/* a busy CPU may be in its program at any moment */
	p.late.vcpus[1].backtrace.nr = 1;
	p.late.rqs[1].nr_switches = N(1400);
	ck_not_found(&p.doc, "program_loops");
	/* its clock has had no tick */
	p.late.rqs[1].clock.value -= 3000000000;
	ck_found(&p.doc, "its clock is 2.999s behind that of others.");
	/* a program of tracing is none of the scheduler's */
	progs[0].op = NULL;
	ck_not_found(&p.doc, "program_loops");
	pair_deinit(&p);
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

START_TEST(an_object_of_a_list_has_the_task)
{
	static const uint32_t object[4] = { 0, 103 };
	struct sample s;
	struct scxray_document doc = { .late = &s.r };
	struct scxray_pointee objects[] = {
		{ .addr = KVA(0x40000),
		  .value = { .bytes = (const uint8_t *)object,
			     .size = sizeof(object),
			     .state = SCXRAY_PRESENT } },
	};

	sample_init(&s);
	s.r.pointees = objects;
	s.r.nr_pointees = 1;
	objects[0].value.btf = s.types.btf;
	objects[0].value.type_id = (uint32_t)s.entity;
	objects[0].map_kva = s.maps[1].map_kva;
	ck_found(&doc, "map future holds it, by pid, in objects sched_ext_entity that it links.");
	/* an object of nobody's map */
	objects[0].map_kva = KVA(0x123000);
	ck_not_found(&doc, "held_in_map");
	sample_deinit(&s);
}
END_TEST

START_TEST(a_value_of_one_cpu_has_the_tasks)
{
	static const uint32_t values[2][8] = { { 755, 104, 105, 104 }, { 5, 101, 102, 103 } };
	const uint8_t *per_cpu[2] = { (const uint8_t *)values[0], (const uint8_t *)values[1] };
	struct scxray_entry entry = { 0 };
	struct sample s;
	struct scxray_document doc = { .late = &s.r };

	sample_init(&s);
	for (int i = STUCK0; i <= STUCK1; i++) {
		s.tasks[i].dsq_index = -1;
		s.tasks[i].dsq_kva = N(0);
		s.tasks[i].ops_state_name = "QUEUED";
	}
	s.maps[1].type_name = "percpu_array";
	s.maps[1].value_type.size = sizeof(values[0]);
	s.maps[1].entries = &entry;
	s.maps[1].nr_entries = s.maps[1].total = 1;
	s.maps[1].per_cpu = per_cpu;
	s.maps[1].nr_cpus = 2;
	ck_found(&doc,
		 "map future (percpu_array) holds them, by pid, the first at place 1 of 1, in "
		 "the value of CPU 1.");
	sample_deinit(&s);
}
END_TEST

static const unit_test tests[] = {
	&tasks_that_are_passed_over,
	&a_queue_that_an_idle_cpu_leaves,
	&a_queue_that_comes_first,
	&a_task_that_goes_on_and_on,
	&a_timer_that_is_not_armed,
	&cpus_that_wait_for_each_others_kicks,
	&enabling_that_does_not_end,
	&a_held_task_that_exits,
	&how_often_dispatch_ran,
	&a_verdict_that_was_left_behind,
	&a_list_of_tasks_that_is_cut,
	&an_image_without_a_scheduler,
	&a_queue_that_the_kept_cpu_consumes,
	&tasks_of_a_cpu_that_is_offline,
	&a_ring_buffer_that_nobody_reads,
	&a_queue_that_is_not_consumed_any_more,
	&a_few_that_left_show_nothing,
	&a_lockup_in_the_log,
	&a_queue_in_order_whose_slices_are_long,
	&a_task_that_the_kernel_rescues,
	&an_lru_map_and_a_lost_task,
	&an_error_code_in_the_place_of_a_cpu,
	&a_queue_that_was_there,
	&a_program_that_does_not_end,
	&a_cgroup_of_which_nobody_runs,
	&an_object_of_a_list_has_the_task,
	&a_value_of_one_cpu_has_the_tasks,
	&a_bystander_before_an_endless_slice,
	&a_bystander_that_interrupted_nobody,
};

UNIT_MAIN("render_causes", tests)
