/* SPDX-License-Identifier: BSD-2-Clause */
/* walk_progs.c: struct_ops programs and the sums of their statistics over the CPUs. */
#include <string.h>

#include <scxray/group.h>
#include <scxray/prog.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>

#include "capture/walk/walkers.h"
#include "tests/lib/unit.h"
#include "tests/lib/walk_builder.h"

#define IDR GUEST_KVA
#define NODE (GUEST_KVA + 0x1000)
#define PROG(i) (GUEST_KVA + 0x2000 + 0x100 * (uint64_t)(i))
#define AUX(i) (GUEST_KVA + 0x3000 + 0x100 * (uint64_t)(i))
#define STATS(i) (0x40 * (uint64_t)(i)) /* per-CPU */
#define CPU_BASE(cpu) (GUEST_KVA + 0x10000 + 0x1000 * (uint64_t)(cpu))
#define UNMAPPED (GUEST_KVA + 0x40000000)
#define SLOTS 40
#define STRUCT_OPS 27
#define NR_CPUS 3

static struct walk_fixture f;
static struct scxray_report report;
static struct scxray_rq rqs[NR_CPUS];

static void start(void)
{
	static const struct {
		enum layout_member m;
		uint32_t offset, size;
	} members[] = {
		{ M_idr_xa_head, 8, 8 },
		{ M_bpf_prog_type, 4, 4 },
		{ M_bpf_prog_attach_type, 8, 4 },
		{ M_bpf_prog_stats, 16, 8 },
		{ M_bpf_prog_aux, 24, 8 },
		{ M_bpf_prog_aux_name, 16, 16 },
		{ M_bpf_prog_stats_cnt, 0, 8 },
		{ M_bpf_prog_stats_nsecs, 8, 8 },
		{ M_bpf_prog_stats_misses, 16, 8 },
	};

	walk_fixture_init(&f);
	walk_fixture_containers(&f);
	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		walk_fixture_member(&f, members[i].m, members[i].offset, members[i].size);
	memset(&report, 0, sizeof(report));
	memset(rqs, 0, sizeof(rqs));
	f.walk.r = &report;
	f.walk.settings = (struct scxray_settings)SCXRAY_SETTINGS_INIT;
	f.kernel.layout.symbol[S_prog_idr] = IDR;
	f.kernel.nr_cpus = NR_CPUS;
	f.kernel.percpu = calloc(NR_CPUS, sizeof(*f.kernel.percpu));
	for (uint32_t cpu = 0; cpu < NR_CPUS; cpu++) {
		f.kernel.percpu[cpu] = CPU_BASE(cpu);
		rqs[cpu].cpu = cpu;
	}
	report.rqs = rqs;
	report.nr_rqs = NR_CPUS;
	guest_put_u64(&f.b, IDR + 8, NODE | 2);
	guest_put_u64(&f.b, NODE, 0);
}

/* Program i in slot i; its counters on CPU c are base + c, 10 * (base + c), c. */
static void put_prog(int i, uint32_t type, const char *name, uint64_t base)
{
	guest_put_u64(&f.b, NODE + SLOTS + 8 * (uint64_t)i, PROG(i));
	guest_put_u32(&f.b, PROG(i) + 4, type);
	guest_put_u64(&f.b, PROG(i) + 16, STATS(i));
	guest_put_u64(&f.b, PROG(i) + 24, AUX(i));
	guest_put(&f.b, AUX(i) + 16, name, strlen(name) + 1);
	for (uint64_t c = 0; c < NR_CPUS; c++) {
		guest_put_u64(&f.b, CPU_BASE(c) + STATS(i), base ? base + c : 0);
		guest_put_u64(&f.b, CPU_BASE(c) + STATS(i) + 8, base ? 10 * (base + c) : 0);
		guest_put_u64(&f.b, CPU_BASE(c) + STATS(i) + 16, c);
	}
}

