/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maps.h - maps made by hand, and what becomes of them, for the tests
 *
 * Keys and values live in blocks of just their size, so that ASan sees a read
 * beyond them.
 */
#ifndef TESTS_RENDER_MAPS_H
#define TESTS_RENDER_MAPS_H

#include <scxray/map.h>

#include "render/json/report.h"
#include "render/out/cells.h"
#include "tests/render/values.h"

#define N(v) ((struct scxray_num){ .value = (uint64_t)(v), .state = SCXRAY_PRESENT })
#define LOST(addr_, why) \
	((struct scxray_num){ .value = (addr_), .reason = (why), .state = SCXRAY_UNREADABLE })
#define T(s) ((struct scxray_text){ .bytes = (s), .len = sizeof(s) - 1, .state = SCXRAY_PRESENT })

#define ELEM 0xffff888000100000ULL
#define MAX_ENTRIES 16
#define MAX_CPUS 128
#define MAX_BLOCKS 1024

/* A report with one map. */
struct one_map {
	struct types t;
	struct scxray_map map;
	struct scxray_report r;
	struct scxray_entry entries[MAX_ENTRIES];
	const uint8_t *per_cpu[MAX_ENTRIES * MAX_CPUS];
	uint32_t cpus[MAX_CPUS];
	void *blocks[MAX_BLOCKS];
	size_t nr_blocks;
	unsigned width;
	bool full;
};

__attribute__((unused)) static void map_init(struct one_map *m, enum scxray_map_form form,
					     uint32_t type, const char *type_name)
{
	memset(m, 0, sizeof(*m));
	m->t = types_create();
	m->width = 120;
	m->map = (struct scxray_map){
		.id = 5,
		.map_kva = 0xffff888000042000ULL,
		.name = T("m"),
		.map_type = N(type),
		.type_name = type_name,
		.key_size = N(4),
		.value_size = N(8),
		.max_entries = N(16),
		.map_flags = N(0),
		.form = form,
		.entries = m->entries,
	};
	m->r.maps = &m->map;
	m->r.nr_maps = 1;
}

__attribute__((unused)) static void map_deinit(struct one_map *m)
{
	btf__free(m->t.btf);
	while (m->nr_blocks)
		free(m->blocks[--m->nr_blocks]);
}

__attribute__((unused)) static const uint8_t *map_block(struct one_map *m, const void *bytes,
							size_t size)
{
	void *block = malloc(size ? size : 1);

	ck_assert(block && m->nr_blocks < MAX_BLOCKS);
	memcpy(block, bytes, size);
	m->blocks[m->nr_blocks++] = block;
	return block;
}

__attribute__((unused)) static struct scxray_type map_typed(struct one_map *m, int id,
							    uint32_t size)
{
	return (struct scxray_type){ .btf = m->t.btf, .type_id = (uint32_t)id, .size = size };
}

/* A struct of u64 members with these names. */
__attribute__((unused)) static int map_struct(struct one_map *m, const char *name,
					      const char *const *members, unsigned nr)
{
	int id = btf__add_struct(m->t.btf, name, nr * 8);

	for (unsigned i = 0; i < nr; i++)
		btf__add_field(m->t.btf, members[i], m->t.u64, i * 64, 0);
	return id;
}

/* Key or value NULL: there is none. */
__attribute__((unused)) static struct scxray_entry *map_add(struct one_map *m, const void *key,
							    const void *value)
{
	size_t i = m->map.nr_entries++;
	struct scxray_entry *entry = &m->entries[i];

	ck_assert(i < MAX_ENTRIES);
	*entry = (struct scxray_entry){ .addr = ELEM + i * 0x80, .index = (uint32_t)i };
	if (key)
		entry->key = map_block(m, key, m->map.key_type.size);
	if (value)
		entry->value = map_block(m, value, m->map.value_type.size);
	else if (m->map.form != SCXRAY_MAP_PERCPU_ARRAY && m->map.form != SCXRAY_MAP_PERCPU_ENTRIES)
		entry->reason = "not mapped";
	m->map.total = m->map.nr_entries;
	return entry;
}

/* CPUs 0 to nr - 1. */
__attribute__((unused)) static void map_cpus(struct one_map *m, size_t nr)
{
	for (size_t c = 0; c < nr; c++)
		m->cpus[c] = (uint32_t)c;
	m->map.cpus = m->cpus;
	m->map.nr_cpus = nr;
	m->map.per_cpu = m->per_cpu;
}

/* The value of the newest entry on the CPU in place `c`. */
__attribute__((unused)) static void map_on_cpu(struct one_map *m, size_t c, const void *value)
{
	m->per_cpu[(m->map.nr_entries - 1) * m->map.nr_cpus + c] =
		map_block(m, value, m->map.value_type.size);
}

/* Not inlined: gcc takes what open_memstream() gave for the local variable it stood in. */
__attribute__((unused, noinline)) static char *maps_text_as(const struct scxray_report *r,
							    unsigned width, bool full)
{
	struct scxray_document doc = { .late = r };
	struct text t = { .width = width, .full = full, .report = r, .doc = &doc };
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	strbuf_init(&t.out, out);
	text_maps(&t, r);
	ck_assert_int_eq(strbuf_flush(&t.out), 0);
	strbuf_deinit(&t.out);
	fclose(out);
	return text;
}

__attribute__((unused)) static char *maps_text(const struct scxray_report *r, unsigned width)
{
	return maps_text_as(r, width, false);
}

__attribute__((unused, noinline)) static char *maps_json_as(const struct scxray_report *r,
							    enum scxray_json_form form)
{
	struct json j;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	json_init(&j, out, 0);
	j.form = form;
	json_object(&j);
	json_maps(&j, r, NULL);
	json_object_end(&j);
	ck_assert_int_eq(json_finish(&j), 0);
	fclose(out);
	return text;
}

__attribute__((unused)) static char *maps_json(const struct scxray_report *r)
{
	return maps_json_as(r, SCXRAY_JSON_TYPED);
}

/* All that is behind the map's header line. */
#define ck_map_text(m, expect)                                                    \
	do {                                                                      \
		char *got_ = maps_text_as(&(m)->r, (m)->width, (m)->full), *body; \
		body = strchr(got_, '\n');                                        \
		ck_assert_ptr_nonnull(body);                                      \
		ck_assert_str_eq(body + 1, expect);                               \
		free(got_);                                                       \
	} while (0)

/* The map's JSON has `expect` in it. */
#define ck_map_json(m, expect)                                                    \
	do {                                                                      \
		char *got_ = maps_json(&(m)->r);                                  \
		ck_assert_msg(strstr(got_, expect), "no %s in %s", expect, got_); \
		free(got_);                                                       \
	} while (0)

#define ck_map_no_json(m, unwanted)                                                 \
	do {                                                                        \
		char *got_ = maps_json(&(m)->r);                                    \
		ck_assert_msg(!strstr(got_, unwanted), "%s in %s", unwanted, got_); \
		free(got_);                                                         \
	} while (0)

#endif
