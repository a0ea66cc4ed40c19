/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Map walkers on maps that are torn, freed, cyclic, beyond their caps: what can be
 * had is there, what could not is said in the map's own error.  Whole maps of real
 * kernels: tests/oracle/compare_maps.py.
 */
#include "tests/unit/maps_fixture.h"

/* ---- array ------------------------------------------------------------------ */

static void start_array(uint32_t nr)
{
	start(MAP_ARRAY, nr);
	walk_fixture_member(&f, M_bpf_array_map, 0, 0);
	walk_fixture_member(&f, M_bpf_array_elem_size, 0x100, 4);
	walk_fixture_member(&f, M_bpf_array_value, 0xff8, 0);
	guest_put_u32(&f.b, MAP + 0x100, 8);
}

START_TEST(array_with_a_page_that_is_gone)
{
	start_array(3);
	guest_put_u64(&f.b, MAP + 0xff8,
		      42); /* the first value is on the page, the others behind it */
	map_walk_array(&f.walk, &map);
	expect_error("2 keys unreadable: page not mapped");
	ck_assert_uint_eq(map.nr_entries, 3);
	ck_assert_ptr_nonnull(map.entries[0].value);
	ck_assert_ptr_null(map.entries[1].value);
	ck_assert_str_eq(map.entries[1].reason, "page not mapped");
	end();
}
END_TEST

START_TEST(array_beyond_its_cap)
{
	start_array(100000);
	f.walk.settings.max_entries = 1;
	guest_put_u64(&f.b, MAP + 0xff8, 42);
	map_walk_array(&f.walk, &map);
	expect_error("ARRAY truncated at 1 keys (max_entries=100000)");
	ck_assert_uint_eq(map.nr_entries, 1);
	ck_assert_uint_eq(map.total, 100000);
	end();
}
END_TEST

/* ---- storage ----------------------------------------------------------------- */

static void start_storage(void)
{
	start(MAP_TASK_STORAGE, 0);
	points_to_buckets(M_bpf_local_storage_map_buckets);
	walk_fixture_member(&f, M_bpf_local_storage_map_map, 0, 0);
	walk_fixture_member(&f, M_bpf_local_storage_map_bucket_log, 0x108, 4);
	walk_fixture_member(&f, M_bpf_local_storage_elem_map_node, 0, 0);
	walk_fixture_member(&f, M_bpf_local_storage_elem_local_storage, 16, 8);
	walk_fixture_member(&f, M_bpf_local_storage_elem_data, 32, 0);
	walk_fixture_member(&f, M_bpf_local_storage_owner, 0, 8);
	guest_put_u32(&f.b, MAP + 0x108, 0); /* one bucket */
}

START_TEST(storage_list_in_a_circle_ends_at_the_cap)
{
	start_storage();
	guest_put_u64(&f.b, TABLE, NODE(0));
	guest_put_u64(&f.b, NODE(0), NODE(0));
	guest_put_u64(&f.b, NODE(0) + 16, 0);
	f.walk.settings.max_entries = 8;
	map_walk_storage(&f.walk, &map);
	ck_assert_uint_eq(map.nr_entries, 8);
	ck_assert(map.total_is_least);
	expect_error("8");
	end();
}
END_TEST

START_TEST(storage_element_whose_owner_is_gone_keeps_its_value)
{
	start_storage();
	guest_put_u64(&f.b, TABLE, NODE(0));
	guest_put_u64(&f.b, NODE(0), 0);
	guest_put_u64(&f.b, NODE(0) + 16, UNMAPPED);
	guest_put_u64(&f.b, NODE(0) + 32, 99);
	map_walk_storage(&f.walk, &map);
	ck_assert_uint_eq(map.nr_entries, 1);
	ck_assert_uint_eq(map.entries[0].owner, 0);
	ck_assert_ptr_nonnull(map.entries[0].value);
	end();
}
END_TEST

/* ---- queue, trie, ring buffer ------------------------------------------------- */

static void start_queue(enum map_type type, uint32_t head, uint32_t tail, uint32_t size)
{
	start(type, size - 1);
	walk_fixture_member(&f, M_bpf_queue_stack_map, 0, 0);
	walk_fixture_member(&f, M_bpf_queue_stack_head, 0x100, 4);
	walk_fixture_member(&f, M_bpf_queue_stack_tail, 0x104, 4);
	walk_fixture_member(&f, M_bpf_queue_stack_size, 0x108, 4);
	walk_fixture_member(&f, M_bpf_queue_stack_elements, 0x110, 0);
	guest_put_u32(&f.b, MAP + 0x100, head);
	guest_put_u32(&f.b, MAP + 0x104, tail);
	guest_put_u32(&f.b, MAP + 0x108, size);
	for (uint32_t i = 0; i < size && i < 16; i++)
		guest_put_u64(&f.b, MAP + 0x110 + 8 * i, i);
}

static void expect_order(const uint64_t *values, size_t nr)
{
	ck_assert_uint_eq(map.nr_entries, nr);
	for (size_t i = 0; i < nr; i++) {
		uint64_t value;

		memcpy(&value, map.entries[i].value, 8);
		ck_assert_uint_eq(value, values[i]);
	}
}

START_TEST(queue_that_wraps_and_stack_in_pop_order)
{
	start_queue(MAP_QUEUE, 1, 4, 6); /* 4, 5, 0 */
	map_walk_queue(&f.walk, &map);
	expect_order((const uint64_t[]){ 4, 5, 0 }, 3);
	end();
	start_queue(MAP_STACK, 3, 0, 6);
	map_walk_queue(&f.walk, &map);
	expect_order((const uint64_t[]){ 2, 1, 0 }, 3);
	end();
}
END_TEST

