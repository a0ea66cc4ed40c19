/* SPDX-License-Identifier: BSD-2-Clause */
/* cards.c - for each task that waits too long, all that is known of it in one block */
#include <errno.h>

#include <scxray/host.h>
#include <scxray/map.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/task.h>

#include "render/diagnosis/facts.h"
#include "render/out/map_model.h"
#include "render/text/map.h"
#include "render/text/overview.h"

#define MAX_CPUS 4 /* of the allowed ones, what they run */

/* "victim1[99]: DSQ 0x57a11 #1/4, runnable for 8.172s (4.580s at half-way, on DSQ ...)" */
static void put_head(struct text *t, const struct facts *f, const struct wait *w)
{
	const struct scxray_task *early = facts_early_task(f, w->task);
	struct strbuf *sb = &t->out;

	strbuf_puts(sb, "  ");
	style_begin(t, sb, task_age_style(t, w->task));
	cell_task(sb, w->task, w->task->kva);
	style_end(t, sb, task_age_style(t, w->task));
	strbuf_puts(sb, ": ");
	cell_custody(sb, f->r, w->task);
	strbuf_puts(sb, ", runnable for ");
	cell_age(sb, w->task);
	if (early && early->runnable_cpu >= 0) {
		strbuf_puts(sb, " (at half-way ");
		cell_age(sb, early);
		strbuf_puts(sb, ", ");
		cell_custody(sb, f->early, early);
		strbuf_putc(sb, ')');
	}
	strbuf_putc(sb, '\n');
}

/* "    cpus 0, weight 305, slice 7ms, vtime 0, flags QUEUED, ran 24 times, none since half-way" */
static void put_facts(struct text *t, const struct facts *f, const struct scxray_task *task)
{
	const struct scxray_task *early = facts_early_task(f, task);
	uint64_t now, then;
	struct strbuf sb;

	strbuf_init(&sb, NULL);
	strbuf_puts(&sb, "cpus ");
	cell_cpus(&sb, &task->cpus_allowed);
	strbuf_puts(&sb, ", weight ");
	cell_num(&sb, &task->weight);
	strbuf_puts(&sb, ", slice ");
	cell_slice(&sb, &task->slice);
	strbuf_puts(&sb, ", vtime ");
	cell_num(&sb, &task->dsq_vtime);
	strbuf_puts(&sb, ", flags ");
	cell_string(&sb,
		    task->scx_flag_names && *task->scx_flag_names ? task->scx_flag_names : "-");
	if (num_get(&task->pcount, &now)) {
		strbuf_printf(&sb, ", ran %llu time%s", (unsigned long long)now, plural_s(now));
		if (early && num_get(&early->pcount, &then) && now >= then)
			strbuf_printf(&sb, ", %llu since half-way",
				      (unsigned long long)(now - then));
	}
	if (task->cgroup_path && strcmp(task->cgroup_path, "/") != 0) {
		strbuf_puts(&sb, ", cgroup ");
		cell_string(&sb, task->cgroup_path);
	}
	strbuf_puts(&t->out, "    ");
	text_wrap(t, strbuf_str(&sb), 4, 6);
	if (sb.error)
		t->out.error = sb.error;
	strbuf_deinit(&sb);
}

