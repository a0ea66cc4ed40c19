/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cgroup.h - a cgroup's path
 */
#ifndef CAPTURE_CGROUP_H
#define CAPTURE_CGROUP_H

#include <stdint.h>

struct walk;

/*
 * The path of the struct cgroup at `kva` in its hierarchy, "/" for the root, in the report's memory;
 * bytes that are not printable ASCII are '?'.  NULL if a part of it cannot be read.
 */
const char *cgroup_path(struct walk *w, uint64_t kva);

#endif
