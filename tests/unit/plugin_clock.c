/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plugin_clock.c - how the guest's clocks are held back, on a KVM that is a model
 *
 * Neither a software KVM's TSC nor an old KVM's ways can be had everywhere, so ioctl() is
 * the test's own here: a TSC of 1 GHz with an offset for each vCPU, KVM_VCPU_TSC_OFFSET,
 * MSR_IA32_TSC as kvm_synchronize_tsc() takes it, and kvmclock.  The "guest" of each vCPU
 * reads both clocks all the time, and looks whether any is behind what another vCPU saw.
 */
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/kvm.h>

#include "tests/lib/unit.h"
#include "vmm-plugin/freeze.h"
#include "watch/now.h"

#define NR 4
#define VM_FD 5000
#define VCPU_FD 5001 /* and on */
#define MSR_IA32_TSC 0x10
#define LONG_MS 30000
#define AHEAD 3000000000000ULL /* what the host's TSC is ahead of its clock */

/* ---- the model of KVM ------------------------------------------------------- */

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
static void synchronize_tsc(uint32_t i, uint64_t data)
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

static int tsc_attr(uint32_t i, unsigned long request, const struct kvm_device_attr *attr)
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

static int msrs(uint32_t i, unsigned long request, struct kvm_msrs *list)
{
	struct kvm_msr_entry *entry = &list->entries[0];

	if (request == KVM_GET_MSRS)
		entry->data = entry->index == MSR_IA32_TSC ? guest_tsc(i) : 0;
	else if (entry->index == MSR_IA32_TSC && !kvm.fixed)
		synchronize_tsc(i, entry->data);
	return 1;
}

static int vcpu_ioctl(uint32_t i, unsigned long request, void *arg)
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

static int vm_ioctl(unsigned long request, void *arg)
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

/* ---- the guest: vCPUs that do nothing but read their clocks ----------------- */

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
static void look(_Atomic uint64_t *seen, uint64_t before, uint64_t now)
{
	if (now < before)
		guest.went_back++;
	while (now > before && !atomic_compare_exchange_weak(seen, &before, now))
		;
}

static void *vcpu_main(void *arg)
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

static void start_one(uint32_t i)
{
	guest.stop_one[i] = false;
	ck_assert_int_eq(pthread_create(&guest.thread[i], NULL, vcpu_main, (void *)(uintptr_t)i),
			 0);
}

/* A VM on such a KVM, whose TSCs are `apart` ticks from each other. */
static void setup(const struct model *model, uint64_t apart)
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

static void end(void)
{
	guest.stop = true;
	for (uint32_t i = 0; i < NR; i++)
		pthread_join(guest.thread[i], NULL);
	vm_destroy(guest.vm);
}

static void teardown(void)
{
	end();
	ck_assert_uint_eq(guest.went_back, 0);
}

struct frozen {
	struct freeze_result result;
	uint64_t us;		      /* the host's time, over it all */
	uint64_t tsc_us, kvmclock_us; /* what the guest's clocks went on by */
};

static void freeze(uint32_t ms, struct frozen *frozen)
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

static void all_in_step(void)
{
	for (uint32_t i = 1; i < NR; i++)
		ck_assert_uint_eq(kvm.offset[i], kvm.offset[0]);
}

/* The guest's clocks did not see the pause, and it is known what else they saw. */
static void held_back(const struct frozen *frozen, uint32_t ms)
{
	ck_assert_str_eq(frozen->result.clock, "TSC and kvmclock set back");
	ck_assert_uint_ge(frozen->us - frozen->tsc_us, ms * 1000);
	ck_assert_uint_ge(frozen->us - frozen->kvmclock_us, ms * 1000);
	ck_assert_int_ge(frozen->result.guest_clock_us, 0);
	ck_assert_int_le(frozen->result.guest_clock_us, (int64_t)frozen->tsc_us + 1000);
}

/* ---- tests ------------------------------------------------------------------ */

START_TEST(by_offset)
{
	struct frozen frozen;

	setup(&(struct model){ .has_offset = true }, 0);
	for (int i = 0; i < 3; i++) {
		freeze(300, &frozen);
		held_back(&frozen, 300);
		all_in_step();
	}
	printf("by offset: guest saw %ld of %lu us\n", (long)frozen.result.guest_clock_us,
	       frozen.result.frozen_us);
	teardown();
}
END_TEST

START_TEST(short_ones)
{
	struct frozen frozen;

	setup(&(struct model){ .has_offset = true }, 0);
	for (int i = 0; i < 300; i++)
		freeze(0, &frozen);
	all_in_step();
	teardown();
}
END_TEST

