/* SPDX-License-Identifier: BSD-2-Clause */
/* walk_locks.c, and the lock words of walk_rqs.c. */
#include <string.h>

#include <scxray/group.h>
#include <scxray/lock.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/task.h>

#include "capture/walk/walkers.h"
#include "tests/lib/unit.h"
#include "tests/lib/walk_builder.h"

#define CPU_BASE(cpu) (GUEST_KVA + 0x10000 + 0x1000 * (uint64_t)(cpu))
#define HELD 0x100u /* per-CPU */
#define RUNQUEUES 0x400u
#define LOCKED_RQ 0x300u
#define LOCK(n) (GUEST_KVA + 0x2000 + 8 * (uint64_t)(n))
#define UNMAPPED (GUEST_KVA + 0x40000000)
#define NR_CPUS 2
#define NR_HELD 31
#define CURR 0x10u
#define LOCK_AT 0x20u

#define QUEUED(locked, pending, cpu) ((locked) | (pending) << 8 | ((uint32_t)(cpu) + 1) << 18)

static struct walk_fixture f;
static struct scxray_report report;
static struct scxray_rq rqs[NR_CPUS];

static void start(void)
{
	walk_fixture_init(&f);
	memset(&report, 0, sizeof(report));
	memset(rqs, 0, sizeof(rqs));
	f.walk.r = &report;
	f.walk.settings = (struct scxray_settings)SCXRAY_SETTINGS_INIT;
	f.kernel.has_types = true;
	f.kernel.nr_cpus = NR_CPUS;
	f.kernel.percpu = calloc(NR_CPUS, sizeof(*f.kernel.percpu));
	for (uint32_t cpu = 0; cpu < NR_CPUS; cpu++) {
		f.kernel.percpu[cpu] = CPU_BASE(cpu);
		rqs[cpu].cpu = cpu;
		guest_put_u32(&f.b, CPU_BASE(cpu) + HELD, 0);
	}
	report.rqs = rqs;
	report.nr_rqs = NR_CPUS;
	f.kernel.layout.symbol[S_rqspinlock_held_locks] = HELD;
	walk_fixture_member(&f, M_rqspinlock_held_cnt, 0, 4);
	f.kernel.layout.member[M_rqspinlock_held_cnt].is_signed = true;
	walk_fixture_member(&f, M_rqspinlock_held_locks, 8, 8 * NR_HELD);
	walk_fixture_containers(&f);
}

static void put_held(uint32_t cpu, uint32_t nr)
{
	guest_put_u32(&f.b, CPU_BASE(cpu) + HELD, nr);
	for (uint32_t i = 0; i < nr && i < NR_HELD; i++)
		guest_put_u64(&f.b, CPU_BASE(cpu) + HELD + 8 + 8 * i, LOCK(i));
}

