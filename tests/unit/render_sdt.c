/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render_sdt.c - the scx library's allocators: slots with and without a type, owners, reasons
 */
#include <scxray/group.h>
#include <scxray/map.h>
#include <scxray/task.h>

#include "render/text/report.h"
#include "tests/lib/unit.h"
#include "tests/render/chain.h"

struct allocators {
	struct chain c;
	struct scxray_sdt sdt;
	struct scxray_sdt_entry entries[2];
};

static void init(struct allocators *a)
{
	chain_init(&a->c, NULL);
	point_to(&a->c, USER);
	put(&a->c, 40, 0, 77);
	a->entries[0] = (struct scxray_sdt_entry){
		.idx = 5, .genn = 2, .user_addr = USER + 32, .owner = "busy0[7]"
	};
	a->entries[0].payload = (struct scxray_value){ .btf = a->c.m.t.btf,
						       .type_id = (uint32_t)a->c.node,
						       .bytes = a->c.bytes[0] + 40,
						       .size = 16,
						       .addr = USER + 40,
						       .state = SCXRAY_PRESENT };
	a->entries[1] = (struct scxray_sdt_entry){ .user_addr = USER + 0x8000 };
	a->entries[1].payload = (struct scxray_value){ .addr = USER + 0x8000,
						       .reason = "page not captured",
						       .state = SCXRAY_UNREADABLE };
	a->sdt = (struct scxray_sdt){ .name = "task_allocator",
				      .elem_size = N(24),
				      .payload_type = (uint32_t)a->c.node,
				      .payload_type_reason = "the only struct of 16 bytes",
				      .entries = a->entries,
				      .nr_entries = 2,
				      .skipped_subtrees = 1 };
	a->c.m.r.sdts = &a->sdt;
	a->c.m.r.nr_sdts = 1;
}

static __attribute__((noinline)) char *text(const struct scxray_report *r)
{
	struct scxray_document doc = { .late = r };
	struct text t = { .width = 120, .report = r, .doc = &doc };
	char *bytes = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&bytes, &len);

	strbuf_init(&t.out, out);
	text_sdts(&t, r);
	ck_assert_int_eq(strbuf_flush(&t.out), 0);
	strbuf_deinit(&t.out);
	fclose(out);
	return bytes;
}

static __attribute__((noinline)) char *json(const struct scxray_report *r)
{
	struct json j;
	char *bytes = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&bytes, &len);

	json_init(&j, out, 0);
	json_object(&j);
	json_sdts(&j, r);
	json_object_end(&j);
	ck_assert_int_eq(json_finish(&j), 0);
	fclose(out);
	return bytes;
}

#define expect_in(got, part) ck_assert_msg(strstr(got, part), "no %s in %s", part, got)

START_TEST(slots_are_lines)
{
	struct allocators a;
	char *got;

	init(&a);
	got = text(&a.c.m.r);
	expect_in(got, "sdt_alloc task_allocator (elem_size=24, target_type_id=");
	expect_in(got, ", reason=the only struct of 16 bytes): 2 live (1 subtree skipped)\n");
	expect_in(got, "\n    idx=5 genn=2 user_addr=0x100000000020 owner=busy0[7] "
		       "payload=node{v=77}\n");
	expect_in(got, "\n    user_addr=0x100000008000 payload=<unreadable: ");
	free(got);
	map_deinit(&a.c.m);
}
END_TEST

START_TEST(slots_are_objects)
{
	struct allocators a;
	char *got;

	init(&a);
	got = json(&a.c.m.r);
	expect_in(got, "\"allocator_name\":\"task_allocator\"");
	expect_in(got, "{\"idx\":5,\"genn\":2,\"user_addr\":\"0x0000100000000020\","
		       "\"owner\":\"busy0[7]\",\"payload\":{\"kind\":\"struct\"");
	expect_in(got,
		  "{\"user_addr\":\"0x0000100000008000\",\"payload\":{\"kind\":\"unreadable\"");
	free(got);
	map_deinit(&a.c.m);
}
END_TEST

/* A scheduler without an arena misses nothing. */
START_TEST(why_there_are_none)
{
	struct allocators a;
	char *got;

	init(&a);
	a.c.m.r.nr_sdts = 0;
	a.c.m.r.unavailable[SCXRAY_GROUP_SDTS] = "the BTF has no union sdt_id";
	got = text(&a.c.m.r);
	ck_assert_str_eq(got, "");
	free(got);
	a.c.maps[1].active = true;
	got = text(&a.c.m.r);
	expect_in(got, "sdt_alloc: <unavailable: the BTF has no union sdt_id>\n");
	free(got);
	got = json(&a.c.m.r);
	expect_in(got, "\"sdt_alloc_unavailable\":\"the BTF has no union sdt_id\"");
	free(got);
	map_deinit(&a.c.m);
}
END_TEST

static const unit_test tests[] = {
	&slots_are_lines,
	&slots_are_objects,
	&why_there_are_none,
};

UNIT_MAIN("render_sdt", tests)
