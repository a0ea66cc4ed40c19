/* SPDX-License-Identifier: BSD-2-Clause */
/* map_fd_hash.c: chains of devices, whole, in a circle, into freed memory, beyond the cap. */
#include <string.h>

#include <scxray/map.h>
#include <scxray/report_struct.h>

#include "capture/map/map.h"
#include "capture/read/read.h"
#include "tests/lib/btf_builder.h"
#include "tests/lib/unit.h"
#include "tests/lib/walk_builder.h"

#define MAP GUEST_KVA
#define TABLE (GUEST_KVA + 0x2000)
#define ELEM(i) (GUEST_KVA + 0x4000 + 0x40 * (uint64_t)(i))
#define UNMAPPED (GUEST_KVA + 0x40000000)
#define NR_BUCKETS 4
#define CHAIN 8 /* in an element */

static struct walk_fixture f;
static struct scxray_report report;
static struct scxray_map map;

/* A bucket is one pointer: the walker asks BTF for its size. */
static void start(uint32_t max_entries)
{
	struct btf_builder b;
	uint32_t bucket;

	walk_fixture_init(&f);
	memset(&report, 0, sizeof(report));
	f.walk.r = &report;
	f.walk.settings = (struct scxray_settings)SCXRAY_SETTINGS_INIT;
	map = (struct scxray_map){
		.map_kva = MAP,
		.map_type = num_present(MAP_DEVMAP_HASH),
		.max_entries = num_present(max_entries),
		.key_type = { .size = 4 },
		.value_type = { .size = 4 },
	};
	btf_builder_init(&b);
	bucket = btf_builder_struct(&b, "hlist_head", BTF_KIND_STRUCT, 8, NULL, 0);
	walk_fixture_member(&f, M_bpf_dtab_map, 0, 0);
	walk_fixture_member(&f, M_bpf_dtab_dev_index_head, 0x100, 8);
	f.kernel.layout.member[M_bpf_dtab_dev_index_head].type_id =
		btf_builder_ref(&b, NULL, BTF_KIND_PTR, bucket);
	walk_fixture_types(&f, &b);
	walk_fixture_member(&f, M_bpf_dtab_n_buckets, 0x108, 4);
	walk_fixture_member(&f, M_bpf_dtab_netdev_dev, 0, 8);
	walk_fixture_member(&f, M_bpf_dtab_netdev_index_hlist, CHAIN, 16);
	walk_fixture_member(&f, M_bpf_dtab_netdev_idx, 32, 4);
	guest_put_u64(&f.b, MAP + 0x100, TABLE);
	guest_put_u32(&f.b, MAP + 0x108, NR_BUCKETS);
	for (uint64_t i = 0; i < NR_BUCKETS; i++)
		guest_put_u64(&f.b, TABLE + 8 * i, 0);
}

static void put_elem(int i, uint64_t next)
{
	guest_put_u64(&f.b, ELEM(i), 0xd0 + (uint64_t)i);
	guest_put_u64(&f.b, ELEM(i) + CHAIN, next);
	guest_put_u32(&f.b, ELEM(i) + 32, (uint32_t)i);
}

static void expect_slot(size_t at, int i)
{
	uint32_t key;

	ck_assert_uint_lt(at, map.slots->nr_slots);
	memcpy(&key, map.slots->slots[at].key, 4);
	ck_assert_uint_eq(key, (uint32_t)i);
	ck_assert_uint_eq(map.slots->slots[at].kva.value, 0xd0 + (uint64_t)i);
}

START_TEST(elements_of_all_buckets)
{
	start(8);
	put_elem(0, ELEM(1) + CHAIN);
	put_elem(1, 0);
	put_elem(2, 0);
	guest_put_u64(&f.b, TABLE, ELEM(0) + CHAIN);
	guest_put_u64(&f.b, TABLE + 8 * (NR_BUCKETS - 1), ELEM(2) + CHAIN);
	map_walk_fd_hash(&f.walk, &map);
	ck_assert_ptr_null(map.error);
	ck_assert_int_eq(map.form, SCXRAY_MAP_FD_ARRAY);
	ck_assert_uint_eq(map.slots->nr_slots, 3);
	for (int i = 0; i < 3; i++)
		expect_slot((size_t)i, i);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(a_chain_in_a_circle_ends_at_max_entries)
{
	start(5);
	put_elem(0, ELEM(0) + CHAIN);
	guest_put_u64(&f.b, TABLE, ELEM(0) + CHAIN);
	map_walk_fd_hash(&f.walk, &map);
	ck_assert_ptr_nonnull(map.error);
	ck_assert_msg(strstr(map.error, "more than 5 elements") != NULL, "%s", map.error);
	ck_assert_uint_eq(map.slots->nr_slots, 5);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(a_chain_into_freed_memory_and_the_next_bucket)
{
	start(8);
	put_elem(0, UNMAPPED);
	put_elem(1, 0);
	guest_put_u64(&f.b, TABLE, ELEM(0) + CHAIN);
	guest_put_u64(&f.b, TABLE + 8, ELEM(1) + CHAIN);
	map_walk_fd_hash(&f.walk, &map);
	ck_assert_ptr_nonnull(map.error);
	ck_assert_msg(strstr(map.error, "chain broken at 0x") != NULL, "%s", map.error);
	expect_slot(0, 0);
	expect_slot(map.slots->nr_slots - 1, 1);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(beyond_the_cap_it_says_so)
{
	start(8);
	f.walk.settings.max_entries = 1;
	put_elem(0, ELEM(1) + CHAIN);
	put_elem(1, 0);
	guest_put_u64(&f.b, TABLE, ELEM(0) + CHAIN);
	map_walk_fd_hash(&f.walk, &map);
	ck_assert_uint_eq(map.slots->nr_slots, 1);
	ck_assert_str_eq(map.slots->cut, "cut after 1 slots");
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(a_header_that_makes_no_sense)
{
	start(8);
	guest_put_u32(&f.b, MAP + 0x108, UINT32_MAX);
	map_walk_fd_hash(&f.walk, &map);
	ck_assert_str_eq(map.error, "hash table header makes no sense");
	walk_fixture_deinit(&f);
}
END_TEST

static const unit_test tests[] = {
	&elements_of_all_buckets,
	&a_chain_in_a_circle_ends_at_max_entries,
	&a_chain_into_freed_memory_and_the_next_bucket,
	&beyond_the_cap_it_says_so,
	&a_header_that_makes_no_sense,
};

UNIT_MAIN("capture_map_fd_hash", tests)
