/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sdt_payload.c - what type the slots of the scx library's allocators have
 *
 * Nothing in BTF ties an allocator to what is in its slots: it is inferred from the
 * slots' size and the allocator's name, and the report says how.
 */
#include <string.h>

#include <base/array.h>

#include <scxray/map.h>

#include "capture/map/map.h"
#include "capture/map/sdt.h"

static const char *type_name(const struct types *types, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(types->btf, id);

	if (!t || btf_kind(t) != BTF_KIND_STRUCT)
		return NULL;
	return btf__str_by_offset(types->btf, t->name_off);
}

static bool ends_with(const char *name, const char *tail)
{
	size_t n = strlen(name), t = strlen(tail);

	return n >= t && !strcmp(name + n - t, tail);
}

/* Programs that read the kernel's structs bring them along in their BTF. */
static bool is_kernels(const struct walk *w, const char *name, uint32_t size)
{
	uint32_t id = w->k ? types_find(&w->k->types, name, BTF_KIND_STRUCT) : 0;

	return id && types_size(&w->k->types, id) == size;
}

uint8_t *sdt_find_variables(struct walk *w, const struct types *types)
{
	uint8_t *bits = pool_alloc(w->pool, types->nr / 8 + 1);

	for (uint32_t i = 1; bits && i < types->nr; i++) {
		const struct btf_type *t = btf__type_by_id(types->btf, i);
		uint32_t id;

		if (t && btf_kind(t) == BTF_KIND_VAR && types_strip(types, t->type, &id))
			bits[id / 8] |= (uint8_t)(1 << id % 8);
	}
	return bits;
}

bool sdt_is_own(const struct walk *w, const struct types *types, const uint8_t *variables,
		uint32_t id)
{
	const char *name = type_name(types, id);

	return name && *name && !is_kernels(w, name, types_size(types, id)) &&
	       !(variables && variables[id / 8] >> id % 8 & 1);
}

/* A type of the right size (slots are whole words) that is neither the kernel's nor the library's own. */
static bool is_candidate(const struct walk *w, const struct types *types, const uint8_t *variables,
			 uint32_t id, uint32_t size)
{
	static const char *const of_library[] = { "sdt_",    "scx_alloc", "scx_static",
						  "scx_stk", "scx_buddy", "scx_task_map_val" };
	const char *name = type_name(types, id);
	uint32_t own = name && *name ? types_size(types, id) : 0;

	if (!own || round_up8(own) != size)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(of_library); i++)
		if (!strncmp(name, of_library[i], strlen(of_library[i])))
			return false;
	return sdt_is_own(w, types, variables, id);
}

/* What names have in common is what follows the library's prefix. */
static const char *bare(const char *name)
{
	return strncmp(name, "scx_", 4) && strncmp(name, "sdt_", 4) ? name : name + 4;
}

/*
 * A struct with the allocator's name, of which slots hold only the beginning: the library's
 * bitmaps are declared for as many CPUs as there may be, and as large as this machine needs.
 */
static bool by_name(struct walk *w, struct scxray_sdt *sdt, const struct types *types,
		    uint32_t size)
{
	size_t stem = strcspn(bare(sdt->name), "_");

	for (uint32_t id = 1; stem && id < types->nr; id++) {
		const char *name = type_name(types, id);

		if (!name || strncmp(name, "scx_", 4) || strlen(bare(name)) != stem ||
		    strncmp(bare(name), bare(sdt->name), stem) || types_size(types, id) <= size)
			continue;
		sdt->payload_type = id;
		sdt->payload_type_reason = pool_printf(
			w->pool, "by the allocator's name, the first %u bytes of it", size);
		return true;
	}
	return false;
}

/*
 * Nothing in BTF ties an allocator to what is in its slots.  Of the structs with the
 * right size: the only one, else one that has the allocator's stem in its name, else
 * one that is called a context.
 */
void sdt_guess_payload(struct walk *w, struct scxray_sdt *sdt, const struct types *types,
		       const uint8_t *variables, uint32_t size)
{
	static const char *const contexts[] = { "task_ctx", "_arena_ctx", "_task_ctx", "_ctx" };
	size_t stem = strcspn(bare(sdt->name), "_");
	uint32_t nr = 0, only = 0;

	for (uint32_t id = 1; id < types->nr; id++)
		if (is_candidate(w, types, variables, id, size)) {
			nr++;
			only = id;
		}
	if (by_name(w, sdt, types, size))
		return;
	sdt->payload_type_reason = pool_printf(w->pool, "no struct of %u bytes in its BTF", size);
	if (!nr)
		return;
	if (nr == 1) {
		sdt->payload_type = only;
		sdt->payload_type_reason =
			pool_printf(w->pool, "the only struct of %u bytes", size);
		return;
	}
	for (uint32_t id = 1; id < types->nr; id++) {
		const char *name =
			is_candidate(w, types, variables, id, size) ? type_name(types, id) : NULL;

		if (name && !strncmp(bare(name), bare(sdt->name), stem)) {
			sdt->payload_type = id;
			sdt->payload_type_reason = "by size and the allocator's name";
			return;
		}
	}
	for (size_t c = 0; c < ARRAY_SIZE(contexts); c++)
		for (uint32_t id = 1; id < types->nr; id++)
			if (is_candidate(w, types, variables, id, size) &&
			    ends_with(type_name(types, id), contexts[c])) {
				sdt->payload_type = id;
				sdt->payload_type_reason = "by size and a context's name";
				return;
			}
	sdt->payload_type_reason =
		pool_printf(w->pool, "%u structs of %u bytes: ambiguous", nr, size);
}
