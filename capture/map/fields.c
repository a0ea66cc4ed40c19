/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fields.c - the special fields of map values: kptrs, timers, lists and rb-trees
 *
 * The verifier keeps their offsets and kinds in the map's struct btf_record
 * (include/linux/bpf.h), which is surer than names.  What they point to is
 * followed here, once for each address.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <scxray/group.h>
#include <scxray/map.h>
#include <scxray/report_struct.h>

#include "capture/map/map.h"
#include "capture/read/cgroup.h"
#include "capture/read/read.h"
#include "capture/read/symbol_of.h"

#define MAX_FIELDS 16 /* BTF_FIELDS_MAX is 11 */
#define MAX_POINTEE 4096
#define MAX_NODES 256 /* of one list or tree */

/* enum btf_field_type; the numbers have not moved since 6.12. */
enum field_type {
	FIELD_TIMER = 1 << 1,
	FIELD_KPTR_UNREF = 1 << 2,
	FIELD_KPTR_REF = 1 << 3,
	FIELD_LIST_HEAD = 1 << 5,
	FIELD_RB_ROOT = 1 << 7,
};

struct field {
	uint32_t offset;
	uint32_t type;
	const struct types *types; /* of a kptr's pointee, or of the objects of a list or tree */
	uint32_t type_id;
	uint32_t node_offset; /* of a list or tree: where its nodes are in their objects */
	const char *reason;   /* why there are none */
};

static struct scxray_pointee *add_pointee(struct walk *w, uint64_t addr)
{
	void *pointees = w->r->pointees;
	struct scxray_pointee *pointee;

	if (w->r->nr_pointees >= w->settings.max_entries) {
		w->r->cut[SCXRAY_GROUP_POINTEES] =
			pool_printf(w->pool, "cut after %u pointees", w->settings.max_entries);
		return NULL;
	}
	pointee = pool_push(w->pool, &pointees, &w->r->nr_pointees, sizeof(*pointee));
	if (!pointee) {
		w->r->cut[SCXRAY_GROUP_POINTEES] = POOL_USED_UP;
		return NULL;
	}
	w->r->pointees = pointees;
	*pointee = (struct scxray_pointee){ .addr = addr };
	return pointee;
}

static void read_value(struct walk *w, struct scxray_pointee *pointee, const struct field *field)
{
	struct scxray_value *value = &pointee->value;
	uint64_t addr = pointee->addr - field->node_offset;
	uint32_t size = types_size(field->types, field->type_id);

	*value = (struct scxray_value){
		.btf = field->types->btf,
		.type_id = field->type_id,
		.addr = addr,
		.size = size < MAX_POINTEE ? size : MAX_POINTEE,
	};
	value->bytes = map_read_bytes(w, addr, value->size, &value->reason);
	value->state = value->bytes ? SCXRAY_PRESENT : SCXRAY_UNREADABLE;
}

/* A kptr: well-known objects by name, masks and the program's own structs whole. */
static void follow_kptr(struct walk *w, uint64_t addr, const struct field *field)
{
	struct scxray_pointee *pointee = add_pointee(w, addr);
	const struct btf_type *t;
	const char *name = "";

	if (!pointee)
		return;
	if (!field->types) {
		pointee->value = (struct scxray_value){
			.addr = addr,
			.reason = field->reason,
			.state = SCXRAY_UNREADABLE,
		};
		return;
	}
	t = btf__type_by_id(field->types->btf, field->type_id);
	if (t)
		name = btf__str_by_offset(field->types->btf, t->name_off);
	if (!strcmp(name, "task_struct"))
		pointee->label = map_label_task(w, addr);
	else if (!strcmp(name, "cgroup"))
		pointee->label = cgroup_path(w, addr);
	else
		read_value(w, pointee, field);
}

