/* SPDX-License-Identifier: GPL-2.0 */
/*
 * MODE_THROTTLED: victims are of a group with a budget of CPU time, and wait in its list, which lies in
 * an arena. Nobody is taken from there while the group is throttled. Needs a compiler that knows
 * address spaces, so this is in an object of its own (SCXFIX_ARENA); elsewhere these calls do nothing.
 */
#ifndef SCXFIX_THROTTLED_H
#define SCXFIX_THROTTLED_H

#include "victims.h"

#ifdef SCXFIX_ARENA

#define __arena __attribute__((address_space(1)))
#define BPF_MAP_TYPE_ARENA 33 /* newer than bookworm's headers */

#define PERIOD_US 100000
#define QUOTA_US 20000
#define TAKEN_A_TURN 8

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 256);
	__ulong(map_extra, 1ULL << 44);
} arena SEC(".maps");

struct slot {
	struct slot __arena *next;
	u32 pid;
	u32 weight;
	u64 since_ns;
};

struct budget {
	u64 period_us;
	u64 quota_us;
	u64 used_us;
	u64 throttled_at_ns; /* 0 while it is not */
	u32 nr_waiting;
	struct slot __arena *first;
	struct slot __arena *last;
};

struct slot __arena slots[MAX_VICTIMS];
struct budget __arena budget;

/* Where a task's slot is. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, u64);
} slot_of SEC(".maps");

struct budget_lock {
	struct bpf_spin_lock lock;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct budget_lock);
} budget_locks SEC(".maps");

static struct budget_lock *budget_lock(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&budget_locks, &zero);
}

/* The slot of a victim, by its index; found in the task's storage afterwards. */
static struct slot __arena *slot_get(struct task_struct *p, const struct task_ctx *tc)
{
	u64 *at = bpf_task_storage_get(&slot_of, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	struct slot __arena *slot;

	if (!at || tc->index >= MAX_VICTIMS)
		return NULL;
	slot = &slots[tc->index];
	*at = (u64)slot;
	slot->pid = p->pid;
	slot->weight = p->scx.weight;
	slot->since_ns = bpf_ktime_get_ns();
	return slot;
}

/* Out of its budget for good, from the failure on. */
static void charge(void)
{
	budget.period_us = PERIOD_US;
	budget.quota_us = QUOTA_US;
	if (!state.stalling || budget.throttled_at_ns)
		return;
	budget.used_us = QUOTA_US + 1;
	budget.throttled_at_ns = bpf_ktime_get_ns();
}

/* From ops.enqueue(). False where the task is to be queued like others. */
static bool wait_for_budget(struct task_struct *p, const struct task_ctx *tc, u64 enq_flags)
{
	struct budget_lock *it = budget_lock();
	struct slot __arena *slot;

	if (settings.mode != MODE_THROTTLED || tc->role != ROLE_VICTIM || !it)
		return false;
	slot = slot_get(p, tc);
	if (!slot)
		return false;
	charge();
	note_wait(p, tc, DSQ_NONE, 0, enq_flags);
	bpf_spin_lock(&it->lock);
	slot->next = NULL;
	if (budget.last)
		budget.last->next = slot;
	else
		budget.first = slot;
	budget.last = slot;
	budget.nr_waiting++;
	bpf_spin_unlock(&it->lock);
	return true;
}

/* The pid of the first that waits; 0 where nobody does, or the group is throttled. */
static u32 take_first(struct budget_lock *it)
{
	struct slot __arena *slot;
	u32 pid = 0;

	bpf_spin_lock(&it->lock);
	slot = budget.throttled_at_ns ? NULL : budget.first;
	if (slot) {
		pid = slot->pid;
		budget.first = slot->next;
		if (!budget.first)
			budget.last = NULL;
		slot->next = NULL;
		budget.nr_waiting--;
	}
	bpf_spin_unlock(&it->lock);
	return pid;
}

/* From ops.dispatch(): a task that waits goes to DSQ_FIFO. */
static void take_waiting(void)
{
	struct budget_lock *it = budget_lock();
	struct task_struct *p;
	struct task_ctx *tc;
	u32 pid;

	if (settings.mode != MODE_THROTTLED || !it)
		return;
	for (int i = 0; i < TAKEN_A_TURN; i++) {
		pid = take_first(it);
		p = pid ? bpf_task_from_pid(pid) : NULL;
		if (!p)
			return;
		tc = task_ctx(p);
		if (tc)
			insert_fifo(p, tc, DSQ_FIFO, 0);
		bpf_task_release(p);
	}
}

#else

static bool wait_for_budget(struct task_struct *p, const struct task_ctx *tc, u64 enq_flags)
{
	return false;
}

static void take_waiting(void)
{
}

#endif
#endif
