/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * topology.c - which vCPU is where: NUMA node, package, APIC id
 *
 * A node is a package with caches of its own, for Linux takes what shares a package to share
 * its last cache, and complains where that reaches over nodes.  An APIC id is the node's number and,
 * in as many bits as the largest node needs, the vCPU's number in it.
 */
#include "machine.h"
#include "topology.h"

/* The first vCPU of a node: they are shared out in order. */
static unsigned first_of(const struct machine *machine, unsigned node)
{
	return (node * machine->nr_vcpus + machine->nr_nodes - 1) / machine->nr_nodes;
}

static unsigned bits_for(unsigned count)
{
	unsigned bits = 0;

	while (1U << bits < count)
		bits++;
	return bits;
}

/* Where so many nodes leave too few bits, all is one package after all. */
static bool one_package(const struct machine *machine)
{
	unsigned most = (machine->nr_vcpus + machine->nr_nodes - 1) / machine->nr_nodes;

	return machine->nr_nodes == 1 || machine->nr_nodes << bits_for(most) > MAX_VCPUS + 1;
}

unsigned topology_node(const struct machine *machine, unsigned vcpu)
{
	return vcpu * machine->nr_nodes / machine->nr_vcpus;
}

unsigned topology_package_cores(const struct machine *machine)
{
	if (one_package(machine))
		return machine->nr_vcpus;
	return (machine->nr_vcpus + machine->nr_nodes - 1) / machine->nr_nodes;
}

unsigned topology_package_bits(const struct machine *machine)
{
	return bits_for(topology_package_cores(machine));
}

unsigned topology_apic_id(const struct machine *machine, unsigned vcpu)
{
	unsigned node = topology_node(machine, vcpu);

	if (one_package(machine))
		return vcpu;
	return node << topology_package_bits(machine) | (vcpu - first_of(machine, node));
}