static bool is_armed(struct walk *w, uint64_t timer)
{
	struct scxray_num state = has_member(w, M_bpf_hrtimer_is_queued)
					  ? read_member(w, timer, M_bpf_hrtimer_is_queued)
					  : read_member(w, timer, M_bpf_hrtimer_state);

	return state.state == SCXRAY_PRESENT && (state.value & 1); /* HRTIMER_STATE_ENQUEUED */
}

/* struct bpf_timer is a pointer to a struct bpf_hrtimer, NULL before its init. */
static void follow_timer(struct walk *w, uint64_t timer)
{
	struct scxray_pointee *pointee = add_pointee(w, timer);
	struct scxray_num expires = read_member(w, timer, M_bpf_hrtimer_expires);
	uint64_t cb = member_addr(w, timer, M_bpf_hrtimer_cb);
	struct scxray_num fn = read_member(w, cb, M_bpf_async_cb_callback_fn);
	char text[400];
	const char *symbol = NULL;
	int len;

	if (!pointee)
		return;
	if (expires.state != SCXRAY_PRESENT || fn.state != SCXRAY_PRESENT) {
		pointee->label = pool_printf(w->pool, "timer unreadable: %s",
					     expires.reason ? expires.reason : fn.reason);
		return;
	}
	if (fn.value)
		symbol = symbol_of(w, fn.value);
	len = snprintf(text, sizeof(text), "%s", is_armed(w, timer) ? "armed" : "not armed");
	if (is_armed(w, timer))
		len += snprintf(text + len, sizeof(text) - (size_t)len, ", expires=%lldns",
				(long long)expires.value);
	if (symbol)
		snprintf(text + len, sizeof(text) - (size_t)len, ", callback=%.200s", symbol);
	else if (fn.value)
		snprintf(text + len, sizeof(text) - (size_t)len, ", callback=0x%016llx",
			 (unsigned long long)fn.value);
	pointee->label = pool_printf(w->pool, "%s", text);
}

/* Nodes point to nodes: a node is found by its own address, and shows the object that it is in. */
static void follow_graph(struct walk *w, struct scxray_map *map, const uint8_t *bytes,
			 const struct field *field)
{
	uint64_t nodes[MAX_NODES];
	const char *cut;
	size_t nr = field->type == FIELD_LIST_HEAD
			    ? map_graph_list(w, bytes, nodes, MAX_NODES, &cut)
			    : map_graph_tree(w, bytes, nodes, MAX_NODES, &cut);

	if (cut)
		map_error(w, map, "%s", cut);
	for (size_t i = 0; i < nr && field->types; i++) {
		struct scxray_pointee *pointee = add_pointee(w, nodes[i]);

		if (!pointee)
			return;
		read_value(w, pointee, field);
	}
}

static bool is_graph(const struct field *field)
{
	return field->type == FIELD_LIST_HEAD || field->type == FIELD_RB_ROOT;
}

/* Where the objects of a list or a tree have their type, and in them their node. */
static bool graph_of(struct walk *w, uint64_t at, struct field *field)
{
	struct scxray_num btf = read_optional(w, at, M_btf_field_root_btf);
	struct scxray_num id = read_optional(w, at, M_btf_field_root_id);
	struct scxray_num offset = read_optional(w, at, M_btf_field_root_node_offset);

	if (btf.state != SCXRAY_PRESENT || id.state != SCXRAY_PRESENT ||
	    offset.state != SCXRAY_PRESENT)
		return false;
	field->types = map_find_btf(w, btf.value, &field->reason);
	field->type_id = (uint32_t)id.value;
	field->node_offset = (uint32_t)offset.value;
	return field->types && id.value < field->types->nr;
}

