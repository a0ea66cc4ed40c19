/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * walkers.c - all walkers, in an order that a deadline may cut anywhere
 *
 * What is worth most comes first: why the scheduler ended, the queues and the
 * tasks in them, where those tasks are, then maps, then the rest.  A new
 * walker is a new row, below those that it needs.
 */
#include <scxray/group.h>
#include <scxray/report_struct.h>

#include "capture/run/walkers.h"

#include "capture/map/maps.h"
#include "capture/memory/recorder.h"
#include "capture/read/modules.h"
#include "capture/read/walk.h"
#include "capture/stack/stacks.h"
#include "capture/walk/walkers.h"

#define MAX_WALKERS 32 /* bits of walk.skip */

static void vcpus(struct walk *w)
{
	walk_vcpus(w, w->source);
}

static const struct {
	const char *name;
	void (*walk)(struct walk *w);
	bool untyped; /* works without BTF as well */
} walkers[MAX_WALKERS] = {
	{ "symbols of BPF programs", walk_bpf_symbols, false },
	{ "modules", walk_modules, false },
	{ "run queues", walk_rqs, false },
	{ "schedulers", walk_scheds, false },
	{ "DSQs", walk_dsqs, false },
	{ "CPUs", walk_cpus, false },
	{ "tasks of higher classes", walk_higher, false },
	{ "list of tasks", walk_scx_tasks, false },
	{ "tasks", walk_task_details, false },
	{ "held files", walk_held_files, false },
	{ "vCPUs", vcpus, true },
	{ "stacks", walk_stacks, true },
	{ "locks", walk_locks, true },
	{ "identities", walk_task_identities, false },
	{ "maps", walk_maps, false },
	{ "programs", walk_progs, false },
	{ "CPU time", walk_cpu_time, false },
	{ "NUMA", walk_numa, false },
	{ "pressure", walk_psi, false },
	{ "log", walk_log, false },
};

const char *walkers_name(size_t index)
{
	return index < MAX_WALKERS ? walkers[index].name : NULL;
}

/* A kernel without BTF: the report says which kernel it is and where its CPUs are, no more. */
static void no_types(struct walk *w)
{
	const char *why =
		pool_printf(w->pool, "kernel types unavailable: %s", w->k->types_error.text);

	for (unsigned group = 0; group < SCXRAY_NR_GUEST_GROUPS; group++)
		if (group != SCXRAY_GROUP_VCPUS)
			w->r->unavailable[group] = why;
}

static bool is_late(const struct walk *w)
{
	return is_recording(w) && w->g->phys->recorder && w->g->phys->recorder->late;
}

void walkers_run(struct walk *w)
{
	walk_guest(w, w->source);
	if (!w->k->has_types)
		no_types(w);
	for (size_t i = 0; i < MAX_WALKERS && walkers[i].walk && !is_late(w); i++) {
		if (!w->k->has_types && !walkers[i].untyped)
			continue;
		if (w->skip >> i & 1)
			continue;
		walkers[i].walk(w);
	}
	walk_missing(w);
}
