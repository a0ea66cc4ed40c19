/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * restore.c of the VMM: what an image holds is in the VM, and nothing else; and KVM's own
 * view of the restored guest against ours of the image.
 */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <scxray/dsq.h>
#include <scxray/map.h>
#include <scxray/prog.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/task.h>

#include "capture/memory/paging.h"
#include "capture/image/source.h"
#include "tests/lib/restored.h"
#include "tests/lib/unit.h"

static const char *const cores[] = {
	RESTORED_CORE("6.12-held-error"),
	RESTORED_CORE("6.18.15-vtime-half"),
	RESTORED_CORE("6.18.15-vtime-error"),
	RESTORED_CORE("7.3.4-stall-error"),
};

static struct scxray_source *open_source(const char *path)
{
	struct scxray_error err = { 0 };
	struct scxray_source *source = scxray_source_open(path, &err);

	ck_assert_msg(source != NULL, "%s", err.text);
	return source;
}

/* ---- registers -------------------------------------------------------------- */

static uint64_t get_msr(const struct vcpu *vcpu, uint32_t index)
{
	_Alignas(struct kvm_msrs)
		uint8_t bytes[sizeof(struct kvm_msrs) + sizeof(struct kvm_msr_entry)] = { 0 };
	struct kvm_msrs *msrs = (struct kvm_msrs *)bytes;

	msrs->nmsrs = 1;
	msrs->entries[0].index = index;
	ck_assert_int_eq(ioctl(vcpu->fd, KVM_GET_MSRS, msrs), 1);
	return msrs->entries[0].data;
}

static void get_regs(const struct vcpu *vcpu, uint64_t value[SCXRAY_NR_REGS])
{
	struct kvm_sregs s;
	struct kvm_regs r;

	ck_assert(!ioctl(vcpu->fd, KVM_GET_SREGS, &s));
	ck_assert(!ioctl(vcpu->fd, KVM_GET_REGS, &r));
	const uint64_t values[SCXRAY_NR_REGS] = {
		[SCXRAY_REG_RIP] = r.rip,
		[SCXRAY_REG_RSP] = r.rsp,
		[SCXRAY_REG_CR3] = s.cr3,
		[SCXRAY_REG_RFLAGS] = r.rflags,
		[SCXRAY_REG_RAX] = r.rax,
		[SCXRAY_REG_RBX] = r.rbx,
		[SCXRAY_REG_RCX] = r.rcx,
		[SCXRAY_REG_RDX] = r.rdx,
		[SCXRAY_REG_RSI] = r.rsi,
		[SCXRAY_REG_RDI] = r.rdi,
		[SCXRAY_REG_RBP] = r.rbp,
		[SCXRAY_REG_R8] = r.r8,
		[SCXRAY_REG_R9] = r.r9,
		[SCXRAY_REG_R10] = r.r10,
		[SCXRAY_REG_R11] = r.r11,
		[SCXRAY_REG_R12] = r.r12,
		[SCXRAY_REG_R13] = r.r13,
		[SCXRAY_REG_R14] = r.r14,
		[SCXRAY_REG_R15] = r.r15,
		[SCXRAY_REG_CR0] = s.cr0,
		[SCXRAY_REG_CR2] = s.cr2,
		[SCXRAY_REG_CR4] = s.cr4,
		[SCXRAY_REG_EFER] = s.efer,
		[SCXRAY_REG_CS] = s.cs.selector,
		[SCXRAY_REG_SS] = s.ss.selector,
		[SCXRAY_REG_FS_BASE] = s.fs.base,
		[SCXRAY_REG_GS_BASE] = s.gs.base,
		[SCXRAY_REG_KERNEL_GS_BASE] = get_msr(vcpu, 0xc0000102),
		[SCXRAY_REG_IDT_BASE] = s.idt.base,
		[SCXRAY_REG_LSTAR] = get_msr(vcpu, 0xc0000082),
	};

	memcpy(value, values, sizeof(values));
}

static void expect_regs(const struct machine *machine, const struct scxray_source *source)
{
	ck_assert_uint_eq(machine->nr_vcpus, scxray_source_nr_vcpus(source));
	for (unsigned i = 0; i < machine->nr_vcpus; i++) {
		const struct scxray_regs *want = scxray_source_regs(source, i);
		uint64_t value[SCXRAY_NR_REGS];

		get_regs(&machine->vcpus[i], value);
		ck_assert(want->known >> SCXRAY_REG_CR3 & 1);
		for (unsigned reg = 0; reg < SCXRAY_NR_REGS; reg++)
			if (want->known >> reg & 1)
				ck_assert_msg(value[reg] == want->value[reg],
					      "vCPU %u: register %u is 0x%llx, was 0x%llx", i, reg,
					      (unsigned long long)value[reg],
					      (unsigned long long)want->value[reg]);
		ck_assert_uint_eq(value[SCXRAY_REG_EFER] & 0x501, 0x501); /* SCE, LME, LMA */
	}
}

