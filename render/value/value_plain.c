/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * value_plain.c - the visitor that writes plain JSON: a struct is an object, an array is an
 * array, a number is a number, as bpftool map dump -j writes them
 *
 * Members of anonymous structs and unions stand among their parent's, as in C. BTF of a guest may
 * name two members alike: no key may stand twice, so the second is written with a number.
 */
#include "render/value/value_json.h"

#include <errno.h>
#include <stdlib.h>

#include "render/out/escape.h"
#include "render/out/field.h"
#include "render/value/btf_type.h"

#define NR_BUCKETS 256

/* A key that the open objects have. Found by its hash alone: two names of one hash only get a number. */
struct used {
	uint64_t hash;
	uint32_t next; /* index + 1 of the next one of the bucket, 0: none */
};

struct level {
	bool flat;	  /* an anonymous struct: its members are its parent's */
	uint32_t serial;  /* of the object that the members are of */
	size_t first_key; /* of that object in used[] */
};

struct plain {
	struct json *j;
	struct level levels[JSON_MAX_DEPTH];
	unsigned depth;
	uint32_t serials;
	bool anonymous; /* the member that is to come has no name */
	bool named;	/* a value follows whose key is `key` */
	struct strbuf key;
	struct used *used;
	size_t nr_used, max_used;
	uint32_t buckets[NR_BUCKETS];
};

static uint64_t hash_of(uint32_t serial, const char *name, size_t len)
{
	uint64_t hash = 0xcbf29ce484222325 ^ serial;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)name[i]) * 0x100000001b3;
	return (hash ^ hash >> 29) * 0xbf58476d1ce4e5b9;
}

/* Notes the key; false if the object has it. */
static bool is_new(struct plain *v, const char *name, size_t len)
{
	uint64_t hash = hash_of(v->levels[v->depth - 1].serial, name, len);
	uint32_t *bucket = &v->buckets[hash >> 56];

	for (uint32_t at = *bucket; at; at = v->used[at - 1].next)
		if (v->used[at - 1].hash == hash)
			return false;
	if (v->nr_used == v->max_used) {
		size_t max = v->max_used ? v->max_used * 2 : 128;
		struct used *more = realloc(v->used, max * sizeof(*more));

		if (!more) {
			v->j->out.error = ENOMEM;
			return true;
		}
		v->used = more;
		v->max_used = max;
	}
	v->used[v->nr_used] = (struct used){ hash, *bucket };
	*bucket = (uint32_t)++v->nr_used;
	return true;
}

static void forget(struct plain *v, size_t first)
{
	while (v->nr_used > first) {
		const struct used *last = &v->used[--v->nr_used];

		v->buckets[last->hash >> 56] = last->next;
	}
}

/* Writes `name` as a key of the innermost object, with a number where the object has it. */
static void put_key(struct plain *v, const char *name)
{
	v->key.len = 0;
	strbuf_puts(&v->key, name);
	/* without memory each key reads the same */
	for (unsigned nr = 2; !is_new(v, strbuf_str(&v->key), v->key.len) && !v->key.error; nr++) {
		v->key.len = 0;
		strbuf_printf(&v->key, "%s#%u", name, nr);
	}
	json_key_escaped(v->j, strbuf_str(&v->key));
	v->named = true;
}

/* Each callback that begins a value calls this. True if it is a struct whose members are its parent's. */
static bool begins(struct plain *v, bool is_struct)
{
	bool anonymous = v->anonymous;

	v->anonymous = false;
	if (anonymous && !is_struct)
		put_key(v, "(anonymous)");
	if (!anonymous && is_struct)
		v->named = false;
	return anonymous && is_struct;
}

static int ends(struct plain *v)
{
	v->named = false;
	return v->j->out.error;
}

static void put_kind(struct plain *v, const char *kind)
{
	json_object(v->j);
	json_key(v->j, "kind");
	json_string(v->j, kind);
}

