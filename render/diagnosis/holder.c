/* SPDX-License-Identifier: BSD-2-Clause */
/* holder.c - in which map of the scheduler are the tasks that it holds? */
#include "render/diagnosis/holder.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdlib.h>

#include <scxray/map.h>
#include <scxray/report_struct.h>
#include <scxray/task.h>

/* Words of one map that are looked at; a million entries of 32 bytes are within it. */
#define MAX_WORDS (8u << 20)

/* A task that is looked for, by one of its two names. */
struct name {
	uint64_t value;
	uint32_t task; /* index into search.seen */
	bool by_pid;
};

/* Where in a map something is. */
struct place {
	size_t index;			   /* of the entry, page or record */
	int32_t cpu;			   /* -1: no value of one CPU */
	const struct scxray_value *object; /* or NULL */
};

/* A task of the report, and where it was seen first. */
struct sight {
	bool wanted, seen, by_pid;
	struct place place;
};

struct search {
	struct name *names; /* by value, ascending */
	size_t nr_names;
	struct sight *sights; /* by task of the report */
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
		.sights = calloc(nr, sizeof(*s->sights)),
	};
	if (!s->names || !s->sights)
		return false;
	for (size_t i = 0; i < f->nr_waits; i++) {
		s->sights[f->waits[i].index].wanted = f->waits[i].picked;
		s->nr_wanted += f->waits[i].picked;
	}
	for (size_t i = 0; i < f->r->nr_tasks; i++) {
		const struct scxray_task *t = &f->r->tasks[i];

		if (!s->sights[i].wanted && !name_is(t->sched_class, "ext"))
			continue;
		s->nr_others += !s->sights[i].wanted;
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
	free(s->sights);
}

static void look_up(struct search *s, uint64_t value, const struct place *place)
{
	const struct name key = { .value = value };
	const struct name *n =
		value ? bsearch(&key, s->names, s->nr_names, sizeof(*s->names), by_value) : NULL;
	struct sight *sight;

	if (!n)
		return;
	sight = &s->sights[n->task];
	if (sight->seen)
		return;
	sight->seen = true;
	sight->by_pid = n->by_pid;
	sight->place = *place;
}

/* Every aligned word of 4 and of 8 bytes: members of a record, wherever they are. */
static bool look_in(struct search *s, const uint8_t *bytes, size_t size, struct place place)
{
	uint64_t wide;
	uint32_t low;

	for (size_t at = 0; bytes && at + 4 <= size; at += 4) {
		if (!s->left)
			return false;
		s->left--;
		memcpy(&low, bytes + at, 4);
		look_up(s, low, &place);
		if (at % 8 || at + 8 > size)
			continue;
		memcpy(&wide, bytes + at, 8);
		if (wide > UINT32_MAX)
			look_up(s, wide, &place);
	}
	return true;
}

/* The objects of its lists and trees, and those that it has by kptr. */
static bool look_in_objects(struct search *s, const struct scxray_report *r,
			    const struct scxray_map *map)
{
	bool whole = true;

	for (size_t i = 0; i < r->nr_pointees; i++) {
		const struct scxray_pointee *object = &r->pointees[i];

		if (object->map_kva != map->map_kva || object->value.state == SCXRAY_NONE)
			continue;
		whole = object->value.bytes &&
			look_in(s, object->value.bytes, object->value.size,
				(struct place){ i, -1, &object->value }) &&
			whole;
	}
	return whole;
}

static bool look_in_map(struct search *s, const struct scxray_report *r,
			const struct scxray_map *map)
{
	bool whole = !map->total || map->total == map->nr_entries;

	s->left = MAX_WORDS;
	for (size_t i = 0; i < map->nr_entries; i++) {
		const struct scxray_entry *e = &map->entries[i];
		struct place place = { i, -1, NULL };

		whole = look_in(s, e->key, map->key_type.size, place) &&
			look_in(s, e->value, map->value_type.size, place) && whole;
		for (size_t c = 0; map->per_cpu && c < map->nr_cpus; c++) {
			place.cpu = (int32_t)c;
			whole = look_in(s, map->per_cpu[i * map->nr_cpus + c], map->value_type.size,
					place) &&
				whole;
		}
	}
	for (size_t i = 0; map->ringbuf && i < map->ringbuf->nr_records; i++)
		if (!map->ringbuf->records[i].discarded)
			whole = look_in(s, map->ringbuf->records[i].bytes,
					map->ringbuf->records[i].captured,
					(struct place){ i, -1, NULL }) &&
				whole;
	for (size_t i = 0; map->arena && i < map->arena->nr_pages; i++)
		whole = look_in(s, map->arena->pages[i].bytes, 4096,
				(struct place){ i, -1, NULL }) &&
			whole;
	whole = look_in_objects(s, r, map) && whole;
	return whole;
}

