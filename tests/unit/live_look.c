/* SPDX-License-Identifier: BSD-2-Clause */
/* live.h: what a look shows, against the report of the same memory. */
#include <string.h>

#include <scxray/dsq.h>
#include <scxray/map.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/sched.h>
#include <scxray/task.h>

#include "capture/read/walk.h"
#include "tests/lib/live_lab.h"
#include "tests/lib/unit.h"

static const char *const cores[] = {
	"kernel-fixtures/cores/6.12-held-half.core.zst",
	"kernel-fixtures/cores/6.12-held-error.core.zst",
	"kernel-fixtures/cores/6.18.15-vtime-half.core.zst",
	"kernel-fixtures/cores/6.18.15-vtime-error.core.zst",
	"kernel-fixtures/cores/7.3.4-stall-half.core.zst",
	"kernel-fixtures/cores/7.3.4-stall-error.core.zst",
	"tests/oracle/cores/7.3.4-maps.core.zst",
	"tests/oracle/cores/7.3.4-sub.core.zst",
};

#define HALF cores[4]
#define SUB cores[7]
#define OLD_HALF cores[0]
#define OLD_ERROR cores[1]

static struct live_lab lab;
static struct scxray_live *live;
static struct scxray_look look;
static struct scxray_report *report;
static struct scxray_error err;

static void start(const char *path)
{
	struct scxray_source *image;

	memset(&err, 0, sizeof(err));
	ck_assert_int_eq(live_lab_open(&lab, path), 0);
	live = scxray_live_create(lab.regions, lab.nr_regions, lab.nr_vcpus, NULL, &err);
	ck_assert_msg(live != NULL, "%s", err.text);
	scxray_live_look(live, &look);
	ck_assert_int_eq(look.jiffies.state, SCXRAY_NONE);
	ck_assert_ptr_nonnull(look.runnable_unavailable);
	ck_assert_msg(!scxray_live_resolve(live, lab.vcpus, lab.nr_vcpus, &err), "%s", err.text);
	image = live_lab_image(&lab);
	report = scxray_capture(image, NULL, &err);
	ck_assert_ptr_nonnull(report);
	scxray_source_close(image);
	scxray_live_look(live, &look);
}

static void stop(void)
{
	scxray_report_destroy(report);
	scxray_live_destroy(live);
	live_lab_close(&lab);
}

static void expect_num(struct scxray_num a, struct scxray_num b)
{
	ck_assert_int_eq(a.state, b.state);
	if (a.state == SCXRAY_PRESENT)
		ck_assert_uint_eq(a.value, b.value);
}

/* The timeout of the scheduler whose task has waited longest, as the report has it. */
static struct scxray_num timeout_of_worst(void)
{
	const struct scxray_task *t =
		look.max_runnable_age.state == SCXRAY_PRESENT
			? scxray_report_task(report, look.max_runnable_kva.value)
			: NULL;

	for (size_t i = 0; t && i < report->nr_scheds; i++)
		if (t->sched_kva.state == SCXRAY_PRESENT &&
		    t->sched_kva.value == report->scheds[i].sched_kva.value)
			return report->scheds[i].watchdog_timeout;
	return report->scheds[0].watchdog_timeout;
}

static void expect_sched(void)
{
	const struct scxray_sched *sched = &report->scheds[0];
	uint32_t word;

	expect_num(look.jiffies, report->guest.jiffies);
	expect_num(look.hz, report->guest.hz);
	expect_num(look.enable_state, report->enable_state);
	if (!report->nr_scheds) {
		ck_assert_int_eq(look.scx_root.state, SCXRAY_NONE);
		ck_assert_int_eq(look.exit_kind.state, SCXRAY_NONE);
		ck_assert(!scxray_live_exit_kind(live, &look, &word));
		ck_assert_uint_eq(look.nr_events, 0);
		return;
	}
	ck_assert_int_eq(look.scx_root.state, SCXRAY_PRESENT);
	if (sched->sched_kva.state == SCXRAY_PRESENT)
		ck_assert_uint_eq(look.scx_root.value, sched->sched_kva.value);
	else
		ck_assert_uint_eq(look.scx_root.value, live_lab_symbol(&lab, "scx_ops"));
	expect_num(look.exit_kind, sched->exit_kind);
	expect_num(look.exit_info_kind, sched->exit_info.kind);
	expect_num(look.watchdog_timeout, timeout_of_worst());
	expect_num(look.watchdog_age, sched->watchdog_age_jiffies);
	ck_assert_uint_eq(look.exit_kind_size, 4);
	ck_assert(scxray_live_exit_kind(live, &look, &word));
	ck_assert_uint_eq(word, look.exit_kind.value);
	ck_assert_int_eq(look.exit_kind_gpa.state, SCXRAY_PRESENT);
	ck_assert_uint_eq(look.nr_events, sched->nr_events);
	for (uint32_t i = 0; i < look.nr_events; i++) {
		ck_assert_str_eq(look.event_name[i], sched->events[i].name);
		ck_assert_uint_eq(look.event[i], sched->events[i].total.value);
	}
}

