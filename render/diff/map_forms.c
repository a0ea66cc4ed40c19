/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_forms.c - how maps of each form are compared: the table of forms, and the forms that
 * have no keys and values
 */
#include <base/array.h>

#include <scxray/map.h>

#include "render/diff/map_forms.h"

#include "render/diff/map_values.h"
#include "render/out/cells.h"
#include "render/out/map_model.h"

static const char *const no_header = "what it consists of could not be read";

/* False, with the reason added, where one of the reports has no such part. */
static bool both(struct map_pair *p, const void *early, const void *late)
{
	if (!early || !late)
		diff_item_skip(p, early ? "late" : "early", no_header);
	return early && late;
}

/* ---- ring buffers, bloom filters ---------------------------------------------- */

static const struct compared ringbuf_members[] = {
	COMPARE(scxray_ringbuf, consumer_pos, "consumer_pos", FIELD_NUM, DIFF_COUNTER),
	COMPARE(scxray_ringbuf, producer_pos, "producer_pos", FIELD_NUM, DIFF_COUNTER),
	COMPARE(scxray_ringbuf, pending_pos, "pending_pos", FIELD_NUM, DIFF_COUNTER),
	COMPARE(scxray_ringbuf, overwrite_pos, "overwrite_pos", FIELD_NUM, DIFF_COUNTER),
};

static const struct compared bloom_members[] = {
	COMPARE(scxray_bloom, nr_set, "nr_set", FIELD_NUM, DIFF_AMOUNT),
};

static void compare_ringbufs(struct map_pair *p)
{
	const struct scxray_ringbuf *old = p->early->ringbuf, *new = p->late->ringbuf;
	struct diff_change pending = {
		.key = "pending_bytes",
		.kind = FIELD_NUM,
		.sense = DIFF_AMOUNT,
		.old.state = SCXRAY_PRESENT,
		.new.state = SCXRAY_PRESENT,
	};

	if (!both(p, old, new))
		return;
	diff_compare_members(p->d, ringbuf_members, ARRAY_SIZE(ringbuf_members), old, new);
	if (ringbuf_pending(old, &pending.old.value) && ringbuf_pending(new, &pending.new.value) &&
	    pending.old.value != pending.new.value)
		diff_add_change(p->d, &pending);
}

static void compare_blooms(struct map_pair *p)
{
	if (both(p, p->early->bloom, p->late->bloom))
		diff_compare_members(p->d, bloom_members, ARRAY_SIZE(bloom_members),
				     p->early->bloom, p->late->bloom);
}

/* ---- slots ------------------------------------------------------------------- */

static size_t slots_count(const struct scxray_map *map)
{
	return map->slots ? map->slots->nr_slots : 0;
}

static void slots_key(const struct scxray_map *map, size_t i, struct part_key *key)
{
	const struct scxray_slot *slot = &map->slots->slots[i];

	key->bytes = slot->key;
	key->len = slot->key ? map->key_type.size : 0;
	key->number = slot->key ? 0 : slot->index;
}

static const char *slots_missing(const struct scxray_map *map)
{
	if (!map->slots || map->error)
		return map->error ? map->error : no_header;
	if (map->slots->cut)
		return map->slots->cut;
	return map->slots->nr_unreadable ? "some slots could not be read" : NULL;
}

static void put_slot(struct strbuf *sb, const struct scxray_report *r, const void *item)
{
	const struct scxray_slot *slot = item;

	(void)r;
	if (slot->holds)
		cell_string(sb, slot->holds);
	else
		cell_hex(sb, &slot->kva);
}

static void compare_slots(struct map_pair *p, size_t early, size_t late)
{
	const struct scxray_slot *old = &p->early->slots->slots[early];
	const struct scxray_slot *new = &p->late->slots->slots[late];
	struct diff_item item = diff_item_begin(p, early, late);

	/* two programs with the same name are still two */
	if (!num_is_same(&old->kva, &new->kva)) {
		diff_compare_texts(p->d, "holds", put_slot, old, new);
		if (item.first_change == p->d->nr_changes)
			diff_add_change(p->d, &(struct diff_change){ .key = "kva",
								     .kind = FIELD_ADDR,
								     .old = old->kva,
								     .new = new->kva });
	}
	diff_item_end(p, &item, p->d->nr_changes - item.first_change);
}

/* ---- arenas -------------------------------------------------------------------- */

static size_t pages_count(const struct scxray_map *map)
{
	return map->arena ? map->arena->nr_pages : 0;
}

static void pages_key(const struct scxray_map *map, size_t i, struct part_key *key)
{
	key->number = map->arena->pages[i].user_addr;
}

static const char *pages_missing(const struct scxray_map *map)
{
	if (!map->arena || map->error)
		return map->error ? map->error : no_header;
	return map->arena->cut;
}

static void compare_pages(struct map_pair *p, size_t early, size_t late)
{
	const uint8_t *old = p->early->arena->pages[early].bytes;
	const uint8_t *new = p->late->arena->pages[late].bytes;
	struct diff_item item = diff_item_begin(p, early, late);
	struct diff_change change = { .key = "page" };

	for (size_t i = 0; i < 4096; i++)
		change.bytes_differ += old[i] != new[i];
	if (change.bytes_differ)
		diff_add_change(p->d, &change);
	diff_item_end(p, &item, change.bytes_differ != 0);
}

