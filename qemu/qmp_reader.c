/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * qmp_reader.c - from the bytes of a QMP socket to its messages
 */
#include <stdbool.h>
#include <string.h>

#include "qemu/qmp_reader.h"

/*
 * The longest answer is that of "info mtree -f", with a table for each vCPU.  A value costs json-c
 * some 60 bytes, an array or object some 400: so these are what bounds memory.
 */
#define MAX_BYTES (16u << 20)
#define MAX_CONTAINERS 20000
#define MAX_VALUES 400000
#define MAX_DEPTH 24

int qmp_reader_init(struct qmp_reader *reader, struct scxray_error *err)
{
	*reader = (struct qmp_reader){ .tokener = json_tokener_new_ex(MAX_DEPTH) };
	return reader->tokener ? 0 : scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
}

void qmp_reader_deinit(struct qmp_reader *reader)
{
	if (reader->tokener)
		json_tokener_free(reader->tokener);
	*reader = (struct qmp_reader){ 0 };
}

void qmp_message_deinit(struct qmp_message *message)
{
	json_object_put(message->all);
	*message = (struct qmp_message){ 0 };
}

struct json_object *qmp_member(struct json_object *object, const char *name, enum json_type type)
{
	struct json_object *member = NULL;

	if (!object || !json_object_is_type(object, json_type_object) ||
	    !json_object_object_get_ex(object, name, &member) || !member ||
	    !json_object_is_type(member, type))
		return NULL;
	return member;
}

/* False where it has more of anything than QEMU has reason to send. */
static bool within_bounds(struct qmp_reader *reader, const char *bytes, size_t nr)
{
	reader->bytes += nr;
	for (size_t i = 0; i < nr; i++) {
		reader->containers += bytes[i] == '{' || bytes[i] == '[';
		reader->values += bytes[i] == ',';
	}
	return reader->bytes <= MAX_BYTES && reader->containers <= MAX_CONTAINERS &&
	       reader->values <= MAX_VALUES;
}

static const char *text_of(struct json_object *object, const char *name)
{
	struct json_object *text = qmp_member(object, name, json_type_string);

	return text ? json_object_get_string(text) : "";
}

/* Takes `all` over.  1, or -1: not of QMP's forms. */
static int classify(struct json_object *all, struct qmp_message *message, struct scxray_error *err)
{
	struct json_object *id = qmp_member(all, "id", json_type_int), *member = NULL;

	*message = (struct qmp_message){ .all = all };
	message->id = id ? json_object_get_uint64(id) : 0;
	if (json_object_is_type(all, json_type_object)) {
		if (json_object_object_get_ex(all, "return", &message->data)) {
			message->kind = QMP_RETURN;
			return 1;
		}
		if (*text_of(all, "event")) {
			message->kind = QMP_EVENT;
			message->text = text_of(all, "event");
			message->data = qmp_member(all, "data", json_type_object);
			return 1;
		}
		member = qmp_member(all, "error", json_type_object);
		if (member) {
			message->kind = QMP_ERROR;
			message->text = text_of(member, "desc");
			return 1;
		}
		message->data = qmp_member(all, "QMP", json_type_object);
		if (message->data) {
			message->kind = QMP_GREETING;
			return 1;
		}
	}
	qmp_message_deinit(message);
	return scxray_fail(err, SCXRAY_ERR_FORMAT, 0, "the monitor sent JSON that is no QMP");
}

int qmp_reader_read(struct qmp_reader *reader, const char *bytes, size_t nr, size_t *used,
		    struct qmp_message *message, struct scxray_error *err)
{
	struct json_object *all;
	enum json_tokener_error error;

	*used = 0;
	/* between messages; the tokener would read a line's end as the begin of a value */
	while (!reader->bytes && *used < nr && strchr(" \t\r\n", bytes[*used]) && bytes[*used])
		++*used;
	bytes += *used;
	nr -= *used;
	if (!nr)
		return 0;
	if (nr > MAX_BYTES)
		nr = MAX_BYTES;
	all = json_tokener_parse_ex(reader->tokener, bytes, (int)nr);
	error = json_tokener_get_error(reader->tokener);
	if (error == json_tokener_success)
		nr = json_tokener_get_parse_end(reader->tokener);
	*used += nr;
	if (!within_bounds(reader, bytes, nr)) {
		json_object_put(all);
		return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
				   "the monitor sent a message beyond all bounds (%zu bytes)",
				   reader->bytes);
	}
	if (error == json_tokener_continue)
		return 0;
	reader->bytes = reader->containers = reader->values = 0;
	if (error == json_tokener_success && all)
		return classify(all, message, err);
	json_object_put(all);
	return scxray_fail(err, SCXRAY_ERR_FORMAT, 0, "the monitor sent no JSON: %s",
			   error == json_tokener_success ? "null" : json_tokener_error_desc(error));
}
