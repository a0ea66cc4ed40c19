/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock_model.h - a model of KVM's guest clocks, and vCPUs that read theirs
 */
#ifndef TESTS_CLOCK_MODEL_H
#define TESTS_CLOCK_MODEL_H

#include <errno.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/lib/unit.h"
#include "vmm-plugin/freeze.h"
#include "watch/now.h"

#define NR 4
#define VM_FD 5000
#define VCPU_FD 5001 /* and on */
#define MSR_IA32_TSC 0x10
#define LONG_MS 30000
#define AHEAD 3000000000000ULL /* what the host's TSC is ahead of its clock */

static struct model {
	/* how this KVM is */
	bool has_offset;     /* KVM_VCPU_TSC_OFFSET */
	bool fixed;	     /* takes every write of a TSC, and does nothing */
	bool refuses_clock;  /* KVM_SET_CLOCK */
	uint32_t refuses_at; /* the n-th setting of an offset; 0: none */

	_Atomic uint32_t settings; /* of offsets */
	_Atomic uint64_t offset[NR];
	_Atomic uint64_t kvmclock; /* less the host's time */
	/* struct kvm_arch: tsc_write_lock and what it guards */
	pthread_mutex_t lock;
	uint64_t last_ns, last_write, current_offset;
	bool user_set;
} kvm;

static uint64_t host_tsc(void)
{
	return now_ns() + AHEAD;
}

static uint64_t guest_tsc(uint32_t i)
{
	return host_tsc() + kvm.offset[i];
}

static uint64_t guest_kvmclock(void)
{
	return now_ns() + kvm.kvmclock;
}

/* kvm_synchronize_tsc() of 6.12, with a reliable host TSC */
static inline void synchronize_tsc(uint32_t i, uint64_t data)
{
	uint64_t ns = now_ns(), offset = data - host_tsc();
	uint64_t expected = kvm.last_write + (ns - kvm.last_ns);
	bool same = data == 0 ||
		    (kvm.user_set && data < expected + NS_PER_SEC && data + NS_PER_SEC > expected);

	pthread_mutex_lock(&kvm.lock);
	if (same)
		offset = kvm.current_offset;
	kvm.user_set = true;
	kvm.current_offset = offset;
	kvm.last_ns = ns;
	kvm.last_write = data;
	kvm.offset[i] = offset;
	pthread_mutex_unlock(&kvm.lock);
}

static inline int tsc_attr(uint32_t i, unsigned long request, const struct kvm_device_attr *attr)
{
	uint64_t *value = (uint64_t *)(uintptr_t)attr->addr;

	if (!kvm.has_offset || attr->group != KVM_VCPU_TSC_CTRL ||
	    attr->attr != KVM_VCPU_TSC_OFFSET)
		return -ENXIO;
	if (request == KVM_GET_DEVICE_ATTR)
		*value = kvm.offset[i];
	if (request == KVM_SET_DEVICE_ATTR && ++kvm.settings == kvm.refuses_at)
		return -EINVAL;
	if (request == KVM_SET_DEVICE_ATTR && !kvm.fixed)
		kvm.offset[i] = *value;
	return 0;
}

static inline int msrs(uint32_t i, unsigned long request, struct kvm_msrs *list)
{
	struct kvm_msr_entry *entry = &list->entries[0];

	if (request == KVM_GET_MSRS)
		entry->data = entry->index == MSR_IA32_TSC ? guest_tsc(i) : 0;
	else if (entry->index == MSR_IA32_TSC && !kvm.fixed)
		synchronize_tsc(i, entry->data);
	return 1;
}

static inline int vcpu_ioctl(uint32_t i, unsigned long request, void *arg)
{
	switch (request) {
	case KVM_GET_REGS:
		memset(arg, 0, sizeof(struct kvm_regs));
		return 0;
	case KVM_GET_SREGS:
		memset(arg, 0, sizeof(struct kvm_sregs));
		return 0;
	case KVM_GET_MSRS:
	case KVM_SET_MSRS:
		return msrs(i, request, arg);
	case KVM_HAS_DEVICE_ATTR:
	case KVM_GET_DEVICE_ATTR:
	case KVM_SET_DEVICE_ATTR:
		return tsc_attr(i, request, arg);
	case KVM_GET_TSC_KHZ:
		return 1000000;
	default:
		return -EINVAL;
	}
}

static inline int vm_ioctl(unsigned long request, void *arg)
{
	struct kvm_clock_data *data = arg;

	switch (request) {
	case KVM_CHECK_EXTENSION:
		return 1;
	case KVM_GET_CLOCK:
		memset(data, 0, sizeof(*data));
		data->clock = guest_kvmclock();
		data->flags = KVM_CLOCK_REALTIME | KVM_CLOCK_TSC_STABLE;
		return 0;
	case KVM_SET_CLOCK:
		/* with KVM_CLOCK_REALTIME the pause would be added again */
		if (kvm.refuses_clock || data->flags)
			return -EINVAL;
		kvm.kvmclock = data->clock - now_ns();
		return 0;
	default:
		return -EINVAL;
	}
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list list;
	void *arg;
	int r = -ENOTTY;

	va_start(list, request);
	arg = va_arg(list, void *);
	va_end(list);
	if (fd == VM_FD)
		r = vm_ioctl(request, arg);
	else if (fd >= VCPU_FD && fd < VCPU_FD + NR)
		r = vcpu_ioctl((uint32_t)(fd - VCPU_FD), request, arg);
	if (r >= 0)
		return r;
	errno = -r;
	return -1;
}

