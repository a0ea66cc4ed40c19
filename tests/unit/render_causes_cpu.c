/* SPDX-License-Identifier: BSD-2-Clause */
/* render_causes_cpu.c - causes that are a CPU, the scheduler's state or its exit */
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

static const unit_test tests[] = {
	&a_task_that_goes_on_and_on,
	&a_timer_that_is_not_armed,
	&cpus_that_wait_for_each_others_kicks,
	&enabling_that_does_not_end,
	&how_often_dispatch_ran,
	&an_image_without_a_scheduler,
	&tasks_of_a_cpu_that_is_offline,
	&a_lockup_in_the_log,
	&an_error_code_in_the_place_of_a_cpu,
	&a_queue_that_was_there,
	&a_program_that_does_not_end,
	&a_bystander_before_an_endless_slice,
	&a_bystander_that_interrupted_nobody,
};

UNIT_MAIN("render_causes_cpu", tests)