static void expect_queues(void)
{
	uint64_t nr_running = 0, depth = 0, nr_runnable = 0;
	struct scxray_num most = { 0 };

	for (size_t i = 0; i < report->nr_rqs; i++) {
		nr_running += report->rqs[i].nr_running.value;
		nr_runnable += report->rqs[i].nr_runnable;
	}
	for (size_t i = 0; i < report->nr_dsqs; i++)
		if (report->dsqs[i].origin == SCXRAY_DSQ_LOCAL ||
		    report->dsqs[i].origin == SCXRAY_DSQ_GLOBAL)
			depth += report->dsqs[i].nr.value;
	for (size_t i = 0; i < report->nr_tasks; i++) {
		const struct scxray_num *age = &report->tasks[i].runnable_age_jiffies;

		if (age->state == SCXRAY_PRESENT &&
		    (most.state != SCXRAY_PRESENT || (int64_t)age->value > (int64_t)most.value))
			most = *age;
	}
	ck_assert_ptr_null(look.runnable_unavailable);
	ck_assert(!look.runnable_cut);
	ck_assert_uint_eq(look.nr_runnable, nr_runnable);
	expect_num(look.max_runnable_age, most);
	if (most.state == SCXRAY_PRESENT)
		ck_assert_uint_eq(scxray_report_task(report, look.max_runnable_kva.value)
					  ->runnable_age_jiffies.value,
				  most.value);
	ck_assert_uint_eq(look.nr_running, nr_running);
	ck_assert_uint_eq(look.dsq_depth, depth);
}

START_TEST(a_look_shows_what_the_report_shows)
{
	bool any_runnable = false;

	for (size_t i = 0; i < ARRAY_SIZE(cores); i++) {
		start(cores[i]);
		expect_sched();
		expect_queues();
		any_runnable |= look.nr_runnable != 0;
		stop();
	}
	ck_assert(any_runnable);
}
END_TEST

/* The member `m` of the task that waits longest, in RAM. */
static uint8_t *entity(enum layout_member m)
{
	const struct layout *layout = &lab.kernel.layout;
	uint8_t *at = live_lab_at(&lab, look.max_runnable_kva.value +
						layout->member[M_task_struct_scx].offset +
						layout->member[m].offset);

	ck_assert_ptr_nonnull(at);
	return at;
}

static void put(uint8_t *at, uint64_t value, size_t size)
{
	memcpy(at, &value, size);
}

START_TEST(an_age_that_is_not_believable_does_not_count)
{
	static const uint64_t ats[] = { 0, 0x4141414141414141, UINT64_MAX / 2 };

	start(HALF);
	for (size_t i = 0; i < ARRAY_SIZE(ats); i++) {
		uint64_t victim = look.max_runnable_kva.value;
		uint32_t nr = look.nr_runnable;

		put(entity(M_sched_ext_entity_runnable_at), ats[i], 8);
		scxray_live_look(live, &look);
		ck_assert_uint_eq(look.nr_runnable, nr);
		if (look.max_runnable_age.state != SCXRAY_PRESENT)
			break; /* nobody is left */
		ck_assert_uint_ne(look.max_runnable_kva.value, victim);
		ck_assert_int_lt((int64_t)look.max_runnable_age.value, 1 << 20);
	}
	live_lab_restore(&lab);
	scxray_live_look(live, &look);
	put(entity(M_sched_ext_entity_flags), 0, 4); /* left its queue: the node is a stale one */
	{
		uint64_t victim = look.max_runnable_kva.value;

		scxray_live_look(live, &look);
		ck_assert(look.max_runnable_age.state != SCXRAY_PRESENT ||
			  look.max_runnable_kva.value != victim);
	}
	stop();
}
END_TEST

