/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sample_queues.h - the tasks, queues and schedulers of the sample
 */
#ifndef TESTS_RENDER_SAMPLE_QUEUES_H
#define TESTS_RENDER_SAMPLE_QUEUES_H

#include <string.h>

#include <scxray/dsq.h>
#include <scxray/map.h>
#include <scxray/render.h>
#include <scxray/rq.h>
#include <scxray/sched.h>
#include <scxray/task.h>
#include <scxray/vcpu.h>

#include "tests/render/values.h"

#define N(v) ((struct scxray_num){ .value = (uint64_t)(v), .state = SCXRAY_PRESENT })
#define LOST(addr_, why) \
	((struct scxray_num){ .value = (addr_), .reason = (why), .state = SCXRAY_UNREADABLE })
#define T(s) ((struct scxray_text){ .bytes = (s), .len = sizeof(s) - 1, .state = SCXRAY_PRESENT })

#define KVA(n) (0xffff888000000000ULL + (n))
#define JIFFIES 4294896000ULL
#define SAMPLE_TASKS 8

enum {
	STUCK0,
	STUCK1,
	HELD,
	VT0,
	VT1,
	HOG,
	EVIL,
	SLEEPER
};

struct sample {
	struct scxray_report r;
	struct scxray_task tasks[SAMPLE_TASKS];
	struct scxray_rq rqs[2];
	struct scxray_dsq dsqs[5];
	struct scxray_sched scheds[2];
	struct scxray_vcpu vcpus[2];
	struct scxray_map maps[2];
	struct scxray_task_ref stuck[2], vt[2], runnable[2][3];
	struct scxray_event events[2];
	struct scxray_num event_cpus[2][2];
	struct scxray_op ops[2];
	struct scxray_address bt[2];
	uint64_t all_cpus, one_cpu;
	struct types types;
	int entity;
	uint8_t entity_bytes[24];
};

static void sample_task(struct sample *s, int i, const char *comm, int pid, long age)
{
	struct scxray_task *t = &s->tasks[i];

	*t = (struct scxray_task){
		.kva = KVA(0x10000 + i * 0x1000),
		.pid = N(pid),
		.tgid = N(pid),
		.comm = { .bytes = comm, .len = strlen(comm), .state = SCXRAY_PRESENT },
		.state = N(age >= 0 ? 0 : 1),
		.state_letter = age >= 0 ? 'R' : 'S',
		.cpu = N(i % 2),
		.on_cpu = N(0),
		.prio = N(120),
		.sched_class = "ext",
		.nr_cpus_allowed = N(2),
		.cpus_allowed = { .words = &s->all_cpus, .nr_bits = 2, .state = SCXRAY_PRESENT },
		.migration_disabled = N(0),
		.scx_flags = N(0x309),
		.scx_flag_names = "QUEUED|DEQD_FOR_SLEEP",
		.weight = N(100),
		.dsq_kva = N(0),
		.dsq_seq = N(0),
		.dsq_vtime = N(1000 * pid),
		.slice = N(5000000),
		.ops_state = N(0),
		.ops_state_name = "NONE",
		.ops_qseq = N(0),
		.sticky_cpu = N(-1),
		.holding_cpu = N(-1),
		.selected_cpu = N(i % 2),
		.ddsp_dsq_id = N(1ULL << 63),
		.sched_kva = N(KVA(0x5000)),
		.sched_name = "stall",
		.runnable_cpu = -1,
		.curr_cpu = -1,
		.on_scx_tasks = true,
		.dsq_index = -1,
	};
	if (age < 0)
		return;
	t->runnable_cpu = i % 2;
	t->runnable_at = N(JIFFIES - age);
	t->runnable_age_jiffies = N(age);
	t->runnable_age_ms = N(age * 4);
}

static void sample_on_dsq(struct sample *s, int task, int dsq, struct scxray_task_ref *refs,
			  uint32_t pos, uint64_t seq)
{
	refs[pos] = (struct scxray_task_ref){ s->tasks[task].kva, task };
	s->tasks[task].dsq_index = dsq;
	s->tasks[task].dsq_pos = pos;
	s->tasks[task].dsq_kva = N(s->dsqs[dsq].kva);
	s->tasks[task].dsq_id = s->dsqs[dsq].id;
	s->tasks[task].dsq_seq = N(seq);
	s->dsqs[dsq].tasks = refs;
	s->dsqs[dsq].nr_tasks = pos + 1;
	s->dsqs[dsq].nr = N(pos + 1);
	s->dsqs[dsq].seq = N(seq);
}

