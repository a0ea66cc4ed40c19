/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cgroup.c - a cgroup's path, by the names of its kernfs nodes
 */
#include "capture/read/cgroup.h"

#include "capture/read/read.h"

/* Mirrors kernfs_path() of fs/kernfs/dir.c; the root is the node without a parent. */
const char *cgroup_path(struct walk *w, uint64_t kva)
{
	enum layout_member parent = has_member(w, M_kernfs_node___parent) ? M_kernfs_node___parent
									  : M_kernfs_node_parent;
	struct scxray_num kn = read_member(w, kva, M_cgroup_kn);
	char path[1024];
	size_t at = sizeof(path) - 1;

	path[at] = '\0';
	for (int depth = 0; depth < 64 && kn.state == SCXRAY_PRESENT && kn.value; depth++) {
		struct scxray_num up = read_member(w, kn.value, parent);
		struct scxray_text name;

		if (up.state != SCXRAY_PRESENT)
			return NULL;
		if (!up.value)
			return at == sizeof(path) - 1 ? "/" : pool_printf(w->pool, "%s", path + at);
		name = read_text_pointer(w, kn.value, M_kernfs_node_name, 255);
		if (name.state != SCXRAY_PRESENT || name.len + 1 > at)
			return NULL;
		at -= name.len;
		for (size_t i = 0; i < name.len; i++)
			path[at + i] =
				name.bytes[i] < 0x20 || name.bytes[i] > 0x7e ? '?' : name.bytes[i];
		path[--at] = '/';
		kn = up;
	}
	return NULL;
}
