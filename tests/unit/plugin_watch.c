/* SPDX-License-Identifier: BSD-2-Clause */
/* The plugin from scxray_plugin_init() to files on disk: what it sees by itself. */
#include "capture/live/uffd.h"
#include "tests/lib/plugin_run.h"

#define SCX_EXIT_UNREG 64
#define SCX_EXIT_ERROR_BPF 1025

static bool one_freeze(void)
{
	return atomic_load(&fake_vm.nr_freezes) >= 1;
}

static bool two_freezes(void)
{
	return atomic_load(&fake_vm.nr_freezes) >= 2;
}

static bool watchpoint_is_set(void)
{
	return atomic_load(&fake_vm.watch_kva) != 0;
}

static bool watchpoint_is_off(void)
{
	return !watchpoint_is_set();
}

static bool let_go(void)
{
	return !fake_vm_held();
}

static void both_moments(const char *half_core, const char *error_core)
{
	setup_guest(half_core, error_core);
	start("triggers=early,poll", "poll_ms=2", "sample_ms=2");
	ck_assert(wait_until(one_freeze));
	guest_fails();
	ck_assert(wait_until(two_freezes));
	ck_assert_int_eq(late(), SCXRAY_STATUS_BUSY);
	ck_assert_int_eq(finish(), SCXRAY_STATUS_OK);
	ck_assert_uint_eq(atomic_load(&fake_vm.nr_freezes), 2);
	expect_files("t.scxray.json t.scxray.txt");
	expect_in("t.scxray.txt", "DualFailureDumpReport: early=present (max_age=");
	expect_in("t.scxray.txt", "trigger: poll of exit_kind");
	expect_in("t.scxray.txt", "early: half-way: a task runnable for ");
	expect_in("t.scxray.json", "\"max_runnable_age_ms\"");
	teardown();
}

START_TEST(both_moments_by_itself)
{
	both_moments(CORE("7.3.4-stall-half"), CORE("7.3.4-stall-error"));
	both_moments(CORE("6.18.15-vtime-half"), CORE("6.18.15-vtime-error"));
	/* before 6.16: no struct scx_sched, no counters, the exit kind is a variable */
	both_moments(CORE("6.12-held-half"), CORE("6.12-held-error"));
}
END_TEST

/* A host that allows no userfaultfd makes a copy, and says why. */
static void recorded(const char *setting, const char *method, const char *reason)
{
	setup_guest(CORE("7.3.4-stall-half"), CORE("7.3.4-stall-error"));
	start("triggers=early,poll", "poll_ms=2", setting);
	ck_assert(wait_until(one_freeze));
	guest_fails();
	ck_assert(wait_until(two_freezes));
	ck_assert_int_eq(finish(), SCXRAY_STATUS_OK);
	expect_in("t.scxray.json", method);
	expect_in("t.scxray.json", reason);
	expect_in("t.scxray.txt", "kernel stacks");
	teardown();
}

START_TEST(the_freeze_is_as_it_was_asked_for)
{
	const char *why;
	int fd = uffd_open(&why);

	recorded("freeze=copy", "\"method\":\"copy\"", "\"method_reason\":\"freeze=copy\"");
	recorded("freeze=cow", fd < 0 ? "\"method\":\"copy\"" : "\"method\":\"cow\"",
		 fd < 0 ? why : "\"stacks_lost\":0");
	if (fd >= 0)
		close(fd);
}
END_TEST

START_TEST(the_watchpoint)
{
	unsigned sets;

	setup();
	start("triggers=watchpoint", "poll_ms=5000", "sample_ms=0");
	ck_assert(wait_until(watchpoint_is_set));
	/* a write that changes nothing: the vCPU goes on, the watchpoint stays */
	sets = atomic_load(&fake_vm.nr_watch_sets);
	fake_vm_hit(0);
	ck_assert(wait_until(let_go));
	ck_assert(wait_until(watchpoint_is_set));
	ck_assert_uint_gt(atomic_load(&fake_vm.nr_watch_sets), sets);
	ck_assert_uint_eq(atomic_load(&fake_vm.nr_freezes), 0);
	set_exit_kind(SCX_EXIT_ERROR_BPF);
	fake_vm_hit(1);
	ck_assert(wait_until(one_freeze));
	ck_assert(!fake_vm_held());
	ck_assert(wait_until(watchpoint_is_off));
	ck_assert_int_eq(finish(), SCXRAY_STATUS_OK);
	expect_in("t.scxray.txt", "trigger: watchpoint on exit_kind (vCPU 1)\n"
				  "  watchpoint: armed\n");
	teardown();
}
END_TEST

