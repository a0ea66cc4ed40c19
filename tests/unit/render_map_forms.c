/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render_map_forms.c - maps that are no list of keys and values
 */
#include <scxray/map.h>
#include <scxray/task.h>

#include "tests/lib/unit.h"
#include "tests/render/maps.h"

START_TEST(a_form_without_contents_is_a_header)
{
	struct one_map m;

	for (int form = SCXRAY_MAP_NONE; form <= SCXRAY_MAP_BLOOM; form++) {
		char *got;

		map_init(&m, (enum scxray_map_form)form, 1, "any");
		m.map.error = "header makes no sense";
		ck_map_text(&m, "");
		got = maps_json(&m.r);
		ck_assert_ptr_nonnull(strstr(got, "\"error\":\"header makes no sense\""));
		free(got);
		map_deinit(&m);
	}
}
END_TEST

static uint8_t pages[3][4096];

START_TEST(an_arena_counts_its_pages)
{
	struct scxray_arena_page page[3] = { { 0x100000000000, pages[0] },
					     { 0x100000001000, pages[1] },
					     { 0x100000005000, pages[2] } };
	struct scxray_arena arena = { .user_vm_start = N(0x100000000000),
				      .user_vm_end = N(0x100000040000),
				      .kern_vm_start = 0xffffc90020009000,
				      .pages = page,
				      .nr_pages = 3,
				      .nr_mapped = 3 };
	struct one_map m;
	char *got, *bytes;

	pages[1][4095] = 1;
	map_init(&m, SCXRAY_MAP_ARENA, 33, "arena");
	m.map.arena = &arena;
	m.map.max_entries = N(64);
	ck_map_text(&m, "arena: 3 pages captured (12 KiB), 1 non-zero "
			"(see sdt_alloc section + JSON for typed data)\n"
			"  user addresses 0x100000000000 to 0x100000040000, kernel address of its "
			"start 0xffffc90020009000, 3 pages mapped\n");
	arena.cut = "cut after 3 pages";
	arena.nr_mapped = 50;
	ck_map_text(&m, "arena: 3 pages captured (12 KiB), 1 non-zero "
			"(see sdt_alloc section + JSON for typed data) (truncated, 64 declared)\n"
			"  user addresses 0x100000000000 to 0x100000040000, kernel address of its "
			"start 0xffffc90020009000, 50 pages mapped\n"
			"  (cut after 3 pages)\n");
	ck_map_json(&m, "\"arena\":{\"declared_pages\":64,\"user_vm_start\":\"0x0000100000000000\","
			"\"user_vm_end\":\"0x0000100000040000\","
			"\"kern_vm_start\":\"0xffffc90020009000\",\"mapped_pages\":50,"
			"\"cut\":\"cut after 3 pages\",\"truncated\":true,\"pages\":["
			"{\"user_addr\":\"0x0000100000000000\",\"zero_pages\":1},"
			"{\"user_addr\":\"0x0000100000001000\",\"bytes\":\"AAAA");
	ck_map_json(&m, "{\"user_addr\":\"0x0000100000005000\",\"zero_pages\":1}]");
	/* 4096 bytes are 1365 groups of three and one byte: 01 is AQ== */
	got = maps_json(&m.r);
	bytes = strstr(got, "\"0x0000100000001000\",\"bytes\":\"");
	ck_assert_ptr_nonnull(bytes);
	bytes += strlen("\"0x0000100000001000\",\"bytes\":\"");
	ck_assert_int_eq(strcspn(bytes, "\""), 5464);
	ck_assert_int_eq(strncmp(bytes + 5456, "AAAAAQ==", 8), 0);
	free(got);
	map_deinit(&m);
}
END_TEST

START_TEST(base64_has_its_padding)
{
	static const struct {
		const char *bytes, *expect;
	} cases[] = { { "", "\"\"" },
		      { "M", "\"TQ==\"" },
		      { "Ma", "\"TWE=\"" },
		      { "Man", "\"TWFu\"" },
		      { "\xff\xef\xbe\xff", "\"/+++/w==\"" } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *text = NULL;
		size_t len = 0;
		FILE *out = open_memstream(&text, &len);
		struct json j;

		json_init(&j, out, 0);
		json_base64(&j, (const uint8_t *)cases[i].bytes, strlen(cases[i].bytes));
		ck_assert_int_eq(json_finish(&j), 0);
		fclose(out);
		ck_assert_str_eq(text, cases[i].expect);
		free(text);
	}
}
END_TEST