/* vCPUs whose TSCs differ keep their distance. */
START_TEST(not_in_step_before)
{
	struct frozen frozen;

	setup(&(struct model){ .has_offset = true }, 7000000);
	freeze(300, &frozen);
	held_back(&frozen, 300);
	for (uint32_t i = 0; i < NR; i++)
		ck_assert_uint_eq(kvm.offset[i], kvm.offset[0] + i * 7000000);
	end(); /* these do see times before others', always */
}
END_TEST

/* Below a second KVM takes a plain write for an attempt to be in step. */
START_TEST(by_msr)
{
	struct frozen frozen;

	setup(&(struct model){ 0 }, 0);
	for (int i = 0; i < 3; i++) {
		freeze(300, &frozen);
		held_back(&frozen, 300);
		all_in_step();
	}
	freeze(1500, &frozen);
	held_back(&frozen, 1500);
	all_in_step();
	teardown();
}
END_TEST

START_TEST(a_tsc_that_does_not_move)
{
	struct frozen frozen;

	setup(&(struct model){ .has_offset = true, .fixed = true }, 0);
	for (int i = 0; i < 2; i++) {
		freeze(100, &frozen);
		ck_assert_str_eq(frozen.result.clock, "kvmclock set back, TSC not moved");
		ck_assert_uint_ge(frozen.us - frozen.kvmclock_us, 100000);
		/* the one that went further: the TSC, by all of it */
		ck_assert_int_ge(frozen.result.guest_clock_us, 100000);
	}
	teardown();
}
END_TEST

START_TEST(kvm_refuses)
{
	struct frozen frozen;

	setup(&(struct model){ .has_offset = true, .refuses_clock = true }, 0);
	freeze(100, &frozen);
	ck_assert_str_eq(frozen.result.clock, "TSC set back, kvmclock not: KVM refuses");
	ck_assert_int_ge(frozen.result.guest_clock_us, 100000);
	kvm.fixed = true;
	freeze(100, &frozen);
	ck_assert_str_eq(frozen.result.clock, "not held back: KVM moves neither TSC nor kvmclock");
	teardown();
}
END_TEST

/* One vCPU's TSC cannot be set: better all as they were than out of step. */
START_TEST(kvm_refuses_one)
{
	struct frozen frozen;

	setup(&(struct model){ .has_offset = true, .refuses_at = 3 }, 0);
	freeze(100, &frozen);
	ck_assert_str_eq(frozen.result.clock, "kvmclock set back, TSC not moved");
	all_in_step();
	teardown();
}
END_TEST

/* One that has stopped is not touched, and is in step again before it runs again. */
START_TEST(a_stopped_vcpu_catches_up)
{
	struct frozen frozen;
	uint64_t before;

	setup(&(struct model){ .has_offset = true }, 0);
	guest.stop_one[2] = true;
	pthread_join(guest.thread[2], NULL);
	before = kvm.offset[2];
	freeze(100, &frozen);
	freeze(100, &frozen);
	ck_assert_uint_eq(kvm.offset[2], before);
	ck_assert_uint_ne(kvm.offset[0], before);
	start_one(2);
	before = guest.rounds[2];
	while (guest.rounds[2] == before)
		usleep(100);
	all_in_step();
	teardown();
}
END_TEST

/* A vCPU that ran through the freeze has seen its time: nobody's goes back. */
START_TEST(degraded)
{
	struct freeze_result result;
	uint64_t before = 0, kvmclock;

	setup(&(struct model){ .has_offset = true }, 0);
	before = kvm.offset[0];
	kvmclock = kvm.kvmclock;
	guest.stuck[1] = true;
	freeze_begin(guest.vm, 100, &result);
	ck_assert(!result.complete);
	freeze_end(guest.vm, &result);
	guest.stuck[1] = false;
	ck_assert_uint_eq(kvm.offset[0], before);
	ck_assert_uint_eq(kvm.kvmclock, kvmclock);
	ck_assert_int_eq(result.guest_clock_us, -1);
	all_in_step();
	teardown();
}
END_TEST

static const unit_test tests[] = {
	&by_offset,
	&short_ones,
	&not_in_step_before,
	&by_msr,
	&a_tsc_that_does_not_move,
	&kvm_refuses,
	&kvm_refuses_one,
	&degraded,
	&a_stopped_vcpu_catches_up,
};

UNIT_MAIN("plugin_clock", tests)
