/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maps.h - the comparison of all maps
 *
 * Two maps are the same where id, address, type and sizes are equal.  A map
 * consists of parts (entries, slots, pages, buckets); a part is found again by its
 * key.  Only what both reports have the bytes of is compared; the rest is counted,
 * with the reason.
 */
#ifndef RENDER_DIFF_MAPS_H
#define RENDER_DIFF_MAPS_H

#include "render/diff/change.h"

/* Compares the maps that `only` asks for; NULL: all. */
void diff_maps(struct diff *d, const struct scxray_selection *only);

#endif
