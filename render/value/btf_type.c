/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf_type.c - answers questions about BTF types: name, size, integer form, enumerators
 */
#include "render/value/btf_type.h"

#include "render/out/strbuf.h"

/* Longest chain of typedefs, qualifiers and tags, and of arrays in arrays. */
#define MAX_CHAIN 32

/* No value of a guest is larger; the limit keeps later sums far from an overflow. */
#define MAX_SIZE (1ULL << 40)

const char *btf_name(const struct btf *btf, uint32_t name_off)
{
	const char *name = name_off ? btf__name_by_offset(btf, name_off) : NULL;

	return name ? name : "";
}

struct btf_peeled btf_peel(const struct btf *btf, uint32_t type_id)
{
	struct btf_peeled peeled = { .id = type_id };

	for (int i = 0; i < MAX_CHAIN; i++) {
		const struct btf_type *t;

		if (!peeled.id)
			return peeled;
		t = btf__type_by_id(btf, peeled.id);
		if (!t) {
			peeled.error = "type id outside the BTF";
			return peeled;
		}
		switch (btf_kind(t)) {
		case BTF_KIND_TYPEDEF:
			if (!peeled.typedef_name && *btf_name(btf, t->name_off))
				peeled.typedef_name = btf_name(btf, t->name_off);
			break;
		case BTF_KIND_CONST:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_RESTRICT:
		case BTF_KIND_TYPE_TAG:
		case BTF_KIND_DECL_TAG:
		case BTF_KIND_VAR:
			break;
		default:
			peeled.type = t;
			return peeled;
		}
		peeled.id = t->type;
	}
	peeled.error = "more than 32 typedefs and qualifiers, or a cycle of them";
	return peeled;
}

bool btf_size(const struct btf *btf, uint32_t type_id, uint64_t *size)
{
	uint64_t times = 1;

	for (int i = 0; i < MAX_CHAIN; i++) {
		struct btf_peeled peeled = btf_peel(btf, type_id);
		const struct btf_type *t = peeled.type;

		if (!t)
			return false;
		switch (btf_kind(t)) {
		case BTF_KIND_INT:
		case BTF_KIND_ENUM:
		case BTF_KIND_ENUM64:
		case BTF_KIND_FLOAT:
		case BTF_KIND_STRUCT:
		case BTF_KIND_UNION:
		case BTF_KIND_DATASEC:
			*size = times * t->size;
			break;
		case BTF_KIND_PTR:
			*size = times * GUEST_POINTER_SIZE;
			break;
		case BTF_KIND_ARRAY:
			/* checked first: times <= 2^40 and nelems < 2^32 could overflow */
			if (times > MAX_SIZE >> 32 && btf_array(t)->nelems > MAX_SIZE / times)
				return false;
			times *= btf_array(t)->nelems;
			if (times > MAX_SIZE)
				return false;
			type_id = btf_array(t)->type;
			continue;
		default:
			return false;
		}
		/* times <= 2^40 and sizes < 2^32: the product may need 72 bits */
		if (t && btf_kind(t) != BTF_KIND_PTR && t->size && times > MAX_SIZE / t->size)
			return false;
		return *size <= MAX_SIZE;
	}
	return false;
}

bool btf_is_flexible(const struct btf *btf, uint32_t type_id)
{
	for (int i = 0; i < MAX_CHAIN; i++) {
		const struct btf_type *t = btf_peel(btf, type_id).type;

		if (t && btf_is_array(t))
			return !btf_array(t)->nelems;
		if (!t || !btf_is_struct(t) || !btf_vlen(t))
			return false;
		type_id = btf_members(t)[btf_vlen(t) - 1].type;
	}
	return false;
}

bool btf_int_form(const struct btf_type *type, struct btf_int_form *form)
{
	uint64_t width = (uint64_t)type->size * 8;

	*form = (struct btf_int_form){ 0 };
	switch (btf_kind(type)) {
	case BTF_KIND_INT:
		form->bits = btf_int_bits(type);
		form->offset = btf_int_offset(type);
		form->is_signed = btf_int_encoding(type) & BTF_INT_SIGNED;
		break;
	case BTF_KIND_ENUM:
		/* before 6.0 BTF had no such flag and values were signed: see btf_enum_name() */
		form->bits = (unsigned)(width <= 32 ? width : 0);
		form->is_signed = btf_kflag(type);
		break;
	case BTF_KIND_ENUM64:
		form->bits = (unsigned)(width <= 64 ? width : 0);
		form->is_signed = btf_kflag(type);
		break;
	default:
		return false;
	}
	return form->bits >= 1 && form->bits <= 128 && form->offset + (uint64_t)form->bits <= width;
}

