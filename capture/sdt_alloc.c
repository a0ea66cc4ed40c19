/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sdt_alloc.c - the allocators of the scx project's BPF library (its lib/sdt_alloc
 * and scheds/include/lib/sdt_task_defs.h), found by type in a scheduler's .bss
 *
 * struct scx_allocator is a radix tree of three levels in the arena: a descriptor
 * has a bitmap and points to a chunk of descriptors, at the last level to a chunk of
 * slots.  A slot is struct sdt_data: an id, then the payload.  All offsets come from
 * the scheduler's own BTF; the arena's bytes from what has been captured of it.
 */
#include <stdio.h>
#include <string.h>

#include "map.h"

#define LEVELS 3
#define MAX_FANOUT 512
#define MAX_ALLOCATORS 64
#define MAX_ELEM 4096
#define MIN_ELEM 16
#define MAX_VARS 65536
#define MAX_STEPS (1u << 19)

/* What is needed of the library's structs, by the scheduler's BTF. */
struct sdt_layout {
	struct member elem_size; /* scx_allocator */
	struct member root;
	struct member allocated; /* sdt_desc */
	struct member chunk;
	struct member slots; /* sdt_chunk: descs or data, a union */
	struct member idx;   /* sdt_data */
	struct member genn;
	struct member payload;
	uint32_t fanout;
};

struct sdt_walk {
	struct walk *w;
	const struct sdt_layout *l;
	struct scxray_sdt *sdt;
	const struct btf *btf;
	uint32_t elem_size;
	uint32_t max;
	uint32_t steps; /* slots looked at: descriptors in a circle would take for ever */
};

static struct member member_of(const struct types *types, const char *owner, const char *path)
{
	uint32_t id = types_find(types, owner, BTF_KIND_STRUCT);

	return id ? types_member(types, id, path) : (struct member){ 0 };
}

static bool find_layout(const struct types *types, struct sdt_layout *l)
{
	*l = (struct sdt_layout){
		.elem_size = member_of(types, "scx_allocator", "pool.elem_size"),
		.root = member_of(types, "scx_allocator", "root"),
		.allocated = member_of(types, "sdt_desc", "allocated"),
		.chunk = member_of(types, "sdt_desc", "chunk"),
		.slots = member_of(types, "sdt_chunk", "data"),
		.idx = member_of(types, "sdt_data", "tid.idx"),
		.genn = member_of(types, "sdt_data", "tid.genn"),
		.payload = member_of(types, "sdt_data", "payload"),
	};
	l->fanout = l->slots.size / 8;
	return l->elem_size.present && l->elem_size.size == 8 && l->root.present &&
	       l->root.size == 8 && l->allocated.present && l->chunk.present &&
	       l->chunk.size == 8 && l->slots.present && l->idx.present && l->idx.size == 4 &&
	       l->genn.present && l->genn.size == 4 && l->payload.present && l->fanout &&
	       l->fanout <= MAX_FANOUT && l->allocated.size * 8 >= l->fanout;
}

/* ---- the payload's type ---------------------------------------------------- */

static const char *type_name(const struct types *types, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(types->btf, id);

	if (!t || btf_kind(t) != BTF_KIND_STRUCT)
		return NULL;
	return btf__str_by_offset(types->btf, t->name_off);
}

static bool ends_with(const char *name, const char *tail)
{
	size_t n = strlen(name), t = strlen(tail);

	return n >= t && !strcmp(name + n - t, tail);
}

/* Types of kernel and library are no payloads. */
static bool is_candidate(const struct types *types, uint32_t id, uint32_t size)
{
	const char *name = type_name(types, id);

	return name && *name && types_size(types, id) == size && strncmp(name, "sdt_", 4) &&
	       strncmp(name, "scx_", 4);
}

/*
 * Nothing in BTF ties an allocator to what is in its slots.  Of the structs with the
 * right size: the only one, else one that has the allocator's stem in its name, else
 * one that is called a context.
 */
