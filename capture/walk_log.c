/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * walk_log.c - the kernel's log: the printk ring buffer (kernel/printk/printk_ringbuffer.c)
 *
 * A descriptor's id says which record it holds, the two top bits of its state_var
 * how far that has come; infos[] has time and level, the data ring the text, with
 * the record's id before it.  Ids that don't agree are a record in the making.
 */
#include "walk.h"

#define STATE_SHIFT 62
#define ID_MASK (~0ULL >> 2)
#define MAX_COUNT_BITS 26
#define MAX_SIZE_BITS 30
#define EMPTY_LINE 3 /* of both positions; any other odd pair: the text was lost */
#define CALLER_IS_CPU 0x80000000u

enum record_state {
	RECORD_RESERVED,
	RECORD_COMMITTED,
	RECORD_FINALIZED,
	RECORD_REUSABLE,
};

struct ring {
	uint64_t descs, infos, data;
	uint64_t head, tail;
	uint32_t count_bits, size_bits;
	uint32_t desc_size, info_size;
};

static bool get(struct walk *w, uint64_t prb, enum layout_member m, uint64_t *value)
{
	struct scxray_num num = read_member(w, prb, m);

	if (num.state != SCXRAY_PRESENT) {
		w->r->kernel_log_unavailable = pool_printf(
			w->pool, "%s: %s", layout_member_name(m),
			num.state == SCXRAY_MISSING ? "not in this kernel" : num.reason);
		return false;
	}
	*value = num.value;
	return true;
}

static bool load_ring(struct walk *w, struct ring *ring)
{
	struct scxray_num prb = read_symbol(w, S_prb, false);
	uint64_t count_bits, size_bits;

	if (prb.state != SCXRAY_PRESENT) {
		w->r->kernel_log_unavailable =
			prb.state == SCXRAY_MISSING ? "this kernel has no prb"
						    : pool_printf(w->pool, "prb: %s", prb.reason);
		return false;
	}
	if (!get(w, prb.value, M_printk_ringbuffer_descs, &ring->descs) ||
	    !get(w, prb.value, M_printk_ringbuffer_infos, &ring->infos) ||
	    !get(w, prb.value, M_printk_ringbuffer_data, &ring->data) ||
	    !get(w, prb.value, M_printk_ringbuffer_head_id, &ring->head) ||
	    !get(w, prb.value, M_printk_ringbuffer_tail_id, &ring->tail) ||
	    !get(w, prb.value, M_printk_ringbuffer_count_bits, &count_bits) ||
	    !get(w, prb.value, M_printk_ringbuffer_size_bits, &size_bits))
		return false;
	ring->desc_size = pointee_size(w, M_printk_ringbuffer_descs);
	ring->info_size = pointee_size(w, M_printk_ringbuffer_infos);
	ring->head &= ID_MASK;
	ring->tail &= ID_MASK;
	if (!ring->desc_size || !ring->info_size || count_bits > MAX_COUNT_BITS ||
	    size_bits > MAX_SIZE_BITS || size_bits < 3 ||
	    ((ring->head - ring->tail) & ID_MASK) >> count_bits) {
		w->r->kernel_log_unavailable = "the printk ring buffer's header makes no sense";
		return false;
	}
	ring->count_bits = (uint32_t)count_bits;
	ring->size_bits = (uint32_t)size_bits;
	return true;
}

static struct scxray_text lost(uint64_t addr, const char *why)
{
	return (struct scxray_text){ .addr = addr, .reason = why, .state = SCXRAY_UNREADABLE };
}

