/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signal.c - what devices tell the machine: an interrupt for the guest, a wake-up for the main thread
 */
#include <sys/ioctl.h>
#include <unistd.h>

#include <base/event.h>

#include "machine.h"
#include "signal.h"

void machine_wake(struct machine *machine)
{
	event_set(machine->wake_fd);
}

void machine_irq(struct machine *machine, unsigned irq, bool high)
{
	struct kvm_irq_level level = { .irq = irq, .level = high };

	/* Can only fail without an interrupt chip, and there is one. */
	ioctl(machine->vm_fd, KVM_IRQ_LINE, &level);
}
