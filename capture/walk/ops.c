/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ops.c - which callbacks a scheduler has, and which BPF programs they are
 *
 * The kernel copies the ops into struct scx_sched, with the addresses of
 * trampolines; the struct_ops map it was loaded from holds the same addresses
 * and, in its links, the programs.  A program's expected_attach_type is the index
 * of the member that it implements.
 */
#include <string.h>

#include <scxray/sched.h>

#include "capture/read/bpf_prog.h"
#include "capture/read/owner.h"
#include "capture/read/read.h"
#include "capture/read/symbol_of.h"
#include "capture/read/xarray.h"
#include "capture/walk/scheds.h"

#define MAX_OPS 128
#define MAX_USED_MAPS 64 /* MAX_USED_MAPS of the kernel */

struct op_map_search {
	uint64_t ops;
	const struct btf_type *type;
	struct scxray_sched *sched;
	uint32_t ops_size;
};

static bool is_callback(const struct walk *w, const struct btf_member *m)
{
	const struct btf_type *t = types_strip(&w->k->types, m->type, NULL);

	if (!t || btf_kind(t) != BTF_KIND_PTR)
		return false;
	t = types_strip(&w->k->types, t->type, NULL);
	return t && btf_kind(t) == BTF_KIND_FUNC_PROTO;
}

static uint32_t member_offset(const struct btf_type *t, uint32_t i)
{
	return btf_member_bit_offset(t, i) / 8;
}

/* True if all callbacks of the map's value are those of the running scheduler. */
static bool is_same(struct walk *w, const struct op_map_search *search, uint64_t data)
{
	bool any = false;

	for (uint32_t i = 0; i < btf_vlen(search->type); i++) {
		struct scxray_num a, b;

		if (!is_callback(w, &btf_members(search->type)[i]))
			continue;
		a = read_int(w, search->ops + member_offset(search->type, i), 8, false);
		b = read_int(w, data + member_offset(search->type, i), 8, false);
		if (a.state != SCXRAY_PRESENT || b.state != SCXRAY_PRESENT)
			return false;
		if (!a.value)
			continue; /* the kernel clears some after loading */
		if (a.value != b.value)
			return false;
		any = true;
	}
	return any;
}

/* The maps that a program of the scheduler uses are the scheduler's own. */
static void note_maps(struct walk *w, uint64_t aux, const struct scxray_sched *sched)
{
	struct scxray_num maps = read_member(w, aux, M_bpf_prog_aux_used_maps);
	struct scxray_num nr = read_member(w, aux, M_bpf_prog_aux_used_map_cnt);
	struct scxray_num btf = read_optional(w, aux, M_bpf_prog_aux_btf);

	if (maps.state != SCXRAY_PRESENT || nr.state != SCXRAY_PRESENT)
		return;
	for (uint64_t i = 0; i < nr.value && i < MAX_USED_MAPS; i++) {
		struct scxray_num map = read_int(w, maps.value + i * 8, 8, false);

		if (map.state == SCXRAY_PRESENT)
			owner_note(w, map.value, sched,
				   btf.state == SCXRAY_PRESENT ? btf.value : 0);
	}
}

static void name_op(struct walk *w, const struct op_map_search *search, uint64_t link)
{
	struct scxray_num prog = read_member(w, link, M_bpf_link_prog), aux, index;
	const char *member;

	if (prog.state != SCXRAY_PRESENT || !prog.value)
		return;
	index = read_member(w, prog.value, M_bpf_prog_attach_type);
	aux = read_member(w, prog.value, M_bpf_prog_aux);
	if (index.state != SCXRAY_PRESENT || aux.state != SCXRAY_PRESENT ||
	    index.value >= btf_vlen(search->type))
		return;
	owner_note(w, prog.value, search->sched, 0);
	note_maps(w, aux.value, search->sched);
	member = btf__str_by_offset(w->k->types.btf,
				    btf_members(search->type)[index.value].name_off);
	for (size_t i = 0; i < search->sched->nr_ops; i++) {
		struct scxray_text name;

		if (strcmp(search->sched->ops[i].name, member))
			continue;
		name = bpf_prog_name(w, aux.value);
		if (name.state == SCXRAY_PRESENT)
			search->sched->ops[i].program = name.bytes;
	}
}

