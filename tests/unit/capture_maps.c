/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Map walkers on maps that are torn, freed, cyclic, beyond their caps: what can be
 * had is there, what could not is said in the map's own error.  Whole maps of real
 * kernels: tests/oracle/compare_maps.py.
 */
#include <string.h>

#include <scxray/map.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>

#include "capture/map/map.h"
#include "capture/read/read.h"
#include "tests/lib/btf_builder.h"
#include "tests/lib/unit.h"
#include "tests/lib/walk_builder.h"

#define MAP GUEST_KVA
#define NODE(i) (GUEST_KVA + 0x100000 + 0x40 * (uint64_t)(i))
#define TABLE (GUEST_KVA + 0x200000)
#define UNMAPPED (GUEST_KVA + 0x40000000)
#define NULLS 1ULL

static struct walk_fixture f;
static struct scxray_report report;
static struct scxray_map map;

/* A map of `type` at MAP, keys of 4 and values of 8 bytes, no BTF. */
static void start(enum map_type type, uint32_t max_entries)
{
	walk_fixture_init(&f);
	memset(&report, 0, sizeof(report));
	f.walk.r = &report;
	f.walk.settings = (struct scxray_settings)SCXRAY_SETTINGS_INIT;
	map = (struct scxray_map){
		.map_kva = MAP,
		.map_type = num_present(type),
		.max_entries = num_present(max_entries),
		.key_type = { .size = 4 },
		.value_type = { .size = 8 },
	};
}

static void end(void)
{
	walk_fixture_deinit(&f);
}

static void expect_error(const char *part)
{
	ck_assert_ptr_nonnull(map.error);
	ck_assert_msg(strstr(map.error, part) != NULL, "%s: no \"%s\"", map.error, part);
}

/* ---- hash ------------------------------------------------------------------ */

/* Makes member m a pointer to a struct of 16 bytes: the walker asks BTF for the stride. */
static void points_to_buckets(enum layout_member m)
{
	struct btf_builder b;
	uint32_t bucket;

	btf_builder_init(&b);
	bucket = btf_builder_struct(&b, "bucket", BTF_KIND_STRUCT, 16, NULL, 0);
	walk_fixture_member(&f, m, 0x100, 8);
	f.kernel.layout.member[m].type_id = btf_builder_ref(&b, NULL, BTF_KIND_PTR, bucket);
	walk_fixture_types(&f, &b);
	guest_put_u64(&f.b, MAP + 0x100, TABLE);
}

static void start_hash(uint32_t nr_buckets)
{
	start(MAP_HASH, 64);
	points_to_buckets(M_bpf_htab_buckets);
	walk_fixture_member(&f, M_bpf_htab_map, 0, 0);
	walk_fixture_member(&f, M_bpf_htab_n_buckets, 0x108, 4);
	walk_fixture_member(&f, M_htab_elem_node, 0, 0);
	walk_fixture_member(&f, M_htab_elem_key, 48, 0);
	guest_put_u32(&f.b, MAP + 0x108, nr_buckets);
	for (uint32_t i = 0; i < nr_buckets; i++)
		guest_put_u64(&f.b, TABLE + 16 * i, NULLS);
}

/* An element: its successor's word, a key and a value that tell its number. */
static void put_elem(int i, uint64_t next)
{
	guest_put_u64(&f.b, NODE(i), next);
	guest_put_u32(&f.b, NODE(i) + 48, (uint32_t)i);
	guest_put_u64(&f.b, NODE(i) + 56, 1000 + (uint64_t)i);
}

static void expect_hash_entry(size_t at, int i)
{
	uint32_t key;
	uint64_t value;

	ck_assert_uint_lt(at, map.nr_entries);
	memcpy(&key, map.entries[at].key, 4);
	memcpy(&value, map.entries[at].value, 8);
	ck_assert_uint_eq(key, (uint32_t)i);
	ck_assert_uint_eq(value, 1000 + (uint64_t)i);
}

START_TEST(hash_entries_of_all_buckets)
{
	start_hash(128); /* two reads of 64 */
	put_elem(0, NODE(1));
	put_elem(1, NULLS);
	put_elem(2, NULLS);
	guest_put_u64(&f.b, TABLE, NODE(0));
	guest_put_u64(&f.b, TABLE + 16 * 127, NODE(2));
	map_walk_hash(&f.walk, &map);
	ck_assert_ptr_null(map.error);
	ck_assert_uint_eq(map.nr_entries, 3);
	ck_assert_uint_eq(map.total, 3);
	for (int i = 0; i < 3; i++)
		expect_hash_entry((size_t)i, i);
	end();
}
END_TEST