/* What a scheduler keeps tasks in, before what may only tell of them. */
static bool is_queue(const struct scxray_map *map)
{
	return map->form == SCXRAY_MAP_QUEUE || map->form == SCXRAY_MAP_RINGBUF;
}

static const char *type_of(const struct scxray_value *object)
{
	const struct btf_type *t =
		object && object->btf ? btf__type_by_id(object->btf, object->type_id) : NULL;

	return t ? btf__name_by_offset(object->btf, t->name_off) : NULL;
}

/*
 * A counter may look like a pid, and a ring has old entries: of several tasks most have to be
 * there, and few others, or far fewer of all others than of them.  An arena has contexts of
 * tasks that don't wait, too.
 */
static bool tells(const struct search *s, const struct scxray_map *map, size_t wanted,
		  size_t others)
{
	if (wanted * 2 < s->nr_wanted)
		return false;
	return others * 2 <= wanted ||
	       (!map->arena && wanted >= 3 && others * s->nr_wanted * 4 <= wanted * s->nr_others);
}

/* What this map has, against what the best one so far has. */
static void judge(const struct facts *f, struct search *s, size_t m, struct holder *best)
{
	const struct scxray_map *map = &f->r->maps[m];
	size_t wanted = 0, others = 0, first = SIZE_MAX, score;

	for (size_t i = 0; i < f->r->nr_tasks; i++) {
		const struct sight *sight = &s->sights[i];

		wanted += sight->seen && sight->wanted;
		/* what the scheduler holds for a short time may be there as well */
		others += sight->seen && !sight->wanted &&
			  task_custody(f->r, &f->r->tasks[i]) != CUSTODY_BPF;
	}
	if (map->nr_owners || (s->nr_others && others * 4 > s->nr_others && !is_queue(map))) {
		if (map->nr_owners * 4 > s->nr_others || wanted)
			best->everyones = m;
		return;
	}
	if (!wanted || (!is_queue(map) && !tells(s, map, wanted, others)))
		return;
	score = wanted * 2 + is_queue(map);
	if (best->map != SIZE_MAX && score <= best->nr * 2 + is_queue(&f->r->maps[best->map]))
		return;
	for (size_t i = 0; i < f->nr_waits && first == SIZE_MAX; i++)
		if (f->waits[i].picked && s->sights[f->waits[i].index].seen)
			first = f->waits[i].index;
	best->map = m;
	best->nr = wanted;
	best->first_place = s->sights[first].place.index;
	best->cpu = s->sights[first].place.cpu;
	best->object = type_of(s->sights[first].place.object);
	best->by_pid = s->sights[first].by_pid;
}

static void forget(struct search *s, const struct facts *f)
{
	for (size_t i = 0; i < f->r->nr_tasks; i++)
		s->sights[i].seen = false;
}

/* What one CPU has may tell where all values together don't.  `left`: words, for all such looks. */
static void look_by_cpu(const struct facts *f, struct search *s, size_t m, uint64_t *left,
			struct holder *best)
{
	const struct scxray_map *map = &f->r->maps[m];

	s->left = *left;
	for (size_t c = 0; map->per_cpu && c < map->nr_cpus && s->left > f->r->nr_tasks; c++) {
		/* to forget and to judge costs as well */
		s->left -= f->r->nr_tasks;
		forget(s, f);
		for (size_t i = 0; i < map->nr_entries && s->left; i++)
			look_in(s, map->per_cpu[i * map->nr_cpus + c], map->value_type.size,
				(struct place){ i, (int32_t)c, NULL });
		judge(f, s, m, best);
	}
	*left = s->left;
}

struct holder holder_find(const struct facts *f)
{
	struct holder best = { .map = SIZE_MAX, .everyones = SIZE_MAX, .cpu = -1, .whole = true };
	uint64_t left = MAX_WORDS;
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
		forget(&s, f);
		best.whole = look_in_map(&s, f->r, map) && best.whole;
		judge(f, &s, m, &best);
		if (map->per_cpu)
			look_by_cpu(f, &s, m, &left, &best);
		best.has_arena = best.has_arena || map->arena;
		best.nr_searched++;
	}
	if (f->r->cut[SCXRAY_GROUP_MAPS] || f->r->unavailable[SCXRAY_GROUP_MAPS] ||
	    f->r->maps_truncated)
		best.whole = false;
	search_deinit(&s);
	return best;
}
