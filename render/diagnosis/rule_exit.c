/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rule_exit.c - what the scheduler did that the kernel, or its own program, ended it for: all
 * errors that are no stall
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <base/array.h>

#include <scxray/dsq.h>
#include <scxray/host.h>
#include <scxray/map.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/sched.h>
#include <scxray/task.h>

#include "render/diagnosis/exit_site.h"
#include "render/diagnosis/find.h"
#include "render/diagnosis/words.h"
#include "render/out/cells.h"

/* enum scx_exit_kind */
#define SCX_EXIT_UNREG_KERN 66
#define SCX_EXIT_ERROR 1024
#define SCX_EXIT_ERROR_BPF 1025
#define SCX_EXIT_ERROR_STALL 1026

struct exit_case {
	struct diagnosis *dg;
	const struct scxray_report *r;
	const struct scxray_sched *s;
	const struct scxray_exit_info *info; /* of `s`, or what its vCPU's stack tells */
	struct exit_site site;
};

/* "-12 is ENOMEM": what is in the message after `before`, if it is an errno */
static bool put_errno(const struct exit_case *c, struct strbuf *sb, const char *before)
{
	const struct scxray_text *msg = &c->s->exit_info.msg;
	const char *at = msg->state == SCXRAY_PRESENT ? strstr(msg->bytes, before) : NULL;
	long number = at ? strtol(at + strlen(before), NULL, 10) : 0;
	const char *name = number < 0 && number > -4096 ? strerrorname_np((int)-number) : NULL;

	if (name)
		strbuf_printf(sb, " %ld is %s", number, name);
	return name;
}

/* The named task: where it may run, and where it is. */
static void put_named_cpus(const struct exit_case *c, struct strbuf *sb)
{
	const struct scxray_task *t = c->site.task;

	if (!t)
		return;
	strbuf_putc(sb, ' ');
	cell_task(sb, t, t->kva);
	if (num_true(&t->migration_disabled))
		strbuf_puts(sb, " has migration disabled and");
	if (t->cpus_allowed.state == SCXRAY_PRESENT) {
		strbuf_puts(sb, " may run on CPUs ");
		cell_cpus(sb, &t->cpus_allowed);
		strbuf_puts(sb, " and");
	}
	strbuf_puts(sb, " is on CPU ");
	cell_num(sb, &t->cpu);
	strbuf_putc(sb, '.');
	finding_add_path(c->dg, c->r, "task_enrichments[%zu].cpus_allowed",
			 (size_t)(t - c->r->tasks));
}

static void put_no_cpu(const struct exit_case *c, struct strbuf *sb)
{
	if (put_errno(c, sb, "invalid CPU "))
		strbuf_puts(sb, ": an error code was taken for a CPU or, with all bits of a u64, "
				"for a DSQ's id.");
	put_named_cpus(c, sb);
}

/* That it was there half-way says that it was destroyed since. */
static void put_gone(const struct exit_case *c, struct strbuf *sb, uint64_t id)
{
	const struct scxray_report *early = c->dg->early;

	for (size_t i = 0; early && i < early->nr_dsqs; i++) {
		if (!num_is(&early->dsqs[i].id, id) || early->dsqs[i].origin != SCXRAY_DSQ_USER)
			continue;
		strbuf_puts(sb, " It was there at half-way: it has been destroyed since.");
		finding_add_path(c->dg, early, "dsq_states[%zu].id", i);
		return;
	}
}

/* Which queues there are; an id that is a negative errno is one. */
static void put_ids(const struct exit_case *c, struct strbuf *sb)
{
	const char *hex = strstr(c->s->exit_info.msg.bytes, "0x");
	uint64_t id = hex ? strtoull(hex, NULL, 16) : 0;
	const char *name =
		(int64_t)id < 0 && (int64_t)id > -4096 ? strerrorname_np((int)-(int64_t)id) : NULL;
	size_t nr = 0;

	if (id >> 63 && !name)
		strbuf_puts(sb,
			    " It is the id of a built-in DSQ: the kernel alone takes from those.");
	if (name)
		strbuf_printf(sb, " As a signed number the id is %" PRId64 ", the errno of %s.",
			      (int64_t)id, name);
	for (size_t i = 0; i < c->r->nr_dsqs; i++) {
		const struct scxray_dsq *dsq = &c->r->dsqs[i];

		if (dsq->origin != SCXRAY_DSQ_USER)
			continue;
		if (nr < 8) {
			strbuf_puts(sb, nr ? ", " : " Those that there are: ");
			cell_dsq(sb, dsq);
		}
		nr++;
	}
	if (!nr)
		strbuf_puts(sb, " There is no DSQ of the scheduler's own.");
	else if (nr > 8)
		strbuf_printf(sb, " and %zu more.", nr - 8);
	else
		strbuf_putc(sb, '.');
	finding_add_path(c->dg, c->r, "dsq_states");
	put_gone(c, sb, id);
}

