/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * value_json.c - the visitor that writes JSON with all types
 *
 * A struct's members are objects {name, value}: member() opens one, and the
 * value's end closes it.  `open_members` remembers which values those are.
 */
#include "render/value/value_json.h"

#include <errno.h>

#include <scxray/task.h>

#include "render/out/field.h"

struct visit {
	struct json *j;
	unsigned member_depth
		[JSON_MAX_DEPTH]; /* the depths of the writer at which a {name, value} is open */
	unsigned nr_members;
};

static inline void kind(struct json *j, const char *name)
{
	json_object(j);
	json_key(j, "kind");
	json_string(j, name);
}

/* Each callback that ends a value calls this. */
static int value_ends(struct visit *v)
{
	if (v->nr_members && v->member_depth[v->nr_members - 1] == v->j->depth) {
		json_object_end(v->j);
		v->nr_members--;
	}
	return v->j->out.error;
}

static void key_u64(struct json *j, const char *key, uint64_t value)
{
	json_key(j, key);
	json_u64(j, value);
}

/* A JSON integer up to 64 bits, with `hex` where a double can't hold it; larger ones are hex strings. */
static void integer(struct json *j, const struct scxray_scalar *s)
{
	bool negative = s->is_signed && s->lo >> 63;
	char hex[2 + 32 + 1];

	json_key(j, "value");
	if (s->hi == (negative ? UINT64_MAX : 0)) {
		if (negative)
			json_i64(j, (int64_t)s->lo);
		else
			json_u64(j, s->lo);
		if ((negative ? -s->lo : s->lo) > EXACT_IN_DOUBLE) {
			snprintf(hex, sizeof(hex), "0x%llx", (unsigned long long)s->lo);
			json_opt_string(j, "hex", hex);
		}
	} else {
		snprintf(hex, sizeof(hex), "0x%016llx%016llx", (unsigned long long)s->hi,
			 (unsigned long long)s->lo);
		json_string(j, hex);
	}
}

static void pointer(struct json *j, const struct scxray_scalar *s)
{
	char task[64];

	kind(j, "ptr");
	json_key(j, "value");
	json_addr(j, s->lo);
	json_opt_string(j, "symbol", s->symbol);
	if (s->task && s->task->comm.state == SCXRAY_PRESENT &&
	    s->task->pid.state == SCXRAY_PRESENT) {
		snprintf(task, sizeof(task), "%.32s[%lld]", s->task->comm.bytes,
			 (long long)s->task->pid.value);
		json_opt_string(j, "task", task);
	}
	json_opt_string(j, "label", s->label);
	json_opt_string(j, "deref_skipped_reason", s->skipped);
}

static char *copy(char *to, const char *s, size_t len)
{
	memcpy(to, s, len);
	return to + len;
}

#define COPY(to, literal) copy(to, literal, sizeof(literal) - 1)

/* True if a double holds the number; all that are wider than 64 bits are left to integer(). */
static bool is_exact(const struct scxray_scalar *s)
{
	uint64_t v = s->is_signed && s->lo >> 63 ? -s->lo : s->lo;

	return s->bits <= 64 && v <= EXACT_IN_DOUBLE;
}

/* The most frequent values, exact integers, written as by on_scalar(). */
static void plain_integer(struct json *j, const struct scxray_scalar *s)
{
	char *to = json_room(j, 96);
	uint64_t v = s->lo;

	if (!to)
		return;
	if (s->kind == SCXRAY_SCALAR_INT)
		to = COPY(to, "{\"kind\":\"int\",\"bits\":");
	else
		to = COPY(to, "{\"kind\":\"uint\",\"bits\":");
	to = strbuf_put_decimal(to, s->bits);
	to = COPY(to, ",\"value\":");
	if (s->is_signed && v >> 63) {
		*to++ = '-';
		v = -v;
	}
	to = strbuf_put_decimal(to, v);
	*to++ = '}';
	json_wrote(j, to);
}

