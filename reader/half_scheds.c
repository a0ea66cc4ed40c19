/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * half_scheds.c - the tree of schedulers as a list, parents before children
 */
#include "reader/half.h"

#include "reader/fields.h"

#define MAX_SCHED_DEPTH 16

static int read_events(struct json_tree *tree, const struct json_value *object,
		       struct scxray_sched *sched)
{
	const struct json_value *events = doc_member(object, "event_counters");

	sched->events_unavailable = doc_text(doc_member(object, "event_counters_unavailable"));
	sched->events = doc_array(tree, events ? events->nr : 0, sizeof(*sched->events));
	if (events && events->nr && !sched->events)
		return -1;
	doc_each(one, events)
	{
		const struct json_value *cpus = doc_member(one, "per_cpu");
		struct scxray_event *event = &sched->events[sched->nr_events++];

		event->name = doc_text(doc_member(one, "name"));
		if (!event->name)
			event->name = "";
		event->total = doc_read_num(doc_member(one, "total"), FIELD_SIGNED);
		event->per_cpu = doc_array(tree, cpus ? cpus->nr : 0, sizeof(*event->per_cpu));
		if (cpus && cpus->nr && !event->per_cpu)
			return -1;
		doc_each(count, cpus) event->per_cpu[event->nr_cpus++] =
			doc_read_num(count, FIELD_SIGNED);
	}
	return 0;
}

static size_t count(const struct json_value *object, unsigned depth)
{
	size_t nr = 1;

	if (depth < MAX_SCHED_DEPTH)
		doc_each(sub, doc_member(object, "sub_schedulers")) nr += count(sub, depth + 1);
	return nr;
}

static int read_sched(struct json_tree *tree, const struct json_value *object,
		      struct scxray_report *r, unsigned depth)
{
	struct scxray_sched *sched = &r->scheds[r->nr_scheds++];

	if (doc_read_fields(tree, object, &json_sched_table, sched) ||
	    doc_read_fields(tree, doc_member(object, "exit_info"), &json_exit_table,
			    &sched->exit_info) ||
	    read_events(tree, object, sched))
		return -1;
	if (depth < MAX_SCHED_DEPTH)
		doc_each(sub,
			 doc_member(object, "sub_schedulers")) if (read_sched(tree, sub, r,
									      depth + 1)) return -1;
	return 0;
}

int half_read_scheds(struct json_tree *tree, const struct json_value *half,
		     struct scxray_report *report)
{
	const struct json_value *state = doc_member(half, "scx_sched_state");

	report->enable_state = doc_read_num(doc_member(state, "enable_state"), FIELD_SIGNED);
	report->enable_state_name = doc_text(doc_member(state, "enable_state_name"));
	report->switching_all = doc_read_num(doc_member(state, "switching_all"), FIELD_FLAG);
	if (!doc_member(state, "is_root"))
		return 0;
	report->scheds = doc_array(tree, count(state, 0), sizeof(*report->scheds));
	return report->scheds ? read_sched(tree, state, report, 0) : -1;
}
