// SPDX-License-Identifier: BSD-2-Clause
/* Maps of keys and values: a row each. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "zoo.h"

#define NO_PREALLOC 1U
#define NO_COMMON_LRU 2U
#define MMAPABLE (1U << 10)

static const struct plan {
	unsigned int type;
	const char *name;
	const char *key, *value;	   /* kinds; NULL: no BTF */
	unsigned int key_size, value_size; /* where there is no kind */
	unsigned int max_entries, flags;
	unsigned int filled;  /* the first so many, by n */
	unsigned int step;    /* every so many-th; 0 is 1 */
	unsigned int removed; /* the first so many are deleted again */
} plan[] = {
	{ BPF_MAP_TYPE_ARRAY, "z_array", "u32", "zoo_value", 0, 0, 6, 0, 6, 0, 0 },
	{ BPF_MAP_TYPE_ARRAY, "z_array_one", "u32", "zoo_value", 0, 0, 1, 0, 0, 0, 0 },
	{ BPF_MAP_TYPE_ARRAY, "z_array_big", "u32", "zoo_big", 0, 0, 2, 0, 2, 0, 0 },
	{ BPF_MAP_TYPE_ARRAY, "z_array_bare", NULL, NULL, 4, 13, 5, 0, 5, 0, 0 },
	{ BPF_MAP_TYPE_ARRAY, "z_array_mmap", "u32", "zoo_small", 0, 0, 3, MMAPABLE, 3, 0, 0 },
	{ BPF_MAP_TYPE_ARRAY, "z_array_sparse", "u32", "zoo_small", 0, 0, 64, 0, 64, 31, 0 },
	{ BPF_MAP_TYPE_ARRAY, "z_array_u64", "u32", "u64", 0, 0, 9, 0, 9, 0, 0 },
	{ BPF_MAP_TYPE_PERCPU_ARRAY, "z_pcpu_array", "u32", "zoo_small", 0, 0, 5, 0, 5, 0, 0 },
	{ BPF_MAP_TYPE_PERCPU_ARRAY, "z_pcpu_bare", NULL, NULL, 4, 13, 3, 0, 3, 0, 0 },
	{ BPF_MAP_TYPE_PERCPU_ARRAY, "z_pcpu_value", "u32", "zoo_value", 0, 0, 4, 0, 4, 0, 0 },
	{ BPF_MAP_TYPE_HASH, "z_hash", "zoo_key", "zoo_value", 0, 0, 16, 0, 9, 0, 0 },
	{ BPF_MAP_TYPE_HASH, "z_hash_lazy", "zoo_key", "zoo_small", 0, 0, 64, NO_PREALLOC, 20, 0,
	  0 },
	{ BPF_MAP_TYPE_HASH, "z_hash_full", "u32", "zoo_small", 0, 0, 8, 0, 8, 0, 0 },
	{ BPF_MAP_TYPE_HASH, "z_hash_empty", "u32", "zoo_small", 0, 0, 8, 0, 0, 0, 0 },
	{ BPF_MAP_TYPE_HASH, "z_hash_bare", NULL, NULL, 5, 3, 8, 0, 4, 0, 0 },
	{ BPF_MAP_TYPE_HASH, "z_hash_gone", "u64", "u64", 0, 0, 16, 0, 8, 0, 5 },
	{ BPF_MAP_TYPE_HASH, "z_hash_big", "u32", "zoo_big", 0, 0, 4, NO_PREALLOC, 2, 0, 0 },
	{ BPF_MAP_TYPE_LRU_HASH, "z_lru", "zoo_key", "zoo_small", 0, 0, 256, 0, 12, 0, 3 },
	{ BPF_MAP_TYPE_LRU_HASH, "z_lru_own", "u64", "zoo_small", 0, 0, 256, NO_COMMON_LRU, 7, 0,
	  0 },
	{ BPF_MAP_TYPE_PERCPU_HASH, "z_pcpu_hash", "zoo_key", "zoo_small", 0, 0, 8, 0, 5, 0, 0 },
	{ BPF_MAP_TYPE_PERCPU_HASH, "z_pcpu_lazy", NULL, NULL, 7, 9, 8, NO_PREALLOC, 4, 0, 0 },
	{ BPF_MAP_TYPE_LRU_PERCPU_HASH, "z_pcpu_lru", "u32", "zoo_value", 0, 0, 256, 0, 5, 0, 0 },
	{ TYPE_RHASH, "z_rhash", "zoo_key", "zoo_value", 0, 0, 32, NO_PREALLOC, 11, 0, 2 },
	{ TYPE_RHASH, "z_rhash_bare", NULL, NULL, 6, 10, 32, NO_PREALLOC, 5, 0, 0 },
};

