/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sample.h - reports made by hand, for the tests of text and JSON
 *
 * Two CPUs, a stalled DSQ, a task that the BPF scheduler holds, a vtime queue
 * that is consumed, a real-time hog, a sub-scheduler, and one of each thing that
 * can't be read.  sample_init() makes the late report, sample_make_early() turns
 * such a one into the report of five seconds before.
 */
#ifndef TESTS_RENDER_SAMPLE_H
#define TESTS_RENDER_SAMPLE_H

#include "tests/render/sample_queues.h"

static const char *const sample_missing[] = { "scx_exit_info.flags", "scx_rq.ops_qseq" };

static void sample_vcpus(struct sample *s)
{
	s->vcpus[0].parked = true;
	s->vcpus[0].regs.value[SCXRAY_REG_RIP] = KERNEL_TEXT + 0x10;
	s->vcpus[0].regs.value[SCXRAY_REG_RSP] = 0xffffc90000003f00;
	s->vcpus[0].regs.known = 1 << SCXRAY_REG_RIP | 1 << SCXRAY_REG_RSP;
	s->vcpus[0].ip = (struct scxray_address){ N(KERNEL_TEXT + 0x10), "scx_tick+0x10", NULL };
	s->vcpus[0].cpu = N(0);
	s->vcpus[0].curr_kva = N(s->tasks[HOG].kva);
	s->vcpus[0].curr_pid = N(106);
	s->vcpus[0].curr_comm = T("hog");
}

static void sample_maps(struct sample *s)
{
	s->maps[0] = (struct scxray_map){ .id = 3,
					  .map_kva = KVA(0x7000),
					  .name = T("task_ctx"),
					  .map_type = N(29),
					  .type_name = "task_storage",
					  .key_size = N(4),
					  .value_size = N(32),
					  .max_entries = N(0),
					  .map_flags = N(1) };
	s->maps[1] = (struct scxray_map){ .id = 9,
					  .map_kva = KVA(0x7800),
					  .name = T("future"),
					  .map_type = N(99),
					  .key_size = N(4),
					  .value_size = LOST(KVA(0x7820), "not mapped"),
					  .max_entries = N(1),
					  .error = "map type 99 is not known" };
}

static void sample_init(struct sample *s)
{
	memset(s, 0, sizeof(*s));
	s->all_cpus = 3;
	s->one_cpu = 2;
	s->types = types_create();
	s->entity = btf__add_struct(s->types.btf, "sched_ext_entity", 24);
	btf__add_field(s->types.btf, "dsq_vtime", s->types.u64, 0, 0);
	btf__add_field(s->types.btf, "slice", s->types.u64, 64, 0);
	btf__add_field(s->types.btf, "sticky_cpu", s->types.s32, 128, 0);
	memcpy(s->entity_bytes, (uint64_t[3]){ 101000, 5000000, 0xffffffff }, 24);
	sample_tasks(s);
	sample_queues(s);
	sample_scheds(s);
	sample_vcpus(s);
	sample_maps(s);

	s->r.guest = (struct scxray_guest){
		.banner = T("Linux version 7.3.4 (builder@example.org) #1 SMP"),
		.release = T("7.3.4"),
		.nr_cpus = N(2),
		.nr_nodes = N(1),
		.hz = N(250),
		.jiffies = N(JIFFIES),
		.kaslr_offset = N(0xf200000),
		.phys_base = N(-0x1000000),
		.paging_levels = 4,
		.memory_bytes = 128 << 20,
		.nr_symbols = 199097,
		.nr_types = 124640,
		.found_by = "vmcoreinfo",
		.missing = sample_missing,
		.nr_missing = 2,
	};
	s->r.vcpus = s->vcpus;
	s->r.nr_vcpus = 2;
	s->r.maps = s->maps;
	s->r.nr_maps = 2;
	s->r.tasks = s->tasks;
	s->r.nr_tasks = SAMPLE_TASKS;
	s->r.rqs = s->rqs;
	s->r.nr_rqs = 2;
	s->r.dsqs = s->dsqs;
	s->r.nr_dsqs = 5;
	s->r.scheds = s->scheds;
	s->r.nr_scheds = 2;
	s->r.enable_state = N(1);
	s->r.enable_state_name = "SCX_ENABLED";
	s->r.switching_all = N(1);
}

/* The same guest 5.2 s earlier: no exit, shorter ages, counters lower; the hog is there already. */
__attribute__((unused)) static void sample_make_early(struct sample *s)
{
	const uint64_t before = 1300;

	s->r.guest.jiffies = N(JIFFIES - before);
	for (int i = 0; i < SAMPLE_TASKS; i++) {
		struct scxray_task *t = &s->tasks[i];

		if (t->runnable_age_jiffies.state != SCXRAY_PRESENT)
			continue;
		/* those that wait since before have waited less, the others are other waits */
		if (t->runnable_age_jiffies.value > before) {
			t->runnable_age_jiffies.value -= before;
			t->runnable_age_ms.value -= before * 4;
		} else {
			t->runnable_at.value -= before;
			t->dsq_vtime.value -= 1000;
			t->dsq_seq.value -= 340;
		}
	}
	s->dsqs[4].seq.value -= 340;
	s->rqs[0].kick_sync.value -= 2000;
	s->rqs[1].rq_clock.value -= 5206525102;
	s->rqs[1].clock.value -= 5206525102;
	s->events[0].total.value = 0;
	s->scheds[0].exit_kind = N(0);
	s->scheds[0].exit_kind_name = "SCX_EXIT_NONE";
	s->scheds[0].exit_info = (struct scxray_exit_info){ .kva = N(KVA(0x6000)), .kind = N(0) };
	s->scheds[0].aborting = N(0);
}

static void sample_deinit(struct sample *s)
{
	btf__free(s->types.btf);
}

#endif
