/* SPDX-License-Identifier: BSD-2-Clause */
/* render_diagnosis_maps.c - findings by what the scheduler's maps and arenas hold */
#include <scxray/log.h>

#include "tests/lib/unit.h"
#include "tests/render/findings.h"

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

static const unit_test tests[] = {
	&where_the_scheduler_keeps_its_tasks,
	&where_a_scheduler_links_its_contexts,
};

UNIT_MAIN("render_diagnosis_maps", tests)