/* libbpf's name of a kind that has no struct */
static unsigned int type_id(const struct btf *btf, const char *kind)
{
	static const char *const ints[][2] = { { "u32", "unsigned int" },
					       { "u64", "unsigned long long" } };
	int id = btf__find_by_name_kind(btf, kind, BTF_KIND_STRUCT);

	for (size_t i = 0; id < 0 && i < ARRAY_SIZE(ints); i++) {
		if (!strcmp(ints[i][0], kind))
			id = btf__find_by_name_kind(btf, ints[i][1], BTF_KIND_INT);
	}
	if (id < 0)
		die("zoo: the BTF of zoo_sections has no %s", kind);
	return (unsigned int)id;
}

static bool per_cpu(unsigned int type)
{
	return type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

/* By n: equal on all CPUs; on all but CPU 1; only on CPU 1; on each another. */
static unsigned int variant(unsigned int n, unsigned int cpu)
{
	switch (n % 4) {
	case 0:
		return n + 1;
	case 1:
		return cpu == 1 ? n + 2 : n;
	case 2:
		return cpu == 1 ? n : 0;
	default:
		return n + 10 * cpu;
	}
}

static void make_value(const struct plan *row, unsigned int n, unsigned char *value, size_t size)
{
	size_t stride = (size + 7) & ~7UL;

	if (!per_cpu(row->type)) {
		kind_value(row->value, n, value, size);
		return;
	}
	for (unsigned int cpu = 0; cpu < (unsigned int)sysconf(_SC_NPROCESSORS_CONF); cpu++)
		kind_value(row->value, variant(n, cpu), value + cpu * stride, size);
}

static void make(FILE *out, const struct plan *row)
{
	unsigned int key_size = row->key ? (unsigned int)kind_size(row->key) : row->key_size;
	unsigned int value_size =
		row->value ? (unsigned int)kind_size(row->value) : row->value_size;
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = row->flags);
	unsigned char *key = calloc(1, key_size);
	unsigned char *value =
		calloc((size_t)sysconf(_SC_NPROCESSORS_CONF), (value_size + 7) & ~7UL);
	int types_fd, fd;

	if (!key || !value)
		die("zoo: out of memory");
	if (row->key) {
		const struct btf *btf = objects_types(&types_fd);

		opts.btf_fd = (unsigned int)types_fd;
		opts.btf_key_type_id = type_id(btf, row->key);
		opts.btf_value_type_id = type_id(btf, row->value);
	}
	fd = zoo_create(out, row->type, row->name, key_size, value_size, row->max_entries, &opts);
	for (unsigned int n = 0; fd >= 0 && n < row->filled; n += row->step ? row->step : 1) {
		kind_key(row->key, n, key, key_size);
		make_value(row, n, value, value_size);
		zoo_update(fd, row->name, key, value);
	}
	for (unsigned int n = 0; fd >= 0 && n < row->removed; n++) {
		kind_key(row->key, n, key, key_size);
		if (bpf_map_delete_elem(fd, key))
			die("zoo: map %s: delete: %s", row->name, strerror(errno));
	}
	if (fd >= 0)
		zoo_keep(fd, row->name, per_cpu(row->type) ? LIST_PERCPU : LIST_ENTRIES, row->key,
			 row->value);
	free(key);
	free(value);
}

void plain_make(FILE *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(plan); i++)
		make(out, &plan[i]);
}

/* Too big to be listed: whoever measures on it knows how kind_value() makes rows. */
void big_hash_make(FILE *out, unsigned int entries)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = NO_PREALLOC);
	struct zoo_row row;
	int types_fd, fd;
	const struct btf *btf = objects_types(&types_fd);

	opts.btf_fd = (unsigned int)types_fd;
	opts.btf_key_type_id = type_id(btf, "u32");
	opts.btf_value_type_id = type_id(btf, "zoo_row");
	fd = zoo_create(out, BPF_MAP_TYPE_HASH, "z_big_hash", 4, sizeof(row), entries, &opts);
	for (unsigned int n = 0; fd >= 0 && n < entries; n++) {
		kind_value("zoo_row", n, &row, sizeof(row));
		zoo_update(fd, "z_big_hash", &n, &row);
	}
}
