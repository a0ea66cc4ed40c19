/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lookup.c - joins over a finished report: symbols, tasks, pointees, arena bytes
 */
#include <string.h>

#include <base/array.h>
#include <scxray/map.h>
#include <scxray/report_struct.h>
#include <scxray/task.h>

#include "capture/base/slot.h"
#include "capture/kernel/modules.h"
#include "capture/kernel/symbols.h"

#define ARENA_SPAN (1ULL << 32)

const char *scxray_report_symbol(const struct scxray_report *report, uint64_t addr, char *buf,
				 size_t size)
{
	const char *name = modules_name(report->modules, addr, 0, buf, size);

	if (!name && report->symbols)
		name = symbols_name(report->symbols, addr, buf, size);
	return name;
}

const struct scxray_task *scxray_report_task(const struct scxray_report *report, uint64_t kva)
{
	if (!report->task_slots)
		return NULL;
	for (uint32_t slot = slot_of(kva, report->task_mask); report->task_slots[slot];
	     slot = (slot + 1) & report->task_mask)
		if (report->tasks[report->task_slots[slot] - 1].kva == kva)
			return &report->tasks[report->task_slots[slot] - 1];
	return NULL;
}

const struct scxray_pointee *scxray_report_pointee(const struct scxray_report *report,
						   uint64_t addr)
{
	size_t at = LOWER_BOUND(report->nr_pointees, i, report->pointees[i].addr < addr);

	return at < report->nr_pointees && report->pointees[at].addr == addr ? &report->pointees[at]
									     : NULL;
}

/* True if `addr` is in the arena; its user address. */
static bool arena_has(const struct scxray_arena *arena, uint64_t addr, uint64_t *user)
{
	uint64_t start, end;

	if (!arena || arena->user_vm_start.state != SCXRAY_PRESENT ||
	    arena->user_vm_end.state != SCXRAY_PRESENT)
		return false;
	start = arena->user_vm_start.value;
	end = arena->user_vm_end.value;
	*user = addr;
	if (addr >= start && addr < end)
		return true;
	if (!arena->kern_vm_start || addr < arena->kern_vm_start ||
	    addr - arena->kern_vm_start >= ARENA_SPAN)
		return false;
	*user = (start & ~(ARENA_SPAN - 1)) + (uint32_t)(addr - arena->kern_vm_start);
	if (*user < start)
		*user += ARENA_SPAN;
	return true;
}

const struct scxray_arena *scxray_report_arena(const struct scxray_report *report,
					       const struct btf *btf, uint64_t addr,
					       const char **reason)
{
	const struct scxray_arena *found = NULL;
	uint64_t user;
	size_t nr = 0;

	*reason = NULL;
	for (size_t i = 0; i < report->nr_maps; i++) {
		const struct scxray_arena *arena = report->maps[i].arena;

		if (!arena_has(arena, addr, &user))
			continue;
		if (btf && arena->btf == btf)
			return arena;
		found = arena;
		nr++;
	}
	if (nr < 2)
		return found;
	*reason = "several arenas have this address";
	return NULL;
}

static const uint8_t *arena_page(const struct scxray_arena *arena, uint64_t user)
{
	size_t at = LOWER_BOUND(arena->nr_pages, i, arena->pages[i].user_addr < user);

	return at < arena->nr_pages && arena->pages[at].user_addr == user ? arena->pages[at].bytes
									  : NULL;
}

size_t scxray_arena_read(const struct scxray_arena *arena, uint64_t addr, uint8_t *buf, size_t size)
{
	size_t got = 0;
	uint64_t user;

	if (!arena_has(arena, addr, &user))
		return 0;
	while (got < size) {
		const uint8_t *page = arena_page(arena, (user + got) & ~PAGE_MASK);
		size_t offset = (user + got) & PAGE_MASK, n = PAGE_SIZE - offset;

		if (!page)
			break;
		if (n > size - got)
			n = size - got;
		memcpy(buf + got, page + offset, n);
		got += n;
	}
	return got;
}
