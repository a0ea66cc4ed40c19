/* SPDX-License-Identifier: BSD-2-Clause */
/* holder.h - in which map of the scheduler are the tasks that it holds? */
#ifndef RENDER_HOLDER_H
#define RENDER_HOLDER_H

#include "render/diagnosis/facts.h"

/* What a map has of the picked tasks. */
struct holder {
	size_t map;	    /* SIZE_MAX: no map has them and not the others */
	size_t nr;	    /* of the picked tasks */
	size_t first_place; /* of the entry, page or record with the first of them */
	int32_t cpu;	    /* in the value of this CPU; -1: the map has one value for all */
	const char *object; /* in an object of this type, of a list or a tree of the map; or NULL */
	bool by_pid;	    /* else by address */
	bool whole;	    /* every map was searched to its end */
	size_t nr_searched;
	bool has_arena;	  /* whose memory was searched too */
	size_t everyones; /* a map that has every task alike, a context of each; SIZE_MAX */
};

/*
 * Searches keys, values, queued items, ring buffer records, the objects of lists and trees, and arena pages for the pids and
 * addresses of the tasks that are picked.  A map that has all other tasks as well says nothing.
 */
struct holder holder_find(const struct facts *f);

#endif
