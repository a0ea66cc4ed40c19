/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ringbuf_types.c - what type the records of a ring buffer have
 *
 * A ring buffer has no BTF, and a record is any number of bytes.  Inferred: the one struct of
 * its programs' BTF, neither the kernel's nor a variable's, that has the record's size and that
 * all records of this size could be: by their booleans, enumerators, pointers and texts.
 */
#include <string.h>

#include <scxray/map.h>
#include <scxray/report_struct.h>

#include "capture/map/map.h"
#include "capture/map/sdt.h"

#define MIN_RECORD 8
#define MAX_MEMBERS 256
#define MAX_SIZES 8 /* sizes of records that are looked up in one ring buffer */

static bool is_enumerator(const struct btf_type *t, const uint8_t *bytes)
{
	int32_t value;

	if (t->size != sizeof(value))
		return true;
	memcpy(&value, bytes, sizeof(value));
	for (uint32_t i = 0; i < btf_vlen(t); i++)
		if (btf_enum(t)[i].val == value)
			return true;
	return !value || !btf_vlen(t);
}

/* NULL, an address of user space, or one of the kernel's. */
static bool is_pointer(const uint8_t *bytes)
{
	uint64_t value;

	memcpy(&value, bytes, sizeof(value));
	return value >> 47 == 0 || value >> 47 == UINT64_MAX >> 47;
}

/* Text to its end or to a zero. */
static bool is_text(const uint8_t *bytes, uint32_t size)
{
	for (uint32_t i = 0; i < size && bytes[i]; i++)
		if (bytes[i] < 0x20 && bytes[i] != '\n' && bytes[i] != '\t')
			return false;
	return true;
}

static bool is_char(const struct types *types, uint32_t type_id)
{
	uint32_t id;
	const struct btf_type *t = types_strip(types, type_id, &id);

	return t && btf_is_int(t) && t->size == 1 &&
	       !strcmp(btf__str_by_offset(types->btf, t->name_off), "char");
}

static bool could_be_member(const struct types *types, const struct btf_type *t,
			    const uint8_t *bytes, uint32_t size)
{
	if (btf_is_int(t) && (btf_int_encoding(t) & BTF_INT_BOOL))
		return size != 1 || *bytes <= 1;
	if (btf_is_enum(t))
		return size != 4 || is_enumerator(t, bytes);
	if (btf_is_ptr(t))
		return size != 8 || is_pointer(bytes);
	if (btf_is_array(t) && is_char(types, btf_array(t)->type))
		return is_text(bytes, size);
	return true;
}

static bool could_be(const struct types *types, const struct btf_type *s, const uint8_t *bytes)
{
	for (uint32_t i = 0; i < btf_vlen(s) && i < MAX_MEMBERS; i++) {
		uint32_t id, offset = btf_member_bit_offset(s, i), size;
		const struct btf_type *t = types_strip(types, btf_members(s)[i].type, &id);

		size = t ? types_size(types, id) : 0;
		if (!size || offset % 8 || btf_member_bitfield_size(s, i))
			continue;
		if (offset / 8 > s->size || size > s->size - offset / 8 ||
		    !could_be_member(types, t, bytes + offset / 8, size))
			return false;
	}
	return true;
}

/* A reserved record has what was there before. */
static bool is_written(const struct scxray_ringbuf_record *record, uint32_t len)
{
	return record->len == len && !record->busy && record->captured == len && record->bytes;
}

static uint32_t find_type(const struct walk *w, const struct scxray_ringbuf *ring,
			  const struct types *types, const uint8_t *variables, uint32_t len)
{
	uint32_t found = 0;

	for (uint32_t id = 1; id < types->nr; id++) {
		const struct btf_type *t = btf__type_by_id(types->btf, id);
		bool fits = t && btf_kind(t) == BTF_KIND_STRUCT && t->size == len &&
			    sdt_is_own(w, types, variables, id);

		for (size_t i = 0; fits && i < ring->nr_records; i++)
			fits = !is_written(&ring->records[i], len) ||
			       could_be(types, t, ring->records[i].bytes);
		if (fits && found)
			return 0;
		found = fits ? id : found;
	}
	return found;
}

void map_type_records_of(struct walk *w, struct scxray_ringbuf *ring, const struct types *types,
			 const uint8_t *variables)
{
	struct {
		uint32_t len, type;
	} known[MAX_SIZES];
	size_t nr = 0, k;

	for (size_t i = 0; i < ring->nr_records; i++) {
		struct scxray_ringbuf_record *record = &ring->records[i];

		if (!is_written(record, record->len) || record->len < MIN_RECORD)
			continue;
		for (k = 0; k < nr && known[k].len != record->len; k++)
			;
		if (k == MAX_SIZES)
			continue;
		if (k == nr) {
			known[k].len = record->len;
			known[k].type = find_type(w, ring, types, variables, record->len);
			nr++;
		}
		record->type_id = known[k].type;
		record->btf = known[k].type ? types->btf : NULL;
	}
}

void map_type_records(struct walk *w)
{
	for (size_t i = 0; i < w->r->nr_maps; i++) {
		const struct scxray_map *map = &w->r->maps[i];
		const struct types *types =
			map->ringbuf && map->ringbuf->nr_records ? map_program_types(w, map) : NULL;

		if (types)
			map_type_records_of(w, map->ringbuf, types, sdt_find_variables(w, types));
	}
}
