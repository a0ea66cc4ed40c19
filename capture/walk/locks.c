/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * locks.c - which tasks wait for a lock, by the functions on their stacks, and which
 * resilient spinlocks CPUs hold (kernel/bpf/rqspinlock.c)
 */
#include <string.h>

#include <base/array.h>

#include <scxray/group.h>
#include <scxray/lock.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/task.h>
#include <scxray/vcpu.h>

#include "capture/read/read.h"
#include "capture/read/symbol_of.h"
#include "capture/walk/walkers.h"

#define MAX_HELD 64 /* entries of a CPU's table; the kernel has 31 */

/*
 * Functions that are entered only where a lock was not free; the one that is on the
 * stack innermost tells.  A suffix of the compiler's (".constprop.0") is left out.
 */
static const char *const slowpaths[] = {
	"native_queued_spin_lock_slowpath",
	"queued_spin_lock_slowpath",
	"__pv_queued_spin_lock_slowpath",
	"resilient_queued_spin_lock_slowpath",
	"resilient_tas_spin_lock",
	"queued_read_lock_slowpath",
	"queued_write_lock_slowpath",
	"__mutex_lock_slowpath",
	"__mutex_lock_killable_slowpath",
	"__mutex_lock_interruptible_slowpath",
	"__mutex_lock",
	"__mutex_lock_common",
	"__ww_mutex_lock",
	"mutex_spin_on_owner",
	"rwsem_down_read_slowpath",
	"rwsem_down_write_slowpath",
	"rwsem_spin_on_owner",
	"percpu_rwsem_wait",
	"percpu_down_write",
	"__down_common",
	"rt_mutex_slowlock",
	"rt_mutex_slowlock_block",
	"__rt_mutex_slowlock",
	"rt_mutex_slowlock_locked",
	"rtlock_slowlock_locked",
	"rwbase_write_lock",
	"__rwbase_read_lock",
	"rt_mutex_wait_proxy_lock",
};

static const char *slowpath(const char *symbol)
{
	size_t len = strcspn(symbol, "+. ");

	for (size_t i = 0; i < ARRAY_SIZE(slowpaths); i++)
		if (!strncmp(slowpaths[i], symbol, len) && !slowpaths[i][len])
			return slowpaths[i];
	return NULL;
}

static const char *match(const struct scxray_stack_trace *stack)
{
	const char *found = NULL;

	for (size_t i = 0; i < stack->nr && !found; i++)
		if (stack->frames[i].symbol)
			found = slowpath(stack->frames[i].symbol);
	return found;
}

static bool held(struct walk *w, uint32_t cpu, uint64_t table, uint32_t depth)
{
	const struct member *locks = &w->k->layout.member[M_rqspinlock_held_locks];
	struct scxray_num lock = read_int(w, table + locks->offset + 8ULL * depth, 8, false);
	void *list = w->r->rqspinlocks;
	struct scxray_rqspinlock *to =
		pool_push(w->pool, &list, &w->r->nr_rqspinlocks, sizeof(*to));

	if (!to) {
		w->r->cut[SCXRAY_GROUP_LOCKS] = POOL_USED_UP;
		return false;
	}
	w->r->rqspinlocks = list;
	to->cpu = cpu;
	to->depth = depth;
	to->lock.addr = lock;
	if (lock.state == SCXRAY_PRESENT && lock.value) {
		to->lock.symbol = symbol_of(w, lock.value);
		to->word = read_int(w, lock.value, 4, false);
	}
	return true;
}

/* rqspinlock_held_locks of one CPU: `cnt` counts on where the table is full. */
static bool held_by_cpu(struct walk *w, uint32_t cpu)
{
	uint64_t table = percpu_addr(w, w->k->layout.symbol[S_rqspinlock_held_locks], cpu);
	struct scxray_num cnt = read_member(w, table, M_rqspinlock_held_cnt);
	uint64_t room = w->k->layout.member[M_rqspinlock_held_locks].size / 8;

	if (cnt.state != SCXRAY_PRESENT) {
		w->r->cut[SCXRAY_GROUP_LOCKS] = pool_printf(w->pool, "cpu %u: %s", cpu, cnt.reason);
		return true;
	}
	if (room > MAX_HELD)
		room = MAX_HELD;
	if ((int64_t)cnt.value < 0 || cnt.value > room)
		w->r->cut[SCXRAY_GROUP_LOCKS] =
			pool_printf(w->pool, "cpu %u holds %lld, its table has %llu", cpu,
				    (long long)cnt.value, (unsigned long long)room);
	for (uint32_t i = 0; (int64_t)cnt.value > 0 && i < cnt.value && i < room; i++)
		if (!held(w, cpu, table, i))
			return false;
	return true;
}

void walk_locks(struct walk *w)
{
	struct scxray_report *r = w->r;

	for (size_t i = 0; i < r->nr_tasks; i++)
		r->tasks[i].lock_slowpath_match = match(&r->tasks[i].kernel_stack);
	for (size_t i = 0; i < r->nr_vcpus; i++)
		r->vcpus[i].lock_slowpath_match = match(&r->vcpus[i].backtrace);
	if (!w->k->has_types)
		return;
	if (!has_symbol(w, S_rqspinlock_held_locks) || !has_member(w, M_rqspinlock_held_cnt) ||
	    !has_member(w, M_rqspinlock_held_locks)) {
		r->unavailable[SCXRAY_GROUP_LOCKS] =
			"this kernel has no resilient spinlocks (they came in 6.15)";
		return;
	}
	if (!r->nr_rqs) {
		r->unavailable[SCXRAY_GROUP_LOCKS] = "per-CPU memory not found";
		return;
	}
	for (size_t i = 0; i < r->nr_rqs; i++)
		if (!held_by_cpu(w, r->rqs[i].cpu))
			return;
}
