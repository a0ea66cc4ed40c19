/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stacks.c - kernel stacks as text: tasks with the same stack share it
 */
#include <errno.h>
#include <stdlib.h>

#include <scxray/report_struct.h>
#include <scxray/task.h>

#include "render/diff/diff.h"
#include "render/out/cells.h"

#define MAX_NAMES 12 /* tasks of one stack that are named; the others are counted */

static void frames(struct strbuf *sb, const struct scxray_stack_trace *stack)
{
	for (size_t i = 0; i < stack->nr; i++) {
		size_t start;

		strbuf_puts(sb, i ? ", " : "");
		start = sb->len;
		cell_frame(sb, &stack->frames[i]);
		cell_keep_words(sb, start);
	}
	if (stack->end && (!stack->whole || !stack->nr)) {
		strbuf_puts(sb, stack->nr ? " <" : "<");
		cell_string(sb, stack->end);
		strbuf_putc(sb, '>');
	}
}

void text_stack(struct text *t, size_t indent, const struct scxray_stack_trace *stack)
{
	struct strbuf words;

	if (!stack->nr && !stack->end)
		return;
	strbuf_init(&words, NULL);
	frames(&words, stack);
	strbuf_fill(&t->out, ' ', indent);
	style_begin(t, &t->out, STYLE_CYAN);
	strbuf_puts(&t->out, "stack:");
	style_end(t, &t->out, STYLE_CYAN);
	strbuf_putc(&t->out, ' ');
	text_wrap(t, strbuf_str(&words), indent + strlen("stack: "), indent + 4);
	strbuf_deinit(&words);
}

struct entry {
	const struct scxray_task *task;
	size_t index; /* index of the task, and of the first task with the same stack */
	size_t group;
};

static int compare_stacks(const struct scxray_stack_trace *a, const struct scxray_stack_trace *b)
{
	if (a->nr != b->nr)
		return a->nr < b->nr ? -1 : 1;
	for (size_t i = 0; i < a->nr; i++)
		if (a->frames[i].addr.value != b->frames[i].addr.value)
			return a->frames[i].addr.value < b->frames[i].addr.value ? -1 : 1;
	return strcmp(a->end ? a->end : "", b->end ? b->end : "");
}

static int by_stack(const void *va, const void *vb)
{
	const struct entry *a = va, *b = vb;
	int order = compare_stacks(&a->task->kernel_stack, &b->task->kernel_stack);

	return order ? order : a->index < b->index ? -1 : a->index > b->index;
}

static int by_group(const void *va, const void *vb)
{
	const struct entry *a = va, *b = vb;

	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

static void group(struct text *t, const struct entry *entries, size_t nr)
{
	size_t cap = text_cap(t, MAX_NAMES);
	struct strbuf label, names;

	strbuf_init(&label, NULL);
	strbuf_init(&names, NULL);
	strbuf_printf(&label, "%zu task%s:", nr, plural_s(nr));
	for (size_t i = 0; i < nr && i < cap; i++) {
		size_t start;

		strbuf_puts(&names, i ? " " : "");
		start = names.len;
		cell_task(&names, entries[i].task, entries[i].task->kva);
		cell_keep_words(&names, start);
	}
	if (nr > cap)
		strbuf_printf(&names, " +%zu more", nr - cap);
	strbuf_puts(&t->out, "    ");
	text_styled(t, STYLE_CYAN, strbuf_str(&label));
	strbuf_putc(&t->out, ' ');
	text_wrap(t, strbuf_str(&names), 4 + label.len + 1, 8);
	text_stack(t, 6, &entries[0].task->kernel_stack);
	strbuf_deinit(&names);
	strbuf_deinit(&label);
}

static bool same_symbols(const struct scxray_stack_trace *a, const struct scxray_stack_trace *b)
{
	for (size_t i = 0; i < a->nr; i++) {
		const char *x = a->frames[i].symbol, *y = b->frames[i].symbol;

		if (!x != !y || (x && strcmp(x, y) != 0))
			return false;
	}
	return true;
}

bool stacks_equal(const struct scxray_stack_trace *a, const struct scxray_stack_trace *b)
{
	return a->end && b->end && a->whole == b->whole && !compare_stacks(a, b) &&
	       same_symbols(a, b);
}

/* True if the late report's text of the task's stack is the same. */
static bool is_repeated(const struct text *t, const struct scxray_task *task)
{
	size_t hint = (size_t)(task - t->report->tasks);
	size_t at = t->late ? diff_find_task(t->late, task, hint) : SIZE_MAX;

	return at != SIZE_MAX &&
	       stacks_equal(&t->late->tasks[at].kernel_stack, &task->kernel_stack);
}

void text_task_stacks(struct text *t, const struct scxray_task *const *tasks, size_t nr)
{
	struct entry *entries = calloc(nr ? nr : 1, sizeof(*entries));
	size_t n = 0, repeated = 0, end;

	if (!entries) {
		t->out.error = ENOMEM;
		return;
	}
	for (size_t i = 0; i < nr; i++)
		if (tasks[i]->kernel_stack.end && is_repeated(t, tasks[i]))
			repeated++;
		else if (tasks[i]->kernel_stack.end)
			entries[n++] = (struct entry){ .task = tasks[i], .index = i };
	/* equal stacks together, groups in the order of their first tasks */
	qsort(entries, n, sizeof(*entries), by_stack);
	for (size_t i = 0; i < n; i++)
		entries[i].group = i && !compare_stacks(&entries[i - 1].task->kernel_stack,
							&entries[i].task->kernel_stack)
					   ? entries[i - 1].group
					   : entries[i].index;
	qsort(entries, n, sizeof(*entries), by_group);
	if (n) {
		strbuf_puts(&t->out, "  ");
		text_styled(t, STYLE_CYAN, "kernel stacks:");
		strbuf_putc(&t->out, '\n');
	}
	for (size_t i = 0; i < n; i = end) {
		for (end = i + 1; end < n && entries[end].group == entries[i].group; end++)
			;
		group(t, &entries[i], end - i);
	}
	free(entries);
	if (repeated)
		strbuf_printf(&t->out, "  kernel stacks of %zu task%s: as in the late snapshot\n",
			      repeated, plural_s(repeated));
}
