/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * change.c - collects what differs: the growing lists of a comparison
 */
#include "render/diff/change.h"

#include <errno.h>
#include <stdlib.h>

#include <scxray/report_struct.h>
#include <scxray/sched.h>

#include "render/out/cells.h"

const char *const diff_group_names[DIFF_NR_GROUPS] = {
	[DIFF_TASKS] = "tasks",
	[DIFF_DSQS] = "dsqs",
	[DIFF_CPUS] = "cpus",
	[DIFF_EVENTS] = "event_counters",
};

void *diff_grow(void *array, size_t nr, size_t *max, size_t size, int *error)
{
	size_t more = *max ? *max * 2 : 64;
	void *bigger;

	if (nr < *max)
		return array;
	bigger = realloc(array, more * size);
	if (!bigger) {
		*error = ENOMEM;
		return NULL;
	}
	*max = more;
	return bigger;
}

void diff_add_change(struct diff *d, const struct diff_change *change)
{
	DIFF_GROW(d, changes);
	d->changes[d->nr_changes++] = *change;
}

static void compare_numbers(struct diff *d, const struct compared *member, const void *early,
			    const void *late)
{
	const struct scxray_num *old = (const void *)((const char *)early + member->offset);
	const struct scxray_num *new = (const void *)((const char *)late + member->offset);

	if (!num_is_same(old, new))
		diff_add_change(d, &(struct diff_change){ .key = member->key,
							  .kind = member->kind,
							  .sense = member->sense,
							  .note = member->note,
							  .old = *old,
							  .new = *new });
}

/* The member as text; false where it is a number. */
static bool put_member(struct strbuf *sb, const struct scxray_report *r,
		       const struct compared *member, const void *item)
{
	const void *at = (const char *)item + member->offset;

	if (member->put)
		member->put(sb, r, item);
	else if (member->kind == FIELD_STRING)
		cell_string(sb, *(const char *const *)at);
	else if (member->kind == FIELD_LETTER)
		strbuf_putc(sb, *(const char *)at ? *(const char *)at : '?');
	else if (member->kind == FIELD_CPUS)
		cell_cpus(sb, at);
	else
		return false;
	strbuf_putc(sb, '\0');
	return true;
}

/* False, with nothing compared, where the member is a number. */
static bool compare_texts(struct diff *d, const struct compared *member, const void *early,
			  const void *late)
{
	struct diff_change change = {
		.key = member->key, .note = member->note, .is_text = true, .old_text = d->texts.len
	};

	if (!put_member(&d->texts, d->early, member, early))
		return false;
	change.new_text = d->texts.len;
	put_member(&d->texts, d->late, member, late);
	if (d->texts.error)
		return true;
	if (strcmp(d->texts.data + change.old_text, d->texts.data + change.new_text) != 0)
		diff_add_change(d, &change);
	else
		d->texts.len = change.old_text;
	return true;
}

void diff_compare_texts(struct diff *d, const char *key, diff_put *put, const void *early,
			const void *late)
{
	compare_texts(d, &(struct compared)COMPARE_TEXT(key, put), early, late);
}

void diff_compare_members(struct diff *d, const struct compared *members, size_t nr,
			  const void *early, const void *late)
{
	for (size_t i = 0; i < nr; i++)
		if (!compare_texts(d, &members[i], early, late))
			compare_numbers(d, &members[i], early, late);
}

bool diff_delta(const struct diff_change *c, int64_t *delta)
{
	*delta = (int64_t)(c->new.value - c->old.value);
	return !c->is_text && !c->bytes_differ && c->sense != DIFF_LABEL &&
	       c->old.state == SCXRAY_PRESENT && c->new.state == SCXRAY_PRESENT;
}

bool diff_rate(const struct diff *d, const struct diff_change *c, double *rate)
{
	int64_t delta;

	if (!diff_delta(c, &delta) || c->sense != DIFF_COUNTER ||
	    d->elapsed_ms.state != SCXRAY_PRESENT || !d->elapsed_ms.value)
		return false;
	*rate = (double)delta * 1000.0 / (double)d->elapsed_ms.value;
	return true;
}

const char *diff_event_owner(const struct scxray_report *r, size_t sched)
{
	const struct scxray_text *name = &r->scheds[sched].name;

	return r->nr_scheds > 1 && name->state == SCXRAY_PRESENT ? name->bytes : NULL;
}

static bool has_changed(const struct diff_map *m)
{
	return m->nr_changes || m->changed || m->appeared || m->gone;
}

enum map_outcome diff_map_outcome(const struct diff_map *m)
{
	if (m->fate == DIFF_CHANGED)
		return has_changed(m) ? MAP_CHANGED : MAP_NOT_COMPARED;
	/* a list that was cut may have held it */
	if (m->has_reason)
		return MAP_NOT_COMPARED;
	return m->fate == DIFF_GONE ? MAP_GONE : MAP_APPEARED;
}
