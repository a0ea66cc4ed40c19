/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sort.h - sorting without malloc, which qsort() of glibc may call
 */
#ifndef CAPTURE_SORT_H
#define CAPTURE_SORT_H

#include <stddef.h>

/*
 * As qsort(): not stable, so the order should be a total one.  What is in order already
 * costs one pass.
 */
void sort_array(void *base, size_t nr, size_t size, int (*compare)(const void *a, const void *b));

#endif
