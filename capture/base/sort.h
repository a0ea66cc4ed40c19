/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sort.h - sorting without malloc (qsort() of glibc may call it)
 */
#ifndef CAPTURE_SORT_H
#define CAPTURE_SORT_H

#include <stddef.h>

/*
 * Sorts as qsort() does.  Not stable, so `compare` should give a total order.  An array that is in
 * order already costs one pass.
 */
void sort_array(void *base, size_t nr, size_t size, int (*compare)(const void *a, const void *b));

#endif
