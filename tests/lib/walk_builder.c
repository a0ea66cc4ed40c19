/* SPDX-License-Identifier: BSD-2-Clause */
#include "walk_builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/array.h>

#include <scxray/report_struct.h>

#define RAM_GPA 0x100000ULL
#define RAM_SIZE (8ULL << 20)
#define POOL_BYTES (1u << 20)

void walk_fixture_init(struct walk_fixture *f)
{
	memset(f, 0, sizeof(*f));
	guest_init(&f->b, RAM_GPA, RAM_SIZE, 4);
	if (pool_init(&f->pool, POOL_BYTES)) {
		fprintf(stderr, "walk_builder: out of memory\n");
		abort();
	}
	f->walk.g = &f->b.guest;
	f->walk.k = &f->kernel;
	f->walk.pool = &f->pool;
}

void walk_fixture_types(struct walk_fixture *f, struct btf_builder *b)
{
	struct scxray_error err = { 0 };

	if (btf_builder_parse(b, &f->kernel.types, &err)) {
		fprintf(stderr, "walk_builder: %s\n", err.text);
		abort();
	}
	btf_builder_deinit(b);
}

void walk_fixture_start(struct walk_fixture *f, void (*make)(struct btf_builder *),
			struct scxray_report *report)
{
	struct btf_builder b;

	walk_fixture_init(f);
	memset(report, 0, sizeof(*report));
	btf_builder_init(&b);
	make(&b);
	walk_fixture_types(f, &b);
	f->kernel.has_types = true;
	layout_find_members(&f->kernel.layout, &f->kernel.types);
	f->walk.r = report;
	f->walk.settings = (struct scxray_settings)SCXRAY_SETTINGS_INIT;
}

void walk_fixture_deinit(struct walk_fixture *f)
{
	kernel_deinit(&f->kernel);
	pool_deinit(&f->pool);
	guest_deinit(&f->b);
}

void walk_fixture_member(struct walk_fixture *f, enum layout_member m, uint32_t offset,
			 uint32_t size)
{
	f->kernel.layout.member[m] =
		(struct member){ .offset = offset, .size = size, .present = true };
}

void walk_fixture_containers(struct walk_fixture *f)
{
	static const struct {
		enum layout_member m;
		uint32_t offset, size;
	} table[] = {
		{ M_list_head_next, 0, 8 },	   { M_list_head_prev, 8, 8 },
		{ M_rb_node_right, 8, 8 },	   { M_rb_node_left, 16, 8 },
		{ M_xa_node_shift, 0, 1 },	   { M_xa_node_slots, 40, 64 * 8 },
		{ M_rhashtable_tbl, 0, 8 },	   { M_bucket_table_size, 0, 4 },
		{ M_bucket_table_nest, 4, 4 },	   { M_bucket_table_future_tbl, 48, 8 },
		{ M_bucket_table_buckets, 64, 0 }, /* a flexible array */
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		walk_fixture_member(f, table[i].m, table[i].offset, table[i].size);
}
