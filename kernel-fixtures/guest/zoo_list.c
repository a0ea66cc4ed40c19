// SPDX-License-Identifier: BSD-2-Clause
/* What bpf() says of maps: the headers of all, the contents of the zoo's. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "zoo.h"

#define MAX_MAPS 128

static struct kept {
	int fd;
	unsigned int id;
	const char *name, *key, *value;
	enum listing listing;
} kept[MAX_MAPS];
static size_t nr_kept;

void put_hex(FILE *out, const void *bytes, size_t size)
{
	const unsigned char *at = bytes;

	while (size && !at[size - 1])
		size--;
	fputc('"', out);
	for (size_t i = 0; i < size; i++)
		fprintf(out, "%02x", at[i]);
	fputc('"', out);
}

void zoo_keep(int fd, const char *name, enum listing listing, const char *key, const char *value)
{
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);

	if (nr_kept == MAX_MAPS)
		die("zoo: no room for map %s", name);
	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		die("zoo: map %s: %s", name, strerror(errno));
	kept[nr_kept++] = (struct kept){ fd, info.id, name, key, value, listing };
}

int zoo_create(FILE *out, unsigned int type, const char *name, unsigned int key_size,
	       unsigned int value_size, unsigned int max_entries,
	       const struct bpf_map_create_opts *opts)
{
	int fd = bpf_map_create(type, name, key_size, value_size, max_entries, opts);

	if (fd < 0)
		fprintf(out, "{\"absent\": \"%s\", \"type\": %u, \"error\": \"%s\"}\n", name, type,
			strerror(errno));
	return fd;
}

void zoo_update(int fd, const char *name, const void *key, const void *value)
{
	if (bpf_map_update_elem(fd, key, value, BPF_ANY))
		die("zoo: map %s: update: %s", name, strerror(errno));
}

static void put_value(FILE *out, enum listing listing, const struct bpf_map_info *info,
		      const unsigned char *value)
{
	size_t stride = (info->value_size + 7) & ~7UL;
	int cpus = (int)sysconf(_SC_NPROCESSORS_CONF);

	if (listing != LIST_PERCPU) {
		put_hex(out, value, info->value_size);
		return;
	}
	fputc('[', out);
	for (int cpu = 0; cpu < cpus; cpu++) {
		fputs(cpu ? ", " : "", out);
		put_hex(out, value + (size_t)cpu * stride, info->value_size);
	}
	fputc(']', out);
}

void list_entries(FILE *out, int fd, enum listing listing, const struct bpf_map_info *info)
{
	size_t stride = (info->value_size + 7) & ~7UL;
	unsigned char *value = calloc((size_t)sysconf(_SC_NPROCESSORS_CONF), stride);
	unsigned char *key = calloc(1, info->key_size + 1);
	unsigned char *next = calloc(1, info->key_size + 1);
	const char *comma = "";
	void *at = NULL;

	if (!value || !key || !next)
		die("zoo: out of memory");
	fprintf(out, "{\"%s\": %u, \"listed\": [",
		listing == LIST_PERCPU	 ? "percpu"
		: listing == LIST_STACKS ? "stacks"
					 : "entries",
		info->id);
	while (!bpf_map_get_next_key(fd, at, next)) {
		memcpy(key, next, info->key_size);
		at = key;
		if (bpf_map_lookup_elem(fd, key, value)) {
			if (errno == ENOENT)
				continue; /* an empty slot */
			die("map %s: lookup: %s", info->name, strerror(errno));
		}
		fprintf(out, "%s[", comma);
		put_hex(out, key, info->key_size);
		fputs(", ", out);
		put_value(out, listing, info, value);
		fputc(']', out);
		comma = ", ";
	}
	if (errno != ENOENT)
		die("map %s: next key: %s", info->name, strerror(errno));
	fputs("]}\n", out);
	free(value);
	free(key);
	free(next);
}

static const struct kept *kept_of(unsigned int id)
{
	for (size_t i = 0; i < nr_kept; i++) {
		if (kept[i].id == id)
			return &kept[i];
	}
	return NULL;
}

static void put_kind(FILE *out, const char *key, const char *kind)
{
	if (kind)
		fprintf(out, ", \"%s\": \"%s\"", key, kind);
}

static void list_map(FILE *out, unsigned int id)
{
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);
	const struct kept *map = kept_of(id);
	int fd = bpf_map_get_fd_by_id(id);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		die("zoo: map %u: %s", id, strerror(errno));
	fprintf(out,
		"{\"map\": %u, \"name\": \"%s\", \"map_type\": %u, \"key_size\": %u, \"value_size\": %u, \"max_entries\": %u, \"map_flags\": %u",
		info.id, info.name, info.type, info.key_size, info.value_size, info.max_entries,
		info.map_flags);
	if (map) {
		fprintf(out, ", \"zoo\": \"%s\"", map->name);
		put_kind(out, "key", map->key);
		put_kind(out, "value", map->value);
	}
	fputs("}\n", out);
	if (map && map->listing != LIST_NOTHING)
		list_entries(out, map->fd, map->listing, &info);
	close(fd);
}

void zoo_list(FILE *out)
{
	__u32 id = 0;

	while (!bpf_map_get_next_id(id, &id))
		list_map(out, id);
	if (errno != ENOENT)
		die("zoo: next map: %s", strerror(errno));
}