static struct guest {
	struct vm *vm;
	struct kvm_run run[NR];
	pthread_t thread[NR];
	_Atomic bool stop, stop_one[NR], stuck[NR];
	_Atomic uint64_t seen_tsc, seen_kvmclock; /* the latest that any vCPU saw */
	_Atomic uint64_t went_back;
	_Atomic uint64_t rounds[NR];
} guest;

/* What another vCPU has seen before must not lie in the future. */
static inline void look(_Atomic uint64_t *seen, uint64_t before, uint64_t now)
{
	if (now < before)
		guest.went_back++;
	while (now > before && !atomic_compare_exchange_weak(seen, &before, now))
		;
}

static inline void *vcpu_main(void *arg)
{
	uint32_t i = (uint32_t)(uintptr_t)arg;

	vm_vcpu_start(guest.vm, i);
	while (!guest.stop && !guest.stop_one[i]) {
		uint64_t before = guest.seen_tsc;

		look(&guest.seen_tsc, before, guest_tsc(i));
		before = guest.seen_kvmclock;
		look(&guest.seen_kvmclock, before, guest_kvmclock());
		if (++guest.rounds[i] % 64 == 0)
			usleep(20);
		while (guest.stuck[i])
			usleep(500);
		if (__atomic_load_n(&guest.run[i].immediate_exit, __ATOMIC_SEQ_CST))
			vm_vcpu_exit(guest.vm, i, -EINTR);
	}
	vm_vcpu_stop(guest.vm, i);
	return NULL;
}

static inline void start_one(uint32_t i)
{
	guest.stop_one[i] = false;
	ck_assert_int_eq(pthread_create(&guest.thread[i], NULL, vcpu_main, (void *)(uintptr_t)i),
			 0);
}

/* A VM on such a KVM, whose TSCs are `apart` ticks from each other. */
static inline void setup(const struct model *model, uint64_t apart)
{
	struct scxray_plugin_vcpu vcpus[NR];
	struct scxray_plugin_host host = {
		.struct_size = sizeof(host),
		.vm_fd = VM_FD,
		.vcpus = vcpus,
		.nr_vcpus = NR,
		.vcpu_size = sizeof(vcpus[0]),
	};
	struct scxray_error err;

	kvm.has_offset = model->has_offset;
	kvm.fixed = model->fixed;
	kvm.refuses_clock = model->refuses_clock;
	kvm.refuses_at = model->refuses_at;
	pthread_mutex_init(&kvm.lock, NULL);
	kvm.kvmclock = -now_ns(); /* the VM was made just now, and so its TSCs */
	kvm.current_offset = -host_tsc();
	kvm.last_ns = now_ns();
	for (uint32_t i = 0; i < NR; i++) {
		kvm.offset[i] = kvm.current_offset + i * apart;
		vcpus[i] = (struct scxray_plugin_vcpu){
			.fd = VCPU_FD + (int)i,
			.run = &guest.run[i],
		};
	}
	usleep(20000);
	guest.vm = vm_create(&host, &err);
	ck_assert_ptr_nonnull(guest.vm);
	for (uint32_t i = 0; i < NR; i++)
		start_one(i);
	for (uint32_t i = 0; i < NR; i++)
		while (guest.rounds[i] < 100)
			usleep(100);
}

static inline void end(void)
{
	guest.stop = true;
	for (uint32_t i = 0; i < NR; i++)
		pthread_join(guest.thread[i], NULL);
	vm_destroy(guest.vm);
}

static inline void teardown(void)
{
	end();
	ck_assert_uint_eq(guest.went_back, 0);
}

struct frozen {
	struct freeze_result result;
	uint64_t us;		      /* the host's time, over it all */
	uint64_t tsc_us, kvmclock_us; /* what the guest's clocks went on by */
};

static inline void freeze(uint32_t ms, struct frozen *frozen)
{
	uint64_t ns = now_ns(), tsc = guest_tsc(0), kvmclock = guest_kvmclock();
	uint64_t rounds[NR];

	freeze_begin(guest.vm, LONG_MS, &frozen->result);
	ck_assert(frozen->result.complete);
	usleep(ms * 1000);
	for (uint32_t i = 0; i < NR; i++)
		rounds[i] = guest.rounds[i];
	freeze_end(guest.vm, &frozen->result);
	frozen->tsc_us = (guest_tsc(0) - tsc) / NS_PER_US;
	frozen->kvmclock_us = (guest_kvmclock() - kvmclock) / NS_PER_US;
	frozen->us = (now_ns() - ns) / NS_PER_US;
	ck_assert_uint_ge(frozen->result.frozen_us, ms * 1000);
	for (uint32_t i = 0; i < NR; i++)
		while (!guest.stop_one[i] && guest.rounds[i] < rounds[i] + 100)
			usleep(100);
}

static inline void all_in_step(void)
{
	for (uint32_t i = 1; i < NR; i++)
		ck_assert_uint_eq(kvm.offset[i], kvm.offset[0]);
}

#endif
