/* SPDX-License-Identifier: BSD-2-Clause */
/* render_diff_map_kinds.c - maps whose entries have no keys of their own, early against late */
#include <time.h>

#include <scxray/group.h>
#include <scxray/map.h>
#include <scxray/task.h>

#include "tests/render/moments.h"

/* ---- other forms ------------------------------------------------------------------ */

START_TEST(a_queue_by_the_number_of_its_elements)
{
	const uint32_t pid[] = { 36, 37, 38 };
	struct moments m;

	moments_init(&m, SCXRAY_MAP_QUEUE, 22, "queue");
	m.early.map.value_type.size = m.late.map.value_type.size = 4;
	map_add(&m.early, NULL, &pid[0]);
	map_add(&m.late, NULL, &pid[0]);
	ck_diff(&m, "  maps: 0 changed, 1 unchanged\n");
	map_add(&m.late, NULL, &pid[1]);
	ck_diff(&m, "  maps: 1 changed, 0 unchanged\n"
		    "    m (queue): entries 1 → 2 (+1)\n");
	map_add(&m.early, NULL, &pid[2]);
	ck_diff(&m, "  maps: 1 changed, 0 unchanged\n"
		    "    m (queue): elements 1 byte differs\n");
	m.early.map.error = m.late.map.error = "queue header: not mapped";
	m.early.map.nr_entries = m.late.map.nr_entries = 0;
	m.early.map.total = m.late.map.total = 0;
	ck_diff(&m,
		"  maps: 0 changed, 0 unchanged\n"
		"    not or not wholly compared: m (queue) (early: queue header: not mapped)\n");
	moments_deinit(&m);
}
END_TEST

START_TEST(a_ring_buffer_by_its_positions)
{
	struct scxray_ringbuf old = { .capacity = N(4096),
				      .consumer_pos = N(100),
				      .producer_pos = N(300),
				      .pending_pos = N(300) },
			      new = old;
	struct moments m;

	moments_init(&m, SCXRAY_MAP_RINGBUF, 27, "ringbuf");
	m.early.map.ringbuf = &old;
	m.late.map.ringbuf = &new;
	ck_diff(&m, "  maps: 0 changed, 1 unchanged\n");
	new.producer_pos = N(700);
	ck_diff(&m,
		"  maps: 1 changed, 0 unchanged\n"
		"    m (ringbuf): producer_pos 300 → 700 (+400, 100/s), pending_bytes 200 → 600 "
		"(+400)\n");
	m.early.map.ringbuf = NULL;
	ck_diff(&m,
		"  maps: 0 changed, 0 unchanged\n"
		"    not or not wholly compared: m (ringbuf) (early: what it consists of could not "
		"be read)\n");
	moments_deinit(&m);
}
END_TEST

START_TEST(slots_by_what_they_hold)
{
	struct scxray_slot old[] = { { .index = 0, .kva = N(0x10), .holds = "prog a" },
				     { .index = 2, .kva = N(0x20), .holds = "prog b" },
				     { .index = 5, .kva = N(0x30) } };
	struct scxray_slot new[] = { { .index = 0, .kva = N(0x11), .holds = "prog a" },
				     { .index = 2, .kva = N(0x40), .holds = "prog c" },
				     { .index = 7, .kva = N(0x30) } };
	struct scxray_slots was = { 8, old, 3, 0, NULL }, is = { 8, new, 3, 0, NULL };
	struct moments m;

	moments_init(&m, SCXRAY_MAP_FD_ARRAY, 3, "prog_array");
	m.early.map.slots = &was;
	m.late.map.slots = &is;
	ck_diff(&m, "  maps: 1 changed, 0 unchanged\n"
		    "    m (prog_array): 2 of 2 slots changed, 1 appeared, 1 gone\n"
		    "      [0]: kva 0x0000000000000010 → 0x0000000000000011\n"
		    "      [2]: holds prog b → prog c\n"
		    "      appeared: [7]\n"
		    "      gone: [5]\n");
	ck_diff_json(&m, "\"appeared\":[{\"index\":7}]");
	moments_deinit(&m);
}
END_TEST

