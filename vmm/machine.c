/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine.c - the VM, its interrupt chips, and how it ends
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kvm.h"
#include "machine.h"
#include "signal.h"
#include "uart.h"

/* Four pages below 4 GiB that KVM needs on Intel for itself: in the hole, and in no one's way. */
#define IDENTITY_MAP 0xfffbc000ULL
#define TSS_PAGES 0xfffbd000UL

#define NR_PINS 24 /* of the IOAPIC */

static int kvm_failed(const char *what, struct scxray_error *err)
{
	return scxray_fail(err, SCXRAY_ERR_IO, 0, "/dev/kvm: %s: %s", what, strerror(errno));
}

/*
 * ISA interrupts reach the two PICs and the IOAPIC, at the pin of the same number; only the
 * timer, interrupt 0, is at pin 2, as on a PC.  The MADT says so
 * too (acpi.c).
 */
static int route_interrupts(struct machine *machine)
{
	struct kvm_irq_routing *routing;
	struct kvm_irq_routing_entry *entry;
	int status;

	routing = calloc(1, sizeof(*routing) + (16 + NR_PINS) * sizeof(*entry));
	if (!routing)
		return -1;
	entry = routing->entries;
	for (unsigned gsi = 0; gsi < NR_PINS; gsi++) {
		if (gsi < 16 && gsi != 2)
			*entry++ = (struct kvm_irq_routing_entry){
				.gsi = gsi,
				.type = KVM_IRQ_ROUTING_IRQCHIP,
				.u.irqchip = { gsi < 8 ? KVM_IRQCHIP_PIC_MASTER
						       : KVM_IRQCHIP_PIC_SLAVE,
					       gsi % 8 },
			};
		if (gsi != 2)
			*entry++ = (struct kvm_irq_routing_entry){
				.gsi = gsi,
				.type = KVM_IRQ_ROUTING_IRQCHIP,
				.u.irqchip = { KVM_IRQCHIP_IOAPIC, gsi ? gsi : 2 },
			};
	}
	routing->nr = (unsigned)(entry - routing->entries);
	status = ioctl(machine->vm_fd, KVM_SET_GSI_ROUTING, routing);
	free(routing);
	return status;
}

static int create_chips(struct machine *machine, struct scxray_error *err)
{
	struct kvm_pit_config pit = { .flags = KVM_PIT_SPEAKER_DUMMY };
	uint64_t identity_map = IDENTITY_MAP;

	if (ioctl(machine->vm_fd, KVM_SET_IDENTITY_MAP_ADDR, &identity_map))
		return kvm_failed("KVM_SET_IDENTITY_MAP_ADDR", err);
	if (ioctl(machine->vm_fd, KVM_SET_TSS_ADDR, TSS_PAGES))
		return kvm_failed("KVM_SET_TSS_ADDR", err);
	if (ioctl(machine->vm_fd, KVM_CREATE_IRQCHIP, 0))
		return kvm_failed("KVM_CREATE_IRQCHIP", err);
	if (ioctl(machine->vm_fd, KVM_CREATE_PIT2, &pit))
		return kvm_failed("KVM_CREATE_PIT2", err);
	if (route_interrupts(machine))
		return kvm_failed("KVM_SET_GSI_ROUTING", err);
	return 0;
}

static int create(struct machine *machine, struct scxray_error *err)
{
	int size;

	machine->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (machine->wake_fd < 0)
		return scxray_fail(err, SCXRAY_ERR_IO, 0, "eventfd: %s", strerror(errno));
	machine->kvm_fd = kvm_open(err);
	if (machine->kvm_fd < 0)
		return -1;
	size = ioctl(machine->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (size < (int)sizeof(struct kvm_run))
		return kvm_failed("KVM_GET_VCPU_MMAP_SIZE", err);
	machine->run_size = (size_t)size;
	do {
		machine->vm_fd = ioctl(machine->kvm_fd, KVM_CREATE_VM, 0);
	} while (machine->vm_fd < 0 && errno == EINTR);
	if (machine->vm_fd < 0)
		return kvm_failed("KVM_CREATE_VM", err);
	machine->com1 = uart_create(machine, 4);
	machine->com2 = uart_create(machine, 3);
	if (!machine->com1 || !machine->com2)
		return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory for the serial ports");
	return create_chips(machine, err);
}

struct machine *machine_create(struct scxray_error *err)
{
	struct machine *machine = calloc(1, sizeof(*machine));

	if (!machine) {
		scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
	machine->kvm_fd = machine->vm_fd = machine->wake_fd = -1;
	machine->nr_nodes = 1;
	pthread_mutex_init(&machine->port_lock, NULL);
	pthread_mutex_init(&machine->end_lock, NULL);
	pthread_mutex_init(&machine->load_lock, NULL);
	if (create(machine, err)) {
		machine_destroy(machine);
		return NULL;
	}
	return machine;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void machine_destroy(struct machine *machine)
{
	if (!machine)
		return;
	for (unsigned i = 0; i < machine->nr_vcpus; i++) {
		if (machine->vcpus[i].run)
			munmap(machine->vcpus[i].run, machine->run_size);
		close_fd(machine->vcpus[i].fd);
	}
	free(machine->vcpus);
	close_fd(machine->vm_fd);
	close_fd(machine->kvm_fd);
	close_fd(machine->wake_fd);
	memory_remove_all(machine);
	uart_destroy(machine->com1);
	uart_destroy(machine->com2);
	pthread_mutex_destroy(&machine->port_lock);
	pthread_mutex_destroy(&machine->end_lock);
	pthread_mutex_destroy(&machine->load_lock);
	free(machine);
}

void machine_end(struct machine *machine, enum machine_end end, const char *fmt, ...)
{
	va_list ap;

	pthread_mutex_lock(&machine->end_lock);
	if (machine->end == END_NOT_YET) {
		machine->end = end;
		va_start(ap, fmt);
		vsnprintf(machine->end_text, sizeof(machine->end_text), fmt, ap);
		va_end(ap);
	}
	pthread_mutex_unlock(&machine->end_lock);
	atomic_store(&machine->stopping, true);
	machine_wake(machine);
}

enum machine_end machine_ended(struct machine *machine)
{
	enum machine_end end;

	pthread_mutex_lock(&machine->end_lock);
	end = machine->end;
	pthread_mutex_unlock(&machine->end_lock);
	return end;
}
