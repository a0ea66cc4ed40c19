/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/lib/fake_vm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct fake_vm fake_vm = { .ram = PTHREAD_MUTEX_INITIALIZER };

static struct {
	struct scxray_live_vcpu frozen[FAKE_VM_MAX_VCPUS];
	atomic_bool aborted, hit, held;
	atomic_uint hit_vcpu;
	void (*wake)(void *arg);
	void *wake_arg;
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

void freeze_begin(struct vm *vm, uint32_t deadline_ms, struct freeze_result *result)
{
	(void)vm;
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
	memcpy(fake.frozen, fake_vm.vcpus, sizeof(fake.frozen));
	for (uint32_t i = result->nr_parked; i < result->nr_vcpus; i++)
		memset(&fake.frozen[i], 0, sizeof(fake.frozen[i]));
}

const struct scxray_live_vcpu *freeze_vcpus(const struct vm *vm)
{
	(void)vm;
	return fake.frozen;
}

void freeze_end(struct vm *vm, struct freeze_result *result)
{
	(void)vm;
	result->thaw_us = 5;
	result->frozen_us = result->park_us + 5;
	memset(fake.frozen, 0xee, sizeof(fake.frozen)); /* nobody's any more */
	atomic_fetch_add(&fake_vm.nr_freezes, 1);
	atomic_store(&fake_vm.frozen, false);
	atomic_store(&fake.held, false);
	pthread_mutex_unlock(&fake_vm.ram);
}

void vm_abort(struct vm *vm)
{
	(void)vm;
	atomic_store(&fake.aborted, true);
}

void vm_sample_regs(struct vm *vm, struct scxray_live_vcpu *vcpus, uint32_t deadline_ms)
{
	(void)vm;
	(void)deadline_ms;
	pthread_mutex_lock(&fake_vm.ram);
	memset(vcpus, 0, fake_vm.nr_vcpus * sizeof(*vcpus));
	if (!fake_vm.no_regs)
		memcpy(vcpus, fake_vm.vcpus, fake_vm.nr_vcpus * sizeof(*vcpus));
	pthread_mutex_unlock(&fake_vm.ram);
}

void watchpoint_set(struct vm *vm, const struct watchpoint_words *words)
{
	(void)vm;
	if (words && words->nr && words->size != 4)
		abort();
	atomic_store(&fake.hit, false);
	atomic_store(&fake.held, false);
	atomic_fetch_add(&fake_vm.nr_watch_sets, 1);
	atomic_store(&fake_vm.watch_kva, words && words->nr ? words->kva[0] : 0);
}

enum watchpoint_state watchpoint_state(struct vm *vm)
{
	(void)vm;
	return atomic_load(&fake_vm.watch_kva) ? WATCHPOINT_ARMED : WATCHPOINT_OFF;
}

bool watchpoint_gone(struct vm *vm, uint32_t deadline_ms)
{
	(void)vm;
	(void)deadline_ms;
	return true;
}

bool watchpoint_hit(struct vm *vm, uint32_t *vcpu)
{
	(void)vm;
	*vcpu = atomic_load(&fake.hit_vcpu);
	return atomic_load(&fake.hit);
}

void vm_set_wake(struct vm *vm, void (*wake)(void *arg), void *arg)
{
	(void)vm;
	fake.wake = wake;
	fake.wake_arg = arg;
}

void fake_vm_hit(uint32_t index)
{
	atomic_store(&fake.hit_vcpu, index);
	atomic_store(&fake.held, true);
	atomic_store(&fake.hit, true);
	if (fake.wake)
		fake.wake(fake.wake_arg);
}

bool fake_vm_held(void)
{
	return atomic_load(&fake.held);
}
