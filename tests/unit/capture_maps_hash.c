/* SPDX-License-Identifier: BSD-2-Clause */
/* capture_maps_hash.c - hash maps: buckets, chains, counts */
#include "tests/unit/maps_fixture.h"

#define NULLS 1ULL

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
};

UNIT_MAIN("capture_maps_hash", tests)
