/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * moments.h - a map at two times, and what their difference reads like
 */
#ifndef TESTS_RENDER_MOMENTS_H
#define TESTS_RENDER_MOMENTS_H

#include <scxray/map.h>

#include "render/diff/values.h"
#include "tests/lib/unit.h"
#include "tests/render/golden.h"
#include "tests/render/maps.h"

#define HZ 250
#define SECONDS 4

/* The same map at two times, SECONDS apart. */
struct moments {
	struct one_map early, late;
};

static void moments_init(struct moments *m, enum scxray_map_form form, uint32_t type,
			 const char *type_name)
{
	map_init(&m->early, form, type, type_name);
	map_init(&m->late, form, type, type_name);
	m->early.r.guest.hz = m->late.r.guest.hz = N(HZ);
	m->early.r.guest.jiffies = N(1000);
	m->late.r.guest.jiffies = N(1000 + HZ * SECONDS);
}

static void moments_deinit(struct moments *m)
{
	map_deinit(&m->early);
	map_deinit(&m->late);
}

/* Both have the value type `make` makes. */
static inline void moments_type(struct moments *m, int (*make)(struct one_map *), uint32_t size)
{
	m->early.map.value_type = map_typed(&m->early, make(&m->early), size);
	m->late.map.value_type = map_typed(&m->late, make(&m->late), size);
}

/* JSON without its lines. */
static void squeeze(char *json)
{
	char *to = json;

	for (char *from = json; *from;) {
		if (*from != '\n') {
			*to++ = *from++;
			continue;
		}
		from += 1 + strspn(from + 1, " ");
	}
	*to = '\0';
}

/* What the difference has of maps, and all that is behind it. */
static char *part_of_diff(struct moments *m, enum format format, const char *groups)
{
	struct scxray_selection only = { 0 };
	struct scxray_error err;
	struct scxray_document doc;
	char *whole, *part, *copy;

	ck_assert_int_eq(scxray_selection_add(&only, groups, &err), 0);
	scxray_document_dual(&doc, &m->early.r, &m->late.r, NULL);
	doc.only = &only;
	doc.json_form = SCXRAY_JSON_TYPED;
	whole = render_document(&doc, format, 120, false);
	if (format == JSON)
		squeeze(whole);
	part = strstr(whole, format == TEXT ? "  maps: " : "\"maps\":");
	ck_assert_msg(part, "%s", whole);
	copy = strdup(part);
	free(whole);
	return copy;
}

static char *diff_of(struct moments *m, enum format format)
{
	return part_of_diff(m, format, "diff");
}

#define ck_diff(m, expect)                      \
	do {                                    \
		char *got_ = diff_of(m, TEXT);  \
		ck_assert_str_eq(got_, expect); \
		free(got_);                     \
	} while (0)

#define ck_diff_json(m, expect)                                                   \
	do {                                                                      \
		char *got_ = diff_of(m, JSON);                                    \
		ck_assert_msg(strstr(got_, expect), "no %s in %s", expect, got_); \
		free(got_);                                                       \
	} while (0)

static inline int make_u64(struct one_map *m)
{
	return m->t.u64;
}

#endif
