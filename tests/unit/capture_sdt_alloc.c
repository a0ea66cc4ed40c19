/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scx library's allocators on a hand-made arena: BTF with the library's struct
 * names, a .bss with one allocator and one bump range, a tree of three levels.
 */
#include <stdlib.h>
#include <string.h>

#include <scxray/group.h>
#include <scxray/map.h>
#include <scxray/report_struct.h>

#include "capture/map/map.h"
#include "capture/map/sdt.h"
#include "capture/read/read.h"
#include "tests/lib/unit.h"

#define USER 0x100000000000ULL
#define ELEM 32 /* 8 of id, 24 of payload */

enum page {
	DESCS,
	CHUNK0,
	CHUNK1,
	CHUNK2,
	SLOTS,
	NR_PAGES
};

struct desc {
	uint64_t allocated[8];
	uint64_t nr_free;
	uint64_t chunk;
};

struct bss {
	uint64_t slab, elem_size, max_elems, idx, root; /* struct scx_allocator */
	uint64_t max_alloc_bytes, memory, off;		/* struct scx_static */
};

static struct walk w;
static struct scxray_report report;
static struct pool pool;
static struct types types;
static struct scxray_map maps[2];
static struct scxray_arena arena;
static struct scxray_arena_page pages[NR_PAGES];
static struct scxray_entry bss_entry;
static uint8_t bytes[NR_PAGES][4096];
static struct bss bss;

static uint64_t at(enum page page, uint64_t offset)
{
	return USER + (uint64_t)page * 4096 + offset;
}

struct field {
	const char *name;
	int type;
	unsigned offset;
};

static int add_struct(struct btf *btf, const char *name, unsigned size, const struct field *fields)
{
	int id = btf__add_struct(btf, name, size);

	for (; fields->name; fields++)
		ck_assert_int_eq(
			btf__add_field(btf, fields->name, fields->type, fields->offset * 8, 0), 0);
	return id;
}

#define STRUCT(name, size, ...) \
	add_struct(btf, name, size, (const struct field[]){ __VA_ARGS__, { 0 } })

enum {
	TWINS = 1,     /* a second struct of the payload's size: the size alone says nothing */
	DECLARED = 2,  /* chunk and slot are not defined, as clang has it mostly */
	NO_ID = 4,     /* and neither is the slot's id */
	LARGER = 16,   /* a struct with the allocator's name, larger than its slots */
	OLDER = 32,    /* the names that the library had first */
	SPOKEN_FOR = 8 /* the one struct of the payload's size is a variable's */
};

static void make_types(unsigned how)
{
	struct btf *btf = btf__new_empty();
	int u64 = btf__add_int(btf, "u64", 8, 0), s32 = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	int ptr = btf__add_ptr(btf, 0), u32 = btf__add_int(btf, "u32", 4, 0);
	int map8 = btf__add_array(btf, u32, u64, 8), ptrs = btf__add_array(btf, u32, ptr, 512);
	int flex = btf__add_array(btf, u32, u64, 0), id = 0, pool_id, alloc, bump, var, ctx;
	struct scxray_error err;
	const void *raw;
	uint32_t size;

	if (!(how & NO_ID))
		id = STRUCT("sdt_id", 8, { "idx", s32, 0 }, { "genn", s32, 4 });
	STRUCT("sdt_desc", 80, { "allocated", map8, 0 }, { "nr_free", u64, 64 },
	       { "chunk", ptr, 72 });
	if (how & DECLARED) {
		btf__add_fwd(btf, "sdt_data", BTF_FWD_STRUCT);
		btf__add_fwd(btf, "sdt_chunk", BTF_FWD_STRUCT);
	} else {
		STRUCT("sdt_data", 8, { "tid", id, 0 }, { "payload", flex, 8 });
		STRUCT("sdt_chunk", 4096, { "data", ptrs, 0 });
	}
	pool_id = STRUCT("sdt_pool", 32, { "slab", ptr, 0 }, { "elem_size", u64, 8 },
			 { "max_elems", u64, 16 }, { "idx", u64, 24 });
	alloc = STRUCT(how & OLDER ? "sdt_allocator" : "scx_allocator", 40, { "pool", pool_id, 0 },
		       { "root", ptr, 32 });
	bump = STRUCT(how & OLDER ? "sdt_static" : "scx_static", 24, { "max_alloc_bytes", u64, 0 },
		      { "memory", ptr, 8 }, { "off", u64, 16 });
	/* 20 bytes: slots are whole words */
	ctx = STRUCT("victim_ctx", 20, { "a", u64, 0 }, { "b", u64, 8 }, { "c", u32, 16 });
	if (how & SPOKEN_FOR)
		btf__add_var(btf, "statistics", BTF_VAR_GLOBAL_ALLOCATED, ctx);
	if (how & LARGER)
		STRUCT("scx_victim", 64, { "a", map8, 0 });
	if (how & TWINS)
		STRUCT("other", 24, { "a", u64, 0 }, { "b", u64, 8 }, { "c", u64, 16 });
	var = btf__add_var(btf, "victim_allocator", BTF_VAR_GLOBAL_ALLOCATED, alloc);
	bump = btf__add_var(btf, "static_range", BTF_VAR_GLOBAL_ALLOCATED, bump);
	maps[1].value_type.type_id = (uint32_t)btf__add_datasec(btf, ".bss", sizeof(bss));
	btf__add_datasec_var_info(btf, var, 0, 40);
	btf__add_datasec_var_info(btf, bump, 40, 24);
	raw = btf__raw_data(btf, &size);
	ck_assert_int_eq(types_parse(&types, raw, size, &err), 0);
	btf__free(btf);
	maps[1].value_type.btf = types.btf;
}

