/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loop.h - the main thread while the guest runs
 */
#ifndef VMM_LOOP_H
#define VMM_LOOP_H

#include "line.h"
#include "options.h"

struct loop {
	struct machine *machine;
	struct options *options;
	struct line console, data;
	int signal_fd;
	int signal;	    /* the one that ended the machine */
	bool plugin_failed; /* it could not be loaded: not tried again */
};

/*
 * Opens what the serial ports are connected to, and blocks the signals that loop_run() waits for:
 * before any thread starts.
 */
int loop_open(struct loop *loop, struct machine *machine, struct options *options,
	      struct scxray_error *err);

/* Until the machine has ended. */
void loop_run(struct loop *loop);

/* When no vCPU runs any more: what the guest said at last.  Then closes everything. */
void loop_close(struct loop *loop);

#endif
