/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kvm.c - /dev/kvm, and what it must be able to do
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <base/array.h>

#include "cleanup.h"
#include "kvm.h"
#include "memory.h"

#define DEVICE "/dev/kvm"

static const struct {
	int cap;
	const char *name;
} needed[] = {
	{ KVM_CAP_USER_MEMORY, "KVM_CAP_USER_MEMORY" },
	{ KVM_CAP_IRQCHIP, "KVM_CAP_IRQCHIP" },
	{ KVM_CAP_IRQ_ROUTING, "KVM_CAP_IRQ_ROUTING" },
	{ KVM_CAP_PIT2, "KVM_CAP_PIT2" },
	{ KVM_CAP_SET_TSS_ADDR, "KVM_CAP_SET_TSS_ADDR" },
	{ KVM_CAP_EXT_CPUID, "KVM_CAP_EXT_CPUID" },
	{ KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT" },
};

static int open_failed(struct scxray_error *err)
{
	switch (errno) {
	case ENOENT:
		return scxray_fail(err, SCXRAY_ERR_IO, 0,
				   DEVICE ": not there: load kvm_intel or kvm_amd, and turn "
					  "virtualization on in the firmware");
	case EACCES:
	case EPERM:
		return scxray_fail(err, SCXRAY_ERR_IO, 0,
				   DEVICE
				   ": no permission: add your user to the group that owns it "
				   "(on Debian: kvm)");
	default:
		return scxray_fail(err, SCXRAY_ERR_IO, 0, DEVICE ": %s", strerror(errno));
	}
}

int kvm_open(struct scxray_error *err)
{
	_cleanup_close_ int fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	int version, opened;

	if (fd < 0)
		return open_failed(err);
	version = ioctl(fd, KVM_GET_API_VERSION, 0);
	if (version < 0)
		return scxray_fail(err, SCXRAY_ERR_IO, 0, DEVICE ": not a KVM: %s",
				   strerror(errno));
	if (version != KVM_API_VERSION)
		return scxray_fail(err, SCXRAY_ERR_IO, 0,
				   DEVICE ": API version %d, not %d: not a KVM that this can use",
				   version, KVM_API_VERSION);
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		if (ioctl(fd, KVM_CHECK_EXTENSION, needed[i].cap) <= 0)
			return scxray_fail(err, SCXRAY_ERR_IO, 0,
					   DEVICE ": %s is missing: take a newer host kernel",
					   needed[i].name);
	opened = fd;
	fd = -1;
	return opened;
}

/* ---- can it run a kernel? ------------------------------------------------------ */

/* In real mode, at address 0 of one page of RAM. */
static const uint8_t probe_code[] = {
	0xf3, 0x0f, 0xb8, 0xc0, /* popcnt %ax, %ax */
	0xf4,			/* hlt */
};

static bool probe_registers(int vcpu)
{
	struct kvm_regs regs = { .rflags = 2 };
	struct kvm_sregs sregs;

	if (ioctl(vcpu, KVM_GET_SREGS, &sregs))
		return false;
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	return !ioctl(vcpu, KVM_SET_SREGS, &sregs) && !ioctl(vcpu, KVM_SET_REGS, &regs);
}

/* Without an interrupt chip in the kernel HLT ends KVM_RUN. */
static bool probe_run(int vm)
{
	_cleanup_close_ int vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	const struct kvm_run *mapped;
	bool good;

	if (vcpu < 0 || !probe_registers(vcpu))
		return true;
	mapped = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (mapped == MAP_FAILED)
		return true;
	good = ioctl(vcpu, KVM_RUN, 0) || mapped->exit_reason != KVM_EXIT_INTERNAL_ERROR;
	munmap((void *)mapped, PAGE);
	return good;
}

bool kvm_runs_kernels(int kvm_fd)
{
	_cleanup_close_ int vm = ioctl(kvm_fd, KVM_CREATE_VM, 0);
	struct kvm_userspace_memory_region slot = { .memory_size = PAGE };
	bool good = true;
	void *page;

	if (vm < 0)
		return true;
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return true;
	memcpy(page, probe_code, sizeof(probe_code));
	slot.userspace_addr = (uint64_t)page;
	ioctl(vm, KVM_SET_TSS_ADDR, 0xfffbd000UL);
	if (!ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot))
		good = probe_run(vm);
	munmap(page, PAGE);
	return good;
}
