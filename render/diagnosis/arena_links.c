/* SPDX-License-Identifier: BSD-2-Clause */
/* arena_links.c - are the contexts of held tasks linked somewhere in the scheduler's arena? */
#include "render/diagnosis/arena_links.h"

#include <errno.h>
#include <stdlib.h>

#include <base/array.h>

#include <scxray/map.h>
#include <scxray/report_struct.h>
#include <scxray/task.h>

#define PAGE 4096

/* Arena pages of one map that are looked at: 64 MiB. */
#define MAX_PAGES 16384

/* A task's context in the arena. */
struct context {
	uint64_t addr; /* user address */
	size_t task;
	bool wanted;
	size_t nr_links;
	uint64_t link; /* the last one's user address */
};

struct contexts {
	struct context *list; /* by address, ascending */
	size_t nr, max;
};

static int by_addr(const void *va, const void *vb)
{
	const struct context *a = va, *b = vb;

	return a->addr < b->addr ? -1 : a->addr > b->addr;
}

/* The pid in "comm[pid]", 0 if there is none. */
static uint64_t pid_of_owner(const char *owner)
{
	const char *at = owner ? strrchr(owner, '[') : NULL;

	return at ? strtoull(at + 1, NULL, 10) : 0;
}

static size_t task_of_pid(const struct facts *f, uint64_t pid)
{
	for (size_t i = 0; pid && i < f->r->nr_tasks; i++)
		if (num_is(&f->r->tasks[i].pid, pid) && name_is(f->r->tasks[i].sched_class, "ext"))
			return i;
	return SIZE_MAX;
}

static bool is_picked(const struct facts *f, size_t task)
{
	for (size_t i = 0; i < f->nr_waits; i++)
		if (f->waits[i].index == task)
			return f->waits[i].picked;
	return false;
}

/* Does the arena have this user address? */
static bool has_address(const struct scxray_arena *arena, uint64_t addr)
{
	uint64_t start, end;

	return num_get(&arena->user_vm_start, &start) && num_get(&arena->user_vm_end, &end) &&
	       addr > start && addr < end;
}

/* Of a task's storage the first word that is an address of the arena. */
static void add_contexts(struct contexts *c, const struct facts *f, const struct scxray_map *map,
			 const struct scxray_arena *arena)
{
	for (size_t i = 0; i < map->nr_entries && c->nr < c->max; i++) {
		const struct scxray_entry *e = &map->entries[i];
		size_t task;
		uint64_t word;

		if (!e->value || !e->owner || e->owner > map->nr_owners)
			continue;
		task = task_of_pid(f, pid_of_owner(map->owners[e->owner - 1]));
		for (size_t at = 0; task != SIZE_MAX && at + 8 <= map->value_type.size; at += 8) {
			memcpy(&word, e->value + at, 8);
			if (!has_address(arena, word))
				continue;
			c->list[c->nr++] = (struct context){ .addr = word,
							     .task = task,
							     .wanted = is_picked(f, task) };
			break;
		}
	}
}

/* The context that the address is in, if contexts are one after the other. */
static const struct context *context_around(const struct contexts *c, uint64_t addr)
{
	size_t after = LOWER_BOUND(c->nr, i, c->list[i].addr <= addr);

	return after ? &c->list[after - 1] : NULL;
}

static void count_links(struct contexts *c, const struct scxray_arena *arena)
{
	for (size_t p = 0; p < arena->nr_pages && p < MAX_PAGES; p++) {
		const struct scxray_arena_page *page = &arena->pages[p];

		for (size_t at = 0; page->bytes && at < PAGE; at += 8) {
			struct context key = { 0 }, *found;

			memcpy(&key.addr, page->bytes + at, 8);
			if (!has_address(arena, key.addr))
				continue;
			found = bsearch(&key, c->list, c->nr, sizeof(*c->list), by_addr);
			/* a context that points to itself is linked nowhere */
			if (!found || context_around(c, page->user_addr + at) == found)
				continue;
			found->nr_links++;
			found->link = page->user_addr + at;
		}
	}
}

/* How often contexts of tasks are linked that don't wait: the most that half of them have. */
static size_t usual_links(const struct contexts *c)
{
	size_t others = 0, usual = 0, within;

	for (size_t i = 0; i < c->nr; i++)
		others += !c->list[i].wanted;
	for (; others; usual++) {
		within = 0;
		for (size_t i = 0; i < c->nr; i++)
			within += !c->list[i].wanted && c->list[i].nr_links <= usual;
		if (within * 2 >= others)
			break;
	}
	return usual;
}

static void judge(struct arena_links *links, const struct contexts *c, size_t map)
{
	size_t usual = usual_links(c), nr = 0;
	struct arena_links here = { .map = map };

	for (size_t i = 0; i < c->nr; i++) {
		const struct context *ctx = &c->list[i];

		if (!ctx->wanted)
			continue;
		nr++;
		here.any = here.any || ctx->nr_links;
		if (ctx->nr_links <= usual)
			continue;
		if (!here.nr_linked) {
			here.at = ctx->link;
			here.context = ctx->addr;
		}
		here.nr_linked++;
	}
	here.nr_contexts = nr;
	if (nr && (links->map == SIZE_MAX || here.nr_linked > links->nr_linked))
		*links = here;
}

struct arena_links arena_links_find(const struct facts *f)
{
	struct arena_links links = { .map = SIZE_MAX };

	for (size_t a = 0; a < f->r->nr_maps; a++) {
		const struct scxray_arena *arena = f->r->maps[a].arena;
		struct contexts c = { .max = f->r->nr_tasks };

		if (!arena)
			continue;
		c.list = calloc(c.max + 1, sizeof(*c.list));
		if (!c.list) {
			f->dg->error = ENOMEM;
			return links;
		}
		for (size_t m = 0; m < f->r->nr_maps; m++)
			if (f->r->maps[m].nr_owners &&
			    name_is(f->r->maps[m].type_name, "task_storage"))
				add_contexts(&c, f, &f->r->maps[m], arena);
		qsort(c.list, c.nr, sizeof(*c.list), by_addr);
		if (c.nr) {
			count_links(&c, arena);
			judge(&links, &c, a);
		}
		free(c.list);
	}
	return links;
}
