/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * value.c - the walk over a BTF value, in one place
 *
 * Three rules make hostile types and values harmless: a slice never reaches outside the
 * bytes (checked where a part is cut from it), the depth is bounded, and every callback is
 * charged to a budget. Types may contain themselves any number of times.
 */
#include <inttypes.h>

#include <scxray/report_struct.h>

#include "render/value/value_walk.h"

/* The bytes `offset` to `offset + size` of the slice, or those of them that exist. */
static struct slice part_of(struct slice s, uint64_t offset, uint64_t size)
{
	struct slice part = { 0 };

	if (offset >= s.had)
		return part;
	part.bytes = s.bytes + offset;
	part.had = s.had - offset < size ? s.had - offset : size;
	return part;
}

/* A member at a position in bits: a bitfield, or a partial integer of an old encoder. */
static int walk_bit_member(struct value_walk *w, uint32_t type_id, struct slice s, uint64_t bit,
			   unsigned bits)
{
	struct btf_peeled t = btf_peel(w->btf, type_id);
	struct btf_int_form form;
	int ret = 0;

	if (!t.type || !btf_int_form(t.type, &form))
		return walk_unsupported(w, "bitfield whose type is no integer");
	if (bits) {
		form.offset = 0;
		form.bits = bits;
	}
	if (form.bits > 128)
		return walk_unsupported(w, "bitfield wider than 128 bits");
	if (!walk_charge(w, (form.bits + 7) / 8))
		return w->visit->unsupported(w->arg, w->exhausted);
	bit += form.offset;
	s = part_of(s, bit / 8, UINT64_MAX);
	if (w->twin)
		ret = walk_bits(w, t, walk_twin(w, s), bit % 8, &form);
	return ret ? ret : walk_bits(w, t, s, bit % 8, &form);
}

/* True if the member ends where the struct ends, so the bytes after the struct may belong to it. */
static bool ends_struct(const struct btf_type *t, uint64_t off, uint64_t size)
{
	return btf_is_union(t) || off + size >= t->size;
}

static int walk_member(struct value_walk *w, const struct btf_type *t, uint32_t id, unsigned i,
		       struct slice s)
{
	const struct btf_member *m = &btf_members(t)[i];
	uint64_t bit = btf_member_bit_offset(t, i), off = bit / 8, size;
	unsigned bits = btf_member_bitfield_size(t, i);
	struct btf_peeled mt = btf_peel(w->btf, m->type);
	struct btf_int_form form;
	struct slice part;
	int ret;

	if (mt.type && btf_is_array(mt.type) && !btf_array(mt.type)->nelems)
		return off > t->size ? walk_unsupported(w, "member lies outside its struct")
				     : walk_flexible(w, t, i, s, off);
	if (!btf_size(w->btf, m->type, &size))
		return walk_type(w, m->type, (struct slice){ 0 });
	if (bits || bit % 8 ||
	    (btf_is_int(mt.type) && btf_int_form(mt.type, &form) &&
	     (form.offset || form.bits != size * 8))) {
		if (bits ? bit + bits > (uint64_t)t->size * 8 : off + size > t->size)
			return walk_unsupported(w, "member lies outside its struct");
		return walk_bit_member(w, m->type, s, bit, bits);
	}
	if (off + size > t->size)
		return walk_unsupported(w, "member lies outside its struct");

	part = part_of(s, off, size);
	/* the union is larger than its shorter members: room for their flexible arrays */
	if (btf_is_union(t) && !s.tail && part.bytes && s.had >= t->size) {
		part.had = t->size - off;
		part.tail = part.loose = true;
	} else if (s.tail && part.bytes && ends_struct(t, off, size)) {
		part.had = s.had - off;
		part.tail = true;
		part.loose = s.loose;
	}
	if (w->opt.follow_member && size == 8 && btf_is_int(mt.type) &&
	    walk_disguised(w, id, i, part, &ret))
		return ret;
	return walk_type(w, m->type, part);
}

