/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signal.c - what devices tell the machine: an interrupt for the guest, a wake-up for the main thread
 */
#include <sys/ioctl.h>
#include <unistd.h>

#include "machine.h"
#include "signal.h"

void machine_wake(struct machine *machine)
{
	uint64_t one = 1;

	/* It fails only where the counter is full: then it is awake. */
	if (write(machine->wake_fd, &one, sizeof(one)) < 0)
		return;
}

void machine_irq(struct machine *machine, unsigned irq, bool high)
{
	struct kvm_irq_level level = { .irq = irq, .level = high };

	/* Can only fail without an interrupt chip, and there is one. */
	ioctl(machine->vm_fd, KVM_IRQ_LINE, &level);
}
