/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log.h - the report model: the kernel's log
 */
#ifndef SCXRAY_LOG_H
#define SCXRAY_LOG_H

#include <scxray/atoms.h>

struct scxray_log_record {
	struct scxray_num seq; /* MISSING or NONE of a torn record, as all numbers */
	struct scxray_num ts_ns;
	struct scxray_num level; /* 0 emergency to 7 debug */
	struct scxray_num facility;
	const char *caller;	 /* "T132": task 132; "C1": CPU 1; NULL where not kept */
	const char *state;	 /* "reserved", "committed"; NULL: finalized */
	struct scxray_text text; /* may hold newlines; UNREADABLE of a torn record */
};

#endif
