/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * names.c - the names of a running guest's kernel and scheduler
 */
#include <string.h>

#include <scxray/map.h>

#include "capture/live/live.h"
#include "capture/read/read.h"

static void scheduler_name(struct scxray_live *live, uint64_t root, char *name, size_t size)
{
	const struct layout *layout = &live->kernel.layout;
	const struct member *member = &layout->member[M_sched_ext_ops_name];
	uint64_t ops = has_symbol(&live->walk, S_scx_root)
			       ? member_addr(&live->walk, root, M_scx_sched_ops)
			       : root;
	size_t len;

	if (!member->present ||
	    (has_symbol(&live->walk, S_scx_root) && !has_member(&live->walk, M_scx_sched_ops)))
		return;
	if (size > member->size)
		size = member->size;
	if (size && guest_read_string(&live->g, ops + member->offset, name, size, &len))
		name[0] = '\0';
}

void scxray_live_read_names(struct scxray_live *live, const struct scxray_look *look,
			    struct scxray_live_names *names)
{
	static const char prefix[] = "Linux version ";
	const char *banner = live->identity.banner;

	memset(names, 0, sizeof(*names));
	if (!live->resolved)
		return;
	if (!strncmp(banner, prefix, strlen(prefix))) {
		const char *release = banner + strlen(prefix);
		size_t len = strcspn(release, " \n");

		if (len >= sizeof(names->release))
			len = sizeof(names->release) - 1;
		memcpy(names->release, release, len);
	}
	if (!live->kernel.has_types || look->scx_root.state != SCXRAY_PRESENT)
		return;
	phys_forget(&live->source.phys);
	live_aim(live);
	scheduler_name(live, look->scx_root.value, names->scheduler, sizeof(names->scheduler));
}
