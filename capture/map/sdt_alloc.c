/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sdt_alloc.c - the allocators of the scx project's BPF library (its lib/sdt_alloc
 * and scheds/include/lib/sdt_task_defs.h; tools/sched_ext/scx_sdt has them as well),
 * found by type in a scheduler's .bss
 *
 * struct scx_allocator is a radix tree of three levels in the arena: a descriptor
 * has a bitmap and points to a chunk of descriptors, at the last level to a chunk of
 * slots.  A slot is struct sdt_data: an id, then the payload.  All offsets come from
 * the scheduler's own BTF; the arena's bytes from what has been captured of it.
 *
 * clang only declares what programs reach through pointers inside structs: usually
 * struct sdt_chunk and struct sdt_data have no members in the BTF.  Then the chunk is
 * what its name says, as many pointers as the descriptor has bits, and the slot
 * begins with the union sdt_id that a task's storage holds as well.
 */
#include <stdio.h>
#include <string.h>

#include <base/array.h>

#include <scxray/map.h>
#include <scxray/report_struct.h>

#include "capture/map/map.h"
#include "capture/map/sdt.h"
#include "capture/read/read.h"

#define LEVELS 3
#define MAX_FANOUT 512
#define MAX_ALLOCATORS 64
#define MAX_ELEM 65536
#define MIN_ELEM 16
#define MAX_BYTES (16u << 20) /* of one allocator's slots */
#define MAX_VARS 65536
#define MAX_STEPS (1u << 19)

/* What is needed of the library's structs, by the scheduler's BTF. */
struct sdt_layout {
	uint32_t type;		 /* the allocator's */
	const char *missing;	 /* of the types; NULL: nothing */
	struct member elem_size; /* of the allocator */
	struct member root;
	struct member allocated; /* sdt_desc */
	struct member chunk;
	uint32_t slots; /* where an sdt_chunk's pointers begin */
	uint32_t fanout;
	uint32_t idx, genn, payload; /* where they are in an sdt_data */
	const uint8_t *variables;    /* sdt_find_variables() */
};

struct sdt_walk {
	struct walk *w;
	const struct scxray_arena *arena;
	const struct sdt_layout *l;
	struct scxray_sdt *sdt;
	const struct btf *btf;
	uint32_t elem_size;
	uint32_t max;
	uint32_t bytes; /* of the slots that are in the report */
	uint32_t steps; /* slots looked at: descriptors in a circle would take for ever */
};

static uint32_t find_type(const struct types *types, const char *name)
{
	uint32_t id = types_find(types, name, BTF_KIND_STRUCT);

	return id ? id : types_find(types, name, BTF_KIND_UNION);
}

static struct member member_of(const struct types *types, const char *owner, const char *path)
{
	uint32_t id = find_type(types, owner);

	return id ? types_member(types, id, path) : (struct member){ 0 };
}

/* A pointer to each child, one for each bit of the descriptor's. */
static bool find_chunk(const struct types *types, struct sdt_layout *l)
{
	struct member data = member_of(types, "sdt_chunk", "data");

	l->slots = data.present ? data.offset : 0;
	l->fanout = data.present ? data.size / 8 : l->allocated.size * 8;
	return l->fanout && l->fanout <= MAX_FANOUT && l->allocated.size * 8 >= l->fanout;
}

/* The id, and the payload after it. */
static bool find_slot(const struct types *types, struct sdt_layout *l)
{
	struct member idx = member_of(types, "sdt_data", "tid.idx"),
		      genn = member_of(types, "sdt_data", "tid.genn"),
		      payload = member_of(types, "sdt_data", "payload");

	if (!payload.present) {
		idx = member_of(types, "sdt_id", "idx");
		genn = member_of(types, "sdt_id", "genn");
		payload.offset = types_size(types, find_type(types, "sdt_id"));
	}
	l->idx = idx.offset;
	l->genn = genn.offset;
	l->payload = payload.offset;
	return idx.present && idx.size == 4 && genn.present && genn.size == 4 && l->payload &&
	       l->payload <= MAX_ELEM;
}

