/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cpuid.c - what CPUs the guest sees
 *
 * KVM says what it supports; here come the bits that depend on the machine: each vCPU's
 * APIC id, and packages of cores with one thread each (topology.c).
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include <base/array.h>

#include "cleanup.h"
#include "cpuid.h"
#include "machine.h"
#include "topology.h"

#define MAX_ENTRIES 256

/* Leaf 1 */
#define ECX_X2APIC (1U << 21)
#define ECX_TSC_DEADLINE (1U << 24)
#define ECX_HYPERVISOR (1U << 31)
#define EDX_HTT (1U << 28)
/* Leaf 0x80000001 */
#define ECX_CMP_LEGACY (1U << 1)

/* What --cpu baseline leaves of each leaf; leaves that are not here are left out. */
#define ALL 0xffffffffU

static const struct mask {
	uint32_t function, index;
	uint32_t eax, ebx, ecx, edx;
} baseline[] = {
	{ 0x0, 0, ALL, ALL, ALL, ALL },
	/* ECX: SSE3, CX16, x2APIC, TSC deadline, hypervisor.  EDX: all of the x86-64 baseline. */
	{ 0x1, 0, ALL, ALL, 0x81202001, 0x178bfbff },
	{ 0x2, 0, ALL, ALL, ALL, ALL },
	{ 0x4, 0, ALL, ALL, ALL, ALL },
	{ 0x4, 1, ALL, ALL, ALL, ALL },
	{ 0x4, 2, ALL, ALL, ALL, ALL },
	{ 0x4, 3, ALL, ALL, ALL, ALL },
	{ 0x4, 4, ALL, ALL, ALL, ALL },
	/* EBX: FSGSBASE, SMEP, ERMS, SMAP.  ECX: UMIP. */
	{ 0x7, 0, 0, 0x00100281, 0x00000004, 0 },
	{ 0xb, 0, ALL, ALL, ALL, ALL },
	{ 0xb, 1, ALL, ALL, ALL, ALL },
	{ 0x40000000, 0, ALL, ALL, ALL, ALL },
	{ 0x40000001, 0, ALL, ALL, ALL, ALL },
	{ 0x80000000, 0, ALL, ALL, ALL, ALL },
	/* ECX: LAHF, PREFETCHW.  EDX: those of leaf 1, SYSCALL, NX, 1 GiB pages, RDTSCP, 64 bits. */
	{ 0x80000001, 0, ALL, ALL, 0x00000103, 0x2d93fbff },
	{ 0x80000002, 0, ALL, ALL, ALL, ALL },
	{ 0x80000003, 0, ALL, ALL, ALL, ALL },
	{ 0x80000004, 0, ALL, ALL, ALL, ALL },
	{ 0x80000005, 0, ALL, ALL, ALL, ALL },
	{ 0x80000006, 0, ALL, ALL, ALL, ALL },
	{ 0x80000007, 0, 0, 0, 0, 0x00000100 }, /* invariant TSC */
	{ 0x80000008, 0, ALL, 0, ALL, 0 },	/* address widths, cores */
};

#define BASELINE_MAX_LEAF 0xb
#define BASELINE_MAX_EXTENDED 0x80000008

static const struct mask *find_mask(const struct kvm_cpuid_entry2 *entry)
{
	for (unsigned i = 0; i < ARRAY_SIZE(baseline); i++)
		if (baseline[i].function == entry->function && baseline[i].index == entry->index)
			return &baseline[i];
	return NULL;
}

static void limit(uint32_t *leaf, uint32_t max)
{
	if (*leaf > max)
		*leaf = max;
}

static void reduce(struct kvm_cpuid2 *cpuid)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];
		const struct mask *mask = find_mask(entry);

		if (!mask)
			continue;
		entry->eax &= mask->eax;
		entry->ebx &= mask->ebx;
		entry->ecx &= mask->ecx;
		entry->edx &= mask->edx;
		if (entry->function == 0)
			limit(&entry->eax, BASELINE_MAX_LEAF);
		if (entry->function == 0x80000000)
			limit(&entry->eax, BASELINE_MAX_EXTENDED);
		cpuid->entries[kept++] = *entry;
	}
	cpuid->nent = kept;
}

/* A cache of level 3 is everybody's in the package, those below are one core's own. */
static uint32_t cache_sharing(uint32_t eax, const struct machine *machine)
{
	unsigned shared = (eax >> 5 & 7) >= 3 ? (1U << topology_package_bits(machine)) - 1 : 0;

	return (eax & ~(0xfffU << 14)) | shared << 14;
}

