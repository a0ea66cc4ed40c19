/* SPDX-License-Identifier: BSD-2-Clause */
/* exit_site.c - where in the scheduler an error exit was decided, by its backtrace */
#include "render/diagnosis/exit_site.h"

#include <ctype.h>
#include <stdlib.h>

#include <base/array.h>

#include <scxray/host.h>
#include <scxray/prog.h>
#include <scxray/report_struct.h>
#include <scxray/sched.h>
#include <scxray/task.h>
#include <scxray/vcpu.h>

#include "render/diagnosis/words.h"
#include "render/out/cells.h"
#include "render/out/join.h"

/* enum scx_exit_kind */
#define SCX_EXIT_DONE 1

/*
 * Before 6.16 there is no atomic beside the exit_info; once a scheduler is being disabled the
 * atomic says DONE, and the exit_info what ended it.
 */
uint64_t exit_kind(const struct scxray_sched *s, bool *in_info)
{
	uint64_t kind = 0, info;
	bool atomic = num_get(&s->exit_kind, &kind) && kind;

	*in_info = false;
	if (!atomic)
		kind = 0;
	if ((atomic && kind != SCX_EXIT_DONE) || !num_get(&s->exit_info.kind, &info) || !info)
		return kind;
	*in_info = true;
	return info;
}

/* "bpf_prog_aae95bbab5f3151e_scxfix_tick+0xbe [bpf]": the kernel's name for a JITed function */
static bool bpf_name(const char *symbol, struct scxray_text *name)
{
	size_t tag = 0;

	if (!symbol || strncmp(symbol, "bpf_prog_", 9) != 0)
		return false;
	symbol += 9;
	while (isxdigit((unsigned char)symbol[tag]))
		tag++;
	if (tag != 16 || symbol[tag] != '_')
		return false;
	symbol += tag + 1;
	*name = (struct scxray_text){ .bytes = symbol,
				      .len = strcspn(symbol, "+ "),
				      .state = SCXRAY_PRESENT };
	return name->len > 0;
}

static const char *op_of(const struct scxray_report *r, const struct scxray_text *program)
{
	for (size_t i = 0; i < r->nr_progs; i++) {
		const struct scxray_text *name = &r->progs[i].name;

		if (r->progs[i].op && name->state == SCXRAY_PRESENT && name->len == program->len &&
		    !strncmp(name->bytes, program->bytes, program->len))
			return r->progs[i].op;
	}
	return NULL;
}

const char *exit_site_op(const struct scxray_report *r, const struct scxray_address *frame)
{
	struct scxray_text name;

	return bpf_name(frame->symbol, &name) ? op_of(r, &name) : NULL;
}

/* The last "comm[pid]" of the message. */
static const struct scxray_task *named_task(const struct scxray_report *r,
					    const struct scxray_text *msg)
{
	if (msg->state != SCXRAY_PRESENT)
		return NULL;
	for (const char *at = msg->bytes + msg->len; at > msg->bytes; at--) {
		long pid;
		char *end;

		if (*at != '[')
			continue;
		pid = strtol(at + 1, &end, 10);
		if (end == at + 1 || *end != ']' || pid <= 0)
			continue;
		for (size_t i = 0; i < r->nr_tasks; i++) {
			const struct scxray_task *t = &r->tasks[i];

			if (num_is(&t->pid, (uint64_t)pid) && t->comm.state == SCXRAY_PRESENT &&
			    (size_t)(at - msg->bytes) >= t->comm.len &&
			    !strncmp(at - t->comm.len, t->comm.bytes, t->comm.len))
				return t;
		}
	}
	return NULL;
}

/* Kernel functions that carry out what an op has asked for, after it has returned. */
static const char *op_of_kernel(const char *symbol)
{
	static const struct {
		const char *function, *op;
	} table[] = {
		{ "do_enqueue_task", "enqueue" },
		{ "direct_dispatch", "enqueue" },
		{ "flush_dispatch_buf", "dispatch" },
		{ "select_task_rq_scx", "select_cpu" },
		{ "balance_one", "dispatch" },
		/* a verdict for another CPU's local DSQ, of either */
		{ "run_deferred", "enqueue() or ops.select_cpu" },
		{ "process_ddsp_deferred_locals", "enqueue() or ops.select_cpu" },
	};

	/* 7.1 put "scx_" before the names of most */
	if (symbol && !strncmp(symbol, "scx_", 4))
		symbol += 4;
	for (size_t i = 0; symbol && i < ARRAY_SIZE(table); i++)
		if (!strncmp(symbol, table[i].function, strlen(table[i].function)))
			return table[i].op;
	return NULL;
}

