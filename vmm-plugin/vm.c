/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm.c - the VM as its host describes it
 */
#include "vmm-plugin/vm.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/kvm.h>

#include "vmm-plugin/kick.h"

/* An element of the host's array, however much of it the host knows. */
static struct scxray_plugin_vcpu element(const struct scxray_plugin_host *host, uint32_t i)
{
	struct scxray_plugin_vcpu vcpu = { 0 };
	size_t size = host->vcpu_size < sizeof(vcpu) ? host->vcpu_size : sizeof(vcpu);

	memcpy(&vcpu, (const char *)host->vcpus + (size_t)i * host->vcpu_size, size);
	return vcpu;
}

static int vcpu_init(struct vcpu *vcpu, uint32_t index, const struct scxray_plugin_vcpu *from,
		     struct scxray_error *err)
{
	if (from->fd < 0 || !from->run)
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
				   "vCPU %u: the host gave no file descriptor, or no kvm_run",
				   index);
	vcpu->index = index;
	vcpu->fd = from->fd;
	vcpu->run = from->run;
	pthread_mutex_init(&vcpu->stop_lock, NULL);
	atomic_store(&vcpu->tid, from->tid);
	atomic_store(&vcpu->thread, from->tid ? THREAD_RUNS : THREAD_NONE);
	/* A host that forgets vcpu_start() is found out at its first exit. */
	atomic_store(&vcpu->want, from->tid ? 0 : WANT_ADOPT);
	return 0;
}

static int vm_init(struct vm *vm, const struct scxray_plugin_host *host, struct scxray_error *err)
{
	vm->fd = host->vm_fd;
	vm->context = host->context;
	if (host->pause_devices && host->resume_devices) {
		vm->pause_devices = host->pause_devices;
		vm->resume_devices = host->resume_devices;
	}
	if (ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_IMMEDIATE_EXIT) == 0)
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
				   "this KVM has no immediate_exit: Linux 4.13 or later is needed");
	vm->vcpus = aligned_alloc(_Alignof(struct vcpu), host->nr_vcpus * sizeof(*vm->vcpus));
	vm->frozen = calloc(host->nr_vcpus, sizeof(*vm->frozen));
	if (!vm->vcpus || !vm->frozen)
		return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory for %u vCPUs",
				   host->nr_vcpus);
	memset(vm->vcpus, 0, host->nr_vcpus * sizeof(*vm->vcpus));
	pthread_mutex_init(&vm->watchpoint.set_lock, NULL);
	for (; vm->nr_vcpus < host->nr_vcpus; vm->nr_vcpus++) {
		struct scxray_plugin_vcpu from = element(host, vm->nr_vcpus);

		if (vcpu_init(&vm->vcpus[vm->nr_vcpus], vm->nr_vcpus, &from, err))
			return -1;
	}
	log_init(&vm->log, host->log, host->context);
	atomic_store(&vm->signal, host->kick_signal);
	if (!host->kick_signal) {
		int sig = kick_signal_take();

		if (sig < 0)
			return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
					   "no real-time signal is free to kick vCPUs: set "
					   "kick_signal");
		atomic_store(&vm->signal, sig);
		vm->own_signal = true;
	}
	return 0;
}

struct vm *vm_create(const struct scxray_plugin_host *host, struct scxray_error *err)
{
	struct vm *vm;

	if (!host->nr_vcpus || !host->vcpus || !host->vcpu_size) {
		scxray_fail(err, SCXRAY_ERR_INVALID, 0, "the host gave no vCPUs");
		return NULL;
	}
	vm = calloc(1, sizeof(*vm));
	if (!vm) {
		scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory for a VM");
		return NULL;
	}
	if (vm_init(vm, host, err)) {
		vm_destroy(vm);
		return NULL;
	}
	return vm;
}

void vm_destroy(struct vm *vm)
{
	if (!vm)
		return;
	if (vm->own_signal)
		kick_signal_release(atomic_load(&vm->signal));
	for (uint32_t i = 0; i < vm->nr_vcpus; i++)
		pthread_mutex_destroy(&vm->vcpus[i].stop_lock);
	free(vm->vcpus);
	free(vm->frozen);
	free(vm);
}

size_t vm_nr_vcpus(const struct vm *vm)
{
	return vm->nr_vcpus;
}
