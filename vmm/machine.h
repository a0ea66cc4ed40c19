/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine.h - the VM: what it has, and how it ends
 */
#ifndef VMM_MACHINE_H
#define VMM_MACHINE_H

#include <linux/kvm.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <scxray/error.h>

#include "memory.h"
#include "vcpu.h"

struct plugin_host;
struct uart;

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
	atomic_bool scheduler_failed;	      /* the plugin has captured a failure */

	int wake_fd; /* eventfd: the main thread shall look around */
	atomic_bool stopping;

	pthread_mutex_t end_lock;
	enum machine_end end;
	char end_text[384]; /* what was wrong, or "" */
};

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

#endif
