/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * walk.h - one walk over a guest: the state that every walker uses
 */
#ifndef CAPTURE_WALK_H
#define CAPTURE_WALK_H

#include <scxray/capture.h>

#include "capture/base/pool.h"
#include "capture/kernel/kernel.h"
#include "capture/memory/guest.h"

struct btf_cache;
struct modules;
struct owned;
struct sleepers;

/*
 * The purpose of a walk.  A walk that records runs while the guest is frozen.  It reads the bytes that the
 * report will be made from, and makes no names, texts or types; it calls neither malloc nor libbpf's
 * parser.  It must record all that the report's walk reads, so if it skips a step it touches its bytes.
 */
enum walk_mode {
	WALK_REPORT,
	WALK_REHEARSE, /* as WALK_RECORD, while the guest runs; loads the types that WALK_RECORD can use */
	WALK_RECORD,
};

struct walk {
	enum walk_mode mode;
	uint32_t skip; /* bit i: walkers_name(i) does not run, to measure its cost */
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
	struct btf_cache *btf_cache; /* for walks that record: the types they can use */
	/* programs of the live schedulers, and the maps they use: owner.c */
	struct owned *owned;
	size_t nr_owned;
	uint32_t *owned_slots; /* address -> index into owned + 1 */
	/* loadable modules; NULL: none, or not looked at */
	struct modules *modules;
	struct sleepers *sleepers; /* a recording's: stacks to copy after the thaw; or NULL */
	/* task_struct address -> index into r->tasks + 1 */
	uint32_t *task_slots;
	uint32_t task_mask;
};

static inline bool is_recording(const struct walk *w)
{
	return w->mode != WALK_REPORT;
}

#endif
