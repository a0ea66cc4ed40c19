/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * qmp_reader.h - from the bytes of a QMP socket to its messages
 *
 * A message is one JSON object, on a line or (QEMU's -qmp-pretty) on several.  The bytes are a
 * stranger's: size, depth and number of values are bounded.
 */
#ifndef QEMU_QMP_READER_H
#define QEMU_QMP_READER_H

#include <json-c/json.h>
#include <stddef.h>
#include <stdint.h>

#include <scxray/error.h>

struct qmp_reader {
	struct json_tokener *tokener;
	/* of the message that is being read */
	size_t bytes;
	size_t containers;
	size_t values;
};

enum qmp_kind {
	QMP_GREETING, /* {"QMP": ...} */
	QMP_RETURN,
	QMP_ERROR,
	QMP_EVENT,
};

struct qmp_message {
	enum qmp_kind kind;
	uint64_t id;		  /* of the command that it answers; 0: none, or not ours */
	const char *text;	  /* of an event its name, of an error its description */
	struct json_object *data; /* what is returned, an event's data; NULL: nothing */
	struct json_object *all;  /* owns the rest */
};

/* 0, or -1: out of memory.  deinit in either case. */
int qmp_reader_init(struct qmp_reader *reader, struct scxray_error *err);
void qmp_reader_deinit(struct qmp_reader *reader);

/*
 * Reads on with `nr` more bytes, of which *used are taken.  1: *message is complete, for the caller
 * to deinit; 0: it goes on in bytes that have not come; -1 with *err: that is no QMP.
 */
int qmp_reader_read(struct qmp_reader *reader, const char *bytes, size_t nr, size_t *used,
		    struct qmp_message *message, struct scxray_error *err);
void qmp_message_deinit(struct qmp_message *message);

/* A member of an object by its name, if it is of that type; else NULL, and so it is of NULL. */
struct json_object *qmp_member(struct json_object *object, const char *name, enum json_type type);

#endif
