/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * walk.h - what every walker works with, and how it reads a member
 *
 * A walker asks for a member of the layout; what it gets is a number, or why there
 * is none.  Nothing here stops a walk.
 */
#ifndef CAPTURE_WALK_H
#define CAPTURE_WALK_H

#include <scxray/capture.h>

#include "capture/memory/guest.h"
#include "capture/kernel/kernel.h"
#include "capture/kernel/modules.h"
#include "capture/base/pool.h"

struct btf_cache;
struct sleepers;

/* A program of a scheduler, or a map that its programs use. */
struct owned {
	uint64_t kva;
	size_t sched; /* index into the report's; OWNED_BY_SEVERAL */
	uint64_t btf; /* of a map: the BTF object of the program that uses it; 0: unknown */
};

#define OWNED_BY_SEVERAL SIZE_MAX

/*
 * What a walk is for.  One that records runs while the guest is frozen: it reads what the
 * report will be made from, and makes nothing itself, neither names nor texts nor types,
 * and calls neither malloc nor libbpf's parser.  What it records must be what the
 * report's walk reads, so where it leaves something out it touches the bytes.
 */
enum walk_mode {
	WALK_REPORT,
	WALK_REHEARSE, /* as WALK_RECORD, over a guest that runs; loads what that can use */
	WALK_RECORD,
};

struct walk {
	enum walk_mode mode;
	uint32_t skip; /* bit i: walkers_name(i) is left out, to measure what it costs */
	const struct scxray_source *source;
	struct guest *g;
	struct kernel *k;
	struct pool *pool;
	struct scxray_report *r;
	struct scxray_settings settings;
	bool member_missing[LAYOUT_NR_MEMBERS]; /* asked for, not in this kernel */
	bool symbol_missing[LAYOUT_NR_SYMBOLS];
	/* the guest's BTF objects that maps refer to: map_types.c */
	void *btfs;
	size_t nr_btfs;
	struct btf_cache *btf_cache; /* of walks that record: the types they can use */
	/* programs of the live schedulers, and the maps they use: owner.c */
	struct owned *owned;
	size_t nr_owned;
	uint32_t *owned_slots; /* address -> index into owned + 1 */
	/* loadable modules; NULL: none, or not looked at */
	struct modules *modules;
	struct sleepers *sleepers; /* of a recording: what it need not copy itself; or NULL */
	/* task_struct address -> index into r->tasks + 1 */
	uint32_t *task_slots;
	uint32_t task_mask;
};

static inline bool is_recording(const struct walk *w)
{
	return w->mode != WALK_REPORT;
}

/* ---- atoms --------------------------------------------------------------- */

struct scxray_num num_present(uint64_t value);
struct scxray_num num_unreadable(uint64_t addr, enum read_status status);

/* An integer of `size` bytes (1, 2, 4, 8) at `addr`. */
struct scxray_num read_int(struct walk *w, uint64_t addr, uint32_t size, bool is_signed);

/* Member m of the struct at `base`; bit fields and atomics included. */
struct scxray_num read_member(struct walk *w, uint64_t base, enum layout_member m);

/* The same, where absence is normal (one of several shapes): NONE, and not listed as missing. */
struct scxray_num read_optional(struct walk *w, uint64_t base, enum layout_member m);

/* The value at a symbol, of the size that the layout gives. */
struct scxray_num read_symbol(struct walk *w, enum layout_symbol s, bool is_signed);

/* Text in an array member, up to its size; and behind a char * member, up to `max` bytes. */
struct scxray_text read_text_array(struct walk *w, uint64_t base, enum layout_member m);
struct scxray_text read_text_pointer(struct walk *w, uint64_t base, enum layout_member m,
				     size_t max);

/* nr_cpu_ids bits at `addr`. */
struct scxray_cpumask read_cpumask_at(struct walk *w, uint64_t addr);

/* A cpumask_var_t or cpumask_t * member: a pointer, or the mask itself (decided by BTF). */
struct scxray_cpumask read_cpumask(struct walk *w, uint64_t base, enum layout_member m);

