/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The maps of the fixture scheduler, and its three global variables. A new map type is a new entry
 * here.
 */
#ifndef SCXFIX_MAPS_H
#define SCXFIX_MAPS_H

#include "kernel.h"
#include "shared.h"

const volatile struct scxfix_settings settings SEC(".rodata.settings");
struct scxfix_state state SEC(".data.state");
struct scxfix_exit exit_record SEC(".data.exit_record");
struct user_exit_info uei;

struct task_ctx {
	u32 role;
	u32 index;
	u64 vtime; /* of its next turn in DSQ_VTIME */
	u64 slice; /* that it was given last */
	u64 enqueued;
	u64 ran;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_ctx);
} task_ctxs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_CREW);
	__type(key, u32);
	__type(value, struct scxfix_member);
} crew SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_VICTIMS);
	__type(key, u32);
	__type(value, struct scxfix_wait);
} waits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct scxfix_counters);
} counters SEC(".maps");

/* pids of the tasks that MODE_HELD keeps to itself */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, HELD_CAPACITY);
	__type(value, u32);
} held SEC(".maps");

#endif
