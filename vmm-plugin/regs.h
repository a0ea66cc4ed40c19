/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * regs.h - a vCPU's registers, by KVM's ioctls
 */
#ifndef VMM_PLUGIN_REGS_H
#define VMM_PLUGIN_REGS_H

#include <stdbool.h>
#include <stdint.h>

#include <scxray/live.h>

/*
 * Reads them all; those that KVM refuses are not known.  On the vCPU's thread, outside KVM_RUN:
 * elsewhere the ioctl would wait until KVM_RUN returns.
 */
void regs_read(int vcpu_fd, struct scxray_live_vcpu *vcpu);

bool regs_get_msr(int vcpu_fd, uint32_t msr, uint64_t *value);
bool regs_set_msr(int vcpu_fd, uint32_t msr, uint64_t value);

#endif
