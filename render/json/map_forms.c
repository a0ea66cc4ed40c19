/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_forms.c - maps that have no keys and values, as JSON: arenas, ring buffers, stack
 * traces, slots, bloom filters
 */
#include <base/array.h>

#include <scxray/map.h>

#include "render/out/field.h"
#include "render/value/follow.h"
#include "render/json/map.h"
#include "render/out/map_model.h"
#include "render/value/value_json.h"

#define ARENA_PAGE 4096

static void put_u64(struct json *j, const char *key, uint64_t v)
{
	json_key(j, key);
	json_u64(j, v);
}

static void put_bool(struct json *j, const char *key, bool v)
{
	json_key(j, key);
	json_bool(j, v);
}

/* ---- arena ---------------------------------------------------------------- */

static const struct field arena_fields[] = {
	FIELD(scxray_arena, user_vm_start, "user_vm_start", FIELD_ADDR),
	FIELD(scxray_arena, user_vm_end, "user_vm_end", FIELD_ADDR),
	FIELD(scxray_arena, kern_vm_start, "kern_vm_start", FIELD_KVA),
	FIELD(scxray_arena, nr_mapped, "mapped_pages", FIELD_U64),
	FIELD(scxray_arena, cut, "cut", FIELD_STRING),
};

static bool is_zero_page(const struct scxray_arena_page *page)
{
	return !page->bytes[0] && !memcmp(page->bytes, page->bytes + 1, ARENA_PAGE - 1);
}

/* Pages of zeros that follow one another are only counted. */
static void put_pages(struct json *j, const struct scxray_arena *arena)
{
	json_key(j, "pages");
	json_array(j);
	for (size_t i = 0, next; i < arena->nr_pages; i = next) {
		const struct scxray_arena_page *page = &arena->pages[i];

		next = i;
		while (next < arena->nr_pages && is_zero_page(&arena->pages[next]) &&
		       arena->pages[next].user_addr == page->user_addr + (next - i) * ARENA_PAGE)
			next++;
		json_object(j);
		json_key(j, "user_addr");
		json_addr(j, page->user_addr);
		if (next > i) {
			put_u64(j, "zero_pages", next - i);
		} else {
			json_key(j, "bytes");
			json_base64(j, page->bytes, ARENA_PAGE);
			next++;
		}
		json_object_end(j);
	}
	json_array_end(j);
}

void map_json_arena(struct map_json *m)
{
	const struct scxray_arena *arena = m->map->arena;
	struct json *j = m->j;

	if (!arena)
		return;
	json_key(j, "arena");
	json_object(j);
	json_num_field(j, "declared_pages", &m->map->max_entries, FIELD_NUM);
	json_fields(j, arena_fields, ARRAY_SIZE(arena_fields), arena);
	put_bool(j, "truncated", arena->cut);
	if (arena->globals.state != SCXRAY_NONE) {
		json_key(j, "globals_user_addr");
		json_addr(j, arena->globals.addr);
		json_value_field(j, "globals", &arena->globals, follow_options(m->follow));
	}
	if (arena->nr_pages)
		put_pages(j, arena);
	json_object_end(j);
}

/* ---- ring buffers --------------------------------------------------------- */

static const struct field ringbuf_fields[] = {
	FIELD(scxray_ringbuf, capacity, "capacity", FIELD_NUM),
	FIELD(scxray_ringbuf, consumer_pos, "consumer_pos", FIELD_NUM),
	FIELD(scxray_ringbuf, producer_pos, "producer_pos", FIELD_NUM),
	FIELD(scxray_ringbuf, pending_pos, "pending_pos", FIELD_NUM),
	FIELD(scxray_ringbuf, overwrite_pos, "overwrite_pos", FIELD_NUM),
	FIELD(scxray_ringbuf, cut, "cut", FIELD_STRING),
};

static void put_record(struct map_json *m, const struct scxray_ringbuf_record *record)
{
	struct scxray_value value = scxray_ringbuf_value(record);
	struct json *j = m->j;

	json_object(j);
	put_u64(j, "pos", record->pos);
	put_u64(j, "len", record->len);
	put_bool(j, "busy", record->busy);
	put_bool(j, "discarded", record->discarded);
	if (record->bytes) {
		json_key(j, "data_hex");
		json_bytes(j, record->bytes, record->captured);
	}
	if (value.btf)
		json_value_field(j, "inferred", &value, follow_options(m->follow));
	json_opt_string(j, "reason", record->reason);
	json_object_end(j);
}

void map_json_ringbuf(struct map_json *m)
{
	const struct scxray_ringbuf *ring = m->map->ringbuf;
	struct json *j = m->j;
	uint64_t pending;

	if (!ring)
		return;
	json_key(j, "ringbuf");
	json_object(j);
	json_fields(j, ringbuf_fields, ARRAY_SIZE(ringbuf_fields), ring);
	if (ringbuf_pending(ring, &pending))
		put_u64(j, "pending_bytes", pending);
	if (ring->nr_records) {
		json_key(j, "records");
		json_array(j);
		for (size_t i = 0; i < ring->nr_records; i++)
			put_record(m, &ring->records[i]);
		json_array_end(j);
	}
	json_object_end(j);
}

