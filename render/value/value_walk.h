/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * value_walk.h - the state of one walk over a value (value.c and its parts)
 */
#ifndef RENDER_VALUE_WALK_H
#define RENDER_VALUE_WALK_H

#include <scxray/value.h>

#include "render/value/btf_type.h"
#include "render/out/strbuf.h"

#define WALK_MAX_DEPTH 64

struct value_walk {
	const struct btf *btf;
	const struct scxray_value_visitor *visit;
	void *arg;
	struct scxray_value_options opt; /* defaults filled in */
	const char *short_reason;	 /* why the outermost bytes are fewer than the type has */
	unsigned depth;
	uint64_t nodes, bytes; /* used so far */
	const char *exhausted; /* the budget that is used up, NULL while there is some */
	uint64_t followed[WALK_MAX_DEPTH]; /* addresses on the path from the root to here */
	unsigned nr_followed;
	struct strbuf scratch; /* strings that live until a callback returns */
	/* of a walk over differences: where the value's bytes begin, and the other's */
	const uint8_t *base, *twin;
	int (*element)(void *arg, uint64_t index);
};

/*
 * The bytes of one value.  `had` may be less than the type's size.  Only where
 * `tail` is set may it be more: nothing but the value itself comes before the
 * end of the bytes, so a flexible array may have them.  With `loose` they may as
 * well be somebody else's: it has as many of them as a member says.
 */
struct slice {
	const uint8_t *bytes;
	uint64_t had;
	bool tail;
	bool loose;
};

int walk_type(struct value_walk *w, uint32_t type_id, struct slice s);

/* `bits` at bit `offset` of the slice, as the integer type `t` (peeled from `id`). */
int walk_bits(struct value_walk *w, struct btf_peeled t, struct slice s, uint64_t offset,
	      const struct btf_int_form *form);

/* A pointer of the peeled type `t` (zeros: of none); the slice holds all 8 bytes. */
int walk_pointer(struct value_walk *w, struct btf_peeled t, struct slice s);

/* A number that may be a pointer: true if it is one and *ret is the result of its callbacks. */
bool walk_disguised(struct value_walk *w, uint32_t struct_id, unsigned member, struct slice s,
		    int *ret);

/* A member declared without a length, at byte `off` of a struct of type `t`. */
int walk_flexible(struct value_walk *w, const struct btf_type *t, unsigned member, struct slice s,
		  uint64_t off);

/* An array of `len` elements of type `elem`, of which the slice holds all or a part. */
int walk_elements(struct value_walk *w, const struct scxray_array *array, uint32_t elem,
		  struct slice s);

/*
 * Structs that have a form of their own.  True if `t` is one and *ret is the
 * result of its callbacks.
 */
bool walk_cpumask(struct value_walk *w, struct btf_peeled t, struct slice s, int *ret);
bool walk_opaque(struct value_walk *w, struct btf_peeled t, struct slice s, int *ret);

/* Counts a node of `bytes` guest bytes; false, with `exhausted` set, if that is too much. */
bool walk_charge(struct value_walk *w, uint64_t bytes);

/* What walks over differences may cost together; each takes off what it has cost. */
struct value_budget {
	uint64_t nodes, bytes;
};

/*
 * Walks the parts in which two values of one size differ, by the type of the one
 * that has BTF; pointers are not followed.  Of each leaf the visitor gets the old
 * one's and then the new one's (what overlaps or pads may be equal after all), and
 * before each element its index from `element`.  What has no value in either
 * (unsupported(), truncated_begin()) comes once.  0, or what a callback returned.
 */
int walk_differences(const struct scxray_value *old, const struct scxray_value *new,
		     struct value_budget *budget, const struct scxray_value_visitor *visitor,
		     int (*element)(void *arg, uint64_t index), void *arg);

/* Is a walk over differences to leave this part out?  It looks the same in both. */
bool walk_is_same(struct value_walk *w, struct slice s);

/* A run of 8-bit integers, of a walk over differences in both. */
int walk_run(struct value_walk *w, const struct scxray_bytes *bytes);

/*
 * The same part of the other value, for what is no container; what is reached
 * from it is not compared any more.
 */
static inline struct slice walk_twin(const struct value_walk *w, struct slice s)
{
	if (s.bytes)
		s.bytes = w->twin + (s.bytes - w->base);
	return s;
}

/* The visitor's unsupported() with `reason`, or with that of the budget that is used up. */
int walk_unsupported(struct value_walk *w, const char *reason);

/* Counts a look-up of `steps` steps, so that huge enums can't make a walk slow. */
void walk_charge_lookup(struct value_walk *w, unsigned steps);

#endif
