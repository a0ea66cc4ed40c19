/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * freeze_fixture.h - a machine of vCPUs that are frozen
 */
#ifndef TESTS_FREEZE_FIXTURE_H
#define TESTS_FREEZE_FIXTURE_H

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/lib/freeze_rounds.h"
#include "tests/lib/unit.h"
#include "watch/now.h"

static inline void moved_on_from_now(struct tiny_vm *tiny)
{
	uint64_t from[TINY_MAX_VCPUS];

	tiny_vm_counters(tiny, from);
	ck_assert(tiny_vm_moved_on(tiny, from));
}

static inline void complete_freeze(struct tiny_vm *tiny)
{
	struct freeze_result result;
	const char *wrong = freeze_once(tiny, &result);

	ck_assert_msg(!wrong, "%s", wrong);
}

static inline struct tiny_vm *two(enum tiny_program a, enum tiny_program b)
{
	struct tiny_vm *tiny = tiny_vm_create(2, (enum tiny_program[]){ a, b });

	tiny_vm_start(tiny, true, 0);
	moved_on_from_now(tiny);
	return tiny;
}

#endif
