/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * qmp.c - commands by QEMU's machine protocol, and its events
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "qemu/qmp.h"
#include "watch/now.h"

#define MAX_COMMAND 4096
#define MAX_MESSAGES 10000 /* while one waits for an answer */

/* The next message.  1, or 0 at the deadline, or -1 with *err. */
static int next_message(struct qmp *qmp, uint64_t deadline_ns, struct qmp_message *message,
			struct scxray_error *err)
{
	size_t used;
	int got;

	for (;;) {
		got = qmp_reader_read(&qmp->reader, qmp->chan.buf, qmp->chan.nr, &used, message,
				      err);
		chan_take(&qmp->chan, used);
		if (got)
			return got;
		if (qmp->chan.nr)
			continue;
		switch (chan_wait(&qmp->chan, deadline_ns)) {
		case CHAN_BYTES:
			/* a stranger that never stops to send ends here as well */
			if (now_ns() >= deadline_ns && qmp->chan.nr == qmp->chan.size)
				return 0;
			break;
		case CHAN_ENDED:
			return scxray_fail(err, SCXRAY_ERR_IO, 0, "QEMU has closed its monitor");
		default:
			return 0;
		}
	}
}

/* Events are told; an answer is left to the caller.  1: *message is one; else as above. */
static int next_answer(struct qmp *qmp, uint64_t deadline_ns, struct qmp_message *message,
		       struct scxray_error *err)
{
	for (int i = 0; i < MAX_MESSAGES; i++) {
		int got = next_message(qmp, deadline_ns, message, err);

		if (got <= 0)
			return got;
		if (message->kind != QMP_EVENT)
			return 1;
		if (qmp->on_event)
			qmp->on_event(qmp->arg, message->text, message->data);
		qmp_message_deinit(message);
	}
	return scxray_fail(err, SCXRAY_ERR_FORMAT, 0, "QEMU's monitor sends events without end");
}

int qmp_init(struct qmp *qmp, struct chan *chan, uint64_t deadline_ns, struct scxray_error *err)
{
	struct qmp_message message;
	int got;

	*qmp = (struct qmp){ .chan = *chan };
	*chan = (struct chan){ .fd = -1, .stop_fd = -1 };
	if (qmp_reader_init(&qmp->reader, err))
		return -1;
	got = next_answer(qmp, deadline_ns, &message, err);
	if (!got)
		return scxray_fail(err, SCXRAY_ERR_IO, 0, "the monitor sent no greeting");
	if (got < 0)
		return -1;
	got = message.kind == QMP_GREETING ? 0
					   : scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
							 "the monitor does not greet as QMP does");
	qmp_message_deinit(&message);
	return got ? -1 : qmp_execute(qmp, "qmp_capabilities", NULL, -1, deadline_ns, NULL, err);
}

void qmp_deinit(struct qmp *qmp)
{
	chan_deinit(&qmp->chan);
	qmp_reader_deinit(&qmp->reader);
}

/*
 * The text of a command, for qmp_post(): `arguments` are JSON of an object, or NULL.  Returns its
 * number, or 0: no room in `size` bytes.
 */
static uint64_t qmp_format(struct qmp *qmp, char *text, size_t size, const char *command,
			   const char *arguments)
{
	int nr = snprintf(text, size, "{\"execute\": \"%s\", \"id\": %" PRIu64 "%s%s}\n", command,
			  qmp->last_id + 1, arguments ? ", \"arguments\": " : "",
			  arguments ? arguments : "");

	return nr > 0 && (size_t)nr < size ? ++qmp->last_id : 0;
}

/* Sends what was formatted, one command or several, and a descriptor with it (-1: none). */
static int qmp_post(struct qmp *qmp, const char *text, int fd, uint64_t deadline_ns,
		    struct scxray_error *err)
{
	return chan_send(&qmp->chan, text, strlen(text), fd, deadline_ns, err);
}

/*
 * Waits for the answer to command number `id`; those to earlier ones are dropped.  0, and *result
 * (may be NULL; else to be put) is what was returned; -1 with *err: refused, late, or closed.
 */
static int qmp_wait(struct qmp *qmp, uint64_t id, uint64_t deadline_ns, struct json_object **result,
		    struct scxray_error *err)
{
	struct qmp_message message;
	int got, status = 0;

	/* an answer to a command that was given up may still come */
	do {
		got = next_answer(qmp, deadline_ns, &message, err);
		if (!got)
			return scxray_fail(err, SCXRAY_ERR_IO, 0, "QEMU's monitor does not answer");
		if (got < 0)
			return -1;
		if (message.id < id)
			qmp_message_deinit(&message);
	} while (!message.all);
	if (message.kind == QMP_RETURN && message.id == id) {
		if (result)
			*result = json_object_get(message.data);
	} else if (message.kind == QMP_ERROR) {
		status = scxray_fail(err, SCXRAY_ERR_INVALID, 0, "QEMU refuses: %.200s",
				     message.text);
	} else {
		status = scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
				     "QEMU's monitor answers what was not asked");
	}
	qmp_message_deinit(&message);
	return status;
}

int qmp_execute(struct qmp *qmp, const char *command, const char *arguments, int fd,
		uint64_t deadline_ns, struct json_object **result, struct scxray_error *err)
{
	char text[MAX_COMMAND];
	uint64_t id = qmp_format(qmp, text, sizeof(text), command, arguments);

	if (!id)
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0, "QMP %s: too long", command);
	if (qmp_post(qmp, text, fd, deadline_ns, err))
		return -1;
	return qmp_wait(qmp, id, deadline_ns, result, err);
}

int qmp_pump(struct qmp *qmp, struct scxray_error *err)
{
	struct qmp_message message;
	int got;

	/* answers to what was given up go as well */
	while ((got = next_answer(qmp, 0, &message, err)) > 0)
		qmp_message_deinit(&message);
	return got;
}

bool qmp_quote(const char *text, char *quoted, size_t size)
{
	size_t at = 0;

	if (size < 3)
		return false;
	quoted[at++] = '"';
	for (; *text; text++) {
		if (at + 8 > size)
			return false;
		if (*text == '"' || *text == '\\')
			at += (size_t)sprintf(quoted + at, "\\%c", *text);
		else if ((unsigned char)*text < 0x20)
			at += (size_t)sprintf(quoted + at, "\\u%04x", *text);
		else
			quoted[at++] = *text;
	}
	quoted[at++] = '"';
	quoted[at] = '\0';
	return true;
}