static bool frozen(void)
{
	return atomic_load(&fake_vm.frozen);
}

START_TEST(the_watchpoint_comes_behind_a_look)
{
	setup();
	start("triggers=watchpoint,poll", "hold_ms=300", "poll_ms=2");
	ck_assert(wait_until(watchpoint_is_set));
	set_exit_kind(SCX_EXIT_ERROR_BPF);
	ck_assert(wait_until(frozen));
	fake_vm_hit(0);
	ck_assert_int_eq(finish(), SCXRAY_STATUS_OK);
	ck_assert_uint_eq(atomic_load(&fake_vm.nr_freezes), 1);
	expect_in("t.scxray.txt", "trigger: watchpoint on exit_kind (vCPU 0)\n");
	expect_log("late snapshot (watchpoint on exit_kind (vCPU 0))");
	teardown();
}
END_TEST

START_TEST(an_unload_is_no_failure)
{
	setup();
	start("triggers=watchpoint,poll", "poll_ms=2", NULL);
	ck_assert(wait_until(watchpoint_is_set));
	set_exit_kind(SCX_EXIT_UNREG);
	fake_vm_hit(1);
	ck_assert(wait_until(watchpoint_is_off));
	ck_assert(!fake_vm_held());
	ck_assert_int_eq(finish(), SCXRAY_STATUS_NO_FAILURE);
	ck_assert_uint_eq(atomic_load(&fake_vm.nr_freezes), 0);
	expect_files("");
	teardown();
}
END_TEST

START_TEST(a_failure_at_the_very_end)
{
	setup();
	start("triggers=watchpoint,poll", "poll_ms=5000", "sample_ms=0");
	ck_assert(wait_until(watchpoint_is_set));
	set_exit_kind(SCX_EXIT_ERROR_BPF); /* nobody looks, and the guest shuts down */
	ck_assert_int_eq(finish(), SCXRAY_STATUS_OK);
	expect_files("t.scxray.json t.scxray.txt");
	teardown();
}
END_TEST

/* The scheduler is started anew: its exit kind is 0 again. */
static void fail_again(unsigned nr)
{
	set_exit_kind(0);
	ck_assert(wait_until(watchpoint_is_set));
	set_exit_kind(SCX_EXIT_ERROR_BPF);
	for (int i = 0; i < 20000 && atomic_load(&fake_vm.nr_freezes) < nr; i++)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	ck_assert_uint_eq(atomic_load(&fake_vm.nr_freezes), nr);
	ck_assert(wait_until(watchpoint_is_off));
}

START_TEST(schedulers_that_fail_again)
{
	setup();
	start("triggers=watchpoint,poll", "max_reports=2", "poll_ms=2");
	fail_again(1);
	fail_again(2);
	set_exit_kind(0);
	ck_assert(wait_until(watchpoint_is_set));
	set_exit_kind(SCX_EXIT_ERROR_BPF);
	ck_assert(wait_until(watchpoint_is_off));
	ck_assert_int_eq(finish(), SCXRAY_STATUS_OK);
	ck_assert_uint_eq(atomic_load(&fake_vm.nr_freezes), 2);
	expect_files("t.scxray.2.json t.scxray.2.txt t.scxray.json t.scxray.txt");
	expect_log("max_reports=2 are written");
	teardown();
}
END_TEST

START_TEST(a_demand_takes_no_failure_away)
{
	setup();
	start("triggers=watchpoint,poll", "poll_ms=2", NULL);
	ck_assert(wait_until(watchpoint_is_set));
	ck_assert_int_eq(late(), SCXRAY_STATUS_OK); /* it still runs */
	ck_assert_int_eq(late(), SCXRAY_STATUS_BUSY);
	set_exit_kind(SCX_EXIT_ERROR_BPF);
	ck_assert(wait_until(two_freezes));
	ck_assert_int_eq(finish(), SCXRAY_STATUS_OK);
	expect_files("t.scxray.2.json t.scxray.2.txt t.scxray.json t.scxray.txt");
	teardown();
}
END_TEST

static const unit_test tests[] = {
	&the_freeze_is_as_it_was_asked_for,
	&both_moments_by_itself,
	&the_watchpoint,
	&the_watchpoint_comes_behind_a_look,
	&an_unload_is_no_failure,
	&a_failure_at_the_very_end,
	&schedulers_that_fail_again,
	&a_demand_takes_no_failure_away,
};
UNIT_MAIN("plugin watch", tests)
