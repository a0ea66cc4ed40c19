/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tables.h - the members of a report's structs, and what JSON calls them: for the reader of JSON
 */
#ifndef RENDER_JSON_TABLES_H
#define RENDER_JSON_TABLES_H

#include <scxray/vcpu.h>

#include "render/out/field.h"

struct field_table {
	const struct field *fields;
	size_t nr;
};

#define FIELD_TABLE(table)                                    \
	{                                                     \
		(table), sizeof(table) / sizeof(struct field) \
	}

extern const struct field_table json_guest_table, json_vcpu_table, json_task_table, json_rq_table;
extern const struct field_table json_dsq_table, json_sched_table, json_exit_table, json_log_table;
extern const struct field_table json_frame_table, json_line_table, json_map_table;

extern const char *const json_reg_keys[SCXRAY_NR_REGS];

#endif
