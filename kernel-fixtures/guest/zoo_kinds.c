// SPDX-License-Identifier: BSD-2-Clause
/*
 * The C types of the zoo's keys and values: where this compiler puts each member (an oracle that
 * owes nothing to BTF), and the n-th value of each type.
 */
#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "zoo.h"

struct member {
	const char *path, *kind;
	size_t bit, bits;
	void (*set)(void *value); /* of a bit field, whose place is found by setting it */
};

#define AT(type, member, kind)                                          \
	{                                                               \
#member, kind, offsetof(struct type, member) * 8,       \
			sizeof(((struct type *)NULL)->member) * 8, NULL \
	}
#define BITS(member, kind)                        \
	{                                         \
#member, kind, 0, 0, set_##member \
	}
#define SETTER(member)                                    \
	static void set_##member(void *value)             \
	{                                                 \
		((struct zoo_value *)value)->member = -1; \
	}

SETTER(neg3)
SETTER(pos5)
SETTER(neg17)
SETTER(last5)
SETTER(neg40)
SETTER(pos24)

#define ANY(path, at, size)                         \
	{                                           \
		path, "any", (at)*8, (size)*8, NULL \
	}

static const struct member u32_members[] = { { "", "uint", 0, 32, NULL } };
static const struct member u64_members[] = { { "", "uint", 0, 64, NULL } };

static const struct member key_members[] = {
	AT(zoo_key, number, "uint"),
	AT(zoo_key, name, "text"),
};

static const struct member value_members[] = {
	AT(zoo_value, s8, "int"),
	AT(zoo_value, u8, "uint"),
	AT(zoo_value, s16, "int"),
	AT(zoo_value, u16, "uint"),
	AT(zoo_value, s32, "int"),
	AT(zoo_value, u32, "uint"),
	AT(zoo_value, s64, "int"),
	AT(zoo_value, u64, "uint"),
	AT(zoo_value, yes, "bool"),
	AT(zoo_value, letter, "char"),
	BITS(neg3, "int"),
	BITS(pos5, "uint"),
	BITS(neg17, "int"),
	BITS(last5, "uint"),
	BITS(neg40, "int"),
	BITS(pos24, "uint"),
	AT(zoo_value, colour, "enum zoo_colour"),
	AT(zoo_value, flags, "flags zoo_flags"),
	AT(zoo_value, wide, "enum zoo_wide"),
	AT(zoo_value, half, "float"),
	AT(zoo_value, ratio, "float"),
	AT(zoo_value, whole, "uint"),
	AT(zoo_value, low, "uint"),
	AT(zoo_value, high, "uint"),
	AT(zoo_value, quarters.part[0], "uint"),
	AT(zoo_value, quarters.part[1], "uint"),
	AT(zoo_value, quarters.part[2], "uint"),
	AT(zoo_value, quarters.part[3], "uint"),
	AT(zoo_value, choice.number, "int"),
	AT(zoo_value, choice.text, "text"),
	AT(zoo_value, choice.tagged.tag, "uint"),
	AT(zoo_value, choice.tagged.port, "uint"),
	AT(zoo_value, choice.tagged.pair, "bytes"),
	AT(zoo_value, x, "int"),
	AT(zoo_value, y, "int"),
	AT(zoo_value, text, "text"),
	AT(zoo_value, raw, "bytes"),
	AT(zoo_value, matrix[0][0], "int"),
	AT(zoo_value, matrix[0][1], "int"),
	AT(zoo_value, matrix[0][2], "int"),
	AT(zoo_value, matrix[1][0], "int"),
	AT(zoo_value, matrix[1][1], "int"),
	AT(zoo_value, matrix[1][2], "int"),
	AT(zoo_value, zeroes[0], "uint"),
	AT(zoo_value, zeroes[1], "uint"),
	AT(zoo_value, zeroes[2], "uint"),
	AT(zoo_value, pointer, "ptr"),
};

static const struct member small_members[] = {
	AT(zoo_small, count, "uint"),
	AT(zoo_small, balance, "int"),
	AT(zoo_small, mask, "uint"),
};

static const struct member big_members[] = {
	AT(zoo_big, first, "uint"),
	AT(zoo_big, words, "words"),
	AT(zoo_big, last, "uint"),
};

static const struct member row_members[] = {
	AT(zoo_row, id, "uint"),	AT(zoo_row, sum, "uint"),
	AT(zoo_row, delta, "int"),	AT(zoo_row, flags, "uint"),
	AT(zoo_row, stamps[0], "uint"), AT(zoo_row, stamps[1], "uint"),
	AT(zoo_row, stamps[2], "uint"), AT(zoo_row, tag, "text"),
};

static const struct member roots_members[] = {
	AT(zoo_roots, head, "ptr"),
	AT(zoo_roots, as_number, "uint"),
	AT(zoo_roots, nowhere, "uint"),
};

