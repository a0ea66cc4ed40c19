/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scalar.c - the leaves of a value: integers, enums, floats, pointers,
 * CPU masks, and arrays whose length BTF does not know
 */
#include <inttypes.h>

#include <base/array.h>

#include <scxray/report_struct.h>

#include "render/value/value_walk.h"

static int walk_float(struct value_walk *w, struct btf_peeled t, struct slice s)
{
	struct scxray_scalar v = { .kind = SCXRAY_SCALAR_FLOAT };
	long double ld = 0;
	double d;
	float f;

	switch (t.type->size) {
	case 4:
		memcpy(&f, s.bytes, sizeof(f));
		v.real = f;
		break;
	case 8:
		memcpy(&d, s.bytes, sizeof(d));
		v.real = d;
		break;
	case 12:
	case 16:
		/* x87 extended precision in its padding */
		memcpy(&ld, s.bytes, 10);
		v.real = (double)ld;
		break;
	default:
		return w->visit->unsupported(w->arg, "float of an unknown size");
	}
	v.bits = t.type->size * 8;
	return w->visit->scalar(w->arg, &v);
}

static bool is_char(const struct value_walk *w, const struct btf_type *t)
{
	return btf_int_encoding(t) & BTF_INT_CHAR ||
	       (t->size == 1 && !strcmp(btf_name(w->btf, t->name_off), "char"));
}

int walk_bits(struct value_walk *w, struct btf_peeled t, struct slice s, uint64_t offset,
	      const struct btf_int_form *form)
{
	struct scxray_scalar v = { .bits = form->bits, .is_signed = form->is_signed };
	uint64_t needed;

	if (btf_is_float(t.type))
		return walk_float(w, t, s);

	needed = (offset + form->bits + 7) / 8;
	if (needed > s.had) {
		struct scxray_bytes rest = { .bytes = s.bytes, .len = s.had, .declared = s.had };
		int ret = w->visit->truncated_begin(w->arg, needed, s.had, w->short_reason);

		if (!ret && s.had)
			ret = w->visit->bytes(w->arg, &rest);
		return ret ? ret : w->visit->truncated_end(w->arg);
	}
	bits_read(s.bytes, offset, form->bits, form->is_signed, &v.lo, &v.hi);
	if (btf_is_any_enum(t.type)) {
		v.kind = SCXRAY_SCALAR_ENUM;
		walk_charge_lookup(w, btf_vlen(t.type));
		v.name = btf_enum_name(w->btf, t.type, v.lo);
		w->scratch.len = 0;
		if (!v.name && btf_enum_flags(w->btf, t.type, v.lo, &w->scratch) &&
		    !w->scratch.error)
			v.flags = strbuf_str(&w->scratch);
	} else if (btf_int_encoding(t.type) & BTF_INT_BOOL) {
		v.kind = SCXRAY_SCALAR_BOOL;
	} else if (form->bits == 8 && is_char(w, t.type)) {
		v.kind = SCXRAY_SCALAR_CHAR;
		v.lo &= 0xff;
		v.hi = 0;
	} else {
		v.kind = form->is_signed ? SCXRAY_SCALAR_INT : SCXRAY_SCALAR_UINT;
		/* programs keep addresses of tasks as numbers */
		if (form->bits == 64 && v.lo >> 63 && w->opt.report)
			v.task = scxray_report_task(w->opt.report, v.lo);
	}
	return w->visit->scalar(w->arg, &v);
}

static int follow(struct value_walk *w, const struct scxray_scalar *v,
		  const struct scxray_followed *followed)
{
	const struct scxray_value *to = &followed->value;
	struct slice s = { .bytes = to->bytes,
			   .had = to->bytes ? to->size : 0,
			   .tail = true,
			   .loose = followed->loose };
	const struct btf *btf = w->btf;
	const char *reason = w->short_reason;
	int ret;

	ret = w->visit->pointer_begin(w->arg, v);
	if (ret)
		return ret;
	if (to->state == SCXRAY_UNREADABLE) {
		ret = w->visit->unreadable(w->arg, to->addr, to->reason);
	} else if (to->state != SCXRAY_PRESENT || !to->btf) {
		ret = w->visit->unsupported(w->arg, to->reason ? to->reason : "no value");
	} else {
		w->followed[w->nr_followed++] = v->lo;
		w->depth++;
		w->btf = to->btf;
		w->short_reason = to->reason;
		ret = walk_type(w, to->type_id, s);
		w->short_reason = reason;
		w->btf = btf;
		w->depth--;
		w->nr_followed--;
	}
	return ret ? ret : w->visit->pointer_end(w->arg);
}