START_TEST(registers_are_those_of_the_image)
{
	for (size_t i = 0; i < ARRAY_SIZE(cores); i++) {
		struct machine *machine = restored_machine(cores[i]);
		struct scxray_source *source = open_source(cores[i]);

		expect_regs(machine, source);
		scxray_source_close(source);
		machine_destroy(machine);
	}
}
END_TEST

START_TEST(each_of_many_vcpus_gets_its_own)
{
	char path[RESTORED_PATH_MAX];
	struct scxray_source *source;
	struct machine *machine;

	restored_image(cores[1], 17, path);
	machine = restored_machine(path);
	source = open_source(path);
	ck_assert_uint_eq(machine->nr_vcpus, 17);
	expect_regs(machine, source);
	scxray_source_close(source);
	machine_destroy(machine);
	unlink(path);
}
END_TEST

/* ---- memory ----------------------------------------------------------------- */

START_TEST(memory_is_that_of_the_image_and_else_zero)
{
	static const uint8_t zero[PAGE];
	struct machine *machine = restored_machine(cores[0]);
	struct scxray_source *source = open_source(cores[0]);
	uint64_t gpa, size, held = 0, absent = 0;
	unsigned i;

	for (i = 0; scxray_source_region(source, i, &gpa, &size); i++) {
		ck_assert_uint_lt(i, machine->nr_regions);
		ck_assert_uint_eq(machine->regions[i].gpa, gpa);
		ck_assert_uint_eq(machine->regions[i].size, size);
		for (uint64_t at = 0; at < size; at += PAGE) {
			const uint8_t *want = zero;
			bool has = scxray_source_page(source, gpa + at, &want) != 0;

			has ? held++ : absent++;
			ck_assert_msg(!memcmp(machine->regions[i].host + at, want, PAGE),
				      "page 0x%llx", (unsigned long long)(gpa + at));
		}
	}
	ck_assert_uint_eq(i, machine->nr_regions);
	ck_assert_uint_gt(held, 1000);
	ck_assert_uint_gt(absent, 1000);
	scxray_source_close(source);
	machine_destroy(machine);
}
END_TEST

/* ---- KVM as an oracle of our page walker ------------------------------------ */

struct oracle {
	const struct vcpu *vcpu;
	struct paging *paging;
	unsigned mapped, unmapped;
};

static void compare(struct oracle *o, uint64_t va)
{
	struct kvm_translation kvm = { .linear_address = va };
	uint64_t gpa = 0;
	enum read_status status = paging_translate(o->paging, va, &gpa);

	ck_assert(!ioctl(o->vcpu->fd, KVM_TRANSLATE, &kvm));
	/* a table that the core lacks is one of zeros in the VM: it maps nothing */
	ck_assert_msg(kvm.valid == (status == READ_OK), "0x%llx: KVM %d, we: %s",
		      (unsigned long long)va, kvm.valid, read_status_text(status));
	if (status == READ_OK)
		ck_assert_msg(kvm.physical_address == gpa, "0x%llx: KVM 0x%llx, we 0x%llx",
			      (unsigned long long)va, (unsigned long long)kvm.physical_address,
			      (unsigned long long)gpa);
	status == READ_OK ? o->mapped++ : o->unmapped++;
}

static void compare_report(struct oracle *o, const struct scxray_report *report)
{
	for (size_t i = 0; i < report->nr_tasks; i++)
		compare(o, report->tasks[i].kva);
	for (size_t i = 0; i < report->nr_rqs; i++)
		compare(o, report->rqs[i].kva);
	for (size_t i = 0; i < report->nr_dsqs; i++)
		compare(o, report->dsqs[i].kva);
	for (size_t i = 0; i < report->nr_maps; i++)
		compare(o, report->maps[i].map_kva);
	for (size_t i = 0; i < report->nr_progs; i++)
		compare(o, report->progs[i].kva);
	ck_assert_uint_gt(o->mapped, 30);
	ck_assert_uint_eq(o->unmapped, 0); /* we have read them all */
}

