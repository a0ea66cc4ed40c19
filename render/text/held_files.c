/* SPDX-License-Identifier: BSD-2-Clause */
/* held_files.c - which processes have files of the schedulers open, as text */
#include <scxray/report_struct.h>
#include <scxray/task.h>

#include "render/out/cells.h"
#include "render/out/join.h"
#include "render/out/reasons.h"

#define MAX_NAMES 8 /* of maps; with --full all, of programs and links too, and their numbers */

static void put_file(const struct text *t, struct strbuf *sb, const struct scxray_held_file *file)
{
	const struct scxray_text *name = held_file_name(t->report, file);
	size_t start = sb->len;

	if (name)
		cell_text(sb, name);
	else
		strbuf_hex(sb, file->kva, 16);
	if (t->full)
		strbuf_printf(sb, " (fd %u)", file->fd);
	cell_keep_words(sb, start);
}

/* "11 maps: asks, answers, +9 more" */
static void put_kind(const struct text *t, struct strbuf *sb, const struct scxray_held_files *held,
		     enum scxray_held_kind kind)
{
	size_t nr = 0, shown = 0, cap = text_cap(t, kind == SCXRAY_HELD_MAP ? MAX_NAMES : 0);

	for (size_t i = 0; i < held->nr_files; i++)
		nr += held->files[i].kind == kind;
	if (!nr)
		return;
	strbuf_printf(sb, "%s%zu %s%s", sb->len ? "; " : "", nr,
		      held_file_kind(&(struct scxray_held_file){ .kind = kind }), plural_s(nr));
	for (size_t i = 0; i < held->nr_files && shown < cap; i++) {
		if (held->files[i].kind != kind)
			continue;
		strbuf_puts(sb, shown++ ? ", " : ": ");
		put_file(t, sb, &held->files[i]);
	}
	if (shown && nr > shown)
		strbuf_printf(sb, ", +%zu more", nr - shown);
}

/* A thread of the process, with its stack. */
static size_t put_thread(struct text *t, const struct scxray_task *task, const char *what)
{
	struct strbuf words;
	size_t len;

	strbuf_init(&words, NULL);
	strbuf_puts(&words, what);
	cell_task(&words, task, task->kva);
	strbuf_printf(&words, " state %c", task->state_letter ? task->state_letter : '?');
	strbuf_puts(&t->out, strbuf_str(&words));
	len = words.len;
	strbuf_deinit(&words);
	return len;
}

static void process(struct text *t, const struct scxray_report *r, const struct scxray_task *task)
{
	struct strbuf words;
	size_t indent;

	strbuf_puts(&t->out, "    ");
	indent = 4 + put_thread(t, task, "");
	strbuf_init(&words, NULL);
	put_kind(t, &words, task->held, SCXRAY_HELD_MAP);
	put_kind(t, &words, task->held, SCXRAY_HELD_PROG);
	put_kind(t, &words, task->held, SCXRAY_HELD_LINK);
	strbuf_puts(&t->out, ": ");
	text_wrap(t, strbuf_str(&words), indent + 2, 8);
	if (words.error)
		t->out.error = words.error;
	strbuf_deinit(&words);
	text_stack(t, 6, &task->kernel_stack);
	for (size_t i = 0; i < r->nr_tasks; i++) {
		if (&r->tasks[i] == task || r->tasks[i].held != task->held)
			continue;
		strbuf_puts(&t->out, "      ");
		put_thread(t, &r->tasks[i], "thread ");
		strbuf_putc(&t->out, '\n');
		text_stack(t, 8, &r->tasks[i].kernel_stack);
	}
}

void text_held_files(struct text *t, const struct scxray_report *r)
{
	bool any = false;

	for (size_t i = 0; i < r->nr_tasks; i++) {
		const struct scxray_task *task = &r->tasks[i];

		if (!task->held || held_files_process(r, task->held) != task)
			continue;
		if (!any)
			strbuf_puts(&t->out, "  processes that have files of theirs open:\n");
		any = true;
		process(t, r, task);
	}
	if (any)
		text_cut(t, r, SCXRAY_GROUP_HELD_FILES, 4);
}
