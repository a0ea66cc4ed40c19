/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cpu_time.c - where each CPU's time went: kernel_cpustat, kstat, tick_cpu_sched
 */
#include <base/array.h>

#include <scxray/group.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/system.h>

#include "capture/read/read.h"
#include "capture/walk/walkers.h"

#define MAX_SOFTIRQS 64

/* Element `name` of the enum that indexes cpustat[]. */
static struct scxray_num cpustat(struct walk *w, uint64_t base, const char *name)
{
	const struct member *m = &w->k->layout.member[M_kernel_cpustat_cpustat];
	uint32_t size = element_size(w, M_kernel_cpustat_cpustat);
	uint64_t index;

	if (!types_enumerator(&w->k->types, "cpu_usage_stat", name, &index) || !size ||
	    index >= m->size / size)
		return (struct scxray_num){ .reason = name, .state = SCXRAY_MISSING };
	return read_int(w, base + m->offset + index * size, size, false);
}

static void softirqs(struct walk *w, struct scxray_cpu_time *time, uint64_t kstat)
{
	const struct member *m = &w->k->layout.member[M_kernel_stat_softirqs];
	uint32_t size = element_size(w, M_kernel_stat_softirqs);
	uint32_t nr = m->present && size ? m->size / size : 0;

	if (nr > MAX_SOFTIRQS)
		nr = MAX_SOFTIRQS;
	if (!nr) { /* says that it is missing */
		time->softirqs_sum = read_member(w, kstat, M_kernel_stat_softirqs);
		return;
	}
	time->softirqs = pool_alloc(w->pool, nr * sizeof(*time->softirqs));
	if (!time->softirqs)
		return;
	time->nr_softirqs = nr;
	time->softirqs_sum = num_present(0);
	for (uint32_t i = 0; i < nr; i++) {
		struct scxray_num num =
			read_int(w, kstat + m->offset + (uint64_t)i * size, size, false);

		time->softirqs[i] = num;
		if (num.state != SCXRAY_PRESENT)
			time->softirqs_sum = num;
		else if (time->softirqs_sum.state == SCXRAY_PRESENT)
			time->softirqs_sum.value += num.value;
	}
}

static void one_cpu(struct walk *w, struct scxray_cpu_time *time)
{
	uint64_t stat = percpu_addr(w, w->k->layout.symbol[S_kernel_cpustat], time->cpu);
	const struct {
		struct scxray_num *to;
		const char *name;
	} table[] = {
		{ &time->user, "CPUTIME_USER" },     { &time->nice, "CPUTIME_NICE" },
		{ &time->system, "CPUTIME_SYSTEM" }, { &time->softirq, "CPUTIME_SOFTIRQ" },
		{ &time->irq, "CPUTIME_IRQ" },	     { &time->idle, "CPUTIME_IDLE" },
		{ &time->iowait, "CPUTIME_IOWAIT" }, { &time->steal, "CPUTIME_STEAL" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		*table[i].to = cpustat(w, stat, table[i].name);
	if (has_symbol(w, S_kstat)) {
		uint64_t kstat = percpu_addr(w, w->k->layout.symbol[S_kstat], time->cpu);

		time->irqs_sum = read_member(w, kstat, M_kernel_stat_irqs_sum);
		softirqs(w, time, kstat);
	} else {
		time->irqs_sum = read_symbol(w, S_kstat, false); /* says that it is missing */
	}
	if (has_symbol(w, S_tick_cpu_sched)) {
		uint64_t tick = percpu_addr(w, w->k->layout.symbol[S_tick_cpu_sched], time->cpu);

		/* up to 7.1: from then on cpustat's own idle and iowait have all of it */
		time->idle_sleeptime = read_optional(w, tick, M_tick_sched_idle_sleeptime);
		time->iowait_sleeptime = read_optional(w, tick, M_tick_sched_iowait_sleeptime);
	}
}

void walk_cpu_time(struct walk *w)
{
	if (!has_symbol(w, S_kernel_cpustat) || !has_member(w, M_kernel_cpustat_cpustat)) {
		w->r->unavailable[SCXRAY_GROUP_CPU_TIMES] = "this kernel has no kernel_cpustat";
		return;
	}
	if (!w->r->nr_rqs) {
		w->r->unavailable[SCXRAY_GROUP_CPU_TIMES] = "per-CPU memory not found";
		return;
	}
	w->r->cpu_times = pool_alloc(w->pool, w->r->nr_rqs * sizeof(*w->r->cpu_times));
	if (!w->r->cpu_times) {
		w->r->unavailable[SCXRAY_GROUP_CPU_TIMES] = POOL_USED_UP;
		return;
	}
	for (size_t i = 0; i < w->r->nr_rqs; i++) {
		w->r->cpu_times[i].cpu = w->r->rqs[i].cpu;
		one_cpu(w, &w->r->cpu_times[i]);
	}
	w->r->nr_cpu_times = w->r->nr_rqs;
}