static struct scxray_num mapped_pages(const struct scxray_map *map)
{
	if (map->total_is_least)
		return (struct scxray_num){ .state = SCXRAY_UNREADABLE,
					    .value = map->map_kva,
					    .reason = map->arena->cut };
	return (struct scxray_num){ .value = map->arena->nr_mapped, .state = SCXRAY_PRESENT };
}

static void compare_arenas(struct map_pair *p)
{
	struct diff_change mapped = { .key = "pages_mapped",
				      .kind = FIELD_NUM,
				      .sense = DIFF_AMOUNT };

	if (!both(p, p->early->arena, p->late->arena))
		return;
	mapped.old = mapped_pages(p->early);
	mapped.new = mapped_pages(p->late);
	if (!num_is_same(&mapped.old, &mapped.new))
		diff_add_change(p->d, &mapped);
}

/* ---- stack traces ------------------------------------------------------------- */

static size_t stacks_count(const struct scxray_map *map)
{
	return map->stacks ? map->stacks->nr_stacks : 0;
}

static void stacks_key(const struct scxray_map *map, size_t i, struct part_key *key)
{
	key->number = map->stacks->stacks[i].id;
}

static const char *stacks_missing(const struct scxray_map *map)
{
	if (!map->stacks || map->error)
		return map->error ? map->error : no_header;
	if (map->stacks->cut)
		return map->stacks->cut;
	return map->stacks->nr_unreadable ? "some buckets could not be read" : NULL;
}

static void put_stack(struct strbuf *sb, const struct scxray_report *r, const void *item)
{
	const struct scxray_stack *stack = item;

	(void)r;
	for (size_t i = 0; i < stack->nr_pcs; i++) {
		struct build_id_frame frame = { 0 };

		strbuf_puts(sb, i ? " < " : "");
		if (stack->pcs && stack->pcs[i].symbol) {
			cell_string(sb, stack->pcs[i].symbol);
		} else if (stack->pcs) {
			cell_hex(sb, &stack->pcs[i].addr);
		} else {
			frame = build_id_frame(stack, i);
			for (size_t b = 0; frame.status == 1 && b < BUILD_ID_SIZE; b++)
				strbuf_printf(sb, "%02x", frame.build_id[b]);
			strbuf_putc(sb, '+');
			strbuf_hex(sb, frame.at, 1);
		}
	}
}

static void compare_stacks(struct map_pair *p, size_t early, size_t late)
{
	const struct scxray_stack *old = &p->early->stacks->stacks[early];
	const struct scxray_stack *new = &p->late->stacks->stacks[late];
	struct diff_item item = diff_item_begin(p, early, late);

	if (!old->pcs && !old->build_ids) {
		diff_item_skip(p, "early", old->reason);
		return;
	}
	if (!new->pcs && !new->build_ids) {
		diff_item_skip(p, "late", new->reason);
		return;
	}
	diff_compare_texts(p->d, "frames", put_stack, old, new);
	diff_item_end(p, &item, p->d->nr_changes - item.first_change);
}

/* ---- */

static const char *map_error_of(const struct scxray_map *map)
{
	return map->error;
}

/* The columns: itself, count, key, compare, missing. */
static const struct map_form forms[] = {
	[SCXRAY_MAP_VALUE] = { NULL, entries_count, entries_by_index, entries_compare,
			       entries_missing },
	[SCXRAY_MAP_ARRAY] = { NULL, entries_count, entries_by_index, entries_compare,
			       entries_missing },
	[SCXRAY_MAP_ENTRIES] = { entries_compare_totals, entries_count, entries_by_key,
				 entries_compare, entries_missing },
	[SCXRAY_MAP_PERCPU_ARRAY] = { NULL, entries_count, entries_by_index, entries_compare_percpu,
				      entries_missing },
	[SCXRAY_MAP_PERCPU_ENTRIES] = { entries_compare_totals, entries_count, entries_by_key,
					entries_compare_percpu, entries_missing },
	[SCXRAY_MAP_QUEUE] = { .itself = entries_compare_queues, .missing = entries_missing },
	[SCXRAY_MAP_ARENA] = { compare_arenas, pages_count, pages_key, compare_pages,
			       pages_missing },
	[SCXRAY_MAP_RINGBUF] = { .itself = compare_ringbufs, .missing = map_error_of },
	[SCXRAY_MAP_STACK_TRACE] = { NULL, stacks_count, stacks_key, compare_stacks,
				     stacks_missing },
	[SCXRAY_MAP_FD_ARRAY] = { NULL, slots_count, slots_key, compare_slots, slots_missing },
	[SCXRAY_MAP_BLOOM] = { .itself = compare_blooms, .missing = map_error_of },
};

const struct map_form *map_form_find(const struct scxray_map *map)
{
	return (size_t)map->form < ARRAY_SIZE(forms) && map->form != SCXRAY_MAP_NONE
		       ? &forms[map->form]
		       : NULL;
}
