/* SPDX-License-Identifier: BSD-2-Clause */
/* holder.c - in which map of the scheduler are the tasks that it holds? */
#include "render/diagnosis/holder.h"

#include <errno.h>
#include <stdlib.h>

/* Words of one map that are looked at; a million entries of 32 bytes are within it. */
#define MAX_WORDS (8u << 20)

/* A task that is looked for, by one of its two names. */
struct name {
	uint64_t value;
	uint32_t task; /* index into search.seen */
	bool by_pid;
};

struct search {
	struct name *names; /* by value, ascending */
	size_t nr_names;
	bool *seen, *wanted; /* by task of the report */
	size_t *place;
	bool *seen_by_pid;
	size_t nr_wanted, nr_others;
	uint64_t left; /* words */
};

static int by_value(const void *va, const void *vb)
{
	const struct name *a = va, *b = vb;

	return a->value < b->value ? -1 : a->value > b->value;
}

static bool search_init(struct search *s, const struct facts *f)
{
	size_t nr = f->r->nr_tasks + 1;

	*s = (struct search){
		.names = calloc(nr * 2, sizeof(*s->names)),
		.seen = calloc(nr, sizeof(*s->seen)),
		.wanted = calloc(nr, sizeof(*s->wanted)),
		.place = calloc(nr, sizeof(*s->place)),
		.seen_by_pid = calloc(nr, sizeof(*s->seen_by_pid)),
	};
	if (!s->names || !s->seen || !s->wanted || !s->place || !s->seen_by_pid)
		return false;
	for (size_t i = 0; i < f->nr_waits; i++) {
		s->wanted[f->waits[i].index] = f->waits[i].picked;
		s->nr_wanted += f->waits[i].picked;
	}
	for (size_t i = 0; i < f->r->nr_tasks; i++) {
		const struct scxray_task *t = &f->r->tasks[i];

		if (!s->wanted[i] && !is_class(t->sched_class, "ext"))
			continue;
		s->nr_others += !s->wanted[i];
		s->names[s->nr_names++] = (struct name){ t->kva, (uint32_t)i, false };
		if (num_true(&t->pid))
			s->names[s->nr_names++] = (struct name){ t->pid.value, (uint32_t)i, true };
	}
	qsort(s->names, s->nr_names, sizeof(*s->names), by_value);
	return true;
}

static void search_deinit(struct search *s)
{
	free(s->names);
	free(s->seen);
	free(s->wanted);
	free(s->place);
	free(s->seen_by_pid);
}

static void look_up(struct search *s, uint64_t value, size_t place)
{
	const struct name key = { .value = value };
	const struct name *n =
		value ? bsearch(&key, s->names, s->nr_names, sizeof(*s->names), by_value) : NULL;

	if (!n || s->seen[n->task])
		return;
	s->seen[n->task] = true;
	s->seen_by_pid[n->task] = n->by_pid;
	s->place[n->task] = place;
}

/* Every aligned word of 4 and of 8 bytes: members of a record, wherever they are. */
static bool look_in(struct search *s, const uint8_t *bytes, size_t size, size_t place)
{
	uint64_t wide;
	uint32_t low;

	for (size_t at = 0; bytes && at + 4 <= size; at += 4) {
		if (!s->left)
			return false;
		s->left--;
		memcpy(&low, bytes + at, 4);
		look_up(s, low, place);
		if (at % 8 || at + 8 > size)
			continue;
		memcpy(&wide, bytes + at, 8);
		if (wide > UINT32_MAX)
			look_up(s, wide, place);
	}
	return true;
}

static bool look_in_map(struct search *s, const struct scxray_map *map)
{
	bool whole = !map->total || map->total == map->nr_entries;

	s->left = MAX_WORDS;
	for (size_t i = 0; i < map->nr_entries; i++) {
		const struct scxray_entry *e = &map->entries[i];

		whole = look_in(s, e->key, map->key_type.size, i) &&
			look_in(s, e->value, map->value_type.size, i) && whole;
		for (size_t c = 0; map->per_cpu && c < map->nr_cpus; c++)
			whole = look_in(s, map->per_cpu[i * map->nr_cpus + c], map->value_type.size,
					i) &&
				whole;
	}
	for (size_t i = 0; map->ringbuf && i < map->ringbuf->nr_records; i++)
		if (!map->ringbuf->records[i].discarded)
			whole = look_in(s, map->ringbuf->records[i].bytes,
					map->ringbuf->records[i].captured, i) &&
				whole;
	for (size_t i = 0; map->arena && i < map->arena->nr_pages; i++)
		whole = look_in(s, map->arena->pages[i].bytes, 4096, i) && whole;
	return whole;
}

/* What a scheduler keeps tasks in, before what may only tell of them. */
static bool is_queue(const struct scxray_map *map)
{
	return map->form == SCXRAY_MAP_QUEUE || map->form == SCXRAY_MAP_RINGBUF;
}

/* What this map has, against what the best one so far has. */
static void judge(const struct facts *f, struct search *s, size_t m, struct holder *best)
{
	const struct scxray_map *map = &f->r->maps[m];
	size_t wanted = 0, others = 0, first = SIZE_MAX, score;

	for (size_t i = 0; i < f->r->nr_tasks; i++) {
		wanted += s->seen[i] && s->wanted[i];
		/* what the scheduler holds for a short time may be there as well */
		others += s->seen[i] && !s->wanted[i] &&
			  task_custody(f->r, &f->r->tasks[i]) != CUSTODY_BPF;
	}
	if (map->nr_owners || (s->nr_others && others * 4 > s->nr_others && !is_queue(map))) {
		if (map->nr_owners * 4 > s->nr_others || wanted)
			best->everyones = m;
		return;
	}
	/* a counter may look like a pid: of several tasks most have to be there, and few others */
	if (!wanted || (!is_queue(map) && (wanted * 2 < s->nr_wanted || others * 2 > wanted)))
		return;
	score = wanted * 2 + is_queue(map);
	if (best->map != SIZE_MAX && score <= best->nr * 2 + is_queue(&f->r->maps[best->map]))
		return;
	for (size_t i = 0; i < f->nr_waits && first == SIZE_MAX; i++)
		if (f->waits[i].picked && s->seen[f->waits[i].index])
			first = f->waits[i].index;
	best->map = m;
	best->nr = wanted;
	best->first_place = s->place[first];
	best->by_pid = s->seen_by_pid[first];
}

struct holder find_holder(const struct facts *f)
{
	struct holder best = { .map = SIZE_MAX, .everyones = SIZE_MAX, .whole = true };
	struct search s;
	bool any_active = false;

	if (!search_init(&s, f)) {
		f->dg->error = ENOMEM;
		search_deinit(&s);
		return best;
	}
	for (size_t m = 0; m < f->r->nr_maps; m++)
		any_active = any_active || f->r->maps[m].active;
	for (size_t m = 0; m < f->r->nr_maps; m++) {
		const struct scxray_map *map = &f->r->maps[m];

		/* maps inside maps of maps are no program's own */
		if (any_active && !map->active && map->form != SCXRAY_MAP_QUEUE)
			continue;
		memset(s.seen, 0, f->r->nr_tasks * sizeof(*s.seen));
		best.whole = look_in_map(&s, map) && best.whole;
		best.has_arena = best.has_arena || map->arena;
		best.nr_searched++;
		judge(f, &s, m, &best);
	}
	if (f->r->cut[SCXRAY_GROUP_MAPS] || f->r->unavailable[SCXRAY_GROUP_MAPS] ||
	    f->r->maps_truncated)
		best.whole = false;
	search_deinit(&s);
	return best;
}
