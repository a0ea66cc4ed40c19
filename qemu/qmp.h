/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * qmp.h - commands by QEMU's machine protocol, and its events
 *
 * Commands may be sent several at a time; QEMU answers them in that order.  Events come between
 * answers, and go to a function of the user's.  One thread.
 */
#ifndef QEMU_QMP_H
#define QEMU_QMP_H

#include "qemu/chan.h"
#include "qemu/qmp_reader.h"

typedef void qmp_on_event(void *arg, const char *name, struct json_object *data);

struct qmp {
	struct chan chan;
	struct qmp_reader reader;
	uint64_t last_id;
	qmp_on_event *on_event;
	void *arg;
};

/*
 * After the greeting is in `chan`, which is taken over, or is to come until the deadline: agrees on
 * capabilities.  `qmp` must not move.  0, or -1 with *err; deinit in either case.
 */
int qmp_init(struct qmp *qmp, struct chan *chan, uint64_t deadline_ns, struct scxray_error *err);
void qmp_deinit(struct qmp *qmp);

/* All of that in one. */
int qmp_execute(struct qmp *qmp, const char *command, const char *arguments, int fd,
		uint64_t deadline_ns, struct json_object **result, struct scxray_error *err);

/* Takes the events that have come, without waiting.  0, or -1 with *err: closed. */
int qmp_pump(struct qmp *qmp, struct scxray_error *err);

/* `text` as a JSON string, with its quotes: into `size` bytes.  False: no room. */
bool qmp_quote(const char *text, char *quoted, size_t size);

#endif
