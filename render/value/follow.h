/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * follow.h - follows the pointers inside a map's values: kptrs, timers, and pointers into
 * arenas
 */
#ifndef RENDER_FOLLOW_H
#define RENDER_FOLLOW_H

#include <scxray/value.h>

struct arena_window;
struct follow_tag;
struct slot_at;
struct scxray_sdt;
struct scxray_sdt_entry;

struct follow {
	const struct scxray_report *report;
	struct arena_window *arenas;
	size_t nr_arenas;
	struct follow_tag *tags; /* members that hold a pointer as a number */
	size_t nr_tags;
	struct slot_at *slots; /* of the scx library's allocators, by address */
	size_t nr_slots;
	char label[128]; /* of the last slot */
	/* pointers at this depth and deeper are in a slot's payload; UINT_MAX: none is */
	unsigned inside;
	uint8_t *bytes; /* a buffer for the pointee of each depth; allocated on first use */
	unsigned in_value, in_report; /* pointers followed so far */
	const struct btf
		*fwd_btf; /* the last forward declaration that was looked up, and its definition */
	uint32_t fwd_id, fwd_found;
	struct scxray_value_options options; /* for walks over values of this report */
};

/* Never fails: without memory for it, a pointer is not followed and the output says so. */
void follow_init(struct follow *f, const struct scxray_report *report);
void follow_deinit(struct follow *f);

/*
 * Members of type u64 with a declaration tag that says what they point to,
 * btf_decl_tag("arena:NAME") or btf_decl_tag("arena:struct NAME"), in the BTF of the
 * report's maps (follow_tags.c).
 */
struct follow_tag {
	const struct btf *btf;
	uint32_t struct_id, member;
	uint32_t target; /* the type it points to, in the same BTF */
};

void follow_tags_find(struct follow *f);
const struct follow_tag *follow_tag_of(const struct follow *f, const struct btf *btf,
				       uint32_t struct_id, unsigned member);

/* A live slot of an allocator, by its address or by that of its payload. */
struct slot_at {
	uint64_t addr;
	const struct scxray_sdt *sdt;
	const struct scxray_sdt_entry *entry;
};

/* All slots, by address.  Without memory for the list, slots are not named. */
void follow_slots_find(struct follow *f);
/* The slot at an arena's user address, or NULL. */
const struct slot_at *follow_slot_at(const struct follow *f, uint64_t addr);
/* Says in `to` which slot it is; the words live until the next slot is named. */
void follow_name_slot(struct follow *f, const struct slot_at *at, struct scxray_followed *to);
/*
 * A slot that another one points to is only named: the report has it among its allocator's,
 * and what a hundred tasks have in common would be written a hundred times.  `at` may be NULL.
 */
bool follow_names_only(struct follow *f, const struct slot_at *at, unsigned depth);

/* The options for the payload of a slot. */
const struct scxray_value_options *follow_slot_options(struct follow *f);

/* The options for the next value; its count of followed pointers begins at 0. */
const struct scxray_value_options *follow_options(struct follow *f);

#endif
