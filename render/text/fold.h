/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fold.h - finds equal values in a list, so that text shows each of them once
 */
#ifndef RENDER_TEXT_FOLD_H
#define RENDER_TEXT_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "render/out/strbuf.h"

struct fold_value {
	const uint8_t *bytes; /* NULL: not known, and equal to no other */
	size_t size;
	size_t first;  /* index of the first equal value */
	size_t next;   /* index of the next equal value, SIZE_MAX at the last one */
	size_t nr;     /* in a first value: how many are equal, with itself */
	bool zero;     /* there are bytes, and all are 0 */
	bool repeated; /* the late report has it, too: not shown */
};

struct fold {
	struct fold_value *values;
	size_t nr, nr_zero, nr_repeated;
	bool grouped;
};

/* Room for `nr` values; false without memory.  fold_deinit() in either case. */
bool fold_init(struct fold *f, size_t nr);
void fold_deinit(struct fold *f);
/* Adds the next value; the bytes stay the caller's until fold_deinit(). */
void fold_add(struct fold *f, const uint8_t *bytes, size_t size);
/* Adds the next value, which the late report has, too. */
void fold_add_repeated(struct fold *f);
/* Groups equal values, by sorting them; before that each is alone.  False without memory. */
bool fold_group(struct fold *f);

static inline bool fold_is_first(const struct fold *f, size_t i)
{
	return f->values[i].first == i;
}

/* True if value `i` shares a line with other zero values, or the late report has it. */
static inline bool fold_is_hidden(const struct fold *f, size_t i)
{
	return f->values[i].repeated || (f->grouped && f->nr_zero > 1 && f->values[i].zero);
}

/* Of a table, values that so many entries share are rows of their own. */
#define MAX_EQUAL_ROWS 4

/* True if value `i` shares a line with others that are equal, even beside a table. */
static inline bool fold_shares_line(const struct fold *f, size_t i)
{
	return f->values[f->values[i].first].nr > MAX_EQUAL_ROWS;
}

/*
 * Writes the numbers of the values equal to the one at `first`, as "0-3,5".  Values
 * after `cap` ranges are only counted.  number() returns the number of a value.
 */
void fold_put_ranges(struct strbuf *sb, const struct fold *f, size_t first, size_t cap,
		     uint32_t (*number)(const void *arg, size_t i), const void *arg);

#endif
