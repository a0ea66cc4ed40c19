/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sdt.c - the scx library's arena allocators as JSON
 */
#include <scxray/group.h>
#include <scxray/map.h>
#include <scxray/report_struct.h>

#include "render/value/follow.h"
#include "render/json/report.h"
#include "render/value/value_json.h"
#include "render/out/reasons.h"

static void put_entries(struct json *j, const struct scxray_sdt *sdt, struct follow *follow)
{
	json_key(j, "entries");
	json_array(j);
	for (size_t i = 0; i < sdt->nr_entries; i++) {
		const struct scxray_sdt_entry *entry = &sdt->entries[i];

		json_object(j);
		if (entry->payload.state == SCXRAY_PRESENT) {
			json_key(j, "idx");
			json_i64(j, entry->idx);
			json_key(j, "genn");
			json_i64(j, entry->genn);
		}
		json_key(j, "user_addr");
		json_addr(j, entry->user_addr);
		json_opt_string(j, "owner", entry->owner);
		json_value_field(j, "payload", &entry->payload, follow_slot_options(follow));
		json_object_end(j);
	}
	json_array_end(j);
}

static void put_sdt(struct json *j, const struct scxray_sdt *sdt, struct follow *follow)
{
	json_object(j);
	json_key(j, "allocator_name");
	json_string(j, sdt->name);
	json_key(j, "elem_size");
	json_u64(
		j,
		sdt->elem_size
			.value); /* the header and the payload are one value, so it was read whole */
	json_key(j, "target_type_id");
	json_u64(j, sdt->payload_type);
	json_opt_string(j, "payload_type_reason", sdt->payload_type_reason);
	json_key(j, "truncated");
	json_bool(j, sdt->cut != NULL);
	json_opt_string(j, "cut", sdt->cut);
	json_key(j, "skipped_subtrees");
	json_u64(j, sdt->skipped_subtrees);
	if (sdt->nr_entries)
		put_entries(j, sdt, follow);
	json_object_end(j);
}

static void put_ranges(struct json *j, const struct scxray_report *r)
{
	json_key(j, "scx_static_ranges");
	json_object(j);
	json_key(j, "ranges");
	json_array(j);
	for (size_t i = 0; i < r->nr_static_ranges; i++) {
		const struct scxray_static_range *range = &r->static_ranges[i];

		json_object(j);
		json_key(j, "instance_name");
		json_string(j, range->name);
		json_key(j, "start_low32");
		json_u64(j, (uint32_t)range->start);
		json_key(j, "size");
		json_u64(j, range->size);
		json_key(j, "capacity");
		json_u64(j, range->capacity);
		json_object_end(j);
	}
	json_array_end(j);
	json_key(j, "skipped");
	json_u64(j, r->static_skipped);
	json_object_end(j);
}

void json_sdts(struct json *j, const struct scxray_report *r)
{
	struct follow follow;

	json_reasons(j, r, SCXRAY_GROUP_SDTS);
	if (r->nr_sdts) {
		follow_init(&follow, r);
		json_key(j, "sdt_allocations");
		json_array(j);
		for (size_t i = 0; i < r->nr_sdts; i++)
			put_sdt(j, &r->sdts[i], &follow);
		json_array_end(j);
		follow_deinit(&follow);
	}
	if (r->nr_static_ranges || r->static_skipped)
		put_ranges(j, r);
}