static void put_u64(struct plain *v, const char *key, uint64_t value)
{
	json_key(v->j, key);
	json_u64(v->j, value);
}

/* A number that a double can't hold has a twin, where it has a name. */
static void put_number(struct plain *v, const struct scxray_scalar *s)
{
	bool negative = s->is_signed && s->lo >> 63;
	char hex[2 + 32 + 1];

	if (s->hi != (negative ? UINT64_MAX : 0)) {
		snprintf(hex, sizeof(hex), "0x%016llx%016llx", (unsigned long long)s->hi,
			 (unsigned long long)s->lo);
		json_string(v->j, hex);
		return;
	}
	if (negative)
		json_i64(v->j, (int64_t)s->lo);
	else
		json_u64(v->j, s->lo);
	if ((negative ? -s->lo : s->lo) <= EXACT_IN_DOUBLE || !v->named)
		return;
	strbuf_puts(&v->key, "_hex");
	if (v->depth && !is_new(v, strbuf_str(&v->key), v->key.len))
		return;
	json_key_escaped(v->j, strbuf_str(&v->key));
	snprintf(hex, sizeof(hex), "0x%llx", (unsigned long long)s->lo);
	json_string(v->j, hex);
}

static int on_scalar(void *arg, const struct scxray_scalar *s)
{
	struct plain *v = arg;

	begins(v, false);
	if (s->kind == SCXRAY_SCALAR_PTR)
		json_addr(v->j, s->lo);
	else if (s->kind == SCXRAY_SCALAR_BOOL)
		json_bool(v->j, s->lo || s->hi);
	else if (s->kind == SCXRAY_SCALAR_FLOAT)
		json_double(v->j, s->real, s->bits);
	else if (s->kind == SCXRAY_SCALAR_ENUM && (s->name || s->flags))
		json_string(v->j, s->name ? s->name : s->flags);
	else
		put_number(v, s);
	return ends(v);
}

static int on_bytes(void *arg, const struct scxray_bytes *b)
{
	struct plain *v = arg;

	begins(v, false);
	if (b->is_char)
		json_string_n(v->j, b->len ? (const char *)b->bytes : "",
			      b->len ? strnlen((const char *)b->bytes, b->len) : 0);
	else if (b->len >= ZEROS_LEAST && !b->bytes[0] &&
		 !memcmp(b->bytes, b->bytes + 1, b->len - 1))
		json_null(v->j);
	else
		json_bytes(v->j, b->bytes, b->len);
	return ends(v);
}

static int on_cpus(void *arg, const char *list)
{
	struct plain *v = arg;

	begins(v, false);
	json_string(v->j, list);
	return ends(v);
}

static int on_struct_begin(void *arg, const char *type_name, bool is_union)
{
	struct plain *v = arg;
	bool flat = begins(v, true);
	struct level *level = &v->levels[v->depth++];

	(void)type_name;
	(void)is_union;
	*level = flat ? level[-1] : (struct level){ false, ++v->serials, v->nr_used };
	level->flat = flat;
	if (!flat)
		json_object(v->j);
	return 0;
}

static int on_member(void *arg, const char *name)
{
	struct plain *v = arg;

	v->anonymous = !*name;
	if (*name)
		put_key(v, name);
	return v->j->out.error;
}

static int on_struct_end(void *arg, const char *cut)
{
	struct plain *v = arg;
	const struct level *level = &v->levels[v->depth - 1];

	if (cut) {
		put_key(v, "(cut)");
		json_string(v->j, cut);
	}
	if (!level->flat) {
		forget(v, level->first_key);
		json_object_end(v->j);
	}
	v->depth--;
	return ends(v);
}

static int on_array_begin(void *arg, const struct scxray_array *a)
{
	struct plain *v = arg;

	(void)a;
	begins(v, false);
	v->named = false;
	json_array(v->j);
	return 0;
}

static int on_array_end(void *arg, const char *cut)
{
	struct plain *v = arg;

	if (cut) {
		put_kind(v, "cut");
		json_opt_string(v->j, "reason", cut);
		json_object_end(v->j);
	}
	json_array_end(v->j);
	return ends(v);
}

