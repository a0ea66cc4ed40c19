/* SPDX-License-Identifier: BSD-2-Clause */
/* vcpus.c: which CPU each vCPU's registers are of, whatever order the notes have. */
#include <string.h>

#include <scxray/report_struct.h>
#include <scxray/rq.h>

#include "capture/read/read.h"
#include "capture/walk/walkers.h"
#include "tests/lib/unit.h"
#include "tests/lib/walk_builder.h"

#define NR 4
#define TASK(i) (GUEST_KVA + 0x100000 + 0x1000 * (i))
#define STACK(i) (0xffffc90000010000ULL + 0x8000 * (i))
#define PERCPU(i) (0xffff888100000000ULL + 0x40000 * (i))
#define STACK_SIZE 0x4000

static struct walk_fixture f;
static struct scxray_report report;
static struct scxray_rq rqs[NR];
static struct source_vcpu vcpus[NR];
static struct scxray_source source;
static uint64_t percpu[NR];

static void start(void)
{
	memset(&report, 0, sizeof(report));
	memset(rqs, 0, sizeof(rqs));
	memset(vcpus, 0, sizeof(vcpus));
	walk_fixture_init(&f);
	walk_fixture_member(&f, M_task_struct_stack, 0x20, 8);
	f.kernel.layout.symbol[S_init_stack] = STACK(0);
	f.kernel.layout.symbol[S___end_init_stack] = STACK(0) + STACK_SIZE;
	f.kernel.nr_cpus = NR;
	f.kernel.percpu = percpu;
	f.walk.r = &report;
	for (uint32_t i = 0; i < NR; i++) {
		percpu[i] = PERCPU(i);
		guest_put_u64(&f.b, TASK(i) + 0x20, STACK(i));
		rqs[i].cpu = i;
		rqs[i].curr_kva = num_present(TASK(i));
		rqs[i].curr_pid = num_present(100 + i);
	}
	report.rqs = rqs;
	report.nr_rqs = NR;
	source = (struct scxray_source){ .vcpus = vcpus };
}

static void drop(void)
{
	f.kernel.percpu = NULL;
	walk_fixture_deinit(&f);
}

static void add(uint32_t pid, uint64_t cs, enum scxray_reg reg, uint64_t value)
{
	struct source_vcpu *v = &vcpus[source.nr_vcpus++];

	v->parked = true;
	v->prstatus_pid = pid;
	v->regs.known = 1ULL << SCXRAY_REG_CS | 1ULL << reg;
	v->regs.value[SCXRAY_REG_CS] = cs;
	v->regs.value[reg] = value;
}

#define KERNEL 0x10
#define USER 0x33

static void expect(size_t vcpu, int cpu)
{
	const struct scxray_vcpu *v = &report.vcpus[vcpu];

	if (cpu < 0) {
		ck_assert_int_ne(v->cpu.state, SCXRAY_PRESENT);
		ck_assert_int_ne(v->curr_pid.state, SCXRAY_PRESENT);
		return;
	}
	ck_assert_int_eq(v->cpu.state, SCXRAY_PRESENT);
	ck_assert_uint_eq(v->cpu.value, (uint64_t)cpu);
	ck_assert_uint_eq(v->curr_pid.value, 100 + (uint64_t)cpu);
}

/* As kdump writes them with CPU 1 offline: three notes for CPUs 0, 2 and 3. */
START_TEST(the_stack_pointer_decides_and_the_place_says_nothing)
{
	start();
	add(100, USER, SCXRAY_REG_RSP, 0x7fff0000);
	add(7, KERNEL, SCXRAY_REG_RSP, STACK(2) + STACK_SIZE - 8);
	add(103, USER, SCXRAY_REG_RSP, 0x7fff0000);
	walk_vcpus(&f.walk, &source);
	expect(0, 0);
	expect(1, 2);
	expect(2, 3);
	drop();
}
END_TEST

START_TEST(the_per_cpu_base_decides_before_the_stack)
{
	start();
	add(0, KERNEL, SCXRAY_REG_GS_BASE, PERCPU(3));
	vcpus[0].regs.known |= 1ULL << SCXRAY_REG_RSP;
	vcpus[0].regs.value[SCXRAY_REG_RSP] = STACK(1) + 8;
	add(0, USER, SCXRAY_REG_KERNEL_GS_BASE, PERCPU(0));
	walk_vcpus(&f.walk, &source);
	expect(0, 3);
	expect(1, 0);
	drop();
}
END_TEST

/* An AP that waits for its start-up IPI, with whatever its VMM has put into its registers. */
START_TEST(a_vcpu_that_never_started)
{
	start();
	add(102, KERNEL, SCXRAY_REG_RIP, 0x200);
	vcpus[0].regs.known |= 1ULL << SCXRAY_REG_CR0;
	vcpus[0].regs.value[SCXRAY_REG_CR0] = 0x11; /* protected mode, no paging */
	add(0, KERNEL, SCXRAY_REG_GS_BASE, PERCPU(1));
	vcpus[1].regs.known |= 1ULL << SCXRAY_REG_CR0;
	vcpus[1].regs.value[SCXRAY_REG_CR0] = 0x80050033;
	walk_vcpus(&f.walk, &source);
	expect(0, -1);
	ck_assert_int_eq(report.vcpus[0].never_started.state, SCXRAY_PRESENT);
	ck_assert_int_eq(report.vcpus[0].ip.addr.state, SCXRAY_NONE);
	expect(1, 1);
	ck_assert_int_eq(report.vcpus[1].never_started.state, SCXRAY_NONE);
	drop();
}
END_TEST

START_TEST(a_pid_counts_where_one_free_cpu_runs_it)
{
	start();
	rqs[1].curr_pid = num_present(100); /* twice */
	add(100, USER, SCXRAY_REG_RSP, 0);
	add(0, USER, SCXRAY_REG_RSP, 0);   /* idle tasks are many */
	add(555, USER, SCXRAY_REG_RSP, 0); /* runs nowhere */
	add(102, KERNEL, SCXRAY_REG_RSP, STACK(3) + STACK_SIZE);
	walk_vcpus(&f.walk, &source);
	expect(0, -1);
	expect(1, -1);
	expect(2, -1);
	expect(3, 2);
	drop();
}
END_TEST

START_TEST(a_cpu_whose_vcpu_is_known_is_not_given_twice)
{
	start();
	add(102, USER, SCXRAY_REG_RSP, 0);
	add(0, KERNEL, SCXRAY_REG_RSP, STACK(2));
	walk_vcpus(&f.walk, &source);
	expect(0, -1);
	expect(1, 2);
	drop();
}
END_TEST

static const unit_test tests[] = {
	&a_vcpu_that_never_started,
	&the_stack_pointer_decides_and_the_place_says_nothing,
	&the_per_cpu_base_decides_before_the_stack,
	&a_pid_counts_where_one_free_cpu_runs_it,
	&a_cpu_whose_vcpu_is_known_is_not_given_twice,
};

UNIT_MAIN("capture_vcpus", tests)
