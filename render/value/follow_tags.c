/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * follow_tags.c - arena pointers that a program keeps as numbers
 *
 * A program that stores an arena address in a u64 can name its type with a declaration tag
 * on the member. The tags in the BTF of all maps are looked up once; most programs have
 * none, and then no number is checked.
 */
#include <stdlib.h>

#include <scxray/map.h>
#include <scxray/report_struct.h>

#include "render/value/btf_type.h"
#include "render/value/follow.h"

#define PREFIX "arena:"
#define MAX_TAGS 64
#define MAX_BTFS 64

static void add_tag(struct follow *f, const struct btf *btf, const struct btf_type *t)
{
	const char *name = btf_name(btf, t->name_off);
	int32_t member = btf_decl_tag(t)->component_idx;
	struct follow_tag *tags;
	int target;

	if (member < 0 || f->nr_tags == MAX_TAGS || strncmp(name, PREFIX, strlen(PREFIX)) != 0)
		return;
	name += strlen(PREFIX);
	if (!strncmp(name, "struct ", 7))
		name += 7;
	target = btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);
	if (target <= 0)
		return;
	tags = realloc(f->tags, (f->nr_tags + 1) * sizeof(*tags));
	if (!tags)
		return;
	f->tags = tags;
	f->tags[f->nr_tags++] = (struct follow_tag){
		.btf = btf,
		.struct_id = t->type,
		.member = (uint32_t)member,
		.target = (uint32_t)target,
	};
}

/* Only the BTF's own types: the kernel's BTF below it has no such tags. */
static void find_in(struct follow *f, const struct btf *btf)
{
	const struct btf *base = btf__base_btf(btf);
	uint32_t nr = btf__type_cnt(btf);

	for (uint32_t id = base ? btf__type_cnt(base) : 1; id < nr; id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);

		if (t && btf_is_decl_tag(t))
			add_tag(f, btf, t);
	}
}

void follow_tags_find(struct follow *f)
{
	const struct btf *seen[MAX_BTFS];
	size_t nr = 0;

	for (size_t i = 0; i < f->report->nr_maps && nr < MAX_BTFS; i++) {
		const struct btf *btf = f->report->maps[i].value_type.btf;
		bool known = !btf;

		for (size_t s = 0; s < nr && !known; s++)
			known = seen[s] == btf;
		if (known)
			continue;
		seen[nr++] = btf;
		find_in(f, btf);
	}
}

const struct follow_tag *follow_tag_of(const struct follow *f, const struct btf *btf,
				       uint32_t struct_id, unsigned member)
{
	for (size_t i = 0; i < f->nr_tags; i++)
		if (f->tags[i].struct_id == struct_id && f->tags[i].member == member &&
		    f->tags[i].btf == btf)
			return &f->tags[i];
	return NULL;
}
