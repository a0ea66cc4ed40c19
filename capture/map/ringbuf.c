/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ringbuf.c - kernel/bpf/ringbuf.c: positions only grow; records are at
 * pos & mask, each after an 8-byte header {u32 len | busy | discard; u32 pgoff}
 */
#include <string.h>

#include <scxray/map.h>

#include "capture/map/map.h"
#include "capture/read/read.h"

#define BUSY (1u << 31)
#define DISCARD (1u << 30)
#define HEADER 8
#define MAX_RECORDS 1024
#define MAX_RECORD_BYTES 4096
#define MAX_RING (1ULL << 30)

/* `len` bytes of the ring from `pos` on; the data area is mapped twice, so none wrap. */
static void capture_bytes(struct walk *w, struct scxray_ringbuf_record *record, uint64_t at)
{
	record->captured = record->len < MAX_RECORD_BYTES ? record->len : MAX_RECORD_BYTES;
	record->bytes = map_read_bytes(w, at + HEADER, record->captured, &record->reason);
	if (!record->bytes)
		record->captured = 0;
}

static void records(struct walk *w, struct scxray_ringbuf *ring, uint64_t data)
{
	uint64_t mask = ring->capacity.value - 1, pos = ring->consumer_pos.value,
		 end = ring->producer_pos.value;
	void *array = NULL;

	if (ring->overwrite_pos.state == SCXRAY_PRESENT && ring->overwrite_pos.value > pos)
		pos = ring->overwrite_pos.value; /* older records have been overwritten */
	if (end - pos > ring->capacity.value) {
		ring->cut = "the positions make no sense";
		return;
	}
	while (pos < end) {
		struct scxray_num header = read_int(w, data + (pos & mask), 4, false);
		struct scxray_ringbuf_record *record;

		if (header.state != SCXRAY_PRESENT) {
			ring->cut = pool_printf(w->pool, "record at position %llu: %s",
						(unsigned long long)pos, header.reason);
			break;
		}
		if (ring->nr_records == MAX_RECORDS) {
			ring->cut = pool_printf(w->pool, "cut after %d records", MAX_RECORDS);
			break;
		}
		record = pool_push(w->pool, &array, &ring->nr_records, sizeof(*record));
		if (!record) {
			ring->cut = POOL_USED_UP;
			break;
		}
		*record = (struct scxray_ringbuf_record){
			.pos = pos,
			.len = (uint32_t)header.value & ~(BUSY | DISCARD),
			.busy = header.value & BUSY,
			.discarded = header.value & DISCARD,
		};
		if (record->len > ring->capacity.value - HEADER) {
			ring->cut = pool_printf(w->pool, "record at position %llu claims %u bytes",
						(unsigned long long)pos, record->len);
			ring->nr_records--;
			break;
		}
		capture_bytes(w, record, data + (pos & mask));
		pos += round_up8(record->len + HEADER);
	}
	ring->records = array;
}

/* A user ring buffer's records are written by user space, with the same headers. */
void map_walk_ringbuf(struct walk *w, struct scxray_map *map)
{
	struct scxray_ringbuf *ring = pool_alloc(w->pool, sizeof(*ring));
	struct scxray_num rb, mask;

	if (!ring || !map_needs(w, map, M_bpf_ringbuf_map_rb) ||
	    !map_needs(w, map, M_bpf_ringbuf_data))
		return;
	map->form = SCXRAY_MAP_RINGBUF;
	map->ringbuf = ring;
	rb = read_member(w, map_container(w, map, M_bpf_ringbuf_map_map), M_bpf_ringbuf_map_rb);
	if (rb.state != SCXRAY_PRESENT) {
		map_error(w, map, "ring buffer at 0x%016llx: %s", (unsigned long long)rb.value,
			  rb.reason);
		return;
	}
	mask = read_member(w, rb.value, M_bpf_ringbuf_mask);
	ring->capacity = mask;
	ring->capacity.value += mask.state == SCXRAY_PRESENT;
	ring->consumer_pos = read_member(w, rb.value, M_bpf_ringbuf_consumer_pos);
	ring->producer_pos = read_member(w, rb.value, M_bpf_ringbuf_producer_pos);
	ring->pending_pos = read_member(w, rb.value, M_bpf_ringbuf_pending_pos);
	ring->overwrite_pos = read_optional(w, rb.value, M_bpf_ringbuf_overwrite_pos);
	if (mask.state != SCXRAY_PRESENT || ring->consumer_pos.state != SCXRAY_PRESENT ||
	    ring->producer_pos.state != SCXRAY_PRESENT)
		return;
	if (!ring->capacity.value || (ring->capacity.value & mask.value) ||
	    ring->capacity.value > MAX_RING) {
		map_error(w, map, "ring buffer of %llu bytes makes no sense",
			  (unsigned long long)ring->capacity.value);
		return;
	}
	records(w, ring, member_addr(w, rb.value, M_bpf_ringbuf_data));
}