static int walk_struct(struct value_walk *w, struct btf_peeled t, struct slice s)
{
	const char *name = btf_name(w->btf, t.type->name_off);
	int ret;

	if (!*name)
		name = t.typedef_name;
	ret = w->visit->struct_begin(w->arg, name, btf_is_union(t.type));
	for (unsigned i = 0; !ret && i < btf_vlen(t.type) && !w->exhausted; i++) {
		/* in a struct that was cut, members after the cut are missing */
		if (s.had < t.type->size && btf_member_bit_offset(t.type, i) / 8 >= s.had &&
		    btf_member_bit_offset(t.type, i) / 8 < t.type->size)
			continue;
		ret = w->visit->member(w->arg, btf_name(w->btf, btf_members(t.type)[i].name_off));
		if (!ret)
			ret = walk_member(w, t.type, t.id, i, s);
	}
	return ret ? ret : w->visit->struct_end(w->arg, w->exhausted);
}

/* A section of global variables: a struct named after it. */
static int walk_datasec(struct value_walk *w, struct btf_peeled t, struct slice s)
{
	const struct btf_var_secinfo *var = btf_var_secinfos(t.type);
	uint64_t size;
	int ret;

	ret = w->visit->struct_begin(w->arg, btf_name(w->btf, t.type->name_off), false);
	for (unsigned i = 0; !ret && i < btf_vlen(t.type) && !w->exhausted; i++, var++) {
		const struct btf_type *v = btf__type_by_id(w->btf, var->type);
		struct slice part = part_of(s, var->offset, var->size);

		/*
		 * a variable with a flexible array is larger than its type; the last one
		 * may have all the rest
		 */
		if (part.bytes && i + 1 == btf_vlen(t.type) && btf_size(w->btf, var->type, &size) &&
		    var->size >= size)
			part.had = s.had - var->offset;
		part.tail = true;
		if (s.had < t.type->size && var->offset >= s.had && var->offset < t.type->size)
			continue;
		ret = w->visit->member(w->arg, v ? btf_name(w->btf, v->name_off) : "");
		if (ret)
			break;
		if (!v || !btf_is_var(v))
			ret = walk_unsupported(w, "section entry that is no variable");
		else if ((uint64_t)var->offset + var->size > t.type->size)
			ret = walk_unsupported(w, "variable lies outside its section");
		else
			ret = walk_type(w, v->type, part);
	}
	return ret ? ret : w->visit->struct_end(w->arg, w->exhausted);
}

/* Runs of 8-bit integers go to the visitor as one piece. */
static bool is_byte(const struct btf *btf, struct btf_peeled t, struct scxray_bytes *bytes)
{
	struct btf_int_form form;

	if (!t.type || !btf_is_int(t.type) || t.type->size != 1 || !btf_int_form(t.type, &form) ||
	    form.bits != 8 || btf_int_encoding(t.type) & BTF_INT_BOOL)
		return false;
	bytes->is_signed = form.is_signed;
	bytes->is_char = btf_int_encoding(t.type) & BTF_INT_CHAR ||
			 !strcmp(btf_name(btf, t.type->name_off), "char");
	return true;
}

static int walk_byte_array(struct value_walk *w, struct scxray_bytes *bytes, uint64_t len,
			   struct slice s)
{
	uint64_t most = (uint64_t)w->opt.max_elements * 16;

	bytes->bytes = s.bytes;
	bytes->declared = len;
	bytes->len = s.had < len ? s.had : len;
	if (bytes->len > most)
		bytes->len = most;
	if (!walk_charge(w, bytes->len))
		return w->visit->unsupported(w->arg, w->exhausted);
	return walk_run(w, bytes);
}

/* How many elements from the i-th on have the same bytes. */
static uint64_t equal_run(struct slice s, uint64_t size, uint64_t i)
{
	const uint8_t *first = s.bytes + i * size;
	uint64_t whole = size ? s.had / size : 0, end = i + 1;

	while (end < whole && !memcmp(first, s.bytes + end * size, size))
		end++;
	return end - i;
}

static bool is_zero(const uint8_t *bytes, uint64_t size)
{
	return !bytes[0] && !memcmp(bytes, bytes + 1, size - 1);
}

