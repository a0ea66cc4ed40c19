// SPDX-License-Identifier: GPL-2.0
/* A ring buffer that drops its oldest records for new ones (6.19). */
#include "zoo_kernel.h"

#define OVERWRITE (1U << 19)

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(map_flags, OVERWRITE);
	__uint(max_entries, 4096);
} zoo_over SEC(".maps");

SEC("syscall")
int zoo_overwrite(void *unused)
{
	for (u32 i = 0; i < 300; i++) {
		u64 record[3] = { i, ~(u64)i, 0 };

		if (bpf_ringbuf_output(&zoo_over, record, i % 3 ? 24 : 17, 0))
			return 1;
	}
	return 0;
}
