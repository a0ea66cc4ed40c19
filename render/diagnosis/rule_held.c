/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rule_held.c - tasks that the scheduler took in ops.enqueue() and put on no DSQ: it keeps them
 * in a map, or lost them
 */
#include <inttypes.h>

#include <scxray/host.h>
#include <scxray/map.h>
#include <scxray/report_struct.h>
#include <scxray/sched.h>
#include <scxray/task.h>

#include "render/diagnosis/arena_links.h"
#include "render/diagnosis/holder.h"
#include "render/diagnosis/rules.h"
#include "render/diagnosis/user_process.h"
#include "render/diagnosis/words.h"
#include "render/out/cells.h"

/* SCX_DSQ_INVALID: only the built-in bit is set. */
#define DSQ_INVALID (1ULL << 63)

static bool is_held(const struct facts *f, const struct wait *w, const void *arg)
{
	return w->custody == CUSTODY_BPF && task_find_sched(f->r, w->task) == arg;
}

static bool has_verdict(const struct facts *f, const struct wait *w, const void *arg)
{
	uint64_t id;

	(void)f;
	(void)arg;
	return w->custody == CUSTODY_BPF && num_get(&w->task->ddsp_dsq_id, &id) && id &&
	       id != DSQ_INVALID;
}

/* A fault of the kernel (mended by 7e0ffb72de8a): the next ops.enqueue() is skipped. */
void rule_verdict_left(struct facts *f)
{
	struct strbuf *sb;
	const struct scxray_task *t;

	if (!waits_pick(f, has_verdict, NULL))
		return;
	sb = finding_tell_picked(f, "verdict_left_behind", false);
	t = &f->r->tasks[f->dg->tasks[finding_last(f->dg)->first_task]];
	words_put_names(f, sb);
	strbuf_puts(sb,
		    finding_last(f->dg)->nr_tasks == 1 ? " waits for " : " wait, the first for ");
	words_put_longest(f, sb);
	strbuf_puts(sb, " with a direct-dispatch verdict left behind (ddsp_dsq_id ");
	cell_dsq_id(sb, &t->ddsp_dsq_id);
	strbuf_puts(sb,
		    ") though on no DSQ and QUEUED: the verdict was never carried out, a fault of "
		    "the kernel that commit 7e0ffb72de8a mends.");
	finding_add_path(f->dg, f->r, "task_enrichments[%zu].ddsp_dsq_id",
			 (size_t)(t - f->r->tasks));
}

/* "scheduler scxfix took a, b and 2 more in ops.enqueue(), the first 8.048s (timeout 8.000s) ago" */
static void put_taken(struct facts *f, struct strbuf *sb, const struct scxray_sched *sched)
{
	strbuf_puts(sb, "The BPF ");
	if (sched)
		words_put_sched(sb, sched);
	else
		strbuf_puts(sb, "scheduler");
	strbuf_puts(sb, " took ");
	words_put_names(f, sb);
	strbuf_puts(sb, finding_last(f->dg)->nr_tasks == 1 ? " in ops.enqueue() "
							   : " in ops.enqueue(), the first ");
	words_put_longest(f, sb);
	strbuf_puts(sb, " ago, and inserted ");
	strbuf_puts(sb, finding_last(f->dg)->nr_tasks == 1 ? "it" : "them");
	strbuf_puts(sb, " into no DSQ");
}

static void put_map(struct strbuf *sb, const struct scxray_map *map)
{
	cell_text(sb, &map->name);
	if (map->type_name) {
		strbuf_puts(sb, " (");
		cell_string(sb, map->type_name);
		strbuf_putc(sb, ')');
	}
	cell_owner(sb, map->sched_name);
}

/* ", by pid, the first at place 1 of 12", "... in objects elem of its list or tree" */
static void put_place(struct strbuf *sb, const struct scxray_map *map, const struct holder *h)
{
	if (map->arena)
		return;
	strbuf_printf(sb, ", by %s, ", h->by_pid ? "pid" : "address");
	if (h->object) {
		strbuf_puts(sb, "in objects ");
		cell_string(sb, h->object);
		strbuf_puts(sb, " that it links");
		return;
	}
	if (name_is(map->type_name, "stack"))
		strbuf_puts(sb, "which gives the last first, ");
	strbuf_printf(sb, "the first at place %zu", h->first_place + 1);
	if (map->nr_entries || map->ringbuf)
		strbuf_printf(sb, " of %zu",
			      map->ringbuf ? map->ringbuf->nr_records : map->nr_entries);
	if (h->cpu >= 0)
		strbuf_printf(sb, ", in the value of CPU %" PRId32, h->cpu);
}