/* A word of the struct, and within its size. */
static bool has_word(const struct types *types, uint32_t id, const char *path)
{
	struct member m = types_member(types, id, path);

	return m.size == 8 && m.offset + 8ULL <= types_size(types, id);
}

/* A pool of elements of one size, and a tree's root. */
static bool is_allocator(const struct types *types, uint32_t id)
{
	return has_word(types, id, "pool.elem_size") && has_word(types, id, "root");
}

/* What is missing of the library's types; NULL: nothing. */
static const char *find_layout(const struct types *types, uint32_t id, struct sdt_layout *l)
{
	*l = (struct sdt_layout){
		.type = id,
		.elem_size = types_member(types, id, "pool.elem_size"),
		.root = types_member(types, id, "root"),
		.allocated = member_of(types, "sdt_desc", "allocated"),
		.chunk = member_of(types, "sdt_desc", "chunk"),
		.variables = l->variables,
	};
	if (!l->allocated.present || !l->chunk.present || l->chunk.size != 8)
		return "struct sdt_desc";
	if (!find_chunk(types, l))
		return "struct sdt_chunk";
	return find_slot(types, l) ? NULL : "union sdt_id";
}

/* ---- the tree -------------------------------------------------------------- */

static bool arena_u64(const struct sdt_walk *s, uint64_t addr, uint64_t *value)
{
	return scxray_arena_read(s->arena, addr, (uint8_t *)value, 8) == 8;
}

static void add_slot(struct sdt_walk *s, uint64_t addr)
{
	uint32_t size = s->elem_size - s->l->payload;
	struct scxray_sdt_entry *entry;
	void *entries = s->sdt->entries;
	uint8_t *bytes;

	if (s->sdt->nr_entries >= s->max) {
		s->sdt->cut = pool_printf(s->w->pool, "cut after %u slots", s->max);
		return;
	}
	if (s->elem_size > MAX_BYTES - s->bytes) {
		s->sdt->cut = pool_printf(s->w->pool, "cut after %zu slots: 16 MiB of them",
					  s->sdt->nr_entries);
		return;
	}
	s->bytes += s->elem_size;
	bytes = pool_alloc(s->w->pool, s->elem_size);
	entry = bytes ? pool_push(s->w->pool, &entries, &s->sdt->nr_entries, sizeof(*entry)) : NULL;
	if (!entry) {
		s->sdt->cut = POOL_USED_UP;
		return;
	}
	s->sdt->entries = entries;
	*entry = (struct scxray_sdt_entry){ .user_addr = addr };
	if (scxray_arena_read(s->arena, addr, bytes, s->elem_size) != s->elem_size) {
		entry->payload = (struct scxray_value){
			.addr = addr,
			.reason = "page not captured",
			.state = SCXRAY_UNREADABLE,
		};
		return;
	}
	memcpy(&entry->idx, bytes + s->l->idx, 4);
	memcpy(&entry->genn, bytes + s->l->genn, 4);
	entry->payload = (struct scxray_value){
		.btf = s->sdt->payload_type ? s->btf : NULL,
		.type_id = s->sdt->payload_type,
		.bytes = bytes + s->l->payload,
		.size = size,
		.addr = addr + s->l->payload,
		.reason = "the slot has no more",
		.state = SCXRAY_PRESENT,
	};
}