static size_t fields_of(struct walk *w, const struct scxray_map *map, struct field *fields)
{
	struct scxray_num record = read_member(w, map->map_kva, M_bpf_map_record), cnt;
	uint32_t stride = types_find(&w->k->types, "btf_field", BTF_KIND_STRUCT);
	uint64_t first;
	size_t nr = 0;

	stride = stride ? types_size(&w->k->types, stride) : 0;
	/* ERR_PTR and NULL: no record */
	if (record.state != SCXRAY_PRESENT || !record.value || record.value >= -4095ULL || !stride)
		return 0;
	cnt = read_member(w, record.value, M_btf_record_cnt);
	if (cnt.state != SCXRAY_PRESENT)
		return 0;
	first = member_addr(w, record.value, M_btf_record_fields);
	for (uint64_t i = 0; i < cnt.value && i < MAX_FIELDS; i++) {
		uint64_t at = first + i * stride;
		struct scxray_num offset = read_member(w, at, M_btf_field_offset);
		struct scxray_num type = read_member(w, at, M_btf_field_type), btf, id;
		struct field *field = &fields[nr];

		if (offset.state != SCXRAY_PRESENT || type.state != SCXRAY_PRESENT ||
		    map->value_type.size < 8 || offset.value > map->value_type.size - 8)
			continue;
		*field = (struct field){ .offset = (uint32_t)offset.value,
					 .type = (uint32_t)type.value };
		if (field->type & (FIELD_KPTR_UNREF | FIELD_KPTR_REF)) {
			btf = read_member(w, at, M_btf_field_kptr_btf);
			id = read_member(w, at, M_btf_field_kptr_id);
			if (btf.state != SCXRAY_PRESENT || id.state != SCXRAY_PRESENT)
				continue;
			field->types = map_find_btf(w, btf.value, &field->reason);
			if (field->types && id.value >= field->types->nr)
				continue;
			field->type_id = (uint32_t)id.value;
		} else if (is_graph(field)) {
			/* two pointers */
			if (map->value_type.size < 16 || offset.value > map->value_type.size - 16 ||
			    !graph_of(w, at, field))
				continue;
		} else if (field->type != FIELD_TIMER) {
			continue;
		}
		nr++;
	}
	return nr;
}

static void follow(struct walk *w, struct scxray_map *map, const struct field *fields, size_t nr,
		   const uint8_t *bytes)
{
	size_t first = w->r->nr_pointees;

	for (size_t f = 0; f < nr; f++) {
		uint64_t addr;

		memcpy(&addr, bytes + fields[f].offset, 8);
		if (!addr)
			continue;
		if (fields[f].type == FIELD_TIMER)
			follow_timer(w, addr);
		else if (is_graph(&fields[f]))
			follow_graph(w, map, bytes + fields[f].offset, &fields[f]);
		else
			follow_kptr(w, addr, &fields[f]);
	}
	for (size_t i = first; i < w->r->nr_pointees; i++)
		w->r->pointees[i].map_kva = map->map_kva;
}

void map_follow_fields(struct walk *w, struct scxray_map *map)
{
	struct field fields[MAX_FIELDS];
	size_t nr;

	if (!map->nr_entries || !has_member(w, M_btf_record_fields) ||
	    !has_member(w, M_bpf_hrtimer_cb))
		return;
	nr = fields_of(w, map, fields);
	if (!nr) /* a million plain entries cost nothing here */
		return;
	for (size_t e = 0; e < map->nr_entries && !w->r->cut[SCXRAY_GROUP_POINTEES]; e++) {
		if (map->entries[e].value)
			follow(w, map, fields, nr, map->entries[e].value);
		for (size_t c = 0; map->per_cpu && c < map->nr_cpus; c++)
			if (map->per_cpu[e * map->nr_cpus + c])
				follow(w, map, fields, nr, map->per_cpu[e * map->nr_cpus + c]);
	}
}

static int by_addr(const void *a, const void *b)
{
	const struct scxray_pointee *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

void map_sort_pointees(struct walk *w)
{
	if (w->r->nr_pointees && !is_recording(w))
		qsort(w->r->pointees, w->r->nr_pointees, sizeof(*w->r->pointees), by_addr);
}
