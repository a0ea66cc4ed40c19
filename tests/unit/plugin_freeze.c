/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plugin_freeze.c - a thousand freezes at random moments, with one and two vCPUs
 */
#include "tests/lib/freeze_rounds.h"
#include "tests/lib/unit.h"

static void run_all(const enum tiny_program *programs, uint32_t nr, const char *name)
{
	freeze_rounds(
		nr, programs,
		&(struct rounds){
			.rounds = 1000, .progress_every = 1, .announce = true, .name = name });
}

START_TEST(one_vcpu_ring0)
{
	run_all((enum tiny_program[]){ TINY_RING0 }, 1, "ring 0");
}
END_TEST

START_TEST(one_vcpu_ports)
{
	run_all((enum tiny_program[]){ TINY_PORTS }, 1, "ports");
}
END_TEST

START_TEST(one_vcpu_mmio)
{
	run_all((enum tiny_program[]){ TINY_MMIO }, 1, "MMIO");
}
END_TEST

START_TEST(two_vcpus)
{
	run_all((enum tiny_program[]){ TINY_RING3, TINY_HLT }, 2, "ring 3, HLT");
}
END_TEST

START_TEST(two_vcpus_in_kernel)
{
	run_all((enum tiny_program[]){ TINY_KERNEL_HLT, TINY_AP }, 2, "HLT in KVM_RUN, AP");
}
END_TEST

/* The plugin is loaded while the guest runs: it is told tids, and nobody calls vcpu_start(). */
START_TEST(loaded_late)
{
	static const enum tiny_program programs[] = { TINY_RING3, TINY_PORTS, TINY_HLT, TINY_MMIO };

	freeze_rounds(
		4, programs,
		&(struct rounds){ .rounds = 200, .progress_every = 1, .name = "loaded late" });
}
END_TEST

/* A host that never looks at what KVM_RUN returned handles no access twice. */
START_TEST(naive_loop)
{
	static const enum tiny_program programs[] = { TINY_PORTS, TINY_MMIO, TINY_HLT };

	freeze_rounds(3, programs,
		      &(struct rounds){ .rounds = 3000,
					.progress_every = 100,
					.announce = true,
					.naive = true,
					.name = "naive loop" });
}
END_TEST

static const unit_test tests[] = {
	&one_vcpu_ring0,      &one_vcpu_ports, &one_vcpu_mmio, &two_vcpus,
	&two_vcpus_in_kernel, &loaded_late,    &naive_loop,
};

UNIT_MAIN_KVM("plugin_freeze", tests)
