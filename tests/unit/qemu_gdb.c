/* SPDX-License-Identifier: BSD-2-Clause */
/* The gdbstub's packets, and a client that waits for them. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qemu/gdb.h"
#include "watch/now.h"

#include "tests/lib/unit.h"

static uint64_t soon(void)
{
	return now_ns() + 100 * NS_PER_MS;
}

START_TEST(packets_are_read_and_checked)
{
	static const struct {
		const char *bytes;
		int got;
		size_t used;
		const char *data;
	} rows[] = {
		{ "+$OK#9a", 1, 7, "OK" }, { "$OK#9a$OK#9a", 1, 6, "OK" },
		{ "+++", 0, 3, NULL },	   { "", 0, 0, NULL },
		{ "$OK#9", 0, 0, NULL },   { "+$OK", 0, 1, NULL },
		{ "$#00", 1, 4, "" },	   { "$OK#9b", -1, 6, NULL },
		{ "$OK#zz", -1, 6, NULL },
	};
	struct gdb_packet packet;
	size_t used;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		ck_assert_int_eq(
			gdb_packet_read(rows[i].bytes, strlen(rows[i].bytes), &used, &packet),
			rows[i].got);
		ck_assert_uint_eq(used, rows[i].used);
		if (rows[i].data)
			ck_assert_str_eq(packet.data, rows[i].data);
	}
}
END_TEST

START_TEST(a_packet_without_end_is_no_packet)
{
	static char bytes[3 * GDB_MAX_PACKET];
	struct gdb_packet packet;
	size_t used;

	memset(bytes, 'a', sizeof(bytes));
	bytes[0] = '$';
	ck_assert_int_eq(gdb_packet_read(bytes, sizeof(bytes), &used, &packet), -1);
	ck_assert_uint_eq(used, sizeof(bytes));
	memcpy(bytes + sizeof(bytes) - 3, "#00", 3);
	ck_assert_int_eq(gdb_packet_read(bytes, sizeof(bytes), &used, &packet), -1);
	ck_assert_uint_gt(used, 0);
}
END_TEST

START_TEST(stops_are_told_apart)
{
	static const struct {
		const char *data;
		struct gdb_stop want;
	} rows[] = {
		{ "T05thread:01;watch:ffff9b4204a1c0e8;",
		  { true, 5, 1, true, 0xffff9b4204a1c0e8 } },
		{ "T05watch:10;thread:p01.0b;", { true, 5, 11, true, 0x10 } },
		{ "T02thread:02;", { true, 2, 2, false, 0 } },
		{ "S05", { true, 5, 0, false, 0 } },
		{ "T05", { true, 5, 0, false, 0 } },
		{ "T05;;:;thread;", { true, 5, 0, false, 0 } },
		{ "Tx5thread:01;", { 0 } },
		{ "T", { 0 } },
		{ "OK", { 0 } },
		{ "", { 0 } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct gdb_stop stop;

		gdb_stop_parse(rows[i].data, &stop);
		ck_assert(stop.valid == rows[i].want.valid && stop.signal == rows[i].want.signal &&
			  stop.thread == rows[i].want.thread && stop.watch == rows[i].want.watch &&
			  stop.watch_kva == rows[i].want.watch_kva);
	}
}
END_TEST

static int open_stub(struct gdb *gdb, const char *said)
{
	struct scxray_error err = { 0 };
	int pair[2];

	ck_assert(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	ck_assert_int_gt(write(pair[1], said, strlen(said)), 0);
	ck_assert_msg(!gdb_init(gdb, pair[0], soon(), &err), "%s", err.text);
	return pair[1];
}

START_TEST(a_watchpoint_is_set_and_hit)
{
	static const char hit[] = "$T05thread:02;watch:ffffffff81000000;#00";
	struct scxray_error err = { 0 };
	struct gdb_stop stop;
	char bytes[256] = "";
	struct gdb gdb;
	size_t nr;
	int other = open_stub(&gdb, "+$T05thread:01;#07");

	ck_assert_int_gt(read(other, bytes, sizeof(bytes)), 0);
	ck_assert_int_gt(write(other, "+$OK#9a", 7), 0);
	ck_assert(!gdb_watch(&gdb, true, 0xffffffff81000000, 4, soon(), &err));
	memset(bytes, 0, sizeof(bytes));
	ck_assert_int_gt(read(other, bytes, sizeof(bytes) - 1), 0);
	ck_assert_ptr_nonnull(strstr(bytes, "$Z2,ffffffff81000000,4#"));
	ck_assert(!gdb_continue(&gdb, soon(), &err));
	ck_assert_int_eq(gdb_wait_stop(&gdb, now_ns(), &stop, &err), 0);
	nr = gdb_packet_write("T05thread:02;watch:ffffffff81000000;", bytes, sizeof(bytes));
	ck_assert_uint_eq(nr, sizeof(hit) - 1);
	ck_assert_int_gt(write(other, bytes, nr), 0);
	ck_assert_int_eq(gdb_wait_stop(&gdb, soon(), &stop, &err), 1);
	ck_assert(stop.watch && stop.thread == 2);
	gdb_deinit(&gdb);
	close(other);
}
END_TEST

START_TEST(refusal_silence_and_the_end_are_errors)
{
	struct scxray_error err = { 0 };
	struct gdb gdb;
	int other = open_stub(&gdb, "+$S05#b8");

	ck_assert_int_gt(write(other, "+$E22#a9", 8), 0);
	ck_assert(gdb_watch(&gdb, true, 1, 4, soon(), &err));
	ck_assert_ptr_nonnull(strstr(err.text, "E22"));
	ck_assert_int_gt(write(other, "+$#00", 5), 0);
	ck_assert(gdb_watch(&gdb, true, 1, 4, soon(), &err));
	ck_assert_ptr_nonnull(strstr(err.text, "unknown to it"));
	ck_assert(gdb_watch(&gdb, true, 1, 4, now_ns(), &err));
	ck_assert_ptr_nonnull(strstr(err.text, "does not answer"));
	close(other);
	ck_assert(gdb_watch(&gdb, true, 1, 4, soon(), &err));
	gdb_deinit(&gdb);
}
END_TEST

START_TEST(a_stub_that_knows_processes_is_left_by_number)
{
	struct scxray_error err = { 0 };
	char bytes[256] = "";
	struct gdb gdb;
	int other = open_stub(&gdb, "+$S05#b8");

	ck_assert_int_gt(write(other, "+$E22#a9+$OK#9a", 15), 0);
	ck_assert(!gdb_detach(&gdb, soon(), &err));
	ck_assert_int_gt(read(other, bytes, sizeof(bytes) - 1), 0);
	ck_assert_ptr_nonnull(strstr(bytes, "$D#"));
	ck_assert_ptr_nonnull(strstr(bytes, "$D;1#"));
	gdb_deinit(&gdb);
	close(other);
}
END_TEST

static const unit_test tests[] = {
	&packets_are_read_and_checked,
	&a_packet_without_end_is_no_packet,
	&stops_are_told_apart,
	&a_watchpoint_is_set_and_hit,
	&refusal_silence_and_the_end_are_errors,
	&a_stub_that_knows_processes_is_left_by_number,
};
UNIT_MAIN("qemu_gdb", tests)
