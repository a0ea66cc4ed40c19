/* SPDX-License-Identifier: BSD-2-Clause */
/* live.h: a guest that boots, reboots, or is none. */
#include <string.h>

#include <scxray/report_struct.h>

#include "capture/base/clock.h"
#include "tests/lib/live_lab.h"
#include "tests/lib/sanitized.h"
#include "tests/lib/unit.h"

#define OLD "kernel-fixtures/cores/6.12-held-error.core.zst"
#define NEW "kernel-fixtures/cores/7.3.4-stall-error.core.zst"

static struct live_lab lab;
static struct scxray_live *live;
static struct scxray_error err;

static void start(const char *path)
{
	memset(&err, 0, sizeof(err));
	ck_assert_int_eq(live_lab_open(&lab, path), 0);
	live = scxray_live_create(lab.regions, lab.nr_regions, lab.nr_vcpus, NULL, &err);
	ck_assert_msg(live != NULL, "%s", err.text);
}

static int resolve(void)
{
	memset(&err, 0, sizeof(err));
	return scxray_live_resolve(live, lab.vcpus, lab.nr_vcpus, &err);
}

static void stop(void)
{
	scxray_live_destroy(live);
	live_lab_close(&lab);
}

static void put(const char *symbol, uint64_t offset, uint64_t value, size_t size)
{
	uint8_t *at = live_lab_at(&lab, live_lab_symbol(&lab, symbol) + offset);

	ck_assert_ptr_nonnull(at);
	memcpy(at, &value, size);
}

START_TEST(regions_that_overlap_are_refused)
{
	static uint8_t ram[2 * PAGE_SIZE];
	const struct scxray_live_region regions[] = {
		{ .gpa = 0, .size = 2 * PAGE_SIZE, .host = ram },
		{ .gpa = PAGE_SIZE, .size = PAGE_SIZE, .host = ram },
	};

	ck_assert_ptr_null(scxray_live_create(regions, 2, 1, NULL, &err));
	ck_assert_int_eq(err.code, SCXRAY_ERR_INVALID);
	ck_assert_ptr_nonnull(strstr(err.text, "0x1000"));
}
END_TEST

START_TEST(a_kernel_that_boots_is_not_taken)
{
	start(NEW);
	for (uint32_t state = 0; state < 3; state++) {
		put("system_state", 0, state, 4);
		ck_assert_int_ne(resolve(), 0);
		ck_assert_ptr_nonnull(strstr(err.text, "still booting"));
		ck_assert(!scxray_live_resolved(live));
		ck_assert_int_ne(scxray_live_prepare(live, &err), 0);
	}
	put("system_state", 0, 3, 4);
	ck_assert_msg(!resolve(), "%s", err.text);
	ck_assert(scxray_live_resolved(live));
	/* and when that one goes on to boot again, nothing is left of it */
	put("system_state", 0, 0, 4);
	ck_assert_int_ne(resolve(), 0);
	ck_assert(!scxray_live_resolved(live));
	stop();
}
END_TEST

START_TEST(types_that_are_not_there_yet_are_no_types)
{
	uint64_t btf;

	start(NEW);
	btf = live_lab_symbol(&lab, "__start_BTF");
	for (uint64_t at = 0; at < 4 * PAGE_SIZE; at += PAGE_SIZE)
		memset(live_lab_at(&lab, btf + at), 0, PAGE_SIZE);
	ck_assert_int_ne(resolve(), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "types"));
	ck_assert(!scxray_live_resolved(live));
	stop();
}
END_TEST

/* Memory as a boot fills it, page by page: no kernel, or the whole one. */
START_TEST(half_a_kernel_is_none)
{
	const struct phys *phys;
	unsigned steps = SANITIZED ? 4 : 16;

	start(NEW);
	phys = &lab.core->phys;
	for (unsigned step = 0; step < steps; step++) {
		size_t nr = phys->nr_pages * step / steps;

		live_lab_restore(&lab);
		for (size_t i = nr; i < phys->nr_pages; i++)
			for (size_t r = 0; r < lab.nr_regions; r++) {
				uint64_t at = phys->pages[i].gpa - lab.regions[r].gpa;

				if (phys->pages[i].gpa >= lab.regions[r].gpa &&
				    at < lab.regions[r].size)
					memset((uint8_t *)lab.regions[r].host + at, 0, PAGE_SIZE);
			}
		if (!resolve())
			ck_assert(scxray_live_resolved(live));
		else
			ck_assert(err.text[0] && !scxray_live_resolved(live));
	}
	live_lab_restore(&lab);
	ck_assert_msg(!resolve(), "%s", err.text);
	stop();
}
END_TEST

