/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine.c - watch/machine.h by the freeze coordinator
 */
#include <stddef.h>
#include <string.h>

#include "vmm-plugin/vm.h"

static struct vm *vm_of(struct watch_machine *machine)
{
	return (struct vm *)((char *)machine - offsetof(struct vm, machine));
}

static void sample_regs(struct watch_machine *machine, struct scxray_live_vcpu *vcpus,
			uint32_t deadline_ms)
{
	vm_sample_regs(vm_of(machine), vcpus, deadline_ms);
}

static void freeze(struct watch_machine *machine, uint32_t deadline_ms,
		   struct scxray_live_vcpu *vcpus, struct freeze_result *result)
{
	freeze_begin(vm_of(machine), deadline_ms, result);
	/* after the thaw the vCPUs' registers are their own again */
	memcpy(vcpus, freeze_vcpus(vm_of(machine)), machine->nr_vcpus * sizeof(*vcpus));
}

static void thaw(struct watch_machine *machine, struct freeze_result *result)
{
	freeze_end(vm_of(machine), result);
}

static void abort_waits(struct watch_machine *machine)
{
	vm_abort(vm_of(machine));
}

static void set_watchpoint(struct watch_machine *machine, const struct watchpoint_words *words)
{
	watchpoint_set(vm_of(machine), words);
}

static bool is_watchpoint_gone(struct watch_machine *machine, uint32_t deadline_ms)
{
	return watchpoint_gone(vm_of(machine), deadline_ms);
}

static const char *why_unarmed(struct watch_machine *machine)
{
	static const char *const texts[] = {
		[WATCHPOINT_OFF] = "off",
		[WATCHPOINT_ARMED] = NULL,
		[WATCHPOINT_UNSUPPORTED] = "not armed: KVM refuses KVM_SET_GUEST_DEBUG",
		[WATCHPOINT_GUEST_USES] = "not armed: the guest uses its debug registers itself",
	};

	return texts[watchpoint_state(vm_of(machine))];
}

static bool is_watchpoint_hit(struct watch_machine *machine, uint32_t *vcpu)
{
	return watchpoint_hit(vm_of(machine), vcpu);
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
	vm->machine.ops = &ops;
	vm->machine.nr_vcpus = vm->nr_vcpus;
	vm->machine.fd = -1;
	return &vm->machine;
}
