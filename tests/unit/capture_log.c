/* SPDX-License-Identifier: BSD-2-Clause */
/* walk_log.c: records in their order, of every state, wrapped, torn and cut. */
#include <string.h>

#include <scxray/group.h>
#include <scxray/log.h>
#include <scxray/report_struct.h>

#include "capture/walk/walkers.h"
#include "tests/lib/btf_builder.h"
#include "tests/lib/unit.h"
#include "tests/lib/walk_builder.h"

#define PRB_POINTER GUEST_KVA
#define PRB (GUEST_KVA + 0x100)
#define DESCS (GUEST_KVA + 0x1000)
#define INFOS (GUEST_KVA + 0x2000)
#define DATA (GUEST_KVA + 0x3000)
#define UNMAPPED (GUEST_KVA + 0x40000000)
#define COUNT_BITS 3u
#define SIZE_BITS 8u
#define DESC_SIZE 24u
#define INFO_SIZE 32u
#define FIRST_ID 13u /* not a multiple of the ring's size */

enum state {
	RESERVED,
	COMMITTED,
	FINALIZED,
	REUSABLE
};

static struct walk_fixture f;
static struct scxray_report report;
static uint64_t next_id, next_lpos;

static void make_types(struct btf_builder *b)
{
	uint32_t u64 = btf_builder_int(b, "u64", 8, false), u32, u16, u8, lpos, desc, info, data;
	uint32_t descs, infos, desc_ring, data_ring;

	u32 = btf_builder_int(b, "u32", 4, false);
	u16 = btf_builder_int(b, "u16", 2, false);
	u8 = btf_builder_int(b, "u8", 1, false);
	lpos = BTF_STRUCT(b, "prb_data_blk_lpos", 16, { "begin", u64, 0, 0 },
			  { "next", u64, 64, 0 });
	desc = BTF_STRUCT(b, "prb_desc", DESC_SIZE, { "state_var", u64, 0, 0 },
			  { "text_blk_lpos", lpos, 64, 0 });
	info = BTF_STRUCT(b, "printk_info", INFO_SIZE, { "seq", u64, 0, 0 },
			  { "ts_nsec", u64, 64, 0 }, { "text_len", u16, 128, 0 },
			  { "facility", u8, 144, 0 }, { "flags", u8, 152, 5 },
			  { "level", u8, 157, 3 }, { "caller_id", u32, 160, 0 });
	descs = btf_builder_ref(b, NULL, BTF_KIND_PTR, desc);
	infos = btf_builder_ref(b, NULL, BTF_KIND_PTR, info);
	data = btf_builder_ref(b, NULL, BTF_KIND_PTR, u8);
	desc_ring = BTF_STRUCT(b, "prb_desc_ring", 40, { "count_bits", u32, 0, 0 },
			       { "descs", descs, 64, 0 }, { "infos", infos, 128, 0 },
			       { "head_id", u64, 192, 0 }, { "tail_id", u64, 256, 0 });
	data_ring = BTF_STRUCT(b, "prb_data_ring", 16, { "size_bits", u32, 0, 0 },
			       { "data", data, 64, 0 });
	BTF_STRUCT(b, "printk_ringbuffer", 56, { "desc_ring", desc_ring, 0, 0 },
		   { "text_data_ring", data_ring, 320, 0 });
}

static void start(void)
{
	static const uint8_t zero[256];

	walk_fixture_start(&f, make_types, &report);
	f.kernel.layout.symbol[S_prb] = PRB_POINTER;
	guest_put_u64(&f.b, PRB_POINTER, PRB);
	guest_put_u32(&f.b, PRB, COUNT_BITS);
	guest_put_u64(&f.b, PRB + 8, DESCS);
	guest_put_u64(&f.b, PRB + 16, INFOS);
	guest_put_u64(&f.b, PRB + 24, FIRST_ID);
	guest_put_u64(&f.b, PRB + 32, FIRST_ID);
	guest_put_u32(&f.b, PRB + 40, SIZE_BITS);
	guest_put_u64(&f.b, PRB + 48, DATA);
	guest_put(&f.b, DATA, zero, sizeof(zero));
	next_id = FIRST_ID;
	next_lpos = 5ULL << SIZE_BITS; /* some rounds have gone by */
}

