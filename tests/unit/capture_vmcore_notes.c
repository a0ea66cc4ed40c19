/* SPDX-License-Identifier: BSD-2-Clause */
/* vmcore.c: the notes of ELF files as QEMU, kdump and others write them. */
#include <string.h>

#include "tests/lib/vmcore_fixture.h"

static void put_u64(uint8_t *at, uint64_t value)
{
	memcpy(at, &value, 8);
}

/* ---- notes ---------------------------------------------------------------- */

/* Where QEMU's CPUState note has each register, by the documented layout. */
static const struct {
	enum scxray_reg reg;
	uint32_t offset;
} qemu_regs[] = {
	{ SCXRAY_REG_RAX, 8 },	      { SCXRAY_REG_RBX, 16 },
	{ SCXRAY_REG_RCX, 24 },	      { SCXRAY_REG_RDX, 32 },
	{ SCXRAY_REG_RSI, 40 },	      { SCXRAY_REG_RDI, 48 },
	{ SCXRAY_REG_RSP, 56 },	      { SCXRAY_REG_RBP, 64 },
	{ SCXRAY_REG_R8, 72 },	      { SCXRAY_REG_R9, 80 },
	{ SCXRAY_REG_R10, 88 },	      { SCXRAY_REG_R11, 96 },
	{ SCXRAY_REG_R12, 104 },      { SCXRAY_REG_R13, 112 },
	{ SCXRAY_REG_R14, 120 },      { SCXRAY_REG_R15, 128 },
	{ SCXRAY_REG_RIP, 136 },      { SCXRAY_REG_RFLAGS, 144 },
	{ SCXRAY_REG_FS_BASE, 240 },  { SCXRAY_REG_GS_BASE, 264 },
	{ SCXRAY_REG_IDT_BASE, 384 }, { SCXRAY_REG_CR0, 392 },
	{ SCXRAY_REG_CR2, 408 },      { SCXRAY_REG_CR3, 416 },
	{ SCXRAY_REG_CR4, 424 },      { SCXRAY_REG_KERNEL_GS_BASE, 432 },
};

static uint64_t reg_value(enum scxray_reg reg, uint32_t vcpu)
{
	return 0xfedc000000000000 + reg * 0x100 + vcpu;
}

/* A note of `size` bytes: its first QEMU_NOTE_SIZE as far as they go, then noise. */
static void put_qemu(uint32_t vcpu, uint32_t size)
{
	uint8_t desc[512];
	uint32_t selector;

	memset(desc, 0xee, sizeof(desc));
	memcpy(desc, (uint32_t[]){ 1, size }, 8);
	for (size_t i = 0; i < ARRAY_SIZE(qemu_regs); i++)
		put_u64(desc + qemu_regs[i].offset, reg_value(qemu_regs[i].reg, vcpu));
	selector = 0x10 + vcpu;
	memcpy(desc + 152, &selector, 4); /* cs */
	selector = 0x18 + vcpu;
	memcpy(desc + 272, &selector, 4); /* ss */
	elf_builder_note(&b, "QEMU", 0, desc, size);
}

static void put_prstatus(uint32_t vcpu, uint32_t pid, uint32_t size)
{
	static const int order[] = {
		SCXRAY_REG_R15, SCXRAY_REG_R14, SCXRAY_REG_R13,	   SCXRAY_REG_R12,
		SCXRAY_REG_RBP, SCXRAY_REG_RBX, SCXRAY_REG_R11,	   SCXRAY_REG_R10,
		SCXRAY_REG_R9,	SCXRAY_REG_R8,	SCXRAY_REG_RAX,	   SCXRAY_REG_RCX,
		SCXRAY_REG_RDX, SCXRAY_REG_RSI, SCXRAY_REG_RDI,	   -1,
		SCXRAY_REG_RIP, SCXRAY_REG_CS,	SCXRAY_REG_RFLAGS, SCXRAY_REG_RSP,
		SCXRAY_REG_SS,
	};
	uint8_t desc[PRSTATUS_SIZE];

	memset(desc, 0xee, sizeof(desc));
	memcpy(desc + 32, &pid, 4);
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		if (order[i] >= 0)
			put_u64(desc + 112 + 8 * i, ~reg_value((enum scxray_reg)order[i], vcpu));
	elf_builder_note(&b, "CORE", NT_PRSTATUS, desc, size);
}

static void put_ram(void)
{
	elf_builder_load(&b, 0, ram, sizeof(ram), sizeof(ram));
}