static uint32_t set_bit(uint32_t word, uint32_t bit, bool on)
{
	return on ? word | bit : word & ~bit;
}

/* The bits that depend on the machine, and on the vCPU: its APIC id. */
static void personalize(struct kvm_cpuid_entry2 *entry, const struct machine *machine, unsigned id)
{
	unsigned cores = topology_package_cores(machine), bits = topology_package_bits(machine);
	unsigned ids = (1U << bits) - 1;

	switch (entry->function) {
	case 0x1:
		entry->ebx = (entry->ebx & 0xff00) | ((ids + 1) & 0xff) << 16 | id << 24;
		entry->ecx |= ECX_HYPERVISOR | ECX_X2APIC;
		if (ioctl(machine->kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_TSC_DEADLINE_TIMER) > 0)
			entry->ecx |= ECX_TSC_DEADLINE;
		entry->edx = set_bit(entry->edx, EDX_HTT, cores > 1);
		break;
	case 0x4:
		if (entry->eax & 0x1f)
			entry->eax = (cache_sharing(entry->eax, machine) & 0x03ffffff) |
				     (ids < 63 ? ids : 63) << 26;
		break;
	case 0x8000001d:
		if (entry->eax & 0x1f)
			entry->eax = cache_sharing(entry->eax, machine);
		break;
	case 0x80000001:
		entry->ecx = set_bit(entry->ecx, ECX_CMP_LEGACY, cores > 1);
		break;
	case 0x80000006:
		if (machine->nr_nodes > 1)
			entry->edx =
				0; /* no AMD L3: Linux would take from the model which CPUs share it */
		break;
	case 0x80000008:
		entry->ecx = bits << 12 | (cores - 1);
		break;
	case 0x8000001e:
		entry->eax = id;
		entry->ebx = id & 0xff;
		entry->ecx = 0;
		break;
	}
}

/* Leaves of the topology are written anew: the host's are of the host. */
static void replace_topology(struct kvm_cpuid2 *cpuid, const struct machine *machine, unsigned id)
{
	unsigned cores = topology_package_cores(machine), bits = topology_package_bits(machine);
	const struct kvm_cpuid_entry2 levels[] = {
		{ 0xb, 0, KVM_CPUID_FLAG_SIGNIFCANT_INDEX, 0, 1, 0x100, id, { 0 } },
		{ 0xb, 1, KVM_CPUID_FLAG_SIGNIFCANT_INDEX, bits, cores, 0x201, id, { 0 } },
	};
	unsigned kept = 0;

	for (unsigned i = 0; i < cpuid->nent; i++) {
		uint32_t function = cpuid->entries[i].function;

		if (function != 0xb && function != 0x1f && function != 0x80000026)
			cpuid->entries[kept++] = cpuid->entries[i];
	}
	for (unsigned i = 0; i < 2 && kept < MAX_ENTRIES; i++)
		cpuid->entries[kept++] = levels[i];
	cpuid->nent = kept;
}

int cpuid_set(struct machine *machine, enum cpu_model model, struct scxray_error *err)
{
	_cleanup_free_ struct kvm_cpuid2 *cpuid =
		calloc(1, sizeof(*cpuid) + MAX_ENTRIES * sizeof(cpuid->entries[0]));

	if (!cpuid)
		return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	cpuid->nent = MAX_ENTRIES;
	if (ioctl(machine->kvm_fd, KVM_GET_SUPPORTED_CPUID, cpuid))
		return scxray_fail(err, SCXRAY_ERR_IO, 0, "/dev/kvm: KVM_GET_SUPPORTED_CPUID: %s",
				   strerror(errno));
	if (model == CPU_BASELINE)
		reduce(cpuid);
	for (unsigned vcpu = 0; vcpu < machine->nr_vcpus; vcpu++) {
		unsigned id = topology_apic_id(machine, vcpu);

		replace_topology(cpuid, machine, id);
		for (unsigned i = 0; i < cpuid->nent; i++)
			personalize(&cpuid->entries[i], machine, id);
		if (ioctl(machine->vcpus[vcpu].fd, KVM_SET_CPUID2, cpuid))
			return scxray_fail(err, SCXRAY_ERR_IO, 0, "/dev/kvm: KVM_SET_CPUID2: %s",
					   strerror(errno));
	}
	return 0;
}
