/* SPDX-License-Identifier: BSD-2-Clause */
/* walk_higher.c: runnable rt and deadline tasks, in the order in which they would be picked. */
#include <string.h>

#include <scxray/report_struct.h>
#include <scxray/rq.h>

#include "capture/read/read.h"
#include "capture/walk/walkers.h"
#include "tests/lib/btf_builder.h"
#include "tests/lib/unit.h"
#include "tests/lib/walk_builder.h"

#define RQ (GUEST_KVA + 0x1000)
#define TASK(n) (GUEST_KVA + 0x10000 + 0x400 * (uint64_t)(n))
#define GROUP (GUEST_KVA + 0x8000) /* an entity that stands for a group */
#define GROUP_RQ (GUEST_KVA + 0x9000)
#define UNMAPPED (GUEST_KVA + 0x40000000)
#define NR_PRIORITIES 4

/* Where things stand in this test's structs. */
#define RT_AT 0x40u	/* task_struct.rt */
#define DL_AT 0x80u	/* task_struct.dl */
#define RUN_LIST 0x08u	/* sched_rt_entity.run_list */
#define MY_Q 0x18u	/* sched_rt_entity.my_q */
#define DL_NODE 0x10u	/* sched_dl_entity.rb_node */
#define DL_SERVER 0x28u /* sched_dl_entity.dl_server */
#define RQ_RT 0x100u
#define QUEUE 0x10u /* rt_rq.active.queue */
#define RQ_DL_ROOT 0x80u

static struct walk_fixture f;
static struct scxray_report report;
static struct scxray_rq rq;

static void make_types(struct btf_builder *b)
{
	uint32_t u64 = btf_builder_int(b, "u64", 8, false);
	uint32_t u8 = btf_builder_int(b, "u8", 1, false);
	uint32_t list =
		BTF_STRUCT(b, "list_head", 16, { "next", u64, 0, 0 }, { "prev", u64, 64, 0 });
	uint32_t node = BTF_STRUCT(b, "rb_node", 24, { "parent", u64, 0, 0 },
				   { "rb_right", u64, 64, 0 }, { "rb_left", u64, 128, 0 });
	uint32_t array =
		BTF_STRUCT(b, "rt_prio_array", 0x100, { "bitmap", u64, 0, 0 },
			   { "queue", btf_builder_array(b, list, NR_PRIORITIES), QUEUE * 8, 0 });
	uint32_t rt_rq = BTF_STRUCT(b, "rt_rq", 0x100, { "active", array, 0, 0 });
	uint32_t root = BTF_STRUCT(b, "rb_root", 8, { "rb_node", u64, 0, 0 });
	uint32_t cached = BTF_STRUCT(b, "rb_root_cached", 16, { "rb_root", root, 0, 0 });
	uint32_t dl_rq = BTF_STRUCT(b, "dl_rq", 16, { "root", cached, 0, 0 });
	uint32_t rt = BTF_STRUCT(b, "sched_rt_entity", 0x20, { "run_list", list, RUN_LIST * 8, 0 },
				 { "my_q", u64, MY_Q * 8, 0 });
	uint32_t dl = BTF_STRUCT(b, "sched_dl_entity", 0x30, { "rb_node", node, DL_NODE * 8, 0 },
				 { "dl_server", u8, DL_SERVER * 8, 0 });

	BTF_STRUCT(b, "task_struct", 0x200, { "rt", rt, RT_AT * 8, 0 }, { "dl", dl, DL_AT * 8, 0 });
	BTF_STRUCT(b, "rq", 0x400, { "dl", dl_rq, RQ_DL_ROOT * 8, 0 },
		   { "rt", rt_rq, RQ_RT * 8, 0 });
}

static void empty_queues(uint64_t rt_rq)
{
	for (unsigned p = 0; p < NR_PRIORITIES; p++)
		guest_put_u64(&f.b, rt_rq + QUEUE + 16 * p, rt_rq + QUEUE + 16 * p);
}

static void start(void)
{
	walk_fixture_start(&f, make_types, &report);
	rq = (struct scxray_rq){ .cpu = 3, .kva = RQ };
	report.rqs = &rq;
	report.nr_rqs = 1;
	empty_queues(RQ + RQ_RT);
	guest_put_u64(&f.b, RQ + RQ_DL_ROOT, 0);
}

static void put_entity(uint64_t entity, uint64_t next, uint64_t group)
{
	guest_put_u64(&f.b, entity + RUN_LIST, next);
	guest_put_u64(&f.b, entity + MY_Q, group);
}

/* The queue of a priority, of tasks one after the other. */
static void put_queue(uint64_t rt_rq, unsigned p, const unsigned *tasks, size_t nr)
{
	uint64_t head = rt_rq + QUEUE + 16 * p, at = head;

	for (size_t i = 0; i < nr; i++) {
		uint64_t entity = TASK(tasks[i]) + RT_AT;

		guest_put_u64(&f.b, at, entity + RUN_LIST);
		put_entity(entity, head, 0);
		at = entity + RUN_LIST;
	}
}