START_TEST(locks_that_cpus_hold_are_in_their_order)
{
	start();
	put_held(1, 2);
	guest_put_u32(&f.b, LOCK(0), 1);
	guest_put_u32(&f.b, LOCK(1), QUEUED(1, 0, 1));
	walk_locks(&f.walk);
	ck_assert_ptr_null(report.unavailable[SCXRAY_GROUP_LOCKS]);
	ck_assert_ptr_null(report.cut[SCXRAY_GROUP_LOCKS]);
	ck_assert_uint_eq(report.nr_rqspinlocks, 2);
	ck_assert_uint_eq(report.rqspinlocks[1].cpu, 1);
	ck_assert_uint_eq(report.rqspinlocks[1].depth, 1);
	ck_assert_uint_eq(report.rqspinlocks[1].lock.addr.value, LOCK(1));
	ck_assert_uint_eq(report.rqspinlocks[1].word.value, QUEUED(1, 0, 1));
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(counts_that_lie_are_bounded)
{
	static const uint32_t counts[] = { NR_HELD + 1, INT32_MAX, UINT32_MAX };

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		start();
		put_held(0, counts[i]);
		walk_locks(&f.walk);
		ck_assert_uint_eq(report.nr_rqspinlocks, (int32_t)counts[i] < 0 ? 0 : NR_HELD);
		ck_assert_ptr_nonnull(strstr(report.cut[SCXRAY_GROUP_LOCKS], "cpu 0"));
		walk_fixture_deinit(&f);
	}

	start();
	put_held(1, 1);
	guest_put_u64(&f.b, CPU_BASE(1) + HELD + 8, UNMAPPED);
	f.kernel.percpu[0] = UNMAPPED;
	walk_locks(&f.walk);
	ck_assert_ptr_nonnull(strstr(report.cut[SCXRAY_GROUP_LOCKS], "cpu 0"));
	ck_assert_uint_eq(report.nr_rqspinlocks, 1);
	ck_assert_int_eq(report.rqspinlocks[0].word.state, SCXRAY_UNREADABLE);
	walk_fixture_deinit(&f);

	start();
	f.kernel.layout.symbol[S_rqspinlock_held_locks] = 0;
	walk_locks(&f.walk);
	ck_assert_ptr_nonnull(strstr(report.unavailable[SCXRAY_GROUP_LOCKS], "6.15"));
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(who_waits_is_told_by_the_innermost_function)
{
	static const struct {
		const char *frames[3];
		const char *match;
	} table[] = {
		{ { "schedule+0x27", "rwsem_down_read_slowpath+0x1", "__mutex_lock+0x9" },
		  "rwsem_down_read_slowpath" },
		{ { "__mutex_lock.constprop.0+0x2f", NULL, NULL }, "__mutex_lock" },
		{ { "native_queued_spin_lock_slowpath", NULL, NULL },
		  "native_queued_spin_lock_slowpath" },
		{ { NULL, "rt_mutex_slowlock_block.isra.0+0x1", NULL }, "rt_mutex_slowlock_block" },
		/* a part of a name is none; a module may call its own what it likes */
		{ { "__mutex_lock_slow+0x1", "x__mutex_lock+0x1", "mutex_lock+0x1" }, NULL },
		{ { NULL, NULL, NULL }, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct scxray_address frames[3] = { 0 };
		struct scxray_task task = { .kernel_stack = { .frames = frames, .nr = 3 } };
		struct scxray_vcpu vcpu = { .backtrace = { .frames = frames, .nr = 3 } };

		start();
		for (size_t n = 0; n < 3; n++)
			frames[n].symbol = table[i].frames[n];
		report.tasks = &task;
		report.vcpus = &vcpu;
		report.nr_tasks = report.nr_vcpus = 1;
		walk_locks(&f.walk);
		if (table[i].match) {
			ck_assert_str_eq(task.lock_slowpath_match, table[i].match);
			ck_assert_str_eq(vcpu.lock_slowpath_match, table[i].match);
		} else {
			ck_assert_ptr_null(task.lock_slowpath_match);
			ck_assert_ptr_null(vcpu.lock_slowpath_match);
		}
		walk_fixture_deinit(&f);
	}
}
END_TEST

/* As walk_rqs() has them, without the rest of a run queue. */
static void start_rqs(uint32_t word0, uint32_t word1)
{
	start();
	report.rqs = NULL;
	report.nr_rqs = 0;
	f.kernel.layout.symbol[S_runqueues] = RUNQUEUES;
	walk_fixture_member(&f, M_rq_curr, CURR, 8);
	walk_fixture_member(&f, M_rq_lock, LOCK_AT, 4);
	f.kernel.layout.member[M_rq_lock].is_signed = true; /* an atomic_t */
	for (uint32_t cpu = 0; cpu < NR_CPUS; cpu++) {
		guest_put_u64(&f.b, CPU_BASE(cpu) + RUNQUEUES + CURR, 0);
		guest_put_u32(&f.b, CPU_BASE(cpu) + RUNQUEUES + LOCK_AT, cpu ? word1 : word0);
		guest_put_u64(&f.b, CPU_BASE(cpu) + LOCKED_RQ, 0);
	}
}

START_TEST(a_run_queues_lock_word_is_taken_apart)
{
	const struct scxray_rq *rq;

	start_rqs(0, QUEUED(1, 1, 8191));
	walk_rqs(&f.walk);
	ck_assert_uint_eq(report.nr_rqs, NR_CPUS);
	rq = &report.rqs[0];
	ck_assert_uint_eq(rq->lock.value, 0);
	ck_assert(rq->lock_held.state == SCXRAY_PRESENT && !rq->lock_held.value);
	ck_assert_int_eq(rq->lock_tail_cpu.state, SCXRAY_NONE);
	rq = &report.rqs[1];
	ck_assert_uint_eq(rq->lock.value, QUEUED(1u, 1u, 8191)); /* not sign-extended */
	ck_assert_uint_eq(rq->lock_held.value, 1);
	ck_assert_uint_eq(rq->lock_pending.value, 1);
	ck_assert_uint_eq(rq->lock_tail_cpu.value, 8191);
	ck_assert_int_eq(rq->lock_owner_cpu.state, SCXRAY_NONE);
	ck_assert_int_eq(rq->lock_scx_cpu.state, SCXRAY_NONE);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(a_cpu_in_an_operation_says_whose_lock_it_has)
{
	start_rqs(1, 1);
	f.kernel.layout.symbol[S_scx_locked_rq_state] = LOCKED_RQ;
	walk_fixture_member(&f, M_rq_lock_owner_cpu, LOCK_AT + 4, 4);
	guest_put_u32(&f.b, CPU_BASE(1) + RUNQUEUES + LOCK_AT + 4, 0);
	guest_put_u64(&f.b, CPU_BASE(0) + LOCKED_RQ, CPU_BASE(1) + RUNQUEUES);
	guest_put_u64(&f.b, CPU_BASE(1) + LOCKED_RQ, UNMAPPED);
	walk_rqs(&f.walk);
	ck_assert_int_eq(report.rqs[0].lock_scx_cpu.state, SCXRAY_NONE);
	ck_assert_int_eq(report.rqs[1].lock_scx_cpu.state, SCXRAY_PRESENT);
	ck_assert_uint_eq(report.rqs[1].lock_scx_cpu.value, 0);
	ck_assert_int_eq(report.rqs[1].lock_owner_cpu.state, SCXRAY_PRESENT);
	walk_fixture_deinit(&f);
}
END_TEST

static const unit_test tests[] = {
	&locks_that_cpus_hold_are_in_their_order,      &counts_that_lie_are_bounded,
	&who_waits_is_told_by_the_innermost_function,  &a_run_queues_lock_word_is_taken_apart,
	&a_cpu_in_an_operation_says_whose_lock_it_has,
};

UNIT_MAIN("capture_locks", tests)
