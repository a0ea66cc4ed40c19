/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proto.h - protobuf's wire format: as much of it as a trace needs
 */
#ifndef READER_PROTO_H
#define READER_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A message that grows; zeroed it is empty. */
struct proto {
	unsigned char *bytes;
	size_t nr, room;
	bool failed; /* no memory: what was put since is missing */
};

void proto_deinit(struct proto *message);
void proto_put_u64(struct proto *message, unsigned field, uint64_t value);
void proto_put_text(struct proto *message, unsigned field, const char *text);

/* `inner` as a field of `message`; `inner` is empty again. */
void proto_put_message(struct proto *message, unsigned field, struct proto *inner);

#endif