static void sample_tasks(struct sample *s)
{
	sample_task(s, STUCK0, "stuck0", 101, 2302);
	sample_task(s, STUCK1, "stuck1", 102, 2300);
	sample_task(s, HELD, "held", 103, 2290);
	sample_task(s, VT0, "vt0", 104, 7);
	sample_task(s, VT1, "vt1", 105, 6);
	sample_task(s, HOG, "hog", 106, -1);
	sample_task(s, EVIL, "e\033[2J\"\xff\n", 107, -1);
	sample_task(s, SLEEPER, "sleeper", 108, -1);

	s->tasks[STUCK1].cpus_allowed.words = &s->one_cpu;
	s->tasks[STUCK1].nr_cpus_allowed = N(1);
	s->tasks[HELD].ops_state = N(2);
	s->tasks[HELD].ops_state_name = "QUEUED";
	s->tasks[HELD].ops_qseq = N(37);
	s->tasks[HOG].sched_class = "rt";
	s->tasks[HOG].curr_cpu = 0;
	s->tasks[HOG].state_letter = 'R';
	s->tasks[HOG].on_cpu = N(1);
	s->tasks[EVIL].curr_cpu = 1;
	s->tasks[EVIL].weight = LOST(KVA(0x16100), "page not in the image");
	s->tasks[SLEEPER].comm = (struct scxray_text){ .addr = KVA(0x17200),
						       .reason = "not mapped",
						       .state = SCXRAY_UNREADABLE };
	s->tasks[STUCK0].scx = (struct scxray_value){
		.btf = s->types.btf,
		.type_id = (uint32_t)s->entity,
		.bytes = s->entity_bytes,
		.size = sizeof(s->entity_bytes),
		.addr = KVA(0x10400),
		.state = SCXRAY_PRESENT,
	};
}

static void sample_queues(struct sample *s)
{
	for (int i = 0; i < 5; i++)
		s->dsqs[i] = (struct scxray_dsq){ .kva = KVA(0x2000 + i * 0x100),
						  .sched_kva = KVA(0x5000),
						  .nr = N(0),
						  .seq = N(i * 10) };
	s->dsqs[0].id = s->dsqs[1].id = N(1ULL << 63 | 2);
	s->dsqs[0].id_name = s->dsqs[1].id_name = "SCX_DSQ_LOCAL";
	s->dsqs[1].index = 1;
	s->dsqs[2].origin = SCXRAY_DSQ_GLOBAL;
	s->dsqs[2].id = N(1ULL << 63 | 1);
	s->dsqs[2].id_name = "SCX_DSQ_GLOBAL";
	s->dsqs[3].origin = s->dsqs[4].origin = SCXRAY_DSQ_USER;
	s->dsqs[3].id = N(0x57a11);
	s->dsqs[4].id = N(0x200);
	s->dsqs[4].is_vtime = true;
	sample_on_dsq(s, STUCK0, 3, s->stuck, 0, 1);
	sample_on_dsq(s, STUCK1, 3, s->stuck, 1, 2);
	sample_on_dsq(s, VT0, 4, s->vt, 0, 630);
	sample_on_dsq(s, VT1, 4, s->vt, 1, 631);

	for (uint32_t c = 0; c < 2; c++) {
		struct scxray_task *curr = &s->tasks[c ? EVIL : HOG];

		s->rqs[c] = (struct scxray_rq){
			.cpu = c,
			.kva = KVA(0x3000 + c * 0x800),
			.nr_running = N(c ? 3 : 2),
			.flags = N(1),
			.flag_names = "ONLINE",
			.cpu_released = N(!c),
			.kick_sync = N(5000 + c),
			.rq_clock = N(14782851742 + c),
			.clock = N(14782851742 + c),
			.curr_kva = N(curr->kva),
			.curr_pid = curr->pid,
			.curr_comm = curr->comm,
			.curr_class = curr->sched_class,
			.curr_index = c ? EVIL : HOG,
			.rq_nr_running = N(3),
			.rt_nr_running = N(!c),
			.dl_nr_running = LOST(KVA(0x3900), "page not in the image"),
			.online = N(1),
			.cpus_to_kick = { .words = &s->one_cpu,
					  .nr_bits = 2,
					  .state = c ? SCXRAY_PRESENT : SCXRAY_NONE },
			.runnable = s->runnable[c],
		};
	}
	s->rqs[1].dl_nr_running = N(0);
	s->runnable[0][0] = (struct scxray_task_ref){ s->tasks[STUCK0].kva, STUCK0 };
	s->runnable[0][1] = (struct scxray_task_ref){ s->tasks[HELD].kva, HELD };
	s->runnable[0][2] = (struct scxray_task_ref){ s->tasks[VT1].kva, VT1 };
	s->runnable[1][0] = (struct scxray_task_ref){ s->tasks[STUCK1].kva, STUCK1 };
	s->runnable[1][1] = (struct scxray_task_ref){ s->tasks[VT0].kva, VT0 };
	s->runnable[1][2] = (struct scxray_task_ref){ KVA(0xbad000), -1 };
	s->rqs[0].nr_runnable = s->rqs[1].nr_runnable = 3;
	s->rqs[1].runnable_cut = "list broken at 0xffff888000bad000";
}