START_TEST(a_ring_buffer_shows_what_is_pending)
{
	uint8_t text[] = "stalled", raw[] = { 1, 2, 0xff };
	struct scxray_ringbuf_record records[] = {
		{ .pos = 40, .len = 8, .bytes = text, .captured = 8 },
		{ .pos = 56, .len = 3, .discarded = true, .bytes = raw, .captured = 3 },
		{ .pos = 72, .len = 100, .busy = true, .reason = "not mapped" },
	};
	struct scxray_ringbuf ring = { .capacity = N(4096),
				       .consumer_pos = N(40),
				       .producer_pos = N(2088),
				       .pending_pos = N(72),
				       .records = records,
				       .nr_records = 3 };
	struct one_map m;

	map_init(&m, SCXRAY_MAP_RINGBUF, 27, "ringbuf");
	m.map.ringbuf = &ring;
	ck_map_text(&m, "ringbuf: capacity=4096B, pending=2048B (50%), consumer_pos=40, "
			"producer_pos=2088, pending_pos=72\n"
			"  record 40: len=8: \"stalled\"\n"
			"  record 56: len=3 discarded: 01 02 ff\n"
			"  record 72: len=100 busy: <unreadable: not mapped>\n");
	ck_map_json(&m, "\"ringbuf\":{\"capacity\":4096,\"consumer_pos\":40,\"producer_pos\":2088,"
			"\"pending_pos\":72,\"pending_bytes\":2048,\"records\":["
			"{\"pos\":40,\"len\":8,\"busy\":false,\"discarded\":false,"
			"\"data_hex\":\"7374616c6c656400\"},"
			"{\"pos\":56,\"len\":3,\"busy\":false,\"discarded\":true,"
			"\"data_hex\":\"0102ff\"},"
			"{\"pos\":72,\"len\":100,\"busy\":true,\"discarded\":false,"
			"\"reason\":\"not mapped\"}]}");
	map_deinit(&m);
}
END_TEST

START_TEST(a_ring_buffer_of_nonsense_positions)
{
	struct scxray_ringbuf ring = { .capacity = N(4096),
				       .consumer_pos = N(5000),
				       .producer_pos = N(40),
				       .pending_pos = N(0),
				       .cut = "the positions make no sense" };
	struct one_map m;

	map_init(&m, SCXRAY_MAP_RINGBUF, 27, "ringbuf");
	m.map.ringbuf = &ring;
	ck_map_text(&m, "ringbuf: capacity=4096B, pending=18446744073709546656B (100%), "
			"consumer_pos=5000, producer_pos=40, pending_pos=0\n"
			"  (the positions make no sense)\n");
	ring.capacity = N(0);
	ring.consumer_pos = LOST(ELEM, "gone");
	ring.overwrite_pos = N(3);
	ring.cut = NULL;
	ck_map_text(&m, "ringbuf: capacity=0B, pending=?, "
			"consumer_pos=<unreadable: 0xffff888000100000: gone>, producer_pos=40, "
			"pending_pos=0, overwrite_pos=3\n");
	ck_map_no_json(&m, "pending_bytes");
	map_deinit(&m);
}
END_TEST

START_TEST(sixteen_records_are_enough_for_text)
{
	struct scxray_ringbuf_record records[18];
	struct scxray_ringbuf ring = { .records = records };
	uint8_t bytes[100];
	struct one_map m;
	char *got;

	memset(bytes, 0xab, sizeof(bytes));
	for (size_t i = 0; i < 18; i++)
		records[i] = (struct scxray_ringbuf_record){
			.pos = i * 112, .len = 200, .bytes = bytes, .captured = 100
		};
	map_init(&m, SCXRAY_MAP_RINGBUF, 27, "ringbuf");
	m.map.ringbuf = &ring;
	ring.nr_records = 16;
	got = maps_text(&m.r, 120);
	ck_assert_ptr_null(strstr(got, "more records"));
	ck_assert_ptr_nonnull(strstr(got, "ab ab +100 bytes\n"));
	free(got);
	ring.nr_records = 18;
	got = maps_text(&m.r, 120);
	ck_assert_ptr_null(strstr(got, "record 1792"));
	ck_assert_ptr_nonnull(strstr(got, "\n  +2 more records\n"));
	free(got);
	map_deinit(&m);
}
END_TEST

