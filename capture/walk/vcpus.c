/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vcpus.c - vCPU registers, and which CPU and task each vCPU was
 */
#include "capture/read/walk.h"

static bool known(const struct scxray_regs *regs, enum scxray_reg reg)
{
	return regs->known >> reg & 1;
}

/*
 * The per-CPU base is in GS in kernel mode and in KERNEL_GS_BASE in user mode; and
 * between SYSCALL and swapgs still there although CPL is 0.  Kernel addresses have
 * bit 63 set, or (per-CPU sections that start at 0) are what __per_cpu_offset says:
 * so the one that matches an offset is it.
 */
static int cpu_by_gs(const struct walk *w, const struct scxray_regs *regs)
{
	static const enum scxray_reg bases[] = { SCXRAY_REG_GS_BASE, SCXRAY_REG_KERNEL_GS_BASE };

	for (size_t b = 0; b < sizeof(bases) / sizeof(bases[0]); b++) {
		if (!known(regs, bases[b]) || !regs->value[bases[b]])
			continue;
		for (uint32_t cpu = 0; cpu < w->k->nr_cpus; cpu++)
			if (w->k->percpu[cpu] == regs->value[bases[b]])
				return (int)cpu;
	}
	return -1;
}

/* kdump's PRSTATUS carries no per-CPU base, but the pid; believe it where it fits. */
static int cpu_by_pid(const struct walk *w, const struct source_vcpu *vcpu, size_t index)
{
	if (index >= w->r->nr_rqs || known(&vcpu->regs, SCXRAY_REG_GS_BASE))
		return -1;
	const struct scxray_num *pid = &w->r->rqs[index].curr_pid;

	return pid->state == SCXRAY_PRESENT && pid->value == vcpu->prstatus_pid
		       ? (int)w->r->rqs[index].cpu
		       : -1;
}

static void fill(struct walk *w, struct scxray_vcpu *v, const struct source_vcpu *from,
		 size_t index)
{
	int cpu;

	v->parked = from->parked;
	if (!v->parked)
		return;
	v->regs = from->regs;
	if (known(&v->regs, SCXRAY_REG_RIP)) {
		v->ip.addr = num_present(v->regs.value[SCXRAY_REG_RIP]);
		v->ip.symbol = symbol_of(w, v->regs.value[SCXRAY_REG_RIP]);
	}
	v->user_mode = known(&v->regs, SCXRAY_REG_CS) && (v->regs.value[SCXRAY_REG_CS] & 3) == 3;
	cpu = cpu_by_gs(w, &v->regs);
	if (cpu < 0)
		cpu = cpu_by_pid(w, from, index);
	if (cpu < 0)
		return;
	v->cpu = num_present((uint64_t)cpu);
	for (size_t i = 0; i < w->r->nr_rqs; i++) {
		const struct scxray_rq *rq = &w->r->rqs[i];

		if (rq->cpu != (uint32_t)cpu)
			continue;
		v->curr_kva = rq->curr_kva;
		v->curr_pid = rq->curr_pid;
		v->curr_comm = rq->curr_comm;
	}
}

void walk_vcpus(struct walk *w, const struct scxray_source *source)
{
	if (!source->nr_vcpus) {
		w->r->unavailable[SCXRAY_GROUP_VCPUS] = "the image holds no vCPU registers";
		return;
	}
	w->r->vcpus = pool_alloc(w->pool, source->nr_vcpus * sizeof(*w->r->vcpus));
	if (!w->r->vcpus) {
		w->r->unavailable[SCXRAY_GROUP_VCPUS] = "report memory is used up";
		return;
	}
	w->r->nr_vcpus = source->nr_vcpus;
	for (size_t i = 0; i < source->nr_vcpus; i++)
		fill(w, &w->r->vcpus[i], &source->vcpus[i], i);
}
