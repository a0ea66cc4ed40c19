/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exit_info.c - struct scx_exit_info: why a scheduler was thrown out
 */
#include "capture/read/walk.h"

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
		/* a return address belongs to the call before it */
		if (info->bt[i].addr.state == SCXRAY_PRESENT)
			info->bt[i].symbol = return_symbol_of(w, info->bt[i].addr.value);
	}
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
	info->flags = read_member(w, kva.value, M_scx_exit_info_flags);
	info->exit_cpu = read_member(w, kva.value, M_scx_exit_info_exit_cpu);
	info->reason = read_text_pointer(w, kva.value, M_scx_exit_info_reason, MAX_REASON);
	info->msg = read_text_pointer(w, kva.value, M_scx_exit_info_msg, MAX_MSG);
	info->dump = read_text_pointer(w, kva.value, M_scx_exit_info_dump, MAX_DUMP);
	backtrace(w, info);
}
