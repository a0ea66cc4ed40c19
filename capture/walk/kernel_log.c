/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel_log.c - the kernel's log: the printk ring buffer (kernel/printk/printk_ringbuffer.c)
 *
 * A descriptor's id says which record it holds, the two top bits of its state_var
 * how far that has come; infos[] has time and level, the data ring the text, with
 * the record's id before it.  Ids that don't agree are a record in the making.
 */
#include <string.h>

#include <scxray/group.h>
#include <scxray/log.h>
#include <scxray/report_struct.h>

#include "capture/read/read.h"
#include "capture/walk/walkers.h"

#define STATE_SHIFT 62
#define ID_MASK (~0ULL >> 2)
#define MAX_COUNT_BITS 26
#define MAX_SIZE_BITS 30
#define EMPTY_LINE 3 /* of both positions; any other odd pair: the text is lost */
#define CALLER_IS_CPU 0x80000000u
#define MAX_DESC 64
#define MAX_INFO 1024		   /* bytes of a struct printk_info: 88 are usual */
#define MAX_BLOCK (8 + UINT16_MAX) /* an id, and as much as text_len can say */

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
		w->r->unavailable[SCXRAY_GROUP_LOG] = pool_printf(
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
		w->r->unavailable[SCXRAY_GROUP_LOG] =
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
	if (!ring->desc_size || !ring->info_size || ring->desc_size > MAX_INFO ||
	    ring->info_size > MAX_INFO || count_bits > MAX_COUNT_BITS ||
	    size_bits > MAX_SIZE_BITS || size_bits < 3 ||
	    ((ring->head - ring->tail) & ID_MASK) >> count_bits) {
		w->r->unavailable[SCXRAY_GROUP_LOG] =
			"the printk ring buffer's header makes no sense";
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

enum text_place {
	TEXT_FOUND,
	TEXT_EMPTY,
	TEXT_DROPPED,
	TEXT_TORN,
};

/* The block of a record's text, its id first: of `size` bytes at `addr`. */
static enum text_place find_text(const struct ring *ring, uint64_t begin, uint64_t next,
				 uint64_t *addr, uint64_t *size)
{
	uint64_t mask = (1ULL << ring->size_bits) - 1, at, room;

	if (begin & next & 1)
		return begin == EMPTY_LINE && next == EMPTY_LINE ? TEXT_EMPTY : TEXT_DROPPED;
	/* a block that would reach over the end starts anew at the front */
	if (begin >> ring->size_bits == (next - 1) >> ring->size_bits) {
		at = begin & mask;
		room = next - begin;
	} else {
		at = 0;
		room = next & mask;
	}
	*addr = ring->data + at;
	*size = room;
	return room < 8 || room > mask + 1 - at ? TEXT_TORN : TEXT_FOUND;
}

/* The text of record `id`, whose descriptor is at `desc`; at most `len` bytes. */
static struct scxray_text record_text(struct walk *w, const struct ring *ring, uint64_t id,
				      uint64_t desc, uint64_t len)
{
	struct scxray_num begin = read_member(w, desc, M_prb_desc_begin), block_id;
	struct scxray_num next = read_member(w, desc, M_prb_desc_next);
	char buf[UINT16_MAX + 1];
	enum read_status status;
	uint64_t at, room;

	if (begin.state != SCXRAY_PRESENT || next.state != SCXRAY_PRESENT)
		return lost(desc, "its place in the ring can't be read");
	switch (find_text(ring, begin.value, next.value, &at, &room)) {
	case TEXT_FOUND:
		break;
	case TEXT_EMPTY:
		return (struct scxray_text){ .bytes = "", .state = SCXRAY_PRESENT };
	case TEXT_DROPPED:
		return lost(desc, "the kernel had no room for it");
	case TEXT_TORN:
		return lost(at, "torn: its place in the ring makes no sense");
	}
	block_id = read_int(w, at, 8, false);
	if (block_id.state != SCXRAY_PRESENT)
		return lost(at, block_id.reason);
	if (block_id.value != id)
		return lost(at, "torn: another record is in its place");
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

	if (is_recording(w) && log) /* no report is made of it: one record serves all */
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
		record->text = lost(desc, POOL_USED_UP);
	return true;
}

/* Member m in the bytes of a descriptor; false: it is not of the form that all kernels have. */
static bool desc_word(struct walk *w, const uint8_t *desc, size_t size, enum layout_member m,
		      uint64_t *value)
{
	const struct member *member = &w->k->layout.member[m];

	if (!member->present || member->size != 8 || member->bits || size < 8 ||
	    member->offset > size - 8)
		return false;
	memcpy(value, desc + member->offset, 8);
	return true;
}

/*
 * What one_record() reads, without making anything of it: the descriptor tells where the text
 * is, and infos[] is recorded by ranges.  Where it makes no sense, the text is not asked for.
 * *last: the page that was recorded last; texts follow each other.
 */
static bool record_one(struct walk *w, const struct ring *ring, uint64_t id, uint64_t *last)
{
	uint64_t at = ring->descs + (id & ((1ULL << ring->count_bits) - 1)) * ring->desc_size;
	uint64_t state, begin, next, addr, size, end;
	uint8_t desc[MAX_DESC];

	if (guest_read(w->g, at, desc, ring->desc_size))
		return true; /* as the report's walk will find */
	if (!desc_word(w, desc, ring->desc_size, M_prb_desc_state_var, &state) ||
	    !desc_word(w, desc, ring->desc_size, M_prb_desc_begin, &begin) ||
	    !desc_word(w, desc, ring->desc_size, M_prb_desc_next, &next))
		return false;
	if ((state & ID_MASK) != id || state >> STATE_SHIFT == RECORD_REUSABLE ||
	    state >> STATE_SHIFT == RECORD_RESERVED ||
	    find_text(ring, begin, next, &addr, &size) != TEXT_FOUND)
		return true;
	end = addr + (size < MAX_BLOCK ? size : MAX_BLOCK) - 1;
	if (addr >> PAGE_SHIFT == *last && end >> PAGE_SHIFT == *last)
		return true;
	guest_touch(w->g, addr, end - addr + 1);
	*last = end >> PAGE_SHIFT;
	return true;
}

/* False: descriptors of another form, and the records have to be read one by one. */
static bool record_log(struct walk *w, const struct ring *ring, uint64_t nr)
{
	uint64_t last = 0, count = 1ULL << ring->count_bits;
	uint64_t first = (ring->head - (nr - 1)) & (count - 1);
	uint64_t at_end = nr < count - first ? nr : count - first;

	if (ring->desc_size > MAX_DESC)
		return false;
	guest_touch(w->g, ring->infos + first * ring->info_size, at_end * ring->info_size);
	guest_touch(w->g, ring->infos, (nr - at_end) * ring->info_size);
	for (uint64_t i = 0; i < nr; i++)
		if (!record_one(w, ring, (ring->head - (nr - 1) + i) & ID_MASK, &last))
			return false;
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
		w->r->cut[SCXRAY_GROUP_LOG] =
			pool_printf(w->pool, "the last %u of %llu records",
				    w->settings.max_log_records, (unsigned long long)nr);
		nr = w->settings.max_log_records;
	}
	if (is_recording(w) && record_log(w, &ring, nr))
		return;
	for (uint64_t i = 0; i < nr; i++)
		if (!one_record(w, &ring, (ring.head - (nr - 1) + i) & ID_MASK)) {
			w->r->cut[SCXRAY_GROUP_LOG] = POOL_USED_UP;
			break;
		}
	if (!w->r->nr_log && !w->r->cut[SCXRAY_GROUP_LOG])
		w->r->unavailable[SCXRAY_GROUP_LOG] = "the ring buffer holds no record";
}
