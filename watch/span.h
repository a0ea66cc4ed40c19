/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * span.h - a number of jiffies as text
 */
#ifndef WATCH_SPAN_H
#define WATCH_SPAN_H

#include <inttypes.h>
#include <stdio.h>

#include <scxray/atoms.h>

struct span {
	char text[32];
};

/* "8.000s"; where the guest's HZ is not known "2000 jiffies". */
static inline struct span span_of(uint64_t jiffies, const struct scxray_num *hz)
{
	struct span span;

	if (hz->state != SCXRAY_PRESENT || !hz->value || jiffies > UINT64_MAX / 1000)
		snprintf(span.text, sizeof(span.text), "%" PRIu64 " jiffies", jiffies);
	else
		snprintf(span.text, sizeof(span.text), "%" PRIu64 ".%03us", jiffies / hz->value,
			 (unsigned)(jiffies % hz->value * 1000 / hz->value) % 1000);
	return span;
}

#endif