static uint64_t desc_of(uint64_t id)
{
	return DESCS + DESC_SIZE * (id & ((1u << COUNT_BITS) - 1));
}

static void put_desc(uint64_t id, enum state state, uint64_t begin, uint64_t next)
{
	guest_put_u64(&f.b, desc_of(id), id | (uint64_t)state << 62);
	guest_put_u64(&f.b, desc_of(id) + 8, begin);
	guest_put_u64(&f.b, desc_of(id) + 16, next);
	guest_put_u64(&f.b, PRB + 24, id); /* the head */
}

static void put_info(uint64_t id, size_t len, uint32_t caller)
{
	uint64_t info = INFOS + INFO_SIZE * (id & ((1u << COUNT_BITS) - 1));
	uint8_t bytes[4] = { (uint8_t)len, (uint8_t)(len >> 8), 1, 6 << 5 | 2 };

	guest_put_u64(&f.b, info, 1000 + id);
	guest_put_u64(&f.b, info + 8, id * 1000000);
	guest_put(&f.b, info + 16, bytes, sizeof(bytes));
	guest_put_u32(&f.b, info + 20, caller);
}

/* The next record, its text as the kernel places it: never over the ring's end. */
static uint64_t put_record(enum state state, const char *text, uint32_t caller)
{
	uint64_t size = 8 + ((strlen(text) + 7) & ~7ULL), id = next_id++, begin = next_lpos;
	uint64_t ring = 1ULL << SIZE_BITS, at = begin & (ring - 1);

	next_lpos += size;
	if (at + size > ring) {
		next_lpos = (begin & ~(ring - 1)) + ring + size;
		at = 0;
	}
	guest_put_u64(&f.b, DATA + at, id);
	guest_put(&f.b, DATA + at + 8, text, strlen(text));
	put_desc(id, state, begin, next_lpos);
	put_info(id, strlen(text), caller);
	return id;
}

