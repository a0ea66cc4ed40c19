/* SPDX-License-Identifier: BSD-2-Clause */
/* walk_cpu_time.c and walk_numa.c: arrays that an enum indexes, by the kernel's BTF. */
#include <string.h>

#include <scxray/group.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/system.h>

#include "capture/read/read.h"
#include "capture/walk/walkers.h"
#include "tests/lib/btf_builder.h"
#include "tests/lib/unit.h"
#include "tests/lib/walk_builder.h"

#define CPU_BASE(cpu) (GUEST_KVA + 0x10000 + 0x1000 * (uint64_t)(cpu))
#define CPUSTAT 0x100u /* per-CPU */
#define KSTAT 0x200u
#define TICK 0x300u
#define ZONESTAT(zone) (0x400u + 0x80u * (zone))
#define NODE_DATA GUEST_KVA
#define PGDAT(node) (GUEST_KVA + 0x1000 + 0x1000 * (uint64_t)(node))
#define UNMAPPED (GUEST_KVA + 0x40000000)
#define NR_CPUS 2
#define NR_ZONES 2
#define ZONE_SIZE 80u

static struct walk_fixture f;
static struct scxray_report report;
static struct scxray_rq rqs[NR_CPUS];

/* Arrays stand in another order than in today's kernels: the enum decides. */
static void make_types(struct btf_builder *b)
{
	static const struct btf_builder_value usage[] = {
		{ "CPUTIME_STEAL", 0 }, { "CPUTIME_USER", 1 },	 { "CPUTIME_NICE", 2 },
		{ "CPUTIME_IDLE", 3 },	{ "CPUTIME_SYSTEM", 4 }, { "CPUTIME_SOFTIRQ", 5 },
		{ "CPUTIME_IRQ", 6 },	{ "CPUTIME_IOWAIT", 9 }, /* beyond the array */
	};
	static const struct btf_builder_value numa[] = {
		{ "NUMA_MISS", 0 },	      { "NUMA_HIT", 1 },   { "NUMA_FOREIGN", 2 },
		{ "NUMA_INTERLEAVE_HIT", 3 }, { "NUMA_LOCAL", 4 }, { "NUMA_OTHER", 5 },
	};
	uint32_t u64 = btf_builder_int(b, "u64", 8, false);
	uint32_t u32 = btf_builder_int(b, "u32", 4, false);
	uint32_t six = btf_builder_array(b, u64, 6), zone;

	btf_builder_enum(b, "cpu_usage_stat", 4, false, usage, ARRAY_SIZE(usage));
	btf_builder_enum(b, "numa_stat_item", 4, false, numa, ARRAY_SIZE(numa));
	BTF_STRUCT(b, "kernel_cpustat", 64, { "pad", u64, 0, 0 },
		   { "cpustat", btf_builder_array(b, u64, 7), 64, 0 });
	BTF_STRUCT(b, "kernel_stat", 24, { "irqs_sum", u64, 0, 0 },
		   { "softirqs", btf_builder_array(b, u32, 3), 64, 0 });
	BTF_STRUCT(b, "tick_sched", 16, { "idle_sleeptime", u64, 0, 0 },
		   { "iowait_sleeptime", u64, 64, 0 });
	BTF_STRUCT(b, "per_cpu_zonestat", 56, { "pad", u64, 0, 0 },
		   { "vm_numa_event", six, 64, 0 });
	zone = BTF_STRUCT(b, "zone", ZONE_SIZE, { "present_pages", u64, 0, 0 },
			  { "per_cpu_zonestats", u64, 64, 0 }, { "vm_numa_event", six, 128, 0 });
	BTF_STRUCT(b, "pglist_data", 8 + NR_ZONES * ZONE_SIZE, { "pad", u64, 0, 0 },
		   { "node_zones", btf_builder_array(b, zone, NR_ZONES), 64, 0 });
}

static void start(void)
{
	walk_fixture_start(&f, make_types, &report);
	memset(rqs, 0, sizeof(rqs));
	f.kernel.nr_cpus = NR_CPUS;
	f.kernel.percpu = calloc(NR_CPUS, sizeof(*f.kernel.percpu));
	for (uint32_t cpu = 0; cpu < NR_CPUS; cpu++) {
		f.kernel.percpu[cpu] = CPU_BASE(cpu);
		rqs[cpu].cpu = cpu;
	}
	report.rqs = rqs;
	report.nr_rqs = NR_CPUS;
	report.guest.nr_nodes = num_present(2);
	f.kernel.layout.symbol[S_kernel_cpustat] = CPUSTAT;
	f.kernel.layout.symbol[S_kstat] = KSTAT;
	f.kernel.layout.symbol[S_tick_cpu_sched] = TICK;
	f.kernel.layout.symbol[S_node_data] = NODE_DATA;
}

static void put_cpu(uint32_t cpu)
{
	for (uint32_t i = 0; i < 7; i++)
		guest_put_u64(&f.b, CPU_BASE(cpu) + CPUSTAT + 8 + 8 * i, 100 * (cpu + 1) + i);
	guest_put_u64(&f.b, CPU_BASE(cpu) + KSTAT, 7000 + cpu);
	for (uint32_t i = 0; i < 3; i++)
		guest_put_u32(&f.b, CPU_BASE(cpu) + KSTAT + 8 + 4 * i, 10 + i);
	guest_put_u64(&f.b, CPU_BASE(cpu) + TICK, 555);
	guest_put_u64(&f.b, CPU_BASE(cpu) + TICK + 8, 666);
}

/* Event e is 1 << e, times `times`. */
static void put_events(uint64_t at, uint64_t times)
{
	for (uint32_t e = 0; e < 6; e++)
		guest_put_u64(&f.b, at + 8 * e, times << e);
}

