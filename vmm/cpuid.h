/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cpuid.h - what CPUs the guest sees
 */
#ifndef VMM_CPUID_H
#define VMM_CPUID_H

#include <scxray/error.h>

struct machine;

enum cpu_model {
	CPU_HOST,     /* all that this KVM supports */
	CPU_BASELINE, /* x86-64 and SSE3: neither XSAVE nor what needs it */
};

/* After all vCPUs were created: their number is part of the topology. */
int cpuid_set(struct machine *machine, enum cpu_model model, struct scxray_error *err);

#endif
