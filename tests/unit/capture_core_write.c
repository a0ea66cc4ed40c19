/* SPDX-License-Identifier: BSD-2-Clause */
/* core_write.c, capture.c: what a capture read, written, and read again. */
#include <stdio.h>
#include <string.h>

#include <scxray/report_struct.h>

#include "capture/image/core.h"
#include "tests/lib/image_builder.h"
#include "tests/lib/mini_kernel.h"
#include "tests/lib/unit.h"

static struct mini_kernel m;
static struct scxray_error err;

static void start(void)
{
	mini_kernel_init(&m, (struct mini_kernel_options){ 4,
							   { .encoding = KALLSYMS_BASE_RELATIVE,
							     .relative_base = MINI_TEXT } });
	mini_kernel_info_page(&m);
	mini_kernel_reg(mini_kernel_vcpu(&m, m.b.root), SCXRAY_REG_LSTAR, MINI_TEXT + MINI_LSTAR);
	mini_kernel_reg(mini_kernel_vcpu(&m, m.b.root), SCXRAY_REG_RIP, MINI_TEXT + MINI_LSTAR + 5);
	m.source.vcpus[1].prstatus_pid = 4711;
	memset(&err, 0, sizeof(err));
}

static struct image_bytes write_core(struct scxray_source *source)
{
	struct image_bytes file = { 0 };
	char *bytes = NULL;
	FILE *out = open_memstream(&bytes, &file.size);

	ck_assert_ptr_nonnull(out);
	ck_assert_msg(!scxray_core_write(source, out, &err), "%s", err.text);
	ck_assert_int_eq(fclose(out), 0);
	file.bytes = (uint8_t *)bytes;
	return file;
}

static void expect_same_report(const struct scxray_report *a, const struct scxray_report *r)
{
	ck_assert_str_eq(r->guest.banner.bytes, a->guest.banner.bytes);
	ck_assert_str_eq(r->guest.found_by, a->guest.found_by);
	ck_assert_uint_eq(r->guest.nr_symbols, a->guest.nr_symbols);
	ck_assert_uint_eq(r->guest.nr_cpus.value, a->guest.nr_cpus.value);
	ck_assert_int_eq(r->guest.kaslr_offset.state, SCXRAY_PRESENT);
	ck_assert_uint_eq(r->guest.kaslr_offset.value, MINI_SLIDE);
	ck_assert_uint_eq(r->guest.memory_bytes, a->guest.memory_bytes);
	ck_assert_str_eq(r->source, a->source);
	ck_assert_uint_eq(r->nr_vcpus, a->nr_vcpus);
	for (size_t i = 0; i < a->nr_vcpus; i++) {
		ck_assert_mem_eq(&r->vcpus[i].regs, &a->vcpus[i].regs, sizeof(a->vcpus[i].regs));
		ck_assert_int_eq(r->vcpus[i].parked, a->vcpus[i].parked);
	}
	ck_assert_uint_eq(r->bytes_copied, a->bytes_copied);
}

START_TEST(a_core_gives_the_same_report)
{
	struct scxray_report *first, *replayed, *again;
	struct scxray_source *core;
	struct image_bytes file, second;
	uint8_t byte;

	start();
	first = scxray_capture(&m.source, NULL, &err);
	ck_assert_msg(first, "%s", err.text);
	ck_assert_str_eq(first->guest.banner.bytes, "Linux version 6.18.15 (gcc) #1 SMP");
	ck_assert_str_eq(first->guest.found_by, kernel_route_text(ROUTE_LSTAR));
	file = write_core(&m.source);
	core = image_open(file.bytes, file.size, &err);
	ck_assert_msg(core, "%s", err.text);
	ck_assert_uint_eq(core->vcpus[1].prstatus_pid, 4711);
	replayed = scxray_capture(core, NULL, &err);
	ck_assert_msg(replayed, "%s", err.text);
	expect_same_report(first, replayed);
	/* and a core of that core is the same file */
	second = write_core(core);
	ck_assert_uint_eq(second.size, file.size);
	ck_assert_mem_eq(second.bytes, file.bytes, file.size);
	/* a source may be captured more than once */
	phys_read(&core->phys, MINI_GPA + MINI_SIZE - PAGE_SIZE, &byte, 1); /* counts for nothing */
	again = scxray_capture(core, NULL, &err);
	ck_assert_ptr_nonnull(again);
	expect_same_report(first, again);
	scxray_report_destroy(again);
	scxray_report_destroy(replayed);
	scxray_report_destroy(first);
	scxray_source_close(core);
	free(second.bytes);
	free(file.bytes);
	mini_kernel_deinit(&m);
}
END_TEST

START_TEST(a_core_holds_the_touched_pages_and_no_others)
{
	struct scxray_report *report;
	struct scxray_source *core;
	struct image_bytes file;
	uint64_t cursor = 0, gpa, nr = 0;
	uint8_t there[PAGE_SIZE], here[PAGE_SIZE];

	start();
	report = scxray_capture(&m.source, NULL, &err);
	ck_assert_ptr_nonnull(report);
	file = write_core(&m.source);
	core = image_open(file.bytes, file.size, &err);
	ck_assert_ptr_nonnull(core);
	while (phys_next_touched(&m.source.phys, &cursor, &gpa)) {
		ck_assert_int_eq(phys_read(&m.source.phys, gpa, here, sizeof(here)), READ_OK);
		ck_assert_int_eq(phys_read(&core->phys, gpa, there, sizeof(there)), READ_OK);
		ck_assert_mem_eq(here, there, sizeof(here));
		nr++;
	}
	ck_assert_uint_gt(nr, 5);
	ck_assert_uint_eq(core->phys.nr_pages, nr);
	ck_assert_int_eq(phys_read(&core->phys, MINI_GPA + MINI_SIZE - PAGE_SIZE, there, 8),
			 READ_NOT_IN_CORE);
	ck_assert_uint_eq(phys_size(&core->phys), MINI_SIZE);
	scxray_source_close(core);
	scxray_report_destroy(report);
	free(file.bytes);
	mini_kernel_deinit(&m);
}
END_TEST