START_TEST(counters_are_summed_over_cpus_and_other_programs_left_out)
{
	start();
	put_prog(1, STRUCT_OPS, "enqueue", 100);
	put_prog(2, 5, "tracepoint", 7);
	put_prog(3, STRUCT_OPS, "exit", 0);
	walk_progs(&f.walk);
	ck_assert_ptr_null(report.unavailable[SCXRAY_GROUP_PROGS]);
	ck_assert_ptr_null(report.cut[SCXRAY_GROUP_PROGS]);
	ck_assert_uint_eq(report.nr_progs, 2);
	ck_assert_uint_eq(report.progs[0].id, 1);
	ck_assert_str_eq(report.progs[0].name.bytes, "enqueue");
	ck_assert_int_eq(report.progs[0].cnt.state, SCXRAY_PRESENT);
	ck_assert_uint_eq(report.progs[0].cnt.value, 303);
	ck_assert_uint_eq(report.progs[0].nsecs.value, 3030);
	ck_assert_uint_eq(report.progs[0].misses.value, 3);
	ck_assert_uint_eq(report.progs[0].mean_ns.value, 10);
	ck_assert_uint_eq(report.progs[1].id, 3);
	ck_assert_uint_eq(report.progs[1].cnt.value, 0);
	ck_assert_int_eq(report.progs[1].mean_ns.state, SCXRAY_NONE);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(a_cpu_that_cannot_be_read_makes_no_smaller_sum)
{
	start();
	put_prog(1, STRUCT_OPS, "enqueue", 100);
	f.kernel.percpu[1] = UNMAPPED;
	walk_progs(&f.walk);
	ck_assert_uint_eq(report.nr_progs, 1);
	ck_assert_int_eq(report.progs[0].cnt.state, SCXRAY_UNREADABLE);
	ck_assert_uint_eq(report.progs[0].cnt.value, UNMAPPED + STATS(1));
	ck_assert_int_eq(report.progs[0].misses.state, SCXRAY_UNREADABLE);
	ck_assert_int_eq(report.progs[0].mean_ns.state, SCXRAY_NONE);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(a_program_that_cannot_be_read_is_there_and_says_so)
{
	start();
	guest_put_u64(&f.b, NODE + SLOTS + 8, UNMAPPED);
	walk_progs(&f.walk);
	ck_assert_uint_eq(report.nr_progs, 1);
	ck_assert_int_eq(report.progs[0].name.state, SCXRAY_UNREADABLE);
	ck_assert_int_eq(report.progs[0].cnt.state, SCXRAY_UNREADABLE);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(what_a_kernel_lacks_is_the_reason)
{
	start();
	f.kernel.layout.member[M_bpf_prog_stats].present = false;
	walk_progs(&f.walk);
	ck_assert_str_eq(report.unavailable[SCXRAY_GROUP_PROGS],
			 "this kernel has no bpf_prog.stats");
	walk_fixture_deinit(&f);

	start();
	f.kernel.layout.symbol[S_prog_idr] = 0;
	walk_progs(&f.walk);
	ck_assert_ptr_nonnull(strstr(report.unavailable[SCXRAY_GROUP_PROGS], "no prog_idr"));
	walk_fixture_deinit(&f);

	start();
	f.kernel.layout.symbol[S_prog_idr] = UNMAPPED;
	walk_progs(&f.walk);
	ck_assert_ptr_nonnull(strstr(report.unavailable[SCXRAY_GROUP_PROGS], "xarray head"));
	walk_fixture_deinit(&f);
}
END_TEST

static const unit_test tests[] = {
	&counters_are_summed_over_cpus_and_other_programs_left_out,
	&a_cpu_that_cannot_be_read_makes_no_smaller_sum,
	&a_program_that_cannot_be_read_is_there_and_says_so,
	&what_a_kernel_lacks_is_the_reason,
};

UNIT_MAIN("capture_progs", tests)