static void put_deadline(unsigned n, uint64_t left, uint64_t right, uint8_t server)
{
	uint64_t entity = TASK(n) + DL_AT;

	guest_put_u64(&f.b, entity + DL_NODE + 8, right);
	guest_put_u64(&f.b, entity + DL_NODE + 16, left);
	guest_put(&f.b, entity + DL_SERVER, &server, 1);
}

static uint64_t dl_node(unsigned n)
{
	return TASK(n) + DL_AT + DL_NODE;
}

static void expect(const unsigned *tasks, size_t nr)
{
	ck_assert_uint_eq(rq.nr_higher, nr);
	for (size_t i = 0; i < nr; i++)
		ck_assert_uint_eq(rq.higher[i].kva, TASK(tasks[i]));
}

START_TEST(deadline_tasks_come_by_deadline_and_rt_tasks_by_priority)
{
	start();
	put_queue(RQ + RQ_RT, 1, (unsigned[]){ 4, 5 }, 2);
	put_queue(RQ + RQ_RT, 3, (unsigned[]){ 6 }, 1);
	/* 1 is the root, 0 and 2 its children; 2 stands for another class */
	put_deadline(1, dl_node(0), dl_node(2), 0);
	put_deadline(0, 0, 0, 0);
	put_deadline(2, 0, 0, 1);
	guest_put_u64(&f.b, RQ + RQ_DL_ROOT, dl_node(1));
	walk_higher(&f.walk);
	ck_assert_ptr_null(rq.higher_cut);
	expect((unsigned[]){ 0, 1, 4, 5, 6 }, 5);
	ck_assert_uint_eq(report.nr_tasks, 5);
	for (size_t i = 0; i < 5; i++)
		ck_assert_uint_eq(report.tasks[i].queued_cpu.value, 3);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(the_running_task_stands_there_too_and_does_not_wait)
{
	start();
	put_queue(RQ + RQ_RT, 0, (unsigned[]){ 4, 5 }, 2);
	rq.curr_kva = num_present(TASK(4));
	walk_higher(&f.walk);
	expect((unsigned[]){ 5 }, 1);
	ck_assert_uint_eq(report.nr_tasks, 2); /* it is among the tasks all the same */
	walk_fixture_deinit(&f);

	/* where the run queue counts none, nobody looks */
	start();
	put_queue(RQ + RQ_RT, 0, (unsigned[]){ 4 }, 1);
	rq.rt_nr_running = num_present(0);
	walk_higher(&f.walk);
	expect(NULL, 0);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(groups_are_entered)
{
	start();
	put_entity(GROUP, RQ + RQ_RT + QUEUE + 16, GROUP_RQ);
	guest_put_u64(&f.b, RQ + RQ_RT + QUEUE + 16, GROUP + RUN_LIST);
	empty_queues(GROUP_RQ);
	put_queue(GROUP_RQ, 2, (unsigned[]){ 7 }, 1);
	walk_higher(&f.walk);
	expect((unsigned[]){ 7 }, 1);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(a_group_in_itself_ends)
{
	start();
	put_entity(GROUP, RQ + RQ_RT + QUEUE, RQ + RQ_RT);
	guest_put_u64(&f.b, RQ + RQ_RT + QUEUE, GROUP + RUN_LIST);
	walk_higher(&f.walk);
	ck_assert_str_eq(rq.higher_cut, "rt groups are nested too deep");

	/* the limit on nodes holds for all queues and groups together */
	f.walk.settings.max_list = 3;
	rq.higher_cut = NULL;
	walk_higher(&f.walk);
	ck_assert_str_eq(rq.higher_cut, "more than the limit on nodes of a list");
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(broken_queues_say_so)
{
	start();
	put_queue(RQ + RQ_RT, 0, (unsigned[]){ 4 }, 1);
	put_entity(TASK(4) + RT_AT, UNMAPPED, 0);
	guest_put_u64(&f.b, RQ + RQ_DL_ROOT, UNMAPPED + 0x1000);
	walk_higher(&f.walk);
	ck_assert_ptr_nonnull(strstr(rq.higher_cut, "broken"));
	walk_fixture_deinit(&f);

	start();
	put_queue(RQ + RQ_RT, 0, (unsigned[]){ 4, 5, 6 }, 3);
	f.walk.settings.max_list = 2;
	walk_higher(&f.walk);
	expect((unsigned[]){ 4, 5 }, 2);
	ck_assert_ptr_nonnull(rq.higher_cut);
	walk_fixture_deinit(&f);
}
END_TEST

static const unit_test tests[] = {
	&deadline_tasks_come_by_deadline_and_rt_tasks_by_priority,
	&the_running_task_stands_there_too_and_does_not_wait,
	&groups_are_entered,
	&a_group_in_itself_ends,
	&broken_queues_say_so,
};

UNIT_MAIN("capture_higher", tests)
