/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sdt.c - the scx library's arena allocators as text
 */
#include <scxray/group.h>
#include <scxray/map.h>
#include <scxray/report_struct.h>

#include "render/out/escape.h"
#include "render/out/map_model.h"
#include "render/text/map.h"
#include "render/text/report.h"
#include "render/out/reasons.h"

static void put_entry(struct map_text *m, const struct scxray_sdt_entry *entry)
{
	struct strbuf *out = &m->t->out;

	strbuf_puts(out, "    ");
	if (entry->payload.state == SCXRAY_PRESENT)
		strbuf_printf(out, "idx=%d genn=%d ", entry->idx, entry->genn);
	strbuf_puts(out, "user_addr=");
	strbuf_hex(out, entry->user_addr, 1);
	if (entry->owner) {
		strbuf_puts(out, " owner=");
		cell_string(out, entry->owner);
	}
	strbuf_puts(out, " payload=");
	map_text_value(m, &entry->payload, 2, 60);
	strbuf_putc(out, '\n');
}

/* The map that shows the slot, in the entry of its owner; NULL: none does. */
static const struct scxray_map *told_by(const struct text *t, const struct scxray_report *r,
					const struct scxray_sdt_entry *entry)
{
	for (size_t i = 0; entry->owner && !t->full && i < r->nr_maps; i++)
		if (r->maps[i].id == entry->owner_map && r->maps[i].value_type.btf &&
		    text_wants(t, GROUP_MAPS) && map_wanted(t->doc->only, &r->maps[i]))
			return &r->maps[i];
	return NULL;
}

static void put_entries(struct map_text *m, const struct scxray_report *r,
			const struct scxray_sdt *sdt)
{
	const struct scxray_map *map = NULL;
	size_t nr_told = 0;

	for (size_t i = 0; i < sdt->nr_entries; i++) {
		const struct scxray_map *by = told_by(m->t, r, &sdt->entries[i]);

		map = by ? by : map;
		nr_told += by != NULL;
	}
	if (map) {
		strbuf_printf(&m->t->out, ", %zu of them in map ", nr_told);
		cell_text(&m->t->out, &map->name);
	}
	strbuf_putc(&m->t->out, '\n');
	for (size_t i = 0; i < sdt->nr_entries; i++)
		if (!map || !told_by(m->t, r, &sdt->entries[i]))
			put_entry(m, &sdt->entries[i]);
}

static void put_sdt(struct map_text *m, const struct scxray_report *r, const struct scxray_sdt *sdt)
{
	struct strbuf *out = &m->t->out;

	text_section(m->t);
	style_begin(m->t, out, STYLE_BOLD);
	strbuf_puts(out, "sdt_alloc ");
	cell_string(out, sdt->name);
	style_end(m->t, out, STYLE_BOLD);
	strbuf_printf(out, " (elem_size=%llu, target_type_id=%u",
		      (unsigned long long)sdt->elem_size.value, sdt->payload_type);
	if (sdt->payload_type_reason) {
		strbuf_puts(out, ", reason=");
		cell_string(out, sdt->payload_type_reason);
	}
	strbuf_printf(out, "): %zu live", sdt->nr_entries);
	if (sdt->cut) {
		strbuf_puts(out, " (truncated: ");
		cell_string(out, sdt->cut);
		strbuf_putc(out, ')');
	}
	if (sdt->skipped_subtrees)
		strbuf_printf(out, " (%u subtree%s skipped)", sdt->skipped_subtrees,
			      plural_s(sdt->skipped_subtrees));
	put_entries(m, r, sdt);
}

static void put_ranges(struct text *t, const struct scxray_report *r)
{
	struct strbuf *out = &t->out;

	text_section(t);
	for (size_t i = 0; i < r->nr_static_ranges; i++) {
		const struct scxray_static_range *range = &r->static_ranges[i];
		uint32_t start = (uint32_t)range->start;

		strbuf_puts(out, "scx_static ");
		cell_string(out, range->name);
		strbuf_printf(out, " [0x%x..0x%llx) cap=%llu\n", start,
			      (unsigned long long)start + range->size,
			      (unsigned long long)range->capacity);
	}
	if (r->static_skipped)
		strbuf_printf(out, "scx_static: %u instance(s) skipped\n", r->static_skipped);
}

bool text_may_have_sdts(const struct text *t, const struct scxray_report *r)
{
	for (size_t i = 0; i < r->nr_maps; i++)
		if (r->maps[i].active && r->maps[i].arena)
			return true;
	return text_is_asked(t);
}

void text_sdts(struct text *t, const struct scxray_report *r)
{
	static const struct scxray_map no_map;
	struct follow follow;

	if (text_may_have_sdts(t, r))
		text_reason(t, r, SCXRAY_GROUP_SDTS, r->nr_sdts);
	follow_init(&follow, r);
	for (size_t i = 0; i < r->nr_sdts; i++)
		put_sdt(
			&(struct map_text){
				.t = t, .map = &no_map, .follow = &follow, .in_slot = true },
			r, &r->sdts[i]);
	follow_deinit(&follow);
	if (r->nr_static_ranges || r->static_skipped)
		put_ranges(t, r);
}
