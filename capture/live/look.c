/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * look.c - a glance at a guest that runs: which task waits longest, and has the scheduler ended
 *
 * The guest changes all of it meanwhile.  A task may leave its list, and be freed, between the read
 * of a pointer to it and the read through it; so a list is followed only while each
 * node points back to the one before; an age counts only if the entity says that it is queued
 * and the age is possible; `runnable_cut` says that a walk
 * ended early.  The next look is milliseconds away.
 */
#include <string.h>

#include <base/array.h>

#include <scxray/map.h>

#include "capture/live/live.h"
#include "capture/read/read.h"
#include "capture/walk/tasks.h"

#define DEFAULT_HZ 1000		    /* where the guest's is unknown */
#define LONGEST_WITHOUT (24 * 3600) /* s that a task may believably wait without a watchdog */
#define LONGEST_FACTOR 4	    /* times the timeout, with one */
#define LONGEST_SLACK 60	    /* s on top of that */

/* ---- the scheduler ---------------------------------------------------------- */

/* A value that is a member in some releases and a global in others. */
static struct scxray_num member_or_symbol(struct walk *w, uint64_t base, enum layout_member m,
					  enum layout_symbol s, bool is_signed)
{
	if (base && has_member(w, m))
		return read_member(w, base, m);
	if (has_symbol(w, s))
		return read_symbol(w, s, is_signed);
	return (struct scxray_num){ 0 };
}

static bool is_read(struct scxray_num num)
{
	return num.state == SCXRAY_PRESENT;
}

static void look_exit_kind(struct scxray_live *live, struct scxray_look *look, uint64_t kva,
			   uint32_t size)
{
	struct walk *w = &live->walk;
	uint64_t gpa;

	look->exit_kind = read_int(w, kva, size, false);
	look->exit_kind_kva = num_present(kva);
	look->exit_kind_size = size;
	if (paging_translate(&live->g.paging, kva, &gpa))
		return;
	look->exit_kind_gpa = num_present(gpa);
}

/* The scheduler, by release: a struct scx_sched, or up to 6.15 globals while one is enabled. */
static uint64_t look_sched(struct scxray_live *live, struct scxray_look *look)
{
	struct walk *w = &live->walk;
	const struct member *kind = &live->kernel.layout.member[M_scx_sched_exit_kind];
	bool old =
		!has_symbol(w, S_scx_enable_state_var) && has_symbol(w, S_scx_ops_enable_state_var);
	struct scxray_num root = { 0 }, info = { 0 };

	look->enable_state =
		read_symbol(w, old ? S_scx_ops_enable_state_var : S_scx_enable_state_var, false);
	if (has_symbol(w, S_scx_root)) {
		root = read_symbol(w, S_scx_root, false);
		if (!is_read(root) || !root.value)
			return 0;
		look->scx_root = root;
		if (kind->present)
			look_exit_kind(live, look, root.value + kind->offset, kind->size);
		info = read_optional(w, root.value, M_scx_sched_exit_info);
	} else if (has_symbol(w, S_scx_ops)) {
		if (!is_read(look->enable_state) ||
		    (live->plan.has_disabled && look->enable_state.value == live->plan.disabled))
			return 0;
		look->scx_root = num_present(live->kernel.layout.symbol[S_scx_ops]);
		if (has_symbol(w, S_scx_exit_kind))
			look_exit_kind(live, look, live->kernel.layout.symbol[S_scx_exit_kind],
				       layout_symbol_size(S_scx_exit_kind));
		if (has_symbol(w, S_scx_exit_info))
			info = read_symbol(w, S_scx_exit_info, false);
	}
	if (is_read(info) && info.value)
		look->exit_info_kind = read_optional(w, info.value, M_scx_exit_info_kind);
	return root.value;
}

static void look_watchdog(struct walk *w, struct scxray_look *look, uint64_t root)
{
	struct scxray_num stamp = { 0 };

	look->watchdog_timeout = member_or_symbol(w, root, M_scx_sched_watchdog_timeout,
						  S_scx_watchdog_timeout, false);
	if (has_symbol(w, S_scx_watchdog_timestamp))
		stamp = read_symbol(w, S_scx_watchdog_timestamp, false);
	if (is_read(stamp) && is_read(look->jiffies))
		look->watchdog_age = num_present(look->jiffies.value - stamp.value);
}

static uint64_t events_pcpu(struct walk *w, uint64_t root)
{
	struct scxray_num pcpu = { 0 };

	if (!root) /* 6.14, 6.15; before that there were none */
		return has_symbol(w, S_event_stats_cpu) && !has_symbol(w, S_scx_root)
			       ? w->k->layout.symbol[S_event_stats_cpu]
			       : 0;
	if (has_member(w, M_scx_sched_pcpu)) {
		pcpu = read_member(w, root, M_scx_sched_pcpu);
		if (is_read(pcpu) && pcpu.value)
			pcpu.value += w->k->layout.member[M_scx_sched_pcpu_event_stats].offset;
	} else {
		pcpu = read_optional(w, root, M_scx_sched_event_stats_cpu);
	}
	return is_read(pcpu) ? pcpu.value : 0;
}