/* zoo_values.bpf.c; what user space is shown of locks, timers and kptrs is zero */
static const struct member special_members[] = {
	{ "before", "uint", 0, 64, NULL },
	ANY("lock", 8, 4),
	{ "state", "uint", 96, 32, NULL },
	ANY("timer", 16, 16),
	ANY("task", 32, 8),
	ANY("cgrp", 40, 8),
	ANY("mask", 48, 8),
	{ "after", "uint", 448, 64, NULL },
};

/* zoo_lists.bpf.c */
static const struct member heads_members[] = {
	{ "items", "uint", 0, 64, NULL },
	ANY("lock", 8, 4),
	ANY("list", 16, 16),
	ANY("tree", 32, 16),
};

/* zoo_own.bpf.c */
static const struct member owner_members[] = {
	{ "before", "uint", 0, 64, NULL },
	ANY("own", 8, 8),
};

/* zoo_sections.bpf.c */
static const struct member flex_members[] = {
	{ "zoo_flexible.nr", "uint", 0, 32, NULL },
	{ "zoo_flexible.items[0]", "int", 32, 16, NULL },
	{ "zoo_flexible.items[1]", "int", 48, 16, NULL },
	{ "zoo_flexible.items[2]", "int", 64, 16, NULL },
};

static const struct member bss_members[] = {
	{ "zoo_nothing", "words", 0, 512, NULL },
};

static const struct member rodata_members[] = {
	{ "zoo_constant.count", "uint", 0, 64, NULL },
	{ "zoo_constant.balance", "int", 64, 32, NULL },
	{ "zoo_constant.mask", "uint", 96, 32, NULL },
};

#define KIND(name, type, members)                                \
	{                                                        \
		name, sizeof(type), members, ARRAY_SIZE(members) \
	}

static const struct kind {
	const char *name;
	size_t size;
	const struct member *members;
	size_t count;
} kinds[] = {
	KIND("u32", __u32, u32_members),
	KIND("u64", __u64, u64_members),
	KIND("zoo_key", struct zoo_key, key_members),
	KIND("zoo_value", struct zoo_value, value_members),
	KIND("zoo_small", struct zoo_small, small_members),
	KIND("zoo_big", struct zoo_big, big_members),
	KIND("zoo_row", struct zoo_row, row_members),
	KIND("zoo_roots", struct zoo_roots, roots_members),
	KIND("zoo_special", char[64], special_members),
	KIND("zoo_heads", char[48], heads_members),
	KIND("zoo_owner", char[16], owner_members),
	KIND("zoo_flex", char[10], flex_members),
	KIND("zoo_bss", char[64], bss_members),
	KIND("zoo_rodata", char[16], rodata_members),
};

static const struct {
	const char *type, *name;
	long long value;
} names[] = {
	{ "zoo_colour", "ZOO_RED", ZOO_RED },	  { "zoo_colour", "ZOO_GREEN", ZOO_GREEN },
	{ "zoo_colour", "ZOO_BLUE", ZOO_BLUE },	  { "zoo_colour", "ZOO_BELOW", ZOO_BELOW },
	{ "zoo_flags", "ZOO_A", ZOO_A },	  { "zoo_flags", "ZOO_B", ZOO_B },
	{ "zoo_flags", "ZOO_C", ZOO_C },	  { "zoo_flags", "ZOO_TOP", ZOO_TOP },
	{ "zoo_wide", "ZOO_NARROW", ZOO_NARROW }, { "zoo_wide", "ZOO_WIDE", (long long)ZOO_WIDE },
};

static const struct kind *kind_of(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_SIZE(kinds); i++) {
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	}
	return NULL;
}

size_t kind_size(const char *name)
{
	const struct kind *kind = kind_of(name);

	if (!kind)
		die("zoo: no kind %s", name);
	return kind->size;
}

static void put_member(FILE *out, const struct member *member)
{
	size_t first = member->bit, bits = member->bits;

	if (member->set) {
		unsigned char value[sizeof(struct zoo_value)] = { 0 };

		member->set(value);
		for (first = 0; !(value[first / 8] >> first % 8 & 1); first++)
			;
		for (bits = 0; value[(first + bits) / 8] >> (first + bits) % 8 & 1; bits++)
			;
	}
	fprintf(out, "[\"%s\", %zu, %zu, \"%s\"]", member->path, first, bits, member->kind);
}

void kinds_put(FILE *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		fprintf(out, "{\"layout\": \"%s\", \"size\": %zu, \"members\": [", kinds[i].name,
			kinds[i].size);
		for (size_t m = 0; m < kinds[i].count; m++) {
			fputs(m ? ", " : "", out);
			put_member(out, &kinds[i].members[m]);
		}
		fputs("]}\n", out);
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		fprintf(out, "{\"enum\": \"%s\", \"name\": \"%s\", \"number\": %lld}\n",
			names[i].type, names[i].name, names[i].value);
}

