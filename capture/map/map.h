/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map.h - BPF maps: one file a kind, one row a type (maps.c)
 *
 * A map walker fills the part of struct scxray_map that its form names.  It never
 * fails: what could not be had goes to map->error or to the entry.
 */
#ifndef CAPTURE_MAP_H
#define CAPTURE_MAP_H

#include "capture/read/read.h"

struct scxray_entry;
struct scxray_map;
struct scxray_ringbuf;

/* Stable numbers of enum bpf_map_type (include/uapi/linux/bpf.h). */
enum map_type {
	MAP_HASH = 1,
	MAP_ARRAY = 2,
	MAP_PROG_ARRAY = 3,
	MAP_PERF_EVENT_ARRAY = 4,
	MAP_PERCPU_HASH = 5,
	MAP_PERCPU_ARRAY = 6,
	MAP_STACK_TRACE = 7,
	MAP_CGROUP_ARRAY = 8,
	MAP_LRU_HASH = 9,
	MAP_LRU_PERCPU_HASH = 10,
	MAP_LPM_TRIE = 11,
	MAP_ARRAY_OF_MAPS = 12,
	MAP_HASH_OF_MAPS = 13,
	MAP_DEVMAP = 14,
	MAP_SOCKMAP = 15,
	MAP_CPUMAP = 16,
	MAP_XSKMAP = 17,
	MAP_SOCKHASH = 18,
	MAP_CGROUP_STORAGE = 19,
	MAP_REUSEPORT_SOCKARRAY = 20,
	MAP_PERCPU_CGROUP_STORAGE = 21,
	MAP_QUEUE = 22,
	MAP_STACK = 23,
	MAP_SK_STORAGE = 24,
	MAP_DEVMAP_HASH = 25,
	MAP_STRUCT_OPS = 26,
	MAP_RINGBUF = 27,
	MAP_INODE_STORAGE = 28,
	MAP_TASK_STORAGE = 29,
	MAP_BLOOM_FILTER = 30,
	MAP_USER_RINGBUF = 31,
	MAP_CGRP_STORAGE = 32,
	MAP_ARENA = 33,
	MAP_INSN_ARRAY = 34,
	MAP_RHASH = 35,
};

typedef void (*map_walk_fn)(struct walk *w, struct scxray_map *map);

void map_walk_array(struct walk *w, struct scxray_map *map);
void map_walk_percpu_array(struct walk *w, struct scxray_map *map);
void map_walk_hash(struct walk *w, struct scxray_map *map);
void map_walk_percpu_hash(struct walk *w, struct scxray_map *map);
void map_walk_hash_of_maps(struct walk *w, struct scxray_map *map);
void map_walk_rhash(struct walk *w, struct scxray_map *map);
void map_walk_storage(struct walk *w, struct scxray_map *map);
void map_walk_cgroup_storage(struct walk *w, struct scxray_map *map);
void map_walk_struct_ops(struct walk *w, struct scxray_map *map);
void map_walk_arena(struct walk *w, struct scxray_map *map);
void map_walk_ringbuf(struct walk *w, struct scxray_map *map);
void map_walk_stack_trace(struct walk *w, struct scxray_map *map);
void map_walk_fd_array(struct walk *w, struct scxray_map *map);
void map_walk_fd_hash(struct walk *w, struct scxray_map *map);
void map_walk_queue(struct walk *w, struct scxray_map *map);
void map_walk_lpm_trie(struct walk *w, struct scxray_map *map);
void map_walk_bloom(struct walk *w, struct scxray_map *map);
void map_walk_insn_array(struct walk *w, struct scxray_map *map);

/* ---- shared by the walkers ------------------------------------------------ */

static inline uint32_t round_up8(uint32_t n)
{
	return n > UINT32_MAX - 7 ? UINT32_MAX & ~7u : (n + 7) & ~7u;
}

/* A header number that has been read, or 0. */
static inline uint32_t map_u32(struct scxray_num num)
{
	return num.state == SCXRAY_PRESENT ? (uint32_t)num.value : 0;
}

/* The address of the struct that holds the map, by the offset of its `map` member. */
static inline uint64_t map_container(const struct walk *w, const struct scxray_map *map,
				     enum layout_member m)
{
	return map->map_kva - w->k->layout.member[m].offset;
}