static bool visit_map(struct walk *w, uint64_t index, uint64_t map, void *arg)
{
	const struct op_map_search *search = arg;
	struct scxray_num value_type = read_member(w, map, M_bpf_map_vmlinux_value_type);
	struct scxray_num links, nr;
	uint64_t st_map, kvalue;
	struct member data;

	(void)index;
	if (value_type.state != SCXRAY_PRESENT || !value_type.value ||
	    value_type.value >= w->k->types.nr)
		return true;
	data = types_member(&w->k->types, (uint32_t)value_type.value, "data");
	if (!data.present || data.size != search->ops_size)
		return true;
	st_map = map - w->k->layout.member[M_bpf_struct_ops_map_map].offset;
	kvalue = member_addr(w, st_map, M_bpf_struct_ops_map_kvalue);
	if (!is_same(w, search, kvalue + data.offset))
		return true;
	search->sched->struct_ops_map_kva = num_present(map);
	nr = read_optional(w, st_map, M_bpf_struct_ops_map_funcs_cnt);
	if (nr.state == SCXRAY_NONE)
		nr = read_optional(w, st_map, M_bpf_struct_ops_map_links_cnt);
	if (nr.state == SCXRAY_NONE)
		nr = num_present(btf_vlen(search->type));
	links = read_member(w, st_map, M_bpf_struct_ops_map_links);
	if (nr.state != SCXRAY_PRESENT || links.state != SCXRAY_PRESENT)
		return false;
	for (uint64_t i = 0; i < nr.value && i < MAX_OPS; i++) {
		struct scxray_num link = read_int(w, links.value + i * 8, 8, false);

		if (link.state == SCXRAY_PRESENT && link.value)
			name_op(w, search, link.value);
	}
	return false;
}

static void name_programs(struct walk *w, struct scxray_sched *sched, uint64_t ops,
			  const struct btf_type *t)
{
	struct op_map_search search = {
		.ops = ops, .type = t, .sched = sched, .ops_size = t->size
	};
	const char *cut;

	if (!has_symbol(w, S_map_idr) || !has_member(w, M_bpf_struct_ops_map_links) ||
	    !has_member(w, M_bpf_map_vmlinux_value_type))
		return;
	xarray_walk(w, member_addr(w, w->k->layout.symbol[S_map_idr], M_idr_xa_head),
		    w->settings.max_maps, visit_map, &search, &cut);
}

void walk_ops(struct walk *w, struct scxray_sched *sched, uint64_t ops, const char *ops_type)
{
	uint32_t id = types_find(&w->k->types, ops_type, BTF_KIND_STRUCT);
	const struct btf_type *t = id ? btf__type_by_id(w->k->types.btf, id) : NULL;
	void *array = NULL;

	if (!t)
		return;
	for (uint32_t i = 0; i < btf_vlen(t) && sched->nr_ops < MAX_OPS; i++) {
		const char *name = btf__str_by_offset(w->k->types.btf, btf_members(t)[i].name_off);
		struct scxray_num func;
		struct scxray_op *op;

		if (!is_callback(w, &btf_members(t)[i]))
			continue;
		func = read_int(w, ops + member_offset(t, i), 8, false);
		if (func.state == SCXRAY_PRESENT && !func.value)
			continue;
		op = pool_push(w->pool, &array, &sched->nr_ops, sizeof(*op));
		if (!op)
			break;
		op->name = pool_strndup(w->pool, name, strnlen(name, 100));
		if (!op->name)
			op->name = "";
		op->func.addr = func;
		if (func.state == SCXRAY_PRESENT)
			op->func.symbol = symbol_of(w, func.value);
	}
	sched->ops = array;
	name_programs(w, sched, ops, t);
}
