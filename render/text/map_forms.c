/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_forms.c - maps that have no keys and values, as text: arenas, ring buffers, stack
 * traces, slots that hold kernel objects, bloom filters
 */
#include <scxray/map.h>

#include "render/out/escape.h"
#include "render/out/map_model.h"
#include "render/text/map.h"

#define MAX_PCS 8
#define MAX_INDICES 16
#define MAX_SLOTS 64
#define MAX_RECORDS 16
#define MAX_RECORD_BYTES 128
#define ROW 32 /* bytes of a line */

static void cut_line(struct strbuf *out, const char *cut)
{
	if (!cut)
		return;
	strbuf_puts(out, "  (");
	cell_string(out, cut);
	strbuf_puts(out, ")\n");
}

/* ---- arena ---------------------------------------------------------------- */

static bool is_zero_page(const struct scxray_arena_page *page)
{
	for (size_t i = 0; i < 4096; i++)
		if (page->bytes[i])
			return false;
	return true;
}

void map_text_arena(struct map_text *m)
{
	const struct scxray_arena *arena = m->map->arena;
	struct strbuf *out = &m->t->out;
	size_t nr_nonzero = 0;

	if (!arena)
		return;
	for (size_t i = 0; i < arena->nr_pages; i++)
		nr_nonzero += !is_zero_page(&arena->pages[i]);
	strbuf_printf(out,
		      "arena: %zu page%s captured (%zu KiB), %zu non-zero "
		      "(see sdt_alloc section + JSON for typed data)",
		      arena->nr_pages, plural_s(arena->nr_pages), arena->nr_pages * 4, nr_nonzero);
	if (arena->cut) {
		strbuf_puts(out, " (truncated, ");
		cell_num(out, &m->map->max_entries);
		strbuf_puts(out, " declared)");
	}
	strbuf_puts(out, "\n  user addresses ");
	cell_hex(out, &arena->user_vm_start);
	strbuf_puts(out, " to ");
	cell_hex(out, &arena->user_vm_end);
	if (arena->kern_vm_start) {
		strbuf_puts(out, ", kernel address of its start ");
		strbuf_hex(out, arena->kern_vm_start, 1);
	}
	strbuf_printf(out, ", %s%llu pages mapped\n", m->map->total_is_least ? "at least " : "",
		      (unsigned long long)arena->nr_mapped);
	cut_line(out, arena->cut);
	if (arena->globals.state != SCXRAY_NONE) {
		strbuf_puts(out, "  variables at ");
		strbuf_hex(out, arena->globals.addr, 1);
		strbuf_puts(out, ":\n  ");
		map_text_value(m, &arena->globals, 1, 2);
		strbuf_putc(out, '\n');
	}
}

/* ---- ring buffers --------------------------------------------------------- */

static void bytes_field(struct strbuf *out, const char *name, const struct scxray_num *num)
{
	strbuf_puts(out, name);
	cell_num(out, num);
}

static bool is_text(const uint8_t *bytes, size_t len)
{
	size_t text = strnlen((const char *)bytes, len);

	if (text < 2)
		return false;
	for (size_t i = 0; i < text; i++)
		if ((bytes[i] < 0x20 && bytes[i] != '\n' && bytes[i] != '\t') || bytes[i] > 0x7e)
			return false;
	for (size_t i = text; i < len; i++)
		if (bytes[i])
			return false;
	return true;
}

/* One line's bytes after the length, more of them below it. */
static void put_bytes(struct strbuf *out, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (size > ROW && i % ROW == 0)
			strbuf_puts(out, "\n   ");
		strbuf_printf(out, " %02x", bytes[i]);
	}
}

static void put_record(struct map_text *m, const struct scxray_ringbuf_record *record)
{
	struct scxray_value value = scxray_ringbuf_value(record);
	struct text *t = m->t;
	size_t cap = text_cap(t, MAX_RECORD_BYTES);
	size_t shown = record->captured < cap ? record->captured : cap;
	struct strbuf *out = &t->out;

	strbuf_printf(out, "  record %llu: len=%u%s%s:", (unsigned long long)record->pos,
		      record->len, record->busy ? " busy" : "",
		      record->discarded ? " discarded" : "");
	if (value.btf) {
		strbuf_puts(out, " inferred ");
		map_text_value(m, &value, 1, 40);
		strbuf_putc(out, '\n');
		return;
	}
	if (!record->bytes) {
		strbuf_puts(out, " <unreadable: ");
		cell_string(out, record->reason ? record->reason : "not known");
		strbuf_puts(out, ">\n");
		return;
	}
	if (is_text(record->bytes, record->captured)) {
		strbuf_puts(out, " \"");
		escape_text(out, (const char *)record->bytes,
			    strnlen((const char *)record->bytes, shown), true);
		strbuf_putc(out, '"');
	} else {
		put_bytes(out, record->bytes, shown);
	}
	if (shown < record->len)
		strbuf_printf(out, " +%zu byte%s", record->len - shown,
			      plural_s(record->len - shown));
	strbuf_putc(out, '\n');
}

