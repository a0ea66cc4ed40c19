/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maps_fixture.h - a map in guest memory
 */
#ifndef TESTS_MAPS_FIXTURE_H
#define TESTS_MAPS_FIXTURE_H

#include <scxray/map.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <string.h>

#include "capture/map/map.h"
#include "capture/read/read.h"
#include "tests/lib/btf_builder.h"
#include "tests/lib/unit.h"
#include "tests/lib/walk_builder.h"

#define MAP GUEST_KVA
#define NODE(i) (GUEST_KVA + 0x100000 + 0x40 * (uint64_t)(i))
#define TABLE (GUEST_KVA + 0x200000)
#define UNMAPPED (GUEST_KVA + 0x40000000)

static struct walk_fixture f;
static struct scxray_report report;
static struct scxray_map map;

/* A map of `type` at MAP, keys of 4 and values of 8 bytes, no BTF. */
static inline void start(enum map_type type, uint32_t max_entries)
{
	walk_fixture_init(&f);
	memset(&report, 0, sizeof(report));
	f.walk.r = &report;
	f.walk.settings = (struct scxray_settings)SCXRAY_SETTINGS_INIT;
	map = (struct scxray_map){
		.map_kva = MAP,
		.map_type = num_present(type),
		.max_entries = num_present(max_entries),
		.key_type = { .size = 4 },
		.value_type = { .size = 8 },
	};
}

static inline void end(void)
{
	walk_fixture_deinit(&f);
}

static inline void expect_error(const char *part)
{
	ck_assert_ptr_nonnull(map.error);
	ck_assert_msg(strstr(map.error, part) != NULL, "%s: no \"%s\"", map.error, part);
}

/* Makes member m a pointer to a struct of 16 bytes: the walker asks BTF for the stride. */
static inline void points_to_buckets(enum layout_member m)
{
	struct btf_builder b;
	uint32_t bucket;

	btf_builder_init(&b);
	bucket = btf_builder_struct(&b, "bucket", BTF_KIND_STRUCT, 16, NULL, 0);
	walk_fixture_member(&f, m, 0x100, 8);
	f.kernel.layout.member[m].type_id = btf_builder_ref(&b, NULL, BTF_KIND_PTR, bucket);
	walk_fixture_types(&f, &b);
	guest_put_u64(&f.b, MAP + 0x100, TABLE);
}

#endif