static void guess_payload(struct walk *w, struct scxray_sdt *sdt, const struct types *types,
			  uint32_t size)
{
	static const char *const contexts[] = { "task_ctx", "_arena_ctx", "_task_ctx", "_ctx" };
	size_t stem = strcspn(sdt->name, "_");
	uint32_t nr = 0, only = 0;

	for (uint32_t id = 1; id < types->nr; id++)
		if (is_candidate(types, id, size)) {
			nr++;
			only = id;
		}
	sdt->payload_type_reason = pool_printf(w->pool, "no struct of %u bytes in its BTF", size);
	if (!nr)
		return;
	if (nr == 1) {
		sdt->payload_type = only;
		sdt->payload_type_reason =
			pool_printf(w->pool, "the only struct of %u bytes", size);
		return;
	}
	for (uint32_t id = 1; id < types->nr; id++) {
		const char *name = is_candidate(types, id, size) ? type_name(types, id) : NULL;

		if (name && !strncmp(name, sdt->name, stem)) {
			sdt->payload_type = id;
			sdt->payload_type_reason = "by size and the allocator's name";
			return;
		}
	}
	for (size_t c = 0; c < sizeof(contexts) / sizeof(contexts[0]); c++)
		for (uint32_t id = 1; id < types->nr; id++)
			if (is_candidate(types, id, size) &&
			    ends_with(type_name(types, id), contexts[c])) {
				sdt->payload_type = id;
				sdt->payload_type_reason = "by size and a context's name";
				return;
			}
	sdt->payload_type_reason =
		pool_printf(w->pool, "%u structs of %u bytes: ambiguous", nr, size);
}

/* ---- the tree -------------------------------------------------------------- */

static bool arena_u64(const struct walk *w, uint64_t addr, uint64_t *value)
{
	return scxray_report_arena_read(w->r, addr, (uint8_t *)value, 8) == 8;
}

static void add_slot(struct sdt_walk *s, uint64_t addr)
{
	uint32_t size = s->elem_size - s->l->payload.offset;
	struct scxray_sdt_entry *entry;
	void *entries = s->sdt->entries;
	uint8_t *bytes;

	if (s->sdt->nr_entries >= s->max) {
		s->sdt->cut = pool_printf(s->w->pool, "cut after %u slots", s->max);
		return;
	}
	bytes = pool_alloc(s->w->pool, s->elem_size);
	entry = bytes ? pool_push(s->w->pool, &entries, &s->sdt->nr_entries, sizeof(*entry)) : NULL;
	if (!entry) {
		s->sdt->cut = "report memory is used up";
		return;
	}
	s->sdt->entries = entries;
	*entry = (struct scxray_sdt_entry){ .user_addr = addr };
	if (scxray_report_arena_read(s->w->r, addr, bytes, s->elem_size) != s->elem_size) {
		entry->payload = (struct scxray_value){
			.addr = addr,
			.reason = "page not captured",
			.state = SCXRAY_UNREADABLE,
		};
		return;
	}
	memcpy(&entry->idx, bytes + s->l->idx.offset, 4);
	memcpy(&entry->genn, bytes + s->l->genn.offset, 4);
	entry->payload = (struct scxray_value){
		.btf = s->sdt->payload_type ? s->btf : NULL,
		.type_id = s->sdt->payload_type,
		.bytes = bytes + s->l->payload.offset,
		.size = size,
		.addr = addr + s->l->payload.offset,
		.state = SCXRAY_PRESENT,
	};
}

