/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * number_join.c - what a member's number means, where its name, its size and its value
 * leave no doubt: a task's pid, a DSQ's id, a slice, a time in jiffies
 */
#include <scxray/dsq.h>
#include <scxray/guest.h>
#include <scxray/report_struct.h>
#include <scxray/task.h>

#include <base/array.h>

#include "render/out/cells.h"
#include "render/out/escape.h"
#include "render/value/leaf.h"

#define MAX_AGE_S (365u * 24 * 3600) /* a time before that is none */

/* A task that the report has. */
static bool put_pid(struct strbuf *sb, const struct scxray_report *r, uint64_t v)
{
	for (size_t i = 0; v && i < r->nr_tasks; i++) {
		const struct scxray_task *task = &r->tasks[i];

		if (task->pid.state != SCXRAY_PRESENT || task->pid.value != v ||
		    task->comm.state != SCXRAY_PRESENT)
			continue;
		escape_text(sb, task->comm.bytes, task->comm.len, false);
		return true;
	}
	return false;
}

/* A DSQ that the report has: hexadecimal, as schedulers write user DSQs, or the kernel's name. */
static bool put_dsq(struct strbuf *sb, const struct scxray_report *r, uint64_t v)
{
	for (size_t i = 0; v && i < r->nr_dsqs; i++) {
		const struct scxray_dsq *dsq = &r->dsqs[i];

		if (dsq->id.state != SCXRAY_PRESENT || dsq->id.value != v)
			continue;
		if (dsq->id_name) {
			escape_text(sb, dsq->id_name, strlen(dsq->id_name), false);
		} else {
			strbuf_puts(sb, "DSQ ");
			strbuf_hex(sb, v, 1);
		}
		return true;
	}
	return false;
}

/* SCX_SLICE_INF, include/linux/sched/ext.h; other slices are ns. */
static bool put_slice(struct strbuf *sb, const struct scxray_report *r, uint64_t v)
{
	(void)r;
	if (v == UINT64_MAX)
		strbuf_puts(sb, "SCX_SLICE_INF");
	else if (v >= 1000)
		cell_ns(sb, v);
	return v >= 1000;
}

/* A moment before the freeze. */
static bool put_jiffies(struct strbuf *sb, const struct scxray_report *r, uint64_t v)
{
	const struct scxray_num *now = &r->guest.jiffies, *hz = &r->guest.hz;

	if (now->state != SCXRAY_PRESENT || hz->state != SCXRAY_PRESENT || !hz->value || !v ||
	    v > now->value || (now->value - v) / hz->value > MAX_AGE_S)
		return false;
	cell_wait(sb, hz, now->value - v);
	strbuf_puts(sb, " ago");
	return true;
}

/* A rule holds for a member of that name, or one that ends with "_name". */
static const struct {
	const char *name;
	unsigned bits;
	bool (*put)(struct strbuf *sb, const struct scxray_report *r, uint64_t v);
} rules[] = {
	{ "pid", 32, put_pid },	       { "tgid", 32, put_pid },	       { "dsq", 64, put_dsq },
	{ "dsq_id", 64, put_dsq },     { "dsqid", 64, put_dsq },       { "slice", 64, put_slice },
	{ "slice_ns", 64, put_slice }, { "jiffies", 64, put_jiffies },
};

static bool is_named(const char *member, const char *name)
{
	size_t m = strlen(member), n = strlen(name);

	return m >= n && !strcmp(member + m - n, name) && (m == n || member[m - n - 1] == '_');
}

void number_join(struct strbuf *sb, const struct scxray_report *r, const char *member,
		 const struct scxray_scalar *s)
{
	size_t start = sb->len;

	if (!r || !member || s->task ||
	    (s->kind != SCXRAY_SCALAR_UINT && s->kind != SCXRAY_SCALAR_INT) ||
	    (s->is_signed && s->hi))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if (rules[i].bits != s->bits || !is_named(member, rules[i].name))
			continue;
		strbuf_puts(sb, " (");
		if (rules[i].put(sb, r, s->lo))
			strbuf_putc(sb, ')');
		else
			sb->len = start;
		return;
	}
}
