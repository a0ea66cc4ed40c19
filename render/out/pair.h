/* SPDX-License-Identifier: BSD-2-Clause */
/* pair.h - do two reports belong together, and which is the earlier? */
#ifndef RENDER_PAIR_H
#define RENDER_PAIR_H

#include <scxray/render.h>

/* What they are to each other, as given. */
enum scxray_pair reports_pair(const struct scxray_report *early, const struct scxray_report *late);

/* May the document's two reports be compared? */
static inline bool is_comparable(const struct scxray_document *doc)
{
	return doc->dual && doc->early &&
	       (doc->pair == SCXRAY_PAIR_IN_ORDER || doc->pair == SCXRAY_PAIR_SWAPPED);
}

/* Why its two reports were not compared; NULL where they were, or where there is one. */
const char *pair_not_compared(const struct scxray_document *doc);

#endif