static struct desc *desc(unsigned n)
{
	return (struct desc *)(bytes[DESCS] + n * 128);
}

static void set_u64(enum page page, unsigned slot, uint64_t value)
{
	memcpy(bytes[page] + slot * 8, &value, 8);
}

/* Slots 3 and 511 of the first leaf are in use; slot 4 was, its bit is clear. */
static void make_tree(void)
{
	static const struct {
		unsigned slot;
		uint32_t id[2];
		uint64_t payload[3];
	} slots[] = { { 3, { 3, 7 }, { 11, 12, 13 } },
		      { 4, { 4, 1 }, { 21, 22, 23 } },
		      { 511, { 511, 2 }, { 31, 32, 33 } } };

	memset(bytes, 0, sizeof(bytes));
	for (unsigned level = 0; level < 3; level++)
		desc(level)->chunk = at(CHUNK0 + level, 0);
	set_u64(CHUNK0, 0, at(DESCS, 128));
	set_u64(CHUNK1, 0, at(DESCS, 256));
	desc(2)->allocated[0] = 1ULL << 3;
	desc(2)->allocated[7] = 1ULL << 63;
	for (unsigned i = 0; i < 3; i++) {
		set_u64(CHUNK2, slots[i].slot, at(SLOTS, i * ELEM));
		memcpy(bytes[SLOTS] + i * ELEM, slots[i].id, 8);
		memcpy(bytes[SLOTS] + i * ELEM + 8, slots[i].payload, 24);
	}
	bss = (struct bss){
		.elem_size = ELEM,
		.root = at(DESCS, 0),
		.max_alloc_bytes = 8192,
		.memory = at(SLOTS, 0),
		.off = 96,
	};
}

static void setup(void)
{
	memset(&w, 0, sizeof(w));
	memset(&report, 0, sizeof(report));
	memset(maps, 0, sizeof(maps));
	ck_assert_int_eq(pool_init(&pool, 64 << 20), 0);
	w.settings = (struct scxray_settings)SCXRAY_SETTINGS_INIT;
	w.pool = &pool;
	w.r = &report;
	for (int i = 0; i < NR_PAGES; i++)
		pages[i] = (struct scxray_arena_page){ .user_addr = at((enum page)i, 0),
						       .bytes = bytes[i] };
	arena = (struct scxray_arena){
		.user_vm_start = num_present(USER),
		.user_vm_end = num_present(USER + (1ULL << 32)),
		.kern_vm_start = 0xffffc90000008000ULL,
		.pages = pages,
		.nr_pages = NR_PAGES,
	};
	maps[0].arena = &arena;
	bss_entry = (struct scxray_entry){ .value = (const uint8_t *)&bss };
	maps[1].entries = &bss_entry;
	maps[1].nr_entries = 1;
	maps[1].value_type.size = sizeof(bss);
	report.maps = maps;
	report.nr_maps = 2;
	make_types(0);
	make_tree();
}

static void teardown(void)
{
	types_deinit(&types);
	pool_deinit(&pool);
}

static const struct scxray_sdt *walk(void)
{
	map_walk_allocators_in(&w, &maps[1], &types);
	ck_assert_uint_eq(report.nr_sdts, 1);
	return &report.sdts[0];
}

START_TEST(live_slots_with_id_and_payload)
{
	const struct scxray_sdt *sdt = walk();

	ck_assert_str_eq(sdt->name, "victim_allocator");
	ck_assert_ptr_null(sdt->cut);
	ck_assert_uint_eq(sdt->skipped_subtrees, 0);
	ck_assert_uint_eq(sdt->nr_entries, 2);
	ck_assert_int_eq(sdt->entries[0].idx, 3);
	ck_assert_int_eq(sdt->entries[0].genn, 7);
	ck_assert_uint_eq(sdt->entries[0].user_addr, at(SLOTS, 0));
	ck_assert_uint_eq(sdt->entries[0].payload.size, 24);
	ck_assert_uint_eq(((const uint64_t *)sdt->entries[0].payload.bytes)[2], 13);
	ck_assert_int_eq(sdt->entries[1].idx, 511);
}
END_TEST

