/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reasons.h - why a group of a report is unavailable, or cut, in text and JSON
 */
#ifndef RENDER_REASONS_H
#define RENDER_REASONS_H

#include <scxray/group.h>

#include "render/out/cells.h"
#include "render/out/json.h"

struct scxray_report;

/* What a group is called where its reasons are given. */
struct group_names {
	const char *text;
	const char *unavailable; /* the JSON key; NULL: this group is never unavailable */
	const char *cut;	 /* the same; NULL: never cut */
};

extern const struct group_names group_names[SCXRAY_NR_GROUPS];

/* The members for what is unavailable or cut of the group, into the open object. */
void json_reasons(struct json *j, const struct scxray_report *r, enum scxray_group group);

/* Why the group, of which the report has `nr`, is unavailable, or was cut before its first. */
static inline const char *reason_of(const struct scxray_report *r, enum scxray_group group,
				    size_t nr)
{
	return r->unavailable[group] || nr ? r->unavailable[group] : r->cut[group];
}

/* "{group}: <unavailable: {reason}>" as a section of its own, or nothing. */
void text_reason(struct text *t, const struct scxray_report *r, enum scxray_group group, size_t nr);

/* "(cut: {reason})" on a line of its own, after `indent` spaces, or nothing. */
void text_cut(struct text *t, const struct scxray_report *r, enum scxray_group group,
	      size_t indent);

#endif
