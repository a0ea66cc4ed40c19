/* SPDX-License-Identifier: BSD-2-Clause */
/* render_causes_maps.c - tasks that a scheduler's maps hold, or none of them */
#include <scxray/log.h>
#include <scxray/prog.h>

#include "tests/lib/unit.h"
#include "tests/render/findings.h"

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
	&a_held_task_that_exits,	   &a_ring_buffer_that_nobody_reads,
	&an_lru_map_and_a_lost_task,	   &an_object_of_a_list_has_the_task,
	&a_value_of_one_cpu_has_the_tasks,
};

UNIT_MAIN("render_causes_maps", tests)