START_TEST(payload_type_by_its_size)
{
	const struct scxray_sdt *sdt = walk();

	ck_assert_str_eq(sdt->payload_type_reason, "the only struct of 24 bytes");
	ck_assert_ptr_eq(sdt->entries[0].payload.btf, types.btf);
}
END_TEST

START_TEST(payload_type_by_the_allocators_name)
{
	const struct btf_type *t;
	const struct scxray_sdt *sdt;

	types_deinit(&types);
	make_types(TWINS);
	sdt = walk();
	t = btf__type_by_id(types.btf, sdt->payload_type);
	ck_assert_str_eq(btf__str_by_offset(types.btf, t->name_off), "victim_ctx");
	ck_assert_str_eq(sdt->payload_type_reason, "by size and the allocator's name");
}
END_TEST

/* What the library's own objects look like: structs reached through pointers have no members. */
START_TEST(chunk_and_slot_are_only_declared)
{
	const struct scxray_sdt *sdt;

	types_deinit(&types);
	make_types(DECLARED);
	sdt = walk();
	ck_assert_ptr_null(report.unavailable[SCXRAY_GROUP_SDTS]);
	ck_assert_uint_eq(sdt->nr_entries, 2);
	ck_assert_int_eq(sdt->entries[0].idx, 3);
	ck_assert_int_eq(sdt->entries[0].genn, 7);
	ck_assert_int_eq(sdt->entries[1].idx, 511);
	ck_assert_uint_eq(((const uint64_t *)sdt->entries[1].payload.bytes)[0], 31);
	ck_assert_ptr_eq(sdt->entries[0].payload.btf, types.btf);
}
END_TEST

START_TEST(an_allocator_without_its_types_is_not_passed_over)
{
	types_deinit(&types);
	make_types(DECLARED | NO_ID);
	map_walk_allocators_in(&w, &maps[1], &types);
	ck_assert_uint_eq(report.nr_sdts, 0);
	ck_assert_str_eq(
		report.unavailable[SCXRAY_GROUP_SDTS],
		"victim_allocator is in .bss, but the BTF has no union sdt_id to read it by");
}
END_TEST

START_TEST(older_libraries_are_told_by_their_shape)
{
	types_deinit(&types);
	make_types(OLDER);
	ck_assert_uint_eq(walk()->nr_entries, 2);
	ck_assert_uint_eq(report.nr_static_ranges, 1);
}
END_TEST

START_TEST(large_slots_are_read_up_to_a_sum)
{
	const struct scxray_sdt *sdt;

	bss.elem_size = 3 * 4096;
	sdt = walk(); /* the arena ends after the first page of slots */
	ck_assert_uint_eq(sdt->nr_entries, 2);
	ck_assert_int_eq(sdt->entries[0].payload.state, SCXRAY_UNREADABLE);
	bss.elem_size = 65536;
	for (unsigned i = 0; i < 512; i++)
		set_u64(CHUNK2, i, at(SLOTS, 0));
	memset(desc(2)->allocated, 0xff, sizeof(desc(2)->allocated));
	report.nr_sdts = 0;
	sdt = walk();
	ck_assert_uint_eq(sdt->nr_entries, 256);
	ck_assert_str_eq(sdt->cut, "cut after 256 slots: 16 MiB of them");
}
END_TEST

START_TEST(payload_type_by_the_very_name_of_a_larger_struct)
{
	const struct btf_type *t;
	const struct scxray_sdt *sdt;

	types_deinit(&types);
	make_types(LARGER);
	sdt = walk();
	t = btf__type_by_id(types.btf, sdt->payload_type);
	ck_assert_str_eq(btf__str_by_offset(types.btf, t->name_off), "scx_victim");
	ck_assert_str_eq(sdt->payload_type_reason,
			 "by the allocator's name, the first 24 bytes of it");
	ck_assert_uint_eq(sdt->entries[0].payload.size, 24);
}
END_TEST

START_TEST(the_type_of_a_variable_is_no_payload)
{
	const struct scxray_sdt *sdt;

	types_deinit(&types);
	make_types(SPOKEN_FOR);
	sdt = walk();
	ck_assert_uint_eq(sdt->payload_type, 0);
	ck_assert_str_eq(sdt->payload_type_reason, "no struct of 24 bytes in its BTF");
	ck_assert_ptr_null(sdt->entries[0].payload.btf);
}
END_TEST

START_TEST(a_page_that_is_not_there_is_a_skipped_subtree)
{
	const struct scxray_sdt *sdt;

	set_u64(CHUNK0, 1, USER + 0x800000);
	sdt = walk();
	ck_assert_uint_eq(sdt->skipped_subtrees, 1);
	ck_assert_uint_eq(sdt->nr_entries, 2);
}
END_TEST

