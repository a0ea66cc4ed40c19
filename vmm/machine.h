/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine.h - scxray-vmm: a virtual machine on raw KVM
 *
 *	main.c         the program: options -> machine -> run -> exit status
 *	options.c      the command line
 *	machine.c      the VM, its interrupt chips, how it ends
 *	signal.c       what devices tell it: interrupts, wake-ups of the main thread
 *	kvm.c          /dev/kvm: what it must be able to do
 *	memory.c       guest RAM and its KVM slots
 *	boot.c         a kernel in RAM: bzimage.c, elf.c, acpi.c; page tables, registers at its entry
 *	topology.c     which vCPU is where
 *	cpuid.c        what CPUs the guest sees
 *	vcpu.c         a vCPU's thread
 *	ports.c        which device an I/O port belongs to: uart.c, pm.c, cmos.c
 *	loop.c         the main thread: terminal, files, signals, time; line.c is one serial line there
 *	watch.c        texts that the guest's lines are searched for
 *	plugin_host.c  scxray-plugin.so
 *	message.c      lines on stderr
 *	restore.c      a guest out of an image file instead of a kernel
 *
 * Threads: one a vCPU, and the main thread, which waits for all that is slow (files, the
 * terminal, the plugin).  A vCPU's thread never waits for anything but KVM_RUN and the
 * plugin's freeze: devices keep what goes out in memory until the main thread fetches it.
 */
#ifndef VMM_MACHINE_H
#define VMM_MACHINE_H

#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <scxray/error.h>

#define PAGE UINT64_C(4096)
#define GIB (UINT64_C(1) << 30)
#define MIB (UINT64_C(1) << 20)

/* APIC ids are one byte in the MADT and the SRAT, and 255 is all of them. */
#define MAX_VCPUS 254

/* Of a machine that boots there are two: below 3 GiB and above 4 GiB.  An image may have more. */
#define MAX_REGIONS 32

struct plugin_host;
struct uart;

/* A range of guest RAM: one KVM slot. */
struct region {
	uint64_t gpa, size; /* page aligned */
	uint8_t *host;
};

struct vcpu {
	struct machine *machine;
	unsigned index;
	int fd;
	struct kvm_run *run;
	pthread_t thread;
	bool started;	   /* the thread is there: the main thread's */
	atomic_int tid;	   /* gettid() of its thread; 0 before and after */
	atomic_bool ended; /* its thread calls KVM_RUN no more */
};

/* Why a machine ended.  The order is that of the table in machine.c. */
enum machine_end {
	END_NOT_YET,
	END_SHUTDOWN, /* the guest turned the power off */
	END_RESET,    /* the guest reset the machine, or its CPU did (triple fault) */
	END_FAILED,   /* KVM gave up on the guest, or a host resource failed */
	END_TIMEOUT,  /* --timeout */
	END_SIGNAL,   /* SIGINT, SIGTERM, SIGHUP */
};

struct machine {
	int kvm_fd, vm_fd;
	size_t run_size; /* bytes to map of each vCPU's descriptor */

	struct region regions[MAX_REGIONS]; /* ascending */
	unsigned nr_regions;

	struct vcpu *vcpus;
	unsigned nr_vcpus;
	unsigned nr_nodes; /* NUMA nodes; 1: no SRAT */

	struct uart *com1, *com2;
	uint16_t pm1_enable, pm1_control; /* pm.c; under port_lock */
	uint8_t cmos_index;		  /* cmos.c; under port_lock */
	pthread_mutex_t port_lock;	  /* of the small devices; a UART has its own */

	_Atomic(struct plugin_host *) plugin; /* NULL: not loaded (yet) */
	pthread_mutex_t load_lock;	      /* plugin_host.c */
	bool verbose;			      /* the plugin's lines for debugging, too */

	int wake_fd; /* eventfd: the main thread shall look around */
	atomic_bool stopping;

