/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scheds.c - the loaded scheduler, and its sub-schedulers where there are any
 *
 * From 6.16 on scx_root points to a struct scx_sched; before that its parts are
 * globals.  From 7.1 on all schedulers are on the list scx_sched_all.
 */
#include <scxray/group.h>
#include <scxray/report_struct.h>
#include <scxray/sched.h>

#include "capture/walk/scheds.h"

#include "capture/read/list.h"
#include "capture/read/read.h"
#include "capture/walk/walkers.h"

#define MAX_SCHEDS 256
#define MAX_PATH 4096

static struct scxray_sched *new_sched(struct walk *w)
{
	void *scheds = w->r->scheds;
	struct scxray_sched *sched;

	if (w->r->nr_scheds >= MAX_SCHEDS) {
		w->r->cut[SCXRAY_GROUP_SCHEDS] =
			pool_printf(w->pool, "cut after %d schedulers", MAX_SCHEDS);
		return NULL;
	}
	sched = pool_push(w->pool, &scheds, &w->r->nr_scheds, sizeof(*sched));
	if (!sched) {
		w->r->cut[SCXRAY_GROUP_SCHEDS] = POOL_USED_UP;
		return NULL;
	}
	w->r->scheds = scheds;
	return sched;
}

static void ops_members(struct walk *w, struct scxray_sched *sched, uint64_t ops)
{
	sched->name = read_text_array(w, ops, M_sched_ext_ops_name);
	sched->ops_flags = read_member(w, ops, M_sched_ext_ops_flags);
	if (sched->ops_flags.state == SCXRAY_PRESENT)
		sched->ops_flag_names = flag_names(w, "scx_ops_flags", "SCX_OPS_",
						   sched->ops_flags.value, UINT64_MAX);
	sched->timeout_ms = read_member(w, ops, M_sched_ext_ops_timeout_ms);
	sched->dispatch_max_batch = read_member(w, ops, M_sched_ext_ops_dispatch_max_batch);
	sched->exit_dump_len = read_member(w, ops, M_sched_ext_ops_exit_dump_len);
	sched->sub_cgroup_id = read_optional(w, ops, M_sched_ext_ops_sub_cgroup_id);
	walk_ops(w, sched, ops, "sched_ext_ops");
}

static void watchdog(struct walk *w, struct scxray_sched *sched)
{
	const struct scxray_num *jiffies = &w->r->guest.jiffies;

	sched->watchdog_timestamp = read_symbol(w, S_scx_watchdog_timestamp, false);
	if (sched->watchdog_timestamp.state == SCXRAY_PRESENT && jiffies->state == SCXRAY_PRESENT)
		sched->watchdog_age_jiffies =
			num_present(jiffies->value - sched->watchdog_timestamp.value);
}

static void exit_kind(struct walk *w, struct scxray_sched *sched, struct scxray_num kind)
{
	sched->exit_kind = kind;
	if (kind.state == SCXRAY_PRESENT)
		sched->exit_kind_name = types_enum_name(&w->k->types, "scx_exit_kind", kind.value);
}

/* A value that is a member in some releases and a global in others. */
static struct scxray_num member_or_symbol(struct walk *w, uint64_t base, enum layout_member m,
					  enum layout_symbol s, bool is_signed)
{
	if (has_member(w, m))
		return read_member(w, base, m);
	if (has_symbol(w, s))
		return read_symbol(w, s, is_signed);
	return read_member(w, base, m); /* says that the member is missing */
}

static void events(struct walk *w, struct scxray_sched *sched, uint64_t kva)
{
	struct scxray_num pcpu;

	if (has_member(w, M_scx_sched_pcpu)) {
		pcpu = read_member(w, kva, M_scx_sched_pcpu);
		if (pcpu.state == SCXRAY_PRESENT)
			pcpu.value += w->k->layout.member[M_scx_sched_pcpu_event_stats].offset;
	} else {
		pcpu = read_member(w, kva, M_scx_sched_event_stats_cpu);
	}
	if (pcpu.state == SCXRAY_PRESENT)
		walk_events(w, sched, pcpu.value);
	else
		sched->events_unavailable = pcpu.reason;
}

static void parent_of(struct walk *w, struct scxray_sched *sched, uint64_t kva)
{
	struct scxray_num level = read_optional(w, kva, M_scx_sched_level);

	sched->level = level;
	/* ancestors[] is a flexible array of level + 1 entries, itself last */
	if (level.state == SCXRAY_PRESENT && level.value > 0 && level.value < MAX_SCHEDS &&
	    has_member(w, M_scx_sched_ancestors))
		sched->parent_kva = read_int(
			w, member_addr(w, kva, M_scx_sched_ancestors) + (level.value - 1) * 8, 8,
			false);
	sched->sub_attached = read_optional(w, kva, M_scx_sched_sub_attached);
	sched->dead = read_optional(w, kva, M_scx_sched_dead);
	sched->bypass_timestamp = read_optional(w, kva, M_scx_sched_bypass_timestamp);
	if (has_member(w, M_scx_sched_cgrp_path))
		sched->cgrp_path = read_text_pointer(w, kva, M_scx_sched_cgrp_path, MAX_PATH);
}