/* Sets map->error, unless there is an earlier one. */
void map_error(struct walk *w, struct scxray_map *map, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* True if the kernel has the member; else the error says that it has not. */
bool map_needs(struct walk *w, struct scxray_map *map, enum layout_member m);

/* A new entry; NULL (and the error) at the cap or when memory is used up. */
struct scxray_entry *map_add_entry(struct walk *w, struct scxray_map *map);

/*
 * `size` bytes at `kva`, copied to the report's memory; NULL with the reason in
 * *reason where they cannot be read whole.
 */
const uint8_t *map_read_bytes(struct walk *w, uint64_t kva, uint32_t size, const char **reason);

/* Sets the CPUs of a per-CPU map; false when memory is used up. */
bool map_percpu_start(struct walk *w, struct scxray_map *map);

/*
 * A new entry with a place for its value on every CPU, unmapped at first; NULL as
 * map_add_entry().  map_percpu_values() fills the latest: `pptr` is the per-CPU address.
 */
struct scxray_entry *map_add_percpu_entry(struct walk *w, struct scxray_map *map);
void map_percpu_values(struct walk *w, struct scxray_map *map, uint64_t pptr);

/* The key and value types, by the map's own BTF. */
void map_set_types(struct walk *w, struct scxray_map *map);

/*
 * The nodes, at most `max` of them, of the struct bpf_list_head or bpf_rb_root whose
 * bytes are given.  Returns how many; *cut says why there are no more, or is NULL.
 */
size_t map_graph_list(struct walk *w, const uint8_t *head, uint64_t *nodes, size_t max,
		      const char **cut);
size_t map_graph_tree(struct walk *w, const uint8_t *root, uint64_t *nodes, size_t max,
		      const char **cut);

/* The types of the guest's BTF object at `kva`; NULL and the reason where it has none. */
const struct types *map_find_btf(struct walk *w, uint64_t kva, const char **reason);

/* The types that `btf` belongs to; NULL where it is NULL. */
const struct types *map_find_types(struct walk *w, const struct btf *btf);

/* The types that map->value_type.btf belongs to; NULL where the map has none. */
const struct types *map_find_value_types(struct walk *w, const struct scxray_map *map);

/* The inner maps of the live scheduler's maps of maps; after all maps. */
void map_mark_inner(struct walk *w);

/* The variables that programs keep in arenas; after all maps. */
void map_find_arena_globals(struct walk *w);

/* The same of one arena, whose programs have these types. */
void map_find_arena_globals_in(struct walk *w, const struct scxray_map *map,
			       const struct types *types);

/* The types of the programs that use the map, which have no BTF of its own; NULL: not known. */
const struct types *map_program_types(struct walk *w, const struct scxray_map *map);

/* What the records of ring buffers may be; after all maps. */
void map_type_records(struct walk *w);

/* The same of one; `variables` as sdt_find_variables() gives them. */
void map_type_records_of(struct walk *w, struct scxray_ringbuf *ring, const struct types *types,
			 const uint8_t *variables);

/* The scx library's allocators in active .bss maps; after all maps. */
void map_walk_allocators(struct walk *w);

/* The same of one .bss map, whose value's types are `types`. */
void map_walk_allocators_in(struct walk *w, const struct scxray_map *map,
			    const struct types *types);

/* What the special fields of a map's values (kptrs, timers) lead to, into w->r->pointees. */
void map_follow_fields(struct walk *w, struct scxray_map *map);

/* Puts the pointees in order, once all maps have been walked. */
void map_sort_pointees(struct walk *w);

/* "name#id" of the map at `kva`, "name" of a program; NULL where it cannot be read. */
const char *map_label_map(struct walk *w, uint64_t kva);
const char *map_label_prog(struct walk *w, uint64_t kva);

/* "comm[pid]", an inode's number. */
const char *map_label_task(struct walk *w, uint64_t kva);
const char *map_label_inode(struct walk *w, uint64_t kva);
/* "device lo"; "socket inet port 4242", of a struct sock or what begins with one. */
const char *map_label_device(struct walk *w, uint64_t kva);
const char *map_label_sock(struct walk *w, uint64_t kva);

/* The address of an element's value, which follows its key. */
static inline uint64_t htab_value(const struct walk *w, const struct scxray_map *map, uint64_t elem)
{
	return member_addr(w, elem, M_htab_elem_key) + round_up8(map->key_type.size);
}

#endif