/* The elements up to `shown`; returns how far it came. */
static uint64_t walk_each(struct value_walk *w, uint32_t elem, uint64_t size, struct slice s,
			  uint64_t shown, bool scalars, int *ret)
{
	bool asks = w->visit->repeat && !w->twin && s.bytes;
	uint64_t i = 0, step, asked = 0;

	for (uint32_t values = 0; !*ret && i < shown && values < w->opt.max_elements; i += step) {
		enum scxray_repeat how = SCXRAY_REPEAT_ALL;
		uint64_t nr = asks && i >= asked ? equal_run(s, size, i) : 1;

		if (w->exhausted)
			break;
		if (i >= asked)
			asked = i + nr;
		if (nr > 1)
			how = w->visit->repeat(w->arg, nr, is_zero(s.bytes + i * size, size),
					       scalars);
		step = how == SCXRAY_REPEAT_ALL ? 1 : nr;
		if (how == SCXRAY_REPEAT_DONE)
			continue;
		values++;
		if (w->element)
			*ret = w->element(w->arg, i);
		if (!*ret)
			*ret = walk_type(w, elem, part_of(s, i * size, size));
	}
	return i;
}

int walk_elements(struct value_walk *w, const struct scxray_array *array, uint32_t elem,
		  struct slice s)
{
	struct btf_peeled t = btf_peel(w->btf, elem);
	struct scxray_array a = *array;
	struct scxray_bytes bytes = { 0 };
	uint64_t size, shown = a.len, end;
	char cut[80];
	int ret;

	if (!btf_size(w->btf, elem, &size))
		return walk_unsupported(w, t.error ? t.error : "array of elements without a size");
	if (is_byte(w->btf, t, &bytes))
		return walk_byte_array(w, &bytes, a.len, s);

	if (size && shown > (s.had + size - 1) / size)
		shown = (s.had + size - 1) / size;
	a.of_scalars = t.type && !btf_is_composite(t.type) && !btf_is_array(t.type);
	ret = w->visit->array_begin(w->arg, &a);
	end = ret ? 0 : walk_each(w, elem, size, s, shown, a.of_scalars, &ret);
	if (ret)
		return ret;
	snprintf(cut, sizeof(cut), "%" PRIu64 " of %" PRIu64 " elements shown", end, a.len);
	return w->visit->array_end(w->arg, w->exhausted ? w->exhausted : end < shown ? cut : NULL);
}

/* The value; whether its bytes are complete was checked before. */
static int walk_whole(struct value_walk *w, struct btf_peeled t, struct slice s)
{
	struct scxray_array array = { 0 };
	struct btf_int_form form = { 0 };
	int ret;

	switch (btf_kind(t.type)) {
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		if (walk_cpumask(w, t, s, &ret) || walk_opaque(w, t, s, &ret))
			return ret;
		return walk_struct(w, t, s);
	case BTF_KIND_DATASEC:
		return walk_datasec(w, t, s);
	case BTF_KIND_ARRAY:
		/*
		 * cpumask_var_t is an array of one element where the mask is a part of its
		 * struct
		 */
		if (t.typedef_name && !strcmp(t.typedef_name, "cpumask_var_t") &&
		    btf_array(t.type)->nelems == 1)
			return walk_type(w, btf_array(t.type)->type, s);
		array.len = btf_array(t.type)->nelems;
		return walk_elements(w, &array, btf_array(t.type)->type, s);
	case BTF_KIND_PTR:
		return walk_pointer(w, t, s);
	default:
		if (btf_kind(t.type) != BTF_KIND_FLOAT && !btf_int_form(t.type, &form))
			return walk_unsupported(w, "integer type whose size and bits do not agree");
		return walk_bits(w, t, s, form.offset, &form);
	}
}

