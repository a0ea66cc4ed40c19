/* SPDX-License-Identifier: BSD-2-Clause */
/* stack.c - stacks as JSON: each frame with its symbol, those in BPF programs with their line of source */
#include <base/array.h>

#include "render/json/report.h"
#include "render/json/tables.h"
#include "render/out/field.h"

static const struct field frame_fields[] = {
	FIELD(scxray_address, addr, "addr", FIELD_ADDR),
	FIELD(scxray_address, symbol, "symbol", FIELD_STRING),
};
const struct field_table json_frame_table = FIELD_TABLE(frame_fields);

static const struct field line_fields[] = {
	FIELD(scxray_bpf_line, function, "function", FIELD_TEXT),
	FIELD(scxray_bpf_line, file, "file", FIELD_TEXT),
	FIELD(scxray_bpf_line, line, "line", FIELD_NUM),
	FIELD(scxray_bpf_line, column, "column", FIELD_NUM),
	FIELD(scxray_bpf_line, text, "text", FIELD_TEXT),
};
const struct field_table json_line_table = FIELD_TABLE(line_fields);

void json_frames(struct json *j, const char *key, const struct scxray_address *frames, size_t nr)
{
	if (!nr)
		return;
	json_key(j, key);
	json_array(j);
	for (size_t i = 0; i < nr; i++) {
		json_object(j);
		json_fields(j, frame_fields, ARRAY_SIZE(frame_fields), &frames[i]);
		if (frames[i].bpf)
			json_fields(j, line_fields, ARRAY_SIZE(line_fields), frames[i].bpf);
		json_object_end(j);
	}
	json_array_end(j);
}

void json_stack(struct json *j, const char *key, const char *end_key,
		const struct scxray_stack_trace *stack)
{
	json_frames(j, key, stack->frames, stack->nr);
	json_opt_string(j, end_key, stack->end);
}