/* The text of record `id`, whose descriptor is at `desc`; at most `len` bytes. */
static struct scxray_text record_text(struct walk *w, const struct ring *ring, uint64_t id,
				      uint64_t desc, uint64_t len)
{
	struct scxray_num begin = read_member(w, desc, M_prb_desc_begin), block_id;
	struct scxray_num next = read_member(w, desc, M_prb_desc_next);
	uint64_t mask = (1ULL << ring->size_bits) - 1, at, room;
	char buf[UINT16_MAX + 1];
	enum read_status status;

	if (begin.state != SCXRAY_PRESENT || next.state != SCXRAY_PRESENT)
		return lost(desc, "its place in the ring can't be read");
	if (begin.value & next.value & 1)
		return begin.value == EMPTY_LINE && next.value == EMPTY_LINE
			       ? (struct scxray_text){ .bytes = "", .state = SCXRAY_PRESENT }
			       : lost(desc, "the kernel had no room for it");
	/* a block that would reach over the end starts anew at the front */
	if (begin.value >> ring->size_bits == (next.value - 1) >> ring->size_bits) {
		at = begin.value & mask;
		room = next.value - begin.value;
	} else {
		at = 0;
		room = next.value & mask;
	}
	if (room < 8 || room > mask + 1 - at)
		return lost(ring->data + at, "torn: its place in the ring makes no sense");
	at += ring->data;
	block_id = read_int(w, at, 8, false);
	if (block_id.state != SCXRAY_PRESENT)
		return lost(at, block_id.reason);
	if (block_id.value != id)
		return lost(at, "torn: another record stands in its place");
	if (len > room - 8)
		len = room - 8;
	if (len > UINT16_MAX)
		len = UINT16_MAX;
	status = guest_read(w->g, at + 8, buf, len);
	if (status)
		return lost(at + 8, read_status_text(status));
	return (struct scxray_text){
		.bytes = pool_strndup(w->pool, buf, len),
		.len = len,
		.addr = at + 8,
		.state = SCXRAY_PRESENT,
	};
}

static void caller(struct walk *w, struct scxray_log_record *record, uint64_t info)
{
	struct scxray_num id = read_optional(w, info, M_printk_info_caller_id);

	if (id.state != SCXRAY_PRESENT)
		return;
	record->caller = pool_printf(w->pool, "%c%u", id.value & CALLER_IS_CPU ? 'C' : 'T',
				     (uint32_t)(id.value & ~(uint64_t)CALLER_IS_CPU));
}

static struct scxray_log_record *new_record(struct walk *w)
{
	void *log = w->r->log;
	struct scxray_log_record *record;

	if (is_recording(w) && log) /* one is enough for what nobody reads */
		return log;
	record = pool_push(w->pool, &log, &w->r->nr_log, sizeof(*record));
	w->r->log = log;
	return record;
}

/* False when memory is used up. */
static bool one_record(struct walk *w, const struct ring *ring, uint64_t id)
{
	uint64_t index = id & ((1ULL << ring->count_bits) - 1);
	uint64_t desc = ring->descs + index * ring->desc_size;
	uint64_t info = ring->infos + index * ring->info_size;
	struct scxray_num state = read_member(w, desc, M_prb_desc_state_var), len;
	struct scxray_log_record *record;

	if (state.state == SCXRAY_PRESENT && (state.value & ID_MASK) == id &&
	    state.value >> STATE_SHIFT == RECORD_REUSABLE)
		return true; /* its text is gone, as for any reader */
	record = new_record(w);
	if (!record)
		return false;
	if (state.state != SCXRAY_PRESENT) {
		record->text = lost(desc, state.reason ? state.reason : "no state");
		return true;
	}
	if ((state.value & ID_MASK) != id || state.value >> STATE_SHIFT == RECORD_RESERVED) {
		record->state = "reserved";
		record->text = lost(desc, "torn: it was being written");
		return true;
	}
	record->state = state.value >> STATE_SHIFT == RECORD_COMMITTED ? "committed" : NULL;
	record->seq = read_member(w, info, M_printk_info_seq);
	record->ts_ns = read_member(w, info, M_printk_info_ts_nsec);
	record->level = read_member(w, info, M_printk_info_level);
	record->facility = read_member(w, info, M_printk_info_facility);
	caller(w, record, info);
	len = read_member(w, info, M_printk_info_text_len);
	if (len.state != SCXRAY_PRESENT)
		record->text = lost(info, len.reason);
	else
		record->text = record_text(w, ring, id, desc, len.value);
	if (record->text.state == SCXRAY_PRESENT && !record->text.bytes)
		record->text = lost(desc, "report memory is used up");
	return true;
}

void walk_log(struct walk *w)
{
	struct ring ring;
	uint64_t nr;

	if (!load_ring(w, &ring))
		return;
	nr = ((ring.head - ring.tail) & ID_MASK) + 1;
	w->r->log_total = num_present(nr);
	if (nr > w->settings.max_log_records) {
		w->r->log_cut = pool_printf(w->pool, "the last %u of %llu records",
					    w->settings.max_log_records, (unsigned long long)nr);
		nr = w->settings.max_log_records;
	}
	for (uint64_t i = 0; i < nr; i++)
		if (!one_record(w, &ring, (ring.head - (nr - 1) + i) & ID_MASK)) {
			w->r->log_cut = "report memory is used up";
			break;
		}
	if (!w->r->nr_log && !w->r->log_cut)
		w->r->kernel_log_unavailable = "the ring buffer holds no record";
}
