/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tiny_guest.h - the programs that the vCPUs of a tiny VM run
 */
#ifndef TESTS_TINY_GUEST_H
#define TESTS_TINY_GUEST_H

#include "tests/lib/tiny_vm.h"

#define TINY_RAM (4u << 20)
#define TINY_CELLS 0x200000u /* a page for each vCPU: its counter, its errors */
#define TINY_CELL_SIZE 4096u
#define TINY_PORT 0x510
#define TINY_MMIO_GPA 0x30000000u /* no memory there */
#define TINY_VECTOR 0x40

struct tiny_state {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
};

/* Page tables, IDT and code. */
void tiny_guest_memory(uint8_t *ram);

/* The first registers of a vCPU; *state holds those after reset. */
void tiny_guest_state(const struct tiny_vcpu *v, struct tiny_state *state);

/*
 * A vCPU that parks in the middle of its OUT and IN (or its write and read): has the host seen
 * precisely those that lie before `rip`?  Other programs: true.
 */
bool tiny_guest_io_fits(const struct tiny_vcpu *v, uint64_t rip, uint64_t counter);

#endif
