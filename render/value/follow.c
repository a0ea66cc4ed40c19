/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * follow.c - follows the pointers inside a map's value
 *
 * Three kinds of pointers can be followed: those whose object the capture looked up (kptrs,
 * timers: scxray_report_pointee()), slots of the scx library's allocators, and other
 * addresses of arena memory, which the report has page by page. An arena pointer is
 * recognised by its address, so its type needs no tag; with a tag it may also be the low 32
 * bits alone, as programs see it. The walk handles cycles and depth. Here the number of
 * pointers is bounded: a graph of a few nodes, each pointing to all others, would otherwise
 * be written in every order.
 */
#include "render/value/follow.h"

#include <limits.h>
#include <stdlib.h>

#include <scxray/map.h>
#include <scxray/report_struct.h>

#include "render/value/btf_type.h"

#define MAX_POINTEE 65536 /* bytes of one pointee */
#define MAX_LOOSE 4096	  /* of one whose size its type does not say */
#define MAX_DEPTH 64	  /* pointers on one path; the walk has the same limit */
#define MAX_IN_VALUE 512
#define MAX_IN_REPORT (1u << 16)
#define ARENA_SPAN (1ULL << 32)

/* The range of addresses of an arena. */
struct arena_window {
	const struct scxray_arena *arena;
	uint64_t user_start, user_end;
};

static void add_arena(struct follow *f, const struct scxray_arena *arena)
{
	struct arena_window *more;

	if (!arena || arena->user_vm_start.state != SCXRAY_PRESENT ||
	    arena->user_vm_end.state != SCXRAY_PRESENT)
		return;
	more = realloc(f->arenas, (f->nr_arenas + 1) * sizeof(*more));
	if (!more)
		return;
	f->arenas = more;
	f->arenas[f->nr_arenas++] = (struct arena_window){
		.arena = arena,
		.user_start = arena->user_vm_start.value,
		.user_end = arena->user_vm_end.value,
	};
}

static bool follow_pointer(void *arg, const struct btf *btf, uint32_t type_id, uint64_t addr,
			   unsigned depth, struct scxray_followed *to);
static bool follow_member(void *arg, const struct btf *btf, uint32_t struct_id, unsigned member,
			  uint64_t addr, unsigned depth, struct scxray_followed *to);

void follow_init(struct follow *f, const struct scxray_report *report)
{
	*f = (struct follow){ .report = report, .options = { .report = report } };
	for (size_t i = 0; i < report->nr_maps; i++)
		add_arena(f, report->maps[i].arena);
	if (!f->nr_arenas && !report->nr_pointees)
		return;
	follow_slots_find(f);
	f->options.follow = follow_pointer;
	f->options.follow_arg = f;
	if (f->nr_arenas) {
		follow_tags_find(f);
		f->options.follow_member = follow_member;
	}
}

void follow_deinit(struct follow *f)
{
	free(f->arenas);
	free(f->slots);
	free(f->tags);
	free(f->bytes);
}

const struct scxray_value_options *follow_options(struct follow *f)
{
	f->in_value = 0;
	f->inside = UINT_MAX;
	return &f->options;
}

const struct scxray_value_options *follow_slot_options(struct follow *f)
{
	follow_options(f);
	f->inside = 0;
	return &f->options;
}

/* True if the pointed-to type carries the tag of arena pointers. */
static bool has_arena_tag(const struct btf *btf, const struct btf_type *pointer)
{
	const struct btf_type *t = btf__type_by_id(btf, pointer->type);

	for (int i = 0; i < 32 && t; i++) {
		const char *name = btf_name(btf, t->name_off);

		if (btf_is_type_tag(t) &&
		    (!strcmp(name, "arena") || !strcmp(name, "address_space(1)")))
			return true;
		if (!btf_is_mod(t) && !btf_is_typedef(t))
			return false;
		t = btf__type_by_id(btf, t->type);
	}
	return false;
}

static uint64_t low_address(const struct arena_window *window, uint64_t low)
{
	uint64_t addr = (window->user_start & ~(ARENA_SPAN - 1)) + low;

	return addr < window->user_start ? addr + ARENA_SPAN : addr;
}