static void expect_qemu_regs(uint32_t vcpu, bool kernel_gs_base)
{
	const struct scxray_regs *regs = &source->vcpus[vcpu].regs;

	for (size_t i = 0; i < ARRAY_SIZE(qemu_regs); i++) {
		enum scxray_reg reg = qemu_regs[i].reg;
		bool known = reg != SCXRAY_REG_KERNEL_GS_BASE || kernel_gs_base;

		ck_assert_msg((regs->known >> reg & 1) == known, "register %d", reg);
		if (known)
			ck_assert_msg(regs->value[reg] == reg_value(reg, vcpu), "register %d", reg);
	}
	ck_assert_uint_eq(regs->value[SCXRAY_REG_CS], 0x10 + vcpu);
	ck_assert_uint_eq(regs->value[SCXRAY_REG_SS], 0x18 + vcpu);
	ck_assert(!(regs->known >> SCXRAY_REG_LSTAR & 1));
	ck_assert(!(regs->known >> SCXRAY_REG_EFER & 1));
	ck_assert(source->vcpus[vcpu].parked);
}

START_TEST(qemu_notes_give_all_registers_of_each_vcpu)
{
	static const struct {
		uint32_t size;
		bool kernel_gs_base;
	} cases[] = {
		{ QEMU_NOTE_SIZE, true },
		{ QEMU_NOTE_SIZE - 8, false },
		{ QEMU_NOTE_SIZE - 4, false },
		{ QEMU_NOTE_SIZE + 40, true }, /* a later version */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		start();
		for (uint32_t vcpu = 0; vcpu < 3; vcpu++)
			put_qemu(vcpu, cases[i].size);
		put_ram();
		ck_assert_msg(!open_file(), "%s", err.text);
		ck_assert_uint_eq(source->nr_vcpus, 3);
		for (uint32_t vcpu = 0; vcpu < 3; vcpu++)
			expect_qemu_regs(vcpu, cases[i].kernel_gs_base);
		ck_assert_str_eq(source->kind, "vmcore");
		ck_assert_ptr_null(source->vmcoreinfo);
		drop();
	}
}
END_TEST

START_TEST(prstatus_notes_give_the_general_registers_and_the_pid)
{
	start();
	put_prstatus(0, 42, PRSTATUS_SIZE);
	put_prstatus(1, 0, PRSTATUS_SIZE);
	put_ram();
	ck_assert_msg(!open_file(), "%s", err.text);
	ck_assert_uint_eq(source->nr_vcpus, 2);
	ck_assert_uint_eq(source->vcpus[0].prstatus_pid, 42);
	for (uint32_t vcpu = 0; vcpu < 2; vcpu++) {
		const struct scxray_regs *regs = &source->vcpus[vcpu].regs;

		ck_assert(source->vcpus[vcpu].parked);
		for (int reg = 0; reg < SCXRAY_NR_REGS; reg++)
			if (regs->known >> reg & 1)
				ck_assert_uint_eq(regs->value[reg],
						  ~reg_value((enum scxray_reg)reg, vcpu));
		ck_assert_int_eq(__builtin_popcountll(regs->known), 20);
		ck_assert(!(regs->known >> SCXRAY_REG_CR3 & 1));
	}
	drop();
}
END_TEST

START_TEST(where_both_are_there_qemu_notes_count)
{
	for (int order = 0; order < 2; order++) {
		start();
		for (int half = 0; half < 2; half++)
			for (uint32_t vcpu = 0; vcpu < 2; vcpu++) {
				if (half == order)
					put_prstatus(vcpu, 42 + vcpu, PRSTATUS_SIZE);
				else
					put_qemu(vcpu, QEMU_NOTE_SIZE);
			}
		put_ram();
		ck_assert_msg(!open_file(), "%s", err.text);
		ck_assert_uint_eq(source->nr_vcpus, 2);
		expect_qemu_regs(0, true);
		expect_qemu_regs(1, true);
		if (order == 0) /* as QEMU writes them */
			ck_assert_uint_eq(source->vcpus[1].prstatus_pid, 43);
		drop();
	}
}
END_TEST

START_TEST(vmcoreinfo_alone_is_enough)
{
	start();
	elf_builder_note(&b, "VMCOREINFO", 0, "OSRELEASE=6.12\nPAGESIZE=4096\n", 29);
	elf_builder_note(&b, "VMCOREINFO", 0, "OSRELEASE=second\n", 17);
	put_ram();
	ck_assert_msg(!open_file(), "%s", err.text);
	ck_assert_uint_eq(source->nr_vcpus, 0);
	ck_assert_str_eq(source->vmcoreinfo, "OSRELEASE=6.12\nPAGESIZE=4096\n");
	drop();
}
END_TEST