/* ---- stack traces --------------------------------------------------------- */

/* Two arrays: addresses and their symbols, null where an address has none. */
static void put_pcs(struct json *j, const struct scxray_stack *stack)
{
	bool any = false;

	json_key(j, "pcs");
	json_array(j);
	for (size_t i = 0; i < stack->nr_pcs; i++) {
		const struct scxray_num *addr = &stack->pcs[i].addr;

		if (addr->state == SCXRAY_PRESENT)
			json_addr(j, addr->value);
		else
			json_unreadable(j, addr->value, addr->reason);
		any |= stack->pcs[i].symbol != NULL;
	}
	json_array_end(j);
	if (!any)
		return;
	json_key(j, "symbols");
	json_array(j);
	for (size_t i = 0; i < stack->nr_pcs; i++)
		if (stack->pcs[i].symbol)
			json_string(j, stack->pcs[i].symbol);
		else
			json_null(j);
	json_array_end(j);
}

static void put_build_ids(struct json *j, const struct scxray_stack *stack)
{
	json_key(j, "build_ids");
	json_array(j);
	for (size_t i = 0; i < stack->nr_pcs; i++) {
		struct build_id_frame frame = build_id_frame(stack, i);

		json_object(j);
		json_key(j, "status");
		json_i64(j, frame.status);
		json_key(j, "build_id");
		json_bytes(j, frame.build_id, BUILD_ID_SIZE);
		/* a union: an offset in the file with a build id, else an address */
		json_key(j, frame.status == 1 ? "offset" : "ip");
		json_addr(j, frame.at);
		json_object_end(j);
	}
	json_array_end(j);
}

static void put_stack(struct json *j, const struct scxray_stack *stack)
{
	json_object(j);
	put_u64(j, "bucket_id", stack->id);
	put_u64(j, "nr", stack->nr);
	if (stack->pcs && stack->nr_pcs)
		put_pcs(j, stack);
	else if (stack->build_ids && stack->nr_pcs)
		put_build_ids(j, stack);
	json_opt_string(j, "reason", stack->reason);
	json_object_end(j);
}

void map_json_stacks(struct map_json *m)
{
	const struct scxray_stacks *stacks = m->map->stacks;
	struct json *j = m->j;

	if (!stacks)
		return;
	json_key(j, "stack_trace");
	json_object(j);
	put_u64(j, "n_buckets", stacks->nr_buckets);
	put_u64(j, "populated", stacks_populated(m->map));
	put_bool(j, "build_id_mode", stacks->build_id_mode);
	put_u64(j, "buckets_unreadable", stacks->nr_unreadable);
	put_bool(j, "truncated", stacks->cut);
	json_opt_string(j, "cut", stacks->cut);
	if (stacks->nr_stacks) {
		json_key(j, "entries");
		json_array(j);
		for (size_t i = 0; i < stacks->nr_stacks; i++)
			put_stack(j, &stacks->stacks[i]);
		json_array_end(j);
	}
	json_object_end(j);
}

/* ---- slots ---------------------------------------------------------------- */

static void put_slot(struct map_json *m, const struct scxray_slot *slot)
{
	json_object(m->j);
	if (slot->key)
		map_json_key(m, slot->key);
	else
		put_u64(m->j, "index", slot->index);
	json_num_field(m->j, "kva", &slot->kva, FIELD_ADDR);
	json_opt_string(m->j, "holds", slot->holds);
	json_object_end(m->j);
}

void map_json_slots(struct map_json *m)
{
	const struct scxray_slots *slots = m->map->slots;
	struct json *j = m->j;

	if (!slots)
		return;
	json_key(j, "fd_array");
	json_object(j);
	put_u64(j, "populated", slots->nr_slots);
	put_u64(j, "scanned", slots->nr_scanned);
	put_u64(j, "unreadable", slots->nr_unreadable);
	put_bool(j, "truncated", slots->cut);
	json_opt_string(j, "cut", slots->cut);
	if (slots->nr_slots && !slots->slots[0].key) {
		json_key(j, "indices");
		json_array(j);
		for (size_t i = 0; i < slots->nr_slots; i++)
			json_u64(j, slots->slots[i].index);
		json_array_end(j);
	}
	if (slots->nr_slots) {
		json_key(j, "slots");
		json_array(j);
		for (size_t i = 0; i < slots->nr_slots; i++)
			put_slot(m, &slots->slots[i]);
		json_array_end(j);
	}
	json_object_end(j);
}

/* ---- bloom filters -------------------------------------------------------- */

static const struct field bloom_fields[] = {
	FIELD(scxray_bloom, nr_bits, "nr_bits", FIELD_NUM),
	FIELD(scxray_bloom, nr_hash_funcs, "nr_hash_funcs", FIELD_NUM),
	FIELD(scxray_bloom, nr_set, "nr_set", FIELD_NUM),
};

void map_json_bloom(struct map_json *m)
{
	if (!m->map->bloom)
		return;
	json_key(m->j, "bloom");
	json_object(m->j);
	json_fields(m->j, bloom_fields, ARRAY_SIZE(bloom_fields), m->map->bloom);
	json_object_end(m->j);
}
