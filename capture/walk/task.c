/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * task.c - one task: identity, scheduling, and all of its sched_ext_entity
 */
#include <stdio.h>
#include <string.h>

#include <base/array.h>

#include <scxray/report_struct.h>
#include <scxray/sched.h>
#include <scxray/task.h>

#include "capture/read/read.h"
#include "capture/walk/tasks.h"
#include "capture/walk/walkers.h"

#define MAX_ENTITY 4096

/* include/linux/sched.h: what ps shows of a state word */
#define TASK_REPORT 0x7f
#define TASK_UNINTERRUPTIBLE 0x2
#define TASK_NOLOAD 0x400
#define TASK_RTLOCK_WAIT 0x1000
#define TASK_FROZEN 0x8000

const char *sched_class_name(const struct walk *w, uint64_t class_kva)
{
	static const struct {
		enum layout_symbol symbol;
		const char *name;
	} classes[] = {
		{ S_ext_sched_class, "ext" },	{ S_fair_sched_class, "fair" },
		{ S_rt_sched_class, "rt" },	{ S_dl_sched_class, "dl" },
		{ S_idle_sched_class, "idle" }, { S_stop_sched_class, "stop" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
		if (class_kva && w->k->layout.symbol[classes[i].symbol] == class_kva)
			return classes[i].name;
	return NULL;
}

/* task_state_to_char() of include/linux/sched.h. */
static char state_letter(struct scxray_num state, struct scxray_num exit_state)
{
	static const char letters[] = "RSDTtXZPI";
	uint64_t report;
	int index = 0;

	if (state.state != SCXRAY_PRESENT)
		return '?';
	report = state.value;
	if (exit_state.state == SCXRAY_PRESENT)
		report |= exit_state.value;
	report &= TASK_REPORT;
	if ((state.value & (TASK_UNINTERRUPTIBLE | TASK_NOLOAD)) ==
	    (TASK_UNINTERRUPTIBLE | TASK_NOLOAD))
		return 'I';
	if (state.value & (TASK_RTLOCK_WAIT | TASK_FROZEN))
		report = TASK_UNINTERRUPTIBLE;
	while (report) {
		index++;
		report >>= 1;
	}
	return letters[index];
}

static struct scxray_value entity_value(struct walk *w, uint64_t entity)
{
	uint32_t id = w->k->layout.member[M_task_struct_scx].type_id;
	uint32_t size = types_size(&w->k->types, id);
	struct scxray_value value = { .btf = w->k->types.btf, .type_id = id, .addr = entity };
	enum read_status status;
	uint8_t *bytes;
	size_t got;

	if (size > MAX_ENTITY)
		size = MAX_ENTITY;
	bytes = pool_alloc(w->pool, size);
	if (!bytes) {
		value.state = SCXRAY_UNREADABLE;
		value.reason = POOL_USED_UP;
		return value;
	}
	status = guest_read_some(w->g, entity, bytes, size, &got);
	value.bytes = bytes;
	value.size = (uint32_t)got;
	value.state = got ? SCXRAY_PRESENT : SCXRAY_UNREADABLE;
	value.reason = status ? read_status_text(status) : size ? NULL : "its type has no size";
	return value;
}

/* A number within scx.flags: "STATE", "REENQ_REASON".  Its mask; 0: not in this kernel. */
static uint64_t number_in_flags(struct walk *w, const char *what, uint64_t *shift)
{
	char name[64];
	uint64_t mask;

	snprintf(name, sizeof(name), "SCX_TASK_%s_SHIFT", what);
	if (!types_enumerator(&w->k->types, "scx_ent_flags", name, shift) || *shift > 31)
		return 0;
	snprintf(name, sizeof(name), "SCX_TASK_%s_MASK", what);
	return types_enumerator(&w->k->types, "scx_ent_flags", name, &mask) ? mask & UINT32_MAX : 0;
}

/*
 * Why the task was, or is being, enqueued again (7.1): each reason is a value of the flags word
 * itself, SCX_TASK_REENQ_IMMED and its like, beside the SCX_TASK_REENQ_REASON_... that describe the number.
 */
static void decode_reenq(struct walk *w, struct scxray_task *task, uint64_t mask, uint64_t shift)
{
	static const char prefix[] = "SCX_TASK_REENQ_", about[] = "SCX_TASK_REENQ_REASON_";
	uint32_t id = types_find(&w->k->types, "scx_ent_flags", BTF_KIND_ENUM);
	const struct btf_type *t = id ? btf__type_by_id(w->k->types.btf, id) : NULL;
	const char *name;
	uint64_t value;

	if (!mask)
		return;
	task->scx_reenq_reason = num_present((task->scx_flags.value & mask) >> shift);
	for (uint32_t i = 0; types_enum_value(w->k->types.btf, t, i, &name, &value); i++)
		if (value == (task->scx_flags.value & mask) &&
		    !strncmp(name, prefix, sizeof(prefix) - 1) &&
		    strncmp(name, about, sizeof(about) - 1) != 0)
			task->scx_reenq_reason_name = name + sizeof(prefix) - 1;
}

/*
 * The state inside scx.flags: two bits up to 7.0, three from 7.1 on, with other
 * values, so enumerators say what they mean.
 */
static void decode_state(struct walk *w, struct scxray_task *task, uint64_t mask, uint64_t shift)
{
	/* 7.1: SCX_TASK_ENABLED and its like are values of the flags word itself */
	static const char *const states[] = { "NONE",  "INIT_BEGIN", "INIT",
					      "READY", "ENABLED",    "DEAD" };
	uint64_t value = (task->scx_flags.value & mask) >> shift, v;
	const char *old = types_enum_name(&w->k->types, "scx_task_state", value);
	char name[64];

	if (!mask)
		return;
	task->scx_task_state = num_present(value);
	if (old)
		task->scx_task_state_name = strncmp(old, "SCX_TASK_", 9) ? old : old + 9;
	for (size_t i = 0; !old && i < ARRAY_SIZE(states); i++) {
		snprintf(name, sizeof(name), "SCX_TASK_%s", states[i]);
		if (types_enumerator(&w->k->types, "scx_ent_flags", name, &v) &&
		    v == (task->scx_flags.value & mask))
			task->scx_task_state_name = states[i];
	}
}

static void decode_flags(struct walk *w, struct scxray_task *task)
{
	uint64_t state, reenq, state_shift, reenq_shift;
	const char *reason;

	if (task->scx_flags.state != SCXRAY_PRESENT || is_recording(w))
		return;
	state = number_in_flags(w, "STATE", &state_shift);
	reenq = number_in_flags(w, "REENQ_REASON", &reenq_shift);
	task->scx_flag_names = flag_names(w, "scx_ent_flags", "SCX_TASK_", task->scx_flags.value,
					  ~(state | reenq) & UINT32_MAX);
	decode_state(w, task, state, state_shift);
	decode_reenq(w, task, reenq, reenq_shift);
	reason = task->scx_reenq_reason_name;
	if (reason && task->scx_reenq_reason.value && task->scx_flag_names)
		task->scx_flag_names = pool_printf(w->pool, "%s%sREENQ_%s", task->scx_flag_names,
						   *task->scx_flag_names ? "|" : "", reason);
}

static void decode_ops_state(struct walk *w, struct scxray_task *task, uint64_t entity)
{
	struct scxray_num word = read_member(w, entity, M_sched_ext_entity_ops_state);
	uint64_t shift = 2;

	task->ops_state = task->ops_qseq = word;
	if (word.state != SCXRAY_PRESENT || is_recording(w))
		return;
	if (types_enumerator(&w->k->types, "scx_ops_state", "SCX_OPSS_QSEQ_SHIFT", &shift) &&
	    shift > 63)
		return;
	task->ops_state = num_present(word.value & ((1ULL << shift) - 1));
	task->ops_qseq = num_present(word.value >> shift);
	task->ops_state_name =
		types_enum_name(&w->k->types, "scx_ops_state", task->ops_state.value);
	if (task->ops_state_name && !strncmp(task->ops_state_name, "SCX_OPSS_", 9))
		task->ops_state_name += 9;
}

static void runnable_age(struct walk *w, struct scxray_task *task)
{
	const struct scxray_num *jiffies = &w->r->guest.jiffies, *hz = &w->r->guest.hz;
	int64_t age;

	if (task->runnable_cpu < 0 || task->runnable_at.state != SCXRAY_PRESENT ||
	    jiffies->state != SCXRAY_PRESENT)
		return;
	age = (int64_t)(jiffies->value - task->runnable_at.value);
	task->runnable_age_jiffies = num_present((uint64_t)age);
	if (hz->state == SCXRAY_PRESENT && hz->value && age < INT64_MAX / 1000 &&
	    age > INT64_MIN / 1000)
		task->runnable_age_ms = num_present((uint64_t)(age * 1000 / (int64_t)hz->value));
}

static void sched_of(struct walk *w, struct scxray_task *task, uint64_t entity)
{
	task->sched_kva = read_optional(w, entity, M_sched_ext_entity_sched);
	for (size_t i = 0; i < w->r->nr_scheds; i++) {
		const struct scxray_sched *sched = &w->r->scheds[i];

		if (task->sched_kva.state == SCXRAY_PRESENT &&
		    sched->sched_kva.state == SCXRAY_PRESENT &&
		    sched->sched_kva.value == task->sched_kva.value &&
		    sched->name.state == SCXRAY_PRESENT)
			task->sched_name = sched->name.bytes;
	}
}

static void entity(struct walk *w, struct scxray_task *task)
{
	uint64_t at = member_addr(w, task->kva, M_task_struct_scx);

	task->scx = entity_value(w, at);
	const struct {
		struct scxray_num *to;
		enum layout_member from;
	} table[] = {
		{ &task->scx_flags, M_sched_ext_entity_flags },
		{ &task->weight, M_sched_ext_entity_weight },
		{ &task->dsq_kva, M_sched_ext_entity_dsq },
		{ &task->dsq_flags, M_sched_ext_entity_dsq_flags },
		{ &task->dsq_seq, M_sched_ext_entity_dsq_seq },
		{ &task->dsq_vtime, M_sched_ext_entity_dsq_vtime },
		{ &task->slice, M_sched_ext_entity_slice },
		{ &task->sticky_cpu, M_sched_ext_entity_sticky_cpu },
		{ &task->holding_cpu, M_sched_ext_entity_holding_cpu },
		{ &task->selected_cpu, M_sched_ext_entity_selected_cpu },
		{ &task->ddsp_dsq_id, M_sched_ext_entity_ddsp_dsq_id },
		{ &task->ddsp_enq_flags, M_sched_ext_entity_ddsp_enq_flags },
		{ &task->runnable_at, M_sched_ext_entity_runnable_at },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		*table[i].to = read_member(w, at, table[i].from);
	if (task->dsq_kva.state == SCXRAY_PRESENT && task->dsq_kva.value)
		task->dsq_id = read_member(w, task->dsq_kva.value, M_scx_dispatch_q_id);
	decode_flags(w, task);
	decode_ops_state(w, task, at);
	runnable_age(w, task);
	sched_of(w, task, at);
}

/* What a deadline task was promised, and what is left of it. */
static void deadline(struct walk *w, struct scxray_task *task)
{
	uint64_t dl = member_addr(w, task->kva, M_task_struct_dl);

	task->dl_runtime = read_member(w, dl, M_sched_dl_entity_dl_runtime);
	task->dl_deadline = read_member(w, dl, M_sched_dl_entity_dl_deadline);
	task->dl_period = read_member(w, dl, M_sched_dl_entity_dl_period);
	task->dl_left = read_member(w, dl, M_sched_dl_entity_runtime);
	task->dl_abs_deadline = read_member(w, dl, M_sched_dl_entity_deadline);
	task->dl_throttled = read_member(w, dl, M_sched_dl_entity_dl_throttled);
}

/* include/linux/sched.h: macros, which BTF does not have; the same bits since 5.10. */
static void task_flags(struct walk *w, struct scxray_task *task)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} flags[] = {
		{ 0x00000002, "IDLE" },		  { 0x00000004, "EXITING" },
		{ 0x00000020, "WQ_WORKER" },	  { 0x00200000, "KTHREAD" },
		{ 0x04000000, "NO_SETAFFINITY" },
	};
	const char *names = NULL;

	if (task->flags.state != SCXRAY_PRESENT || is_recording(w))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (!(task->flags.value & flags[i].bit))
			continue;
		names = names ? pool_printf(w->pool, "%s|%s", names, flags[i].name) : flags[i].name;
	}
	task->flag_names = names;
}

