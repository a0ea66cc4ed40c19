/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * freeze_rounds.c - many freezes of a tiny VM, each of them checked
 */
#include "tests/lib/freeze_rounds.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/tiny_guest.h"

#define DEADLINE_MS 20000

/* The registers of a vCPU that counts fit the counter in its memory. */
static bool counter_fits(const struct tiny_vm *tiny, uint32_t i,
			 const struct scxray_live_vcpu *live)
{
	uint64_t ahead = live->regs.value[SCXRAY_REG_RAX] - tiny_vm_counter(tiny, i);

	switch (tiny->vcpus[i].program) {
	case TINY_RING0:
	case TINY_RING3:
	case TINY_HLT:
		return ahead <= 1;
	default:
		return true;
	}
}

static const char *check_vcpu(struct tiny_vm *tiny, uint32_t i, const struct scxray_live_vcpu *live)
{
	const uint64_t *value = live->regs.value;
	uint64_t cell = TINY_CELLS + (uint64_t)i * TINY_CELL_SIZE;

	if (!live->parked)
		return "a vCPU is not parked in a complete freeze";
	if (live->regs.known != (1ULL << SCXRAY_NR_REGS) - 1)
		return "a register is not known";
	if (tiny->vcpus[i].program == TINY_AP)
		return NULL;
	if (value[SCXRAY_REG_RDI] != cell || value[SCXRAY_REG_GS_BASE] != 0x2000 + i ||
	    value[SCXRAY_REG_EFER] != 0x500 || value[SCXRAY_REG_CR3] != 0x1000)
		return "registers are another vCPU's";
	if ((value[SCXRAY_REG_CS] & 3) != (tiny->vcpus[i].program == TINY_RING3 ? 3 : 0))
		return "CS is of another ring";
	if (!counter_fits(tiny, i, live))
		return "RAX does not fit the counter in memory";
	if (!tiny_guest_io_fits(&tiny->vcpus[i], value[SCXRAY_REG_RIP], tiny_vm_counter(tiny, i)))
		return "RIP does not fit the accesses that the host has seen";
	return NULL;
}

const char *freeze_once(struct tiny_vm *tiny, struct freeze_result *result)
{
	uint64_t frozen[TINY_MAX_VCPUS], later[TINY_MAX_VCPUS];
	const char *wrong = NULL;

	freeze_begin(tiny->vm, DEADLINE_MS, result);
	tiny_vm_counters(tiny, frozen);
	if (!result->complete || result->nr_parked != tiny->nr_vcpus)
		wrong = "not all have parked";
	for (uint32_t i = 0; i < tiny->nr_vcpus && !wrong; i++) {
		const struct scxray_live_vcpu *live = &freeze_vcpus(tiny->vm)[i];

		wrong = check_vcpu(tiny, i, live);
		tiny->vcpus[i].expected = *live;
		tiny->vcpus[i].compare = true;
	}
	if (rand() % 8 == 0)
		usleep(300);
	tiny_vm_counters(tiny, later);
	freeze_end(tiny->vm, result);
	if (!wrong && memcmp(frozen, later, tiny->nr_vcpus * sizeof(*frozen)) != 0)
		wrong = "a guest's counter moved while it was frozen";
	return wrong;
}

struct cost {
	uint64_t best, sum, worst;
};

static void add(struct cost *cost, uint64_t us)
{
	cost->best = cost->sum == 0 || us < cost->best ? us : cost->best;
	cost->worst = us > cost->worst ? us : cost->worst;
	cost->sum += us;
}

void freeze_rounds(uint32_t nr, const enum tiny_program *programs, const struct rounds *rounds)
{
	struct tiny_vm *tiny = tiny_vm_create(nr, programs);
	uint64_t from[TINY_MAX_VCPUS] = { 0 }, compared = 0;
	struct cost park = { 0 }, thaw = { 0 };
	struct scxray_live_vcpu sampled[TINY_MAX_VCPUS];
	struct freeze_result result = { 0 };

	srand(1);
	tiny->naive = rounds->naive;
	tiny_vm_start(tiny, rounds->announce, 0);
	ck_assert_msg(tiny_vm_moved_on(tiny, from), "the guest does not run");
	for (uint32_t i = 0; i < rounds->rounds; i++) {
		const char *wrong;

		usleep((useconds_t)(rand() % 400));
		if (rounds->naive)
			vm_sample_regs(tiny->vm, sampled, DEADLINE_MS);
		wrong = freeze_once(tiny, &result);
		ck_assert_msg(!wrong, "freeze %u: %s", i, wrong);
		ck_assert_ptr_nonnull(result.clock);
		ck_assert_str_eq(result.devices, "paused");
		add(&park, result.park_us);
		add(&thaw, result.thaw_us);
		tiny_vm_counters(tiny, from);
		if (i % rounds->progress_every == 0)
			ck_assert_msg(tiny_vm_moved_on(tiny, from), "after freeze %u", i);
	}
	ck_assert(tiny_vm_moved_on(tiny, from));
	for (uint32_t i = 0; i < nr; i++)
		compared += tiny->vcpus[i].compared;
	ck_assert_uint_eq(tiny_vm_errors(tiny), 0);
	ck_assert_uint_ge(compared, rounds->rounds);
	ck_assert_int_eq(tiny->paused, (int)rounds->rounds);
	ck_assert_int_eq(tiny->resumed, (int)rounds->rounds);
	printf("%-28s %2u vCPUs %5u freezes: park us best %lu mean %lu worst %lu, "
	       "thaw us best %lu mean %lu worst %lu; last clock: %s, guest saw %ld of %lu us\n",
	       rounds->name, nr, rounds->rounds, park.best, park.sum / rounds->rounds, park.worst,
	       thaw.best, thaw.sum / rounds->rounds, thaw.worst, result.clock,
	       (long)result.guest_clock_us, result.frozen_us);
	tiny_vm_destroy(tiny);
}
