/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xarray.h - the entries of an xarray or idr
 */
#ifndef CAPTURE_READ_XARRAY_H
#define CAPTURE_READ_XARRAY_H

#include <stdbool.h>
#include <stdint.h>

struct walk;

/*
 * The entries of the xarray or idr whose head word is at `head_addr`, in index order, at most `max`.
 * visit() gets each, and returns false to stop.  *cut says why the walk ended early, or is NULL.
 */
void xarray_walk(struct walk *w, uint64_t head_addr, uint32_t max,
		 bool (*visit)(struct walk *w, uint64_t index, uint64_t entry, void *arg),
		 void *arg, const char **cut);

#endif
