/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plugin_freeze_many.c - a thousand freezes at random moments, with 64 vCPUs
 */
#include "tests/lib/freeze_rounds.h"
#include "tests/lib/sanitized.h"
#include "tests/lib/unit.h"

static void run_all(const enum tiny_program *programs, uint32_t nr, uint32_t every,
		    const char *name)
{
	freeze_rounds(nr, programs,
		      &(struct rounds){ .rounds = SANITIZED ? 200 : 1000,
					.progress_every = every,
					.announce = true,
					.name = name });
}

/* More vCPUs than a machine has CPUs: few that never rest, many that mostly wait. */
START_TEST(sixty_four_vcpus)
{
	enum tiny_program programs[64];

	for (uint32_t i = 0; i < 64; i++)
		programs[i] = i % 16 == 1   ? TINY_RING3
			      : i % 32 == 2 ? TINY_PORTS
			      : i % 32 == 3 ? TINY_MMIO
			      : i % 2	    ? TINY_AP
					    : TINY_KERNEL_HLT;
	run_all(programs, 64, 50, "all kinds");
}
END_TEST

static const unit_test tests[] = {
	&sixty_four_vcpus,
};

UNIT_MAIN_KVM("plugin_freeze_many", tests)