static void put_state(const struct exit_case *c, struct strbuf *sb)
{
	const struct scxray_task *t = c->site.task;

	if (put_errno(c, sb, " failed ("))
		strbuf_putc(sb, '.');

	if (c->r->enable_state_name) {
		strbuf_puts(sb, " sched_ext is in state ");
		cell_string(sb, c->r->enable_state_name);
		strbuf_putc(sb, '.');
	}
	if (!t || !t->scx_task_state_name)
		return;
	strbuf_putc(sb, ' ');
	cell_task(sb, t, t->kva);
	strbuf_puts(sb, " is in state ");
	cell_string(sb, t->scx_task_state_name);
	strbuf_putc(sb, '.');
	finding_add_path(c->dg, c->r, "task_enrichments[%zu].scx_task_state",
			 (size_t)(t - c->r->tasks));
}

static void put_hotplug(const struct exit_case *c, struct strbuf *sb)
{
	bool online = false, offline = false;

	for (size_t i = 0; i < c->s->nr_ops; i++) {
		online = online || !strcmp(c->s->ops[i].name, "cpu_online");
		offline = offline || !strcmp(c->s->ops[i].name, "cpu_offline");
	}
	if (!online && !offline)
		strbuf_puts(sb, " It implements neither ops.cpu_online() nor ops.cpu_offline(), so "
				"the kernel ends it.");
	for (size_t i = 0; i < c->r->nr_rqs; i++)
		if (num_is(&c->r->rqs[i].online, 0))
			strbuf_printf(sb, " CPU %" PRIu32 " is offline.", c->r->rqs[i].cpu);
	if (c->s->exit_info.exit_code_names &&
	    strstr(c->s->exit_info.exit_code_names, "ACT_RESTART"))
		strbuf_puts(sb, " It is asked to be loaded again (SCX_ECODE_ACT_RESTART).");
	finding_add_path(c->dg, c->r, "scx_sched_state.exit_info.exit_code");
}

/* Words of the kernel's message (kernel/sched/ext.c), and what has to be told beside it. */
static const struct {
	const char *word, *also;
	const char *kind;
	const char *did;
	void (*put)(const struct exit_case *c, struct strbuf *sb);
} messages[] = {
	{ "non-existent DSQ", "", "dsq_missing", "named a DSQ that does not exist", put_ids },
	{ "invalid DSQ ID", "", "dsq_missing", "named a DSQ that does not exist", put_ids },
	{ "target CPU", "not allowed", "cpu_not_allowed",
	  "sent a task to a CPU on which it may not run", put_named_cpus },
	{ "cannot move migration disabled", "", "cpu_not_allowed",
	  "sent a task to a CPU on which it may not run", put_named_cpus },
	{ "invalid CPU", "", "cpu_invalid", "named a CPU that there is not", put_no_cpu },
	{ "nvalid target CPU", "", "cpu_invalid", "named a CPU that there is not", put_no_cpu },
	{ "init_task", "", "init_task_failed", "refused a task in ops.init_task()", put_state },
	{ "cgroup_init", "", "init_failed", "failed in ops.cgroup_init()", put_state },
	{ "ops.init()", "", "init_failed", "failed in ops.init()", put_state },
	{ "already direct-dispatched", "", "dispatched_twice", "dispatched a task twice",
	  put_state },
	{ "trying to direct-dispatch", "", "wrong_task",
	  "inserted another task than the one that it was given", NULL },
	{ "reenqueued", "without running", "reenqueue_loop",
	  "was given a task again and again, without that it ran", put_named_cpus },
	{ "dispatch buffer overflow", "", "dispatch_overflow",
	  "dispatched more tasks at once than dispatch_max_batch", NULL },
	{ "ockup", "", "lockup", "let a CPU lock up", NULL },
	{ "RCU CPU stall", "", "lockup", "let a CPU stall RCU", NULL },
	{ "exiting scheduler", "cpu", "hotplug", "does not take part in CPU hotplug", put_hotplug },
};

