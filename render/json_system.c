/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json_system.c - what the system did, apart from its tasks and queues, as JSON
 */
#include "json_report.h"

#include "field.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const struct field prog_fields[] = {
	FIELD(scxray_prog, id, "id", FIELD_U32),
	FIELD(scxray_prog, name, "name", FIELD_TEXT),
	FIELD(scxray_prog, kva, "prog_kva", FIELD_KVA),
	FIELD(scxray_prog, struct_ops, "struct_ops", FIELD_STRING),
	FIELD(scxray_prog, op, "op", FIELD_STRING),
	FIELD(scxray_prog, cnt, "cnt", FIELD_NUM),
	FIELD(scxray_prog, nsecs, "nsecs", FIELD_NUM),
	FIELD(scxray_prog, misses, "misses", FIELD_NUM),
	FIELD(scxray_prog, mean_ns, "mean_ns", FIELD_NUM),
};

/* `nr` structs of `size` bytes as an array of objects; nothing where there are none. */
static void objects(struct json *j, const char *key, const struct field *fields, size_t nr_fields,
		    const void *base, size_t nr, size_t size)
{
	if (!nr)
		return;
	json_key(j, key);
	json_array(j);
	for (size_t i = 0; i < nr; i++) {
		json_object(j);
		json_fields(j, fields, nr_fields, (const char *)base + i * size);
		json_object_end(j);
	}
	json_array_end(j);
}

void json_progs(struct json *j, const struct scxray_report *r)
{
	json_opt_string(j, "prog_runtime_stats_unavailable", r->prog_runtime_stats_unavailable);
	json_opt_string(j, "prog_runtime_stats_cut", r->progs_cut);
	json_num_field(j, "bpf_stats_enabled", &r->bpf_stats_enabled, FIELD_FLAG);
	objects(j, "prog_runtime_stats", prog_fields, ARRAY_SIZE(prog_fields), r->progs,
		r->nr_progs, sizeof(*r->progs));
}