START_TEST(notes_of_others_and_short_ones_are_passed_over)
{
	start();
	elf_builder_note(&b, "CORE", NT_PRPSINFO, ram, 136);
	elf_builder_note(&b, "LINUX", 0x202, ram, 64);
	elf_builder_note(&b, "QEMU", 0, ram, QEMU_NOTE_SIZE - 9);
	elf_builder_note(&b, "XEN VMCOREINFO", 0, "OSRELEASE=no\n", 13);
	put_prstatus(9, 9, PRSTATUS_SIZE - 16);
	elf_builder_note(&b, "", 0, NULL, 0);
	put_qemu(0, QEMU_NOTE_SIZE);
	put_ram();
	ck_assert_msg(!open_file(), "%s", err.text);
	ck_assert_uint_eq(source->nr_vcpus, 1);
	expect_qemu_regs(0, true);
	ck_assert_ptr_null(source->vmcoreinfo);
	drop();
}
END_TEST

START_TEST(notes_aligned_to_8_are_read)
{
	start();
	b.note_align = 8;
	elf_builder_note(&b, "VMCOREINFO", 0, "A=1\nB", 5);
	put_qemu(0, QEMU_NOTE_SIZE);
	put_ram();
	ck_assert_msg(!open_file(), "%s", err.text);
	ck_assert_str_eq(source->vmcoreinfo, "A=1\nB");
	expect_qemu_regs(0, true);
	drop();
}
END_TEST

START_TEST(more_vcpus_than_any_machine_has_are_cut)
{
	start();
	for (uint32_t i = 0; i < SOURCE_MAX_VCPUS + 5; i++)
		put_qemu(i, QEMU_NOTE_SIZE);
	put_ram();
	ck_assert_msg(!open_file(), "%s", err.text);
	ck_assert_uint_eq(source->nr_vcpus, SOURCE_MAX_VCPUS);
	drop();
}
END_TEST

START_TEST(notes_that_are_cut_are_known_to_be_broken)
{
	struct elf_builder whole;

	start();
	put_qemu(0, QEMU_NOTE_SIZE);
	whole = b;
	for (size_t size = 0; size < whole.notes.size; size++) {
		b = whole;
		b.notes.size = size;
		put_ram();
		ck_assert_msg(!open_file(), "%zu bytes of notes: %s", size, err.text);
		ck_assert_msg(source->notes_broken == (size != 0), "%zu bytes of notes", size);
		ck_assert_uint_eq(source->nr_vcpus, 0);
		scxray_source_close(source);
		source = NULL;
	}
	b = whole;
	drop();
}
END_TEST

START_TEST(notes_may_be_in_several_segments)
{
	struct elf_builder more;

	start();
	put_qemu(0, QEMU_NOTE_SIZE);
	elf_builder_init(&more);
	elf_builder_note(&more, "VMCOREINFO", 0, "A=1", 3);
	elf_builder_load(&b, 0, more.notes.bytes, more.notes.size, 0);
	b.loads[0].p_type = PT_NOTE;
	put_ram();
	ck_assert_msg(!open_file(), "%s", err.text);
	expect_qemu_regs(0, true);
	ck_assert_str_eq(source->vmcoreinfo, "A=1");
	elf_builder_deinit(&more);
	drop();
}
END_TEST

START_TEST(megabytes_of_notes_are_refused)
{
	size_t size = 17u << 20;
	uint8_t *zeros = calloc(1, size);

	ck_assert_ptr_nonnull(zeros);
	start();
	put_qemu(0, QEMU_NOTE_SIZE);
	elf_builder_load(&b, 0, zeros, size, 0);
	elf_builder_load(&b, 0, zeros, size, 0);
	b.loads[0].p_type = PT_NOTE;
	b.loads[1].p_type = PT_NOTE;
	put_ram();
	ck_assert_int_eq(open_file(), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "too many"));
	free(zeros);
	drop();
}
END_TEST

START_TEST(the_core_of_a_process_is_named)
{
	start();
	put_prstatus(0, 42, PRSTATUS_SIZE);
	elf_builder_note(&b, "CORE", NT_AUXV, ram, 64);
	put_ram();
	ck_assert_int_eq(open_file(), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "user-space process"));
	drop();
}
END_TEST

static const unit_test tests[] = {
	&qemu_notes_give_all_registers_of_each_vcpu,
	&prstatus_notes_give_the_general_registers_and_the_pid,
	&where_both_are_there_qemu_notes_count,
	&vmcoreinfo_alone_is_enough,
	&notes_of_others_and_short_ones_are_passed_over,
	&notes_aligned_to_8_are_read,
	&more_vcpus_than_any_machine_has_are_cut,
	&notes_that_are_cut_are_known_to_be_broken,
	&notes_may_be_in_several_segments,
	&megabytes_of_notes_are_refused,
	&the_core_of_a_process_is_named,
};

UNIT_MAIN("capture_vmcore_notes", tests)