static const char *kind_of_message(const struct scxray_text *msg, uint64_t kind, size_t *row)
{
	*row = SIZE_MAX;
	/* a scheduler's own words mean what it wants */
	if (kind == SCX_EXIT_ERROR_BPF)
		return "bpf_error";
	for (size_t i = 0; msg->state == SCXRAY_PRESENT && i < ARRAY_SIZE(messages); i++) {
		if (!strstr(msg->bytes, messages[i].word) || !strstr(msg->bytes, messages[i].also))
			continue;
		*row = i;
		return messages[i].kind;
	}
	return "runtime_error";
}

/* Has the task an entry in a storage map in which most tasks have one?  The map's index if not. */
static size_t missing_context(const struct scxray_report *r, const struct scxray_task *t)
{
	char name[64];
	size_t nr_ext = 0;

	snprintf(name, sizeof(name), "%.32s[%" PRId64 "]",
		 t->comm.state == SCXRAY_PRESENT ? t->comm.bytes : "", num_signed(&t->pid));
	for (size_t i = 0; i < r->nr_tasks; i++)
		nr_ext += name_is(r->tasks[i].sched_class, "ext");
	for (size_t m = 0; m < r->nr_maps; m++) {
		const struct scxray_map *map = &r->maps[m];
		bool has = false;

		if (!map->active || !map->type_name ||
		    strcmp(map->type_name, "task_storage") != 0 || map->nr_owners * 2 < nr_ext)
			continue;
		for (size_t i = 0; i < map->nr_owners; i++)
			has = has || (map->owners[i] && !strcmp(map->owners[i], name));
		if (!has && map->nr_entries == map->total)
			return m;
	}
	return SIZE_MAX;
}

/* A pid that the scheduler's own message has, in whatever words. */
static const struct scxray_task *task_of_words(const struct scxray_report *r,
					       const struct scxray_text *msg)
{
	for (const char *at = msg->bytes; at && *at;) {
		unsigned long pid;
		char *end;

		if (*at < '0' || *at > '9') {
			at++;
			continue;
		}
		pid = strtoul(at, &end, 10);
		for (size_t i = 0; pid && i < r->nr_tasks; i++)
			if (num_is(&r->tasks[i].pid, pid))
				return &r->tasks[i];
		at = end;
	}
	return NULL;
}

/* An error of the program's own that is about a task without its context. */
static bool put_context(const struct exit_case *c, struct strbuf *sb)
{
	const struct scxray_task *t = c->site.task;
	size_t m;

	if (!t && c->s->exit_info.msg.state == SCXRAY_PRESENT)
		t = task_of_words(c->r, &c->s->exit_info.msg);
	if (!t && c->site.rq && c->site.rq->curr_index >= 0 &&
	    (size_t)c->site.rq->curr_index < c->r->nr_tasks)
		t = &c->r->tasks[c->site.rq->curr_index];
	m = t ? missing_context(c->r, t) : SIZE_MAX;
	if (m == SIZE_MAX)
		return false;
	strbuf_putc(sb, ' ');
	cell_task(sb, t, t->kva);
	strbuf_puts(sb, " has no entry in map ");
	cell_text(sb, &c->r->maps[m].name);
	strbuf_printf(sb, ", %zu other tasks have one", c->r->maps[m].nr_owners);
	if (t->scx_task_state_name) {
		strbuf_puts(sb, "; its state is ");
		cell_string(sb, t->scx_task_state_name);
	}
	if (t->flag_names && strstr(t->flag_names, "EXITING"))
		strbuf_puts(sb, ", and it is exiting");
	strbuf_putc(sb, '.');
	finding_last(c->dg)->map = (int32_t)m;
	finding_last(c->dg)->r = c->r;
	finding_add_task(c->dg, (size_t)(t - c->r->tasks));
	finding_add_path(c->dg, c->r, "maps[%zu].name", m);
	return true;
}