void bits_read(const uint8_t *bytes, uint64_t offset, unsigned bits, bool is_signed, uint64_t *lo,
	       uint64_t *hi)
{
	unsigned __int128 v = 0;
	unsigned shift = (unsigned)(offset % 8), got;

	bytes += offset / 8;
	v = *bytes >> shift;
	for (got = 8 - shift; got < bits; got += 8)
		v |= (unsigned __int128)*++bytes << got;
	if (bits < 128) {
		unsigned __int128 mask = ((unsigned __int128)1 << bits) - 1;

		v &= mask;
		if (is_signed && v >> (bits - 1))
			v |= ~mask;
	}
	*lo = (uint64_t)v;
	*hi = (uint64_t)(v >> 64);
}

/* One form for enum and enum64: the value is masked to the enum's width. */
struct enumerator {
	const char *name;
	uint64_t value;
};

static uint64_t enum_mask(const struct btf_type *type)
{
	return type->size >= 8 ? UINT64_MAX : ((uint64_t)1 << type->size * 8) - 1;
}

static struct enumerator enumerator_at(const struct btf *btf, const struct btf_type *type,
				       unsigned i)
{
	struct enumerator e;

	if (btf_kind(type) == BTF_KIND_ENUM) {
		e.name = btf_name(btf, btf_enum(type)[i].name_off);
		e.value = (uint64_t)(int64_t)btf_enum(type)[i].val;
	} else {
		e.name = btf_name(btf, btf_enum64(type)[i].name_off);
		e.value = btf_enum64_value(&btf_enum64(type)[i]);
	}
	e.value &= enum_mask(type);
	return e;
}

const char *btf_enum_name(const struct btf *btf, const struct btf_type *type, uint64_t value)
{
	value &= enum_mask(type);
	for (unsigned i = 0; i < btf_vlen(type); i++) {
		struct enumerator e = enumerator_at(btf, type, i);

		if (e.value == value && *e.name)
			return e.name;
	}
	return NULL;
}

static bool is_single_bit(uint64_t v)
{
	return v && !(v & (v - 1));
}

/*
 * An enum is a set of flags if it has at least two single bits, one of them 4 or greater,
 * all other values are unions of them, and 3 is missing: an enum that counts has 1, 2, 3.
 */
static bool is_flag_set(const struct btf *btf, const struct btf_type *type)
{
	uint64_t singles = 0;
	bool three = false;

	if (btf_kflag(type))
		return false;
	for (unsigned i = 0; i < btf_vlen(type); i++) {
		uint64_t v = enumerator_at(btf, type, i).value;

		if (is_single_bit(v))
			singles |= v;
		three |= v == 3;
	}
	if (singles < 4 || is_single_bit(singles) || three)
		return false;
	for (unsigned i = 0; i < btf_vlen(type); i++)
		if (enumerator_at(btf, type, i).value & ~singles)
			return false;
	return true;
}

bool btf_enum_flags(const struct btf *btf, const struct btf_type *type, uint64_t value,
		    struct strbuf *out)
{
	size_t start = out->len;

	value &= enum_mask(type);
	if (!value || !is_flag_set(btf, type))
		return false;
	for (unsigned i = 0; i < btf_vlen(type) && value; i++) {
		struct enumerator e = enumerator_at(btf, type, i);

		if (!is_single_bit(e.value) || !(value & e.value) || !*e.name)
			continue;
		if (out->len > start)
			strbuf_putc(out, '|');
		strbuf_puts(out, e.name);
		value &= ~e.value;
	}
	if (out->len == start)
		return false;
	if (value) {
		strbuf_putc(out, '|');
		strbuf_hex(out, value, 1);
	}
	return true;
}
