/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * value.h - walking values whose form BTF decides
 *
 * scxray_value_walk() goes once over the bytes of a `struct scxray_value` by its
 * BTF type and calls a visitor for what it finds; text and JSON are two
 * visitors.  Both the bytes and the BTF may come from a hostile guest: type ids
 * out of range, absurd sizes and types that contain themselves end in an
 * `unsupported` node with the reason, never in a read outside the bytes.
 *
 *	document := value
 *	value    := scalar() | bytes() | cpus() | unsupported() | unreadable()
 *	          | struct_begin() { member() value } struct_end()
 *	          | array_begin() { [ repeat() ] value } array_end()
 *	          | truncated_begin() [ value ] truncated_end()
 *	          | pointer_begin() value pointer_end()
 *
 * Strings handed to a visitor come from the guest: escape them.  They and all
 * else that is passed live until the callback returns.
 */
#ifndef SCXRAY_VALUE_H
#define SCXRAY_VALUE_H

#include <stdio.h>

#include <scxray/atoms.h>

#ifdef __cplusplus
extern "C" {
#endif

struct scxray_report;
struct scxray_task;

enum scxray_scalar_kind {
	SCXRAY_SCALAR_INT,
	SCXRAY_SCALAR_UINT,
	SCXRAY_SCALAR_BOOL,
	SCXRAY_SCALAR_CHAR,
	SCXRAY_SCALAR_FLOAT,
	SCXRAY_SCALAR_ENUM,
	SCXRAY_SCALAR_PTR,
};

/* One value that has no parts. */
struct scxray_scalar {
	enum scxray_scalar_kind kind;
	unsigned bits;	  /* width; 1 to 128 for integers, a bitfield's own width */
	bool is_signed;	  /* INT; ENUM whose values are signed */
	uint64_t lo, hi;  /* the value, sign-extended to 128 bits if signed, else zero-extended */
	double real;	  /* FLOAT */
	const char *name; /* ENUM: the enumerator with this very value, or NULL */
	const char *
		flags; /* ENUM without such: "A|B|0x40" where the type is a set of flags, or NULL */
	const char *symbol; /* PTR: "scx_tick+0x1c", or NULL */
	const struct scxray_task
		*task;	     /* PTR to task_struct, UINT with its address: the task, or NULL */
	const char *label;   /* PTR: what it leads to, in words, or NULL */
	const char *skipped; /* PTR that should have been followed and was not: why, or NULL */
};

struct scxray_array {
	uint64_t len;  /* elements that the type declares, or a flexible array has */
	bool flexible; /* declared without a length */
	const char *
		len_from; /* flexible: the sibling member that gave `len`, or NULL: the bytes' end */
	bool of_scalars;  /* each element is one scalar() */
};

/* A run of 8-bit integers. */
struct scxray_bytes {
	const uint8_t *bytes;
	uint64_t len;	   /* bytes there are */
	uint64_t declared; /* bytes that the type has, >= len */
	bool is_char;	   /* elements of type char: meant as text */
	bool is_signed;
};

/* What the walk does with elements that are equal. */
enum scxray_repeat {
	SCXRAY_REPEAT_ALL,  /* one value each, as without a repeat() */
	SCXRAY_REPEAT_ONE,  /* one value for all of them */
	SCXRAY_REPEAT_DONE, /* none: the callback has handled them */
};

/*
 * All callbacks except repeat() are required.  Each returns 0, or something else to stop the
 * walk, which scxray_value_walk() then returns.  `cut` is why a container ends
 * before its last part, NULL if it does not.
 */
struct scxray_value_visitor {
	int (*scalar)(void *arg, const struct scxray_scalar *scalar);
	int (*bytes)(void *arg, const struct scxray_bytes *bytes);
	/* a cpumask as a list: "0-3,5"; "" if it is empty */
	int (*cpus)(void *arg, const char *list);
	/* `type_name` is NULL for an anonymous struct or union */
	int (*struct_begin)(void *arg, const char *type_name, bool is_union);
	/* `name` is "" for an anonymous member */
	int (*member)(void *arg, const char *name);
	int (*struct_end)(void *arg, const char *cut);
	int (*array_begin)(void *arg, const struct scxray_array *array);
	int (*array_end)(void *arg, const char *cut);
	/*
	 * NULL, or asked before `count` (2 or more) elements of the same bytes; `zero`: all of these
	 * are 0; `scalar`: as of_scalars
	 */
	enum scxray_repeat (*repeat)(void *arg, uint64_t count, bool zero, bool scalar);
	/* a value of `needed` bytes of which `had` are there; a value follows unless `had` is 0 */
	int (*truncated_begin)(void *arg, uint64_t needed, uint64_t had, const char *reason);
	int (*truncated_end)(void *arg);
	/* a pointer that was followed; the pointee follows */
	int (*pointer_begin)(void *arg, const struct scxray_scalar *pointer);
	int (*pointer_end)(void *arg);
	int (*unsupported)(void *arg, const char *reason);
	int (*unreadable)(void *arg, uint64_t addr, const char *reason);
};

/* What a pointer leads to.  Strings live until the walk's next callback. */
struct scxray_followed {
	struct scxray_value value; /* PRESENT or UNREADABLE: to be shown after the pointer */
	const char *label;	   /* what is there, in words; with a value or alone */
	const char *skipped;	   /* else why it was not followed though it should have been */
	/* bytes after a value that ends in a flexible array may belong to another object */
	bool loose;
};

/*
 * Asked for each pointer that is not NULL.  True with to->value filled if the
 * pointer is to be followed; false if not, then `to` may have a label or a
 * reason.  `type_id` is the pointer's own type (its type tags are still on the
 * pointed-to type), 0 where there is none.  `depth` is how many pointers lead
 * here: the value's bytes are wanted until the same depth is asked for again.
 */
typedef bool (*scxray_follow_fn)(void *arg, const struct btf *btf, uint32_t type_id, uint64_t addr,
				 unsigned depth, struct scxray_followed *to);

/*
 * Asked for each number of 64 bits that is not 0: true if it is known to hold a
 * pointer; then `to` is filled as for a pointer. Of a struct's member `struct_id`
 * and `member` say which it is, of others `struct_id` is 0.
 */
typedef bool (*scxray_follow_member_fn)(void *arg, const struct btf *btf, uint32_t struct_id,
					unsigned member, uint64_t addr, unsigned depth,
					struct scxray_followed *to);

/* Zero in a limit means its default. */
struct scxray_value_options {
	const struct scxray_report *report; /* for symbols, task names, CPU count; may be NULL */
	uint32_t nr_cpus;	 /* bits of a cpumask; 0: report->guest.nr_cpus, or all bits */
	unsigned max_depth;	 /* structs and arrays inside one another; default 32 */
	uint32_t max_elements;	 /* of one array; default 4096 */
	uint64_t max_nodes;	 /* callbacks in all; default 1 << 20 */
	uint64_t max_bytes;	 /* guest bytes shown in all; default 16 MiB */
	unsigned width;		 /* text: columns; default 120 */
	scxray_follow_fn follow; /* NULL: pointers are not followed */
	scxray_follow_member_fn follow_member; /* NULL: numbers are numbers */
	void *follow_arg;
	bool plain; /* text: numbers without their meaning (a task, a DSQ, an age) */
};

/*
 * Walks `value`.  `options` may be NULL.  0, or what a callback returned.
 * Reads only the value's BTF and bytes (and `report`); any thread.
 */
int scxray_value_walk(const struct scxray_value *value, const struct scxray_value_options *options,
		      const struct scxray_value_visitor *visitor, void *arg);

/*
 * Writes `value` as text or as one JSON value, without a newline at the end.
 * Lines after the first are indented by `indent` levels of two columns.
 * 0, or -1 with errno.
 */
int scxray_value_text(const struct scxray_value *value, const struct scxray_value_options *options,
		      unsigned indent, FILE *out);
int scxray_value_json(const struct scxray_value *value, const struct scxray_value_options *options,
		      FILE *out);

#ifdef __cplusplus
}
#endif
#endif
