/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live_fetch.c - a guest whose RAM is another process's: the report is the same as by pointer
 */
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <scxray/report_struct.h>

#include "tests/lib/live_lab.h"
#include "tests/lib/unit.h"

#define CORE(name) "kernel-fixtures/cores/" name ".core.zst"

static struct live_lab lab;
static struct scxray_live_region remote[LIVE_LAB_MAX_REGIONS]; /* without `host` */
static pid_t child;
static uint64_t refused; /* the page that can't be had */
static uint64_t asked;

/* Where the child has it: the address of our own mapping, which it got by fork(2). */
static void *address(uint64_t gpa, size_t len)
{
	for (size_t i = 0; i < lab.nr_regions; i++)
		if (gpa - lab.regions[i].gpa < lab.regions[i].size) {
			ck_assert_uint_le(len, lab.regions[i].size - (gpa - lab.regions[i].gpa));
			return (uint8_t *)(uintptr_t)lab.regions[i].host +
			       (gpa - lab.regions[i].gpa);
		}
	ck_abort_msg("0x%lx is no RAM", (unsigned long)gpa);
	return NULL;
}

static bool fetch(void *context, uint64_t gpa, void *to, size_t len)
{
	struct iovec local = { to, len }, there = { address(gpa, len), len };

	ck_assert_ptr_eq(context, &lab);
	asked++;
	if (refused && refused >= (gpa & ~PAGE_MASK) && refused < gpa + len)
		return false;
	return process_vm_readv(child, &local, 1, &there, 1, 0) == (ssize_t)len;
}

/* A process that has the RAM that is here now, as long as this one is there. */
static pid_t keep(void)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

/* The child keeps the guest's RAM, and here there is nothing left of it. */
static void start(const char *path)
{
	refused = 0;
	ck_assert(!live_lab_open(&lab, path));
	child = keep();
	live_lab_clear(&lab);
	for (size_t i = 0; i < lab.nr_regions; i++)
		remote[i] = (struct scxray_live_region){ lab.regions[i].gpa, lab.regions[i].size,
							 NULL };
}

static void stop(void)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	live_lab_close(&lab);
}

static struct scxray_live *guest(const struct scxray_live_region *regions)
{
	struct scxray_error err = { 0 };
	struct scxray_live *live =
		scxray_live_create(regions, lab.nr_regions, lab.nr_vcpus, NULL, &err);

	ck_assert_msg(live != NULL, "%s", err.text);
	scxray_live_set_fetcher(live, fetch, &lab);
	return live;
}

static char *report_of(struct scxray_live *live, const struct scxray_live_vcpu *vcpus, size_t nr)
{
	struct scxray_record_result result;
	struct scxray_snapshot *snapshot;
	struct scxray_report *report;
	struct scxray_error err = { 0 };
	char *json;

	ck_assert_msg(!scxray_live_resolve(live, vcpus, nr, &err), "%s", err.text);
	ck_assert_msg(!scxray_live_prepare(live, &err), "%s", err.text);
	snapshot = scxray_snapshot_create(live);
	ck_assert_ptr_nonnull(snapshot);
	scxray_live_record(live, snapshot, lab.vcpus, lab.nr_vcpus, 0, &result);
	scxray_live_record_sleepers(live, snapshot, &result);
	ck_assert_uint_eq(result.ran, 0);
	report = scxray_capture(scxray_snapshot_source(snapshot, &err), NULL, &err);
	ck_assert_msg(report != NULL, "%s", err.text);
	json = live_lab_json(report);
	scxray_report_destroy(report);
	scxray_snapshot_destroy(snapshot);
	return json;
}

static void same_report(const char *path, bool with_registers)
{
	struct scxray_live *live;
	char *by_fetch, *by_pointer;
	size_t nr;

	start(path);
	nr = with_registers ? lab.nr_vcpus : 0;
	live = guest(remote);
	by_fetch = report_of(live, lab.vcpus, nr);
	scxray_live_destroy(live);
	live_lab_restore(&lab);
	live = guest(lab.regions);
	asked = 0;
	by_pointer = report_of(live, lab.vcpus, nr);
	ck_assert_uint_eq(asked, 0);
	scxray_live_destroy(live);
	ck_assert_ptr_nonnull(strstr(by_fetch, "\"tasks\""));
	ck_assert_str_eq(by_fetch, by_pointer);
	free(by_fetch);
	free(by_pointer);
	stop();
}