static void put_node(uint32_t node)
{
	guest_put_u64(&f.b, NODE_DATA + 8 * node, PGDAT(node));
	for (uint32_t z = 0; z < NR_ZONES; z++) {
		uint64_t zone = PGDAT(node) + 8 + z * ZONE_SIZE;

		guest_put_u64(&f.b, zone, z == 0); /* the other zone has no pages */
		guest_put_u64(&f.b, zone + 8, ZONESTAT(node));
		put_events(zone + 16, z == 0 ? 100 : 1000);
	}
	for (uint32_t cpu = 0; cpu < NR_CPUS; cpu++)
		put_events(CPU_BASE(cpu) + ZONESTAT(node) + 8, cpu + 1);
}

START_TEST(times_are_found_by_the_enum)
{
	const struct scxray_cpu_time *t;

	start();
	put_cpu(0);
	put_cpu(1);
	walk_cpu_time(&f.walk);
	ck_assert_ptr_null(report.unavailable[SCXRAY_GROUP_CPU_TIMES]);
	ck_assert_uint_eq(report.nr_cpu_times, NR_CPUS);
	t = &report.cpu_times[1];
	ck_assert_uint_eq(t->cpu, 1);
	ck_assert_uint_eq(t->steal.value, 200);
	ck_assert_uint_eq(t->user.value, 201);
	ck_assert_uint_eq(t->nice.value, 202);
	ck_assert_uint_eq(t->idle.value, 203);
	ck_assert_uint_eq(t->system.value, 204);
	ck_assert_uint_eq(t->softirq.value, 205);
	ck_assert_uint_eq(t->irq.value, 206);
	ck_assert_int_eq(t->iowait.state, SCXRAY_MISSING);
	ck_assert_uint_eq(t->irqs_sum.value, 7001);
	ck_assert_uint_eq(t->nr_softirqs, 3);
	ck_assert_uint_eq(t->softirqs[2].value, 12);
	ck_assert_uint_eq(t->softirqs_sum.value, 33);
	ck_assert_uint_eq(t->idle_sleeptime.value, 555);
	ck_assert_uint_eq(t->iowait_sleeptime.value, 666);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(times_that_cannot_be_read_are_not_0)
{
	start();
	put_cpu(0);
	walk_cpu_time(&f.walk);
	ck_assert_uint_eq(report.nr_cpu_times, NR_CPUS);
	ck_assert_int_eq(report.cpu_times[0].user.state, SCXRAY_PRESENT);
	ck_assert_int_eq(report.cpu_times[1].user.state, SCXRAY_UNREADABLE);
	ck_assert_int_eq(report.cpu_times[1].softirqs_sum.state, SCXRAY_UNREADABLE);
	walk_fixture_deinit(&f);

	start();
	f.kernel.layout.symbol[S_kernel_cpustat] = 0;
	walk_cpu_time(&f.walk);
	ck_assert_ptr_nonnull(report.unavailable[SCXRAY_GROUP_CPU_TIMES]);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(a_nodes_events_are_those_of_its_zones_and_of_cpus)
{
	start();
	put_node(0);
	put_node(1);
	walk_numa(&f.walk);
	ck_assert_ptr_null(report.unavailable[SCXRAY_GROUP_NUMA]);
	ck_assert_uint_eq(report.nr_numa_nodes, 2);
	/* 100 and 1000 of the zones, 1 + 2 of the CPUs in the zone that has pages */
	ck_assert_uint_eq(report.numa_nodes[1].node, 1);
	ck_assert_uint_eq(report.numa_nodes[1].miss.value, 1103);
	ck_assert_uint_eq(report.numa_nodes[1].hit.value, 1103 << 1);
	ck_assert_uint_eq(report.numa_nodes[1].other.value, 1103 << 5);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(a_node_that_is_not_there_is_left_out_and_a_broken_one_said)
{
	start();
	guest_put_u64(&f.b, NODE_DATA, 0);
	guest_put_u64(&f.b, NODE_DATA + 8, UNMAPPED);
	walk_numa(&f.walk);
	ck_assert_uint_eq(report.nr_numa_nodes, 1);
	ck_assert_uint_eq(report.numa_nodes[0].node, 1);
	ck_assert_int_eq(report.numa_nodes[0].hit.state, SCXRAY_UNREADABLE);
	walk_fixture_deinit(&f);

	start();
	put_node(0);
	report.guest.nr_nodes = num_present(1);
	f.kernel.percpu[1] = UNMAPPED; /* one CPU's part of the sum */
	walk_numa(&f.walk);
	ck_assert_int_eq(report.numa_nodes[0].hit.state, SCXRAY_UNREADABLE);
	walk_fixture_deinit(&f);

	start();
	guest_put_u64(&f.b, NODE_DATA, 0);
	report.guest.nr_nodes = num_present(1);
	walk_numa(&f.walk);
	ck_assert_str_eq(report.unavailable[SCXRAY_GROUP_NUMA], "node_data has no node");
	walk_fixture_deinit(&f);

	start();
	f.kernel.layout.symbol[S_node_data] = 0;
	walk_numa(&f.walk);
	ck_assert_ptr_nonnull(strstr(report.unavailable[SCXRAY_GROUP_NUMA], "no NUMA"));
	walk_fixture_deinit(&f);
}
END_TEST

static const unit_test tests[] = {
	&times_are_found_by_the_enum,
	&times_that_cannot_be_read_are_not_0,
	&a_nodes_events_are_those_of_its_zones_and_of_cpus,
	&a_node_that_is_not_there_is_left_out_and_a_broken_one_said,
};

UNIT_MAIN("capture_cpu_time", tests)