static void sample_events_and_ops(struct sample *s)
{
	s->event_cpus[0][0] = N(3);
	s->event_cpus[0][1] = LOST(0xffffc90000001000, "not mapped");
	s->event_cpus[1][0] = s->event_cpus[1][1] = N(0);
	s->events[0] =
		(struct scxray_event){ "SCX_EV_BYPASS_DURATION", N(31440956), s->event_cpus[0], 2 };
	s->events[1] =
		(struct scxray_event){ "SCX_EV_SELECT_CPU_FALLBACK", N(0), s->event_cpus[1], 2 };
	s->ops[0] = (struct scxray_op){ "enqueue",
					{ N(KERNEL_TEXT), "bpf_tramp", NULL },
					"stall_enqueue" };
	s->ops[1] = (struct scxray_op){ "dispatch", { N(KERNEL_TEXT + 8), NULL, NULL }, NULL };
	s->bt[0] = (struct scxray_address){ N(KERNEL_TEXT + 0x6d), "scx_vexit+0x6d", NULL };
	s->bt[1] = (struct scxray_address){ N(KVA(0x77)), NULL, NULL };
}

static void sample_scheds(struct sample *s)
{
	struct scxray_sched *root = &s->scheds[0], *sub = &s->scheds[1];

	sample_events_and_ops(s);
	*root = (struct scxray_sched){
		.sched_kva = N(KVA(0x5000)),
		.is_root = true,
		.cgrp_path = T("/"),
		.name = T("stall"),
		.ops_flags = N(0),
		.timeout_ms = N(8000),
		.ops = s->ops,
		.nr_ops = 2,
		.exit_kind = N(1026),
		.exit_kind_name = "SCX_EXIT_ERROR_STALL",
		.exit_info = {
			.kva = N(KVA(0x6000)),
			.kind = N(1026),
			.kind_name = "SCX_EXIT_ERROR_STALL",
			.exit_code = N(0),
			.exit_cpu = N(0),
			.reason = T("runnable task stall"),
			.msg = T("stuck1[102] failed to run for 9.200s"),
			.dump = { .addr = KVA(0x9000), .reason = "not mapped",
				  .state = SCXRAY_UNREADABLE },
			.bt = s->bt,
			.nr_bt = 2,
		},
		.aborting = N(1),
		.bypass_depth = N(0),
		.watchdog_timeout = N(2000),
		.watchdog_timestamp = N(JIFFIES - 10),
		.watchdog_age_jiffies = N(10),
		.slice_dfl = N(20000000),
		.events = s->events,
		.nr_events = 2,
	};
	*sub = (struct scxray_sched){
		.sched_kva = N(KVA(0x5800)),
		.parent_kva = N(KVA(0x5000)),
		.level = N(1),
		.cgrp_path = T("/beta"),
		.name = T("child"),
		.exit_kind = N(0),
		.exit_kind_name = "SCX_EXIT_NONE",
		.watchdog_timeout = N(2000),
		.events_unavailable = "scx_sched.pcpu not in this kernel",
	};
}

#endif
