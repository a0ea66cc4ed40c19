/* SPDX-License-Identifier: BSD-2-Clause */
/* capture_host_broken.c - broken bytes of what a host knows */
#include "tests/unit/host_fixture.h"

START_TEST(what_no_core_may_hold_is_refused)
{
	static uint64_t zeros[HOST_MAX_SAMPLES + 1];
	struct scxray_source source = { 0 };
	struct scxray_host host;
	char *text = calloc(1, HOST_MAX_STRING + 2);

	memset(text, 'x', HOST_MAX_STRING + 1);
	host = (struct scxray_host){ .trigger = text };
	ck_assert_int_eq(scxray_source_set_host(&source, &host, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "a text"));
	text[HOST_MAX_STRING] = '\0';
	ck_assert_int_eq(scxray_source_set_host(&source, &host, &err), 0);
	host = (struct scxray_host){ .timeline = { .elapsed_ms = zeros,
						   .nr_samples = HOST_MAX_SAMPLES + 1 } };
	ck_assert_int_eq(scxray_source_set_host(&source, &host, &err), -1);
	host = (struct scxray_host){ .perf = perf, .nr_perf = SOURCE_MAX_VCPUS + 1 };
	ck_assert_int_eq(scxray_source_set_host(&source, &host, &err), -1);
	/* what there was is still there */
	ck_assert_uint_eq(source.host_size > HOST_MAX_STRING, 1);
	free(source.host);
	free(text);
}
END_TEST

static void put_series(struct image_bytes *b, const char *name, size_t nr, uint8_t is_event)
{
	struct image_bytes inner = { 0 };

	if (name)
		record(&inner, HOST_SERIES_NAME, name, strlen(name));
	record(&inner, HOST_SERIES_EVENT, &is_event, 1);
	record(&inner, HOST_SERIES_VALUES, running, nr * 8);
	record(b, HOST_SERIES, inner.bytes, inner.size);
	free(inner.bytes);
}

/* Checks an exact heap block, so that ASan sees who reads on. */
static int check(struct image_bytes *b)
{
	uint8_t *exact = malloc(b->size ? b->size : 1);
	int failed;

	if (b->size)
		memcpy(exact, b->bytes, b->size);
	memset(&err, 0, sizeof(err));
	failed = host_check(exact, b->size, &err);
	free(exact);
	free(b->bytes);
	memset(b, 0, sizeof(*b));
	return failed;
}

START_TEST(broken_bytes_are_refused_with_a_reason)
{
	static const uint64_t descending[] = { 5, 4 };
	struct image_bytes b = { 0 };
	static const char nul[] = { 'a', 0, 'b' };

	record(&b, HOST_TRIGGER, nul, sizeof(nul));
	ck_assert_int_eq(check(&b), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "NUL"));
	record(&b, HOST_MAX_AGE, nul, 3);
	ck_assert_int_eq(check(&b), -1);
	record(&b, HOST_HAS_TIMING, nul, 0);
	ck_assert_int_eq(check(&b), -1);
	record(&b, HOST_NR_PARKED, times, 8);
	ck_assert_int_eq(check(&b), -1);
	record(&b, HOST_SAMPLES, descending, 16);
	ck_assert_int_eq(check(&b), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "descend"));
	record(&b, HOST_SAMPLES, times, 15);
	ck_assert_int_eq(check(&b), -1);
	record(&b, HOST_SAMPLES, times, 0);
	ck_assert_int_eq(check(&b), -1);
	put_series(&b, "early", 4, 1); /* before any sample */
	ck_assert_int_eq(check(&b), -1);
	record(&b, HOST_SAMPLES, times, 32);
	put_series(&b, "short", 3, 1);
	ck_assert_int_eq(check(&b), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "another length"));
	record(&b, HOST_SAMPLES, times, 32);
	put_series(&b, NULL, 4, 1);
	ck_assert_int_eq(check(&b), -1);
	record(&b, HOST_SAMPLES, times, 32);
	put_series(&b, "a", 4, 0);
	put_series(&b, "b", 4, 1);
	ck_assert_int_eq(check(&b), -1);
	record(&b, HOST_SAMPLES, times, 32);
	for (int i = 0; i <= HOST_MAX_SERIES; i++)
		put_series(&b, "same", 4, 1);
	ck_assert_int_eq(check(&b), -1);
	for (int i = 0; i <= SOURCE_MAX_VCPUS; i++)
		record(&b, HOST_PERF, NULL, 0);
	ck_assert_int_eq(check(&b), -1);
	/* tags of later versions and an empty host are fine */
	record(&b, 77, nul, sizeof(nul));
	record(&b, HOST_PERF, NULL, 0);
	ck_assert_msg(!check(&b), "%s", err.text);
	ck_assert_int_eq(check(&b), 0);
}
END_TEST

START_TEST(bytes_that_are_cut_or_flipped_are_refused_or_harmless)
{
	struct scxray_source source = { 0 };
	size_t refused = 0;

	ck_assert_int_eq(scxray_source_set_host(&source, &full, &err), 0);
	for (size_t size = 0; size < source.host_size; size++) {
		struct image_bytes b = { 0 };

		image_put(&b, source.host, size);
		refused += check(&b) != 0;
	}
	/* a cut between two records leaves a host that knows less */
	ck_assert_uint_gt(refused, source.host_size / 2);
	for (size_t bit = 0; bit < source.host_size * 8; bit++) {
		struct image_bytes b = { 0 };

		image_put(&b, source.host, source.host_size);
		b.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (check(&b))
			ck_assert_str_ne(err.text, "");
	}
	free(source.host);
}
END_TEST

START_TEST(a_core_whose_host_is_broken_is_refused)
{
	struct scxray_source *source;
	struct core_builder builder;
	struct image_bytes file;

	core_builder_init(&builder);
	record(core_builder_part(&builder, CORE_HOST), HOST_TRIGGER, "on demand", 9);
	file = core_builder_file(&builder);
	source = image_open(file.bytes, file.size, &err);
	ck_assert_msg(source, "%s", err.text);
	ck_assert_uint_eq(source->host_size, sizeof(struct host_record) + 9);
	scxray_source_close(source);
	free(file.bytes);
	image_put(core_builder_part(&builder, CORE_HOST), "x", 1);
	file = core_builder_file(&builder);
	ck_assert_ptr_null(image_open(file.bytes, file.size, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "the host knew"));
	free(file.bytes);
	core_builder_deinit(&builder);
}
END_TEST

static const unit_test tests[] = {
	&what_no_core_may_hold_is_refused,
	&broken_bytes_are_refused_with_a_reason,
	&bytes_that_are_cut_or_flipped_are_refused_or_harmless,
	&a_core_whose_host_is_broken_is_refused,
};

UNIT_MAIN("capture_host_broken", tests)