START_TEST(a_slot_that_is_not_there_is_unreadable)
{
	const struct scxray_sdt *sdt;

	set_u64(CHUNK2, 3, USER + 0x800000);
	sdt = walk();
	ck_assert_uint_eq(sdt->nr_entries, 2);
	ck_assert_int_eq(sdt->entries[0].payload.state, SCXRAY_UNREADABLE);
}
END_TEST

/* Each of 512 slots leads back to the root: 512^3 visits without a bound. */
START_TEST(descriptors_in_a_circle_end)
{
	const struct scxray_sdt *sdt;

	for (unsigned i = 0; i < 512; i++) {
		set_u64(CHUNK0, i, at(DESCS, 0));
		desc(0)->allocated[i / 64] = 0;
	}
	sdt = walk();
	ck_assert_ptr_nonnull(sdt->cut);
}
END_TEST

START_TEST(element_sizes_that_make_no_sense)
{
	static const uint64_t sizes[] = { 1, 15, 65537, UINT64_MAX };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		bss.elem_size = sizes[i];
		report.nr_sdts = 0;
		ck_assert_ptr_nonnull(walk()->cut);
	}
}
END_TEST

START_TEST(slots_are_capped)
{
	const struct scxray_sdt *sdt;

	w.settings.max_entries = 1;
	sdt = walk();
	ck_assert_uint_eq(sdt->nr_entries, 1);
	ck_assert_str_eq(sdt->cut, "cut after 1 slots");
}
END_TEST

/* One task's storage points to a slot, another's to a payload, a third is of another scheduler. */
START_TEST(slots_belong_to_those_whose_storage_points_to_them)
{
	static const char *owners[] = { "victim0[7]", "victim1[8]", "victim2[9]" };
	const struct scxray_sdt *sdt = walk();
	uint64_t values[3][2] = { { 1, sdt->entries[0].user_addr },
				  { sdt->entries[1].payload.addr, 0 },
				  { sdt->entries[0].user_addr, 0 } };
	struct scxray_entry entries[3] = { { 0 } };

	for (uint32_t i = 0; i < 3; i++) {
		entries[i].value = (const uint8_t *)values[i];
		entries[i].owner = i + 1;
	}
	maps[0].entries = entries;
	maps[0].nr_entries = 3;
	maps[0].owners = owners;
	maps[0].nr_owners = 3;
	maps[0].value_type.size = sizeof(values[0]);
	sdt_find_owners(&w);
	ck_assert_ptr_null(sdt->entries[0].owner);
	maps[0].active = true;
	sdt_find_owners(&w);
	/* the first that points there */
	ck_assert_str_eq(sdt->entries[0].owner, "victim0[7]");
	ck_assert_str_eq(sdt->entries[1].owner, "victim1[8]");
	/* an owner that is not there */
	entries[1].owner = 4;
	report.sdts[0].entries[1].owner = NULL;
	sdt_find_owners(&w);
	ck_assert_ptr_null(sdt->entries[1].owner);
}
END_TEST

START_TEST(bump_ranges)
{
	walk();
	ck_assert_uint_eq(report.nr_static_ranges, 1);
	ck_assert_str_eq(report.static_ranges[0].name, "static_range");
	ck_assert_uint_eq(report.static_ranges[0].start, at(SLOTS, 0));
	ck_assert_uint_eq(report.static_ranges[0].size, 96);
	ck_assert_uint_eq(report.static_ranges[0].capacity, 8192);
	bss.off = 9000; /* more than there is */
	report.nr_sdts = report.nr_static_ranges = 0;
	walk();
	ck_assert_uint_eq(report.nr_static_ranges, 0);
	ck_assert_uint_eq(report.static_skipped, 1);
}
END_TEST

static const unit_test tests[] = {
	&live_slots_with_id_and_payload,
	&payload_type_by_its_size,
	&older_libraries_are_told_by_their_shape,
	&large_slots_are_read_up_to_a_sum,
	&payload_type_by_the_allocators_name,
	&chunk_and_slot_are_only_declared,
	&an_allocator_without_its_types_is_not_passed_over,
	&payload_type_by_the_very_name_of_a_larger_struct,
	&the_type_of_a_variable_is_no_payload,
	&a_page_that_is_not_there_is_a_skipped_subtree,
	&a_slot_that_is_not_there_is_unreadable,
	&descriptors_in_a_circle_end,
	&element_sizes_that_make_no_sense,
	&slots_are_capped,
	&slots_belong_to_those_whose_storage_points_to_them,
	&bump_ranges,
};

UNIT_MAIN_AROUND("capture_sdt_alloc", tests, setup, teardown)
