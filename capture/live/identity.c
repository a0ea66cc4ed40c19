/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * identity.c - is the kernel that was found still there, or has the guest been rebooted
 */
#include <string.h>

#include <scxray/map.h>

#include "capture/live/live.h"

int live_identify(struct scxray_live *live, struct scxray_error *err)
{
	const struct kernel *k = &live->kernel;
	struct live_identity *id = &live->identity;
	uint32_t task = k->has_types ? types_find(&k->types, "task_struct", BTF_KIND_STRUCT) : 0;
	struct member canary =
		task ? types_member(&k->types, task, "stack_canary") : (struct member){ 0 };
	size_t len;

	memset(id, 0, sizeof(*id));
	guest_read_string(&live->g, k->layout.symbol[S_linux_banner], id->banner,
			  sizeof(id->banner), &len);
	guest_read(&live->g, k->where.token_table, id->tokens, sizeof(id->tokens));
	if (canary.present && canary.size == 8 && k->layout.symbol[S_init_task] &&
	    !guest_read_u64(&live->g, k->layout.symbol[S_init_task] + canary.offset, &id->canary))
		id->canary_kva = k->layout.symbol[S_init_task] + canary.offset;
	if (k->layout.symbol[S_jiffies_64])
		guest_read_u64(&live->g, k->layout.symbol[S_jiffies_64], &id->jiffies);
	if (strncmp(id->banner, "Linux version ", 14))
		return scxray_fail(err, SCXRAY_ERR_GUEST, k->layout.symbol[S_linux_banner],
				   "the guest's kernel went away while it was looked at");
	return 0;
}

static bool still_holds(struct scxray_live *live, uint64_t kva, const void *bytes, size_t size)
{
	uint8_t now[256];

	return size <= sizeof(now) && !guest_read(&live->g, kva, now, size) &&
	       !memcmp(now, bytes, size);
}

/*
 * One reboot is not noticed: that of a kernel without stack protector into the same image at the
 * same addresses, once it has been up for longer than the one before.
 */
bool scxray_live_resolved(struct scxray_live *live)
{
	const struct kernel *k = &live->kernel;
	struct live_identity *id = &live->identity;
	uint64_t jiffies;

	if (!live->resolved)
		return false;
	phys_forget(&live->source.phys);
	live_aim(live);
	if (!still_holds(live, k->layout.symbol[S_linux_banner], id->banner, strlen(id->banner)) ||
	    !still_holds(live, k->where.token_table, id->tokens, sizeof(id->tokens)) ||
	    (id->canary_kva && !still_holds(live, id->canary_kva, &id->canary, 8)))
		return false;
	if (k->layout.symbol[S_jiffies_64]) {
		if (guest_read_u64(&live->g, k->layout.symbol[S_jiffies_64], &jiffies) ||
		    jiffies < id->jiffies)
			return false;
		id->jiffies = jiffies;
	}
	return true;
}
