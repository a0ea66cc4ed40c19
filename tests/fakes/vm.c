/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/lib/fake_vm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct fake_vm fake_vm = { .ram = PTHREAD_MUTEX_INITIALIZER };

static struct {
	struct watch_machine machine;
	atomic_bool aborted, hit, held;
	atomic_uint hit_vcpu;
} fake;

void fake_vm_reset(void)
{
	memset(&fake_vm, 0, sizeof(fake_vm));
	memset(&fake, 0, sizeof(fake));
	pthread_mutex_init(&fake_vm.ram, NULL);
}

struct vm *vm_create(const struct scxray_plugin_host *host, struct scxray_error *err)
{
	if (host->nr_vcpus > FAKE_VM_MAX_VCPUS) {
		scxray_fail(err, SCXRAY_ERR_INVALID, 0, "too many vCPUs for a test");
		return NULL;
	}
	fake_vm.nr_vcpus = host->nr_vcpus;
	return (struct vm *)&fake_vm;
}

void vm_destroy(struct vm *vm)
{
	(void)vm;
}

size_t vm_nr_vcpus(const struct vm *vm)
{
	(void)vm;
	return fake_vm.nr_vcpus;
}

void vm_vcpu_start(struct vm *vm, uint32_t index)
{
	(void)vm;
	(void)index;
}

int vm_vcpu_exit(struct vm *vm, uint32_t index, int result)
{
	(void)vm;
	(void)index;
	return result == -EINTR ? SCXRAY_VCPU_CONSUMED : SCXRAY_VCPU_HANDLE;
}

void vm_vcpu_stop(struct vm *vm, uint32_t index)
{
	(void)vm;
	(void)index;
}

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

static void freeze(struct watch_machine *machine, uint32_t deadline_ms,
		   struct scxray_live_vcpu *vcpus, struct freeze_result *result)
{
	(void)machine;
	pthread_mutex_lock(&fake_vm.ram);
	atomic_store(&fake_vm.frozen, true);
	while (fake_vm.endless && !atomic_load(&fake.aborted))
		nap();
	*result = (struct freeze_result){
		.nr_vcpus = fake_vm.nr_vcpus,
		.nr_parked = fake_vm.nr_vcpus - fake_vm.nr_silent,
		.complete = !fake_vm.nr_silent,
		.aborted = atomic_load(&fake.aborted),
		.park_us = fake_vm.nr_silent ? deadline_ms * 1000ULL : 70,
		.guest_clock_us = 3,
		.clock = "held back by a test",
	};
	memcpy(vcpus, fake_vm.vcpus, result->nr_vcpus * sizeof(*vcpus));
	for (uint32_t i = result->nr_parked; i < result->nr_vcpus; i++)
		memset(&vcpus[i], 0, sizeof(vcpus[i]));
}

static void thaw(struct watch_machine *machine, struct freeze_result *result)
{
	(void)machine;
	result->thaw_us = 5;
	result->frozen_us = result->park_us + 5;
	atomic_fetch_add(&fake_vm.nr_freezes, 1);
	atomic_store(&fake_vm.frozen, false);
	atomic_store(&fake.held, false);
	pthread_mutex_unlock(&fake_vm.ram);
}

static void abort_waits(struct watch_machine *machine)
{
	(void)machine;
	atomic_store(&fake.aborted, true);
}

static void sample_regs(struct watch_machine *machine, struct scxray_live_vcpu *vcpus,
			uint32_t deadline_ms)
{
	(void)machine;
	(void)deadline_ms;
	pthread_mutex_lock(&fake_vm.ram);
	memset(vcpus, 0, fake_vm.nr_vcpus * sizeof(*vcpus));
	if (!fake_vm.no_regs)
		memcpy(vcpus, fake_vm.vcpus, fake_vm.nr_vcpus * sizeof(*vcpus));
	pthread_mutex_unlock(&fake_vm.ram);
}

static void set_watchpoint(struct watch_machine *machine, const struct watchpoint_words *words)
{
	(void)machine;
	if (words->nr && words->size != 4)
		abort();
	atomic_store(&fake.hit, false);
	atomic_store(&fake.held, false);
	atomic_fetch_add(&fake_vm.nr_watch_sets, 1);
	atomic_store(&fake_vm.watch_kva, words->nr ? words->kva[0] : 0);
}

static bool is_watchpoint_gone(struct watch_machine *machine, uint32_t deadline_ms)
{
	(void)machine;
	(void)deadline_ms;
	return true;
}

static const char *why_unarmed(struct watch_machine *machine)
{
	(void)machine;
	return atomic_load(&fake_vm.watch_kva) ? NULL : "off";
}

static bool is_watchpoint_hit(struct watch_machine *machine, uint32_t *vcpu)
{
	(void)machine;
	*vcpu = atomic_load(&fake.hit_vcpu);
	return atomic_load(&fake.hit);
}

static const struct watch_machine_ops ops = {
	.sample_regs = sample_regs,
	.freeze = freeze,
	.thaw = thaw,
	.abort = abort_waits,
	.watchpoint_set = set_watchpoint,
	.watchpoint_gone = is_watchpoint_gone,
	.watchpoint_unarmed = why_unarmed,
	.watchpoint_hit = is_watchpoint_hit,
};

struct watch_machine *vm_machine(struct vm *vm)
{
	(void)vm;
	fake.machine =
		(struct watch_machine){ .ops = &ops, .nr_vcpus = fake_vm.nr_vcpus, .fd = -1 };
	return &fake.machine;
}

void fake_vm_hit(uint32_t index)
{
	atomic_store(&fake.hit_vcpu, index);
	atomic_store(&fake.held, true);
	atomic_store(&fake.hit, true);
	if (fake.machine.wake)
		fake.machine.wake(fake.machine.wake_arg);
}

bool fake_vm_held(void)
{
	return atomic_load(&fake.held);
}
