/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * psi.c - pressure stall information of the system and of every cgroup of the
 * default hierarchy (kernel/sched/psi.c)
 *
 * Memory holds what the averages' work last added up, every 2 s while something is
 * to be added up; reading a .pressure file in the guest brings them up to date first.
 */
#include <base/array.h>

#include <scxray/group.h>
#include <scxray/report_struct.h>
#include <scxray/system.h>

#include "capture/read/cgroup.h"
#include "capture/read/list.h"
#include "capture/read/read.h"
#include "capture/walk/walkers.h"

#define MAX_DEPTH 64
#define CSS_DYING (1u << 4) /* include/linux/cgroup-defs.h, of an enum without a name */
/* averages are fixed-point numbers of percent */
#define FIXED_BITS 11
#define NR_WINDOWS 3

static const struct {
	const char *state;
	bool of_system; /* false: means nothing there */
} lines[SCXRAY_NR_PSI_LINES] = {
	[SCXRAY_PSI_CPU_SOME] = { "PSI_CPU_SOME", true },
	[SCXRAY_PSI_CPU_FULL] = { "PSI_CPU_FULL", false },
	[SCXRAY_PSI_MEMORY_SOME] = { "PSI_MEM_SOME", true },
	[SCXRAY_PSI_MEMORY_FULL] = { "PSI_MEM_FULL", true },
	[SCXRAY_PSI_IO_SOME] = { "PSI_IO_SOME", true },
	[SCXRAY_PSI_IO_FULL] = { "PSI_IO_FULL", true },
	[SCXRAY_PSI_IRQ_FULL] = { "PSI_IRQ_FULL", true },
};

/* 3.14 as 314, cut after two digits as psi_show() does. */
static struct scxray_num average(struct walk *w, uint64_t at)
{
	struct scxray_num num = read_int(w, at, 8, false);

	if (num.state == SCXRAY_PRESENT && num.value < UINT64_MAX / 100)
		num.value = num.value * 100 >> FIXED_BITS;
	return num;
}

/* total[aggregators][states] and avg[states][windows]: whether BTF keeps the dimensions or not. */
static void pressure(struct walk *w, struct scxray_cgroup_psi *psi, uint64_t group, bool of_system)
{
	const struct member *total = &w->k->layout.member[M_psi_group_total];
	const struct member *avg = &w->k->layout.member[M_psi_group_avg];
	uint32_t states = avg->size / (NR_WINDOWS * 8);

	psi->enabled = read_optional(w, group, M_psi_group_enabled);
	for (int i = 0; i < SCXRAY_NR_PSI_LINES; i++) {
		struct scxray_psi *line = &psi->lines[i];
		uint64_t state, at;

		if ((of_system && !lines[i].of_system) ||
		    !types_enumerator(&w->k->types, "psi_states", lines[i].state, &state) ||
		    state >= states || state >= total->size / 8)
			continue;
		/* PSI_AVGS is the first aggregator */
		line->total_ns = read_int(w, group + total->offset + 8 * state, 8, false);
		at = group + avg->offset + 8 * NR_WINDOWS * state;
		line->avg10 = average(w, at);
		line->avg60 = average(w, at + 8);
		line->avg300 = average(w, at + 16);
	}
}

static bool one_cgroup(struct walk *w, uint64_t kva, bool is_root)
{
	struct scxray_report *r = w->r;
	struct scxray_cgroup_psi *psi;
	struct scxray_num flags, group;
	void *list = r->cgroup_psi;

	if (r->nr_cgroup_psi >= w->settings.max_cgroups) {
		r->cut[SCXRAY_GROUP_PSI] =
			pool_printf(w->pool, "cut after %zu cgroups", r->nr_cgroup_psi);
		return false;
	}
	psi = pool_push(w->pool, &list, &r->nr_cgroup_psi, sizeof(*psi));
	if (!psi) {
		r->cut[SCXRAY_GROUP_PSI] = POOL_USED_UP;
		return false;
	}
	r->cgroup_psi = list;
	psi->kva = kva;
	psi->path = is_root ? "/" : cgroup_path(w, kva);
	flags = read_optional(w, member_addr(w, kva, M_cgroup_self), M_cgroup_subsys_state_flags);
	psi->dying = flags.state == SCXRAY_PRESENT && (flags.value & CSS_DYING);
	if (is_root) {
		pressure(w, psi, w->k->layout.symbol[S_psi_system], true);
		return true;
	}
	group = read_member(w, kva, M_cgroup_psi);
	if (group.state != SCXRAY_PRESENT)
		psi->unavailable = group.reason;
	else if (!group.value)
		psi->unavailable = "the kernel keeps none for this cgroup";
	else
		pressure(w, psi, group.value, false);
	return true;
}