/* ---- the n-th value --------------------------------------------------------- */

static void make_value(struct zoo_value *v, unsigned int n)
{
	static const char odd[] = "\xff\xfe\x80\xc3(\x01\x1b[31m\"\\\t";
	bool low = n % 3 == 1;

	if (!n)
		return;
	v->s8 = low ? SCHAR_MIN : SCHAR_MAX;
	v->u8 = low ? 1 : UCHAR_MAX;
	v->s16 = low ? SHRT_MIN : SHRT_MAX;
	v->u16 = low ? 2 : USHRT_MAX;
	v->s32 = low ? INT_MIN : INT_MAX;
	v->u32 = low ? 3 : UINT_MAX;
	v->s64 = low ? LLONG_MIN : LLONG_MAX;
	v->u64 = low ? 4 : ULLONG_MAX;
	v->yes = n % 2;
	v->letter = "A\n\x80~\x01 "[n % 6];
	v->neg3 = low ? -4 : 3;
	v->pos5 = n % 32;
	v->neg17 = low ? -65536 : 65535;
	v->last5 = 31 - n % 32;
	v->neg40 = low ? -(1LL << 39) : (1LL << 39) - (long long)n;
	v->pos24 = 0xffffff - n;
	v->colour =
		(enum zoo_colour[]){ ZOO_BELOW, ZOO_BLUE, (enum zoo_colour)5, ZOO_GREEN }[n % 4];
	v->flags = (enum zoo_flags[]){ ZOO_A | ZOO_C, ZOO_TOP, ZOO_B | 0x100, 0 }[n % 4];
	v->wide = n % 2 ? ZOO_WIDE : ZOO_NARROW;
	v->half = (float)n / -2;
	v->ratio = 1.0 / n;
	v->quarters.part[0] = (unsigned short)n;
	v->quarters.part[3] = 0x8000;
	if (n % 2) {
		memcpy(v->choice.text, "in a union\xe4", 12);
	} else {
		v->choice.tagged.tag = 200;
		v->choice.tagged.port = 8080;
	}
	v->x = -1;
	v->y = (short)n;
	if (n % 3 == 2)
		memset(v->text, 'x', sizeof(v->text)); /* no NUL at its end */
	else
		memcpy(v->text, n % 3 ? odd : "plain text", n % 3 ? sizeof(odd) : 11);
	memcpy(v->raw, "\0\xde\xad\xbe\xef\0", 6);
	v->raw[5] = (unsigned char)n;
	v->matrix[0][1] = -7;
	v->matrix[1][2] = (int)n;
	v->pointer = (void *)0xdead000000000100UL;
}

static void make_big(struct zoo_big *v, unsigned int n)
{
	v->first = 0xf1000000 + n;
	v->last = 0xe0000000 + n;
	for (unsigned int i = 0; i < ZOO_BIG_WORDS; i += 10)
		v->words[i] = (unsigned long long)i << 32 | n;
}

static void make_row(struct zoo_row *v, unsigned int n)
{
	v->id = n;
	v->sum = (unsigned long long)n * n;
	v->delta = -(int)n;
	v->flags = n & 0xff;
	for (unsigned int i = 0; i < 3; i++)
		v->stamps[i] = 1000000000ULL * n + i;
	snprintf(v->tag, sizeof(v->tag), "row%u", n);
}

void kind_value(const char *kind, unsigned int n, void *value, size_t size)
{
	memset(value, 0, size);
	if (!kind) {
		for (size_t i = 0; i < size; i++)
			((unsigned char *)value)[i] = (unsigned char)(n * 37 + i * 11);
	} else if (!strcmp(kind, "zoo_value")) {
		make_value(value, n);
	} else if (!strcmp(kind, "zoo_small")) {
		*(struct zoo_small *)value =
			(struct zoo_small){ 1000 + n, -(int)n, n * 0x01010101U };
	} else if (!strcmp(kind, "zoo_big")) {
		make_big(value, n);
	} else if (!strcmp(kind, "zoo_row")) {
		make_row(value, n);
	} else if (!strcmp(kind, "u64")) {
		*(__u64 *)value = n ? ~0ULL / n : 0;
	} else {
		die("zoo: no values of kind %s", kind);
	}
}

void kind_key(const char *kind, unsigned int n, void *key, size_t size)
{
	memset(key, 0, size);
	if (kind && !strcmp(kind, "zoo_key")) {
		struct zoo_key *k = key;

		k->number = n * 1000003;
		memcpy(k->name, n % 2 ? "k\xff\n" : "eightchr", n % 2 ? 3 : 8);
	} else if (kind && !strcmp(kind, "u64")) {
		*(__u64 *)key = (__u64)n << 33;
	} else {
		memcpy(key, &n, size < sizeof(n) ? size : sizeof(n));
	}
}
