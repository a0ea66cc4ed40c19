/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map.c - what the walkers of all map types share
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <base/array.h>

#include <scxray/map.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>

#include "capture/map/map.h"

#include "capture/read/bpf_prog.h"
#include "capture/read/read.h"

#define MAX_VALUE (4u << 20) /* of one key or value: above any that the kernel takes */

void map_error(struct walk *w, struct scxray_map *map, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	if (map->error)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	map->error = pool_printf(w->pool, "%s", text);
}

bool map_needs(struct walk *w, struct scxray_map *map, enum layout_member m)
{
	if (has_member(w, m))
		return true;
	w->member_missing[m] = true;
	map_error(w, map, "unavailable: %s not in this kernel", layout_member_name(m));
	return false;
}

struct scxray_entry *map_add_entry(struct walk *w, struct scxray_map *map)
{
	void *entries = map->entries;
	struct scxray_entry *entry;

	if (map->nr_entries >= w->settings.max_entries) {
		map_error(w, map, "truncated at %u entries", w->settings.max_entries);
		return NULL;
	}
	entry = pool_push(w->pool, &entries, &map->nr_entries, sizeof(*entry));
	if (!entry) {
		map_error(w, map, "truncated at %zu entries: " POOL_USED_UP, map->nr_entries);
		return NULL;
	}
	map->entries = entries;
	*entry = (struct scxray_entry){ 0 };
	return entry;
}

const uint8_t *map_read_bytes(struct walk *w, uint64_t kva, uint32_t size, const char **reason)
{
	enum read_status status;
	uint8_t *bytes;

	*reason = NULL;
	bytes = size <= MAX_VALUE ? pool_room(w->pool, size) : NULL;
	if (!bytes) {
		*reason = size > MAX_VALUE ? "impossible size" : POOL_USED_UP;
		return NULL;
	}
	status = guest_read(w->g, kva, bytes, size);
	if (!status)
		return bytes;
	*reason = read_status_text(status);
	return NULL;
}

bool map_percpu_start(struct walk *w, struct scxray_map *map)
{
	uint32_t *cpus = pool_alloc(w->pool, w->r->nr_rqs * sizeof(*cpus));

	if (!cpus) {
		map_error(w, map, POOL_USED_UP);
		return false;
	}
	for (size_t i = 0; i < w->r->nr_rqs; i++)
		cpus[i] = w->r->rqs[i].cpu;
	map->cpus = cpus;
	map->nr_cpus = w->r->nr_rqs;
	return true;
}

struct scxray_entry *map_add_percpu_entry(struct walk *w, struct scxray_map *map)
{
	struct scxray_entry *entry = map_add_entry(w, map);
	size_t rows = map->nr_entries - 1;
	void *per_cpu = map->per_cpu;

	if (!entry)
		return NULL;
	/* a row for each entry: the map's own max_entries is not to be trusted for the count */
	if (!pool_push(w->pool, &per_cpu, &rows, map->nr_cpus * sizeof(*map->per_cpu))) {
		map_error(w, map, "truncated at %zu entries: " POOL_USED_UP, rows);
		map->nr_entries--;
		return NULL;
	}
	map->per_cpu = per_cpu;
	return entry;
}

void map_percpu_values(struct walk *w, struct scxray_map *map, uint64_t pptr)
{
	const uint8_t **row = map->per_cpu + (map->nr_entries - 1) * map->nr_cpus;
	const char *reason;

	for (size_t c = 0; c < map->nr_cpus; c++)
		row[c] = map_read_bytes(w, percpu_addr(w, pptr, map->cpus[c]), map->value_type.size,
					&reason);
}

/* ---- labels ---------------------------------------------------------------- */

/* Names from the guest go into our own labels: printable characters only. */
static const char *label(struct walk *w, const struct scxray_text *name, const char *fmt,
			 uint64_t number)
{
	char text[320], clean[256];
	size_t n = name->len < sizeof(clean) - 1 ? name->len : sizeof(clean) - 1;

	if (is_recording(w))
		return "";
	for (size_t i = 0; i < n; i++)
		clean[i] = name->bytes[i] < 0x20 || name->bytes[i] > 0x7e ? '?' : name->bytes[i];
	clean[n] = '\0';
	snprintf(text, sizeof(text), fmt, clean, (unsigned long long)number);
	return pool_printf(w->pool, "%s", text);
}

const char *map_label_map(struct walk *w, uint64_t kva)
{
	struct scxray_text name = read_text_array(w, kva, M_bpf_map_name);
	struct scxray_num id = read_member(w, kva, M_bpf_map_id);

	if (name.state != SCXRAY_PRESENT || id.state != SCXRAY_PRESENT)
		return NULL;
	return label(w, &name, "map %s#%llu", id.value);
}

const char *map_label_prog(struct walk *w, uint64_t kva)
{
	struct scxray_num aux = read_member(w, kva, M_bpf_prog_aux), id;
	struct scxray_text name;

	if (aux.state != SCXRAY_PRESENT || !aux.value)
		return NULL;
	name = bpf_prog_name(w, aux.value);
	id = read_member(w, aux.value, M_bpf_prog_aux_id);
	if (name.state != SCXRAY_PRESENT || id.state != SCXRAY_PRESENT)
		return NULL;
	return label(w, &name, "prog %s#%llu", id.value);
}

const char *map_label_task(struct walk *w, uint64_t kva)
{
	struct scxray_text comm = read_text_array(w, kva, M_task_struct_comm);
	struct scxray_num pid = read_member(w, kva, M_task_struct_pid);

	if (comm.state != SCXRAY_PRESENT || pid.state != SCXRAY_PRESENT)
		return NULL;
	return label(w, &comm, "%s[%llu]", pid.value);
}

const char *map_label_device(struct walk *w, uint64_t kva)
{
	struct scxray_text name;

	if (!has_member(w, M_net_device_name))
		return NULL;
	name = read_text_array(w, kva, M_net_device_name);
	return name.state == SCXRAY_PRESENT ? label(w, &name, "device %s", 0) : NULL;
}

const char *map_label_sock(struct walk *w, uint64_t kva)
{
	static const struct {
		uint16_t family;
		const char *name;
	} families[] = {
		{ 1, "unix" }, { 2, "inet" }, { 10, "inet6" }, { 40, "vsock" }, { 44, "xdp" }
	};
	struct scxray_num family = read_optional(w, kva, M_sock_common_family);
	struct scxray_num port = read_optional(w, kva, M_sock_common_port);
	const char *name = NULL;

	if (family.state != SCXRAY_PRESENT)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		if (families[i].family == family.value)
			name = families[i].name;
	if (!name)
		return pool_printf(w->pool, "socket of family %llu",
				   (unsigned long long)family.value);
	if ((family.value == 2 || family.value == 10) && port.state == SCXRAY_PRESENT && port.value)
		return pool_printf(w->pool, "socket %s port %llu", name,
				   (unsigned long long)port.value);
	return pool_printf(w->pool, "socket %s", name);
}

const char *map_label_inode(struct walk *w, uint64_t kva)
{
	struct scxray_num ino = read_member(w, kva, M_inode_i_ino);
	struct scxray_num sb = read_member(w, kva, M_inode_i_sb);
	struct scxray_text id;

	if (ino.state != SCXRAY_PRESENT || sb.state != SCXRAY_PRESENT)
		return NULL;
	id = read_text_array(w, sb.value, M_super_block_s_id);
	return id.state == SCXRAY_PRESENT ? label(w, &id, "inode %s:%llu", ino.value) : NULL;
}
