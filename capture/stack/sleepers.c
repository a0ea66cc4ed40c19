/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sleepers.c - which tasks sleep, and whether one has run since the freeze
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <base/array.h>

#include <scxray/task.h>

#include "capture/stack/sleepers.h"
#include "capture/base/sort.h"

#define MAX_SLEEPERS 65536
#define PAGES_EACH 4 /* THREAD_SIZE is four pages; sp is usually in the last */

/* What tells whether a task has run, in the order of the reads. */
static const enum layout_member witnesses[] = {
	M_task_struct_on_cpu, M_task_struct_nvcsw, M_task_struct_nivcsw,
	M_task_struct_pid, /* or the struct is another task's by now */
};

#define NR_WITNESSES ARRAY_SIZE(witnesses)

/* Written to: memory that is only reserved would be page faults under the freeze. */
static void *array(size_t nr, size_t size)
{
	void *to = malloc(nr * size);

	if (to)
		memset(to, 0xff, nr * size);
	return to;
}

int sleepers_init(struct sleepers *s, uint32_t max)
{
	*s = (struct sleepers){ .max = max < MAX_SLEEPERS ? max : MAX_SLEEPERS };
	s->list = array(s->max + 1, sizeof(*s->list));
	s->max_ran = s->max * PAGES_EACH;
	s->ran = array(s->max_ran + 1, sizeof(*s->ran));
	if (s->list && s->ran)
		return 0;
	sleepers_deinit(s);
	return -1;
}

void sleepers_deinit(struct sleepers *s)
{
	free(s->list);
	free(s->ran);
	*s = (struct sleepers){ 0 };
}

void sleepers_reset(struct sleepers *s)
{
	s->nr = s->nr_ran = 0;
}

/* ---- under the freeze --------------------------------------------------------- */

/* A witness is a word that one load reads. */
static bool is_word(const struct member *member, uint64_t task)
{
	return member->present && !member->bits && member->size && member->size <= 8 &&
	       !(member->size & (member->size - 1)) &&
	       !((task + member->offset) & (member->size - 1));
}

static bool is_zero(const struct scxray_num *num)
{
	return num->state == SCXRAY_PRESENT && !num->value;
}

bool sleepers_note(struct sleepers *s, const struct walk *w, const struct scxray_task *task)
{
	if (s->nr == s->max || !is_zero(&task->on_rq) || !is_zero(&task->on_cpu))
		return false;
	for (size_t i = 0; i < NR_WITNESSES; i++)
		if (!is_word(&w->k->layout.member[witnesses[i]], task->kva))
			return false;
	s->list[s->nr++] = task->kva;
	return true;
}

/* ---- after the thaw ------------------------------------------------------------ */

/* The frozen copy of the page `number`; NULL: it was copied later, or never. */
static const uint8_t *frozen_page(const struct sleepers *s, const struct page_store *store,
				  uint64_t number)
{
	uint32_t slot = store->slot_of[number];

	return slot && slot <= s->nr_frozen ? store->bytes + (slot - 1) * PAGE_SIZE : NULL;
}

enum slept {
	SLEPT,
	RAN,
	NOT_KNOWN, /* the recording was cut before this witness */
};

/* Compares a witness in memory now with its frozen copy. */
static enum slept ask(const struct sleepers *s, const struct walk *w, uint64_t task,
		      const struct member *member)
{
	uint64_t gpa, number, was = 0, now;
	const uint8_t *frozen;

	/* aligned, so that all of it is in one page, and a page is in one piece */
	if (paging_translate(&w->g->paging, task + member->offset, &gpa) ||
	    !phys_number(w->g->phys, gpa, &number))
		return NOT_KNOWN;
	frozen = frozen_page(s, w->g->phys->recorder->to, number);
	if (!frozen || phys_load(w->g->phys, gpa, member->size, &now))
		return NOT_KNOWN;
	memcpy(&was, frozen + (gpa & PAGE_MASK), member->size);
	return now == was ? SLEPT : RAN;
}

static enum slept has_slept(const struct sleepers *s, const struct walk *w, uint64_t task)
{
	for (size_t i = 0; i < NR_WITNESSES; i++) {
		enum slept slept = ask(s, w, task, &w->k->layout.member[witnesses[i]]);

		if (slept != SLEPT)
			return slept;
	}
	return SLEPT;
}

void sleepers_thawed(struct sleepers *s, const struct walk *w)
{
	s->nr_frozen = w->g->phys->recorder->to->nr;
}

static void drop(struct sleepers *s, struct walk *w, uint32_t before, enum slept why)
{
	struct page_store *store = w->g->phys->recorder->to;
	struct paging *paging = &w->g->paging;

	for (uint32_t slot = before; slot < store->nr && why == RAN; slot++)
		if (s->nr_ran < s->max_ran)
			s->ran[s->nr_ran++] = store->gpa[slot];
	page_store_cut(store, before);
	/* its TLB points to the copies */
	paging_set_root(paging, paging->phys, paging->root, paging->levels);
}

bool sleepers_keep(struct sleepers *s, struct walk *w, uint32_t index, uint32_t before)
{
	enum slept slept;

	/* the copy is older than what is asked now */
	atomic_thread_fence(memory_order_acquire);
	slept = has_slept(s, w, s->list[index]);
	if (slept != SLEPT)
		drop(s, w, before, slept);
	return slept == SLEPT;
}

static int by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

void sleepers_end(struct sleepers *s)
{
	sort_array(s->ran, s->nr_ran, sizeof(*s->ran), by_number);
}
