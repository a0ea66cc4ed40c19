/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lock.h - the report model: locks of BPF
 */
#ifndef SCXRAY_LOCK_H
#define SCXRAY_LOCK_H

#include <scxray/atoms.h>

/* A resilient spinlock (BPF's) in a CPU's table of those that it holds or waits for. */
struct scxray_rqspinlock {
	uint32_t cpu;
	uint32_t depth;		    /* its place in the table, 0 is the outermost */
	struct scxray_address lock; /* the last one may be waited for, and not held yet */
	struct scxray_num word;	    /* as scxray_rq.lock */
};

#endif
