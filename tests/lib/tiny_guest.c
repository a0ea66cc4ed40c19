/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tiny_guest.c - the programs that the vCPUs of a tiny VM run
 *
 * 64-bit code, all of the first GiB and the local APIC's page mapped one to one for ring 0 and
 * ring 3.  RDI is the vCPU's own page: a counter, then errors.
 */
#include "tests/lib/tiny_guest.h"

#include <string.h>

#define GPA_PML4 0x1000u
#define GPA_PDPT 0x2000u
#define GPA_PD 0x3000u	    /* the first GiB */
#define GPA_PD_APIC 0x4000u /* the fourth */
#define GPA_IDT 0x5000u
#define GPA_CODE 0x8000u
#define GPA_STACKS 0x100000u /* a page for each vCPU */

#define PTE_ALL 7ULL /* present, writable, user */
#define PTE_LARGE (1ULL << 7)

/* RAX is the counter, or one more: what a test compares with memory. */
asm(".pushsection .rodata\n"
    "tiny_code:\n"
    "tiny_count:\n"
    "1:	mov (%rdi), %rax\n"
    "	add $1, %rax\n"
    "	mov %rax, (%rdi)\n"
    "	jmp 1b\n"
    "tiny_hlt:\n"
    "1:	mov (%rdi), %rax\n"
    "	add $1, %rax\n"
    "	mov %rax, (%rdi)\n"
    "	hlt\n"
    "	jmp 1b\n"
    /* the host answers the n-th IN with n: as many as there were OUTs before it */
    "tiny_ports:\n"
    "1:	mov (%rdi), %rax\n"
    "	add $1, %rax\n"
    "	mov %rax, (%rdi)\n"
    "tiny_ports_out:\n"
    "	out %eax, %dx\n"
    "tiny_ports_in:\n"
    "	in %dx, %eax\n"
    "tiny_ports_done:\n"
    "	cmp (%rdi), %eax\n"
    "	je 1b\n"
    "	mov 8(%rdi), %rax\n"
    "	add $1, %rax\n"
    "	mov %rax, 8(%rdi)\n"
    "	jmp 1b\n"
    "tiny_mmio:\n"
    "1:	mov (%rdi), %rax\n"
    "	add $1, %rax\n"
    "	mov %rax, (%rdi)\n"
    "tiny_mmio_out:\n"
    "	mov %rax, (%rsi)\n"
    "tiny_mmio_in:\n"
    "	mov (%rsi), %rax\n"
    "tiny_mmio_done:\n"
    "	cmp (%rdi), %rax\n"
    "	je 1b\n"
    "	mov 8(%rdi), %rax\n"
    "	add $1, %rax\n"
    "	mov %rax, 8(%rdi)\n"
    "	jmp 1b\n"
    /* the interrupt comes in at tiny_woken and never returns: HLT again, on a fresh stack */
    "tiny_kernel_hlt:\n"
    "	mov $0x1ff, %eax\n"
    "	mov %eax, 0xf0(%rsi)\n" /* the local APIC: on */
    "	jmp 2f\n"
    "tiny_woken:\n"
    "	mov %r15, %rsp\n"
    "	xor %eax, %eax\n"
    "	mov %eax, 0xb0(%rsi)\n" /* EOI */
    "2:	mov (%rdi), %rax\n"
    "	add $1, %rax\n"
    "	mov %rax, (%rdi)\n"
    "	sti\n"
    "3:	hlt\n"
    "	jmp 3b\n"
    "tiny_code_end:\n"
    ".popsection\n");

extern const uint8_t tiny_code[], tiny_code_end[];
extern const uint8_t tiny_count[], tiny_hlt[], tiny_ports[], tiny_mmio[];
extern const uint8_t tiny_ports_out[], tiny_ports_in[], tiny_ports_done[];
extern const uint8_t tiny_mmio_out[], tiny_mmio_in[], tiny_mmio_done[];
extern const uint8_t tiny_kernel_hlt[], tiny_woken[];

static uint64_t code_gpa(const uint8_t *label)
{
	return GPA_CODE + ((uintptr_t)label - (uintptr_t)tiny_code);
}

static void put(uint8_t *ram, uint64_t gpa, uint64_t value)
{
	memcpy(ram + gpa, &value, sizeof(value));
}