/* What the CPUs run that it may use: "    its CPUs: 0 busy0[102] ext, 1 idle" */
static void put_cpus(struct text *t, const struct facts *f, const struct scxray_task *task)
{
	struct strbuf sb;
	size_t nr = 0;

	strbuf_init(&sb, NULL);
	for (size_t i = 0; i < f->r->nr_rqs; i++) {
		const struct scxray_rq *rq = f->cpus[i].rq;

		if (!rq || !task_may_use(task, rq->cpu) || nr++ >= MAX_CPUS)
			continue;
		strbuf_printf(&sb, "%s%u ", sb.len ? ", " : "its CPUs run: ", rq->cpu);
		if (name_is(rq->curr_class, "idle")) {
			strbuf_puts(&sb, "idle");
			continue;
		}
		if (f->cpus[i].curr)
			cell_task(&sb, f->cpus[i].curr, f->cpus[i].curr->kva);
		else
			cell_hex(&sb, &rq->curr_kva);
		strbuf_putc(&sb, ' ');
		cell_string(&sb, rq->curr_class ? rq->curr_class : "?");
	}
	if (nr > MAX_CPUS)
		strbuf_printf(&sb, " and %zu more", nr - MAX_CPUS);
	if (sb.len) {
		strbuf_puts(&t->out, "    ");
		text_wrap(t, strbuf_str(&sb), 4, 6);
	}
	if (sb.error)
		t->out.error = sb.error;
	strbuf_deinit(&sb);
}

/* Its entry in each task storage of the scheduler. */
static void put_storage(struct text *t, const struct facts *f, const struct scxray_task *task)
{
	struct follow follow;

	follow_init(&follow, f->r);
	for (size_t i = 0; i < f->r->nr_maps; i++) {
		const struct scxray_map *map = &f->r->maps[i];
		struct map_text m = { .t = t, .map = map, .follow = &follow };

		if (!map->active || !map_is_storage(map))
			continue;
		for (size_t e = 0; e < map->nr_entries; e++) {
			struct scxray_value value;
			size_t start = t->out.len;

			if (map_owner_task(f->r, map, &map->entries[e]) != task)
				continue;
			strbuf_puts(&t->out, "    ");
			cell_text(&t->out, &map->name);
			strbuf_puts(&t->out, ": ");
			value = scxray_map_value(map, &map->entries[e], map->entries[e].value);
			map_text_value(&m, &value, 2, t->out.len - start);
			strbuf_putc(&t->out, '\n');
			break;
		}
	}
	follow_deinit(&follow);
}

/* A task that waits has no frame of its own: its stack is where it went off its CPU. */
static void put_stack(struct text *t, const struct scxray_task *task)
{
	for (size_t i = 0; i < t->nr_cards && task->kernel_stack.nr; i++) {
		if (!stacks_equal(&t->cards[i]->kernel_stack, &task->kernel_stack))
			continue;
		strbuf_puts(&t->out, "    ");
		text_styled(t, STYLE_CYAN, "stack:");
		strbuf_puts(&t->out, " as that of ");
		cell_task(&t->out, t->cards[i], t->cards[i]->kva);
		strbuf_putc(&t->out, '\n');
		return;
	}
	text_stack(t, 4, &task->kernel_stack);
}

static void put_card(struct text *t, const struct facts *f, const struct wait *w)
{
	put_head(t, f, w);
	if (t->summary)
		return;
	put_facts(t, f, w->task);
	put_cpus(t, f, w->task);
	put_storage(t, f, w->task);
	put_stack(t, w->task);
	t->cards[t->nr_cards++] = w->task;
}

void text_cards(struct text *t, const struct diagnosis *dg)
{
	const struct facts *f = dg->facts;
	FILE *sink = t->out.sink;
	size_t nr;

	if (!f || !f->nr_waits || !f->cpus)
		return;
	nr = t->summary ? TEXT_SUMMARY_ROWS : TEXT_MAX_CARDS;
	if (nr > f->nr_waits)
		nr = f->nr_waits;
	text_section(t);
	text_styled(t, STYLE_BOLD, "tasks that wait too long, the longest first:");
	strbuf_putc(&t->out, '\n');
	t->out.sink = NULL; /* a value begins at the column that its label leaves */
	for (size_t i = 0; i < nr && !t->out.error; i++)
		put_card(t, f, &f->waits[i]);
	t->out.sink = sink;
	if (f->nr_waits > nr)
		strbuf_printf(&t->out, "  and %zu more\n", f->nr_waits - nr);
}
