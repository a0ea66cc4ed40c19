/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * read.h - what a walker reads: numbers, texts and masks, or why there is none
 *
 * A walker asks for a member of the layout.  Nothing here stops a walk.
 */
#ifndef CAPTURE_READ_READ_H
#define CAPTURE_READ_READ_H

#include "capture/read/walk.h"

struct scxray_num num_present(uint64_t value);
struct scxray_num num_unreadable(uint64_t addr, enum read_status status);

/* An integer of `size` bytes (1, 2, 4, 8) at `addr`. */
struct scxray_num read_int(struct walk *w, uint64_t addr, uint32_t size, bool is_signed);

/* Member m of the struct at `base`; bit fields and atomics included. */
struct scxray_num read_member(struct walk *w, uint64_t base, enum layout_member m);

/* As read_member(), for a member that only some kernels have: if absent NONE, and not listed as missing. */
struct scxray_num read_optional(struct walk *w, uint64_t base, enum layout_member m);

/* The value at a symbol, of the size that the layout gives. */
struct scxray_num read_symbol(struct walk *w, enum layout_symbol s, bool is_signed);

/* Text in an array member, up to its size; and text that a char * member points to, up to `max` bytes. */
struct scxray_text read_text_array(struct walk *w, uint64_t base, enum layout_member m);
struct scxray_text read_text_pointer(struct walk *w, uint64_t base, enum layout_member m,
				     size_t max);

/* nr_cpu_ids bits at `addr`. */
struct scxray_cpumask read_cpumask_at(struct walk *w, uint64_t addr);

/* A cpumask_var_t or cpumask_t * member: a pointer, or the mask itself (decided by BTF). */
struct scxray_cpumask read_cpumask(struct walk *w, uint64_t base, enum layout_member m);

/* Has this kernel the member, or the symbol?  This lists nothing as missing. */
static inline bool has_member(const struct walk *w, enum layout_member m)
{
	return w->k->layout.member[m].present;
}

static inline bool has_symbol(const struct walk *w, enum layout_symbol s)
{
	return w->k->layout.symbol[s] != 0;
}

static inline uint64_t member_addr(const struct walk *w, uint64_t base, enum layout_member m)
{
	return base + w->k->layout.member[m].offset;
}

/* The address of a per-CPU object on one CPU. */
static inline uint64_t percpu_addr(const struct walk *w, uint64_t object, uint32_t cpu)
{
	return object + w->k->percpu[cpu];
}

/* Records what read_member() would read, and reads nothing. */
static inline void touch_member(struct walk *w, uint64_t base, enum layout_member m)
{
	if (has_member(w, m))
		guest_touch(w->g, member_addr(w, base, m), w->k->layout.member[m].size);
}

/* A pointer or long that a walk that records needs to go on; 0 if it can't be read. */
static inline uint64_t record_word(struct walk *w, uint64_t base, enum layout_member m)
{
	const struct member *member = &w->k->layout.member[m];
	uint64_t value;

	if (!member->present || member->size != 8 || member->bits ||
	    guest_read_u64(w->g, base + member->offset, &value))
		return 0;
	return value;
}

/* The size of one element of an array member; 0 if the member is no array. */
uint32_t element_size(const struct walk *w, enum layout_member m);

/* The size of the type that a pointer member points to; 0 if it has none. */
uint32_t pointee_size(const struct walk *w, enum layout_member m);

/*
 * The names of the set bits of `value` by a BTF enum: "ONLINE|CAN_STOP_TICK|0x40".
 * Leaves out enumerators of more than one bit, and bits outside `mask`; cuts `prefix` off the
 * names.
 */
const char *flag_names(struct walk *w, const char *enum_name, const char *prefix, uint64_t value,
		       uint64_t mask);

/* THREAD_SIZE: bytes of a task's kernel stack; 0: not known. */
uint32_t task_stack_size(const struct walk *w);

#endif
