/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * half.c - tasks, run queues, queues, vCPUs and the log of one half
 */
#include "reader/half.h"

#include <stdlib.h>
#include <string.h>

#include "reader/fields.h"
#include "render/out/reasons.h"

static int read_frames(struct json_tree *tree, const struct json_value *frames,
		       struct scxray_stack_trace *stack, const struct json_value *end)
{
	stack->end = doc_text(end);
	stack->whole = doc_is(end, "end of stack") || doc_is(end, "entered from user mode");
	stack->frames = doc_array(tree, frames ? frames->nr : 0, sizeof(*stack->frames));
	if (frames && frames->nr && !stack->frames)
		return -1;
	doc_each(one, frames)
	{
		struct scxray_address *frame = &stack->frames[stack->nr++];
		struct scxray_bpf_line *line = NULL;

		if (doc_member(one, "function")) {
			line = doc_array(tree, 1, sizeof(*line));
			if (!line || doc_read_fields(tree, one, &json_line_table, line))
				return -1;
		}
		if (doc_read_fields(tree, one, &json_frame_table, frame))
			return -1;
		frame->bpf = line;
	}
	return 0;
}

static int read_vcpu(struct json_tree *tree, const struct json_value *object,
		     struct scxray_vcpu *vcpu)
{
	vcpu->parked = object->kind == JSON_OBJECT;
	for (unsigned reg = 0; reg < SCXRAY_NR_REGS; reg++) {
		const struct json_value *value = doc_member(object, json_reg_keys[reg]);

		if (!value)
			continue;
		vcpu->regs.known |= 1ULL << reg;
		vcpu->regs.value[reg] = doc_read_addr(value);
	}
	vcpu->ip.addr = doc_read_num(doc_member(object, "instruction_pointer"), FIELD_ADDR);
	return doc_read_fields(tree, object, &json_vcpu_table, vcpu) ||
	       read_frames(tree, doc_member(object, "backtrace"), &vcpu->backtrace,
			   doc_member(object, "backtrace_end"));
}

static int read_task(struct json_tree *tree, const struct json_value *object,
		     struct scxray_task *task, const struct scxray_report *r)
{
	uint64_t index, pos;

	task->dsq_index = -1;
	if (doc_get_u64(doc_member(object, "dsq_index"), &index) && index < r->nr_dsqs &&
	    doc_get_u64(doc_member(object, "dsq_position"), &pos) && pos <= UINT32_MAX) {
		task->dsq_index = (int32_t)index;
		task->dsq_pos = (uint32_t)pos;
	}
	return doc_read_fields(tree, object, &json_task_table, task) ||
	       read_frames(tree, doc_member(object, "kernel_stack"), &task->kernel_stack,
			   doc_member(object, "kernel_stack_end"));
}

/* ---- lists of tasks ----------------------------------------------------------- */

static int by_kva(const void *a, const void *b)
{
	const struct scxray_task_ref *x = a, *y = b;

	return x->kva < y->kva ? -1 : x->kva > y->kva;
}

/* All tasks by their addresses; NULL: no memory, or no tasks. */
static struct scxray_task_ref *sorted_tasks(struct json_tree *tree, const struct scxray_report *r)
{
	struct scxray_task_ref *sorted = doc_array(tree, r->nr_tasks, sizeof(*sorted));

	for (size_t i = 0; sorted && i < r->nr_tasks; i++)
		sorted[i] = (struct scxray_task_ref){ r->tasks[i].kva, (int32_t)i };
	if (sorted)
		qsort(sorted, r->nr_tasks, sizeof(*sorted), by_kva);
	return sorted;
}

/* An array of addresses, or of objects with a task_kva. */
static int read_refs(struct json_tree *tree, const struct json_value *list,
		     const struct scxray_report *r, const struct scxray_task_ref *sorted,
		     struct scxray_task_ref **refs, size_t *nr)
{
	*refs = doc_array(tree, list ? list->nr : 0, sizeof(**refs));
	if (list && list->nr && !*refs)
		return -1;
	doc_each(one, list)
	{
		const struct json_value *kva = doc_text(one) ? one : doc_member(one, "task_kva");
		struct scxray_task_ref ref = { doc_read_addr(kva), -1 };
		const struct scxray_task_ref *found =
			sorted ? bsearch(&ref, sorted, r->nr_tasks, sizeof(ref), by_kva) : NULL;

		(*refs)[(*nr)++] = found ? *found : ref;
	}
	return 0;
}

static int read_rq(struct json_tree *tree, const struct json_value *object, struct scxray_rq *rq,
		   const struct scxray_report *r, const struct scxray_task_ref *sorted)
{
	struct scxray_task_ref curr;
	const struct scxray_task_ref *found;

	if (doc_read_fields(tree, object, &json_rq_table, rq) ||
	    read_refs(tree, doc_member(object, "runnable_task_kvas"), r, sorted, &rq->runnable,
		      &rq->nr_runnable) ||
	    read_refs(tree, doc_member(object, "higher_class_tasks"), r, sorted, &rq->higher,
		      &rq->nr_higher))
		return -1;
	curr = (struct scxray_task_ref){ rq->curr_kva.value, -1 };
	found = sorted ? bsearch(&curr, sorted, r->nr_tasks, sizeof(curr), by_kva) : NULL;
	rq->curr_index = found ? found->index : -1;
	rq->runnable_cut = doc_text(doc_member(object, "runnable_cut"));
	rq->higher_cut = doc_text(doc_member(object, "higher_class_cut"));
	return 0;
}

