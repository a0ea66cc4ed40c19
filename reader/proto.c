/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proto.c - varints and bytes with their length
 */
#include "reader/proto.h"

#include <stdlib.h>
#include <string.h>

enum wire {
	WIRE_VARINT = 0,
	WIRE_BYTES = 2,
};

static void put(struct proto *p, const void *bytes, size_t nr)
{
	if (p->room - p->nr < nr) {
		size_t room = (p->nr + nr) * 2 + 64;
		unsigned char *more = realloc(p->bytes, room);

		if (!more) {
			p->failed = true;
			return;
		}
		p->bytes = more;
		p->room = room;
	}
	if (nr)
		memcpy(p->bytes + p->nr, bytes, nr);
	p->nr += nr;
}

static void put_varint(struct proto *p, uint64_t value)
{
	unsigned char bytes[10];
	size_t nr = 0;

	while (value > 0x7f) {
		bytes[nr++] = (unsigned char)(value | 0x80);
		value >>= 7;
	}
	bytes[nr++] = (unsigned char)value;
	put(p, bytes, nr);
}

void proto_deinit(struct proto *p)
{
	free(p->bytes);
	*p = (struct proto){ 0 };
}

void proto_put_u64(struct proto *p, unsigned field, uint64_t value)
{
	put_varint(p, field << 3 | WIRE_VARINT);
	put_varint(p, value);
}

static void put_bytes(struct proto *p, unsigned field, const void *bytes, size_t nr)
{
	put_varint(p, field << 3 | WIRE_BYTES);
	put_varint(p, nr);
	put(p, bytes, nr);
}

void proto_put_text(struct proto *p, unsigned field, const char *text)
{
	put_bytes(p, field, text, strlen(text));
}

void proto_put_message(struct proto *p, unsigned field, struct proto *inner)
{
	put_bytes(p, field, inner->bytes, inner->nr);
	p->failed |= inner->failed;
	inner->nr = 0;
}
