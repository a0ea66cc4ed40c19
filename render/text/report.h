/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.h - one report as text
 */
#ifndef RENDER_TEXT_REPORT_H
#define RENDER_TEXT_REPORT_H

#include "render/out/cells.h"

/* All sections of the report except the guest's, without a blank line before or after. */
void text_report(struct text *t, const struct scxray_report *r);

/* True if put() writes the same text of `early` and of `late`, and not nothing. Writes nothing. */
bool text_is_repeated(struct text *t, const void *early, const void *late,
		      void (*put)(struct text *t, const void *item));
/* True if put() writes nothing. */
bool text_is_empty(struct text *t, const void *item, void (*put)(struct text *t, const void *item));

/* Each sdt_alloc, then the scx_static ranges; nothing if there are none. */
void text_sdts(struct text *t, const struct scxray_report *r);

/* False without an arena, where there can be no allocator: then none needs no reason. */
bool text_may_have_sdts(const struct text *t, const struct scxray_report *r);

#endif
