/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mini_kernel.h - the least that counts as a Linux kernel in guest memory
 *
 * A banner, kallsyms tables, per-CPU offsets, an IDT and page tables that map all
 * of it at a slid address.  RAM is only the image; the top table is
 * its first page, its PTI user half the second.
 */
#ifndef TESTS_MINI_KERNEL_H
#define TESTS_MINI_KERNEL_H

#include "capture/kernel/kernel.h"
#include "tests/lib/guest_builder.h"
#include "tests/lib/kallsyms_builder.h"

#define MINI_GPA 0x1000000ULL
#define MINI_SIZE (8ULL << 20)
#define MINI_SLIDE 0x1c000000ULL
#define MINI_TEXT (0xffffffff81000000ULL + MINI_SLIDE)
#define MINI_NR_CPUS 3

/* Offsets in the image. */
#define MINI_LSTAR 0x80u
#define MINI_BANNER 0x100000u
#define MINI_KALLSYMS 0x110000u
#define MINI_DATA 0x180000u
#define MINI_INFO 0x190000u /* a page for VMCOREINFO */
#define MINI_IDT 0x1a0000u
#define MINI_BTF 0x1b0000u

struct mini_kernel {
	struct guest_builder b;
	struct kallsyms_tables tables;
	struct scxray_source source; /* no vCPUs, no VMCOREINFO until a test gives it some */
	uint64_t user_root;
	char info[2048]; /* what the kernel would write as VMCOREINFO */
};

struct mini_kernel_options {
	unsigned levels; /* 0 counts as 4 */
	struct kallsyms_options kallsyms;
};

void mini_kernel_init(struct mini_kernel *m, struct mini_kernel_options options);
void mini_kernel_deinit(struct mini_kernel *m);

/* The image's byte at an offset. */
uint8_t *mini_kernel_at(struct mini_kernel *m, uint32_t offset);

/* Adds a vCPU with nothing known but CR3 and CR4. */
struct scxray_regs *mini_kernel_vcpu(struct mini_kernel *m, uint64_t cr3);
void mini_kernel_reg(struct scxray_regs *regs, enum scxray_reg reg, uint64_t value);

/* VMCOREINFO as a note, and as the page that the kernel keeps in memory. */
void mini_kernel_note(struct mini_kernel *m);
void mini_kernel_info_page(struct mini_kernel *m);

/* Replaces the value of a line in m->info: `key` with its "=". */
void mini_kernel_edit_info(struct mini_kernel *m, const char *key, const char *value);

#endif