void tiny_guest_memory(uint8_t *ram)
{
	uint64_t woken = code_gpa(tiny_woken);

	put(ram, GPA_PML4, GPA_PDPT | PTE_ALL);
	put(ram, GPA_PDPT, GPA_PD | PTE_ALL);
	put(ram, GPA_PDPT + 3 * 8, GPA_PD_APIC | PTE_ALL);
	for (uint64_t i = 0; i < 512; i++)
		put(ram, GPA_PD + i * 8, i << 21 | PTE_LARGE | PTE_ALL);
	put(ram, GPA_PD_APIC + 503 * 8, 0xfee00000ULL | PTE_LARGE | PTE_ALL);
	/* a 64-bit interrupt gate: present, selector 8 */
	put(ram, GPA_IDT + TINY_VECTOR * 16ULL,
	    (woken & 0xffff) | 8ULL << 16 | 0x8eULL << 40 | (woken >> 16 & 0xffff) << 48);
	put(ram, GPA_IDT + TINY_VECTOR * 16ULL + 8, woken >> 32);
	/* a GDT behind the IDT's vectors that are used: null, code */
	put(ram, GPA_IDT + 0x800, 0);
	put(ram, GPA_IDT + 0x808, 0x00af9b000000ffffULL);
	memcpy(ram + GPA_CODE, tiny_code, (uintptr_t)tiny_code_end - (uintptr_t)tiny_code);
}

static struct kvm_segment segment(bool code, unsigned ring)
{
	return (struct kvm_segment){
		.limit = 0xffffffff,
		.selector = (uint16_t)((code ? 8 : 16) | ring),
		.type = code ? 11 : 3,
		.present = 1,
		.dpl = (uint8_t)ring,
		.db = !code,
		.s = 1,
		.l = code,
		.g = 1,
	};
}

void tiny_guest_state(const struct tiny_vcpu *v, struct tiny_state *state)
{
	static const uint8_t *const entry[] = {
		[TINY_RING0] = tiny_count, [TINY_RING3] = tiny_count,
		[TINY_HLT] = tiny_hlt,	   [TINY_PORTS] = tiny_ports,
		[TINY_MMIO] = tiny_mmio,   [TINY_KERNEL_HLT] = tiny_kernel_hlt,
		[TINY_AP] = tiny_count,
	};
	unsigned ring = v->program == TINY_RING3 ? 3 : 0;
	struct kvm_sregs *sregs = &state->sregs;
	struct kvm_regs *regs = &state->regs;

	sregs->cr0 = 0x80000011; /* PG, ET, PE */
	sregs->cr3 = GPA_PML4;
	sregs->cr4 = 0x20;   /* PAE */
	sregs->efer = 0x500; /* LMA, LME */
	sregs->cs = segment(true, ring);
	sregs->ds = sregs->es = sregs->fs = sregs->gs = sregs->ss = segment(false, ring);
	sregs->fs.base = 0x1000 + v->index;
	sregs->gs.base = 0x2000 + v->index;
	sregs->idt.base = GPA_IDT;
	sregs->idt.limit = (TINY_VECTOR + 1) * 16 - 1;
	sregs->gdt.base = GPA_IDT + 0x800;
	sregs->gdt.limit = 15;
	memset(regs, 0, sizeof(*regs));
	regs->rip = code_gpa(entry[v->program]);
	regs->rflags = 2;
	regs->rdi = TINY_CELLS + (uint64_t)v->index * TINY_CELL_SIZE;
	regs->rsi = v->program == TINY_MMIO ? TINY_MMIO_GPA : 0xfee00000u;
	regs->rdx = TINY_PORT;
	regs->rsp = regs->r15 = GPA_STACKS + (v->index + 1) * 4096ULL;
}

bool tiny_guest_io_fits(const struct tiny_vcpu *v, uint64_t rip, uint64_t counter)
{
	bool mmio = v->program == TINY_MMIO;
	uint64_t in = code_gpa(mmio ? tiny_mmio_in : tiny_ports_in);
	uint64_t out = code_gpa(mmio ? tiny_mmio_out : tiny_ports_out);
	uint64_t done = code_gpa(mmio ? tiny_mmio_done : tiny_ports_done);
	uint64_t outs, ins;

	if (v->program != TINY_PORTS && v->program != TINY_MMIO)
		return true;
	/* before: the counter may be stored already, or not yet */
	if (rip < out)
		return v->next_out == v->next_in && counter - v->next_out <= 1;
	outs = rip >= in ? counter : counter - 1;
	ins = rip >= done ? counter : counter - 1;
	return v->next_out == outs && v->next_in == ins;
}