START_TEST(hash_chain_in_a_circle)
{
	start_hash(2);
	put_elem(0, NODE(1));
	put_elem(1, NODE(0));
	put_elem(2, NULLS);
	guest_put_u64(&f.b, TABLE, NODE(0));
	guest_put_u64(&f.b, TABLE + 16, NODE(2));
	map_walk_hash(&f.walk, &map);
	expect_error("it runs in a circle");
	expect_hash_entry(0, 0);
	expect_hash_entry(map.nr_entries - 1, 2); /* the next bucket is walked all the same */
	end();
}
END_TEST

START_TEST(hash_chain_into_freed_memory)
{
	start_hash(2);
	put_elem(0, UNMAPPED);
	put_elem(1, NULLS);
	guest_put_u64(&f.b, TABLE, NODE(0));
	guest_put_u64(&f.b, TABLE + 16, NODE(1));
	map_walk_hash(&f.walk, &map);
	expect_error("page not mapped");
	ck_assert_uint_eq(map.nr_entries, 2);
	expect_hash_entry(1, 1);
	end();
}
END_TEST

START_TEST(hash_is_left_at_its_cap)
{
	start_hash(2);
	for (int i = 0; i < 10; i++)
		put_elem(i, i < 9 ? NODE(i + 1) : NULLS);
	put_elem(5, UNMAPPED); /* no step leads here */
	guest_put_u64(&f.b, TABLE + 16, UNMAPPED);
	guest_put_u64(&f.b, TABLE, NODE(0));
	f.walk.settings.max_entries = 4;
	map_walk_hash(&f.walk, &map);
	expect_error("truncated at 4 entries");
	ck_assert_uint_eq(map.nr_entries, 4);
	ck_assert_uint_eq(map.total, 5);
	ck_assert(map.total_is_least);
	end();
}
END_TEST

/* Ten elements of which four are wanted, in a map that the kernel counts. */
static void start_counted(uint32_t count)
{
	static const uint8_t no;

	start_hash(1);
	map.map_flags = num_present(1); /* BPF_F_NO_PREALLOC */
	walk_fixture_member(&f, M_bpf_htab_count, 0x110, 4);
	walk_fixture_member(&f, M_bpf_htab_use_percpu_counter, 0x118, 1);
	walk_fixture_member(&f, M_bpf_htab_pcount, 0x120, 16);
	walk_fixture_member(&f, M_percpu_counter_count, 0, 8);
	walk_fixture_member(&f, M_percpu_counter_counters, 8, 8);
	guest_put_u32(&f.b, MAP + 0x110, count);
	guest_put(&f.b, MAP + 0x118, &no, 1);
	for (int i = 0; i < 10; i++)
		put_elem(i, i < 9 ? NODE(i + 1) : NULLS);
	guest_put_u64(&f.b, TABLE, NODE(0));
	f.walk.settings.max_entries = 4;
}

START_TEST(hash_that_the_kernel_counts_is_not_counted_again)
{
	static const uint32_t lies[] = { 3, 65, UINT32_MAX };

	start_counted(33);
	put_elem(6, UNMAPPED); /* nobody comes here */
	map_walk_hash(&f.walk, &map);
	expect_error("truncated at 4 entries");
	ck_assert_uint_eq(map.nr_entries, 4);
	ck_assert_uint_eq(map.total, 33);
	ck_assert(!map.total_is_least);
	end();

	for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
		start_counted(lies[i]);
		map_walk_hash(&f.walk, &map);
		ck_assert_uint_eq(map.nr_entries, 4);
		ck_assert_uint_eq(map.total, 5);
		ck_assert(map.total_is_least);
		end();
	}

	start_counted(33); /* elements are there from the start: what counts is another word */
	map.map_flags = num_present(0);
	map_walk_hash(&f.walk, &map);
	ck_assert_uint_eq(map.total, 5);
	ck_assert(map.total_is_least);
	end();
}
END_TEST

