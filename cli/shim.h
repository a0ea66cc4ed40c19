/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shim.h - a folder, first in PATH, whose QEMUs are the real ones with one more monitor socket
 */
#ifndef CLI_SHIM_H
#define CLI_SHIM_H

#include <stdbool.h>
#include <stddef.h>

struct shim {
	char folder[128]; /* of this run's own; "" : none */
};

/* Makes it.  CLI_OK, or CLI_FAILED with a message; remove in either case. */
int shim_make(struct shim *shim);
void shim_remove(struct shim *shim);

/* For a child, before it executes: puts the shim into its PATH. */
void shim_enter(const struct shim *shim);

/*
 * A monitor socket that has come and was not told before: its path into `path`.  False: none.
 * `told` keeps what was: `nr` of `max` names.
 */
struct shim_told {
	char names[64][24];
	size_t nr;
};

bool shim_next(const struct shim *shim, struct shim_told *told, char *path, size_t size);

#endif
