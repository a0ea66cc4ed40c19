/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * topology.h - which vCPU is where: NUMA node, package, APIC id
 */
#ifndef VMM_TOPOLOGY_H
#define VMM_TOPOLOGY_H

struct machine;

/* By a vCPU's index, when the number of vCPUs and nodes is known. */
unsigned topology_node(const struct machine *machine, unsigned vcpu);
unsigned topology_apic_id(const struct machine *machine, unsigned vcpu);

/* vCPUs that a package has at most, and the bits of an APIC id that tell them apart. */
unsigned topology_package_cores(const struct machine *machine);
unsigned topology_package_bits(const struct machine *machine);

#endif