static bool is_task(const struct value_walk *w, struct btf_peeled pointer)
{
	struct btf_peeled target = { 0 };

	if (pointer.type)
		target = btf_peel(w->btf, pointer.type->type);
	return target.type && btf_is_struct(target.type) &&
	       !strcmp(btf_name(w->btf, target.type->name_off), "task_struct");
}

/* Why the pointer can't be followed from here; NULL if it can. */
static const char *dead_end(const struct value_walk *w, uint64_t addr)
{
	for (unsigned i = 0; i < w->nr_followed; i++)
		if (w->followed[i] == addr)
			return "cycle";
	if (w->depth >= w->opt.max_depth || w->nr_followed >= WALK_MAX_DEPTH)
		return "render depth exceeded";
	return NULL;
}

bool walk_disguised(struct value_walk *w, uint32_t struct_id, unsigned member, struct slice s,
		    int *ret)
{
	struct scxray_scalar v = { .kind = SCXRAY_SCALAR_PTR, .bits = GUEST_POINTER_SIZE * 8 };
	struct scxray_followed to = { 0 };

	if (s.had < GUEST_POINTER_SIZE)
		return false;
	bits_read(s.bytes, 0, v.bits, false, &v.lo, &v.hi);
	if (!v.lo || !w->opt.follow_member(w->opt.follow_arg, w->btf, struct_id, member, v.lo,
					   w->nr_followed, &to))
		return false;
	if (!walk_charge(w, GUEST_POINTER_SIZE)) {
		*ret = w->visit->unsupported(w->arg, w->exhausted);
		return true;
	}
	v.skipped = dead_end(w, v.lo);
	if (!v.skipped && to.value.state != SCXRAY_NONE) {
		v.label = to.label;
		*ret = follow(w, &v, &to);
		return true;
	}
	v.label = to.label;
	v.skipped = v.skipped ? v.skipped : to.skipped;
	*ret = w->visit->scalar(w->arg, &v);
	return true;
}

int walk_pointer(struct value_walk *w, struct btf_peeled t, struct slice s)
{
	struct scxray_scalar v = { .kind = SCXRAY_SCALAR_PTR, .bits = GUEST_POINTER_SIZE * 8 };
	struct scxray_followed to = { 0 };
	char symbol[256];

	bits_read(s.bytes, 0, v.bits, false, &v.lo, &v.hi);
	if (!v.lo)
		return w->visit->scalar(w->arg, &v);
	if (w->opt.report) {
		v.symbol = scxray_report_symbol(w->opt.report, v.lo, symbol, sizeof(symbol));
		if (is_task(w, t))
			v.task = scxray_report_task(w->opt.report, v.lo);
	}
	if (!w->opt.follow)
		return w->visit->scalar(w->arg, &v);

	v.skipped = dead_end(w, v.lo);
	if (v.skipped)
		return w->visit->scalar(w->arg, &v);
	if (w->opt.follow(w->opt.follow_arg, w->btf, t.id, v.lo, w->nr_followed, &to)) {
		v.label = to.label;
		return follow(w, &v, &to);
	}
	v.label = to.label;
	v.skipped = to.skipped;
	return w->visit->scalar(w->arg, &v);
}

/* The offset of the mask's words, in structs that hold little else. */
static const struct {
	const char *name;
	unsigned offset;
} cpumasks[] = {
	{ "cpumask", 0 },
	{ "bpf_cpumask", 0 },
	{ "scx_bitmap", 8 }, /* in the scx library's mask an arena id comes first */
};

/* Writes the first `nr` bits of a mask. */
static int put_cpumask(struct value_walk *w, const uint8_t *mask, uint64_t nr)
{
	struct strbuf *list = &w->scratch;

	list->len = 0;
	strbuf_bit_list(list, mask, nr);
	/* an empty list would mean a mask without CPUs, which memory did not hold */
	if (list->error)
		return w->visit->unsupported(w->arg, "out of memory");
	return w->visit->cpus(w->arg, strbuf_str(list));
}

bool walk_cpumask(struct value_walk *w, struct btf_peeled t, struct slice s, int *ret)
{
	const char *name = btf_name(w->btf, t.type->name_off);
	uint64_t nr, skip = UINT64_MAX;

	for (size_t i = 0; i < ARRAY_SIZE(cpumasks); i++)
		if (!strcmp(name, cpumasks[i].name))
			skip = cpumasks[i].offset;
	if (skip >= t.type->size || btf_is_union(t.type))
		return false;

	nr = (t.type->size - skip) * 8;
	if (nr > 1 << 16)
		nr = 1 << 16;
	if (w->opt.nr_cpus && nr > w->opt.nr_cpus)
		nr = w->opt.nr_cpus;
	/* the words of a mask that was cut would read as 0 */
	if (s.had < t.type->size && (s.had < skip || (s.had - skip) * 8 < nr))
		return false;
	*ret = w->twin ? put_cpumask(w, walk_twin(w, s).bytes + skip, nr) : 0;
	if (!*ret)
		*ret = put_cpumask(w, s.bytes + skip, nr);
	return true;
}

