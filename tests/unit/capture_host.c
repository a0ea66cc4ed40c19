/* SPDX-License-Identifier: BSD-2-Clause */
/* host.c: what the host knows, through a source, a core and a report; and broken bytes. */
#include "tests/unit/host_fixture.h"

static void expect_full(const struct scxray_host *h)
{
	ck_assert_ptr_nonnull(h);
	ck_assert_str_eq(h->trigger, full.trigger);
	ck_assert_str_eq(h->watchpoint, full.watchpoint);
	ck_assert_str_eq(h->moment, full.moment);
	ck_assert_str_eq(h->early_skipped_reason, full.early_skipped_reason);
	ck_assert_uint_eq(h->max_age_jiffies, full.max_age_jiffies);
	ck_assert_uint_eq(h->threshold_jiffies, full.threshold_jiffies);
	ck_assert(h->has_timing);
	ck_assert_uint_eq(h->timing.park_us, 1);
	ck_assert_uint_eq(h->timing.capture_us, 2);
	ck_assert_uint_eq(h->timing.thaw_us, 3);
	ck_assert_uint_eq(h->timing.frozen_us, 6);
	ck_assert_int_eq(h->timing.guest_clock_us, -1);
	ck_assert_str_eq(h->timing.clock, "KVM_SET_CLOCK");
	ck_assert_str_eq(h->timing.devices, "paused");
	ck_assert_uint_eq(h->timing.bytes_copied, 1ULL << 40);
	ck_assert(h->timing.cut_by_deadline && h->timing.cut_by_budget);
	ck_assert_uint_eq(h->timing.resolve_us, 7);
	ck_assert_uint_eq(h->timing.after_thaw_us, 8);
	ck_assert_uint_eq(h->timing.after_thaw_bytes, 9);
	ck_assert_uint_eq(h->timing.stacks_lost, 10);
	ck_assert_str_eq(h->timing.method, "cow");
	ck_assert_str_eq(h->timing.method_reason, "so");
	ck_assert_uint_eq(h->timing.protect_us, 11);
	ck_assert_uint_eq(h->timing.saved_bytes, 12);
	ck_assert_uint_eq(h->nr_perf, 2);
	for (int i = 0; i < 2; i++) {
		ck_assert_pstr_eq(h->perf[i].unavailable, perf[i].unavailable);
		ck_assert_uint_eq(h->perf[i].cycles, perf[i].cycles);
		ck_assert_uint_eq(h->perf[i].instructions, perf[i].instructions);
		ck_assert_uint_eq(h->perf[i].cache_misses, perf[i].cache_misses);
		ck_assert_uint_eq(h->perf[i].branch_misses, perf[i].branch_misses);
		ck_assert_uint_eq(h->perf[i].time_enabled_ns, perf[i].time_enabled_ns);
		ck_assert_uint_eq(h->perf[i].time_running_ns, perf[i].time_running_ns);
	}
	ck_assert_str_eq(h->perf_unavailable, "some");
	ck_assert_uint_eq(h->timeline.nr_samples, 4);
	ck_assert_mem_eq(h->timeline.elapsed_ms, times, sizeof(times));
	ck_assert_uint_eq(h->timeline.nr_series, 2);
	ck_assert_uint_eq(h->timeline.nr_events, 1);
	for (int i = 0; i < 2; i++) {
		ck_assert_str_eq(h->timeline.series[i].name, series[i].name);
		ck_assert_mem_eq(h->timeline.series[i].values, series[i].values, sizeof(times));
	}
	ck_assert_uint_eq(h->timeline.nr_taken, 99);
	ck_assert_uint_eq(h->timeline.period_ms, 100);
	ck_assert_str_eq(h->timeline_unavailable, "thinned");
	ck_assert(h->is_degraded);
	ck_assert_str_eq(h->degraded.reason, full.degraded.reason);
	ck_assert_uint_eq(h->degraded.elapsed_ms, 5000);
	ck_assert_uint_eq(h->degraded.nr_parked, 1);
	ck_assert_uint_eq(h->degraded.nr_vcpus, 2);
	ck_assert(h->degraded.watchpoint_hit);
	ck_assert_str_eq(h->degraded.latch, "triggered");
	ck_assert(h->degraded.has_exit_kind);
	ck_assert_uint_eq(h->degraded.exit_kind, 1026);
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

START_TEST(it_comes_out_of_a_report_and_out_of_a_core)
{
	struct scxray_report *first, *replayed;
	struct image_bytes file, second;
	struct scxray_source *core;
	static struct mini_kernel m;

	mini_kernel_init(&m, (struct mini_kernel_options){ 4,
							   { .encoding = KALLSYMS_BASE_RELATIVE,
							     .relative_base = MINI_TEXT } });
	mini_kernel_info_page(&m);
	mini_kernel_reg(mini_kernel_vcpu(&m, m.b.root), SCXRAY_REG_LSTAR, MINI_TEXT + MINI_LSTAR);
	/* a later one takes the place of an earlier one */
	ck_assert_int_eq(
		scxray_source_set_host(&m.source, &(struct scxray_host){ .trigger = "x" }, &err),
		0);
	ck_assert_msg(!scxray_source_set_host(&m.source, &full, &err), "%s", err.text);
	first = scxray_capture(&m.source, NULL, &err);
	ck_assert_msg(first, "%s", err.text);
	expect_full(first->host);
	ck_assert_str_eq(first->moment, "late");
	ck_assert_uint_eq(first->truncated_at_us, 2);
	ck_assert_str_eq(first->unavailable[SCXRAY_GROUP_TIMELINE], "thinned");
	file = write_core(&m.source);
	core = image_open(file.bytes, file.size, &err);
	ck_assert_msg(core, "%s", err.text);
	replayed = scxray_capture(core, NULL, &err);
	ck_assert_msg(replayed, "%s", err.text);
	expect_full(replayed->host);
	second = write_core(core);
	ck_assert_uint_eq(second.size, file.size);
	ck_assert_mem_eq(second.bytes, file.bytes, file.size);
	scxray_report_destroy(replayed);
	scxray_source_close(core);
	free(second.bytes);
	free(file.bytes);
	free(m.source.host);
	m.source.host = NULL;
	/* the report is on its own */
	expect_full(first->host);
	scxray_report_destroy(first);
	mini_kernel_deinit(&m);
}
END_TEST

START_TEST(an_image_says_why_it_has_none)
{
	struct scxray_source source = { 0 };
	struct scxray_report r = { 0 };
	struct pool pool;

	ck_assert_int_eq(pool_init(&pool, 1 << 20), 0);
	host_report(&source, &pool, &r);
	ck_assert_ptr_null(r.host);
	ck_assert_ptr_nonnull(r.unavailable[SCXRAY_GROUP_TIMELINE]);
	ck_assert_ptr_nonnull(r.unavailable[SCXRAY_GROUP_PERF]);
	/* and so does a host that has none */
	memset(&r, 0, sizeof(r));
	ck_assert_int_eq(scxray_source_set_host(&source, &(struct scxray_host){ 0 }, &err), 0);
	host_report(&source, &pool, &r);
	ck_assert_ptr_nonnull(r.host);
	ck_assert_ptr_null(r.host->trigger);
	ck_assert_str_eq(r.unavailable[SCXRAY_GROUP_TIMELINE], "no sample was taken");
	ck_assert_str_eq(r.unavailable[SCXRAY_GROUP_PERF], "the host read no counters");
	free(source.host);
	pool_deinit(&pool);
}
END_TEST

START_TEST(what_the_bytes_do_not_say_is_not_known)
{
	struct host_record record = { .tag = HOST_HAS_TIMING, .size = 1 };
	uint8_t bytes[sizeof(record) + 1] = { [sizeof(record)] = 1 };
	struct scxray_source source = { .host = bytes, .host_size = sizeof(bytes) };
	struct scxray_report r = { 0 };
	struct pool pool;

	memcpy(bytes, &record, sizeof(record));
	ck_assert_int_eq(pool_init(&pool, 1 << 20), 0);
	host_report(&source, &pool, &r);
	ck_assert(r.host->has_timing);
	ck_assert_int_eq(r.host->timing.guest_clock_us, -1);
	ck_assert_ptr_null(r.host->timing.clock);
	pool_deinit(&pool);
}
END_TEST

START_TEST(a_name_that_could_be_no_key_is_left_out)
{
	const struct scxray_series twice[] = {
		{ "a", running }, { "a", running }, { "elapsed_ms", running }, { "b", running }
	};
	struct scxray_host host = { .timeline = { .elapsed_ms = times,
						  .nr_samples = 4,
						  .series = twice,
						  .nr_series = 4,
						  .nr_events = 3 } };
	struct scxray_source source = { 0 };
	struct scxray_report r = { 0 };
	struct pool pool;

	ck_assert_int_eq(pool_init(&pool, 1 << 20), 0);
	ck_assert_msg(!scxray_source_set_host(&source, &host, &err), "%s", err.text);
	host_report(&source, &pool, &r);
	ck_assert_uint_eq(r.host->timeline.nr_series, 2);
	ck_assert_uint_eq(r.host->timeline.nr_events, 1);
	ck_assert_str_eq(r.host->timeline.series[1].name, "b");
	free(source.host);
	pool_deinit(&pool);
}
END_TEST

START_TEST(a_report_without_room_says_so)
{
	struct scxray_source source = { 0 };

	ck_assert_int_eq(scxray_source_set_host(&source, &full, &err), 0);
	for (size_t room = 64; room < 8192; room += 64) {
		struct scxray_report r = { 0 };
		struct pool pool;

		ck_assert_int_eq(pool_init(&pool, room), 0);
		host_report(&source, &pool, &r);
		ck_assert_ptr_nonnull(r.unavailable[SCXRAY_GROUP_TIMELINE]);
		ck_assert_ptr_nonnull(r.unavailable[SCXRAY_GROUP_PERF]);
		if (r.host) {
			ck_assert(r.host->is_degraded && r.host->degraded.reason);
			ck_assert(!r.host->timeline.nr_samples || r.host->timeline.elapsed_ms);
		}
		pool_deinit(&pool);
	}
	free(source.host);
}
END_TEST

static const unit_test tests[] = {
	&it_comes_out_of_a_report_and_out_of_a_core,
	&an_image_says_why_it_has_none,
	&what_the_bytes_do_not_say_is_not_known,
	&a_name_that_could_be_no_key_is_left_out,
	&a_report_without_room_says_so,
};

UNIT_MAIN("capture_host", tests)
