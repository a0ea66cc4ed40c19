/* SPDX-License-Identifier: BSD-2-Clause */
/* live_look_ends.c - how a look sees that a scheduler ends */
#include "tests/unit/look_fixture.h"

#define SUB cores[7]
#define OLD_HALF cores[0]

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
	&the_exit_kind_is_seen_as_it_is_stored,
	&without_a_scheduler_there_is_none,
	&the_latch_is_the_schedulers_own_record,
};

UNIT_MAIN("live_look_ends", tests)