START_TEST(records_come_oldest_first_with_all_that_is_known)
{
	const struct scxray_log_record *r;

	start();
	put_record(REUSABLE, "long gone", 1);
	put_record(FINALIZED, "first", 132);
	put_record(COMMITTED, "second\nline", 0x80000001);
	walk_log(&f.walk);
	ck_assert_ptr_null(report.unavailable[SCXRAY_GROUP_LOG]);
	ck_assert_ptr_null(report.cut[SCXRAY_GROUP_LOG]);
	ck_assert_uint_eq(report.nr_log, 2);
	r = report.log;
	ck_assert_str_eq(r[0].text.bytes, "first");
	ck_assert_uint_eq(r[0].seq.value, 1000 + FIRST_ID + 1);
	ck_assert_uint_eq(r[0].ts_ns.value, (FIRST_ID + 1) * 1000000);
	ck_assert_uint_eq(r[0].level.value, 6);
	ck_assert_uint_eq(r[0].facility.value, 1);
	ck_assert_str_eq(r[0].caller, "T132");
	ck_assert_ptr_null(r[0].state);
	ck_assert_str_eq(r[1].text.bytes, "second\nline");
	ck_assert_str_eq(r[1].caller, "C1");
	ck_assert_str_eq(r[1].state, "committed");
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(texts_at_the_rings_end_are_whole)
{
	/* 8 + 120, 8 + 112 and 8 + 8: the last one would start at 248; and one that fits exactly */
	static const struct {
		size_t second, third;
	} cases[] = { { 112, 8 }, { 112, 1 }, { 120, 8 } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[200];

		start();
		memset(text, 'a', sizeof(text));
		text[120] = '\0';
		put_record(FINALIZED, text, 1);
		text[cases[i].second] = '\0';
		put_record(FINALIZED, text, 1);
		text[cases[i].third] = '\0';
		put_record(FINALIZED, text, 1);
		walk_log(&f.walk);
		ck_assert_uint_eq(report.nr_log, 3);
		ck_assert_int_eq(report.log[1].text.state, SCXRAY_PRESENT);
		ck_assert_uint_eq(report.log[1].text.len, cases[i].second);
		ck_assert_int_eq(report.log[2].text.state, SCXRAY_PRESENT);
		ck_assert_uint_eq(report.log[2].text.len, cases[i].third);
		ck_assert_str_eq(report.log[2].text.bytes, text);
		walk_fixture_deinit(&f);
	}
}
END_TEST

START_TEST(what_is_torn_says_so_and_hides_no_other_record)
{
	static const char *const reasons[] = {
		"torn: it was being written",
		"torn: it was being written",
		"torn: another record is in its place",
		"torn: its place in the ring makes no sense",
		"the kernel had no room for it",
	};
	uint64_t id;

	start();
	put_record(RESERVED, "", 1);
	id = put_record(FINALIZED, "its descriptor belongs to a later one", 1);
	guest_put_u64(&f.b, desc_of(id), (id + 8) | 2ULL << 62);
	id = put_record(FINALIZED, "overwritten", 1);
	guest_put_u64(&f.b, DATA + ((next_lpos - 24) & 255), id + 64);
	id = put_record(FINALIZED, "nowhere", 1);
	guest_put_u64(&f.b, desc_of(id) + 16, next_lpos - 12); /* no room for the id */
	put_desc(next_id, FINALIZED, 1, 1);
	put_info(next_id++, 5, 1);
	put_desc(next_id, FINALIZED, 3, 3);
	put_info(next_id++, 0, 1);
	put_record(FINALIZED, "whole", 1);
	walk_log(&f.walk);
	ck_assert_uint_eq(report.nr_log, 7);
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		ck_assert_int_eq(report.log[i].text.state, SCXRAY_UNREADABLE);
		ck_assert_str_eq(report.log[i].text.reason, reasons[i]);
	}
	ck_assert_str_eq(report.log[0].state, "reserved");
	ck_assert_int_eq(report.log[5].text.state, SCXRAY_PRESENT);
	ck_assert_uint_eq(report.log[5].text.len, 0);
	ck_assert_str_eq(report.log[6].text.bytes, "whole");
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(a_length_beyond_its_place_is_no_reason_to_read_on)
{
	start();
	put_record(FINALIZED, "12345678", 1);
	put_info(FIRST_ID, 60000, 1);
	walk_log(&f.walk);
	ck_assert_uint_eq(report.log[0].text.len, 8);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(the_last_ones_are_kept_and_the_cut_said)
{
	start();
	for (int i = 0; i < 8; i++)
		put_record(FINALIZED, i < 5 ? "old" : "new", 1);
	f.walk.settings.max_log_records = 3;
	walk_log(&f.walk);
	ck_assert_uint_eq(report.nr_log, 3);
	ck_assert_uint_eq(report.log_total.value, 8);
	ck_assert_str_eq(report.cut[SCXRAY_GROUP_LOG], "the last 3 of 8 records");
	ck_assert_str_eq(report.log[0].text.bytes, "new");
	ck_assert_uint_eq(report.log[2].seq.value, 1000 + FIRST_ID + 7);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(a_header_that_makes_no_sense_is_the_reason)
{
	static const struct {
		uint64_t at, value;
		const char *reason;
	} cases[] = {
		{ PRB, 27, "makes no sense" },	     /* count_bits */
		{ PRB + 40, 31, "makes no sense" },  /* size_bits */
		{ PRB + 24, 999, "makes no sense" }, /* more records than descriptors */
		{ PRB_POINTER, UNMAPPED, "page not mapped" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		start();
		put_record(FINALIZED, "text", 1);
		guest_put_u64(&f.b, cases[i].at, cases[i].value);
		walk_log(&f.walk);
		ck_assert_uint_eq(report.nr_log, 0);
		ck_assert_ptr_nonnull(
			strstr(report.unavailable[SCXRAY_GROUP_LOG], cases[i].reason));
		walk_fixture_deinit(&f);
	}
	start();
	f.kernel.layout.symbol[S_prb] = 0;
	walk_log(&f.walk);
	ck_assert_str_eq(report.unavailable[SCXRAY_GROUP_LOG], "this kernel has no prb");
	walk_fixture_deinit(&f);
}
END_TEST

static const unit_test tests[] = {
	&records_come_oldest_first_with_all_that_is_known,
	&texts_at_the_rings_end_are_whole,
	&what_is_torn_says_so_and_hides_no_other_record,
	&a_length_beyond_its_place_is_no_reason_to_read_on,
	&the_last_ones_are_kept_and_the_cut_said,
	&a_header_that_makes_no_sense_is_the_reason,
};

UNIT_MAIN("capture_log", tests)
