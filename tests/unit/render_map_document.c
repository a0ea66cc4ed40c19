/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render_map_document.c - a document with a map of every form against golden
 * files, which tests/render/test_validate.py holds against the schema
 */
#include <scxray/group.h>
#include <scxray/map.h>
#include <scxray/report_struct.h>
#include <scxray/task.h>

#include "tests/lib/unit.h"
#include "tests/render/golden.h"
#include "tests/render/maps.h"

#define NR_MAPS 14
#define ARENA 0x100000000000ULL

struct document {
	struct one_map m; /* for its types and blocks */
	struct scxray_map maps[NR_MAPS];
	struct scxray_entry entries[NR_MAPS][4];
	const uint8_t *per_cpu[2][8];
	uint32_t cpus[4];
	uint8_t page[4096];
	struct scxray_arena_page pages[1];
	struct scxray_arena arena;
	struct scxray_ringbuf_record records[2];
	struct scxray_ringbuf ring;
	struct scxray_address pcs[3];
	struct scxray_stack stacks[2];
	struct scxray_stacks stack_map;
	struct scxray_slot slots[2], keyed;
	struct scxray_slots slot_map, keyed_map;
	struct scxray_bloom bloom;
	const char *owners[1];
	struct scxray_pointee pointees[1];
	size_t nr;
	struct scxray_report r;
};

static struct scxray_map *add_map(struct document *d, enum scxray_map_form form, uint32_t type,
				  const char *type_name, const char *name)
{
	struct scxray_map *map = &d->maps[d->nr];

	ck_assert(d->nr < NR_MAPS);
	*map = (struct scxray_map){
		.id = (uint32_t)d->nr + 1,
		.map_kva = 0xffff888000042000ULL + d->nr * 0x200,
		.name = { .bytes = name, .len = strlen(name), .state = SCXRAY_PRESENT },
		.map_type = N(type),
		.type_name = type_name,
		.key_size = N(4),
		.value_size = N(16),
		.max_entries = N(16),
		.map_flags = N(0),
		.form = form,
		.entries = d->entries[d->nr],
		.value_type = { .size = 16 },
		.key_type = { .size = 4 },
	};
	d->nr++;
	return map;
}

static struct scxray_entry *add_entry(struct document *d, struct scxray_map *map, const void *key,
				      const void *value)
{
	struct scxray_entry *entry = &map->entries[map->nr_entries];

	*entry = (struct scxray_entry){ .addr = ELEM + map->nr_entries * 64,
					.index = (uint32_t)map->nr_entries };
	if (key)
		entry->key = map_block(&d->m, key, map->key_type.size);
	if (value)
		entry->value = map_block(&d->m, value, map->value_type.size);
	map->total = ++map->nr_entries;
	return entry;
}

/* Keys of two numbers, values of two: they make tables and templates. */
static void add_tables(struct document *d)
{
	static const char *const key[] = { "cgrp_id", "llc_id" }, *const value[] = { "load", "nr" };
	struct scxray_type k = map_typed(&d->m, map_struct(&d->m, "key", key, 2), 16);
	struct scxray_type v = map_typed(&d->m, map_struct(&d->m, "load", value, 2), 16);
	uint64_t keys[2][2] = { { 1, 5 }, { 61, 3 } },
		 values[4][2] = { { 1 << 20, 3 }, { 17592186046336, 3 }, { 7, 3 }, { 8, 3 } };
	struct scxray_map *map = add_map(d, SCXRAY_MAP_ENTRIES, 1, "hash", "llc_load");

	map->active = true;
	map->key_type = k;
	map->value_type = v;
	add_entry(d, map, keys[0], values[0]);
	add_entry(d, map, keys[1], values[1]);

	for (unsigned i = 0; i < 2; i++) {
		map = i ? add_map(d, SCXRAY_MAP_PERCPU_ENTRIES, 5, "percpu_hash", "cpu_hash")
			: add_map(d, SCXRAY_MAP_PERCPU_ARRAY, 6, "percpu_array", "cpu_load");
		map->key_type = k;
		map->value_type = v;
		map->cpus = d->cpus;
		map->nr_cpus = 4;
		map->per_cpu = d->per_cpu[i];
		add_entry(d, map, i ? keys[0] : NULL, NULL);
		for (unsigned c = 0; c < 4; c++)
			if (c != 2)
				d->per_cpu[i][c] = map_block(&d->m, values[c], 16);
	}
}

static void add_values(struct document *d)
{
	static const char *const names[] = { "stall_now", "nr_held" };
	uint64_t kva = 0xffff888000700000, bss[2] = { 1, 2 }, pointer = 0xffff888000001000;
	uint32_t pid = 141;
	struct scxray_map *map = add_map(d, SCXRAY_MAP_VALUE, 2, "array", "scxfix.bss");

	map->active = true;
	map->value_type = map_typed(&d->m, map_struct(&d->m, ".bss", names, 2), 16);
	add_entry(d, map, NULL, bss);
	map = add_map(d, SCXRAY_MAP_ARRAY, 2, "array", "pointers");
	map->value_type = map_typed(&d->m, btf__add_ptr(d->m.t.btf, d->m.t.u64), 8);
	add_entry(d, map, NULL, &pointer);
	pointer = ARENA + 8;
	add_entry(d, map, NULL, &pointer);
	pointer = ARENA + 4096;
	add_entry(d, map, NULL, &pointer);
	add_entry(d, map, NULL, NULL)->reason = "page not in the image";
	map->error = "1 keys unreadable: page not in the image";
	map = add_map(d, SCXRAY_MAP_ENTRIES, 29, "task_storage", "task_ctx");
	map->key_type.size = 8;
	map->btf_error = "its type id is not in its BTF";
	map->owners = d->owners;
	map->nr_owners = 1;
	add_entry(d, map, &kva, bss)->owner = 1;
	map = add_map(d, SCXRAY_MAP_QUEUE, 22, "queue", "heldq");
	map->value_type.size = 4;
	add_entry(d, map, NULL, &pid);
	map->total = 2;
	add_map(d, SCXRAY_MAP_ENTRIES, 9, "lru_hash", "nothing");
}