void map_text_ringbuf(struct map_text *m)
{
	const struct scxray_ringbuf *ring = m->map->ringbuf;
	struct strbuf *out = &m->t->out;
	uint64_t pending = 0, percent = 0;
	size_t cap = text_cap(m->t, MAX_RECORDS);

	if (!ring)
		return;
	bytes_field(out, "ringbuf: capacity=", &ring->capacity);
	strbuf_puts(out, "B, pending=");
	if (ringbuf_pending(ring, &pending)) {
		if (ring->capacity.state == SCXRAY_PRESENT && ring->capacity.value)
			percent = pending >= ring->capacity.value
					  ? 100
					  : pending * 100 / ring->capacity.value;
		strbuf_printf(out, "%lluB (%llu%%)", (unsigned long long)pending,
			      (unsigned long long)percent);
	} else {
		strbuf_putc(out, '?');
	}
	bytes_field(out, ", consumer_pos=", &ring->consumer_pos);
	bytes_field(out, ", producer_pos=", &ring->producer_pos);
	bytes_field(out, ", pending_pos=", &ring->pending_pos);
	if (ring->overwrite_pos.state != SCXRAY_NONE && ring->overwrite_pos.state != SCXRAY_MISSING)
		bytes_field(out, ", overwrite_pos=", &ring->overwrite_pos);
	strbuf_putc(out, '\n');
	for (size_t i = 0; i < ring->nr_records && i < cap; i++)
		put_record(m, &ring->records[i]);
	if (ring->nr_records > cap)
		strbuf_printf(out, "  +%zu more records\n", ring->nr_records - cap);
	cut_line(out, ring->cut);
}

/* ---- stack traces --------------------------------------------------------- */

static void put_pcs(struct strbuf *out, const struct scxray_stack *stack, size_t cap)
{
	strbuf_puts(out, " pcs=[");
	for (size_t i = 0; i < stack->nr_pcs && i < cap; i++) {
		strbuf_puts(out, i ? ", " : "");
		cell_hex(out, &stack->pcs[i].addr);
	}
	if (stack->nr_pcs > cap)
		strbuf_printf(out, ", +%zu more", stack->nr_pcs - cap);
	strbuf_putc(out, ']');
}

/* All frames by symbol, the innermost first, each on its own line. */
static void put_symbols(struct map_text *m, const struct scxray_stack *stack)
{
	struct strbuf sb;
	bool any = false;

	strbuf_init(&sb, NULL);
	for (size_t i = 0; i < stack->nr_pcs; i++) {
		size_t start = sb.len;

		if (i)
			strbuf_puts(&sb, "< ");
		if (stack->pcs[i].symbol)
			cell_string(&sb, stack->pcs[i].symbol);
		else
			cell_hex(&sb, &stack->pcs[i].addr);
		any |= stack->pcs[i].symbol != NULL;
		cell_keep_words(&sb, start);
		strbuf_putc(&sb, ' ');
	}
	if (any) {
		strbuf_puts(&m->t->out, "    ");
		text_wrap(m->t, strbuf_str(&sb), 4, 4);
	}
	if (sb.error)
		m->t->out.error = sb.error;
	strbuf_deinit(&sb);
}

/* In build-id mode a frame of user space is a file, by its build id, and an offset in it. */
static void put_build_ids(struct strbuf *out, const struct scxray_stack *stack)
{
	for (size_t i = 0; i < stack->nr_pcs; i++) {
		struct build_id_frame frame = build_id_frame(stack, i);

		strbuf_puts(out, "    ");
		for (size_t b = 0; frame.status == 1 && b < BUILD_ID_SIZE; b++)
			strbuf_printf(out, "%02x", frame.build_id[b]);
		strbuf_puts(out, frame.status == 1   ? "+"
				 : frame.status == 2 ? "no build id, ip="
						     : "empty ");
		strbuf_hex(out, frame.at, 1);
		strbuf_putc(out, '\n');
	}
}

