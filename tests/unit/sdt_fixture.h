/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sdt_fixture.h - an arena with an allocator of the scx library
 */
#ifndef TESTS_SDT_FIXTURE_H
#define TESTS_SDT_FIXTURE_H

#include <scxray/group.h>
#include <scxray/map.h>
#include <scxray/report_struct.h>
#include <stdlib.h>
#include <string.h>

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

static inline int add_struct(struct btf *btf, const char *name, unsigned size,
			     const struct field *fields)
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

static inline void make_types(unsigned how)
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

static inline struct desc *desc(unsigned n)
{
	return (struct desc *)(bytes[DESCS] + n * 128);
}

static inline void set_u64(enum page page, unsigned slot, uint64_t value)
{
	memcpy(bytes[page] + slot * 8, &value, 8);
}

/* Slots 3 and 511 of the first leaf are in use; slot 4 was, its bit is clear. */
static inline void make_tree(void)
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

static inline void setup(void)
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

static inline void teardown(void)
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

#endif
