/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff.c - the comparison of early and late as JSON
 */
#include <scxray/dsq.h>
#include <scxray/host.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/sched.h>

#include "render/json/diff.h"

#include "render/out/field.h"
#include "render/out/join.h"

/* The keys that identify the task, queue, CPU or counter. */
static void put_identity(struct json *j, const struct scxray_report *r, enum diff_group group,
			 size_t index, size_t sched)
{
	char origin[40];

	switch (group) {
	case DIFF_TASKS:
		json_num_field(j, "pid", &r->tasks[index].pid, FIELD_SIGNED);
		json_text_field(j, "comm", &r->tasks[index].comm);
		json_key(j, "task_kva");
		json_addr(j, r->tasks[index].kva);
		break;
	case DIFF_DSQS:
		json_num_field(j, "id", &r->dsqs[index].id, FIELD_ID);
		json_key(j, "origin");
		json_string(j, dsq_origin(&r->dsqs[index], origin, sizeof(origin)));
		json_key(j, "dsq_kva");
		json_addr(j, r->dsqs[index].kva);
		json_opt_string(j, "sched_name", r->dsqs[index].sched_name);
		break;
	case DIFF_CPUS:
		json_key(j, "cpu");
		json_u64(j, r->rqs[index].cpu);
		break;
	default:
		json_key(j, "name");
		json_string(j, r->scheds[sched].events[index].name);
		json_opt_string(j, "sched_name", diff_event_owner(r, sched));
		break;
	}
}

static void put_fate(struct json *j, const struct diff *d, enum diff_group group,
		     enum diff_fate fate, const char *key)
{
	bool any = false;

	for (size_t i = 0; i < d->nr_entries; i++) {
		const struct diff_entry *e = &d->entries[i];

		if (e->group != group || e->fate != fate)
			continue;
		if (!any) {
			json_key(j, key);
			json_array(j);
			any = true;
		}
		json_object(j);
		put_identity(j, fate == DIFF_GONE ? d->early : d->late, group,
			     fate == DIFF_GONE ? e->early : e->late, e->sched);
		if (fate == DIFF_CHANGED) {
			json_key(j, "changes");
			json_array(j);
			for (size_t c = 0; c < e->nr_changes; c++)
				json_change(j, d, &d->changes[e->first_change + c]);
			json_array_end(j);
		}
		json_object_end(j);
	}
	if (any)
		json_array_end(j);
}

void json_diff(struct json *j, const struct diff *d)
{
	json_key(j, "diff");
	json_object(j);
	json_num_field(j, "elapsed_jiffies", &d->elapsed_jiffies, FIELD_SIGNED);
	json_num_field(j, "elapsed_ms", &d->elapsed_ms, FIELD_SIGNED);
	if (d->nr_stuck) {
		json_key(j, "not_moved");
		json_array(j);
		for (size_t i = 0; i < d->nr_stuck; i++) {
			json_object(j);
			json_key(j, "group");
			json_string(j, diff_group_names[d->stuck[i].group]);
			put_identity(j, d->late, d->stuck[i].group, d->stuck[i].late, 0);
			json_key(j, "text");
			json_string(j, diff_text(d, d->stuck[i].text));
			json_object_end(j);
		}
		json_array_end(j);
	}
	for (int group = 0; group < DIFF_NR_GROUPS; group++) {
		json_key(j, diff_group_names[group]);
		json_object(j);
		put_fate(j, d, group, DIFF_CHANGED, "changed");
		put_fate(j, d, group, DIFF_APPEARED, "appeared");
		put_fate(j, d, group, DIFF_GONE, "gone");
		json_key(j, "unchanged");
		json_u64(j, d->unchanged[group]);
		json_object_end(j);
	}
	if (!d->maps_unavailable)
		json_diff_maps(j, d);
	json_object_end(j);
}
