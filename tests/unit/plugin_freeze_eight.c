/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plugin_freeze_eight.c - a thousand freezes at random moments, with eight vCPUs
 */
#include "tests/lib/freeze_rounds.h"
#include "tests/lib/unit.h"

static void run_all(const enum tiny_program *programs, uint32_t nr, uint32_t every,
		    const char *name)
{
	freeze_rounds(
		nr, programs,
		&(struct rounds){
			.rounds = 1000, .progress_every = every, .announce = true, .name = name });
}

START_TEST(eight_vcpus)
{
	run_all((enum tiny_program[]){ TINY_KERNEL_HLT, TINY_RING3, TINY_PORTS, TINY_MMIO,
				       TINY_KERNEL_HLT, TINY_KERNEL_HLT, TINY_AP, TINY_AP },
		8, 20, "all kinds");
}
END_TEST

START_TEST(eight_vcpus_without_irqchip)
{
	run_all((enum tiny_program[]){ TINY_HLT, TINY_RING3, TINY_PORTS, TINY_MMIO, TINY_HLT,
				       TINY_PORTS, TINY_MMIO, TINY_HLT },
		8, 20, "all kinds, no irqchip");
}
END_TEST

static const unit_test tests[] = {
	&eight_vcpus,
	&eight_vcpus_without_irqchip,
};

UNIT_MAIN_KVM("plugin_freeze_eight", tests)
