/* SPDX-License-Identifier: BSD-2-Clause */
/* live.h: what a guest may ask of its host by garbage in its memory is bounded, in work. */
#include <string.h>

#include <scxray/map.h>

#include "capture/live/live.h"
#include "tests/lib/live_lab.h"
#include "tests/lib/unit.h"

#define MAPS "tests/oracle/cores/7.3.4-maps.core.zst"
#define HELD "kernel-fixtures/cores/6.12-held-error.core.zst"

static struct live_lab lab;
static struct scxray_live *live;
static struct scxray_snapshot *snapshot;
static struct scxray_error err;

/* With what a test has written to the lab's memory. */
static void start(void)
{
	live = scxray_live_create(lab.regions, lab.nr_regions, lab.nr_vcpus, NULL, &err);
	ck_assert_msg(live != NULL, "%s", err.text);
	ck_assert_msg(!scxray_live_resolve(live, lab.vcpus, lab.nr_vcpus, &err), "%s", err.text);
	ck_assert_msg(!scxray_live_prepare(live, &err), "%s", err.text);
	snapshot = scxray_snapshot_create(live);
	ck_assert_ptr_nonnull(snapshot);
}

static void stop(void)
{
	scxray_snapshot_destroy(snapshot);
	scxray_live_destroy(live);
	live_lab_close(&lab);
}

static struct scxray_record_result record(void)
{
	struct scxray_record_result result;

	scxray_live_record(live, snapshot, lab.vcpus, lab.nr_vcpus, 0, &result);
	return result;
}

static struct scxray_report *capture(void)
{
	struct scxray_source *source = scxray_snapshot_source(snapshot, &err);
	struct scxray_report *report = source ? scxray_capture(source, NULL, &err) : NULL;

	ck_assert_msg(report != NULL, "%s", err.text);
	return report;
}

static uint64_t *word_at(uint64_t kva)
{
	uint8_t *at = live_lab_at(&lab, kva);

	ck_assert_ptr_nonnull(at);
	return (uint64_t *)(void *)at;
}

/* Each entry of the xarray below `word` becomes *first, or that becomes the first of them. */
static void make_same(uint64_t word, uint64_t *first, unsigned *nr)
{
	const struct member *slots = &lab.kernel.layout.member[M_xa_node_slots];

	for (uint32_t i = 0; i < slots->size / 8; i++) {
		uint64_t *slot = word_at(word - 2 + slots->offset + i * 8);

		if (!*slot)
			continue;
		if ((*slot & 3) == 2) {
			make_same(*slot, first, nr);
			continue;
		}
		if (!*first)
			*first = *slot;
		*slot = *first;
		(*nr)++;
	}
}

static unsigned make_idr_same(enum layout_symbol idr)
{
	const struct layout *layout = &lab.kernel.layout;
	uint64_t first = 0;
	unsigned nr = 0;

	make_same(*word_at(layout->symbol[idr] + layout->member[M_idr_xa_head].offset), &first,
		  &nr);
	return nr;
}

START_TEST(a_map_or_program_of_many_names_is_read_once)
{
	struct scxray_report *report;

	ck_assert_int_eq(live_lab_open(&lab, MAPS), 0);
	ck_assert_uint_gt(make_idr_same(S_map_idr), 20);
	ck_assert_uint_gt(make_idr_same(S_prog_idr), 5);
	start();
	record();
	report = capture();
	ck_assert_uint_eq(report->nr_maps, 1);
	ck_assert_uint_le(report->nr_progs, 1);
	ck_assert_ptr_nonnull(strstr(report->cut[SCXRAY_GROUP_MAPS], "several times"));
	ck_assert_ptr_nonnull(strstr(report->cut[SCXRAY_GROUP_PROGS], "several times"));
	scxray_report_destroy(report);
	stop();
}
END_TEST

/* Four bytes of BTF that once froze a guest for minutes. */
START_TEST(a_size_from_types_that_makes_no_sense_is_refused)
{
	const struct types *types;
	struct scxray_report *report;
	const uint8_t *raw;
	uint32_t size, id;
	uint64_t at;

	ck_assert_int_eq(live_lab_open(&lab, HELD), 0);
	types = &lab.kernel.types;
	id = types_find(types, "printk_info", BTF_KIND_STRUCT);
	ck_assert_uint_ne(id, 0);
	raw = btf__raw_data(types->btf, &size);
	at = (uint64_t)((const uint8_t *)&btf__type_by_id(types->btf, id)->size - raw);
	ck_assert_uint_lt(at, size);
	size = 0x7fffffff;
	for (size_t i = 0; i < 4; i++)
		*live_lab_at(&lab, lab.kernel.layout.symbol[S___start_BTF] + at + i) =
			(uint8_t)(size >> 8 * i);
	start();
	ck_assert_uint_lt(record().pages, 3000);
	report = capture();
	ck_assert_str_eq(report->unavailable[SCXRAY_GROUP_LOG],
			 "the printk ring buffer's header makes no sense");
	scxray_report_destroy(report);
	stop();
}
END_TEST

START_TEST(a_host_that_wants_to_end_does_not_wait)
{
	struct scxray_record_result whole, result;

	ck_assert_int_eq(live_lab_open(&lab, HELD), 0);
	start();
	whole = record();
	ck_assert(!whole.deadline);
	scxray_live_stop(live);
	result = record();
	ck_assert(result.deadline);
	ck_assert_uint_lt(result.pages, whole.pages / 2);
	ck_assert_int_eq(scxray_live_prepare(live, &err), 0);
	ck_assert_uint_lt(live->nr_expected, whole.pages / 2);
	stop();
}
END_TEST

static const unit_test tests[] = {
	&a_map_or_program_of_many_names_is_read_once,
	&a_size_from_types_that_makes_no_sense_is_refused,
	&a_host_that_wants_to_end_does_not_wait,
};

UNIT_MAIN("live_hostile", tests)