/* Has this kernel the member, or the symbol?  Asking this lists nothing as missing. */
static inline bool has_member(const struct walk *w, enum layout_member m)
{
	return w->k->layout.member[m].present;
}

static inline bool has_symbol(const struct walk *w, enum layout_symbol s)
{
	return w->k->layout.symbol[s] != 0;
}

static inline uint64_t member_addr(const struct walk *w, uint64_t base, enum layout_member m)
{
	return base + w->k->layout.member[m].offset;
}

/* The address of a per-CPU object on one CPU. */
static inline uint64_t percpu_addr(const struct walk *w, uint64_t object, uint32_t cpu)
{
	return object + w->k->percpu[cpu];
}

/* Records what read_member() would read, and reads nothing. */
static inline void touch_member(struct walk *w, uint64_t base, enum layout_member m)
{
	if (has_member(w, m))
		guest_touch(w->g, member_addr(w, base, m), w->k->layout.member[m].size);
}

/* A pointer or long, for a walk that records and has to go on from there: 0 where there is none. */
static inline uint64_t record_word(struct walk *w, uint64_t base, enum layout_member m)
{
	const struct member *member = &w->k->layout.member[m];
	uint64_t value;

	if (!member->present || member->size != 8 || member->bits ||
	    guest_read_u64(w->g, base + member->offset, &value))
		return 0;
	return value;
}

/* The size of one element of an array member; 0 if it is none. */
uint32_t element_size(const struct walk *w, enum layout_member m);

/* The size of what a pointer member points to; 0 if that has none. */
uint32_t pointee_size(const struct walk *w, enum layout_member m);

/* "name+0x1c" in the report's memory; NULL where no symbol covers it. */
const char *symbol_of(struct walk *w, uint64_t addr);
/* The same for a return address: of the call before it. */
const char *return_symbol_of(struct walk *w, uint64_t addr);

/*
 * The names of the set bits of `value` by a BTF enum: "ONLINE|CAN_STOP_TICK|0x40".
 * Enumerators that are no single bit, and bits outside `mask`, are left out;
 * `prefix` is cut off the names.
 */
const char *flag_names(struct walk *w, const char *enum_name, const char *prefix, uint64_t value,
		       uint64_t mask);

/* THREAD_SIZE: bytes of a task's kernel stack; 0: not known. */
uint32_t task_stack_size(const struct walk *w);

/* ---- containers ---------------------------------------------------------- */

/*
 * A circular list with a bound, of which no node comes twice.  After the last
 * list_next() `cut` says why the list ended early, or is NULL.
 */
#define LIST_MAX_TORN 4

struct list_iter {
	struct walk *w;
	uint64_t head;
	uint64_t node;
	uint32_t nr;
	uint32_t max;
	/* nodes that don't point back to where they were reached from */
	uint64_t torn[LIST_MAX_TORN];
	uint32_t nr_torn;
	const char *cut;
};

void list_start(struct list_iter *it, struct walk *w, uint64_t head, uint32_t max);
bool list_next(struct list_iter *it, uint64_t *node);

/*
 * Nodes of an rb-tree in order, into `nodes`, at most `max`.  Returns their
 * number; *cut says why the tree was left early, or is NULL.
 */
size_t rbtree_nodes(struct walk *w, uint64_t root_node, uint64_t *nodes, size_t max,
		    const char **cut);

/*
 * Entries of an xarray (or idr) whose head word is at `head_addr`, in index order:
 * calls visit() for each; it returns false to stop.  *cut as above.
 */
void xarray_walk(struct walk *w, uint64_t head_addr, uint32_t max,
		 bool (*visit)(struct walk *w, uint64_t index, uint64_t entry, void *arg),
		 void *arg, const char **cut);

/* Objects (rhash_head addresses) of the rhashtable at `ht`; order is the table's. */
void rhashtable_walk(struct walk *w, uint64_t ht, uint32_t max,
		     bool (*visit)(struct walk *w, uint64_t node, void *arg), void *arg,
		     const char **cut);

