/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exit_info.c - struct scx_exit_info: why a scheduler was thrown out
 */
#include <scxray/sched.h>

#include "capture/read/read.h"
#include "capture/read/symbol_of.h"
#include "capture/walk/scheds.h"

#define MAX_REASON 1024
#define MAX_MSG 4096
#define MAX_DUMP (4u << 20)
#define MAX_BT 256

static void backtrace(struct walk *w, struct scxray_exit_info *info)
{
	struct scxray_num bt = read_member(w, info->kva.value, M_scx_exit_info_bt);
	struct scxray_num len = read_member(w, info->kva.value, M_scx_exit_info_bt_len);
	uint64_t nr;

	if (bt.state != SCXRAY_PRESENT || len.state != SCXRAY_PRESENT || !bt.value)
		return;
	nr = len.value < MAX_BT ? len.value : MAX_BT;
	info->bt = pool_alloc(w->pool, nr * sizeof(*info->bt));
	if (!info->bt)
		return;
	info->nr_bt = nr;
	for (uint64_t i = 0; i < nr; i++) {
		info->bt[i].addr = read_int(w, bt.value + i * 8, 8, false);
		if (info->bt[i].addr.state == SCXRAY_PRESENT)
			info->bt[i] = frame_of(w, info->bt[i].addr.value, false);
	}
}

/*
 * enum scx_exit_code: bits 32 to 47 are the reason, 48 and up what is to be done, the rest is
 * the scheduler's own.  An errno is negative and has none of this.
 */
static const char *code_names(struct walk *w, const struct scxray_num *code)
{
	static const uint64_t parts[] = { 0xffffULL << 32, 0xffffULL << 48 };
	uint64_t left = code->value;
	const char *names = NULL;

	if (is_recording(w) || code->state != SCXRAY_PRESENT || (int64_t)code->value < 1LL << 32)
		return NULL;
	for (size_t i = 0; i < 2; i++) {
		uint64_t part = code->value & parts[i];
		const char *name =
			part ? types_enum_name(&w->k->types, "scx_exit_code", part) : NULL;

		if (!name)
			continue;
		names = names ? pool_printf(w->pool, "%s|%s", names, name) : name;
		left &= ~part;
	}
	if (names && left > UINT32_MAX)
		return pool_printf(w->pool, "%s|0x%llx", names, (unsigned long long)left);
	if (names && left)
		return pool_printf(w->pool, "%s|%llu", names, (unsigned long long)left);
	return names;
}

void walk_exit_info(struct walk *w, struct scxray_exit_info *info, struct scxray_num kva)
{
	info->kva = kva;
	if (kva.state != SCXRAY_PRESENT || !kva.value)
		return;
	info->kind = read_member(w, kva.value, M_scx_exit_info_kind);
	if (info->kind.state == SCXRAY_PRESENT)
		info->kind_name = types_enum_name(&w->k->types, "scx_exit_kind", info->kind.value);
	info->exit_code = read_member(w, kva.value, M_scx_exit_info_exit_code);
	info->exit_code_names = code_names(w, &info->exit_code);
	info->flags = read_member(w, kva.value, M_scx_exit_info_flags);
	info->exit_cpu = read_member(w, kva.value, M_scx_exit_info_exit_cpu);
	info->reason = read_text_pointer(w, kva.value, M_scx_exit_info_reason, MAX_REASON);
	info->msg = read_text_pointer(w, kva.value, M_scx_exit_info_msg, MAX_MSG);
	info->dump = read_text_pointer(w, kva.value, M_scx_exit_info_dump, MAX_DUMP);
	backtrace(w, info);
}