START_TEST(stacks_have_their_symbols_below)
{
	struct scxray_address pcs[9];
	struct scxray_stack stacks[3] = { { .id = 4, .nr = 9, .pcs = pcs, .nr_pcs = 9 },
					  { .id = 7, .nr = 1, .pcs = pcs + 8, .nr_pcs = 1 },
					  { .id = 8, .reason = "not mapped" } };
	struct scxray_stacks map = {
		.nr_buckets = 64, .stacks = stacks, .nr_stacks = 2, .nr_unreadable = 0
	};
	struct one_map m;

	for (unsigned i = 0; i < 9; i++)
		pcs[i] = (struct scxray_address){ N(KERNEL_TEXT + i),
						  "a_function_of_the_kernel+0x0", NULL };
	pcs[8].symbol = NULL;
	map_init(&m, SCXRAY_MAP_STACK_TRACE, 7, "stack_trace");
	m.map.stacks = &map;
	m.map.total = 2;
	ck_map_text(&m, "stack_trace: 2 of 64 buckets populated\n"
			"  bucket 4: nr=9 pcs=[0xffffffff81000000, 0xffffffff81000001, "
			"0xffffffff81000002, 0xffffffff81000003, 0xffffffff81000004, "
			"0xffffffff81000005, 0xffffffff81000006, 0xffffffff81000007, +1 more]\n"
			"    a_function_of_the_kernel+0x0 < a_function_of_the_kernel+0x0 "
			"< a_function_of_the_kernel+0x0\n"
			"    < a_function_of_the_kernel+0x0 < a_function_of_the_kernel+0x0 "
			"< a_function_of_the_kernel+0x0\n"
			"    < a_function_of_the_kernel+0x0 < a_function_of_the_kernel+0x0 "
			"< 0xffffffff81000008\n"
			"  bucket 7: nr=1 pcs=[0xffffffff81000008]\n");
	ck_map_json(&m, "{\"bucket_id\":7,\"nr\":1,\"pcs\":[\"0xffffffff81000008\"]}");
	ck_map_json(&m, "\"a_function_of_the_kernel+0x0\",null]}");
	map.nr_stacks = 3;
	map.nr_unreadable = 1;
	map.cut = "cut after 3 buckets";
	ck_map_json(&m,
		    "\"stack_trace\":{\"n_buckets\":64,\"populated\":3,\"build_id_mode\":false,"
		    "\"buckets_unreadable\":1,\"truncated\":true,\"cut\":\"cut after 3 buckets\","
		    "\"entries\":[{\"bucket_id\":4,");
	ck_map_json(&m, "{\"bucket_id\":8,\"nr\":0,\"reason\":\"not mapped\"}");
	map.stacks = &stacks[2];
	map.nr_stacks = 1;
	ck_map_text(&m, "stack_trace: 2 of 64 buckets populated (truncated) (1 unreadable)\n"
			"  bucket 8: nr=0 (not mapped)\n"
			"  (cut after 3 buckets)\n");
	map_deinit(&m);
}
END_TEST

START_TEST(stacks_of_user_space_by_build_id)
{
	struct {
		int32_t status;
		uint8_t build_id[20];
		uint64_t at;
	} frames[3] = { { 1, { 0xde, 0xad }, 0x1234 }, { 2, { 0 }, 0x7f0000001000 }, { 0 } };
	struct scxray_stack stack = {
		.id = 4, .nr = 3, .build_ids = (const uint8_t *)frames, .nr_pcs = 3
	};
	struct scxray_stacks map = {
		.nr_buckets = 64, .build_id_mode = true, .stacks = &stack, .nr_stacks = 1
	};
	struct one_map m;

	ck_assert_int_eq(sizeof(frames[0]), 32);
	map_init(&m, SCXRAY_MAP_STACK_TRACE, 7, "stack_trace");
	m.map.stacks = &map;
	ck_map_text(&m, "stack_trace: 1 of 64 buckets populated\n"
			"  bucket 4: nr=3\n"
			"    dead000000000000000000000000000000000000+0x1234\n"
			"    no build id, ip=0x7f0000001000\n"
			"    empty 0x0\n");
	ck_map_json(&m, "\"build_ids\":[{\"status\":1,"
			"\"build_id\":\"dead000000000000000000000000000000000000\","
			"\"offset\":\"0x0000000000001234\"},{\"status\":2,"
			"\"build_id\":\"0000000000000000000000000000000000000000\","
			"\"ip\":\"0x00007f0000001000\"},");
	map_deinit(&m);
}
END_TEST

