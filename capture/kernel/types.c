/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * types.c - the guest kernel's BTF: types and members by their names, values of enums
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "capture/kernel/types.h"
#include "capture/kernel/types_refs.h"

#define MAX_BTF (64u << 20)
#define MAX_STRIP 32
#define MAX_DEPTH 16
#define MAX_PROBES 256		/* at least half of the hash is empty: a true BTF takes a few */
#define MAX_SEARCHED (1u << 16) /* members: a struct within itself would never end */

static uint32_t hash(const char *name)
{
	uint32_t h = 2166136261u;

	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * 16777619u;
	return h;
}

static bool is_named_kind(const struct btf_type *t)
{
	switch (btf_kind(t)) {
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_ENUM:
	case KIND_ENUM64:
		return btf_vlen(t) > 0 && t->name_off;
	default:
		return false;
	}
}

static bool is_same(const struct types *types, uint32_t id, const struct btf_type *t)
{
	const struct btf_type *other = btf__type_by_id(types->btf, id);

	return btf_kind(other) == btf_kind(t) &&
	       !strcmp(btf__str_by_offset(types->btf, other->name_off),
		       btf__str_by_offset(types->btf, t->name_off));
}

/* Checks all types and builds the hash of names in one pass. */
static int index_types(struct types *types, struct scxray_error *err)
{
	uint32_t size = 1024;

	while (size < 2 * types->nr) /* at most half full, even where each type has a name */
		size *= 2;
	types->mask = size - 1;
	types->by_name = calloc(size, sizeof(*types->by_name));
	if (!types->by_name)
		return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	for (uint32_t id = 1; id < types->nr; id++) {
		const struct btf_type *t = btf__type_by_id(types->btf, id);
		uint32_t slot;

		if (!t || !types_valid_refs(types, t))
			return scxray_fail(err, SCXRAY_ERR_GUEST, 0, "BTF type %u is broken", id);
		if (!is_named_kind(t))
			continue;
		slot = hash(btf__str_by_offset(types->btf, t->name_off)) & types->mask;
		for (uint32_t probe = 0; types->by_name[slot]; probe++) {
			if (is_same(types, types->by_name[slot], t))
				break; /* the first of duplicates counts */
			if (probe == MAX_PROBES)
				return scxray_fail(err, SCXRAY_ERR_GUEST, 0,
						   "BTF type %u: too many names of one hash", id);
			slot = (slot + 1) & types->mask;
		}
		if (!types->by_name[slot])
			types->by_name[slot] = id;
	}
	return 0;
}

/*
 * libbpf reads split BTF from memory only from 1.4 on; bookworm's 1.1 reads it from a file, so the blob is
 * put into a file without a name.
 */
static struct btf *parse_split(const void *data, uint32_t size, struct btf *base)
{
	int fd = memfd_create("btf", MFD_CLOEXEC);
	struct btf *btf = NULL;
	char path[32];

	if (fd < 0)
		return NULL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (write(fd, data, size) == (ssize_t)size)
		btf = btf__parse_raw_split(path, base);
	close(fd);
	return btf;
}

/* How many bytes its own strings have; libbpf has checked that the last is NUL. */
static uint32_t own_chars(const struct btf *btf)
{
	uint32_t size;
	const struct btf_header *header = btf__raw_data(btf, &size);

	return header ? header->str_len : 0;
}

static int parse(struct types *types, const void *data, uint32_t size, const struct types *base,
		 struct scxray_error *err)
{
	struct btf *btf;

	memset(types, 0, sizeof(*types));
	btf = base ? parse_split(data, size, base->btf) : btf__new(data, size);
	if (!btf)
		return scxray_fail(err, SCXRAY_ERR_GUEST, 0, "BTF cannot be parsed: %s",
				   strerror(errno));
	types->btf = btf;
	types->nr = btf__type_cnt(btf);
	types->nr_chars = (base ? base->nr_chars : 0) + own_chars(btf);
	return 0;
}

static int index_or_drop(struct types *types, struct scxray_error *err)
{
	int failed = index_types(types, err);

	if (failed)
		types_deinit(types);
	return failed;
}

int types_parse(struct types *types, const void *data, uint32_t size, struct scxray_error *err)
{
	return parse(types, data, size, NULL, err) ? -1 : index_or_drop(types, err);
}