static uint64_t counter(const uint8_t *stats, const struct live_event *e)
{
	uint64_t value = 0;
	unsigned unused = 64 - e->size * 8;

	memcpy(&value, stats + e->offset, e->size);
	return e->is_signed ? (uint64_t)((int64_t)(value << unused) >> unused) : value;
}

/* A sum over some of the CPUs is no sum: without one of them there are no counters. */
static void look_events(struct scxray_live *live, struct scxray_look *look, uint64_t root)
{
	const struct live_plan *plan = &live->plan;
	uint64_t pcpu = events_pcpu(&live->walk, root);
	uint8_t stats[LIVE_MAX_STATS];

	if (!pcpu || !plan->nr_events)
		return;
	for (size_t c = 0; c < plan->nr_cpus; c++) {
		uint64_t at = percpu_addr(&live->walk, pcpu, plan->cpus[c]);

		if (guest_read(&live->g, at, stats, plan->stats_size))
			return;
		for (uint32_t i = 0; i < plan->nr_events; i++)
			look->event[i] += counter(stats, &plan->events[i]);
	}
	for (uint32_t i = 0; i < plan->nr_events; i++)
		look->event_name[i] = plan->events[i].name;
	look->nr_events = plan->nr_events;
}

/* ---- who waits ----------------------------------------------------------------- */

/* The longest wait that the watchdog can have let pass, in jiffies. */
static int64_t longest(const struct scxray_live *live, const struct scxray_look *look)
{
	uint64_t hz =
		is_read(live->plan.hz) && live->plan.hz.value ? live->plan.hz.value : DEFAULT_HZ;
	uint64_t timeout = is_read(look->watchdog_timeout) ? look->watchdog_timeout.value : 0;

	if (hz > 100000)
		hz = DEFAULT_HZ;
	/* ULONG_MAX, or 0: no watchdog */
	if (!timeout || timeout > LONGEST_WITHOUT * hz)
		return (int64_t)(LONGEST_WITHOUT * hz);
	return (int64_t)(timeout * LONGEST_FACTOR + LONGEST_SLACK * hz);
}

/* What a walk over the runnable lists needs to know. */
struct waiting {
	int64_t most;		/* a greater age is not believed */
	uint64_t timeout;	/* the root scheduler's; 0: none */
	uint64_t worst_timeout; /* of the task that max_runnable_age is of */
	struct live_subs subs;
};

/* Has a task that waited for `age` of `timeout` used up more than the worst one so far? */
static bool is_worse(const struct waiting *wait, const struct scxray_look *look, int64_t age,
		     uint64_t timeout)
{
	int64_t worst = (int64_t)look->max_runnable_age.value;

	if (!is_read(look->max_runnable_age))
		return true;
	if (timeout == wait->worst_timeout || !timeout || !wait->worst_timeout)
		return age > worst;
	return (double)age / (double)timeout > (double)worst / (double)wait->worst_timeout;
}

static void look_task(struct scxray_live *live, struct scxray_look *look, uint64_t node,
		      struct waiting *wait)
{
	struct walk *w = &live->walk;
	uint64_t entity =
		node - live->kernel.layout.member[M_sched_ext_entity_runnable_node].offset;
	struct scxray_num at = read_member(w, entity, M_sched_ext_entity_runnable_at);
	struct scxray_num flags = read_member(w, entity, M_sched_ext_entity_flags);
	uint64_t timeout;
	int64_t age;

	look->nr_runnable++;
	if (!is_read(at) || !is_read(flags) || !is_read(look->jiffies) ||
	    !(flags.value & live->plan.queued))
		return;
	/* jiffies were read first, so a task that came since is younger than nothing */
	age = (int64_t)(look->jiffies.value - at.value);
	if (age > wait->most || age < -wait->most)
		return;
	timeout = live_timeout_of(w, &wait->subs, entity, wait->timeout);
	if (!is_worse(wait, look, age, timeout))
		return;
	wait->worst_timeout = timeout;
	look->max_runnable_age = num_present((uint64_t)age);
	look->max_runnable_kva =
		num_present(task_of_entity(w, node, M_sched_ext_entity_runnable_node));
}

static void look_runnable(struct scxray_live *live, struct scxray_look *look, uint64_t scx,
			  struct waiting *wait)
{
	struct walk *w = &live->walk;
	uint64_t head = member_addr(w, scx, M_scx_rq_runnable_list), node = head;

	/* in a circle that leaves out the head, a node does not point back */
	for (uint32_t nr = 0;; nr++) {
		struct scxray_num next = read_member(w, node, M_list_head_next), prev;

		if (is_read(next) && next.value == head)
			return;
		if (!is_read(next) || !next.value || nr == live->settings.max_list)
			break;
		prev = read_member(w, next.value, M_list_head_prev);
		if (!is_read(prev) || prev.value != node)
			break;
		look_task(live, look, next.value, wait);
		node = next.value;
	}
	look->runnable_cut = true;
}

