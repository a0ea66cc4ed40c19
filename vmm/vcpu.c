/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vcpu.c - a vCPU's thread: KVM_RUN, and what to do when it returns
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

#include "kvm.h"
#include "machine.h"
#include "plugin_host.h"
#include "ports.h"
#include "topology.h"

/* A thread that is to end is kicked again after this time: the plugin may have eaten a kick. */
#define KICK_AGAIN_NS 10000000L

/* ---- creation ------------------------------------------------------------------- */

static int create(struct machine *machine, unsigned index, struct scxray_error *err)
{
	struct vcpu *vcpu = &machine->vcpus[index];

	vcpu->fd = ioctl(machine->vm_fd, KVM_CREATE_VCPU,
			 (unsigned long)topology_apic_id(machine, index));
	if (vcpu->fd < 0)
		return scxray_fail(err, SCXRAY_ERR_IO, 0,
				   "/dev/kvm: vCPU %u: %s: take fewer --cpus", index,
				   strerror(errno));
	vcpu->run = mmap(NULL, machine->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED) {
		vcpu->run = NULL;
		return scxray_fail(err, SCXRAY_ERR_IO, 0, "/dev/kvm: vCPU %u: mmap: %s", index,
				   strerror(errno));
	}
	return 0;
}

int vcpus_create(struct machine *machine, unsigned count, struct scxray_error *err)
{
	if (!count || count > MAX_VCPUS)
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0, "%u vCPUs: want 1 to %d", count,
				   MAX_VCPUS);
	machine->vcpus = calloc(count, sizeof(*machine->vcpus));
	if (!machine->vcpus)
		return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	machine->nr_vcpus = count;
	for (unsigned i = 0; i < count; i++)
		machine->vcpus[i] = (struct vcpu){ .machine = machine, .index = i, .fd = -1 };
	for (unsigned i = 0; i < count; i++)
		if (create(machine, i, err))
			return -1;
	return 0;
}

int vcpu_set_msr(const struct vcpu *vcpu, uint32_t index, uint64_t value)
{
	_Alignas(struct kvm_msrs)
		uint8_t bytes[sizeof(struct kvm_msrs) + sizeof(struct kvm_msr_entry)] = { 0 };
	struct kvm_msrs *msrs = (struct kvm_msrs *)bytes;

	msrs->nmsrs = 1;
	msrs->entries[0].index = index;
	msrs->entries[0].data = value;
	return ioctl(vcpu->fd, KVM_SET_MSRS, msrs) == 1 ? 0 : -1;
}

/* ---- exits ---------------------------------------------------------------------- */

static uint64_t instruction_pointer(const struct vcpu *vcpu)
{
	struct kvm_regs regs;

	return ioctl(vcpu->fd, KVM_GET_REGS, &regs) ? 0 : regs.rip;
}

/* `count` accesses, as REP INS and REP OUTS make. */
static void handle_port(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;

	for (uint32_t i = 0; i < run->io.count; i++, data += run->io.size) {
		if (run->io.direction == KVM_EXIT_IO_IN)
			ports_read(vcpu->machine, run->io.port, data, run->io.size);
		else
			ports_write(vcpu->machine, run->io.port, data, run->io.size);
	}
}

/* What `data` is depends on the suberror; KVM's source says (arch/x86/kvm, KVM_EXIT_INTERNAL_ERROR). */
static void handle_internal_error(struct vcpu *vcpu)
{
	const struct kvm_run *run = vcpu->run;
	bool software = !kvm_runs_kernels(vcpu->machine->kvm_fd);
	char data[96] = "";
	size_t at = 0;

	for (uint32_t i = 0; i < run->internal.ndata && i < 4; i++)
		at += (size_t)snprintf(data + at, sizeof(data) - at, " %#llx",
				       run->internal.data[i]);
	machine_end(vcpu->machine, END_FAILED,
		    "KVM could not go on with vCPU %u at rip %#" PRIx64
		    ": internal error %u%s%s%s%s",
		    vcpu->index, instruction_pointer(vcpu), run->internal.suberror,
		    at ? ", data" : "", data, software ? "; " : "", software ? SOFTWARE_KVM : "");
}

static void handle_system_event(struct vcpu *vcpu)
{
	switch (vcpu->run->system_event.type) {
	case KVM_SYSTEM_EVENT_SHUTDOWN:
		machine_end(vcpu->machine, END_SHUTDOWN, "the guest shut down");
		break;
	case KVM_SYSTEM_EVENT_RESET:
		machine_end(vcpu->machine, END_RESET, "the guest reset the machine");
		break;
	default:
		machine_end(vcpu->machine, END_FAILED, "KVM: system event %u of vCPU %u",
			    vcpu->run->system_event.type, vcpu->index);
	}
}

