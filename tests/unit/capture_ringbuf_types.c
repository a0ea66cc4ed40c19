/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What structs the records of a ring buffer may be: the one that has their size and whose
 * members they can be.
 */
#include <string.h>

#include <scxray/map.h>

#include "capture/map/map.h"
#include "capture/read/read.h"
#include "tests/lib/unit.h"

/* struct asked { char comm[8]; void *task; u64 when; bool done; }; */
struct asked {
	char comm[8];
	uint64_t task, when;
	uint8_t done, pad[7];
};

static struct walk w;
static struct types types;
static uint32_t asked_id;
static struct asked bytes[2];
static struct scxray_ringbuf_record records[2];
static struct scxray_ringbuf ring = { .records = records, .nr_records = 2 };

static void setup(void)
{
	struct btf *btf = btf__new_empty();
	int u64 = btf__add_int(btf, "u64", 8, 0), u32 = btf__add_int(btf, "u32", 4, 0);
	int comm = btf__add_array(btf, u32, btf__add_int(btf, "char", 1, BTF_INT_SIGNED), 8);
	int flag = btf__add_int(btf, "_Bool", 1, BTF_INT_BOOL),
	    words = btf__add_array(btf, u32, u64, 4);
	int ptr = btf__add_ptr(btf, 0);
	struct scxray_error err;
	const void *raw;
	uint32_t size;

	asked_id = (uint32_t)btf__add_struct(btf, "asked", sizeof(struct asked));
	btf__add_field(btf, "comm", comm, 0, 0);
	btf__add_field(btf, "task", ptr, 64, 0);
	btf__add_field(btf, "when", u64, 128, 0);
	btf__add_field(btf, "done", flag, 192, 0);
	btf__add_struct(btf, "other", 16);
	btf__add_struct(btf, "", sizeof(struct asked));
	btf__add_field(btf, "words", words, 0, 0);
	raw = btf__raw_data(btf, &size);
	ck_assert_int_eq(types_parse(&types, raw, size, &err), 0);
	btf__free(btf);
	for (int i = 0; i < 2; i++) {
		bytes[i] = (struct asked){ "busy0", 0xffff888000001000ULL, 77, 1, { 0 } };
		records[i] = (struct scxray_ringbuf_record){
			.len = sizeof(struct asked),
			.captured = sizeof(struct asked),
			.bytes = (const uint8_t *)&bytes[i],
		};
	}
}

static void teardown(void)
{
	types_deinit(&types);
}

static uint32_t type_of(int i)
{
	records[0].type_id = records[1].type_id = 0;
	map_type_records_of(&w, &ring, &types, NULL);
	ck_assert((records[i].btf != NULL) == (records[i].type_id != 0));
	return records[i].type_id;
}

START_TEST(the_only_struct_of_their_size)
{
	ck_assert_uint_eq(type_of(0), asked_id);
	ck_assert_uint_eq(type_of(1), asked_id);
}
END_TEST

START_TEST(a_record_that_it_cannot_be_speaks_for_all)
{
	bytes[1].done = 2;
	ck_assert_uint_eq(type_of(0), 0);
	bytes[1].done = 1;
	bytes[1].task = 0x1234567890abcdefULL;
	ck_assert_uint_eq(type_of(0), 0);
	bytes[1].task = 0;
	bytes[1].comm[2] = 1;
	ck_assert_uint_eq(type_of(0), 0);
	/* one that is not written yet says nothing */
	records[1].busy = true;
	ck_assert_uint_eq(type_of(0), asked_id);
	ck_assert_uint_eq(type_of(1), 0);
}
END_TEST

START_TEST(a_record_of_another_size_is_bytes)
{
	records[1].len = records[1].captured = 24;
	ck_assert_uint_eq(type_of(1), 0);
	ck_assert_uint_eq(type_of(0), asked_id);
}
END_TEST

static const unit_test tests[] = {
	&the_only_struct_of_their_size,
	&a_record_that_it_cannot_be_speaks_for_all,
	&a_record_of_another_size_is_bytes,
};

UNIT_MAIN_AROUND("capture_ringbuf_types", tests, setup, teardown)