static void add_sched(struct walk *w, uint64_t kva, bool is_root)
{
	struct scxray_sched *sched = new_sched(w);
	struct scxray_num cid;

	if (!sched)
		return;
	sched->sched_kva = num_present(kva);
	sched->is_root = is_root;
	parent_of(w, sched, kva);
	exit_kind(w, sched, read_member(w, kva, M_scx_sched_exit_kind));
	walk_exit_info(w, &sched->exit_info, read_member(w, kva, M_scx_sched_exit_info));
	sched->aborting = member_or_symbol(w, kva, M_scx_sched_aborting, S_scx_aborting, false);
	sched->bypass_depth =
		member_or_symbol(w, kva, M_scx_sched_bypass_depth, S_scx_bypass_depth, true);
	sched->watchdog_timeout = member_or_symbol(w, kva, M_scx_sched_watchdog_timeout,
						   S_scx_watchdog_timeout, false);
	sched->slice_dfl = member_or_symbol(w, kva, M_scx_sched_slice_dfl, S_scx_slice_dfl, false);
	watchdog(w, sched);
	events(w, sched, kva);

	/* a scheduler in the cid form has an ops struct of its own (7.2); common members agree */
	cid = read_optional(w, kva, M_scx_sched_is_cid_type);
	ops_members(w, sched, member_addr(w, kva, M_scx_sched_ops));
	if (cid.state == SCXRAY_PRESENT && cid.value) {
		sched->ops = NULL;
		sched->nr_ops = 0;
		walk_ops(w, sched, member_addr(w, kva, M_scx_sched_ops_cid), "sched_ext_ops_cid");
	}
}

static void sub_scheds(struct walk *w, uint64_t root)
{
	struct list_iter it;
	uint64_t node;

	if (!has_symbol(w, S_scx_sched_all) || !has_member(w, M_scx_sched_all))
		return;
	list_start(&it, w, w->k->layout.symbol[S_scx_sched_all], MAX_SCHEDS);
	while (list_next(&it, &node)) {
		uint64_t kva = node - w->k->layout.member[M_scx_sched_all].offset;

		if (kva == root)
			continue;
		add_sched(w, kva, false);
		walk_rqs_of_sub(w, kva);
	}
	if (it.cut)
		w->r->cut[SCXRAY_GROUP_SCHEDS] = it.cut;
}

/* Up to 6.15: one scheduler, in globals. */
static void globals(struct walk *w)
{
	struct scxray_sched *sched = new_sched(w);

	if (!sched)
		return;
	sched->is_root = true;
	exit_kind(w, sched, read_symbol(w, S_scx_exit_kind, false));
	walk_exit_info(w, &sched->exit_info, read_symbol(w, S_scx_exit_info, false));
	sched->bypass_depth = read_symbol(w, S_scx_ops_bypass_depth, true);
	sched->watchdog_timeout = read_symbol(w, S_scx_watchdog_timeout, false);
	watchdog(w, sched);
	if (has_symbol(w, S_event_stats_cpu))
		walk_events(w, sched, w->k->layout.symbol[S_event_stats_cpu]);
	else
		sched->events_unavailable = "this kernel has no event counters";
	ops_members(w, sched, w->k->layout.symbol[S_scx_ops]);
}

static void enable_state(struct walk *w)
{
	bool old =
		!has_symbol(w, S_scx_enable_state_var) && has_symbol(w, S_scx_ops_enable_state_var);

	w->r->enable_state =
		read_symbol(w, old ? S_scx_ops_enable_state_var : S_scx_enable_state_var, false);
	if (w->r->enable_state.state == SCXRAY_PRESENT)
		w->r->enable_state_name = types_enum_name(
			&w->k->types, old ? "scx_ops_enable_state" : "scx_enable_state",
			w->r->enable_state.value);
	w->r->switching_all = read_symbol(w, S_scx_switching_all, false);
}

static bool is_disabled(const struct walk *w)
{
	const char *name = w->r->enable_state_name;
	size_t len = name ? __builtin_strlen(name) : 0;

	return len > 9 && !__builtin_strcmp(name + len - 9, "_DISABLED");
}

void walk_scheds(struct walk *w)
{
	struct scxray_num root;

	if (!has_member(w, M_scx_rq_nr_running)) {
		w->r->unavailable[SCXRAY_GROUP_SCHEDS] =
			"this kernel has no sched_ext (no struct scx_rq in its BTF)";
		return;
	}
	enable_state(w);
	if (!has_symbol(w, S_scx_root)) {
		if (!has_symbol(w, S_scx_ops))
			w->r->unavailable[SCXRAY_GROUP_SCHEDS] =
				"neither scx_root nor scx_ops found in this kernel";
		else if (is_disabled(w))
			w->r->unavailable[SCXRAY_GROUP_SCHEDS] =
				"scx_ops_enable_state is DISABLED (no scheduler attached)";
		else
			globals(w);
		return;
	}
	root = read_symbol(w, S_scx_root, false);
	if (root.state != SCXRAY_PRESENT)
		w->r->unavailable[SCXRAY_GROUP_SCHEDS] =
			pool_printf(w->pool, "scx_root at 0x%016llx: %s",
				    (unsigned long long)root.value, root.reason);
	else if (!root.value)
		w->r->unavailable[SCXRAY_GROUP_SCHEDS] = "scx_root is NULL (no scheduler attached)";
	else
		add_sched(w, root.value, true);
	if (w->r->nr_scheds)
		sub_scheds(w, root.value);
}