static bool window_has(const struct arena_window *w, uint64_t addr)
{
	uint64_t kernel = w->arena->kern_vm_start;

	return (addr >= w->user_start && addr < w->user_end) ||
	       (kernel && addr >= kernel && addr - kernel < ARENA_SPAN);
}

/*
 * The arena that `*addr` points into; `*addr` becomes a full address if it was only the low
 * half. Arenas usually have the same user addresses: then it is the arena whose programs
 * have the value's BTF.
 */
static const struct arena_window *arena_of(const struct follow *f, const struct btf *btf,
					   bool tagged, uint64_t *addr, const char **skipped)
{
	bool low = tagged && *addr < ARENA_SPAN;
	const struct arena_window *found = NULL;
	size_t nr = 0;

	for (size_t i = 0; i < f->nr_arenas; i++) {
		const struct arena_window *w = &f->arenas[i];

		if (!low && !window_has(w, *addr))
			continue;
		nr = w->arena->btf == btf ? 1 : nr + 1;
		found = w;
		if (w->arena->btf == btf)
			break;
	}
	if (nr > 1) {
		*skipped = low ? NULL : "several arenas have this address";
		return NULL;
	}
	if (found && low)
		*addr = low_address(found, *addr);
	return found;
}

/* The type that a pointer leads to; a forward declaration may be defined elsewhere in the BTF. */
static uint32_t pointee_type(struct follow *f, const struct btf *btf, uint32_t type_id)
{
	struct btf_peeled pointer = btf_peel(btf, type_id), target;
	uint32_t kind;
	int id;

	if (!pointer.type || !btf_is_ptr(pointer.type))
		return 0;
	target = btf_peel(btf, pointer.type->type);
	if (!target.type || !btf_is_fwd(target.type))
		return pointer.type->type;
	if (f->fwd_btf != btf || f->fwd_id != target.id) {
		kind = btf_kflag(target.type) ? BTF_KIND_UNION : BTF_KIND_STRUCT;
		id = btf__find_by_name_kind(btf, btf_name(btf, target.type->name_off), kind);
		f->fwd_btf = btf;
		f->fwd_id = target.id;
		f->fwd_found = id > 0 ? (uint32_t)id : 0;
	}
	return f->fwd_found ? f->fwd_found : pointer.type->type;
}

static uint8_t *slot(struct follow *f, unsigned depth)
{
	if (!f->bytes)
		f->bytes = malloc((size_t)MAX_DEPTH * MAX_POINTEE);
	return f->bytes && depth < MAX_DEPTH ? f->bytes + (size_t)depth * MAX_POINTEE : NULL;
}

/* Counts a pointer; false, with the reason, above the limit. */
static bool may_follow(struct follow *f, struct scxray_followed *to)
{
	if (f->in_value >= MAX_IN_VALUE)
		to->skipped = "512 pointers of this value have been followed";
	else if (f->in_report >= MAX_IN_REPORT)
		to->skipped = "65536 pointers of this report have been followed";
	if (to->skipped)
		return false;
	f->in_value++;
	f->in_report++;
	return true;
}

static void enter_slot(struct follow *f, unsigned depth)
{
	if (f->inside == UINT_MAX)
		f->inside = depth + 1;
}

/*
 * Uses the slot that the pointer leads to where the pointer's type says nothing: the slot's
 * number, and all of its payload if that type is known.
 */
static bool follow_slot(struct follow *f, const struct slot_at *at, unsigned depth,
			struct scxray_followed *to)
{
	if (!at)
		return false;
	follow_name_slot(f, at, to);
	if (at->entry->payload.state != SCXRAY_PRESENT || !at->entry->payload.btf)
		return false;
	if (!may_follow(f, to))
		return false;
	enter_slot(f, depth);
	to->value = at->entry->payload;
	return true;
}

