// SPDX-License-Identifier: GPL-2.0
/* Ring buffers with records that nobody consumes. */
#include "zoo_kernel.h"

#define RING(name, size)                            \
	struct {                                    \
		__uint(type, BPF_MAP_TYPE_RINGBUF); \
		__uint(max_entries, size);          \
	} name SEC(".maps")

RING(zoo_pending, 8192);
RING(zoo_full, 4096);
RING(zoo_busy, 4096);
RING(zoo_idle, 4096);
RING(zoo_wrapped, 4096);

/* Committed, discarded, committed. */
static int put_pending(void)
{
	char text[] = "first record";
	struct zoo_small second = { .count = 22, .balance = -22, .mask = 0x2222 };
	u64 *dropped;

	if (bpf_ringbuf_output(&zoo_pending, text, sizeof(text), 0))
		return 1;
	dropped = bpf_ringbuf_reserve(&zoo_pending, 24, 0);
	if (!dropped)
		return 1;
	dropped[0] = 0xd15c;
	dropped[1] = 0;
	dropped[2] = 0;
	bpf_ringbuf_discard(dropped, 0);
	return bpf_ringbuf_output(&zoo_pending, &second, sizeof(second), 0) ? 1 : 0;
}

SEC("syscall")
int zoo_ring(struct zoo_ring_args *args)
{
	u32 done = 0;

	if (put_pending())
		return 1;
	for (u32 i = 0; i < 4096; i++) {
		u64 record[3] = { i, ~(u64)i, 0x1111111111111111ULL * (i % 10) };

		if (bpf_ringbuf_output(&zoo_full, record, sizeof(record), 0))
			break;
		done++;
	}
	args->submitted = done;
	return 0;
}

/* Run, consumed and run again its records go over the ring's end. */
SEC("syscall")
int zoo_ring_wrap(void *unused)
{
	for (u32 i = 0; i < 30; i++) {
		u64 record[10] = { i, i + 1 };

		if (bpf_ringbuf_output(&zoo_wrapped, record, 80 - (i & 3), 0))
			return 1;
	}
	return 0;
}

/*
 * Reserves a record, then waits for a page that never comes: whoever runs this stays here, with the
 * record busy.
 */
SEC("syscall")
int zoo_ring_busy(struct zoo_ring_args *args)
{
	const void *page = (const void *)args->user_page;
	char done[] = "committed before";
	u64 *record;
	u64 word = 0;

	bpf_ringbuf_output(&zoo_busy, done, sizeof(done), 0);
	record = bpf_ringbuf_reserve(&zoo_busy, 32, 0);
	if (!record)
		return 1;
	record[0] = 0xb0b0;
	record[1] = 1;
	record[2] = 2;
	record[3] = 3;
	bpf_copy_from_user(&word, sizeof(word), page);
	bpf_ringbuf_submit(record, 0);
	return 0;
}