bool value_has_parts(const struct scxray_value *value)
{
	struct btf_peeled t = { 0 };

	if (value->state == SCXRAY_PRESENT && value->btf)
		t = btf_peel(value->btf, value->type_id);
	return t.type &&
	       (btf_is_composite(t.type) || btf_is_array(t.type) || btf_is_datasec(t.type));
}

void json_plain_zeros(struct json *j, uint64_t nr)
{
	if (nr > PLAIN_MOST_NULLS) {
		json_object(j);
		json_key(j, "kind");
		json_string(j, "zeros");
		json_key(j, "count");
		json_u64(j, nr);
		json_object_end(j);
		return;
	}
	for (uint64_t i = 0; i < nr; i++)
		json_null(j);
}

/* Places stay what they are: zero structs are null, all else is written as often as it is there. */
static enum scxray_repeat on_repeat(void *arg, uint64_t count, bool zero, bool scalar)
{
	struct plain *v = arg;

	if (!zero || scalar || count < REPEAT_LEAST)
		return SCXRAY_REPEAT_ALL;
	json_plain_zeros(v->j, count);
	return SCXRAY_REPEAT_DONE;
}

static int on_truncated_begin(void *arg, uint64_t needed, uint64_t had, const char *reason)
{
	struct plain *v = arg;

	begins(v, false);
	v->named = false;
	put_kind(v, "truncated");
	put_u64(v, "needed", needed);
	put_u64(v, "had", had);
	json_opt_string(v->j, "reason", reason);
	if (had)
		json_key(v->j, "partial");
	return 0;
}

static int on_object_end(void *arg)
{
	struct plain *v = arg;

	json_object_end(v->j);
	return ends(v);
}

static int on_pointer_begin(void *arg, const struct scxray_scalar *s)
{
	struct plain *v = arg;

	begins(v, false);
	v->named = false;
	json_object(v->j);
	json_key(v->j, "addr");
	json_addr(v->j, s->lo);
	json_key(v->j, "deref");
	return 0;
}

static int on_unsupported(void *arg, const char *reason)
{
	struct plain *v = arg;

	begins(v, false);
	put_kind(v, "unsupported");
	json_opt_string(v->j, "reason", reason);
	json_object_end(v->j);
	return ends(v);
}

static int on_unreadable(void *arg, uint64_t addr, const char *reason)
{
	struct plain *v = arg;

	begins(v, false);
	json_unreadable(v->j, addr, reason);
	return ends(v);
}

static const struct scxray_value_visitor to_plain = {
	.scalar = on_scalar,
	.bytes = on_bytes,
	.cpus = on_cpus,
	.struct_begin = on_struct_begin,
	.member = on_member,
	.struct_end = on_struct_end,
	.array_begin = on_array_begin,
	.array_end = on_array_end,
	.repeat = on_repeat,
	.truncated_begin = on_truncated_begin,
	.truncated_end = on_object_end,
	.pointer_begin = on_pointer_begin,
	.pointer_end = on_object_end,
	.unsupported = on_unsupported,
	.unreadable = on_unreadable,
};

void json_value_plain(struct json *j, const char *key, const struct scxray_value *value,
		      const struct scxray_value_options *options)
{
	struct plain v; /* levels are not cleared: a value is written a million times */

	v.j = j;
	v.depth = 0;
	v.serials = 0;
	v.anonymous = false;
	v.named = key;
	strbuf_init(&v.key, NULL);
	strbuf_puts(&v.key, key ? key : "");
	v.used = NULL;
	v.nr_used = v.max_used = 0;
	memset(v.buckets, 0, sizeof(v.buckets));
	/* a callback stops the walk only on an error, and the writer keeps it */
	scxray_value_walk(value, options, &to_plain, &v);
	if (v.key.error)
		j->out.error = v.key.error;
	strbuf_deinit(&v.key);
	free(v.used);
}