void map_text_stacks(struct map_text *m)
{
	const struct scxray_stacks *stacks = m->map->stacks;
	struct strbuf *out = &m->t->out;

	if (!stacks)
		return;
	strbuf_printf(out, "stack_trace: %s%llu of %u bucket%s populated%s",
		      m->map->total_is_least ? "at least " : "",
		      (unsigned long long)stacks_populated(m->map), stacks->nr_buckets,
		      plural_s(stacks->nr_buckets), stacks->cut ? " (truncated)" : "");
	if (stacks->nr_unreadable)
		strbuf_printf(out, " (%u unreadable)", stacks->nr_unreadable);
	strbuf_putc(out, '\n');
	for (size_t i = 0; i < stacks->nr_stacks; i++) {
		const struct scxray_stack *stack = &stacks->stacks[i];

		strbuf_printf(out, "  bucket %u: nr=%u", stack->id, stack->nr);
		if (stack->pcs && stack->nr_pcs)
			put_pcs(out, stack, text_cap(m->t, MAX_PCS));
		if (stack->reason) {
			strbuf_puts(out, " (");
			cell_string(out, stack->reason);
			strbuf_putc(out, ')');
		}
		strbuf_putc(out, '\n');
		if (stack->pcs)
			put_symbols(m, stack);
		else if (stack->build_ids)
			put_build_ids(out, stack);
	}
	cut_line(out, stacks->cut);
}

/* ---- slots ---------------------------------------------------------------- */

static void put_indices(struct strbuf *out, const struct scxray_slots *slots, size_t cap)
{
	strbuf_puts(out, " indices=[");
	for (size_t i = 0; i < slots->nr_slots && i < cap; i++) {
		strbuf_puts(out, i ? ", " : "");
		strbuf_u64(out, slots->slots[i].index);
	}
	if (slots->nr_slots > cap)
		strbuf_printf(out, ", +%zu more", slots->nr_slots - cap);
	strbuf_putc(out, ']');
}

static void put_slot(struct map_text *m, const struct scxray_slot *slot)
{
	const struct scxray_entry entry = { .key = slot->key };
	struct scxray_value key = scxray_map_key(m->map, &entry);
	struct strbuf *out = &m->t->out;

	if (slot->key) {
		strbuf_puts(out, "  key=");
		map_text_value(m, &key, 1, 6);
		strbuf_puts(out, ": ");
	} else {
		strbuf_printf(out, "  [%u] ", slot->index);
	}
	if (slot->holds)
		cell_string(out, slot->holds);
	else
		cell_hex(out, &slot->kva);
	strbuf_putc(out, '\n');
}

void map_text_slots(struct map_text *m)
{
	const struct scxray_slots *slots = m->map->slots;
	size_t cap = text_cap(m->t, MAX_SLOTS);
	struct strbuf *out = &m->t->out;

	if (!slots)
		return;
	strbuf_printf(out, "fd_array: %zu of %u slot%s populated%s", slots->nr_slots,
		      slots->nr_scanned, plural_s(slots->nr_scanned),
		      slots->cut ? " (slots truncated)" : "");
	if (slots->nr_unreadable)
		strbuf_printf(out, " (%u unreadable)", slots->nr_unreadable);
	if (slots->nr_slots && !slots->slots[0].key)
		put_indices(out, slots, text_cap(m->t, MAX_INDICES));
	strbuf_putc(out, '\n');
	for (size_t i = 0; i < slots->nr_slots && i < cap; i++)
		put_slot(m, &slots->slots[i]);
	if (slots->nr_slots > cap)
		strbuf_printf(out, "  +%zu more slots\n", slots->nr_slots - cap);
	cut_line(out, slots->cut);
}

/* ---- bloom filters -------------------------------------------------------- */

void map_text_bloom(struct map_text *m)
{
	const struct scxray_bloom *bloom = m->map->bloom;
	struct strbuf *out = &m->t->out;

	if (!bloom)
		return;
	strbuf_puts(out, "bloom_filter: ");
	cell_num(out, &bloom->nr_set);
	strbuf_puts(out, " of ");
	cell_num(out, &bloom->nr_bits);
	strbuf_puts(out, " bits set");
	if (bloom->nr_set.state == SCXRAY_PRESENT && bloom->nr_bits.state == SCXRAY_PRESENT &&
	    bloom->nr_bits.value)
		strbuf_printf(out, " (%.1f%%)",
			      100.0 * (double)bloom->nr_set.value / (double)bloom->nr_bits.value);
	strbuf_puts(out, ", ");
	cell_num(out, &bloom->nr_hash_funcs);
	strbuf_puts(out, " hash functions\n");
}
