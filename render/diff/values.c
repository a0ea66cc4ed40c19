/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * values.c - compares two values of a map: a visitor of the walk over their differences
 */
#include "render/diff/values.h"

#include <errno.h>

#include <base/array.h>

#include "render/out/escape.h"
#include "render/value/leaf.h"

#define MAX_STRING 128 /* bytes of a string that are kept */
#define MAX_BYTES 8    /* differing bytes of a run that are listed; of more, only the number */

/* The state of the walk: the path to the present member, and the old value of a pair. */
struct differ {
	struct diff *d;
	struct value_diff *result;
	size_t max;
	struct strbuf path;
	size_t base[WALK_MAX_DEPTH + 2]; /* the path's length at each open container */
	unsigned depth;
	bool has_old; /* the next leaf is the new one of a pair */
	struct diff_change change;
	struct strbuf old, new; /* texts of a pair */
	struct scxray_bytes run;
};

static int go_on(const struct differ *df)
{
	return df->d->error || df->d->texts.error || df->path.error || df->old.error ||
			       df->new.error
		       ? -1
		       : 0;
}

static size_t keep(struct differ *df, const struct strbuf *text)
{
	size_t at = df->d->texts.len;

	strbuf_write(&df->d->texts, text->data, text->len);
	strbuf_putc(&df->d->texts, '\0');
	return at;
}

/* Puts the pair's change into the diff. */
static int emit(struct differ *df)
{
	if (df->result->nr_changes++ >= df->max)
		return go_on(df);
	df->change.path = keep(df, &df->path);
	if (df->change.is_text) {
		df->change.old_text = keep(df, &df->old);
		df->change.new_text = keep(df, &df->new);
	}
	diff_add_change(df->d, &df->change);
	return go_on(df);
}

/* ---- where it is ---------------------------------------------------------- */

static int open_container(struct differ *df)
{
	if (df->depth + 1 >= ARRAY_SIZE(df->base))
		return -1;
	df->base[++df->depth] = df->path.len;
	return go_on(df);
}

static int on_struct_begin(void *arg, const char *type_name, bool is_union)
{
	(void)type_name;
	(void)is_union;
	return open_container(arg);
}

static int on_array_begin(void *arg, const struct scxray_array *array)
{
	(void)array;
	return open_container(arg);
}

static int on_member(void *arg, const char *name)
{
	struct differ *df = arg;

	df->path.len = df->base[df->depth];
	if (!*name)
		return 0;
	if (df->path.len)
		strbuf_putc(&df->path, '.');
	escape_text(&df->path, name, strlen(name), false);
	return go_on(df);
}

static int on_element(void *arg, uint64_t index)
{
	struct differ *df = arg;

	df->path.len = df->base[df->depth];
	strbuf_printf(&df->path, "[%llu]", (unsigned long long)index);
	return go_on(df);
}

static int on_container_end(void *arg, const char *cut)
{
	struct differ *df = arg;

	df->result->cut |= cut != NULL;
	df->path.len = df->base[df->depth--];
	return go_on(df);
}

/* ---- leaves ---------------------------------------------------------------- */

/*
 * What the difference of two integers means. A value with the highest bit set is an address
 * or "none", not an amount. A counter is unsigned, and at least 32 bits wide.
 */
static enum diff_sense sense_of(const struct scxray_scalar *s, uint64_t old)
{
	int64_t delta;

	if (s->is_signed)
		return __builtin_sub_overflow((int64_t)s->lo, (int64_t)old, &delta) ? DIFF_LABEL
										    : DIFF_AMOUNT;
	if ((old | s->lo) >> 63)
		return DIFF_LABEL;
	return s->bits >= 32 && s->lo > old ? DIFF_COUNTER : DIFF_AMOUNT;
}

static bool as_number(const struct scxray_scalar *s, struct diff_change *change)
{
	switch (s->kind) {
	case SCXRAY_SCALAR_INT:
	case SCXRAY_SCALAR_UINT:
		change->kind = s->is_signed ? FIELD_SIGNED : FIELD_NUM;
		return s->bits <= 64;
	case SCXRAY_SCALAR_BOOL:
		change->kind = FIELD_FLAG;
		return true;
	case SCXRAY_SCALAR_PTR:
		change->kind = FIELD_ADDR;
		return true;
	default:
		return false;
	}
}

/* The walk gives the old leaf, then the new one: true for the new one. */
static bool is_new(struct differ *df)
{
	df->has_old = !df->has_old;
	if (!df->has_old)
		return true;
	df->change = (struct diff_change){ 0 };
	df->old.len = df->new.len = 0;
	return false;
}

static bool same_texts(const struct differ *df)
{
	return df->old.len == df->new.len &&
	       (!df->old.len || !memcmp(df->old.data, df->new.data, df->old.len));
}

static int emit_texts(struct differ *df)
{
	df->change.is_text = true;
	return same_texts(df) ? go_on(df) : emit(df);
}