static const char *runnable_needs(const struct walk *w)
{
	static const struct {
		enum layout_member m;
		const char *name;
	} needed[] = {
		{ M_scx_rq_runnable_list, "scx_rq.runnable_list" },
		{ M_sched_ext_entity_runnable_node, "task_struct.scx.runnable_node" },
		{ M_sched_ext_entity_runnable_at, "task_struct.scx.runnable_at" },
		{ M_sched_ext_entity_flags, "task_struct.scx.flags" },
		{ M_task_struct_scx, "task_struct.scx" },
		{ M_list_head_next, "list_head.next" },
		{ M_list_head_prev, "list_head.prev" },
		{ M_rq_scx, "rq.scx" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		if (!has_member(w, needed[i].m))
			return needed[i].name;
	return has_symbol(w, S_runqueues) ? NULL : "runqueues";
}

static void look_rqs(struct scxray_live *live, struct scxray_look *look, struct waiting *wait)
{
	struct walk *w = &live->walk;

	look->runnable_unavailable = runnable_needs(w);
	if (!has_member(w, M_rq_scx) || !has_symbol(w, S_runqueues))
		return;
	for (size_t c = 0; c < live->plan.nr_cpus; c++) {
		uint64_t rq =
			percpu_addr(w, live->kernel.layout.symbol[S_runqueues], live->plan.cpus[c]);
		uint64_t scx = member_addr(w, rq, M_rq_scx);
		struct scxray_num nr = read_optional(w, scx, M_scx_rq_nr_running);

		look->nr_running += is_read(nr) ? nr.value : 0;
		if (has_member(w, M_scx_rq_local_dsq)) {
			nr = read_optional(w, member_addr(w, scx, M_scx_rq_local_dsq),
					   M_scx_dispatch_q_nr);
			look->dsq_depth += is_read(nr) ? nr.value : 0;
		}
		if (!look->runnable_unavailable)
			look_runnable(live, look, scx, wait);
	}
}

/* Global DSQs: an array of pointers by node, to DSQs or (7.1 on) to what holds one. */
static void look_global_dsqs(struct scxray_live *live, struct scxray_look *look, uint64_t root)
{
	struct walk *w = &live->walk;
	struct scxray_num array = { 0 };
	uint32_t offset = 0;

	if (root && has_member(w, M_scx_sched_pnode)) {
		array = read_member(w, root, M_scx_sched_pnode);
		offset = live->kernel.layout.member[M_scx_sched_pnode_global_dsq].offset;
	} else if (root) {
		array = read_optional(w, root, M_scx_sched_global_dsqs);
	} else if (is_read(look->scx_root) && has_symbol(w, S_global_dsqs)) {
		array = read_symbol(w, S_global_dsqs, false);
	}
	if (!is_read(array) || !array.value)
		return;
	for (uint32_t node = 0; node < live->plan.nr_nodes; node++) {
		struct scxray_num dsq = read_int(w, array.value + node * 8ULL, 8, false), nr;

		if (!is_read(dsq) || !dsq.value)
			continue;
		nr = read_optional(w, dsq.value + offset, M_scx_dispatch_q_nr);
		look->dsq_depth += is_read(nr) ? nr.value : 0;
	}
}

/* ---- the look ---------------------------------------------------------------- */

void scxray_live_look(struct scxray_live *live, struct scxray_look *look)
{
	struct walk *w = &live->walk;
	struct waiting wait = { 0 };
	uint64_t root;

	memset(look, 0, sizeof(*look));
	look->latch = "not_resolved";
	if (!live->resolved) {
		look->runnable_unavailable = "the guest's kernel";
		return;
	}
	if (!live->kernel.has_types) {
		look->runnable_unavailable = "the guest kernel's types";
		return;
	}
	phys_forget(&live->source.phys);
	live_aim(live);
	look->hz = live->plan.hz;
	look->jiffies = has_symbol(w, S_jiffies_64) ? read_symbol(w, S_jiffies_64, false)
						    : (struct scxray_num){ 0 };
	root = look_sched(live, look);
	look_watchdog(w, look, root);
	wait.most = longest(live, look);
	wait.timeout = is_read(look->watchdog_timeout) ? look->watchdog_timeout.value : 0;
	live_look_subs(live, look, root, &wait.subs);
	look_rqs(live, look, &wait);
	if (wait.worst_timeout)
		look->watchdog_timeout = num_present(wait.worst_timeout);
	look_global_dsqs(live, look, root);
	if (is_read(look->scx_root))
		look_events(live, look, root);
	look->latch = live_look_latch(live);
}

bool scxray_live_exit_kind(struct scxray_live *live, const struct scxray_look *look, uint32_t *word)
{
	uint64_t value;

	if (!is_read(look->exit_kind_gpa) || look->exit_kind_size != sizeof(*word) ||
	    look->exit_kind_gpa.value % sizeof(*word) ||
	    phys_load(&live->source.phys, look->exit_kind_gpa.value, sizeof(*word), &value))
		return false;
	*word = (uint32_t)value;
	return true;
}
