/* SPDX-License-Identifier: BSD-2-Clause */
/* QMP: messages cut anywhere, events between answers, what is no QMP, and a QEMU that is silent. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qemu/qmp.h"
#include "watch/now.h"

#include "tests/lib/unit.h"

#define GREETING "{\"QMP\": {\"version\": {}, \"capabilities\": [\"oob\"]}}\r\n"
#define AGREED "{\"return\": {}, \"id\": 1}\r\n"

static uint64_t soon(void)
{
	return now_ns() + 100 * NS_PER_MS;
}

/* Feeds the text in pieces of `step` bytes; how many messages came, or -1. */
static int count_messages(const char *text, size_t nr, size_t step, enum qmp_kind *last)
{
	struct scxray_error err = { 0 };
	struct qmp_reader reader;
	int count = 0;

	ck_assert(!qmp_reader_init(&reader, &err));
	for (size_t at = 0; at < nr && count >= 0; at += step) {
		size_t left = nr - at < step ? nr - at : step, from = at, used;

		while (left) {
			struct qmp_message message;
			int got =
				qmp_reader_read(&reader, text + from, left, &used, &message, &err);

			ck_assert(used <= left);
			if (got < 0) {
				ck_assert(err.text[0]);
				count = -1;
				break;
			}
			if (got) {
				*last = message.kind;
				count++;
				qmp_message_deinit(&message);
			}
			from += used;
			left -= used;
		}
	}
	qmp_reader_deinit(&reader);
	return count;
}

START_TEST(messages_come_in_any_pieces)
{
	static const char text[] = GREETING "{\"event\": \"STOP\", \"data\": {}}\n\n"
					    "{\n  \"return\": {\n    \"a\": [1, \"}\"]\n  }\n}\r\n"
					    "{\"error\": {\"class\": \"x\", \"desc\": \"no\"}}\n";
	enum qmp_kind last;

	for (size_t step = 1; step < sizeof(text); step++) {
		ck_assert_int_eq(count_messages(text, sizeof(text) - 1, step, &last), 4);
		ck_assert_int_eq(last, QMP_ERROR);
	}
}
END_TEST

START_TEST(what_is_no_qmp_is_an_error)
{
	static const char *const wrong[] = {
		"hello\n",
		"{\"a\": 1}\n",
		"[1]\n",
		"3 \n",
		"{\"return\"; 1}\n",
		"null\n",
		"\"text\"\n",
		/* deeper than any answer of QEMU's */
		"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\n",
	};
	enum qmp_kind last;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		ck_assert_int_eq(count_messages(wrong[i], strlen(wrong[i]), 7, &last), -1);
}
END_TEST

START_TEST(a_message_without_end_is_cut)
{
	static char many[1 << 20];
	enum qmp_kind last;

	memset(many, ',', sizeof(many));
	for (size_t i = 0; i < sizeof(many); i += 2)
		many[i] = '1';
	many[0] = '[';
	ck_assert_int_eq(count_messages(many, sizeof(many), 4096, &last), -1);
	for (size_t i = 0; i + 3 < sizeof(many); i += 3)
		memcpy(many + i, "[],", 3);
	many[0] = '[';
	many[1] = ' ';
	many[2] = ' ';
	ck_assert_int_eq(count_messages(many, sizeof(many), 4096, &last), -1);
}
END_TEST

struct line {
	struct qmp qmp;
	int other;
};