static int on_scalar(void *arg, const struct scxray_scalar *s)
{
	struct scxray_num num = { .value = s->lo, .state = SCXRAY_PRESENT };
	struct differ *df = arg;
	bool new = is_new(df);
	struct diff_change *c = &df->change;

	if (!as_number(s, c)) {
		leaf_scalar(new ? &df->new : &df->old, s);
		return new ? emit_texts(df) : go_on(df);
	}
	*(new ? &c->new : &c->old) = num;
	if (!new || c->old.value == c->new.value)
		return go_on(df);
	if (c->kind == FIELD_NUM || c->kind == FIELD_SIGNED)
		c->sense = sense_of(s, c->old.value);
	return emit(df);
}

static int on_cpus(void *arg, const char *list)
{
	struct differ *df = arg;
	bool new = is_new(df);

	strbuf_printf(new ? &df->new : &df->old, "cpus={%s}", list);
	return new ? emit_texts(df) : go_on(df);
}

/* The beginning of the string; false where the bytes are no string. */
static bool as_string(struct strbuf *sb, const struct scxray_bytes *b)
{
	struct scxray_bytes shown = *b;

	if (shown.len > MAX_STRING)
		shown.len = MAX_STRING;
	return leaf_string(sb, &shown);
}

/* Lists a few differing bytes one by one; of more, only the number. */
static int emit_bytes(struct differ *df, const struct scxray_bytes *old,
		      const struct scxray_bytes *new)
{
	size_t path = df->path.len;
	uint64_t nr = 0;
	int ret = 0;

	for (uint64_t i = 0; i < new->len; i++)
		nr += old->bytes[i] != new->bytes[i];
	df->change = (struct diff_change){ .bytes_differ = nr };
	if (nr > MAX_BYTES || !new->declared || new->is_char)
		return nr ? emit(df) : go_on(df);
	for (uint64_t i = 0; !ret && i < new->len; i++) {
		const struct scxray_scalar s = { .lo = new->bytes[i], .bits = 8 };

		if (old->bytes[i] == new->bytes[i])
			continue;
		df->change = (struct diff_change){
			.kind = FIELD_NUM,
			.sense = sense_of(&s, old->bytes[i]),
			.old = { .value = old->bytes[i], .state = SCXRAY_PRESENT },
			.new = { .value = new->bytes[i], .state = SCXRAY_PRESENT },
		};
		strbuf_printf(&df->path, "[%llu]", (unsigned long long)i);
		ret = emit(df);
		df->path.len = path;
	}
	return ret;
}

static int on_bytes(void *arg, const struct scxray_bytes *b)
{
	struct differ *df = arg;

	if (!is_new(df)) {
		df->run = *b;
		return 0;
	}
	if (as_string(&df->old, &df->run) && as_string(&df->new, b) && !same_texts(df))
		return emit_texts(df);
	return emit_bytes(df, &df->run, b);
}

/* ---- what cannot be compared ------------------------------------------------ */

static int on_truncated_begin(void *arg, uint64_t needed, uint64_t had, const char *reason)
{
	struct differ *df = arg;

	(void)needed;
	(void)had;
	(void)reason;
	df->result->cut = true;
	return go_on(df);
}

static int on_truncated_end(void *arg)
{
	return go_on(arg);
}

static int on_unsupported(void *arg, const char *reason)
{
	struct differ *df = arg;

	(void)reason;
	df->has_old = false;
	df->result->cut = true;
	return go_on(df);
}

/* Called only by walks that follow pointers. */
static int on_pointer_begin(void *arg, const struct scxray_scalar *pointer)
{
	(void)pointer;
	return go_on(arg);
}

static int on_unreadable(void *arg, uint64_t addr, const char *reason)
{
	(void)addr;
	return on_unsupported(arg, reason);
}

static const struct scxray_value_visitor to_diff = {
	.scalar = on_scalar,
	.bytes = on_bytes,
	.cpus = on_cpus,
	.struct_begin = on_struct_begin,
	.member = on_member,
	.struct_end = on_container_end,
	.array_begin = on_array_begin,
	.array_end = on_container_end,
	.truncated_begin = on_truncated_begin,
	.truncated_end = on_truncated_end,
	.pointer_begin = on_pointer_begin,
	.pointer_end = on_truncated_end,
	.unsupported = on_unsupported,
	.unreadable = on_unreadable,
};

struct value_diff diff_values(struct diff *d, const struct scxray_value *old,
			      const struct scxray_value *new, size_t max,
			      struct value_budget *budget)
{
	struct value_diff result = { 0 };
	struct differ df = { .d = d, .result = &result, .max = max };
	struct scxray_bytes was = { .bytes = old->bytes, .len = old->size };
	struct scxray_bytes is = { .bytes = new->bytes, .len = new->size };

	if (!new->size || !memcmp(old->bytes, new->bytes, new->size))
		return result;
	if (!old->btf && !new->btf)
		emit_bytes(&df, &was, &is);
	else if (!budget->nodes || !budget->bytes)
		result.cut = true; /* the walk takes 0 for "use the default" */
	else
		walk_differences(old, new, budget, &to_diff, on_element, &df);
	if (!d->error && (df.path.error || df.old.error || df.new.error))
		d->error = ENOMEM;
	strbuf_deinit(&df.path);
	strbuf_deinit(&df.old);
	strbuf_deinit(&df.new);
	return result;
}