START_TEST(queue_positions_that_make_no_sense)
{
	start_queue(MAP_QUEUE, 7, 0, 6);
	map_walk_queue(&f.walk, &map);
	expect_error("make no sense");
	ck_assert_uint_eq(map.nr_entries, 0);
	end();
}
END_TEST

START_TEST(trie_that_leads_back_to_its_root)
{
	start(MAP_LPM_TRIE, 16);
	map.key_type.size = 8;
	walk_fixture_member(&f, M_lpm_trie_map, 0, 0);
	walk_fixture_member(&f, M_lpm_trie_root, 0x100, 8);
	walk_fixture_member(&f, M_lpm_trie_n_entries, 0x108, 8);
	walk_fixture_member(&f, M_lpm_trie_data_size, 0x110, 8);
	walk_fixture_member(&f, M_lpm_trie_node_child, 0, 16);
	walk_fixture_member(&f, M_lpm_trie_node_prefixlen, 16, 4);
	walk_fixture_member(&f, M_lpm_trie_node_flags, 20, 4);
	walk_fixture_member(&f, M_lpm_trie_node_data, 24, 0);
	guest_put_u64(&f.b, MAP + 0x100, NODE(0));
	guest_put_u64(&f.b, MAP + 0x108, 1);
	guest_put_u64(&f.b, MAP + 0x110, 4);
	guest_put_u64(&f.b, NODE(0), NODE(0));
	guest_put_u64(&f.b, NODE(0) + 8, 0);
	f.walk.settings.max_entries = 8;
	map_walk_lpm_trie(&f.walk, &map);
	ck_assert_uint_le(map.nr_entries, 8);
	ck_assert_ptr_nonnull(map.error);
	end();
}
END_TEST

static void start_ring(uint64_t mask, uint64_t consumer, uint64_t producer)
{
	start(MAP_RINGBUF, (uint32_t)mask + 1);
	walk_fixture_member(&f, M_bpf_ringbuf_map_map, 0, 0);
	walk_fixture_member(&f, M_bpf_ringbuf_map_rb, 0x100, 8);
	walk_fixture_member(&f, M_bpf_ringbuf_mask, 0, 8);
	walk_fixture_member(&f, M_bpf_ringbuf_consumer_pos, 8, 8);
	walk_fixture_member(&f, M_bpf_ringbuf_producer_pos, 16, 8);
	walk_fixture_member(&f, M_bpf_ringbuf_pending_pos, 24, 8);
	walk_fixture_member(&f, M_bpf_ringbuf_data, 0x1000, 0);
	guest_put_u64(&f.b, MAP + 0x100, TABLE);
	guest_put_u64(&f.b, TABLE, mask);
	guest_put_u64(&f.b, TABLE + 8, consumer);
	guest_put_u64(&f.b, TABLE + 16, producer);
	guest_put_u64(&f.b, TABLE + 24, consumer);
}

START_TEST(ring_buffer_records_and_a_length_that_lies)
{
	start_ring(4095, 0, 96);
	guest_put_u64(&f.b, TABLE + 0x1000, 8);
	guest_put_u64(&f.b, TABLE + 0x1008, 0x1122334455667788);
	guest_put_u32(&f.b, TABLE + 0x1010, 8 | 1u << 31); /* reserved, not committed */
	guest_put_u32(&f.b, TABLE + 0x1020, 1 << 20);
	map_walk_ringbuf(&f.walk, &map);
	ck_assert_uint_eq(map.ringbuf->nr_records, 2);
	ck_assert_uint_eq(map.ringbuf->records[0].len, 8);
	ck_assert(!map.ringbuf->records[0].busy);
	ck_assert(map.ringbuf->records[1].busy);
	ck_assert_ptr_nonnull(strstr(map.ringbuf->cut, "claims 1048576 bytes"));
	end();
}
END_TEST

START_TEST(ring_buffer_positions_that_make_no_sense)
{
	start_ring(4095, 0, 1 << 20);
	map_walk_ringbuf(&f.walk, &map);
	ck_assert_str_eq(map.ringbuf->cut, "the positions make no sense");
	end();
	start_ring(4094, 0, 8); /* no power of two */
	map_walk_ringbuf(&f.walk, &map);
	expect_error("makes no sense");
	end();
}
END_TEST

START_TEST(what_a_kernel_lacks_is_named)
{
	static const struct {
		map_walk_fn walk;
		const char *member;
	} table[] = {
		{ map_walk_array, "bpf_array.value" },
		{ map_walk_percpu_array, "bpf_array.pptrs" },
		{ map_walk_rhash, "bpf_rhtab.ht" },
		{ map_walk_arena, "bpf_arena.kern_vm" },
		{ map_walk_ringbuf, "bpf_ringbuf_map.rb" },
		{ map_walk_bloom, "bpf_bloom_filter.bitset" },
		{ map_walk_queue, "bpf_queue_stack.elements" },
		{ map_walk_lpm_trie, "lpm_trie.root" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		start(MAP_ARRAY, 1);
		table[i].walk(&f.walk, &map);
		expect_error(table[i].member);
		expect_error("not in this kernel");
		end();
	}
}
END_TEST

static const unit_test tests[] = {
	&array_with_a_page_that_is_gone,
	&array_beyond_its_cap,
	&storage_list_in_a_circle_ends_at_the_cap,
	&storage_element_whose_owner_is_gone_keeps_its_value,
	&queue_that_wraps_and_stack_in_pop_order,
	&queue_positions_that_make_no_sense,
	&trie_that_leads_back_to_its_root,
	&ring_buffer_records_and_a_length_that_lies,
	&ring_buffer_positions_that_make_no_sense,
	&what_a_kernel_lacks_is_named,
};

UNIT_MAIN("capture_maps", tests)