/* "scx_bpf_error()" for what its macro calls, scx_bpf_error_bstr() */
static void put_called(struct strbuf *sb, struct scxray_text called)
{
	if (called.len > 5 && !strncmp(called.bytes + called.len - 5, "_bstr", 5))
		called.len -= 5;
	cell_text(sb, &called);
	strbuf_puts(sb, "()");
}

static void put_what(const struct exit_case *c, struct strbuf *sb, uint64_t kind, size_t row)
{
	const struct exit_site *site = &c->site;
	const struct scxray_text *msg = &c->s->exit_info.msg;
	bool has_cpu =
		c->info->exit_cpu.state == SCXRAY_PRESENT && num_signed(&c->info->exit_cpu) >= 0;

	exit_site_put(sb, site, c->s);
	if (kind == SCX_EXIT_ERROR_BPF)
		strbuf_puts(sb, " gave up");
	else if (row != SIZE_MAX)
		strbuf_printf(sb, " %s", messages[row].did);
	else
		strbuf_puts(sb, " did what the kernel refuses");
	if (site->called.state == SCXRAY_PRESENT) {
		strbuf_puts(sb, kind == SCX_EXIT_ERROR_BPF ? " by " : " in ");
		put_called(sb, site->called);
	}
	if (has_cpu && site->frame)
		strbuf_printf(sb, " on CPU %" PRIu64, c->info->exit_cpu.value);
	if (site->frame && site->rq && site->rq->curr_pid.state == SCXRAY_PRESENT) {
		strbuf_puts(sb, ", where ");
		words_put_curr(sb, site->rq);
		strbuf_puts(sb, " is current");
	}
	if (msg->state == SCXRAY_PRESENT && msg->len) {
		strbuf_puts(sb, ": ");
		cell_text(sb, msg);
	}
	if (has_cpu && !site->frame)
		strbuf_printf(sb, " (on CPU %" PRIu64 ")", c->info->exit_cpu.value);
	strbuf_putc(sb, '.');
	if (c->info != &c->s->exit_info)
		strbuf_puts(sb, " The guest was stopped before the kernel wrote its message.");
}

static void find_cause(struct diagnosis *dg, const struct scxray_report *r, size_t i)
{
	struct exit_case c = { .dg = dg, .r = r, .s = &r->scheds[i] };
	bool in_info, hotplug;
	uint64_t kind = exit_kind(c.s, &in_info);
	size_t row;
	const char *name = kind_of_message(&c.s->exit_info.msg, kind, &row);
	struct scxray_exit_info live;
	struct strbuf *sb;

	hotplug = kind < SCX_EXIT_ERROR && c.s->exit_info.exit_code_names;
	if ((kind < SCX_EXIT_ERROR && !hotplug) || kind == SCX_EXIT_ERROR_STALL)
		return;
	c.info = &c.s->exit_info;
	if (!c.info->nr_bt && exit_info_of_vcpu(r, &live)) {
		c.info = &live;
		name = kind_of_message(&live.msg, kind, &row);
	}
	c.site = exit_site(r, c.info);
	sb = finding_begin(dg, RANK_CAUSE, SEVERITY_ERROR, name);
	finding_last(dg)->weight = UINT64_MAX;
	finding_last(dg)->program = c.site.program;
	finding_last(dg)->r = r;
	if (c.info->exit_cpu.state == SCXRAY_PRESENT)
		finding_last(dg)->cpu = (int32_t)num_signed(&c.info->exit_cpu);
	put_what(&c, sb, kind, row);
	if (c.site.task)
		finding_add_task(dg, (size_t)(c.site.task - r->tasks));
	if (row != SIZE_MAX && messages[row].put && c.info != &live)
		messages[row].put(&c, sb);
	else if (kind == SCX_EXIT_ERROR_BPF && put_context(&c, sb))
		finding_last(dg)->kind = "task_context_missing";
	if (!i)
		finding_add_path(dg, r, "scx_sched_state.exit_info.msg");
	else
		finding_add_path(dg, r, "scx_sched_state.sub_schedulers");
}

void find_exit_causes(struct diagnosis *dg)
{
	for (size_t i = 0; i < dg->doc->late->nr_scheds; i++)
		find_cause(dg, dg->doc->late, i);
}
