/* SPDX-License-Identifier: BSD-2-Clause */
/* topology.c and cpuid.c of the VMM: APIC ids, and what each vCPU is told of itself. */
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>

#include "tests/lib/unit.h"
#include "vmm/cpuid.h"
#include "vmm/machine.h"
#include "vmm/topology.h"

START_TEST(ids_are_unique_and_say_the_node)
{
	for (unsigned nodes = 1; nodes <= 64; nodes++) {
		for (unsigned vcpus = nodes; vcpus <= MAX_VCPUS; vcpus++) {
			struct machine machine = { .nr_vcpus = vcpus, .nr_nodes = nodes };
			unsigned bits = topology_package_bits(&machine);
			unsigned cores = topology_package_cores(&machine), last = 0;
			bool packages = nodes > 1 && cores < vcpus;

			ck_assert_uint_le(cores, 1U << bits);
			for (unsigned i = 0; i < vcpus; i++) {
				unsigned id = topology_apic_id(&machine, i);

				ck_assert_uint_le(id, 254);
				ck_assert(!i || id > last);
				if (packages)
					ck_assert_uint_eq(id >> bits, topology_node(&machine, i));
				last = id;
			}
			ck_assert_uint_eq(topology_node(&machine, vcpus - 1), nodes - 1);
		}
	}
}
END_TEST

/* ---- a KVM that supports everything ----------------------------------------------- */

#define MAX_ENTRIES 256
#define FIRST_FD 1000 /* of the vCPUs */

static const struct {
	uint32_t function, indexes;
} leaves[] = {
	{ 0x0, 1 },	   { 0x1, 1 },	      { 0x2, 1 },	 { 0x4, 4 },
	{ 0x5, 1 },	   { 0x6, 1 },	      { 0x7, 3 },	 { 0xa, 1 },
	{ 0xb, 2 },	   { 0xd, 10 },	      { 0x14, 2 },	 { 0x1d, 2 },
	{ 0x1f, 3 },	   { 0x24, 1 },	      { 0x40000000, 1 }, { 0x40000001, 1 },
	{ 0x80000000, 1 }, { 0x80000001, 1 }, { 0x80000002, 1 }, { 0x80000005, 1 },
	{ 0x80000006, 1 }, { 0x80000007, 1 }, { 0x80000008, 1 }, { 0x8000000a, 1 },
	{ 0x8000001d, 4 }, { 0x8000001e, 1 }, { 0x80000021, 1 },
};

static uint8_t told[MAX_VCPUS]
		   [sizeof(struct kvm_cpuid2) + MAX_ENTRIES * sizeof(struct kvm_cpuid_entry2)]
	__attribute__((aligned(8)));

static int supported(struct kvm_cpuid2 *cpuid)
{
	unsigned nr = 0;

	for (size_t i = 0; i < ARRAY_SIZE(leaves); i++)
		for (uint32_t j = 0; j < leaves[i].indexes; j++)
			cpuid->entries[nr++] = (struct kvm_cpuid_entry2){
				.function = leaves[i].function,
				.index = j,
				.eax = ~0U,
				.ebx = ~0U,
				.ecx = ~0U,
				.edx = ~0U,
			};
	cpuid->nent = nr;
	return 0;
}

/* In the place of the C library's. */
int ioctl(int fd, unsigned long request, ...)
{
	struct kvm_cpuid2 *cpuid;
	va_list ap;

	va_start(ap, request);
	cpuid = va_arg(ap, struct kvm_cpuid2 *);
	va_end(ap);
	switch (request) {
	case KVM_CHECK_EXTENSION:
		return 1;
	case KVM_GET_SUPPORTED_CPUID:
		return supported(cpuid);
	case KVM_SET_CPUID2:
		ck_assert(fd >= FIRST_FD && fd < FIRST_FD + MAX_VCPUS);
		memcpy(told[fd - FIRST_FD], cpuid,
		       sizeof(*cpuid) + cpuid->nent * sizeof(cpuid->entries[0]));
		return 0;
	default:
		ck_abort_msg("ioctl %#lx", request);
	}
}

static const struct kvm_cpuid_entry2 *leaf(unsigned vcpu, uint32_t function, uint32_t index)
{
	const struct kvm_cpuid2 *cpuid = (const struct kvm_cpuid2 *)told[vcpu];

	for (uint32_t i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function == function && cpuid->entries[i].index == index)
			return &cpuid->entries[i];
	return NULL;
}

