/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vcpu.h - the report model: vCPUs, their registers and what they run
 */
#ifndef SCXRAY_VCPU_H
#define SCXRAY_VCPU_H

#include <scxray/atoms.h>

/* General and control registers, in the order in which reports list them. */
enum scxray_reg {
	SCXRAY_REG_RIP,
	SCXRAY_REG_RSP,
	SCXRAY_REG_CR3, /* page_table_root */
	SCXRAY_REG_RFLAGS,
	SCXRAY_REG_RAX,
	SCXRAY_REG_RBX,
	SCXRAY_REG_RCX,
	SCXRAY_REG_RDX,
	SCXRAY_REG_RSI,
	SCXRAY_REG_RDI,
	SCXRAY_REG_RBP,
	SCXRAY_REG_R8,
	SCXRAY_REG_R9,
	SCXRAY_REG_R10,
	SCXRAY_REG_R11,
	SCXRAY_REG_R12,
	SCXRAY_REG_R13,
	SCXRAY_REG_R14,
	SCXRAY_REG_R15,
	SCXRAY_REG_CR0,
	SCXRAY_REG_CR2,
	SCXRAY_REG_CR4,
	SCXRAY_REG_EFER,
	SCXRAY_REG_CS,
	SCXRAY_REG_SS,
	SCXRAY_REG_FS_BASE,
	SCXRAY_REG_GS_BASE,
	SCXRAY_REG_KERNEL_GS_BASE,
	SCXRAY_REG_IDT_BASE,
	SCXRAY_REG_LSTAR,
	SCXRAY_NR_REGS,
};

struct scxray_regs {
	uint64_t value[SCXRAY_NR_REGS];
	uint64_t known; /* bit r: value[r] was in the source; the others are unknown, not 0 */
};

/* Paging is off (CR0.PG): no kernel runs there; false where CR0 is not known. */
static inline bool scxray_regs_without_paging(const struct scxray_regs *regs)
{
	return (regs->known >> SCXRAY_REG_CR0 & 1) && !(regs->value[SCXRAY_REG_CR0] >> 31 & 1);
}

struct scxray_vcpu {
	bool parked; /* false: no registers (report it as null / <unavailable>) */
	struct scxray_regs regs;
	struct scxray_address ip; /* symbol of RIP */
	struct scxray_num cpu;	  /* the guest's CPU number, by per-CPU base */
	bool user_mode;		  /* CPL 3 */
	/* 1: its paging is off, so the guest's kernel has not started it; NONE else, or unknown */
	struct scxray_num never_started;
	struct scxray_num curr_kva; /* task_struct of that CPU's current task */
	struct scxray_num curr_pid;
	struct scxray_text curr_comm;
	struct scxray_stack_trace backtrace;
	const char *lock_slowpath_match; /* as in scxray_task */
};

#endif