START_TEST(the_same_report_as_by_pointer)
{
	same_report(CORE("7.3.4-stall-error"), true);
	same_report(CORE("6.12-held-error"), true);
}
END_TEST

/* The note's text is looked for in RAM. */
START_TEST(the_same_without_registers)
{
	same_report(CORE("7.3.4-stall-error"), false);
}
END_TEST

/* A look asks for each page once, and the next one asks anew. */
START_TEST(looks)
{
	static struct scxray_look look;
	struct scxray_error err = { 0 };
	uint32_t word = 1026;
	struct scxray_live *live;
	struct iovec from, to;

	start(CORE("7.3.4-stall-half"));
	live = guest(remote);
	ck_assert(!scxray_live_resolve(live, lab.vcpus, lab.nr_vcpus, &err));
	ck_assert(scxray_live_resolved(live));
	asked = 0;
	scxray_live_look(live, &look);
	ck_assert_uint_eq(look.exit_kind.value, 0);
	ck_assert_uint_eq(look.max_runnable_age.state, SCXRAY_PRESENT);
	ck_assert_uint_gt(asked, 0);
	ck_assert_uint_lt(asked, 60);

	from = (struct iovec){ &word, sizeof(word) };
	to = (struct iovec){ address(look.exit_kind_gpa.value, sizeof(word)), sizeof(word) };
	ck_assert_int_eq(process_vm_writev(child, &from, 1, &to, 1, 0), sizeof(word));
	word = 0;
	ck_assert(scxray_live_exit_kind(live, &look, &word));
	ck_assert_uint_eq(word, 1026);
	scxray_live_look(live, &look);
	ck_assert_uint_eq(look.exit_kind.value, 1026);
	scxray_live_destroy(live);
	stop();
}
END_TEST

/* What can't be brought is unreadable, with that reason; the rest is there. */
START_TEST(a_page_that_can_not_be_had)
{
	static struct scxray_look look;
	struct scxray_error err = { 0 };
	struct scxray_live *live;
	char *json;
	uint32_t word;

	start(CORE("7.3.4-stall-half"));
	live = guest(remote);
	ck_assert(!scxray_live_resolve(live, lab.vcpus, lab.nr_vcpus, &err));
	scxray_live_look(live, &look);
	refused = look.exit_kind_gpa.value & ~PAGE_MASK;
	scxray_live_look(live, &look);
	ck_assert_int_eq(look.exit_kind.state, SCXRAY_UNREADABLE);
	ck_assert(!scxray_live_exit_kind(live, &look, &word));
	json = report_of(live, lab.vcpus, lab.nr_vcpus);
	ck_assert_ptr_nonnull(strstr(json, "the host could not bring the page"));
	ck_assert_ptr_nonnull(strstr(json, "\"tasks\""));
	free(json);

	/* the process has gone */
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	ck_assert(!scxray_live_resolved(live));
	ck_assert_int_ne(scxray_live_resolve(live, lab.vcpus, lab.nr_vcpus, &err), 0);
	scxray_live_destroy(live);
	child = keep();
	stop();
}
END_TEST

START_TEST(without_a_fetcher_there_is_nothing)
{
	struct scxray_error err = { 0 };
	struct scxray_live *live;

	start(CORE("7.3.4-stall-half"));
	live = scxray_live_create(remote, lab.nr_regions, lab.nr_vcpus, NULL, &err);
	ck_assert_int_ne(scxray_live_resolve(live, lab.vcpus, lab.nr_vcpus, &err), 0);
	ck_assert_int_ne(scxray_live_resolve(live, NULL, 0, &err), 0);
	scxray_live_destroy(live);
	stop();
}
END_TEST

static const unit_test tests[] = {
	&the_same_report_as_by_pointer, &the_same_without_registers,	     &looks,
	&a_page_that_can_not_be_had,	&without_a_fetcher_there_is_nothing,
};
UNIT_MAIN("live fetch", tests)