START_TEST(an_arena_by_its_pages)
{
	static uint8_t old[4096], new[4096];
	struct scxray_arena_page early[] = { { 0x100000000000, old }, { 0x100000001000, old } };
	struct scxray_arena_page late[] = { { 0x100000001000, new }, { 0x100000002000, old } };
	struct scxray_arena was = { .pages = early, .nr_pages = 2, .nr_mapped = 2 };
	struct scxray_arena is = { .pages = late, .nr_pages = 2, .nr_mapped = 9 };
	struct moments m;

	new[1] = new[4095] = 1;
	moments_init(&m, SCXRAY_MAP_ARENA, 33, "arena");
	m.early.map.arena = &was;
	m.late.map.arena = &is;
	ck_diff(&m,
		"  maps: 1 changed, 0 unchanged\n"
		"    m (arena): 1 of 1 pages changed, 1 appeared, 1 gone, pages_mapped 2 → 9 (+7)\n"
		"      0x100000001000: page 2 bytes differ\n"
		"      appeared: 0x100000002000\n"
		"      gone: 0x100000000000\n");
	ck_diff_json(&m, "{\"user_addr\":\"0x0000100000001000\",\"changes\":[{\"field\":\"page\","
			 "\"bytes_differ\":2}],\"total_changes\":1}");
	/* one that was cut may have had the page all the time */
	was.cut = "cut after 2 pages";
	ck_diff(&m, "  maps: 1 changed, 0 unchanged\n"
		    "    m (arena): 1 of 1 pages changed, 1 gone, pages_mapped 2 → 9 (+7); 1 not "
		    "compared (early: cut after 2 pages)\n"
		    "      0x100000001000: page 2 bytes differ\n"
		    "      gone: 0x100000000000\n");
	moments_deinit(&m);
}
END_TEST

START_TEST(stacks_by_their_frames)
{
	struct scxray_address a[] = { { N(1), "one", NULL }, { N(2), "two", NULL } };
	struct scxray_address b[] = { { N(1), "one", NULL }, { N(3), NULL, NULL } };
	struct scxray_stack old = { .id = 4, .nr = 2, .pcs = a, .nr_pcs = 2 };
	struct scxray_stack new = { .id = 4, .nr = 2, .pcs = b, .nr_pcs = 2 };
	struct scxray_stacks was = { .stacks = &old, .nr_stacks = 1 };
	struct scxray_stacks is = { .stacks = &new, .nr_stacks = 1 };
	struct moments m;

	moments_init(&m, SCXRAY_MAP_STACK_TRACE, 7, "stack_trace");
	m.early.map.stacks = &was;
	m.late.map.stacks = &is;
	ck_diff(&m, "  maps: 1 changed, 0 unchanged\n"
		    "    m (stack_trace): 1 of 1 buckets changed\n"
		    "      bucket 4: frames one < two → one < 0x3\n");
	ck_diff_json(&m,
		     "{\"bucket_id\":4,\"changes\":[{\"field\":\"frames\",\"old\":\"one < two\"");
	new.pcs = NULL;
	new.reason = "not mapped";
	ck_diff(&m, "  maps: 0 changed, 0 unchanged\n"
		    "    not or not wholly compared: m (stack_trace) (late: not mapped)\n");
	moments_deinit(&m);
}
END_TEST

START_TEST(a_filter_by_its_bits)
{
	struct scxray_bloom was = { N(1024), N(5), N(10) }, is = { N(1024), N(5), N(14) };
	struct moments m;

	moments_init(&m, SCXRAY_MAP_BLOOM, 30, "bloom_filter");
	m.early.map.bloom = &was;
	m.late.map.bloom = &is;
	ck_diff(&m, "  maps: 1 changed, 0 unchanged\n"
		    "    m (bloom_filter): nr_set 10 → 14 (+4)\n");
	moments_deinit(&m);
}
END_TEST

static const unit_test tests[] = {
	&a_queue_by_the_number_of_its_elements,
	&a_ring_buffer_by_its_positions,
	&slots_by_what_they_hold,
	&an_arena_by_its_pages,
	&stacks_by_their_frames,
	&a_filter_by_its_bits,
};

UNIT_MAIN("render_diff_map_kinds", tests)
