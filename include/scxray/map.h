/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map.h - the report model's maps: every BPF map with its contents, what pointers in
 * them lead to, and the allocators that live in arenas
 */
#ifndef SCXRAY_MAP_H
#define SCXRAY_MAP_H

#include <scxray/atoms.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- maps --------------------------------------------------------------- */

/* Which member of struct scxray_map has a map's contents. */
enum scxray_map_form {
	SCXRAY_MAP_NONE,	   /* only the header; `error` says why, if there is a reason */
	SCXRAY_MAP_VALUE,	   /* one value: entries[0] */
	SCXRAY_MAP_ARRAY,	   /* entries by index, no keys */
	SCXRAY_MAP_ENTRIES,	   /* entries with keys; of storage maps, with owners */
	SCXRAY_MAP_PERCPU_ARRAY,   /* entries by index, values per CPU */
	SCXRAY_MAP_PERCPU_ENTRIES, /* entries with keys, values per CPU */
	SCXRAY_MAP_QUEUE,   /* entries in queue order (of a stack: top first), index is the place */
	SCXRAY_MAP_ARENA,   /* arena */
	SCXRAY_MAP_RINGBUF, /* ringbuf */
	SCXRAY_MAP_STACK_TRACE, /* stacks */
	SCXRAY_MAP_FD_ARRAY,	/* slots */
	SCXRAY_MAP_BLOOM,	/* bloom */
};

/* The type of a map's keys or values; `btf` is NULL where the map has none: raw bytes. */
struct scxray_type {
	const struct btf *btf; /* owned by the report */
	uint32_t type_id;
	uint32_t size; /* bytes of one key or value, as the map says */
};

/*
 * An entry of any map that has keys or values.  Kept small: a map may have a
 * million.  scxray_map_key() and scxray_map_value() make values of it.
 */
struct scxray_entry {
	uint64_t addr;	      /* guest address of the element; 0 where it could not be found */
	const uint8_t *key;   /* key_type.size bytes; NULL: no key */
	const uint8_t *value; /* value_type.size bytes; NULL: per CPU, or unreadable */
	const char *reason;   /* why there is no value */
	uint32_t index;	      /* of arrays and queues */
	uint32_t owner;	      /* of storage maps: index into owners + 1; 0: unknown */
};

struct scxray_ringbuf_record {
	uint64_t pos;
	uint32_t len;
	bool busy; /* reserved, not yet committed */
	bool discarded;
	const uint8_t *bytes; /* the first `captured` bytes, NULL where unreadable */
	uint32_t captured;
	const char *reason;
	const struct btf *btf; /* where a struct is inferred that the record may be; or NULL */
	uint32_t type_id;
};

struct scxray_ringbuf {
	struct scxray_num capacity; /* bytes */
	struct scxray_num consumer_pos;
	struct scxray_num producer_pos;
	struct scxray_num pending_pos;
	struct scxray_num overwrite_pos;
	struct scxray_ringbuf_record *records; /* those not yet consumed, oldest first */
	size_t nr_records;
	const char *cut;
};

struct scxray_stack {
	uint32_t id;
	uint32_t nr;		    /* frames, as the bucket says */
	struct scxray_address *pcs; /* nr_pcs; NULL in build-id mode */
	size_t nr_pcs;
	const uint8_t *build_ids; /* nr_pcs times struct bpf_stack_build_id, in build-id mode */
	const char *reason;
};

struct scxray_stacks {
	uint32_t nr_buckets;
	bool build_id_mode;
	struct scxray_stack *stacks;
	size_t nr_stacks;
	uint32_t nr_unreadable;
	const char *cut;
};

struct scxray_slot {
	uint32_t index;
	const uint8_t *key; /* of hash-shaped maps: key_type.size bytes; else NULL */
	struct scxray_num kva;
	const char *holds; /* "prog scxfix_dispatch", "map inner#12", NULL where unknown */
};

struct scxray_slots {
	uint32_t nr_scanned;
	struct scxray_slot *slots; /* those that are not empty */
	size_t nr_slots;
	uint32_t nr_unreadable;
	const char *cut;
};

struct scxray_arena_page {
	uint64_t user_addr;
	const uint8_t *bytes; /* 4096 */
};

struct scxray_arena {
	struct scxray_num user_vm_start;
	struct scxray_num user_vm_end;
	uint64_t kern_vm_start; /* kernel address of user address 0 modulo 4 GiB; 0 unknown */
	struct scxray_arena_page *pages; /* mapped ones, ascending */
	size_t nr_pages;
	uint64_t nr_mapped; /* mapped pages, captured or not; the map's total */
	const char *cut;
	const struct btf *btf; /* of a program of the live scheduler that uses it, or NULL */
	/* global variables that live in the arena, where that BTF has any; else NONE */
	struct scxray_value globals;
};

