/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hmp.h - commands by QEMU's monitor for people
 *
 * It has no events, echoes what is typed, and ends each answer with its prompt.
 */
#ifndef QEMU_HMP_H
#define QEMU_HMP_H

#include "qemu/chan.h"

struct hmp {
	struct chan chan;
	bool lost; /* an answer was given up: the next would be taken for it */
};

/* `chan`, which is taken over, has the greeting, or gets it until the deadline. */
int hmp_init(struct hmp *hmp, struct chan *chan, uint64_t deadline_ns, struct scxray_error *err);
void hmp_deinit(struct hmp *hmp);

/*
 * Sends one command, with a descriptor (-1: none).  0, and *answer (may be NULL; else to be freed)
 * is what it printed, without the echo; or -1 with *err.
 */
int hmp_execute(struct hmp *hmp, const char *command, int fd, uint64_t deadline_ns, char **answer,
		struct scxray_error *err);

/*
 * The text before the prompt that ends the `nr` bytes, without the first line (the echo) and the
 * terminal's escapes, into `text` of nr + 1 bytes.  False: there is no prompt yet.
 */
bool hmp_read(const char *bytes, size_t nr, char *text);

#endif
