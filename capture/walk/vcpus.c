/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vcpus.c - vCPU registers, and which CPU and task each vCPU was
 */
#include <base/array.h>

#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/vcpu.h>

#include "capture/read/read.h"
#include "capture/read/symbol_of.h"
#include "capture/walk/walkers.h"

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

	for (size_t b = 0; b < ARRAY_SIZE(bases); b++) {
		if (!known(regs, bases[b]) || !regs->value[bases[b]])
			continue;
		for (uint32_t cpu = 0; cpu < w->k->nr_cpus; cpu++)
			if (w->k->percpu[cpu] == regs->value[bases[b]])
				return (int)cpu;
	}
	return -1;
}

/* What is known of each run queue's CPU while vCPUs are given to CPUs. */
struct seats {
	struct walk *w;
	uint64_t stack_size;
	uint64_t *stacks; /* of each run queue's task; read when the first vCPU needs it */
	bool *taken;	  /* a vCPU was this run queue's CPU */
};

static bool read_stacks(struct seats *s)
{
	const struct scxray_report *r = s->w->r;

	if (s->stacks)
		return true;
	s->stack_size = task_stack_size(s->w);
	s->stacks = pool_alloc(s->w->pool, (r->nr_rqs ? r->nr_rqs : 1) * sizeof(*s->stacks));
	for (size_t i = 0; s->stacks && i < r->nr_rqs; i++) {
		struct scxray_num stack = { 0 };

		if (r->rqs[i].curr_kva.state == SCXRAY_PRESENT)
			stack = read_optional(s->w, r->rqs[i].curr_kva.value, M_task_struct_stack);
		s->stacks[i] = stack.state == SCXRAY_PRESENT ? stack.value : 0;
	}
	return s->stacks != NULL;
}

/* kdump's notes have no per-CPU base; in the kernel the stack pointer is on the running task's stack. */
static int rq_by_stack(struct seats *s, const struct scxray_vcpu *v)
{
	uint64_t sp = v->regs.value[SCXRAY_REG_RSP];

	/* a kernel without types has no run queues to look at, and nothing to ask for a stack's size */
	if (v->user_mode || !known(&v->regs, SCXRAY_REG_RSP) || !s->w->r->nr_rqs || !read_stacks(s))
		return -1;
	for (size_t i = 0; i < s->w->r->nr_rqs; i++)
		if (s->stacks[i] && sp >= s->stacks[i] && sp - s->stacks[i] < s->stack_size)
			return (int)i;
	return -1;
}

/*
 * Or by the pid in PRSTATUS: the one run queue that runs such a task, if no vCPU is known to be its
 * CPU.  A note's place says nothing: a CPU that is offline has none.
 */
static int rq_by_pid(const struct seats *s, const struct source_vcpu *vcpu)
{
	int found = -1;

	if (!vcpu->prstatus_pid || known(&vcpu->regs, SCXRAY_REG_GS_BASE))
		return -1;
	for (size_t i = 0; i < s->w->r->nr_rqs; i++) {
		const struct scxray_num *pid = &s->w->r->rqs[i].curr_pid;

		if (s->taken[i] || pid->state != SCXRAY_PRESENT || pid->value != vcpu->prstatus_pid)
			continue;
		if (found >= 0)
			return -1;
		found = (int)i;
	}
	return found;
}

static int rq_of_cpu(const struct walk *w, int cpu)
{
	for (size_t i = 0; cpu >= 0 && i < w->r->nr_rqs; i++)
		if (w->r->rqs[i].cpu == (uint32_t)cpu)
			return (int)i;
	return -1;
}

/* The vCPU was the CPU of run queue `index`; -1: not known. */
static void sit(struct seats *s, struct scxray_vcpu *v, int index)
{
	const struct scxray_rq *rq;

	if (index < 0)
		return;
	rq = &s->w->r->rqs[index];
	s->taken[index] = true;
	v->cpu = num_present(rq->cpu);
	v->curr_kva = rq->curr_kva;
	v->curr_pid = rq->curr_pid;
	v->curr_comm = rq->curr_comm;
}

static void fill(struct seats *s, struct scxray_vcpu *v, const struct source_vcpu *from)
{
	struct walk *w = s->w;
	int cpu;

	v->parked = from->parked;
	if (!v->parked)
		return;
	v->regs = from->regs;
	/* it waits for its start-up IPI, in the state of its reset or of the VMM's making */
	if (scxray_regs_without_paging(&v->regs)) {
		v->never_started = num_present(1);
		return;
	}
	if (known(&v->regs, SCXRAY_REG_RIP)) {
		v->ip.addr = num_present(v->regs.value[SCXRAY_REG_RIP]);
		v->ip.symbol = symbol_of(w, v->regs.value[SCXRAY_REG_RIP]);
	}
	v->user_mode = known(&v->regs, SCXRAY_REG_CS) && (v->regs.value[SCXRAY_REG_CS] & 3) == 3;
	cpu = cpu_by_gs(w, &v->regs);
	if (cpu >= 0)
		v->cpu = num_present((uint64_t)cpu); /* also where it has no run queue to show */
	sit(s, v, cpu >= 0 ? rq_of_cpu(w, cpu) : rq_by_stack(s, v));
}

void walk_vcpus(struct walk *w, const struct scxray_source *source)
{
	struct seats s = { .w = w };

	if (!source->nr_vcpus) {
		w->r->unavailable[SCXRAY_GROUP_VCPUS] =
			source->file.is_running
				? "the running kernel's own memory (racy: it changed while it was read) has no registers of its CPUs"
				: "the image holds no vCPU registers";
		return;
	}
	w->r->vcpus = pool_alloc(w->pool, source->nr_vcpus * sizeof(*w->r->vcpus));
	s.taken = pool_alloc(w->pool, w->r->nr_rqs + 1);
	if (!w->r->vcpus || !s.taken) {
		w->r->unavailable[SCXRAY_GROUP_VCPUS] = POOL_USED_UP;
		return;
	}
	w->r->nr_vcpus = source->nr_vcpus;
	for (size_t i = 0; i < source->nr_vcpus; i++)
		fill(&s, &w->r->vcpus[i], &source->vcpus[i]);
	for (size_t i = 0; i < source->nr_vcpus; i++)
		if (source->vcpus[i].parked && w->r->vcpus[i].cpu.state != SCXRAY_PRESENT &&
		    w->r->vcpus[i].never_started.state != SCXRAY_PRESENT)
			sit(&s, &w->r->vcpus[i], rq_by_pid(&s, &source->vcpus[i]));
}