static bool borrow(struct types *types, const struct types *known, const void *data, uint32_t size)
{
	uint32_t known_size;
	const void *bytes = known && known->btf ? btf__raw_data(known->btf, &known_size) : NULL;

	if (!bytes || known_size != size || memcmp(bytes, data, size))
		return false;
	*types = *known;
	types->borrowed = true;
	return true;
}

int types_load(struct types *types, struct guest *g, uint64_t start, uint64_t stop,
	       const struct types *base, const struct types *known, struct scxray_error *err)
{
	enum read_status status;
	uint64_t size = stop - start;
	void *data;
	int failed;

	memset(types, 0, sizeof(*types));
	if (stop <= start || size > MAX_BTF)
		return scxray_fail(err, SCXRAY_ERR_GUEST, start,
				   "BTF has an impossible size of %llu bytes",
				   (unsigned long long)size);
	data = malloc(size);
	if (!data)
		return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	status = guest_read(g, start, data, size);
	if (status)
		failed = scxray_fail(err, SCXRAY_ERR_UNREAD, start, "BTF: %s",
				     read_status_text(status));
	else
		failed = !borrow(types, known, data, (uint32_t)size) &&
			 parse(types, data, (uint32_t)size, base, err);
	free(data); /* libbpf has its own copy: the index comes after, so that memory holds the two alone */
	if (failed)
		return -1;
	return types->borrowed ? 0 : index_or_drop(types, err);
}

void types_deinit(struct types *types)
{
	if (!types->borrowed) {
		btf__free(types->btf);
		free(types->by_name);
	}
	memset(types, 0, sizeof(*types));
}

uint32_t types_find(const struct types *types, const char *name, uint32_t kind)
{
	uint32_t slot = hash(name) & types->mask;

	for (uint32_t probe = 0; probe <= MAX_PROBES; probe++) {
		uint32_t id = types->by_name[slot];
		const struct btf_type *t;
		uint32_t k;

		if (!id)
			return 0;
		t = btf__type_by_id(types->btf, id);
		k = btf_kind(t);
		if ((k == kind || (k == KIND_ENUM64 && kind == BTF_KIND_ENUM)) &&
		    !strcmp(btf__str_by_offset(types->btf, t->name_off), name))
			return id;
		slot = (slot + 1) & types->mask;
	}
	return 0;
}

const struct btf_type *types_strip(const struct types *types, uint32_t id, uint32_t *stripped_id)
{
	for (int i = 0; i < MAX_STRIP; i++) {
		const struct btf_type *t = btf__type_by_id(types->btf, id);

		if (!t)
			return NULL;
		switch (btf_kind(t)) {
		case BTF_KIND_TYPEDEF:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_CONST:
		case BTF_KIND_RESTRICT:
		case BTF_KIND_TYPE_TAG:
			id = t->type;
			continue;
		default:
			if (stripped_id)
				*stripped_id = id;
			return t;
		}
	}
	return NULL;
}

uint32_t types_size(const struct types *types, uint32_t id)
{
	uint64_t count = 1;

	for (int i = 0; i < MAX_STRIP; i++) {
		const struct btf_type *t = types_strip(types, id, NULL);

		if (!t)
			return 0;
		switch (btf_kind(t)) {
		case BTF_KIND_INT:
		case BTF_KIND_STRUCT:
		case BTF_KIND_UNION:
		case BTF_KIND_ENUM:
		case KIND_ENUM64:
		case BTF_KIND_FLOAT:
			count *= t->size;
			return count <= UINT32_MAX ? (uint32_t)count : 0;
		case BTF_KIND_PTR:
			count *= 8;
			return count <= UINT32_MAX ? (uint32_t)count : 0;
		case BTF_KIND_ARRAY:
			count *= btf_array(t)->nelems;
			if (count > UINT32_MAX)
				return 0;
			id = btf_array(t)->type;
			continue;
		default:
			return 0;
		}
	}
	return 0;
}

