/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sdt.h - the scx library's arena allocators: the tree (sdt_alloc.c) and the type of
 * what is in it (sdt_payload.c)
 */
#ifndef CAPTURE_SDT_H
#define CAPTURE_SDT_H

#include "capture/read/walk.h"

struct scxray_sdt;

/*
 * The types of global variables, a bit each: what has such a type lives there and not in
 * slots.  NULL when memory is used up.
 */
uint8_t *sdt_find_variables(struct walk *w, const struct types *types);

/* A named struct that is neither the kernel's nor a variable's. */
bool sdt_is_own(const struct walk *w, const struct types *types, const uint8_t *variables,
		uint32_t id);

/* Sets sdt->payload_type and the reason for it; `size` is what a slot has for the payload. */
void sdt_guess_payload(struct walk *w, struct scxray_sdt *sdt, const struct types *types,
		       const uint8_t *variables, uint32_t size);

/* Sets the owner of each slot that a task's or cgroup's storage points to. */
void sdt_find_owners(struct walk *w);

#endif