/* "local cpu 1" */
static void read_origin(const char *origin, struct scxray_dsq *dsq)
{
	static const struct {
		const char *begin;
		enum scxray_dsq_origin origin;
	} origins[] = { { "local cpu ", SCXRAY_DSQ_LOCAL },
			{ "bypass cpu ", SCXRAY_DSQ_BYPASS },
			{ "reject cpu ", SCXRAY_DSQ_REJECT },
			{ "rescue cpu ", SCXRAY_DSQ_RESCUE },
			{ "global node ", SCXRAY_DSQ_GLOBAL } };

	dsq->origin = SCXRAY_DSQ_USER;
	for (size_t i = 0; origin && i < sizeof(origins) / sizeof(origins[0]); i++) {
		size_t len = strlen(origins[i].begin);

		if (strncmp(origin, origins[i].begin, len) != 0)
			continue;
		dsq->origin = origins[i].origin;
		dsq->index = (uint32_t)strtoul(origin + len, NULL, 10);
	}
}

static const struct field conflict_fields[] = {
	FIELD(scxray_dsq, conflicts, "conflicts", FIELD_STRINGS),
};
static const struct field_table conflict_table = FIELD_TABLE(conflict_fields);

static int read_dsq(struct json_tree *tree, const struct json_value *object, struct scxray_dsq *dsq,
		    const struct scxray_report *r, const struct scxray_task_ref *sorted)
{
	read_origin(doc_text(doc_member(object, "origin")), dsq);
	dsq->cut = doc_text(doc_member(object, "cut"));
	return doc_read_fields(tree, object, &json_dsq_table, dsq) ||
	       doc_read_fields(tree, object, &conflict_table, dsq) ||
	       read_refs(tree, doc_member(object, "task_kvas"), r, sorted, &dsq->tasks,
			 &dsq->nr_tasks);
}

/* ---- the half ----------------------------------------------------------------- */

/* Zeroed structs for a list of the half; -1: no memory. */
static int make_list(struct json_tree *tree, const struct json_value *list, size_t size,
		     void *array, size_t *nr)
{
	void *made = doc_array(tree, list && list->kind == JSON_ARRAY ? list->nr : 0, size);

	memcpy(array, &made, sizeof(made));
	*nr = made ? list->nr : 0;
	return list && list->kind == JSON_ARRAY && list->nr && !made ? -1 : 0;
}

#define MAKE_LIST(tree, list, r, member, nr) \
	make_list(tree, list, sizeof(*(r)->member), &(r)->member, &(r)->nr)

static void read_reasons(const struct json_value *half, struct scxray_report *r)
{
	const struct json_value *locks = doc_member(half, "locks");

	for (unsigned g = 0; g < SCXRAY_NR_GROUPS; g++) {
		const struct json_value *in = g == SCXRAY_GROUP_LOCKS ? locks : half;
		const struct group_names *names = &group_names[g];

		if (names->unavailable)
			r->unavailable[g] = doc_text(doc_member(in, names->unavailable));
		if (names->cut)
			r->cut[g] = doc_text(doc_member(in, names->cut));
	}
}

int half_read(struct json_tree *tree, const struct json_value *half, struct scxray_report *r)
{
	const struct json_value *tasks = doc_member(half, "task_enrichments");
	const struct json_value *rqs = doc_member(half, "rq_scx_states");
	const struct json_value *dsqs = doc_member(half, "dsq_states");
	const struct json_value *vcpus = doc_member(half, "vcpu_regs");
	const struct json_value *maps = doc_member(half, "maps");
	const struct json_value *log = doc_member(half, "kernel_log");
	const struct scxray_task_ref *sorted;
	size_t t = 0, q = 0, d = 0, v = 0, m = 0, l = 0;

	read_reasons(half, r);
	if (MAKE_LIST(tree, tasks, r, tasks, nr_tasks) || MAKE_LIST(tree, rqs, r, rqs, nr_rqs) ||
	    MAKE_LIST(tree, dsqs, r, dsqs, nr_dsqs) || MAKE_LIST(tree, vcpus, r, vcpus, nr_vcpus) ||
	    MAKE_LIST(tree, maps, r, maps, nr_maps) || MAKE_LIST(tree, log, r, log, nr_log) ||
	    doc_read_fields(tree, doc_member(half, "guest"), &json_guest_table, &r->guest) ||
	    half_read_scheds(tree, half, r))
		return -1;
	doc_each(one,
		 r->nr_tasks ? tasks : NULL) if (read_task(tree, one, &r->tasks[t++], r)) return -1;
	sorted = sorted_tasks(tree, r);
	doc_each(one,
		 r->nr_rqs ? rqs : NULL) if (read_rq(tree, one, &r->rqs[q++], r, sorted)) return -1;
	doc_each(one, r->nr_dsqs ? dsqs : NULL) if (read_dsq(tree, one, &r->dsqs[d++], r,
							     sorted)) return -1;
	doc_each(one,
		 r->nr_vcpus ? vcpus : NULL) if (read_vcpu(tree, one, &r->vcpus[v++])) return -1;
	doc_each(one, r->nr_maps ? maps : NULL) if (doc_read_fields(tree, one, &json_map_table,
								    &r->maps[m++])) return -1;
	doc_each(one, r->nr_log ? log : NULL) if (doc_read_fields(tree, one, &json_log_table,
								  &r->log[l++])) return -1;
	return 0;
}