struct scxray_bloom {
	struct scxray_num nr_bits;
	struct scxray_num nr_hash_funcs;
	struct scxray_num nr_set;
};

struct scxray_map {
	uint32_t id;
	uint64_t map_kva;
	struct scxray_text name;
	struct scxray_num map_type;
	const char *
		type_name; /* "percpu_array"; NULL for a type that the kernel's BTF does not name */
	struct scxray_num key_size;
	struct scxray_num value_size;
	struct scxray_num max_entries;
	struct scxray_num map_flags;
	const char *error;     /* what could not be had, or was cut */
	const char *btf_error; /* why keys and values are raw although the map has BTF */
	bool active;	       /* a program of a live scheduler uses it */
	/* of several schedulers the one whose programs use it: NONE and NULL where more than one does */
	struct scxray_num sched_kva;
	const char *sched_name;

	enum scxray_map_form form;
	struct scxray_type key_type;
	struct scxray_type value_type;
	struct scxray_entry *entries;
	size_t nr_entries;
	uint64_t total;	     /* entries that the map has, captured or not; 0: unknown */
	bool total_is_least; /* a limit or broken memory ended the walk: `total` or more */
	/* of per-CPU forms: entry e on CPU cpus[c] is per_cpu[e * nr_cpus + c], NULL: unmapped */
	const uint8_t **per_cpu;
	const uint32_t *cpus;
	size_t nr_cpus;
	const char **owners; /* "comm[pid]", a cgroup's path, ... */
	size_t nr_owners;

	struct scxray_ringbuf *ringbuf;
	struct scxray_stacks *stacks;
	struct scxray_slots *slots;
	struct scxray_arena *arena;
	struct scxray_bloom *bloom;
};

/* The key of an entry as a value; state NONE where it has none. */
struct scxray_value scxray_map_key(const struct scxray_map *map, const struct scxray_entry *entry);

/* `bytes` (an entry's value, or one of its per-CPU values) as a value; NULL is unreadable. */
struct scxray_value scxray_map_value(const struct scxray_map *map, const struct scxray_entry *entry,
				     const uint8_t *bytes);

/* A record as a value: its `btf` is NULL where no type is inferred. */
static inline struct scxray_value scxray_ringbuf_value(const struct scxray_ringbuf_record *record)
{
	return (struct scxray_value){
		.btf = record->btf,
		.type_id = record->type_id,
		.bytes = record->bytes,
		.size = record->captured,
		.state = SCXRAY_PRESENT,
	};
}

/* ---- pointees ------------------------------------------------------------ */

/*
 * What a kernel pointer inside a map's value leads to: a cpumask's bytes, a
 * task's or cgroup's name, a timer's state.  Found by the map's btf_record.
 */
struct scxray_pointee {
	uint64_t addr;
	const char *label;	   /* "comm[pid]", "/alpha/inner", "armed, ..."; NULL: see value */
	struct scxray_value value; /* state NONE: only a label */
	uint64_t map_kva;	   /* the map that has it: in a value, a list or a tree of it */
};

/* ---- the scx library's arena allocators ----------------------------------- */

/* One live slot of a struct scx_allocator (sdt_alloc): struct sdt_data and its payload. */
struct scxray_sdt_entry {
	int32_t idx;
	int32_t genn;
	uint64_t user_addr;	     /* of the struct sdt_data */
	const char *owner;	     /* "comm[pid]" whose storage points to it, or NULL */
	uint32_t owner_map;	     /* id of the map that is that storage */
	struct scxray_value payload; /* typed where payload_type is; else raw bytes */
};

/* A struct scx_allocator in a scheduler's .bss. */
struct scxray_sdt {
	const char *name; /* of the variable */
	struct scxray_num elem_size;
	uint32_t payload_type;		 /* in the .bss map's BTF; 0: unknown */
	const char *payload_type_reason; /* how the type was found, or why not */
	struct scxray_sdt_entry *entries;
	size_t nr_entries;
	uint32_t skipped_subtrees; /* whose pages are not there */
	const char *cut;
};

/* A struct scx_static: a bump allocator. */
struct scxray_static_range {
	const char *name;
	uint64_t start; /* user address */
	uint64_t size;	/* bytes handed out */
	uint64_t capacity;
};

#ifdef __cplusplus
}
#endif
#endif
