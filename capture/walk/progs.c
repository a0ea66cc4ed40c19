/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * progs.c - struct_ops programs in prog_idr, and how often and how long each ran
 *
 * cnt and nsecs grow only while kernel.bpf_stats_enabled is set; misses always.
 */
#include <base/array.h>

#include <scxray/group.h>
#include <scxray/prog.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>

#include "capture/base/address_set.h"
#include "capture/read/bpf_prog.h"
#include "capture/read/owner.h"
#include "capture/read/read.h"
#include "capture/read/xarray.h"
#include "capture/walk/walkers.h"

/* Stable number of enum bpf_prog_type (include/uapi/linux/bpf.h). */
#define PROG_TYPE_STRUCT_OPS 27

static bool needed(const struct walk *w)
{
	static const enum layout_member members[] = {
		M_idr_xa_head,	      M_xa_node_slots,	      M_bpf_prog_type,
		M_bpf_prog_stats,     M_bpf_prog_aux,	      M_bpf_prog_aux_name,
		M_bpf_prog_stats_cnt, M_bpf_prog_stats_nsecs, M_bpf_prog_stats_misses,
	};

	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		if (!has_member(w, members[i])) {
			w->r->unavailable[SCXRAY_GROUP_PROGS] = pool_printf(
				w->pool, "this kernel has no %s", layout_member_name(members[i]));
			return false;
		}
	return true;
}

/* A sum over some CPUs is no sum: one that can't be read makes it unreadable. */
static struct scxray_num sum(struct walk *w, struct scxray_num stats, enum layout_member m)
{
	struct scxray_num total = num_present(0);

	if (stats.state != SCXRAY_PRESENT)
		return stats;
	for (size_t i = 0; i < w->r->nr_rqs; i++) {
		uint64_t base = percpu_addr(w, stats.value, w->r->rqs[i].cpu);
		struct scxray_num part;

		if (is_recording(w)) {
			touch_member(w, base, m);
			continue;
		}
		part = read_member(w, base, m);
		if (part.state != SCXRAY_PRESENT)
			return part;
		total.value += part.value;
	}
	return total;
}

/* The struct that the program was written for, and its member: attach_btf_id and an index. */
static void name_op(struct walk *w, struct scxray_prog *prog, uint64_t aux)
{
	struct scxray_num btf = read_member(w, aux, M_bpf_prog_aux_attach_btf);
	struct scxray_num id = read_member(w, aux, M_bpf_prog_aux_attach_btf_id);
	struct scxray_num index = read_member(w, prog->kva, M_bpf_prog_attach_type);
	struct scxray_num vmlinux = read_symbol(w, S_btf_vmlinux, false);
	const struct btf_type *t;

	if (btf.state != SCXRAY_PRESENT || vmlinux.state != SCXRAY_PRESENT ||
	    btf.value != vmlinux.value) /* a module's struct_ops: its types are not at hand */
		return;
	if (id.state != SCXRAY_PRESENT || !id.value || id.value >= w->k->types.nr)
		return;
	t = btf__type_by_id(w->k->types.btf, (uint32_t)id.value);
	if (!t || btf_kind(t) != BTF_KIND_STRUCT)
		return;
	prog->struct_ops =
		pool_printf(w->pool, "%.100s", btf__str_by_offset(w->k->types.btf, t->name_off));
	if (index.state == SCXRAY_PRESENT && index.value < btf_vlen(t))
		prog->op = pool_printf(
			w->pool, "%.100s",
			btf__str_by_offset(w->k->types.btf, btf_members(t)[index.value].name_off));
}

static bool visit(struct walk *w, uint64_t index, uint64_t kva, void *arg)
{
	struct scxray_num type = read_member(w, kva, M_bpf_prog_type), stats, aux;
	void *progs = w->r->progs;
	struct scxray_prog *prog;

	if (!address_set_add(arg, kva)) {
		w->r->cut[SCXRAY_GROUP_PROGS] =
			"prog_idr names one program several times: shown once";
		return true;
	}
	if (type.state == SCXRAY_PRESENT && type.value != PROG_TYPE_STRUCT_OPS)
		return true;
	prog = pool_push(w->pool, &progs, &w->r->nr_progs, sizeof(*prog));
	if (!prog) {
		w->r->cut[SCXRAY_GROUP_PROGS] = POOL_USED_UP;
		return false;
	}
	w->r->progs = progs;
	prog->id = (uint32_t)index;
	prog->kva = kva;
	owner_of(w, kva, &prog->sched_kva, &prog->sched_name);
	aux = read_member(w, kva, M_bpf_prog_aux);
	if (aux.state == SCXRAY_PRESENT) {
		prog->name = bpf_prog_name(w, aux.value);
		name_op(w, prog, aux.value);
	} else {
		prog->name = (struct scxray_text){ .addr = aux.value,
						   .reason = aux.reason,
						   .state = aux.state };
	}
	stats = read_member(w, kva, M_bpf_prog_stats);
	prog->cnt = sum(w, stats, M_bpf_prog_stats_cnt);
	prog->nsecs = sum(w, stats, M_bpf_prog_stats_nsecs);
	prog->misses = sum(w, stats, M_bpf_prog_stats_misses);
	if (prog->cnt.state == SCXRAY_PRESENT && prog->cnt.value &&
	    prog->nsecs.state == SCXRAY_PRESENT)
		prog->mean_ns = num_present(prog->nsecs.value / prog->cnt.value);
	return true;
}

void walk_progs(struct walk *w)
{
	struct address_set met;
	const char *cut;

	if (!has_symbol(w, S_prog_idr)) {
		w->r->unavailable[SCXRAY_GROUP_PROGS] =
			"this kernel has no BPF programs (no prog_idr)";
		return;
	}
	if (!needed(w))
		return;
	if (!w->r->nr_rqs) {
		w->r->unavailable[SCXRAY_GROUP_PROGS] = "per-CPU memory not found";
		return;
	}
	w->r->bpf_stats_enabled = read_symbol(w, S_bpf_stats_enabled_key, false);
	if (!address_set_init(&met, w->pool, w->settings.max_maps)) {
		w->r->unavailable[SCXRAY_GROUP_PROGS] = POOL_USED_UP;
		return;
	}
	xarray_walk(w, member_addr(w, w->k->layout.symbol[S_prog_idr], M_idr_xa_head),
		    w->settings.max_maps, visit, &met, &cut);
	if (!cut)
		return;
	if (w->r->nr_progs)
		w->r->cut[SCXRAY_GROUP_PROGS] = cut;
	else
		w->r->unavailable[SCXRAY_GROUP_PROGS] = cut;
}