static void tell(unsigned vcpus, unsigned nodes, enum cpu_model model)
{
	struct vcpu all[MAX_VCPUS] = { 0 };
	struct machine machine = { .vcpus = all, .nr_vcpus = vcpus, .nr_nodes = nodes };
	struct scxray_error err = { 0 };

	for (unsigned i = 0; i < vcpus; i++)
		all[i].fd = FIRST_FD + (int)i;
	ck_assert_msg(!cpuid_set(&machine, model, &err), "%s", err.text);
}

START_TEST(each_vcpu_knows_its_id)
{
	tell(6, 2, CPU_HOST);
	for (unsigned i = 0; i < 6; i++) {
		const struct kvm_cpuid_entry2 *one = leaf(i, 1, 0), *core = leaf(i, 0xb, 1);
		unsigned id = i < 3 ? i : 4 + i - 3;

		ck_assert_uint_eq(one->ebx >> 24, id);
		ck_assert_uint_eq(one->ebx >> 16 & 0xff, 4); /* ids of a package */
		ck_assert_uint_eq(one->edx >> 28 & 1, 1);    /* HTT */
		ck_assert_uint_eq(core->eax, 2);
		ck_assert_uint_eq(core->ebx, 3);
		ck_assert_uint_eq(core->edx, id);
		ck_assert_uint_eq(leaf(i, 0x8000001e, 0)->eax, id);
		ck_assert_uint_eq(leaf(i, 0x80000008, 0)->ecx, 0x2002);
		ck_assert_ptr_null(leaf(i, 0x1f, 0)); /* the host's */
		ck_assert_ptr_nonnull(leaf(i, 0xd, 0));
	}
	/* Of 4 caches, those of level 3 and above (~0: 7) are shared by the package's ids. */
	ck_assert_uint_eq(leaf(0, 4, 0)->eax >> 14 & 0xfff, 3);
	ck_assert_uint_eq(leaf(0, 4, 0)->eax >> 26, 3);
	ck_assert_uint_eq(leaf(0, 0x80000006, 0)->edx, 0);

	tell(1, 1, CPU_HOST);
	ck_assert_uint_eq(leaf(0, 1, 0)->edx >> 28 & 1, 0);
	ck_assert_uint_eq(leaf(0, 0x80000001, 0)->ecx >> 1 & 1, 0);
	ck_assert_uint_eq(leaf(0, 4, 0)->eax >> 14 & 0xfff, 0);
}
END_TEST

/* x86-64 with SSE3, and nothing whose state XSAVE would have to save. */
START_TEST(baseline_has_no_xsave)
{
	tell(2, 1, CPU_BASELINE);
	/* SSE3, CX16, x2APIC, TSC deadline, hypervisor: so no FMA, XSAVE, AVX, F16C */
	ck_assert_uint_eq(leaf(1, 1, 0)->ecx, 0x81202001);
	ck_assert_uint_eq(leaf(1, 1, 0)->edx & 0x07000000, 0x07000000); /* FXSR, SSE, SSE2 */
	ck_assert_uint_eq(leaf(1, 7, 0)->ebx & 0xdc230020, 0);		/* AVX2, AVX-512, SHA */
	ck_assert_uint_eq(leaf(1, 7, 0)->edx, 0);
	ck_assert_uint_eq(leaf(1, 0x80000001, 0)->ecx & 1U << 2, 0);	     /* SVM */
	ck_assert_uint_eq(leaf(1, 0x80000001, 0)->edx & 1U << 29, 1U << 29); /* 64 bits */
	ck_assert_uint_eq(leaf(1, 0, 0)->eax, 0xb);
	ck_assert_uint_eq(leaf(1, 0x80000000, 0)->eax, 0x80000008);
	ck_assert_uint_eq(leaf(1, 0x40000001, 0)->eax, ~0U); /* KVM's own are kept */
	ck_assert_ptr_nonnull(leaf(1, 0xb, 1));
	for (uint32_t function = 0x8; function < 0x40; function++)
		ck_assert(function == 0xb || !leaf(1, function, 0));
	ck_assert_ptr_null(leaf(1, 7, 1));
	ck_assert_ptr_null(leaf(1, 0x8000000a, 0));
}
END_TEST

static const unit_test tests[] = {
	&ids_are_unique_and_say_the_node,
	&each_vcpu_knows_its_id,
	&baseline_has_no_xsave,
};

UNIT_MAIN("vmm_cpus", tests)