START_TEST(preallocated_hash_is_full_where_no_element_is_free)
{
	static struct scxray_rq rqs[2] = { { .cpu = 0 }, { .cpu = 1 } };
	static uint64_t bases[2] = { GUEST_KVA + 0x20000, GUEST_KVA + 0x21000 };

	for (int free = 0; free < 3; free++) { /* none, one of CPU 1, one of no CPU */
		start_counted(0);
		map.map_flags = num_present(0);
		walk_fixture_member(&f, M_bpf_htab_freelist, 0x130, 8);
		walk_fixture_member(&f, M_bpf_htab_freelist_extra, 0x138, 8);
		walk_fixture_member(&f, M_pcpu_freelist_head_first, 0, 8);
		guest_put_u64(&f.b, MAP + 0x130, 0x40);
		guest_put_u64(&f.b, MAP + 0x138, free == 2 ? NODE(9) : 0);
		guest_put_u64(&f.b, bases[0] + 0x40, 0);
		guest_put_u64(&f.b, bases[1] + 0x40, free == 1 ? NODE(9) : 0);
		report.rqs = rqs;
		report.nr_rqs = 2;
		f.walk.k->percpu = bases;
		map_walk_hash(&f.walk, &map);
		ck_assert_uint_eq(map.total, free ? 5 : map.max_entries.value);
		ck_assert_int_eq(map.total_is_least, free != 0);
		f.kernel.percpu = NULL; /* not malloc()ed */
		end();
	}
}
END_TEST

START_TEST(hash_that_the_kernel_counts_by_cpu)
{
	static struct scxray_rq rqs[2] = { { .cpu = 0 }, { .cpu = 1 } };
	static uint64_t bases[2] = { GUEST_KVA + 0x20000, GUEST_KVA + 0x21000 };
	static const uint8_t yes = 1;

	for (int readable = 1; readable >= 0; readable--) {
		start_counted(0);
		guest_put(&f.b, MAP + 0x118, &yes, 1);
		guest_put_u64(&f.b, MAP + 0x120, 32);
		guest_put_u64(&f.b, MAP + 0x128, 0x40);
		guest_put_u32(&f.b, bases[0] + 0x40, 5);
		if (readable)
			guest_put_u32(&f.b, bases[1] + 0x40, (uint32_t)-7);
		report.rqs = rqs;
		report.nr_rqs = 2;
		f.walk.k->percpu = bases;
		map_walk_hash(&f.walk, &map);
		ck_assert_uint_eq(map.nr_entries, 4);
		ck_assert_uint_eq(map.total, readable ? 30 : 5);
		f.kernel.percpu = NULL; /* not malloc()ed */
		end();
	}
}
END_TEST

START_TEST(hash_header_that_makes_no_sense)
{
	start_hash(1);
	guest_put_u32(&f.b, MAP + 0x108, UINT32_MAX);
	map_walk_hash(&f.walk, &map);
	expect_error("makes no sense");
	ck_assert_uint_eq(map.nr_entries, 0);
	end();
}
END_TEST

START_TEST(hash_buckets_that_are_gone)
{
	start_hash(1);
	guest_put_u64(&f.b, MAP + 0x100, UNMAPPED);
	map_walk_hash(&f.walk, &map);
	expect_error("hash buckets broken");
	end();
}
END_TEST

/* ---- per CPU ---------------------------------------------------------------- */

START_TEST(percpu_hash_whose_chain_is_longer_than_max_entries)
{
	static struct scxray_rq rqs[2] = { { .cpu = 0 }, { .cpu = 1 } };
	static uint64_t bases[2] = { 0, UNMAPPED };

	start_hash(1);
	report.rqs = rqs;
	report.nr_rqs = 2;
	f.kernel.percpu = NULL;
	f.walk.k->percpu = bases;
	map.max_entries = num_present(1);
	for (int i = 0; i < 40; i++) {
		put_elem(i, i < 39 ? NODE(i + 1) : NULLS);
		guest_put_u64(&f.b, NODE(i) + 56, TABLE + 0x1000 + 8 * (uint64_t)i);
		guest_put_u64(&f.b, TABLE + 0x1000 + 8 * (uint64_t)i, 7000 + (uint64_t)i);
	}
	guest_put_u64(&f.b, TABLE, NODE(0));
	map_walk_percpu_hash(&f.walk, &map);
	ck_assert_uint_eq(map.nr_entries, 40);
	for (size_t i = 0; i < 40; i++) {
		uint64_t value;

		memcpy(&value, map.per_cpu[i * 2], 8);
		ck_assert_uint_eq(value, 7000 + i);
		ck_assert_ptr_null(map.per_cpu[i * 2 + 1]); /* CPU 1 has no page there */
	}
	f.kernel.percpu = NULL; /* not malloc()ed */
	end();
}
END_TEST

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
	&hash_entries_of_all_buckets,
	&hash_chain_in_a_circle,
	&hash_chain_into_freed_memory,
	&hash_is_left_at_its_cap,
	&hash_that_the_kernel_counts_is_not_counted_again,
	&hash_that_the_kernel_counts_by_cpu,
	&preallocated_hash_is_full_where_no_element_is_free,
	&hash_header_that_makes_no_sense,
	&hash_buckets_that_are_gone,
	&percpu_hash_whose_chain_is_longer_than_max_entries,
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
