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

struct follow {
	const struct scxray_report *report;
	struct arena_window *arenas;
	size_t nr_arenas;
	struct follow_tag *tags; /* members that hold a pointer as a number */
	size_t nr_tags;
	struct slot_at *slots; /* of the scx library's allocators, by address */
	size_t nr_slots;
	char label[128]; /* of the last slot */
	uint8_t *bytes;	 /* a buffer for the pointee of each depth; allocated on first use */
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

/* The options for the next value; its count of followed pointers begins at 0. */
const struct scxray_value_options *follow_options(struct follow *f);

#endif
