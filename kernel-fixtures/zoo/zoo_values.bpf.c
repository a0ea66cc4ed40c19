// SPDX-License-Identifier: GPL-2.0
/* Values that only programs can fill: kptrs, timers, a spin lock. */
#include "zoo_kernel.h"

struct zoo_special {
	u64 before;
	struct bpf_spin_lock lock;
	u32 state;
	struct bpf_timer timer;
	struct task_struct __kptr *task;
	struct cgroup __kptr *cgrp;
	struct bpf_cpumask __kptr *mask;
	u64 after;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ZOO_SPECIALS);
	__type(key, u32);
	__type(value, struct zoo_special);
} zoo_specials SEC(".maps");

#define MONOTONIC 1
#define HOUR_NS 3600000000000ULL

static int zoo_tick(void *map, u32 *key, struct zoo_special *value)
{
	return 0;
}

/* Armed; armed and cancelled; initialised; never touched. */
static void set_timer(void *map, u32 index, struct zoo_special *special)
{
	if (index == 3 || bpf_timer_init(&special->timer, map, MONOTONIC))
		return;
	if (index == 2)
		return;
	bpf_timer_set_callback(&special->timer, zoo_tick);
	bpf_timer_start(&special->timer, HOUR_NS, 0);
	if (index == 1)
		bpf_timer_cancel(&special->timer);
}

static void set_task(struct zoo_special *special, s32 pid)
{
	struct task_struct *task = bpf_task_from_pid(pid);

	if (task)
		task = bpf_kptr_xchg(&special->task, task);
	if (task)
		bpf_task_release(task);
}

static void set_cgroup(struct zoo_special *special, u64 id)
{
	struct cgroup *cgrp = bpf_cgroup_from_id(id);

	if (cgrp)
		cgrp = bpf_kptr_xchg(&special->cgrp, cgrp);
	if (cgrp)
		bpf_cgroup_release(cgrp);
}

static void set_mask(struct zoo_special *special, u32 cpus)
{
	struct bpf_cpumask *mask = bpf_cpumask_create();

	if (!mask)
		return;
	for (u32 cpu = 0; cpu < 64; cpu++) {
		if (cpu < cpus)
			bpf_cpumask_set_cpu(cpu, mask);
	}
	mask = bpf_kptr_xchg(&special->mask, mask);
	if (mask)
		bpf_cpumask_release(mask);
}

SEC("syscall")
int zoo_fill(struct zoo_fill_args *args)
{
	s32 pid = args->pid;
	u32 cpus = args->cpus;
	u64 cgroup_id = args->cgroup_id;

	for (u32 i = 0; i < ZOO_SPECIALS; i++) {
		u32 index = i;
		struct zoo_special *special = bpf_map_lookup_elem(&zoo_specials, &index);

		if (!special)
			return 1;
		bpf_spin_lock(&special->lock);
		special->before = 0xbef0 + i;
		special->after = 0xaf70 + i;
		special->state = i;
		bpf_spin_unlock(&special->lock);
		set_timer(&zoo_specials, i, special);
		if (i)
			continue;
		set_task(special, pid);
		set_cgroup(special, cgroup_id);
		set_mask(special, cpus);
	}
	return 0;
}