static int on_scalar(void *arg, const struct scxray_scalar *s)
{
	static const char *const kinds[] = {
		[SCXRAY_SCALAR_INT] = "int",	 [SCXRAY_SCALAR_UINT] = "uint",
		[SCXRAY_SCALAR_BOOL] = "bool",	 [SCXRAY_SCALAR_CHAR] = "char",
		[SCXRAY_SCALAR_FLOAT] = "float", [SCXRAY_SCALAR_ENUM] = "enum",
	};
	struct visit *v = arg;
	struct json *j = v->j;

	if ((s->kind == SCXRAY_SCALAR_UINT || s->kind == SCXRAY_SCALAR_INT) && is_exact(s)) {
		plain_integer(j, s);
		return value_ends(v);
	}
	if (s->kind == SCXRAY_SCALAR_PTR) {
		pointer(j, s);
		json_object_end(j);
		return value_ends(v);
	}
	kind(j, kinds[s->kind]);
	switch (s->kind) {
	case SCXRAY_SCALAR_BOOL:
		json_key(j, "value");
		json_bool(j, s->lo || s->hi);
		break;
	case SCXRAY_SCALAR_CHAR:
		key_u64(j, "value", s->lo);
		break;
	case SCXRAY_SCALAR_FLOAT:
		key_u64(j, "bits", s->bits);
		json_key(j, "value");
		json_double(j, s->real, s->bits);
		break;
	default:
		key_u64(j, "bits", s->bits);
		integer(j, s);
		if (s->kind != SCXRAY_SCALAR_ENUM)
			break;
		json_opt_string(j, "variant", s->name);
		json_opt_string(j, "flags", s->flags);
		if (s->is_signed) {
			json_key(j, "is_signed");
			json_bool(j, true);
		}
	}
	json_object_end(j);
	return value_ends(v);
}

/* How many of the bytes are told; the others, up to the end, are zeros. */
static size_t without_zeros(const uint8_t *bytes, size_t len)
{
	size_t end = len;

	while (end && !bytes[end - 1])
		end--;
	return len - end < ZEROS_LEAST ? len : end;
}

static int on_bytes(void *arg, const struct scxray_bytes *b)
{
	struct visit *v = arg;
	size_t text = b->is_char && b->len ? strnlen((const char *)b->bytes, b->len) : 0;
	size_t told = without_zeros(b->bytes, b->len);

	kind(v->j, "bytes");
	key_u64(v->j, "len", b->declared);
	json_key(v->j, "hex");
	json_bytes(v->j, b->bytes, told);
	if (told < b->len)
		key_u64(v->j, "zeros", b->len - told);
	if (b->is_char) {
		json_key(v->j, "text");
		json_string_n(v->j, text ? (const char *)b->bytes : "", text);
	}
	json_object_end(v->j);
	return value_ends(v);
}

static int on_cpus(void *arg, const char *list)
{
	struct visit *v = arg;

	kind(v->j, "cpu_list");
	json_key(v->j, "cpus");
	json_string(v->j, list);
	json_object_end(v->j);
	return value_ends(v);
}

static int on_struct_begin(void *arg, const char *type_name, bool is_union)
{
	struct visit *v = arg;

	kind(v->j, "struct");
	json_opt_string(v->j, "type_name", type_name);
	if (is_union) {
		json_key(v->j, "is_union");
		json_bool(v->j, true);
	}
	json_key(v->j, "members");
	json_array(v->j);
	return 0;
}

static int on_member(void *arg, const char *name)
{
	struct visit *v = arg;

	json_object(v->j);
	json_key(v->j, "name");
	json_string(v->j, name);
	json_key(v->j, "value");
	v->member_depth[v->nr_members++] = v->j->depth;
	return 0;
}

static int on_list_end(void *arg, const char *cut)
{
	struct visit *v = arg;

	json_array_end(v->j);
	json_opt_string(v->j, "cut", cut);
	json_object_end(v->j);
	return value_ends(v);
}

