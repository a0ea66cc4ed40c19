/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * follow.h - the pointers inside a map's values: to what the capture has found
 * behind kptrs and timers, and into arenas
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
	struct follow_tag *tags; /* members that are pointers in disguise */
	size_t nr_tags;
	struct slot_at *slots; /* of the scx library's allocators, by address */
	size_t nr_slots;
	char label[128];	      /* of the last slot */
	uint8_t *bytes;		      /* of pointees, a slot for each depth; made on first use */
	unsigned in_value, in_report; /* pointers followed so far */
	const struct btf *fwd_btf;    /* the last forward declaration looked up, and what it is */
	uint32_t fwd_id, fwd_found;
	struct scxray_value_options options; /* to walk values of this report with */
};

/* Never fails: what there is no memory for is not followed, and says so. */
void follow_init(struct follow *f, const struct scxray_report *report);
void follow_deinit(struct follow *f);

/*
 * follow_tags.c: members of type u64 whose declaration tag says what they point to,
 * btf_decl_tag("arena:NAME") or btf_decl_tag("arena:struct NAME"), in the BTF of the
 * report's maps.
 */
struct follow_tag {
	const struct btf *btf;
	uint32_t struct_id, member;
	uint32_t target; /* what it points to, in the same BTF */
};

void follow_tags_find(struct follow *f);
const struct follow_tag *follow_tag_of(const struct follow *f, const struct btf *btf,
				       uint32_t struct_id, unsigned member);

/* The options for the next value: it may follow pointers of its own. */
const struct scxray_value_options *follow_options(struct follow *f);

#endif
