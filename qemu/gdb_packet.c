/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gdb_packet.c - packets of gdb's remote protocol, as QEMU's gdbstub speaks it
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu/gdb_packet.h"

static int hex(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

int gdb_packet_read(const char *bytes, size_t nr, size_t *used, struct gdb_packet *packet)
{
	const char *begin = memchr(bytes, '$', nr), *end;
	unsigned sum = 0;
	size_t left;

	*used = begin ? (size_t)(begin - bytes) : nr;
	if (!begin)
		return 0;
	left = nr - *used;
	end = memchr(begin, '#', left);
	if (!end && left <= GDB_MAX_PACKET + 1)
		return 0;
	if (!end || end - begin > GDB_MAX_PACKET + 1) {
		*used += end ? (size_t)(end - begin) : left;
		return -1;
	}
	if (left < (size_t)(end - begin) + 3)
		return 0;
	*used += (size_t)(end - begin) + 3;
	packet->nr = (size_t)(end - begin) - 1;
	memcpy(packet->data, begin + 1, packet->nr);
	packet->data[packet->nr] = '\0';
	for (size_t i = 0; i < packet->nr; i++)
		sum += (unsigned char)packet->data[i];
	return hex(end[1]) == (int)(sum >> 4 & 15) && hex(end[2]) == (int)(sum & 15) ? 1 : -1;
}

size_t gdb_packet_write(const char *data, char *bytes, size_t size)
{
	unsigned sum = 0;
	int nr;

	for (const char *c = data; *c; c++)
		sum += (unsigned char)*c;
	nr = snprintf(bytes, size, "$%s#%02x", data, sum & 0xff);
	return nr > 0 && (size_t)nr < size ? (size_t)nr : 0;
}

/* "name:value;" pairs; a thread is N, or with multiprocess pPID.N. */
static void parse_pair(const char *pair, size_t len, struct gdb_stop *stop)
{
	const char *colon = memchr(pair, ':', len), *value, *dot;
	size_t name;

	if (!colon)
		return;
	name = (size_t)(colon - pair);
	value = colon + 1;
	if (name == 6 && !memcmp(pair, "thread", 6)) {
		dot = memchr(value, '.', len - name - 1);
		stop->thread = strtoull(dot && *value == 'p' ? dot + 1 : value, NULL, 16);
	} else if ((name == 5 && !memcmp(pair, "watch", 5)) ||
		   (name == 6 && (!memcmp(pair, "awatch", 6) || !memcmp(pair, "rwatch", 6)))) {
		stop->watch = true;
		stop->watch_kva = strtoull(value, NULL, 16);
	}
}

void gdb_stop_parse(const char *data, struct gdb_stop *stop)
{
	*stop = (struct gdb_stop){ 0 };
	if ((data[0] != 'S' && data[0] != 'T') || hex(data[1]) < 0 || hex(data[2]) < 0)
		return;
	stop->valid = true;
	stop->signal = (uint32_t)(hex(data[1]) << 4 | hex(data[2]));
	for (data += 3; *data;) {
		size_t len = strcspn(data, ";");

		parse_pair(data, len, stop);
		data += len + (data[len] == ';');
	}
}
