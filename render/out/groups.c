/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * groups.c - the names of the groups, and the selection that a user asked for
 */
#include "render/out/groups.h"

#include <errno.h>
#include <fnmatch.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <base/array.h>

#include <scxray/atoms.h>
#include <scxray/dsq.h>
#include <scxray/host.h>
#include <scxray/map.h>
#include <scxray/report_struct.h>
#include <scxray/task.h>

#include "render/out/join.h"

static const char *const names[GROUP_NR] = {
	[GROUP_DIAGNOSIS] = "diagnosis",
	[GROUP_TIMING] = "timing",
	[GROUP_GUEST] = "guest",
	[GROUP_DIFF] = "diff",
	[GROUP_MAPS] = "maps",
	[GROUP_VCPUS] = "vcpus",
	[GROUP_SDT] = "sdt",
	[GROUP_PROGS] = "progs",
	[GROUP_TIMES] = "times",
	[GROUP_PSI] = "psi",
	[GROUP_TASKS] = "tasks",
	[GROUP_SCHED] = "sched",
	[GROUP_RQS] = "rqs",
	[GROUP_LOCKS] = "locks",
	[GROUP_DSQS] = "dsqs",
	[GROUP_TIMELINE] = "timeline",
	[GROUP_PERF] = "perf",
	[GROUP_LOG] = "log",
};

const char *scxray_selection_name(size_t index)
{
	return index < GROUP_NR ? names[index] : NULL;
}

/* The groups of which a part may be asked for by name. */
static const struct {
	enum group group;
	size_t names; /* offset into struct scxray_selection */
} named[] = {
	{ GROUP_MAPS, offsetof(struct scxray_selection, maps) },
	{ GROUP_TASKS, offsetof(struct scxray_selection, tasks) },
	{ GROUP_DSQS, offsetof(struct scxray_selection, dsqs) },
};

static int unknown(const char *name, size_t len, struct scxray_error *err)
{
	char list[200] = "";

	for (size_t i = 0; i < GROUP_NR; i++) {
		strcat(list, i ? ", " : "");
		strcat(list, names[i]);
	}
	return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
			   "no such group: %.*s; there are %s, maps=NAME, tasks=NAME, dsqs=NAME",
			   (int)(len < 20 ? len : 20), name, list);
}

static int add_name(struct scxray_names *to, const char *group, const char *name, size_t len,
		    struct scxray_error *err)
{
	if (!len || len >= sizeof(to->pattern[0]))
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0, "%s=%.*s: not a name of %s", group,
				   (int)(len < 64 ? len : 64), name, group);
	if (to->nr == SCXRAY_MAX_SELECTED_NAMES)
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0, "more than %d %s asked for by name",
				   SCXRAY_MAX_SELECTED_NAMES, group);
	memcpy(to->pattern[to->nr], name, len);
	to->pattern[to->nr++][len] = '\0';
	return 0;
}

/* Adds the group that is called by the first `nr` bytes of `text`, and of it `name` (NULL: all). */
static int add(struct scxray_selection *s, const char *text, size_t nr, const char *name,
	       size_t len, struct scxray_error *err)
{
	size_t g = 0;

	while (g < GROUP_NR && (strlen(names[g]) != nr || strncmp(names[g], text, nr) != 0))
		g++;
	for (size_t i = 0; name && i < ARRAY_SIZE(named); i++) {
		if (named[i].group != g)
			continue;
		s->groups |= GROUP_BIT(g);
		return add_name((struct scxray_names *)((char *)s + named[i].names), names[g], name,
				len, err);
	}
	if (g == GROUP_NR || name)
		return unknown(text, name ? (size_t)(name + len - text) : nr, err);
	s->groups |= GROUP_BIT(g);
	return 0;
}

int scxray_selection_add(struct scxray_selection *selection, const char *list,
			 struct scxray_error *err)
{
	for (;;) {
		size_t len = strcspn(list, ","), nr = strcspn(list, ",=");

		if (add(selection, list, nr, nr < len ? list + nr + 1 : NULL, len - nr - 1, err))
			return -1;
		if (!list[len])
			return 0;
		list += len + 1;
	}
}

int scxray_selection_add_name(struct scxray_selection *selection, const char *group,
			      const char *name, struct scxray_error *err)
{
	return add(selection, group, strlen(group), name, name ? strlen(name) : 0, err);
}

static bool has_name(const struct scxray_names *asked, const char *text)
{
	for (size_t i = 0; text && i < asked->nr; i++)
		if (!strcmp(asked->pattern[i], text) || !fnmatch(asked->pattern[i], text, 0))
			return true;
	return false;
}

/* In any notation of C; a pid is decimal. */
static bool has_number(const struct scxray_names *asked, const struct scxray_num *num, int base)
{
	char *end;

	for (size_t i = 0; num->state == SCXRAY_PRESENT && i < asked->nr; i++) {
		const char *pattern = asked->pattern[i];

		errno = 0;
		if (*pattern >= '0' && *pattern <= '9' &&
		    strtoull(pattern, &end, base) == num->value && !*end && !errno)
			return true;
	}
	return false;
}

static const char *text_of(const struct scxray_text *text)
{
	return text->state == SCXRAY_PRESENT ? text->bytes : NULL;
}

bool map_wanted(const struct scxray_selection *only, const struct scxray_map *map)
{
	return !only || !only->maps.nr || has_name(&only->maps, text_of(&map->name));
}

bool task_wanted(const struct scxray_selection *only, const struct scxray_task *task)
{
	return !only || !only->tasks.nr || has_name(&only->tasks, text_of(&task->comm)) ||
	       has_number(&only->tasks, &task->pid, 10);
}

bool dsq_wanted(const struct scxray_selection *only, const struct scxray_dsq *dsq)
{
	char place[40];

	return !only || !only->dsqs.nr || has_name(&only->dsqs, dsq->id_name) ||
	       has_name(&only->dsqs, dsq_origin(dsq, place, sizeof(place))) ||
	       has_number(&only->dsqs, &dsq->id, 0);
}

static bool has_selected(const struct scxray_selection *only, const struct scxray_report *r)
{
	bool map = !only->maps.nr, task = !only->tasks.nr, dsq = !only->dsqs.nr;

	for (size_t i = 0; !map && i < r->nr_maps; i++)
		map = map_wanted(only, &r->maps[i]);
	for (size_t i = 0; !task && i < r->nr_tasks; i++)
		task = task_wanted(only, &r->tasks[i]);
	for (size_t i = 0; !dsq && i < r->nr_dsqs; i++)
		dsq = dsq_wanted(only, &r->dsqs[i]);
	return map && task && dsq;
}

bool scxray_document_has_selected(const struct scxray_document *doc)
{
	return !doc->only || has_selected(doc->only, doc->late) ||
	       (doc->early && has_selected(doc->only, doc->early));
}
