/* SPDX-License-Identifier: BSD-2-Clause */
/* live_cow_lost.c - protections that no thread serves, or that nobody ends */
#include <dirent.h>
#include "tests/unit/cow_fixture.h"

/* What the tests above would see if the thread forgot one page, or all. */
START_TEST(a_page_that_is_not_saved_is_seen)
{
	struct recorder saved, unsaved;

	ck_assert(start(SMALL, UINT64_MAX));
	saved = recorder(true);
	unsaved = recorder(false);
	wait_for_ticks();
	freeze();
	ck_assert_ptr_null(cow_begin(vm.cow, 0, LONG_US));
	thaw();
	wait_for_ticks();
	ck_assert_uint_eq(record(&unsaved, 0, NR_PAGES), NR_PAGES);
	page_store_reset(vm.pages);
	__atomic_store_n(&cow_saved(vm.cow)->slot_of[77], 0, __ATOMIC_RELAXED);
	ck_assert_uint_eq(record(&saved, 0, NR_PAGES), 1);
	cow_end(vm.cow);
	stop();
}
END_TEST

/* ---- when something is short ------------------------------------------------------ */

START_TEST(without_room_writers_wait_and_nothing_is_lost)
{
	struct scxray_cow_result result = { 0 };
	struct recorder rec;

	ck_assert(start(SMALL, 100));
	wait_for_ticks();
	freeze();
	ck_assert_ptr_null(cow_begin(vm.cow, 0, LONG_US));
	thaw();
	while (!result.full) {
		nap();
		cow_result(vm.cow, &result);
	}
	rec = recorder(true);
	ck_assert_uint_eq(record(&rec, 0, NR_PAGES), 0);
	cow_end(vm.cow);
	wait_for_ticks();
	stop();
}
END_TEST

START_TEST(a_protection_that_takes_too_long_is_none)
{
	ck_assert(start(SMALL, UINT64_MAX));
	wait_for_ticks();
	freeze();
	ck_assert_ptr_nonnull(cow_begin(vm.cow, 1, LONG_US));
	thaw();
	cow_end(vm.cow);
	wait_for_ticks();
	stop();
}
END_TEST

START_TEST(one_that_nobody_ends_ends_by_itself)
{
	struct recorder rec;
	uint8_t byte;

	ck_assert(start(SMALL, 100));
	wait_for_ticks();
	freeze();
	ck_assert_ptr_null(cow_begin(vm.cow, 0, 20000));
	thaw();
	wait_for_ticks();
	ck_assert(atomic_load(cow_lost(vm.cow)));
	rec = recorder(true);
	vm.phys.recording = true;
	vm.phys.recorder = &rec;
	ck_assert_int_eq(phys_read(&vm.phys, GPA, &byte, 1), READ_DEADLINE);
	ck_assert(rec.late);
	stop();
}
END_TEST

/* The kernel ends the thread as it reads the first fault: that read alone asks for so many bytes. */
static void forbid_read_of_faults(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_read, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 16 * UFFD_MESSAGE_BYTES, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_THREAD),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = ARRAY_SIZE(code), .filter = code };

	ck_assert(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	ck_assert(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

static unsigned nr_threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	unsigned nr = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		nr++;
	closedir(dir);
	return nr;
}

START_TEST(a_lost_thread_stops_the_guest_no_longer_than_the_walk)
{
	unsigned before;
	struct scxray_cow_result result;
	struct recorder rec;

	if (SANITIZED) /* ThreadSanitizer waits for ever for a thread that ends unseen */
		return;
	forbid_read_of_faults();
	ck_assert(start(SMALL, UINT64_MAX));
	wait_for_ticks();
	before = nr_threads();
	freeze();
	ck_assert_ptr_null(cow_begin(vm.cow, 0, LONG_US));
	thaw();
	while (nr_threads() == before) /* a writer runs, and the thread ends at its fault */
		usleep(1000);
	rec = recorder(true);
	ck_assert_uint_eq(record(&rec, 0, NR_PAGES), 0); /* writers wait */
	cow_end(vm.cow);
	wait_for_ticks();
	cow_result(vm.cow, &result);
	ck_assert_uint_eq(result.saved, 0);
	/* and the next freeze does without it */
	freeze();
	ck_assert_ptr_nonnull(cow_begin(vm.cow, 0, LONG_US));
	thaw();
	cow_end(vm.cow);
	wait_for_ticks();
	stop();
}
END_TEST

/* ---- a whole recording ------------------------------------------------------------ */

static char *report_of(struct scxray_live *live, struct live_lab *lab, bool written)
{
	struct scxray_snapshot *snapshot = scxray_snapshot_create(live);
	struct scxray_cow_result cow;
	struct scxray_record_result result;
	struct scxray_report *report;
	struct scxray_error err = { 0 };
	char *json;

	ck_assert_ptr_nonnull(snapshot);
	if (written) {
		ck_assert_ptr_null(scxray_live_protect(live, 0, LONG_US));
		/* the guest's worst: nothing that the walk reads is as it was */
		for (size_t i = 0; i < lab->nr_walk_pages; i++)
			memset(lab->walk_pages[i], 0x5a, PAGE_SIZE);
	}
	scxray_live_record(live, snapshot, lab->vcpus, lab->nr_vcpus, 0, &result);
	scxray_live_unprotect(live, &cow);
	scxray_live_record_sleepers(live, snapshot, &result);
	ck_assert_uint_eq(cow.saved, written ? lab->nr_walk_pages : 0);
	report = scxray_capture(scxray_snapshot_source(snapshot, &err), NULL, &err);
	ck_assert_msg(report != NULL, "%s", err.text);
	json = live_lab_json(report);
	scxray_report_destroy(report);
	scxray_snapshot_destroy(snapshot);
	return json;
}

START_TEST(a_report_is_the_same_while_the_guest_writes)
{
	static struct live_lab lab;
	struct scxray_error err = { 0 };
	struct scxray_live *live;
	const char *why;
	char *copied, *written;

	ck_assert(!live_lab_open(&lab, "kernel-fixtures/cores/7.3.4-stall-error.core.zst"));
	ck_assert_uint_gt(lab.nr_walk_pages, 50);
	live = scxray_live_create(lab.regions, lab.nr_regions, lab.nr_vcpus, NULL, &err);
	ck_assert_ptr_nonnull(live);
	ck_assert_msg(!scxray_live_allow_cow(live, &why), "%s", why);
	ck_assert(!scxray_live_resolve(live, lab.vcpus, lab.nr_vcpus, &err));
	ck_assert(!scxray_live_prepare(live, &err));
	ck_assert_uint_gt(scxray_live_expected_us(live), 0);
	copied = report_of(live, &lab, false);
	written = report_of(live, &lab, true);
	ck_assert_str_eq(copied, written);
	free(copied);
	free(written);
	scxray_live_destroy(live);
	live_lab_close(&lab);
}
END_TEST

static const unit_test tests[] = {
	&a_report_is_the_same_while_the_guest_writes,
	&a_page_that_is_not_saved_is_seen,
	&without_room_writers_wait_and_nothing_is_lost,
	&a_protection_that_takes_too_long_is_none,
	&one_that_nobody_ends_ends_by_itself,
	&a_lost_thread_stops_the_guest_no_longer_than_the_walk,
};

int main(void)
{
	return cow_is_forbidden()
		       ?: unit_run("live_cow_lost", tests, ARRAY_SIZE(tests), NULL, NULL);
}