/* Pages that the tables map, and addresses around them, by a generator with a fixed seed. */
static void compare_tables(struct oracle *o)
{
	static struct paging_scan scan;
	uint64_t va, gpa, random = 88172645463325252ULL;
	unsigned nr = 0;

	paging_scan_start(&scan, o->paging, 0xffff800000000000, 0xfffffffffffff000);
	while (nr < 20000 && paging_scan_next(&scan, &va, &gpa)) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		if (random % 7 == 0) {
			compare(o, va + random % PAGE);
			compare(o,
				va ^ 1ULL << (12 + random / 7 % 35)); /* a neighbour, near or far */
			nr++;
		}
	}
	ck_assert_uint_gt(nr, 1000);
	for (unsigned i = 0; i < 10000; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		compare(o, (uint64_t)((int64_t)(random << 16) >> 16)); /* any canonical address */
	}
	ck_assert_uint_gt(o->unmapped, 1000);
}

/* A core has the tables through which its kernel was found; other vCPUs' own are not in it. */
static void use_tables(const struct vcpu *vcpu, uint64_t cr3)
{
	struct kvm_sregs sregs;

	ck_assert(!ioctl(vcpu->fd, KVM_GET_SREGS, &sregs));
	sregs.cr3 = cr3;
	ck_assert(!ioctl(vcpu->fd, KVM_SET_SREGS, &sregs));
}

static void check_translation(const char *core)
{
	struct machine *machine = restored_machine(core);
	struct scxray_source *source = open_source(core);
	struct scxray_error err = { 0 };
	struct scxray_report *report = scxray_capture(source, NULL, &err);
	static struct paging paging;

	ck_assert_msg(report != NULL, "%s", err.text);
	for (unsigned i = 0; i < machine->nr_vcpus; i++) {
		const struct scxray_regs *regs = scxray_source_regs(source, i);
		struct oracle o = { .vcpu = &machine->vcpus[i], .paging = &paging };

		use_tables(o.vcpu, source->hint.cr3);
		paging_set_root(&paging, &source->phys, source->hint.cr3, 4);
		compare_report(&o, report);
		compare(&o, 0);
		compare(&o, regs->value[SCXRAY_REG_RIP]);
		compare(&o, regs->value[SCXRAY_REG_RSP]);
		compare_tables(&o);
	}
	scxray_report_destroy(report);
	scxray_source_close(source);
	machine_destroy(machine);
}

START_TEST(kvm_translates_as_we_do)
{
	for (size_t i = 0; i < ARRAY_SIZE(cores); i++)
		check_translation(cores[i]);
}
END_TEST

/* ---- it stands still, or runs ----------------------------------------------- */

static void run_for_a_moment(struct machine *machine)
{
	struct scxray_error err = { 0 };

	ck_assert_msg(!vcpus_start(machine, &err), "%s", err.text);
	usleep(50000);
	vcpus_stop(machine);
	ck_assert_msg(machine_ended(machine) == END_NOT_YET, "%s", machine->end_text);
}

START_TEST(vcpus_of_a_core_stand_still)
{
	struct machine *machine = restored_machine(cores[1]);
	struct scxray_source *source = open_source(cores[1]);

	run_for_a_moment(machine);
	expect_regs(machine, source);
	scxray_source_close(source);
	machine_destroy(machine);
}
END_TEST

START_TEST(code_in_ring_0_and_in_ring_3_runs_on)
{
	for (size_t i = 0; i < ARRAY_SIZE(cores); i++) {
		struct machine *machine = restored_machine(cores[i]);
		struct scxray_source *source = open_source(cores[i]);

		for (unsigned v = 0; v < machine->nr_vcpus; v++)
			restored_loop(machine, v);
		run_for_a_moment(machine);
		for (unsigned v = 0; v < machine->nr_vcpus; v++) {
			const uint64_t *was = scxray_source_regs(source, v)->value;
			uint64_t now[SCXRAY_NR_REGS];

			get_regs(&machine->vcpus[v], now);
			ck_assert_uint_gt(now[SCXRAY_REG_RAX], was[SCXRAY_REG_RAX]);
			ck_assert_uint_lt(now[SCXRAY_REG_RIP] - was[SCXRAY_REG_RIP],
					  RESTORED_LOOP_BYTES);
			ck_assert_uint_eq(now[SCXRAY_REG_RSP], was[SCXRAY_REG_RSP]);
			ck_assert_uint_eq(now[SCXRAY_REG_CS], was[SCXRAY_REG_CS]);
			ck_assert_uint_eq(now[SCXRAY_REG_R15], was[SCXRAY_REG_R15]);
		}
		scxray_source_close(source);
		machine_destroy(machine);
	}
}
END_TEST

static const unit_test tests[] = {
	&registers_are_those_of_the_image,
	&each_of_many_vcpus_gets_its_own,
	&memory_is_that_of_the_image_and_else_zero,
	&kvm_translates_as_we_do,
	&vcpus_of_a_core_stand_still,
	&code_in_ring_0_and_in_ring_3_runs_on,
};

UNIT_MAIN_KVM("vmm_restore", tests)