static void put_holder(struct facts *f, struct strbuf *sb, const struct holder *h)
{
	const struct scxray_map *map = &f->r->maps[h->map];
	size_t nr = finding_last(f->dg)->nr_tasks;
	const char *list = map->ringbuf ? "ringbuf.records" : map->arena ? "arena" : NULL;

	strbuf_puts(sb, ": map ");
	put_map(sb, map);
	if (h->nr < nr)
		strbuf_printf(sb, " holds %zu of them", h->nr);
	else
		strbuf_puts(sb, nr == 1 ? " holds it" : " holds them");
	put_place(sb, map, h);
	if (map->ringbuf && user_process_ring_stood(f, map))
		strbuf_puts(sb,
			    "; its consumer position did not move between the snapshots: nobody "
			    "reads it");
	finding_last(f->dg)->map = (int32_t)h->map;
	if (map->arena)
		finding_add_path(f->dg, f->r, "maps[%zu].name", h->map);
	else if (list)
		finding_add_path(f->dg, f->r, "maps[%zu].ringbuf", h->map);
	else
		finding_add_path(f->dg, f->r, "maps[%zu].name", h->map);
	if (map->form == SCXRAY_MAP_QUEUE)
		finding_add_path(f->dg, f->r, "maps[%zu].array_entries[%zu].value", h->map,
				 h->first_place);
}

static void put_nowhere(struct facts *f, struct strbuf *sb, const struct holder *h)
{
	const char *its = finding_last(f->dg)->nr_tasks == 1 ? "its" : "their";

	if (!h->nr_searched) {
		strbuf_puts(sb,
			    "; only its own data can say where, and no map of it is in the report");
		return;
	}
	if (h->everyones != SIZE_MAX) {
		strbuf_puts(sb, "; map ");
		put_map(sb, &f->r->maps[h->everyones]);
		strbuf_printf(sb, " has %s entries as it has every task's, and ", its);
	} else {
		strbuf_puts(sb, "; ");
	}
	strbuf_printf(sb, "none of its %s%zu map%s has %s pid or address",
		      h->everyones != SIZE_MAX ? "other " : "",
		      h->nr_searched - (h->everyones != SIZE_MAX), h->nr_searched == 1 ? "" : "s",
		      its);
	if (!h->whole)
		strbuf_puts(sb, " in the part that was read");
	else if (!h->has_arena)
		strbuf_puts(sb, finding_last(f->dg)->nr_tasks == 1 ? ": it is likely lost"
								   : ": they are likely lost");
	for (size_t m = 0; m < f->r->nr_maps; m++) {
		if (!f->r->maps[m].active || !f->r->maps[m].type_name ||
		    strncmp(f->r->maps[m].type_name, "lru_", 4) != 0)
			continue;
		strbuf_puts(sb, " (map ");
		put_map(sb, &f->r->maps[m]);
		strbuf_puts(sb, " throws out old entries where it is full)");
	}
}

/* Their contexts are in an arena: linked there, or not. */
static void put_links(struct facts *f, struct strbuf *sb, const struct arena_links *links)
{
	bool one = finding_last(f->dg)->nr_tasks == 1;

	strbuf_puts(sb, one ? "; its context in arena " : "; their contexts in arena ");
	cell_text(sb, &f->r->maps[links->map].name);
	if (links->nr_linked) {
		if (links->nr_linked < links->nr_contexts)
			strbuf_printf(sb, " (%zu of %zu)", links->nr_linked, links->nr_contexts);
		strbuf_printf(
			sb,
			" %s linked there, as those of tasks that don't wait are not (0x%" PRIx64
			" points to 0x%" PRIx64 "): it keeps %s in a queue of its own",
			one ? "is" : "are", links->at, links->context, one ? "it" : "them");
	} else if (links->any) {
		strbuf_printf(sb,
			      " %s linked there as those of other tasks are: in which of its "
			      "queues can't be told",
			      one ? "is" : "are");
	} else {
		strbuf_printf(sb, " %s linked nowhere: likely lost", one ? "is" : "are");
	}
	finding_last(f->dg)->map = (int32_t)links->map;
	finding_add_path(f->dg, f->r, "maps[%zu].name", links->map);
}

/* The process that should have read the map. */
static void put_stopped(struct facts *f, struct strbuf *sb, const struct scxray_task *t,
			const struct scxray_map *map, bool shown)
{
	cell_task(sb, t, t->kva);
	strbuf_printf(sb, " is stopped (state %c) and reads nothing from map ", t->state_letter);
	put_map(sb, map);
	strbuf_puts(sb, shown ? ", which it has open. "
			      : ": it is likely the scheduler's part in user space. ");
	finding_add_path(f->dg, f->r, "task_enrichments[%zu].state", (size_t)(t - f->r->tasks));
}

/* Does the scheduler run others meanwhile? */
static void put_others_ran(const struct facts *f, struct strbuf *sb,
			   const struct scxray_sched *sched)
{
	size_t ran = 0, user = 0;

	for (size_t i = 0; i < f->r->nr_tasks && f->early; i++) {
		const struct scxray_task *t = &f->r->tasks[i], *old = facts_early_task(f, t);

		if (!old || !name_is(t->sched_class, "ext") || task_find_sched(f->r, t) != sched ||
		    t->pcount.state != SCXRAY_PRESENT || old->pcount.state != SCXRAY_PRESENT ||
		    t->pcount.value == old->pcount.value)
			continue;
		ran++;
		user += !task_is_kthread(t);
	}
	if (!f->early || !f->r->nr_tasks)
		return;
	if (!ran)
		strbuf_puts(sb, " Between the snapshots no other task of it ran.");
	else
		strbuf_printf(sb, " Between the snapshots %zu other task%s of it ran%s.", ran,
			      ran == 1 ? "" : "s", user ? "" : ", kernel threads only");
}