static void handle_exit(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		handle_port(vcpu);
		break;
	case KVM_EXIT_MMIO: /* nobody lives there */
		if (!run->mmio.is_write)
			memset(run->mmio.data, 0xff, sizeof(run->mmio.data));
		break;
	case KVM_EXIT_INTR:
	case KVM_EXIT_IRQ_WINDOW_OPEN:
	case KVM_EXIT_HLT:
	case KVM_EXIT_DEBUG: /* of a plugin that has taken its watchpoint away */
		break;
	case KVM_EXIT_SHUTDOWN:
		machine_end(vcpu->machine, END_RESET,
			    "the guest's CPU %u reset itself (triple fault) at rip %#" PRIx64,
			    vcpu->index, instruction_pointer(vcpu));
		break;
	case KVM_EXIT_SYSTEM_EVENT:
		handle_system_event(vcpu);
		break;
	case KVM_EXIT_INTERNAL_ERROR:
		handle_internal_error(vcpu);
		break;
	case KVM_EXIT_FAIL_ENTRY:
		machine_end(vcpu->machine, END_FAILED,
			    "KVM could not enter vCPU %u: hardware reason %#" PRIx64
			    " at rip %#" PRIx64,
			    vcpu->index, (uint64_t)run->fail_entry.hardware_entry_failure_reason,
			    instruction_pointer(vcpu));
		break;
	default:
		machine_end(
			vcpu->machine, END_FAILED,
			"KVM: exit %u of vCPU %u, which this VMM does not know, at rip %#" PRIx64,
			run->exit_reason, vcpu->index, instruction_pointer(vcpu));
	}
}

/* ---- threads -------------------------------------------------------------------- */

static void run_once(struct vcpu *vcpu)
{
	int result = ioctl(vcpu->fd, KVM_RUN, 0) ? -errno : 0;

	if (plugin_host_vcpu_exit(vcpu, result))
		return;
	if (!result)
		handle_exit(vcpu);
	else if (result != -EINTR && result != -EAGAIN)
		machine_end(vcpu->machine, END_FAILED, "KVM_RUN of vCPU %u: %s at rip %#" PRIx64,
			    vcpu->index, strerror(-result), instruction_pointer(vcpu));
}

static void *vcpu_thread(void *argument)
{
	struct vcpu *vcpu = argument;
	char name[16];

	snprintf(name, sizeof(name), "vcpu%u", vcpu->index);
	pthread_setname_np(pthread_self(), name);
	plugin_host_vcpu_start(vcpu);
	while (!atomic_load(&vcpu->machine->stopping))
		run_once(vcpu);
	plugin_host_vcpu_stop(vcpu);
	atomic_store(&vcpu->ended, true);
	return NULL;
}

static void kicked(int signal)
{
	(void)signal; /* KVM_RUN has returned; that is all there is to it */
}

int vcpus_start(struct machine *machine, struct scxray_error *err)
{
	struct sigaction action = { .sa_handler = kicked };

	sigaction(vcpu_kick_signal(), &action, NULL);
	for (unsigned i = 0; i < machine->nr_vcpus; i++) {
		struct vcpu *vcpu = &machine->vcpus[i];
		int error = pthread_create(&vcpu->thread, NULL, vcpu_thread, vcpu);

		if (error)
			return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "thread of vCPU %u: %s", i,
					   strerror(error));
		vcpu->started = true;
	}
	return 0;
}

/*
 * Flag, immediate_exit, signal, in that order: wherever the thread is, it does not stay in
 * KVM_RUN.  A plugin that lets a guest go on clears immediate_exit: so again, until it has ended.
 */
static void stop(struct vcpu *vcpu)
{
	const struct timespec pause = { .tv_nsec = KICK_AGAIN_NS };

	if (!vcpu->started)
		return;
	while (!atomic_load(&vcpu->ended)) {
		__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
		pthread_kill(vcpu->thread, vcpu_kick_signal());
		if (!atomic_load(&vcpu->ended))
			nanosleep(&pause, NULL);
	}
	pthread_join(vcpu->thread, NULL);
	vcpu->started = false;
}

void vcpus_stop(struct machine *machine)
{
	atomic_store(&machine->stopping, true);
	for (unsigned i = 0; i < machine->nr_vcpus; i++)
		stop(&machine->vcpus[i]);
}
