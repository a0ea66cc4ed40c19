/* SPDX-License-Identifier: BSD-2-Clause */
/* live.h: what a look shows, against the report of the same memory. */
#include "tests/unit/look_fixture.h"

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

static const unit_test tests[] = {
	&a_look_shows_what_the_report_shows,
	&an_age_that_is_not_believable_does_not_count,
	&a_torn_list_is_said_to_be_cut,
};

UNIT_MAIN("live_look", tests)