static void open_line(struct line *line, const char *said)
{
	struct scxray_error err = { 0 };
	struct chan chan;
	int pair[2];

	ck_assert(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	line->other = pair[1];
	ck_assert_int_eq(write(pair[1], said, strlen(said)), (ssize_t)strlen(said));
	ck_assert(!chan_init(&chan, pair[0], 65536, &err));
	ck_assert_msg(!qmp_init(&line->qmp, &chan, soon(), &err), "%s", err.text);
}

static void close_line(struct line *line)
{
	qmp_deinit(&line->qmp);
	if (line->other >= 0)
		close(line->other);
}

static void count_event(void *arg, const char *name, struct json_object *data)
{
	int *count = arg;

	(void)data;
	*count += !strcmp(name, "STOP");
}

START_TEST(events_between_answers_are_told)
{
	struct scxray_error err = { 0 };
	struct json_object *result = NULL;
	struct line line;
	int count = 0;

	open_line(&line, GREETING AGREED
		  "{\"event\": \"STOP\"}\n{\"return\": {\"status\": \"x\"}, \"id\": 2}\n"
		  "{\"event\": \"STOP\"}\n");
	line.qmp.on_event = count_event;
	line.qmp.arg = &count;
	ck_assert(!qmp_execute(&line.qmp, "query-status", NULL, -1, soon(), &result, &err));
	ck_assert_int_eq(count, 1);
	ck_assert_str_eq(json_object_get_string(qmp_member(result, "status", json_type_string)),
			 "x");
	json_object_put(result);
	ck_assert(!qmp_pump(&line.qmp, &err));
	ck_assert_int_eq(count, 2);
	close_line(&line);
}
END_TEST

START_TEST(an_answer_that_was_given_up_is_not_the_next_ones)
{
	struct scxray_error err = { 0 };
	struct json_object *result = NULL;
	struct line line;
	static const char late[] =
		"{\"return\": \"old\", \"id\": 2}\n{\"return\": \"new\", \"id\": 3}\n";

	open_line(&line, GREETING AGREED);
	ck_assert(qmp_execute(&line.qmp, "slow", NULL, -1, now_ns(), NULL, &err));
	ck_assert(strstr(err.text, "does not answer"));
	ck_assert_int_gt(write(line.other, late, sizeof(late) - 1), 0);
	ck_assert(!qmp_execute(&line.qmp, "next", NULL, -1, soon(), &result, &err));
	ck_assert_str_eq(json_object_get_string(result), "new");
	json_object_put(result);
	close_line(&line);
}
END_TEST

START_TEST(refusals_and_the_end_are_errors)
{
	struct scxray_error err = { 0 };
	struct line line;

	open_line(&line, GREETING AGREED "{\"error\": {\"desc\": \"a dump runs\"}, \"id\": 2}\n");
	ck_assert(qmp_execute(&line.qmp, "stop", NULL, -1, soon(), NULL, &err));
	ck_assert(strstr(err.text, "a dump runs"));
	close(line.other);
	line.other = -1;
	ck_assert(qmp_execute(&line.qmp, "stop", NULL, -1, soon(), NULL, &err));
	ck_assert(strstr(err.text, "closed"));
	ck_assert(qmp_pump(&line.qmp, &err));
	close_line(&line);
}
END_TEST

START_TEST(a_descriptor_is_passed)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	char bytes[512];
	struct iovec iov = { .iov_base = bytes, .iov_len = sizeof(bytes) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.buf,
			      .msg_controllen = sizeof(control.buf) };
	struct scxray_error err = { 0 };
	struct line line;
	ssize_t nr;

	open_line(&line, GREETING AGREED "{\"return\": {}, \"id\": 2}\n");
	nr = read(line.other, bytes, sizeof(bytes));
	ck_assert_int_gt(nr, 0);
	ck_assert(!qmp_execute(&line.qmp, "getfd", "{\"fdname\": \"x\"}", STDOUT_FILENO, soon(),
			       NULL, &err));
	nr = recvmsg(line.other, &msg, 0);
	ck_assert_int_gt(nr, 0);
	ck_assert(CMSG_FIRSTHDR(&msg) && CMSG_FIRSTHDR(&msg)->cmsg_type == SCM_RIGHTS);
	bytes[nr] = '\0';
	ck_assert_str_eq(
		bytes, "{\"execute\": \"getfd\", \"id\": 2, \"arguments\": {\"fdname\": \"x\"}}\n");
	close_line(&line);
}
END_TEST

START_TEST(texts_are_quoted)
{
	char text[32];

	ck_assert(qmp_quote("a\"\\\n", text, sizeof(text)));
	ck_assert_str_eq(text, "\"a\\\"\\\\\\u000a\"");
	ck_assert(!qmp_quote("0123456789012345678901234567890123", text, sizeof(text)));
}
END_TEST

static const unit_test tests[] = {
	&messages_come_in_any_pieces,
	&what_is_no_qmp_is_an_error,
	&a_message_without_end_is_cut,
	&events_between_answers_are_told,
	&an_answer_that_was_given_up_is_not_the_next_ones,
	&refusals_and_the_end_are_errors,
	&a_descriptor_is_passed,
	&texts_are_quoted,
};
UNIT_MAIN("qemu_qmp", tests)