static void add_forms(struct document *d)
{
	uint32_t key = 7;

	d->page[8] = 42;
	d->pages[0] = (struct scxray_arena_page){ ARENA, d->page };
	d->arena = (struct scxray_arena){ .user_vm_start = N(ARENA),
					  .user_vm_end = N(ARENA + 0x40000),
					  .kern_vm_start = 0xffffc90020008000,
					  .pages = d->pages,
					  .nr_pages = 1,
					  .nr_mapped = 9,
					  .cut = "cut after 1 pages" };
	add_map(d, SCXRAY_MAP_ARENA, 33, "arena", "arena")->arena = &d->arena;

	d->records[0] = (struct scxray_ringbuf_record){
		.pos = 8, .len = 4, .bytes = d->page + 8, .captured = 4
	};
	d->records[1] = (struct scxray_ringbuf_record){
		.pos = 24, .len = 40, .busy = true, .reason = "not mapped"
	};
	d->ring = (struct scxray_ringbuf){ .capacity = N(4096),
					   .consumer_pos = N(8),
					   .producer_pos = N(72),
					   .pending_pos = N(24),
					   .overwrite_pos = LOST(ELEM, "not mapped"),
					   .records = d->records,
					   .nr_records = 2 };
	add_map(d, SCXRAY_MAP_RINGBUF, 27, "ringbuf", "events")->ringbuf = &d->ring;

	d->pcs[0] = (struct scxray_address){ N(KERNEL_TEXT), "scx_tick+0x0", NULL };
	d->pcs[1] = (struct scxray_address){ LOST(ELEM, "not mapped"), NULL, NULL };
	d->pcs[2] = (struct scxray_address){ N(0x55), NULL, NULL };
	d->stacks[0] = (struct scxray_stack){ .id = 3, .nr = 3, .pcs = d->pcs, .nr_pcs = 3 };
	d->stacks[1] = (struct scxray_stack){ .id = 9, .nr = 1, .build_ids = d->page, .nr_pcs = 1 };
	d->stack_map = (struct scxray_stacks){
		.nr_buckets = 64, .stacks = d->stacks, .nr_stacks = 2, .nr_unreadable = 1
	};
	add_map(d, SCXRAY_MAP_STACK_TRACE, 7, "stack_trace", "stacks")->stacks = &d->stack_map;

	d->slots[0] = (struct scxray_slot){ .index = 2, .kva = N(ELEM), .holds = "prog tick#7" };
	d->slots[1] = (struct scxray_slot){ .index = 3, .kva = N(ELEM + 64) };
	d->slot_map = (struct scxray_slots){ .nr_scanned = 16, .slots = d->slots, .nr_slots = 2 };
	add_map(d, SCXRAY_MAP_FD_ARRAY, 3, "prog_array", "progs")->slots = &d->slot_map;
	d->keyed = (struct scxray_slot){ .key = map_block(&d->m, &key, 4),
					 .kva = LOST(ELEM, "not mapped") };
	d->keyed_map = (struct scxray_slots){
		.nr_scanned = 1, .slots = &d->keyed, .nr_slots = 1, .nr_unreadable = 1
	};
	add_map(d, SCXRAY_MAP_FD_ARRAY, 13, "hash_of_maps", "inner")->slots = &d->keyed_map;
	d->bloom = (struct scxray_bloom){ N(512), N(3), N(13) };
	add_map(d, SCXRAY_MAP_BLOOM, 30, "bloom_filter", "seen")->bloom = &d->bloom;
}

START_TEST(every_form_in_one_document)
{
	struct document d;
	struct scxray_document doc = { .late = &d.r };

	memset(&d, 0, sizeof(d));
	map_init(&d.m, SCXRAY_MAP_NONE, 0, NULL);
	memcpy(d.cpus, (uint32_t[]){ 0, 1, 2, 5 }, sizeof(d.cpus));
	d.owners[0] = "hog[106]";
	d.pointees[0] = (struct scxray_pointee){ .addr = 0xffff888000001000, .label = "/alpha" };
	add_tables(&d);
	add_values(&d);
	add_forms(&d);
	d.r = (struct scxray_report){ .maps = d.maps,
				      .nr_maps = d.nr,
				      .cut[SCXRAY_GROUP_MAPS] = "cut after 14 maps",
				      .pointees = d.pointees,
				      .nr_pointees = 1,
				      .cut[SCXRAY_GROUP_POINTEES] = "cut after 1 pointees",
				      .active_obj_name = "scxfix",
				      .unavailable[SCXRAY_GROUP_VCPUS] = "no vCPU notes" };
	check_golden(&doc, TEXT, 120, false, "maps.txt");
	check_golden(&doc, JSON, 0, false, "maps.json");
	map_deinit(&d.m);
}
END_TEST

static const unit_test tests[] = { &every_form_in_one_document };

UNIT_MAIN("render_map_document", tests)