static bool follow_arena(struct follow *f, const struct btf *btf, uint32_t target, bool tagged,
			 uint64_t addr, unsigned depth, struct scxray_followed *to)
{
	const struct arena_window *window = arena_of(f, btf, tagged, &addr, &to->skipped);
	const struct slot_at *at = window ? follow_slot_at(f, addr) : NULL;
	uint8_t *bytes;
	uint64_t size;
	size_t got, max;

	if (!window)
		return false;
	if (follow_names_only(f, at, depth)) {
		follow_name_slot(f, at, to);
		return false;
	}
	if (!btf_size(btf, target, &size)) {
		/* void and functions have no value to show */
		if (target && btf_peel(btf, target).type)
			to->skipped = "what it points to is only declared, not defined";
		return follow_slot(f, at, depth, to);
	}
	bytes = slot(f, depth);
	if (!bytes) {
		to->skipped = "no memory left";
		return false;
	}
	if (!may_follow(f, to))
		return false;
	to->loose = btf_is_flexible(btf, target);
	max = to->loose ? MAX_LOOSE : MAX_POINTEE;
	got = scxray_arena_read(window->arena, addr, bytes,
				size < max && !to->loose ? (size_t)size : max);
	if (!got) {
		to->skipped = window->arena->cut ? "its arena page was not captured"
						 : "its arena page is not mapped";
		return false;
	}
	if (at)
		enter_slot(f, depth);
	to->value = (struct scxray_value){
		.btf = btf,
		.type_id = target,
		.bytes = bytes,
		.size = (uint32_t)got,
		.addr = addr,
		.reason = got < max   ? "the arena page that it points to is not mapped"
			  : to->loose ? "4096 bytes of it are shown"
				      : "65536 bytes of it are shown",
		.state = SCXRAY_PRESENT,
	};
	return true;
}

static bool follow_pointer(void *arg, const struct btf *btf, uint32_t type_id, uint64_t addr,
			   unsigned depth, struct scxray_followed *to)
{
	struct follow *f = arg;
	const struct scxray_pointee *known = scxray_report_pointee(f->report, addr);

	if (!known) {
		struct btf_peeled pointer = btf_peel(btf, type_id);

		return pointer.type && btf_is_ptr(pointer.type) &&
		       follow_arena(f, btf, pointee_type(f, btf, type_id),
				    has_arena_tag(btf, pointer.type), addr, depth, to);
	}
	if (known->label) {
		to->label = known->label;
		return false;
	}
	if (known->value.state == SCXRAY_UNREADABLE) {
		to->skipped = known->value.reason ? known->value.reason : "unreadable";
		return false;
	}
	if (known->value.state != SCXRAY_PRESENT || !may_follow(f, to))
		return false;
	to->value = known->value;
	return true;
}

/*
 * A number that is the address of a mapped page of an arena. Those of an arena that begins at 0
 * would be small numbers. A time may be such a number for the milliseconds that an arena has
 * pages for.
 */
static bool follow_number(struct follow *f, const struct btf *btf, uint64_t addr, unsigned depth,
			  struct scxray_followed *to)
{
	const struct arena_window *window =
		addr < ARENA_SPAN ? NULL : arena_of(f, btf, false, &addr, &(const char *){ NULL });
	const struct slot_at *at;
	uint8_t byte;

	if (!window || scxray_arena_read(window->arena, addr, &byte, 1) != 1)
		return false;
	at = follow_slot_at(f, addr);
	if (follow_names_only(f, at, depth))
		follow_name_slot(f, at, to);
	else
		follow_slot(f, at, depth, to);
	return true;
}

/* A number that a tag calls an arena pointer; outside of all arenas it stays a number. */
static bool follow_member(void *arg, const struct btf *btf, uint32_t struct_id, unsigned member,
			  uint64_t addr, unsigned depth, struct scxray_followed *to)
{
	struct follow *f = arg;
	const struct follow_tag *tag = struct_id ? follow_tag_of(f, btf, struct_id, member) : NULL;

	if (!tag)
		return follow_number(f, btf, addr, depth, to);
	return follow_arena(f, btf, tag->target, true, addr, depth, to) || to->skipped;
}
