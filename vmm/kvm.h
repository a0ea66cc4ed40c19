/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kvm.h - /dev/kvm, and what it must be able to do
 */
#ifndef VMM_KVM_H
#define VMM_KVM_H

#include <stdbool.h>

#include <scxray/error.h>

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

#endif