static const char *sizeless(const struct btf_peeled *t)
{
	if (!t->type)
		return t->error ? t->error : "void";
	switch (btf_kind(t->type)) {
	case BTF_KIND_FWD:
		return "type is only declared here, not defined";
	case BTF_KIND_FUNC:
	case BTF_KIND_FUNC_PROTO:
		return "function";
	case BTF_KIND_ARRAY:
		return "array whose size makes no sense";
	default:
		return "type of an unknown kind";
	}
}

static bool has_parts(const struct btf_type *t)
{
	return btf_is_composite(t) || btf_is_array(t) || btf_is_datasec(t);
}

int walk_type(struct value_walk *w, uint32_t type_id, struct slice s)
{
	struct btf_peeled t = btf_peel(w->btf, type_id);
	uint64_t size;
	bool cut;
	int ret = 0;

	if (!btf_size(w->btf, type_id, &size))
		return walk_unsupported(w, sizeless(&t));
	if (walk_is_same(w, s))
		return 0;
	if (!walk_charge(w, has_parts(t.type) ? 0 : size < s.had ? size : s.had))
		return w->visit->unsupported(w->arg, w->exhausted);
	if (has_parts(t.type) && w->depth >= w->opt.max_depth)
		return w->visit->unsupported(w->arg, "render depth exceeded");
	if (!s.tail && s.had > size)
		s.had = size;

	cut = s.had < size;
	if (cut)
		ret = w->visit->truncated_begin(w->arg, size, s.had, w->short_reason);
	if (!ret && has_parts(t.type) && (s.had || !cut)) {
		w->depth++;
		ret = walk_whole(w, t, s);
		w->depth--;
	} else if (!ret && cut && s.had) {
		struct scxray_bytes rest = { .bytes = s.bytes, .len = s.had, .declared = s.had };

		ret = walk_run(w, &rest);
	} else if (!ret && !cut) {
		if (w->twin)
			ret = walk_whole(w, t, walk_twin(w, s));
		else if (w->opt.follow_member && size == 8 && btf_is_int(t.type) &&
			 walk_disguised(w, 0, 0, s, &ret))
			return ret;
		ret = ret ? ret : walk_whole(w, t, s);
	}
	if (!ret && cut)
		ret = w->visit->truncated_end(w->arg);
	return ret;
}

static void fill_defaults(struct value_walk *w)
{
	struct scxray_value_options *o = &w->opt;

	if (!o->max_depth || o->max_depth > WALK_MAX_DEPTH)
		o->max_depth = o->max_depth ? WALK_MAX_DEPTH : 32;
	if (!o->max_elements)
		o->max_elements = 4096;
	if (!o->max_nodes)
		o->max_nodes = 1 << 20;
	if (!o->max_bytes)
		o->max_bytes = 16 << 20;
	if (!o->nr_cpus && o->report && o->report->guest.nr_cpus.state == SCXRAY_PRESENT &&
	    o->report->guest.nr_cpus.value <= 1 << 20)
		o->nr_cpus = (uint32_t)o->report->guest.nr_cpus.value;
}

int scxray_value_walk(const struct scxray_value *value, const struct scxray_value_options *options,
		      const struct scxray_value_visitor *visitor, void *arg)
{
	struct value_walk w = { .btf = value->btf, .visit = visitor, .arg = arg };
	struct scxray_bytes raw = { .bytes = value->bytes, .len = value->size };
	struct slice s = { .bytes = value->bytes,
			   .had = value->bytes ? value->size : 0,
			   .tail = true };
	int ret;

	if (value->state == SCXRAY_UNREADABLE)
		return visitor->unreadable(arg, value->addr, value->reason);
	if (value->state != SCXRAY_PRESENT)
		return visitor->unsupported(arg, value->reason ? value->reason : "no value");
	if (!value->btf) {
		raw.len = raw.declared = s.had;
		return visitor->bytes(arg, &raw);
	}
	if (options)
		w.opt = *options;
	fill_defaults(&w);
	w.short_reason = value->reason;
	strbuf_init(&w.scratch, NULL);
	if (value->addr)
		w.followed[w.nr_followed++] = value->addr;
	ret = walk_type(&w, value->type_id, s);
	strbuf_deinit(&w.scratch);
	return ret;
}