START_TEST(a_torn_list_is_said_to_be_cut)
{
	uint64_t words[3];
	size_t i;

	start(HALF);
	words[0] = 0;
	words[1] = 0xffff800000000000; /* not mapped */
	words[2] = look.max_runnable_kva.value;
	for (i = 0; i < ARRAY_SIZE(words); i++) {
		live_lab_restore(&lab);
		scxray_live_look(live, &look);
		ck_assert(!look.runnable_cut);
		put(entity(M_sched_ext_entity_runnable_node), words[i], 8);
		scxray_live_look(live, &look);
		ck_assert(look.runnable_cut);
	}
	stop();
}
END_TEST

START_TEST(the_exit_kind_is_seen_as_it_is_stored)
{
	uint32_t word;

	start(HALF);
	ck_assert_uint_eq(look.exit_kind.value, 0);
	put(live_lab_at(&lab, look.exit_kind_kva.value), 1026, 4);
	ck_assert(scxray_live_exit_kind(live, &look, &word));
	ck_assert_uint_eq(word, 1026);
	scxray_live_look(live, &look);
	ck_assert_uint_eq(look.exit_kind.value, 1026);
	stop();

	start(OLD_HALF);
	ck_assert_uint_eq(look.exit_kind.value, 0);
	put(live_lab_at(&lab, live_lab_symbol(&lab, "scx_exit_kind")), 1026, 4);
	scxray_live_look(live, &look);
	ck_assert_uint_eq(look.exit_kind.value, 1026);
	stop();
}
END_TEST

START_TEST(without_a_scheduler_there_is_none)
{
	start(HALF);
	put(live_lab_at(&lab, live_lab_symbol(&lab, "scx_root")), 0, 8);
	scxray_live_look(live, &look);
	ck_assert_int_eq(look.scx_root.state, SCXRAY_NONE);
	ck_assert_int_eq(look.exit_kind.state, SCXRAY_NONE);
	ck_assert_int_eq(look.exit_kind_kva.state, SCXRAY_NONE);
	ck_assert_uint_eq(look.nr_events, 0);
	ck_assert_int_eq(look.jiffies.state, SCXRAY_PRESENT);
	stop();

	start(OLD_HALF); /* SCX_OPS_DISABLED is the last of the states there */
	put(live_lab_at(&lab, live_lab_symbol(&lab, "scx_ops_enable_state_var")), 3, 4);
	scxray_live_look(live, &look);
	ck_assert_int_eq(look.scx_root.state, SCXRAY_NONE);
	ck_assert_int_eq(look.exit_kind.state, SCXRAY_NONE);
	stop();
}
END_TEST

/* The map whose BTF gets a user-exit record, and where that stands. */
struct record {
	const struct scxray_map *map;
	uint64_t kva;
};

/* Where the kind of the scheduler's user-exit record stands, by the types of its maps. */
static bool find_user_exit_info(struct record *record)
{
	for (size_t i = 0; i < report->nr_maps; i++) {
		const struct scxray_map *map = &report->maps[i];
		const struct btf *btf = map->value_type.btf;
		const struct btf_type *sec =
			btf ? btf__type_by_id(btf, map->value_type.type_id) : NULL;

		if (!sec || btf_kind(sec) != BTF_KIND_DATASEC || !map->active)
			continue;
		for (uint32_t v = 0; v < btf_vlen(sec); v++) {
			const struct btf_var_secinfo *info = &btf_var_secinfos(sec)[v];
			const struct btf_type *var = btf__type_by_id(btf, info->type);
			const struct btf_type *t = btf__type_by_id(btf, var->type);

			if (btf_kind(t) != BTF_KIND_STRUCT ||
			    strcmp(btf__name_by_offset(btf, t->name_off), "user_exit_info"))
				continue;
			ck_assert_str_eq(btf__name_by_offset(btf, btf_members(t)[0].name_off),
					 "kind");
			record->map = map;
			record->kva =
				map->entries[0].addr + info->offset + btf_members(t)[0].offset / 8;
			return true;
		}
	}
	return false;
}