START_TEST(a_partial_last_page_comes_back_as_long_as_it_was)
{
	static uint8_t tail[0x1800];
	struct scxray_report *report;
	struct scxray_source *core;
	struct image_bytes file;
	uint8_t byte;

	start();
	memset(tail, 0x77, sizeof(tail));
	ck_assert_int_eq(phys_add_region(&m.source.phys, 0x80000000, sizeof(tail), tail), 0);
	report = scxray_capture(&m.source, NULL, &err);
	ck_assert_ptr_nonnull(report);
	ck_assert_int_eq(phys_read(&m.source.phys, 0x80001000, &byte, 1), READ_OK); /* touches it */
	file = write_core(&m.source);
	core = image_open(file.bytes, file.size, &err);
	ck_assert_ptr_nonnull(core);
	ck_assert_int_eq(phys_read(&core->phys, 0x800017ff, &byte, 1), READ_OK);
	ck_assert_uint_eq(byte, 0x77);
	ck_assert_int_eq(phys_read(&core->phys, 0x80001800, &byte, 1), READ_NO_RAM);
	scxray_source_close(core);
	scxray_report_destroy(report);
	free(file.bytes);
	mini_kernel_deinit(&m);
}
END_TEST

START_TEST(more_pages_than_one_section_holds)
{
	struct scxray_report *report;
	struct scxray_source *core;
	struct image_bytes file;
	uint64_t word;

	start();
	report = scxray_capture(&m.source, NULL, &err);
	ck_assert_ptr_nonnull(report);
	for (uint64_t at = MINI_SIZE / 2; at < MINI_SIZE; at += PAGE_SIZE) {
		memcpy(mini_kernel_at(&m, (uint32_t)at), &at, 8);
		ck_assert_int_eq(phys_read(&m.source.phys, MINI_GPA + at, &word, 8), READ_OK);
	}
	ck_assert_uint_gt(m.source.phys.nr_touched, 2 * CORE_CHUNK_PAGES);
	file = write_core(&m.source);
	core = image_open(file.bytes, file.size, &err);
	ck_assert_msg(core, "%s", err.text);
	for (uint64_t at = MINI_SIZE / 2; at < MINI_SIZE; at += PAGE_SIZE) {
		ck_assert_int_eq(phys_read(&core->phys, MINI_GPA + at, &word, 8), READ_OK);
		ck_assert_uint_eq(word, at);
	}
	scxray_source_close(core);
	scxray_report_destroy(report);
	free(file.bytes);
	mini_kernel_deinit(&m);
}
END_TEST

START_TEST(nothing_captured_is_nothing_to_write)
{
	FILE *out = fopen("/dev/null", "w");

	start();
	ck_assert_ptr_nonnull(out);
	ck_assert_int_eq(scxray_core_write(&m.source, out, &err), -1);
	ck_assert_int_eq(err.code, SCXRAY_ERR_INVALID);
	fclose(out);
	mini_kernel_deinit(&m);
}
END_TEST

START_TEST(more_regions_than_can_be_read_back_are_not_written)
{
	struct scxray_report *report;
	size_t nr, size;
	char *bytes;
	FILE *out = open_memstream(&bytes, &size);

	start();
	report = scxray_capture(&m.source, NULL, &err);
	ck_assert_ptr_nonnull(report);
	nr = m.source.phys.nr_regions;
	m.source.phys.nr_regions = CORE_MAX_REGIONS + 1;
	ck_assert_int_eq(scxray_core_write(&m.source, out, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "65537 regions"));
	m.source.phys.nr_regions = nr;
	fclose(out);
	free(bytes);
	scxray_report_destroy(report);
	mini_kernel_deinit(&m);
}
END_TEST

START_TEST(a_full_disk_is_an_error)
{
	FILE *out = fopen("/dev/full", "w");
	struct scxray_report *report;

	start();
	ck_assert_ptr_nonnull(out);
	setvbuf(out, NULL, _IONBF, 0);
	report = scxray_capture(&m.source, NULL, &err);
	ck_assert_ptr_nonnull(report);
	ck_assert_int_eq(scxray_core_write(&m.source, out, &err), -1);
	ck_assert_int_eq(err.code, SCXRAY_ERR_IO);
	fclose(out);
	scxray_report_destroy(report);
	mini_kernel_deinit(&m);
}
END_TEST

START_TEST(a_budget_too_small_for_the_symbols_is_an_error)
{
	struct scxray_settings settings = SCXRAY_SETTINGS_INIT;

	start();
	settings.max_copy_bytes = 2 * PAGE_SIZE;
	ck_assert_ptr_null(scxray_capture(&m.source, &settings, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "budget"));
	mini_kernel_deinit(&m);
}
END_TEST

static const unit_test tests[] = {
	&a_core_gives_the_same_report,
	&a_core_holds_the_touched_pages_and_no_others,
	&a_partial_last_page_comes_back_as_long_as_it_was,
	&more_pages_than_one_section_holds,
	&nothing_captured_is_nothing_to_write,
	&more_regions_than_can_be_read_back_are_not_written,
	&a_full_disk_is_an_error,
	&a_budget_too_small_for_the_symbols_is_an_error,
};

UNIT_MAIN("capture_core_write", tests)
