/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * value_walk.h - the state of one walk over a value, and the parts of the walk
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
	const char *short_reason;	 /* why the value has fewer bytes than its type */
	unsigned depth;
	uint64_t nodes, bytes;		   /* charged so far */
	const char *exhausted;		   /* the budget that is used up, NULL if none is */
	uint64_t followed[WALK_MAX_DEPTH]; /* addresses of the pointers on the path to here */
	unsigned nr_followed;
	struct strbuf scratch; /* strings that are valid until a callback returns */
	/* for a walk over differences: where the value's bytes begin, and the other value's */
	const uint8_t *base, *twin;
	int (*element)(void *arg, uint64_t index);
};

/*
 * The bytes of one value. `had` may be less than the type's size. It may be more only where
 * `tail` is set: then the rest of the bytes belongs to this value, so a flexible array may
 * have them. With `loose` they may also belong to something else: the array has only the
 * elements that a length member counts.
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

/* A pointer of the peeled type `t` (all zero: without a type); the slice holds all 8 bytes. */
int walk_pointer(struct value_walk *w, struct btf_peeled t, struct slice s);

/* A number that may be a pointer: true if it is one; *ret is then what its callbacks returned. */
bool walk_disguised(struct value_walk *w, uint32_t struct_id, unsigned member, struct slice s,
		    int *ret);

/* A member without a length, at byte `off` of a struct of type `t`. */
int walk_flexible(struct value_walk *w, const struct btf_type *t, unsigned member, struct slice s,
		  uint64_t off);

/* An array of elements of type `elem`; the slice holds all of them or a part. */
int walk_elements(struct value_walk *w, const struct scxray_array *array, uint32_t elem,
		  struct slice s);

/*
 * Structs with a form of their own. True if `t` is one; *ret is then what its callbacks
 * returned.
 */
bool walk_cpumask(struct value_walk *w, struct btf_peeled t, struct slice s, int *ret);
bool walk_opaque(struct value_walk *w, struct btf_peeled t, struct slice s, int *ret);

/* Counts a node of `bytes` guest bytes; false, with `exhausted` set, if that is too much. */
bool walk_charge(struct value_walk *w, uint64_t bytes);

/* The cost that several walks over differences share; each takes off its own. */
struct value_budget {
	uint64_t nodes, bytes;
};

/*
 * Walks the parts in which two values of one size differ, by the type of the value that has
 * BTF; pointers are not followed. The visitor gets the old value of each leaf and then the
 * new one (overlapping or padded leaves may be equal), and `element` the index of each
 * array element. A part without a value in either (unsupported(), truncated_begin()) comes
 * once. Returns 0, or what a callback returned.
 */
int walk_differences(const struct scxray_value *old, const struct scxray_value *new,
		     struct value_budget *budget, const struct scxray_value_visitor *visitor,
		     int (*element)(void *arg, uint64_t index), void *arg);

/* True if the part is the same in both values, so that a walk over differences leaves it out. */
bool walk_is_same(struct value_walk *w, struct slice s);

/* A run of 8-bit integers; in a walk over differences that of both values. */
int walk_run(struct value_walk *w, const struct scxray_bytes *bytes);

/*
 * The same part of the other value, for parts without members; pointers in it are not
 * compared further.
 */
static inline struct slice walk_twin(const struct value_walk *w, struct slice s)
{
	if (s.bytes)
		s.bytes = w->twin + (s.bytes - w->base);
	return s;
}

/* The visitor's unsupported() with `reason`, or with that of the budget that is used up. */
int walk_unsupported(struct value_walk *w, const char *reason);

/* Charges a look-up of `steps` steps, so that huge enums can't make a walk slow. */
void walk_charge_lookup(struct value_walk *w, unsigned steps);

#endif