/* A descriptor and what is below it; three levels and a fan-out bound the work. */
static void walk_desc(struct sdt_walk *s, uint64_t desc, unsigned level)
{
	uint64_t chunk, allocated[MAX_FANOUT / 64] = { 0 };
	size_t bitmap = (s->l->fanout + 63) / 64 * 8;

	if (!arena_u64(s, desc + s->l->chunk.offset, &chunk) ||
	    scxray_arena_read(s->arena, desc + s->l->allocated.offset, (uint8_t *)allocated,
			      bitmap) != bitmap) {
		s->sdt->skipped_subtrees++;
		return;
	}
	for (uint32_t i = 0; chunk && i < s->l->fanout && !s->sdt->cut; i++) {
		uint64_t child;

		if (s->steps++ == MAX_STEPS) {
			s->sdt->cut = "the tree is larger than any believable one";
			return;
		}

		/* a bit of an inner node says that all below is in use: its pointers count */
		if (level == LEVELS - 1 && !(allocated[i / 64] >> (i % 64) & 1))
			continue;
		if (!arena_u64(s, chunk + s->l->slots + i * 8ULL, &child)) {
			s->sdt->skipped_subtrees++;
			return;
		}
		if (!child)
			continue;
		if (level < LEVELS - 1)
			walk_desc(s, child, level + 1);
		else
			add_slot(s, child);
	}
}

static void walk_allocator(struct walk *w, const struct types *types, const struct sdt_layout *l,
			   const char *name, const uint8_t *bytes, uint64_t addr)
{
	struct sdt_walk s = { .w = w, .l = l, .btf = types->btf, .max = w->settings.max_entries };
	void *sdts = w->r->sdts;
	uint64_t elem_size, root;
	const char *reason;

	s.sdt = w->r->nr_sdts < MAX_ALLOCATORS
			? pool_push(w->pool, &sdts, &w->r->nr_sdts, sizeof(*s.sdt))
			: NULL;
	if (!s.sdt)
		return;
	w->r->sdts = sdts;
	*s.sdt = (struct scxray_sdt){ .name = name };
	memcpy(&elem_size, bytes + l->elem_size.offset, 8);
	memcpy(&root, bytes + l->root.offset, 8);
	s.sdt->elem_size = num_present(elem_size);
	if (!root && !elem_size) {
		s.sdt->payload_type_reason = "never initialised";
		return;
	}
	if (elem_size < MIN_ELEM || elem_size > MAX_ELEM || elem_size <= l->payload ||
	    elem_size < l->idx + 4ULL || elem_size < l->genn + 4ULL) {
		s.sdt->cut = pool_printf(
			w->pool, "allocator at 0x%016llx: an element size of %llu makes no sense",
			(unsigned long long)addr, (unsigned long long)elem_size);
		return;
	}
	s.elem_size = (uint32_t)elem_size;
	sdt_guess_payload(w, s.sdt, types, l->variables, s.elem_size - l->payload);
	if (!root)
		return;
	s.arena = scxray_report_arena(w->r, types->btf, root, &reason);
	if (s.arena)
		walk_desc(&s, root, 0);
	else
		s.sdt->cut = pool_printf(w->pool, "its tree's root, 0x%llx: %s",
					 (unsigned long long)root, reason ? reason : "in no arena");
}

/*
 * The library's bump allocators: where their memory begins, how much of it is handed out, and
 * how much there is (struct scx_static, sdt_static once; struct bump has its capacity by
 * another name).
 */
