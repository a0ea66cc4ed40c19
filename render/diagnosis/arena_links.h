/* SPDX-License-Identifier: BSD-2-Clause */
/* arena_links.h - are the contexts of held tasks linked somewhere in the scheduler's arena? */
#ifndef RENDER_ARENA_LINKS_H
#define RENDER_ARENA_LINKS_H

#include "render/diagnosis/facts.h"

struct arena_links {
	size_t map;	    /* the arena; SIZE_MAX: no task has a context in one */
	size_t nr_contexts; /* of the picked tasks, in that arena */
	size_t nr_linked;   /* of these, linked more often than tasks are that don't wait */
	bool any;	    /* some are linked, if no more often than others */
	uint64_t at;	    /* user address of a link to the first of them */
	uint64_t context;   /* its own user address */
};

/*
 * A task's context is the arena pointer in its task storage.  An allocator's table links all
 * contexts alike; one that is in a queue has a link more.
 */
struct arena_links arena_links_find(const struct facts *f);

#endif