	pthread_mutex_t end_lock;
	enum machine_end end;
	char end_text[384]; /* what was wrong, or "" */
};

/* ---- kvm.c ------------------------------------------------------------------ */

/* Opens /dev/kvm and looks at its version and capabilities.  The descriptor, or -1 and *err. */
int kvm_open(struct scxray_error *err);

/*
 * Whether this /dev/kvm runs a kernel's code.  A KVM in software that emulates ring 0 knows
 * few instructions; a kernel would end at its first POPCNT.
 */
bool kvm_runs_kernels(int kvm_fd);

/* What to say where it does not. */
#define SOFTWARE_KVM                                                                               \
	"/dev/kvm: this machine's KVM emulates ring 0 and can't boot a kernel: try --restore, or " \
	"the lab (make check-vm)"

/* ---- machine.c -------------------------------------------------------------- */

/*
 * A VM with its interrupt chips, timer and serial ports, without RAM and vCPUs.  All
 * descriptors are closed, and all mappings gone, with machine_destroy().
 */
struct machine *machine_create(struct scxray_error *err);

/* No vCPU's thread may run any more. */
void machine_destroy(struct machine *machine);

/* Says that the machine ends; the first reason counts.  Any thread. */
void machine_end(struct machine *machine, enum machine_end end, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

enum machine_end machine_ended(struct machine *machine);

/* Makes the main thread look around.  Any thread. */
void machine_wake(struct machine *machine);

/* Sets the level of an interrupt line (0 to 15 as the ISA bus numbers them). */
void machine_irq(struct machine *machine, unsigned irq, bool high);

/* ---- memory.c --------------------------------------------------------------- */

/* Adds zeroed RAM at [gpa, gpa + size), page aligned, ascending, and its slot. */
int memory_add(struct machine *machine, uint64_t gpa, uint64_t size, struct scxray_error *err);

/* RAM of a machine that boots: up to 3 GiB from 0, the rest from 4 GiB. */
int memory_add_bytes(struct machine *machine, uint64_t bytes, struct scxray_error *err);

/* Where the host has [gpa, gpa + size); NULL where not all of it is one region of RAM. */
void *memory_at(const struct machine *machine, uint64_t gpa, uint64_t size);

void memory_remove_all(struct machine *machine);

/* ---- topology.c ------------------------------------------------------------- */

/* By a vCPU's index, when the number of vCPUs and nodes stands. */
unsigned topology_node(const struct machine *machine, unsigned vcpu);
unsigned topology_apic_id(const struct machine *machine, unsigned vcpu);

/* vCPUs that a package has at most, and the bits of an APIC id that tell them apart. */
unsigned topology_package_cores(const struct machine *machine);
unsigned topology_package_bits(const struct machine *machine);

/* ---- cpuid.c ---------------------------------------------------------------- */

enum cpu_model {
	CPU_HOST,     /* all that this KVM supports */
	CPU_BASELINE, /* x86-64 and SSE3: neither XSAVE nor what needs it */
};

/* After all vCPUs were created: their number is part of the topology. */
int cpuid_set(struct machine *machine, enum cpu_model model, struct scxray_error *err);

/* ---- vcpu.c ----------------------------------------------------------------- */

/*
 * Creates vCPUs 0 to count - 1; their APIC ids follow from topology.c.  vCPU 0 is runnable
 * and stands at its reset vector, the others wait for a start-up IPI.
 */
int vcpus_create(struct machine *machine, unsigned count, struct scxray_error *err);

/* Sets one model-specific register: 0, or -1 where KVM refuses it. */
int vcpu_set_msr(const struct vcpu *vcpu, uint32_t index, uint64_t value);

/* Starts their threads. */
int vcpus_start(struct machine *machine, struct scxray_error *err);

/* Ends and joins their threads. */
void vcpus_stop(struct machine *machine);

/* The signal that makes KVM_RUN return; it has a handler that does nothing. */
static inline int vcpu_kick_signal(void)
{
	return SIGRTMIN;
}

#endif
