/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * freeze_rounds.h - many freezes of a tiny VM, each of them checked
 */
#ifndef TESTS_FREEZE_ROUNDS_H
#define TESTS_FREEZE_ROUNDS_H

#include "tests/lib/tiny_vm.h"

struct rounds {
	uint32_t rounds;
	uint32_t progress_every; /* all counters have to move on after each n-th freeze */
	bool announce;		 /* vcpu_start(), else tids */
	bool naive;		 /* tiny_vm.naive */
	const char *name;
};

/* One freeze; the line that is wrong, or NULL. */
const char *freeze_once(struct tiny_vm *tiny, struct freeze_result *result);

/* A VM of these vCPUs, all rounds, and its end; prints what parking and thawing cost. */
void freeze_rounds(uint32_t nr, const enum tiny_program *programs, const struct rounds *rounds);

#endif