static int on_array_begin(void *arg, const struct scxray_array *a)
{
	struct visit *v = arg;

	kind(v->j, "array");
	key_u64(v->j, "len", a->len);
	json_opt_string(v->j, "len_from", a->len_from);
	json_key(v->j, "elements");
	json_array(v->j);
	return 0;
}

/* {"kind":"repeat","count":N,"value":...}: closed when its value ends. */
static enum scxray_repeat on_repeat(void *arg, uint64_t count, bool zero, bool scalar)
{
	struct visit *v = arg;

	(void)zero;
	if (count < (scalar ? REPEAT_LEAST_SCALARS : REPEAT_LEAST))
		return SCXRAY_REPEAT_ALL;
	json_repeat_begin(v->j, count);
	v->member_depth[v->nr_members++] = v->j->depth;
	return SCXRAY_REPEAT_ONE;
}

/* `partial` stays open until the end, so that its value can be written as a member's. */
static int on_truncated_begin(void *arg, uint64_t needed, uint64_t had, const char *reason)
{
	struct visit *v = arg;

	kind(v->j, "truncated");
	key_u64(v->j, "needed", needed);
	key_u64(v->j, "had", had);
	json_opt_string(v->j, "reason", reason);
	if (had)
		json_key(v->j, "partial");
	return 0;
}

static int on_object_end(void *arg)
{
	struct visit *v = arg;

	json_object_end(v->j);
	return value_ends(v);
}

static int on_pointer_begin(void *arg, const struct scxray_scalar *s)
{
	struct visit *v = arg;

	pointer(v->j, s);
	json_key(v->j, "deref");
	return 0;
}

static int on_unsupported(void *arg, const char *reason)
{
	struct visit *v = arg;

	kind(v->j, "unsupported");
	json_key(v->j, "reason");
	json_string(v->j, reason);
	json_object_end(v->j);
	return value_ends(v);
}

static int on_unreadable(void *arg, uint64_t addr, const char *reason)
{
	struct visit *v = arg;

	json_unreadable(v->j, addr, reason);
	return value_ends(v);
}

static const struct scxray_value_visitor to_json = {
	.scalar = on_scalar,
	.bytes = on_bytes,
	.cpus = on_cpus,
	.struct_begin = on_struct_begin,
	.member = on_member,
	.struct_end = on_list_end,
	.array_begin = on_array_begin,
	.array_end = on_list_end,
	.repeat = on_repeat,
	.truncated_begin = on_truncated_begin,
	.truncated_end = on_object_end,
	.pointer_begin = on_pointer_begin,
	.pointer_end = on_object_end,
	.unsupported = on_unsupported,
	.unreadable = on_unreadable,
};

void json_repeat_begin(struct json *j, uint64_t count)
{
	kind(j, "repeat");
	key_u64(j, "count", count);
	json_key(j, "value");
}

void json_value_typed(struct json *j, const struct scxray_value *value,
		      const struct scxray_value_options *options)
{
	struct visit v; /* member_depth is not cleared: a value is written a million times */

	v.j = j;
	v.nr_members = 0;
	/* a callback stops the walk only on an error, and the writer keeps it */
	scxray_value_walk(value, options, &to_json, &v);
}

void json_value_field(struct json *j, const char *key, const struct scxray_value *value,
		      const struct scxray_value_options *options)
{
	char plain[64];

	if (j->form != SCXRAY_JSON_PLAIN) {
		json_key(j, key);
		json_value_typed(j, value, options);
	}
	if (j->form != SCXRAY_JSON_TYPED) {
		snprintf(plain, sizeof(plain), "%s_plain", key);
		json_key(j, plain);
		json_value_plain(j, plain, value, options);
	}
}

int scxray_value_json(const struct scxray_value *value, const struct scxray_value_options *options,
		      FILE *out)
{
	struct json j;

	json_init(&j, out, 0);
	json_value_typed(&j, value, options);
	return json_finish(&j);
}