static const char *latch(void)
{
	scxray_live_look(live, &look);
	return look.latch;
}

START_TEST(the_latch_is_the_schedulers_own_record)
{
	const struct member *id;
	struct record record;
	size_t found = 0;

	for (size_t i = 0; i < ARRAY_SIZE(cores); i++) {
		start(cores[i]);
		id = &lab.kernel.layout.member[M_bpf_map_id];
		ck_assert_str_eq(look.latch, "not_resolved");
		ck_assert(!scxray_live_prepare(live, &err));
		if (!find_user_exit_info(&record)) {
			ck_assert_str_eq(latch(), "not_resolved");
			stop();
			continue;
		}
		found++;
		ck_assert_str_eq(latch(), "not_triggered");
		put(live_lab_at(&lab, record.kva), 1026, 4);
		ck_assert_str_eq(latch(), "triggered");
		/* another map stands there now */
		put(live_lab_at(&lab, record.map->map_kva + id->offset), record.map->id + 1, 4);
		ck_assert_str_eq(latch(), "not_resolved");
		stop();
	}
	ck_assert_uint_gt(found, 0);
}
END_TEST

START_TEST(a_sub_scheduler_that_ends_is_seen)
{
	const struct layout *layout = &lab.kernel.layout;
	uint64_t sub, nest, kind, list;

	start(SUB);
	ck_assert_uint_eq(report->nr_scheds, 3);
	/* half of the sub-scheduler's 8 s have gone; the root has 16 s */
	ck_assert_uint_eq(look.watchdog_timeout.value, 2000);
	ck_assert_uint_eq(report->scheds[0].watchdog_timeout.value, 4000);
	ck_assert_uint_ge(look.max_runnable_age.value, 1000);
	ck_assert_int_eq(look.sub_exit_kind.state, SCXRAY_NONE);
	sub = report->scheds[1].sched_kva.value;
	nest = report->scheds[2].sched_kva.value;
	kind = layout->member[M_scx_sched_exit_kind].offset;
	/* what ended with it is not what ended it */
	put(live_lab_at(&lab, nest + kind), 68, 4);
	put(live_lab_at(&lab, sub + kind), 1026, 4);
	scxray_live_look(live, &look);
	ck_assert_uint_eq(look.sub_exit_kind.value, 1026);
	ck_assert_uint_eq(look.sub_exit_kva.value, sub);
	ck_assert_uint_eq(look.exit_kind.value, 0);
	/* being disabled: DONE, and the kind in its exit_info */
	put(live_lab_at(&lab, sub + kind), 1, 4);
	put(live_lab_at(&lab, report->scheds[1].exit_info.kva.value +
				      layout->member[M_scx_exit_info_kind].offset),
	    1025, 4);
	scxray_live_look(live, &look);
	ck_assert_uint_eq(look.sub_exit_kind.value, 1025);
	/* a list that goes in a circle past its head, or into nothing, ends the walk */
	list = layout->member[M_scx_sched_all].offset;
	put(live_lab_at(&lab, sub + list + layout->member[M_list_head_next].offset), sub + list, 8);
	scxray_live_look(live, &look);
	ck_assert_uint_eq(look.sub_exit_kva.value, sub);
	put(live_lab_at(&lab, sub + list + layout->member[M_list_head_prev].offset), 0x1000, 8);
	scxray_live_look(live, &look);
	ck_assert_int_eq(look.sub_exit_kind.state, SCXRAY_NONE);
	stop();
}
END_TEST

static const unit_test tests[] = {
	&a_sub_scheduler_that_ends_is_seen,
	&a_look_shows_what_the_report_shows,
	&an_age_that_is_not_believable_does_not_count,
	&a_torn_list_is_said_to_be_cut,
	&the_exit_kind_is_seen_as_it_is_stored,
	&without_a_scheduler_there_is_none,
	&the_latch_is_the_schedulers_own_record,
};

UNIT_MAIN("live_look", tests)