/*
 * Down the lists of children.  A child that names another parent ends its list, so
 * each css is met once at most, whatever the pointers say.
 */
static void walk_tree(struct walk *w, uint64_t root)
{
	const uint64_t self = w->k->layout.member[M_cgroup_self].offset;
	const uint64_t children = w->k->layout.member[M_cgroup_subsys_state_children].offset;
	const uint64_t sibling = w->k->layout.member[M_cgroup_subsys_state_sibling].offset;
	struct list_iter level[MAX_DEPTH];
	unsigned depth = 1;

	list_start(&level[0], w, root + self + children, w->settings.max_cgroups);
	while (depth) {
		struct list_iter *it = &level[depth - 1];
		uint64_t css, parent_css = it->head - children, node;
		struct scxray_num parent;

		if (!list_next(it, &node)) {
			if (it->cut)
				w->r->cut[SCXRAY_GROUP_PSI] = it->cut;
			depth--;
			continue;
		}
		css = node - sibling;
		parent = read_member(w, css, M_cgroup_subsys_state_parent);
		if (parent.state != SCXRAY_PRESENT || parent.value != parent_css) {
			w->r->cut[SCXRAY_GROUP_PSI] =
				parent.state != SCXRAY_PRESENT
					? pool_printf(w->pool, "a cgroup at 0x%016llx: %s",
						      (unsigned long long)css, parent.reason)
					: "a list of cgroups leads to one with another parent";
			depth--;
			continue;
		}
		if (!one_cgroup(w, css - self, false))
			return;
		if (depth == MAX_DEPTH)
			w->r->cut[SCXRAY_GROUP_PSI] = "cgroups are nested deeper than 64 levels";
		else
			list_start(&level[depth++], w, css + children, w->settings.max_cgroups);
	}
}

static const char *why_none(struct walk *w)
{
	static const enum layout_member members[] = {
		M_cgroup_self,
		M_cgroup_root_cgrp,
		M_cgroup_subsys_state_children,
		M_cgroup_subsys_state_sibling,
		M_cgroup_subsys_state_parent,
	};
	struct scxray_num off;

	if (!has_member(w, M_psi_group_total) || !has_member(w, M_psi_group_avg) ||
	    !has_symbol(w, S_psi_system))
		return "this kernel keeps no pressure stall information (no CONFIG_PSI)";
	if (has_symbol(w, S_psi_disabled)) {
		off = read_symbol(w, S_psi_disabled, true);
		if (off.state == SCXRAY_PRESENT && off.value)
			return "pressure stall information is off in this guest (psi=0, or off by "
			       "default)";
	}
	if (!has_symbol(w, S_cgrp_dfl_root))
		return "this kernel has no cgroups (no cgrp_dfl_root)";
	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		if (!has_member(w, members[i]))
			return pool_printf(w->pool, "this kernel has no %s",
					   layout_member_name(members[i]));
	return NULL;
}

void walk_psi(struct walk *w)
{
	uint64_t root;

	w->r->unavailable[SCXRAY_GROUP_PSI] = why_none(w);
	if (w->r->unavailable[SCXRAY_GROUP_PSI])
		return;
	root = member_addr(w, w->k->layout.symbol[S_cgrp_dfl_root], M_cgroup_root_cgrp);
	if (one_cgroup(w, root, true))
		walk_tree(w, root);
}
