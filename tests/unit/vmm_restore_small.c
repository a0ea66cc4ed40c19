/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * restore.c of the VMM with small images: those that cannot be put back are refused by a line that
 * says why; vCPUs of those that can run or are halted.
 */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/lib/image_builder.h"
#include "tests/lib/restored.h"
#include "tests/lib/unit.h"

/* Where QEMU's note has them (target/i386/arch_dump.c). */
enum place {
	AT_RIP = 136,
	AT_CS = 152,
	AT_CR0 = 392,
	AT_CR3 = 416,
	AT_CR4 = 424,
};

#define CR4_PAE (1ULL << 5)
#define CR4_LA57 (1ULL << 12)

static uint8_t ram[8 * PAGE];
static uint8_t qemu[QEMU_NOTE_SIZE];
static struct elf_builder b;

static void put(size_t at, uint64_t value)
{
	memcpy(qemu + at, &value, 8);
}

/* A vCPU in 64-bit kernel code. */
static void start(void)
{
	static const uint32_t head[] = { 1, QEMU_NOTE_SIZE };

	elf_builder_init(&b);
	memset(qemu, 0, sizeof(qemu));
	memcpy(qemu, head, sizeof(head));
	put(AT_RIP, 0x1000);
	put(AT_CS, 0x10);
	put(AT_CR0, 0x80050033);
	put(AT_CR3, 0x2000);
	put(AT_CR4, CR4_PAE);
	elf_builder_load(&b, 0, ram, sizeof(ram), sizeof(ram));
}

static void add_vcpu(void)
{
	static const uint8_t prstatus[PRSTATUS_SIZE];

	elf_builder_note(&b, "CORE", NT_PRSTATUS, prstatus, sizeof(prstatus));
	elf_builder_note(&b, "QEMU", 0, qemu, sizeof(qemu));
}

/* 0 if it was restored, and else what it says; *mp_state is then vCPU 0's. */
static int restore_state(struct scxray_error *err, uint32_t *mp_state)
{
	const char *dir = getenv("TMPDIR");
	struct image_bytes file = elf_builder_file(&b);
	struct machine *machine;
	char path[RESTORED_PATH_MAX];
	int fd, failed;

	snprintf(path, sizeof(path), "%s/scxray-restored-XXXXXX", dir ? dir : "/tmp");
	fd = mkstemp(path);
	ck_assert(fd >= 0 && write(fd, file.bytes, file.size) == (ssize_t)file.size);
	close(fd);
	machine = machine_create(err);
	ck_assert_msg(machine != NULL, "%s", err->text);
	failed = vm_restore(machine, path, CPU_HOST, err);
	if (!failed && mp_state) {
		struct kvm_mp_state state;

		ck_assert(!ioctl(machine->vcpus[0].fd, KVM_GET_MP_STATE, &state));
		*mp_state = state.mp_state;
	}
	if (failed)
		ck_assert_msg(strstr(err->text, path) == err->text, "%s: names no file", err->text);
	machine_destroy(machine);
	unlink(path);
	free(file.bytes);
	elf_builder_deinit(&b);
	return failed;
}

static int restore(struct scxray_error *err)
{
	return restore_state(err, NULL);
}

static void expect_refused(const char *words)
{
	struct scxray_error err = { 0 };

	ck_assert_msg(restore(&err), "it was restored");
	ck_assert_msg(strstr(err.text, words) != NULL, "%s: says nothing of %s", err.text, words);
}

START_TEST(a_plain_image_is_restored)
{
	struct scxray_error err = { 0 };

	start();
	add_vcpu();
	ck_assert_msg(!restore(&err), "%s", err.text);
}
END_TEST

/* Page tables that map the first 2 MiB as they are; RIP stands behind `byte`. */
static uint32_t state_behind(uint8_t byte, uint16_t cs)
{
	struct scxray_error err = { 0 };
	uint32_t mp_state = UINT32_MAX;
	uint64_t entry;

	memset(ram, 0, sizeof(ram));
	for (uint64_t table = 0x2000; table < 0x5000; table += PAGE) {
		entry = table == 0x4000 ? 0x87 : (table + PAGE) | 7;
		memcpy(ram + table, &entry, sizeof(entry));
	}
	ram[0x1000] = byte;
	start();
	put(AT_RIP, 0x1001);
	put(AT_CS, cs);
	add_vcpu();
	ck_assert_msg(!restore_state(&err, &mp_state), "%s", err.text);
	return mp_state;
}

START_TEST(a_vcpu_that_was_idle_is_halted)
{
	ck_assert_uint_eq(state_behind(0xf4, 0x10), KVM_MP_STATE_HALTED);
	ck_assert_uint_eq(state_behind(0x90, 0x10), KVM_MP_STATE_RUNNABLE);
	ck_assert_uint_eq(state_behind(0xf4, 0x33), KVM_MP_STATE_RUNNABLE); /* in ring 3 none is */
}
END_TEST

START_TEST(no_vcpus)
{
	start();
	elf_builder_note(&b, "VMCOREINFO", 0, "OSRELEASE=6.12\n", 15);
	expect_refused("no vCPU's registers");
}
END_TEST

START_TEST(a_kdump_has_no_control_registers)
{
	static const uint8_t prstatus[PRSTATUS_SIZE];

	start();
	elf_builder_note(&b, "CORE", NT_PRSTATUS, prstatus, sizeof(prstatus));
	expect_refused("has no CR0");
}
END_TEST

START_TEST(real_mode)
{
	start();
	put(AT_CR0, 0x10);
	add_vcpu();
	expect_refused("not in 64-bit mode");
}
END_TEST

START_TEST(a_bit_of_cr4_that_no_cpu_has_is_named)
{
	start();
	put(AT_CR4, CR4_PAE | 1ULL << 40);
	add_vcpu();
	expect_refused("bit 40");
}
END_TEST

/* Five levels: some KVMs have them, the others say so. */
START_TEST(la57_is_restored_or_named)
{
	struct scxray_error err = { 0 };

	start();
	put(AT_CR4, CR4_PAE | CR4_LA57);
	add_vcpu();
	if (restore(&err))
		ck_assert_msg(strstr(err.text, "LA57") != NULL, "%s", err.text);
}
END_TEST

START_TEST(more_vcpus_than_a_machine_can_have)
{
	start();
	for (unsigned i = 0; i < MAX_VCPUS + 1; i++)
		add_vcpu();
	expect_refused("255 vCPUs are more than");
}
END_TEST

START_TEST(no_image_at_all)
{
	struct scxray_error err = { 0 };
	struct machine *machine = machine_create(&err);

	ck_assert_msg(machine != NULL, "%s", err.text);
	ck_assert(vm_restore(machine, "/nonexistent", CPU_HOST, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "/nonexistent: No such file"));
	machine_destroy(machine);
}
END_TEST

static const unit_test tests[] = {
	&a_plain_image_is_restored,
	&a_vcpu_that_was_idle_is_halted,
	&no_vcpus,
	&a_kdump_has_no_control_registers,
	&real_mode,
	&a_bit_of_cr4_that_no_cpu_has_is_named,
	&la57_is_restored_or_named,
	&more_vcpus_than_a_machine_can_have,
	&no_image_at_all,
};

UNIT_MAIN_KVM("vmm_restore_small", tests)
