/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gdb.c - any bytes as what a gdbstub says
 */
#include <stdlib.h>
#include <string.h>

#include "qemu/gdb_packet.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct gdb_packet packet;
	struct gdb_stop stop;

	while (size) {
		size_t used;
		int got = gdb_packet_read((const char *)data, size, &used, &packet);

		if (used > size || (got && !used))
			abort(); /* it would be read again, for ever */
		if (!got)
			break;
		if (got > 0) {
			if (packet.nr > GDB_MAX_PACKET || packet.data[packet.nr])
				abort();
			gdb_stop_parse(packet.data, &stop);
		}
		data += used;
		size -= used;
	}
	return 0;
}