START_TEST(no_kernel_is_said_soon)
{
	uint64_t began;

	start(NEW);
	live_lab_clear(&lab);
	began = clock_us();
	for (int i = 0; i < 10; i++) {
		ck_assert_int_ne(resolve(), 0);
		ck_assert_ptr_nonnull(strstr(err.text, "no Linux kernel found"));
	}
	ck_assert_uint_lt(clock_us() - began, 10 * 1000000);
	/* without registers all RAM is looked through, and that finds nothing either */
	ck_assert_int_ne(scxray_live_resolve(live, NULL, 0, &err), 0);
	stop();
}
END_TEST

START_TEST(without_registers_memory_is_searched)
{
	start(NEW);
	ck_assert_msg(!scxray_live_resolve(live, NULL, 0, &err), "%s", err.text);
	ck_assert(scxray_live_resolved(live));
	stop();
}
END_TEST

static void copy_ram(struct live_lab *to, const struct live_lab *from)
{
	for (size_t i = 0; i < from->core->phys.nr_pages; i++)
		for (size_t r = 0; r < to->nr_regions; r++) {
			uint64_t gpa = from->core->phys.pages[i].gpa;

			if (gpa >= to->regions[r].gpa &&
			    gpa - to->regions[r].gpa < to->regions[r].size)
				memcpy((uint8_t *)to->regions[r].host + (gpa - to->regions[r].gpa),
				       from->core->phys.pages[i].host, PAGE_SIZE);
		}
}

START_TEST(a_reboot_is_noticed)
{
	struct live_lab other;
	struct scxray_snapshot *before;
	struct scxray_record_result result;
	struct scxray_source *source;
	struct scxray_report *report;

	start(NEW);
	ck_assert_int_eq(live_lab_open(&other, OLD), 0);
	ck_assert_msg(!resolve(), "%s", err.text);
	ck_assert(!scxray_live_prepare(live, &err));
	before = scxray_snapshot_create(live);
	scxray_live_record(live, before, lab.vcpus, lab.nr_vcpus, 0, &result);
	scxray_live_record_sleepers(live, before, &result);

	live_lab_clear(&lab); /* the firmware has it */
	ck_assert(!scxray_live_resolved(live));
	copy_ram(&lab, &other); /* another kernel */
	ck_assert(!scxray_live_resolved(live));
	ck_assert_int_ne(resolve(), 0); /* system_state is not in a core */
	live_lab_restore(&lab);		/* the same one again */
	ck_assert_msg(!resolve(), "%s", err.text);
	ck_assert(scxray_live_resolved(live));

	/* what was recorded before is untouched by all that */
	source = scxray_snapshot_source(before, &err);
	report = scxray_capture(source, NULL, &err);
	ck_assert_msg(report != NULL, "%s", err.text);
	ck_assert_uint_gt(report->nr_tasks, 0);
	scxray_report_destroy(report);
	/* and it can be recorded into again */
	scxray_live_record(live, before, lab.vcpus, lab.nr_vcpus, 0, &result);
	scxray_live_record_sleepers(live, before, &result);
	report = scxray_capture(scxray_snapshot_source(before, &err), NULL, &err);
	ck_assert_msg(report != NULL, "%s", err.text);
	scxray_report_destroy(report);
	scxray_snapshot_destroy(before);
	live_lab_close(&other);
	stop();
}
END_TEST

START_TEST(the_same_kernel_booted_again_is_another_one)
{
	uint32_t task;
	struct member canary;
	uint64_t jiffies;

	start(NEW);
	task = types_find(&lab.kernel.types, "task_struct", BTF_KIND_STRUCT);
	canary = types_member(&lab.kernel.types, task, "stack_canary");
	ck_assert(canary.present);
	put("init_task", canary.offset, 0x1122334455667700, 8);
	ck_assert_msg(!resolve(), "%s", err.text);
	put("init_task", canary.offset, 0x1122334455667800, 8);
	ck_assert(!scxray_live_resolved(live));
	put("init_task", canary.offset, 0x1122334455667700, 8);
	ck_assert(scxray_live_resolved(live));

	memcpy(&jiffies, live_lab_at(&lab, live_lab_symbol(&lab, "jiffies_64")), 8);
	put("jiffies_64", 0, jiffies + 1000, 8);
	ck_assert(scxray_live_resolved(live));
	put("jiffies_64", 0, jiffies + 999, 8);
	ck_assert(!scxray_live_resolved(live));
	stop();
}
END_TEST

static const unit_test tests[] = {
	&regions_that_overlap_are_refused,
	&a_kernel_that_boots_is_not_taken,
	&types_that_are_not_there_yet_are_no_types,
	&half_a_kernel_is_none,
	&no_kernel_is_said_soon,
	&without_registers_memory_is_searched,
	&a_reboot_is_noticed,
	&the_same_kernel_booted_again_is_another_one,
};

UNIT_MAIN("live_guest", tests)