/* A descriptor and what is below it; three levels and a fan-out bound the work. */
static void walk_desc(struct sdt_walk *s, uint64_t desc, unsigned level)
{
	uint64_t chunk, allocated[MAX_FANOUT / 64] = { 0 };
	size_t bitmap = (s->l->fanout + 63) / 64 * 8;

	if (!arena_u64(s->w, desc + s->l->chunk.offset, &chunk) ||
	    scxray_report_arena_read(s->w->r, desc + s->l->allocated.offset, (uint8_t *)allocated,
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
		if (!arena_u64(s->w, chunk + s->l->slots.offset + i * 8ULL, &child)) {
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
	if (elem_size < MIN_ELEM || elem_size > MAX_ELEM || elem_size <= l->payload.offset ||
	    elem_size < l->genn.offset + 4ULL) {
		s.sdt->cut = pool_printf(
			w->pool, "allocator at 0x%016llx: an element size of %llu makes no sense",
			(unsigned long long)addr, (unsigned long long)elem_size);
		return;
	}
	s.elem_size = (uint32_t)elem_size;
	guess_payload(w, s.sdt, types, s.elem_size - l->payload.offset);
	if (root)
		walk_desc(&s, root, 0);
}

static void static_range(struct walk *w, const struct types *types, uint32_t id, const char *name,
			 const uint8_t *bytes)
{
	uint32_t last = types_size(types, id) - 8; /* where the last u64 of it can stand */
	struct member max = types_member(types, id, "max_alloc_bytes");
	struct member memory = types_member(types, id, "memory"),
		      off = types_member(types, id, "off");
	struct scxray_static_range *range;
	uint64_t capacity, start, size;
	void *ranges = w->r->static_ranges;

	if (!max.present || max.size != 8 || max.offset > last || !memory.present ||
	    memory.size != 8 || memory.offset > last || !off.present || off.size != 8 ||
	    off.offset > last) {
		w->r->static_skipped++;
		return;
	}
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

void walk_allocators_in(struct walk *w, const struct scxray_map *map, const struct types *types)
{
	const struct btf_type *sec = btf__type_by_id(types->btf, map->value_type.type_id);
	const uint8_t *bytes = map->nr_entries ? map->entries[0].value : NULL;
	struct sdt_layout l;
	bool has_sdt = find_layout(types, &l);

	if (!sec || btf_kind(sec) != BTF_KIND_DATASEC || !bytes)
		return;
	for (uint32_t i = 0; i < btf_vlen(sec) && i < MAX_VARS; i++) {
		const struct btf_var_secinfo *info = &btf_var_secinfos(sec)[i];
		const struct btf_type *var = btf__type_by_id(types->btf, info->type), *t;
		const char *name, *type;
		uint32_t id, size;

		t = var && btf_kind(var) == BTF_KIND_VAR ? types_strip(types, var->type, &id)
							 : NULL;
		if (!t || btf_kind(t) != BTF_KIND_STRUCT)
			continue;
		type = btf__str_by_offset(types->btf, t->name_off);
		size = t->size;
		if (info->offset > map->value_type.size ||
		    size > map->value_type.size - info->offset)
			continue;
		name = pool_printf(w->pool, "%.100s",
				   btf__str_by_offset(types->btf, var->name_off));
		if (!strcmp(type, "scx_allocator") && has_sdt && l.root.offset + 8 <= size &&
		    l.elem_size.offset + 8 <= size)
			walk_allocator(w, types, &l, name, bytes + info->offset,
				       map->entries[0].addr + info->offset);
		else if (!strcmp(type, "scx_static") && size >= 24)
			static_range(w, types, id, name, bytes + info->offset);
	}
}

static bool is_bss(const struct scxray_map *map)
{
	const char *dot = map->name.state == SCXRAY_PRESENT ? strchr(map->name.bytes, '.') : NULL;

	return map->active && map->value_type.btf && dot && !strncmp(dot, ".bss", 4);
}

void walk_allocators(struct walk *w)
{
	bool any_bss = false, any_arena = false;

	for (size_t i = 0; i < w->r->nr_maps; i++) {
		any_bss |= is_bss(&w->r->maps[i]);
		any_arena |= w->r->maps[i].arena != NULL;
	}
	if (!any_arena)
		w->r->sdt_alloc_unavailable = "no arena map captured";
	else if (!any_bss)
		w->r->sdt_alloc_unavailable = "no scheduler .bss map (or .bss has no program BTF)";
	if (w->r->sdt_alloc_unavailable)
		return;
	for (size_t i = 0; i < w->r->nr_maps; i++) {
		const struct types *types =
			is_bss(&w->r->maps[i]) ? map_value_types(w, &w->r->maps[i]) : NULL;

		if (types)
			walk_allocators_in(w, &w->r->maps[i], types);
	}
	if (!w->r->nr_sdts)
		w->r->sdt_alloc_unavailable = "no scx_allocator instance in .bss";
}