static bool is_signed(const struct types *types, uint32_t id)
{
	const struct btf_type *t = types_strip(types, id, NULL);

	if (!t)
		return false;
	if (btf_kind(t) == BTF_KIND_INT)
		return btf_int_encoding(t) & BTF_INT_SIGNED;
	return (btf_kind(t) == BTF_KIND_ENUM || btf_kind(t) == KIND_ENUM64) && btf_kflag(t);
}

/* Finds one name of a path, also within anonymous members; offsets are in bits. */
static bool find_member(const struct types *types, uint32_t id, const char *name, size_t len,
			int depth, uint32_t *left, uint64_t *bit_offset,
			const struct btf_type **owner, uint32_t *index)
{
	const struct btf_type *t = types_strip(types, id, NULL);

	if (!t || depth > MAX_DEPTH || !btf_is_composite(t))
		return false;
	for (uint32_t i = 0; i < btf_vlen(t); i++) {
		const struct btf_member *m = &btf_members(t)[i];
		const char *n = btf__str_by_offset(types->btf, m->name_off);
		uint64_t at = *bit_offset + btf_member_bit_offset(t, i);

		if (!*left)
			return false;
		--*left;
		if (strlen(n) == len && !memcmp(n, name, len) && len) {
			*bit_offset = at;
			*owner = t;
			*index = i;
			return true;
		}
		if (!*n &&
		    find_member(types, m->type, name, len, depth + 1, left, &at, owner, index)) {
			*bit_offset = at;
			return true;
		}
	}
	return false;
}

struct member types_member(const struct types *types, uint32_t struct_id, const char *path)
{
	struct member m = { .type_id = struct_id };
	uint64_t bit_offset = 0;
	uint32_t bits = 0;

	while (*path) {
		size_t len = strcspn(path, ".");
		uint32_t index, left = MAX_SEARCHED;
		const struct btf_type *owner;

		if (!find_member(types, m.type_id, path, len, 0, &left, &bit_offset, &owner,
				 &index))
			return (struct member){ 0 };
		m.type_id = btf_members(owner)[index].type;
		bits = btf_member_bitfield_size(owner, index);
		path += len + (path[len] == '.');
	}
	m.is_signed = is_signed(types, m.type_id);
	m.size = types_size(types, m.type_id);
	if (bits) {
		m.bits = bits <= 64 ? (uint8_t)bits : 64;
		m.bit_offset = bit_offset % 8;
		m.size = (m.bit_offset + m.bits + 7) / 8;
	}
	if (bit_offset / 8 > UINT32_MAX)
		return (struct member){ 0 };
	m.offset = (uint32_t)(bit_offset / 8);
	m.present = true;
	return m;
}

bool types_enum_value(const struct btf *btf, const struct btf_type *t, uint32_t i,
		      const char **name, uint64_t *value)
{
	if (!t || i >= btf_vlen(t))
		return false;
	if (btf_kind(t) == KIND_ENUM64) {
		const struct btf_enum64 *e = &btf_enum64(t)[i];

		*name = btf__str_by_offset(btf, e->name_off);
		*value = (uint64_t)e->val_hi32 << 32 | e->val_lo32;
		return true;
	}
	if (btf_kind(t) != BTF_KIND_ENUM)
		return false;
	*name = btf__str_by_offset(btf, btf_enum(t)[i].name_off);
	*value =
		btf_kflag(t) ? (uint64_t)(int64_t)btf_enum(t)[i].val : (uint32_t)btf_enum(t)[i].val;
	return true;
}

static const struct btf_type *find_enum(const struct types *types, const char *name)
{
	uint32_t id = types_find(types, name, BTF_KIND_ENUM);

	return id ? btf__type_by_id(types->btf, id) : NULL;
}

bool types_enumerator(const struct types *types, const char *enum_name, const char *name,
		      uint64_t *value)
{
	const struct btf_type *t = find_enum(types, enum_name);
	const char *n;

	for (uint32_t i = 0; types_enum_value(types->btf, t, i, &n, value); i++)
		if (!strcmp(n, name))
			return true;
	return false;
}

const char *types_enum_name(const struct types *types, const char *enum_name, uint64_t value)
{
	const struct btf_type *t = find_enum(types, enum_name);
	const char *n;
	uint64_t v;

	for (uint32_t i = 0; types_enum_value(types->btf, t, i, &n, &v); i++)
		if (v == value)
			return n;
	return NULL;
}