void task_read_details(struct walk *w, struct scxray_task *task)
{
	struct scxray_num class = read_member(w, task->kva, M_task_struct_sched_class);
	const struct {
		struct scxray_num *to;
		enum layout_member from;
	} table[] = {
		{ &task->pid, M_task_struct_pid },
		{ &task->tgid, M_task_struct_tgid },
		{ &task->state, M_task_struct_state },
		{ &task->cpu, M_task_struct_cpu },
		{ &task->on_cpu, M_task_struct_on_cpu },
		{ &task->on_rq, M_task_struct_on_rq },
		{ &task->flags, M_task_struct_flags },
		{ &task->last_arrival, M_task_struct_last_arrival },
		{ &task->pcount, M_task_struct_pcount },
		{ &task->sum_exec_runtime, M_task_struct_sum_exec_runtime },
		{ &task->prio, M_task_struct_prio },
		{ &task->static_prio, M_task_struct_static_prio },
		{ &task->normal_prio, M_task_struct_normal_prio },
		{ &task->rt_priority, M_task_struct_rt_priority },
		{ &task->policy, M_task_struct_policy },
		{ &task->nr_cpus_allowed, M_task_struct_nr_cpus_allowed },
		{ &task->migration_disabled, M_task_struct_migration_disabled },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		*table[i].to = read_member(w, task->kva, table[i].from);
	task->comm = read_text_array(w, task->kva, M_task_struct_comm);
	task->state_letter =
		state_letter(task->state, read_member(w, task->kva, M_task_struct_exit_state));
	task_flags(w, task);
	if (class.state == SCXRAY_PRESENT)
		task->sched_class = sched_class_name(w, class.value);
	if (task->sched_class && !strcmp(task->sched_class, "dl") &&
	    has_member(w, M_task_struct_dl))
		deadline(w, task);
	task->cpus_allowed = read_cpumask(w, task->kva, M_task_struct_cpus_ptr);
	if (has_member(w, M_task_struct_scx))
		entity(w, task);
}

void walk_task_details(struct walk *w)
{
	for (size_t i = 0; i < w->r->nr_tasks; i++)
		task_read_details(w, &w->r->tasks[i]);
}
