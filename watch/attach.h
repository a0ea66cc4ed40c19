/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach.h - finding the guest's kernel, and noticing that it is another one
 *
 * While the guest boots attempts come further and further apart: each kicks every vCPU
 * once and searches memory.  All calls on the watcher's thread, never under a freeze.
 */
#ifndef WATCH_ATTACH_H
#define WATCH_ATTACH_H

#include <stdbool.h>
#include <stdint.h>

#include <scxray/live.h>

#include "machine.h"
#include "log.h"

struct attach {
	struct watch_machine *machine;
	struct scxray_live *live;
	const struct log *log;
	struct scxray_live_vcpu *vcpus;
	bool found;
	uint64_t resolve_us; /* what finding it took */
	uint64_t next_ms;    /* when to try again, or to look whether it is still there */
	uint32_t wait_ms;
	uint64_t begun_ms; /* first attempt; 0: none yet */
	bool complained;
	struct scxray_error error; /* of the last attempt, where it failed */
};

/* 0, or -1: out of memory.  The clock is any that counts milliseconds. */
int attach_init(struct attach *attach, struct watch_machine *machine, struct scxray_live *live,
		const struct log *log);
void attach_deinit(struct attach *attach);

/* Does what is due.  Returns true where the kernel that was found is there no more. */
bool attach_tick(struct attach *attach, uint64_t now_ms);

/*
 * Tries now.  `demanded`: with all there is, even where that means to read through RAM.  0, or -1
 * with attach->error.
 */
int attach_now(struct attach *attach, uint64_t now_ms, bool demanded);

#endif