static const char *bump_capacity(const struct types *types, uint32_t id)
{
	static const char *const names[] = { "max_alloc_bytes", "max_contig_bytes" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (has_word(types, id, names[i]) && has_word(types, id, "memory") &&
		    has_word(types, id, "off"))
			return names[i];
	return NULL;
}

static void static_range(struct walk *w, const struct types *types, uint32_t id, const char *name,
			 const char *capacity_name, const uint8_t *bytes)
{
	struct member max = types_member(types, id, capacity_name),
		      memory = types_member(types, id, "memory"),
		      off = types_member(types, id, "off");
	struct scxray_static_range *range;
	uint64_t capacity, start, size;
	void *ranges = w->r->static_ranges;

	memcpy(&capacity, bytes + max.offset, 8);
	memcpy(&start, bytes + memory.offset, 8);
	memcpy(&size, bytes + off.offset, 8);
	if (!start || size > capacity || capacity > 1ULL << 32 ||
	    w->r->nr_static_ranges >= MAX_ALLOCATORS) {
		w->r->static_skipped++;
		return;
	}
	range = pool_push(w->pool, &ranges, &w->r->nr_static_ranges, sizeof(*range));
	if (!range)
		return;
	w->r->static_ranges = ranges;
	*range = (struct scxray_static_range){
		.name = name,
		.start = start,
		.size = size,
		.capacity = capacity,
	};
}

static void allocator(struct walk *w, const struct types *types, struct sdt_layout *l, uint32_t id,
		      const char *name, const uint8_t *bytes, uint64_t addr)
{
	if (l->type != id) {
		if (!l->type)
			l->variables = sdt_find_variables(w, types);
		l->missing = find_layout(types, id, l);
	}
	if (l->missing)
		w->r->unavailable[SCXRAY_GROUP_SDTS] =
			pool_printf(w->pool, "%s is in .bss, but the BTF has no %s to read it by",
				    name, l->missing);
	else
		walk_allocator(w, types, l, name, bytes, addr);
}

void map_walk_allocators_in(struct walk *w, const struct scxray_map *map, const struct types *types)
{
	const struct btf_type *sec = btf__type_by_id(types->btf, map->value_type.type_id);
	const uint8_t *bytes = map->nr_entries ? map->entries[0].value : NULL;
	struct sdt_layout l = { 0 };

	if (!sec || btf_kind(sec) != BTF_KIND_DATASEC || !bytes)
		return;
	for (uint32_t i = 0; i < btf_vlen(sec) && i < MAX_VARS; i++) {
		const struct btf_var_secinfo *info = &btf_var_secinfos(sec)[i];
		const struct btf_type *var = btf__type_by_id(types->btf, info->type), *t;
		const char *name, *capacity;
		uint32_t id;

		t = var && btf_kind(var) == BTF_KIND_VAR ? types_strip(types, var->type, &id)
							 : NULL;
		if (!t || btf_kind(t) != BTF_KIND_STRUCT)
			continue;
		if (info->offset > map->value_type.size ||
		    t->size > map->value_type.size - info->offset)
			continue;
		name = pool_printf(w->pool, "%.100s",
				   btf__str_by_offset(types->btf, var->name_off));
		if (is_allocator(types, id))
			allocator(w, types, &l, id, name, bytes + info->offset,
				  map->entries[0].addr + info->offset);
		else if ((capacity = bump_capacity(types, id)))
			static_range(w, types, id, name, capacity, bytes + info->offset);
	}
}

/* The scheduler's variables; those beside a lock are in sections of their own, .data.LOCK. */
static bool is_bss(const struct scxray_map *map)
{
	const char *dot = map->name.state == SCXRAY_PRESENT ? strchr(map->name.bytes, '.') : NULL;

	return map->active && map->value_type.btf && dot &&
	       (!strncmp(dot, ".bss", 4) || !strncmp(dot, ".data", 5));
}

void map_walk_allocators(struct walk *w)
{
	bool any_bss = false, any_arena = false;

	for (size_t i = 0; i < w->r->nr_maps; i++) {
		any_bss |= is_bss(&w->r->maps[i]);
		any_arena |= w->r->maps[i].arena != NULL;
	}
	if (!any_arena)
		w->r->unavailable[SCXRAY_GROUP_SDTS] = "no arena map captured";
	else if (!any_bss)
		w->r->unavailable[SCXRAY_GROUP_SDTS] =
			"no scheduler .bss map (or .bss has no program BTF)";
	if (w->r->unavailable[SCXRAY_GROUP_SDTS])
		return;
	for (size_t i = 0; i < w->r->nr_maps; i++) {
		const struct types *types =
			is_bss(&w->r->maps[i]) ? map_find_value_types(w, &w->r->maps[i]) : NULL;

		if (types)
			map_walk_allocators_in(w, &w->r->maps[i], types);
	}
	sdt_find_owners(w);
	if (w->r->nr_sdts)
		w->r->unavailable[SCXRAY_GROUP_SDTS] = NULL;
	else if (!w->r->unavailable[SCXRAY_GROUP_SDTS])
		w->r->unavailable[SCXRAY_GROUP_SDTS] = "no scx_allocator instance in .bss";
}