/* Who exits can't be found by its pid any more. */
static void put_exiting(struct facts *f, struct strbuf *sb)
{
	const struct finding *finding = finding_last(f->dg);

	for (size_t i = 0; i < finding->nr_tasks; i++) {
		const struct scxray_task *t = &f->r->tasks[f->dg->tasks[finding->first_task + i]];

		if (!t->flag_names || !strstr(t->flag_names, "EXITING"))
			continue;
		strbuf_putc(sb, ' ');
		cell_task(sb, t, t->kva);
		strbuf_puts(sb, " is exiting: bpf_task_from_pid() may no longer find it.");
		finding_add_path(f->dg, f->r, "task_enrichments[%zu].flags",
				 (size_t)(t - f->r->tasks));
		return;
	}
}

/* " agent[108] has it open; it is in state S in anon_pipe_read+0x1a." */
static void put_reader(struct facts *f, struct strbuf *sb, const struct scxray_map *map)
{
	const struct scxray_task *t = user_process_find_reader(f, map);
	size_t nr = 0;

	if (!t)
		return;
	strbuf_putc(sb, ' ');
	cell_task(sb, t, t->kva);
	strbuf_printf(sb, " has it open and is in state %c",
		      t->state_letter ? t->state_letter : '?');
	for (size_t i = 0; t->curr_cpu < 0 && i < t->kernel_stack.nr && nr < 3; i++) {
		const char *symbol = t->kernel_stack.frames[i].symbol;

		if (!symbol || (!nr && (!strncmp(symbol, "__schedule", 10) ||
					!strncmp(symbol, "schedule", 8))))
			continue;
		strbuf_puts(sb, nr++ ? ", " : " in ");
		cell_frame(sb, &t->kernel_stack.frames[i]);
	}
	if (t->curr_cpu >= 0)
		strbuf_printf(sb, ", running on CPU %" PRId32, t->curr_cpu);
	for (size_t i = 0; i < f->nr_waits; i++)
		if (f->waits[i].task == t)
			strbuf_puts(sb, "; it waits to be run itself");
	strbuf_putc(sb, '.');
	finding_add_path(f->dg, f->r, "task_enrichments[%zu].state", (size_t)(t - f->r->tasks));
}

/* How sure it is, and what kind of finding, by where they were found. */
static const char *kind_of(const struct holder *h, const struct arena_links *links)
{
	if (h->map != SIZE_MAX)
		return "held_in_map";
	if (links->map != SIZE_MAX)
		return links->nr_linked ? "held_in_arena" : links->any ? "held" : "task_lost";
	return h->whole && h->nr_searched && !h->has_arena ? "task_lost" : "held";
}

/* The scheduler's tasks that are on no DSQ. */
void rule_held(struct facts *f)
{
	for (size_t i = 0; i < f->r->nr_scheds + !f->r->nr_scheds; i++) {
		const struct scxray_sched *sched = f->r->nr_scheds ? &f->r->scheds[i] : NULL;
		struct arena_links links = { .map = SIZE_MAX };
		const struct scxray_task *stopped = NULL;
		bool shown = false;
		const char *kind;
		struct holder h;
		struct strbuf *sb;

		if (!waits_pick(f, is_held, sched))
			continue;
		h = holder_find(f);
		if (h.map == SIZE_MAX)
			links = arena_links_find(f);
		else
			stopped = user_process_find_stopped(f, sched, &f->r->maps[h.map], &shown);
		kind = stopped ? "user_process_stopped" : kind_of(&h, &links);
		sb = finding_tell_picked(f, kind, strcmp(kind, "held") != 0 && !shown);
		if (stopped)
			put_stopped(f, sb, stopped, &f->r->maps[h.map], shown);
		put_taken(f, sb, sched);
		if (h.map != SIZE_MAX)
			put_holder(f, sb, &h);
		else if (links.map != SIZE_MAX)
			put_links(f, sb, &links);
		else
			put_nowhere(f, sb, &h);
		strbuf_putc(sb, '.');
		if (h.map != SIZE_MAX && !stopped)
			put_reader(f, sb, &f->r->maps[h.map]);
		put_exiting(f, sb);
		put_others_ran(f, sb, sched);
		words_put_timers(f, sb);
		words_put_cgroup(f, sb);
		words_put_bounds(f, sb);
		finding_add_path(f->dg, f->r, "task_enrichments[%" PRIu32 "].ops_state",
				 f->dg->tasks[finding_last(f->dg)->first_task]);
	}
}
