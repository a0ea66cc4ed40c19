/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * array.h - what all parts do with arrays; not installed
 */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include <stddef.h>

/* Elements of an array, not of a pointer. */
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/*
 * The first of the indices 0 to nr - 1 for which `below`, an expression of `i`, is false; nr where it is
 * true for all.  It has to be true up to some index and false from there on; guest data may break that, and
 * then the result is any index up to nr.  Evaluates `below` for about log2(nr) values of `i`.
 */
#define LOWER_BOUND(nr, i, below)                                \
	({                                                       \
		size_t begin_ = 0, end_ = (nr);                  \
                                                                 \
		while (begin_ < end_) {                          \
			size_t i = begin_ + (end_ - begin_) / 2; \
                                                                 \
			if (below)                               \
				begin_ = i + 1;                  \
			else                                     \
				end_ = i;                        \
		}                                                \
		begin_;                                          \
	})

#endif