/* scx_claim_exit(), scx_vexit(), __scx_exit(), scx_exit(): from the store up to who asked for it. */
static bool is_exiting(const char *symbol)
{
	static const char *const names[] = { "scx_claim_exit", "scx_vexit", "scx_exit",
					     "scx_error" };

	while (symbol && *symbol == '_')
		symbol++;
	for (size_t i = 0; symbol && i < ARRAY_SIZE(names); i++)
		if (!strncmp(symbol, names[i], strlen(names[i])))
			return true;
	return false;
}

/* What the kernel's function that begins the exit will say: words that its message has. */
static struct scxray_text words_of(const char *symbol)
{
	static const struct {
		const char *function, *words;
	} table[] = {
		{ "find_dsq_for_dispatch", "non-existent DSQ" },
		{ "task_can_run_on_remote_rq", "target CPU not allowed" },
		{ "ops_cpu_valid", "invalid CPU" },
	};

	for (size_t i = 0; symbol && i < ARRAY_SIZE(table); i++)
		if (!strncmp(symbol, table[i].function, strlen(table[i].function)))
			return (struct scxray_text){ .bytes = table[i].words,
						     .len = strlen(table[i].words),
						     .state = SCXRAY_PRESENT };
	return (struct scxray_text){ 0 };
}

bool exit_info_of_vcpu(const struct scxray_report *r, struct scxray_exit_info *info)
{
	for (size_t i = 0; i < r->nr_vcpus; i++) {
		const struct scxray_stack_trace *bt = &r->vcpus[i].backtrace;
		size_t nr = 0;

		while (nr < bt->nr && is_exiting(bt->frames[nr].symbol))
			nr++;
		if (!nr || nr == bt->nr)
			continue;
		*info = (struct scxray_exit_info){ .bt = bt->frames + nr,
						   .nr_bt = bt->nr - nr,
						   .exit_cpu = r->vcpus[i].cpu,
						   .msg = words_of(bt->frames[nr].symbol) };
		return true;
	}
	return false;
}

struct exit_site exit_site(const struct scxray_report *r, const struct scxray_exit_info *info)
{
	struct exit_site site = { .task = named_task(r, &info->msg) };

	for (size_t i = 0; i < info->nr_bt; i++) {
		struct scxray_text name;

		if (!bpf_name(info->bt[i].symbol, &name)) {
			if (!site.op)
				site.op = op_of_kernel(info->bt[i].symbol);
			continue;
		}
		if (!site.frame) {
			const char *below = i ? info->bt[i - 1].symbol : NULL;

			site.frame = &info->bt[i];
			site.program = name;
			if (below)
				site.called = (struct scxray_text){ .bytes = below,
								    .len = strcspn(below, "+ "),
								    .state = SCXRAY_PRESENT };
		}
		site.op = op_of(r, &name) ? op_of(r, &name) : site.op;
	}
	if (info->exit_cpu.state == SCXRAY_PRESENT && num_signed(&info->exit_cpu) >= 0)
		site.rq = report_find_rq(r, info->exit_cpu.value);
	return site;
}

/* The program of the op, where no frame of it is left: " (usher_dispatch)" */
static void put_program(struct strbuf *sb, const char *op, const struct scxray_sched *s)
{
	for (size_t i = 0; op && i < s->nr_ops; i++) {
		if (strcmp(s->ops[i].name, op) != 0 || !s->ops[i].program)
			continue;
		strbuf_puts(sb, " (");
		cell_string(sb, s->ops[i].program);
		strbuf_putc(sb, ')');
	}
}

void exit_site_put(struct strbuf *sb, const struct exit_site *site, const struct scxray_sched *s)
{
	size_t start;

	if (site->op)
		strbuf_printf(sb, "ops.%s() of ", site->op);
	else if (site->frame)
		strbuf_puts(sb, "A BPF program of ");
	start = sb->len;
	words_put_sched(sb, s);
	if (!site->op && !site->frame && sb->len > start)
		sb->data[start] = 'S';
	if (!site->frame) {
		put_program(sb, site->op, s);
		return;
	}
	strbuf_puts(sb, " (");
	cell_frame(sb, site->frame);
	strbuf_putc(sb, ')');
}