/* ---- walkers: each fills its part of w->r -------------------------------- */

void walk_guest(struct walk *w, const struct scxray_source *source);
void walk_bpf_symbols(struct walk *w);
void walk_modules(struct walk *w);
void walk_vcpus(struct walk *w, const struct scxray_source *source);
/* kernel stacks, of vCPUs and of tasks: after both are known */
void walk_stacks(struct walk *w);
/* after the thaw: what walk_stacks() of the recording left to be copied */
uint32_t walk_sleepers(struct walk *w); /* returns of how many the task had run by then */
/* tasks in lock slow paths, by those stacks; locks that CPUs hold */
void walk_locks(struct walk *w);
void walk_rqs(struct walk *w);
/* runnable rt and deadline tasks of every CPU */
void walk_higher(struct walk *w);
void walk_scheds(struct walk *w);
void walk_dsqs(struct walk *w);
void walk_scx_tasks(struct walk *w);
void walk_task_details(struct walk *w);
/* all that a report says of the task at task->kva but its stack and identity */
void task_read_details(struct walk *w, struct scxray_task *task);
/* first of all under a freeze, whatever the limits: run queues, and the oldest runnable tasks */
void walk_stalled(struct walk *w);
void walk_task_identities(struct walk *w);
void walk_maps(struct walk *w);
void walk_progs(struct walk *w);
void walk_cpu_time(struct walk *w);
void walk_numa(struct walk *w);
void walk_psi(struct walk *w);
void walk_log(struct walk *w);
void walk_missing(struct walk *w);

/* Has the symbols of the module whose code holds `addr`, if any does, read. */
void modules_need(struct walk *w, uint64_t addr);

/* Frees the BTF objects of walk.btfs. */
void map_types_deinit(void *btfs, size_t nr);

/* The types of maps that a rehearsal met, for the recordings that follow it. */
struct btf_cache *btf_cache_create(void);
void btf_cache_destroy(struct btf_cache *cache);

/* The index of the task at `kva` in w->r->tasks, adding it; -1 when the cap is reached. */
int32_t task_index(struct walk *w, uint64_t kva);

/* The address of the task whose sched_ext_entity member `m` is at `node`. */
uint64_t task_of_entity(const struct walk *w, uint64_t node, enum layout_member m);

/* "ext", "fair", ... for a sched_class address; NULL if unknown. */
const char *sched_class_name(const struct walk *w, uint64_t class_kva);

/* The name of a built-in DSQ id by the kernel's enum; NULL for user DSQs. */
const char *dsq_id_name(struct walk *w, uint64_t id);

/* The ops of the scheduler at w->r->scheds[i], with the programs behind them. */
void walk_ops(struct walk *w, struct scxray_sched *sched, uint64_t ops, const char *ops_type);

/* The map or program at `kva` is the scheduler's; `btf` is the address of the program's BTF, or 0. */
void owner_note(struct walk *w, uint64_t kva, const struct scxray_sched *sched, uint64_t btf);

/* The BTF object of the first program that uses the map at `kva`; 0: unknown. */
uint64_t owner_btf(const struct walk *w, uint64_t kva);

/*
 * Is the map or program at `kva` a live scheduler's?  Where there are several schedulers it also
 * says whose, unless more than one uses it.
 */
bool owner_of(const struct walk *w, uint64_t kva, struct scxray_num *sched_kva,
	      const char **sched_name);

/* What the report's DSQs, maps and programs call a scheduler: NULL where there is only one. */
const char *owner_name(const struct walk *w, const struct scxray_sched *sched);

/* Adds what the scheduler at `sched` keeps of each CPU to the run queues: walk_rqs.c. */
void walk_rqs_of_sub(struct walk *w, uint64_t sched);

/* The exit info at `kva`. */
void walk_exit_info(struct walk *w, struct scxray_exit_info *info, struct scxray_num kva);

/* Event counters: `stats` is the per-CPU address of a struct scx_event_stats. */
void walk_events(struct walk *w, struct scxray_sched *sched, uint64_t stats);

#endif