START_TEST(slots_say_what_they_hold)
{
	struct scxray_slot slot[18];
	struct scxray_slots slots = { .nr_scanned = 64, .slots = slot, .nr_slots = 2 };
	struct one_map m;
	char *got;

	for (unsigned i = 0; i < 18; i++)
		slot[i] = (struct scxray_slot){ .index = i * 3, .kva = N(ELEM + i) };
	slot[1].holds = "prog \033[2Jevil#7";
	map_init(&m, SCXRAY_MAP_FD_ARRAY, 3, "prog_array");
	m.map.slots = &slots;
	ck_map_text(&m, "fd_array: 2 of 64 slots populated indices=[0, 3]\n"
			"  [0] 0xffff888000100000\n"
			"  [3] prog \\x1b[2Jevil#7\n");
	slots.cut = "cut after 64 of 100 slots";
	slots.nr_unreadable = 2;
	slots.nr_slots = 18;
	got = maps_text(&m.r, 120);
	ck_assert_ptr_nonnull(strstr(got, "fd_array: 18 of 64 slots populated (slots truncated) "
					  "(2 unreadable) indices=[0, 3, 6, 9, 12, 15, 18, 21, 24, "
					  "27, 30, 33, 36, 39, 42, 45, +2 more]\n"));
	ck_assert_ptr_nonnull(strstr(got, "\n  (cut after 64 of 100 slots)\n"));
	free(got);
	slots.nr_slots = 1;
	ck_map_json(&m, "\"fd_array\":{\"populated\":1,\"scanned\":64,\"unreadable\":2,"
			"\"truncated\":true,\"cut\":\"cut after 64 of 100 slots\",\"indices\":[0],"
			"\"slots\":[{\"index\":0,\"kva\":\"0xffff888000100000\"}]}");
	slots.nr_slots = 0;
	slots.cut = NULL;
	slots.nr_unreadable = 0;
	ck_map_text(&m, "fd_array: 0 of 64 slots populated\n");
	ck_map_json(&m, "\"truncated\":false}");
	map_deinit(&m);
}
END_TEST

START_TEST(slots_of_hashes_go_by_key)
{
	uint32_t key = 12;
	struct scxray_slot slot = { .index = 0, .kva = N(ELEM), .holds = "map inner#12" };
	struct scxray_slots slots = { .nr_scanned = 1, .slots = &slot, .nr_slots = 1 };
	struct one_map m;

	map_init(&m, SCXRAY_MAP_FD_ARRAY, 13, "hash_of_maps");
	m.map.slots = &slots;
	m.map.key_type.size = 4;
	slot.key = map_block(&m, &key, 4);
	ck_map_text(&m, "fd_array: 1 of 1 slot populated\n  key=0c 00 00 00 (raw): map inner#12\n");
	ck_map_json(&m, "\"slots\":[{\"key_hex\":\"0c000000\",\"kva\":\"0xffff888000100000\","
			"\"holds\":\"map inner#12\"}]");
	m.map.key_type = map_typed(&m, m.t.u32, 4);
	ck_map_text(&m, "fd_array: 1 of 1 slot populated\n  key=12: map inner#12\n");
	ck_map_no_json(&m, "indices");
	map_deinit(&m);
}
END_TEST

START_TEST(a_bloom_filter_tells_how_full_it_is)
{
	struct scxray_bloom bloom = { N(1024), N(5), N(128) };
	struct one_map m;

	map_init(&m, SCXRAY_MAP_BLOOM, 30, "bloom_filter");
	m.map.bloom = &bloom;
	ck_map_text(&m, "bloom_filter: 128 of 1024 bits set (12.5%), 5 hash functions\n");
	ck_map_json(&m, "\"bloom\":{\"nr_bits\":1024,\"nr_hash_funcs\":5,\"nr_set\":128}");
	bloom.nr_set = LOST(ELEM, "not mapped");
	ck_map_text(&m, "bloom_filter: <unreadable: 0xffff888000100000: not mapped> of 1024 bits "
			"set, 5 hash functions\n");
	map_deinit(&m);
}
END_TEST

static const unit_test tests[] = {
	&a_form_without_contents_is_a_header,
	&an_arena_counts_its_pages,
	&base64_has_its_padding,
	&a_ring_buffer_shows_what_is_pending,
	&a_ring_buffer_of_nonsense_positions,
	&sixteen_records_are_enough_for_text,
	&stacks_have_their_symbols_below,
	&stacks_of_user_space_by_build_id,
	&slots_say_what_they_hold,
	&slots_of_hashes_go_by_key,
	&a_bloom_filter_tells_how_full_it_is,
};

UNIT_MAIN("render_map_forms", tests)