/* Usual names of the length of array `name`. */
static bool counts(const char *sibling, const char *name)
{
	static const char *const before[] = { "nr_", "num_", "n_" };
	static const char *const behind[] = { "_nr", "_cnt", "_count", "_num" };
	/* alloc_words: struct scx_cmask */
	static const char *const alone[] = { "nr", "cnt", "count", "num", "nelems", "alloc_words" };
	size_t len = strlen(name);

	for (size_t i = 0; i < ARRAY_SIZE(before); i++)
		if (!strncmp(sibling, before[i], strlen(before[i])) &&
		    !strcmp(sibling + strlen(before[i]), name))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(behind); i++)
		if (!strncmp(sibling, name, len) && !strcmp(sibling + len, behind[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(alone); i++)
		if (!strcmp(sibling, alone[i]))
			return true;
	return false;
}

/* The value of the member that holds the length of the flexible array `member`. */
static const char *length_beside(struct value_walk *w, const struct btf_type *t, unsigned member,
				 struct slice s, uint64_t *len)
{
	const char *name = btf_name(w->btf, btf_members(t)[member].name_off);

	for (unsigned i = 0; i < btf_vlen(t); i++) {
		const char *sibling = btf_name(w->btf, btf_members(t)[i].name_off);
		struct btf_peeled mt = btf_peel(w->btf, btf_members(t)[i].type);
		uint64_t bit = btf_member_bit_offset(t, i), hi;
		struct btf_int_form form;

		if (!*sibling || !counts(sibling, name) || !mt.type || !btf_is_int(mt.type) ||
		    !btf_int_form(mt.type, &form) || form.bits > 64 || form.offset ||
		    btf_member_bitfield_size(t, i) || bit % 8 || (bit + form.bits + 7) / 8 > s.had)
			continue;
		bits_read(s.bytes, bit, form.bits, false, len, &hi);
		return sibling;
	}
	return NULL;
}

int walk_flexible(struct value_walk *w, const struct btf_type *t, unsigned member, struct slice s,
		  uint64_t off)
{
	struct btf_peeled mt = btf_peel(w->btf, btf_members(t)[member].type);
	uint32_t elem = btf_array(mt.type)->type;
	struct scxray_array array = { .flexible = true };
	struct slice rest = { 0 };
	uint64_t size;
	bool is_mark;
	int ret;

	if (!walk_charge(w, 0))
		return w->visit->unsupported(w->arg, w->exhausted);
	if (!btf_size(w->btf, elem, &size) || !size)
		return w->visit->unsupported(w->arg, "flexible array of elements without a size");
	if (w->depth >= w->opt.max_depth)
		return w->visit->unsupported(w->arg, "render depth exceeded");
	if (s.tail && s.had > off) {
		rest.bytes = s.bytes + off;
		rest.had = s.had - off;
	}
	walk_charge_lookup(w, btf_vlen(t));
	/*
	 * struct sched_ext_ops_cid ends with a mark that is no array; an array of no length before
	 * another member has no elements
	 */
	is_mark = !strcmp(btf_name(w->btf, btf_members(t)[member].name_off), "__end") ||
		  (!btf_is_union(t) && member + 1u < btf_vlen(t));
	if (is_mark)
		rest = (struct slice){ 0 };
	else
		array.len_from = length_beside(w, t, member, s, &array.len);
	if (w->twin && !rest.had)
		return 0;
	if (!is_mark && !array.len_from && (!rest.had || s.loose))
		return w->visit->unsupported(w->arg, "flexible array, its length is not in BTF");
	if (!array.len_from)
		array.len = rest.had / size;

	if (array.len > UINT64_MAX / size || array.len * size > rest.had) {
		uint64_t needed = array.len > UINT64_MAX / size ? UINT64_MAX : array.len * size;

		ret = w->visit->truncated_begin(w->arg, needed, rest.had,
						"its length is taken from a member beside it");
		w->depth++;
		if (!ret && rest.had)
			ret = walk_elements(w, &array, elem, rest);
		w->depth--;
		return ret ? ret : w->visit->truncated_end(w->arg);
	}
	rest.had = array.len * size;
	w->depth++;
	ret = walk_elements(w, &array, elem, rest);
	w->depth--;
	return ret;
}
