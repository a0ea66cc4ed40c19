/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * opaque.c - the structs that BPF programs hold but can't look into
 *
 * Their BTF has only `__opaque[2]`. The contents are known from kernel/bpf/helpers.c and
 * include/linux/bpf.h: a row for each struct.
 */
#include <base/array.h>

#include "render/value/value_walk.h"

enum word_kind {
	WORD_PTR, /* 8 bytes: a pointer; follow() is asked what it leads to */
	WORD_BACK, /* 8 bytes: a pointer to the same object as another word, shown as an address only */
	WORD_U64,
	WORD_U32,
	WORD_LOCK, /* 4 bytes: a qspinlock, whose lowest byte is set while it is held */
};

#define MAX_WORDS 4

static const struct {
	const char *type;
	struct {
		const char *name;
		enum word_kind kind;
	} words[MAX_WORDS];
} opaques[] = {
	{ "bpf_timer", { { "timer", WORD_PTR }, { "lock", WORD_U64 } } },
	{ "bpf_wq", { { "work", WORD_PTR }, { "lock", WORD_U64 } } },
	{ "bpf_task_work", { { "ctx", WORD_PTR } } },
	{ "bpf_dynptr", { { "data", WORD_PTR }, { "size", WORD_U32 }, { "offset", WORD_U32 } } },
	{ "bpf_list_head", { { "next", WORD_PTR }, { "prev", WORD_BACK } } },
	{ "bpf_list_node", { { "next", WORD_PTR }, { "prev", WORD_BACK }, { "owner", WORD_PTR } } },
	{ "bpf_rb_root", { { "rb_node", WORD_PTR }, { "rb_leftmost", WORD_BACK } } },
	{ "bpf_rb_node",
	  { { "parent_color", WORD_BACK },
	    { "rb_right", WORD_PTR },
	    { "rb_left", WORD_PTR },
	    { "owner", WORD_PTR } } },
	{ "bpf_refcount", { { "refs", WORD_U32 } } },
	{ "bpf_spin_lock", { { "val", WORD_LOCK } } },
	{ "bpf_res_spin_lock", { { "val", WORD_LOCK } } },
};

#define NR_OPAQUES ARRAY_SIZE(opaques)

static unsigned word_size(enum word_kind kind)
{
	return kind == WORD_U32 || kind == WORD_LOCK ? 4 : 8;
}

static int walk_word(struct value_walk *w, enum word_kind kind, struct slice s)
{
	struct scxray_scalar v = { .kind = SCXRAY_SCALAR_UINT, .bits = word_size(kind) * 8 };

	if (kind == WORD_PTR)
		return walk_pointer(w, (struct btf_peeled){ 0 }, s);
	bits_read(s.bytes, 0, v.bits, false, &v.lo, &v.hi);
	if (kind == WORD_BACK)
		v.kind = SCXRAY_SCALAR_PTR;
	if (kind == WORD_LOCK) {
		v.kind = SCXRAY_SCALAR_ENUM;
		v.name = v.lo & 0xff ? "locked" : NULL;
	}
	return w->visit->scalar(w->arg, &v);
}

bool walk_opaque(struct value_walk *w, struct btf_peeled t, struct slice s, int *ret)
{
	const char *name = btf_name(w->btf, t.type->name_off);
	uint64_t offset = 0;
	size_t row = 0;

	if (strncmp(name, "bpf_", 4) != 0)
		return false;
	while (row < NR_OPAQUES && strcmp(name, opaques[row].type) != 0)
		row++;
	if (row == NR_OPAQUES)
		return false;
	for (unsigned i = 0; i < MAX_WORDS && opaques[row].words[i].name; i++)
		offset += word_size(opaques[row].words[i].kind);
	/* another struct with this name, or one that was cut: shown by its BTF */
	if (t.type->size < offset || s.had < offset || btf_is_union(t.type))
		return false;

	*ret = w->visit->struct_begin(w->arg, name, false);
	offset = 0;
	for (unsigned i = 0; !*ret && i < MAX_WORDS && opaques[row].words[i].name; i++) {
		enum word_kind kind = opaques[row].words[i].kind;
		struct slice word = { .bytes = s.bytes + offset, .had = word_size(kind) };

		if (!walk_charge(w, word.had))
			break;
		offset += word.had;
		if (walk_is_same(w, word))
			continue;
		*ret = w->visit->member(w->arg, opaques[row].words[i].name);
		if (!*ret && w->twin)
			*ret = walk_word(w, kind, walk_twin(w, word));
		if (!*ret)
			*ret = walk_word(w, kind, word);
	}
	if (!*ret)
		*ret = w->visit->struct_end(w->arg, w->exhausted);
	return true;
}
