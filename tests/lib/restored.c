/* SPDX-License-Identifier: BSD-2-Clause */
#include "restored.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/lib/running_core.h"

void restored_image(const char *core, unsigned nr_vcpus, char path[RESTORED_PATH_MAX])
{
	const char *dir = getenv("TMPDIR");
	struct scxray_error err = { 0 };
	FILE *out;
	int fd;

	snprintf(path, RESTORED_PATH_MAX, "%s/scxray-restored-XXXXXX", dir ? dir : "/tmp");
	fd = mkstemp(path);
	out = fd < 0 ? NULL : fdopen(fd, "w");
	ck_assert_msg(out != NULL, "%s: %s", path, strerror(errno));
	ck_assert_msg(!running_core_write(core, nr_vcpus, out, &err), "%s", err.text);
	ck_assert(out && !fclose(out));
}

/* Free pages for loops: those of the last region, firmware that no core has.  From its begin. */
static uint64_t next_page;

struct machine *restored_machine(const char *path)
{
	struct scxray_error err = { 0 };
	struct machine *machine = machine_create(&err);

	ck_assert_msg(machine != NULL, "%s", err.text);
	ck_assert_msg(!vm_restore(machine, path, CPU_HOST, &err), "%s", err.text);
	next_page = 0;
	return machine;
}

/* ---- the loop --------------------------------------------------------------- */

static uint64_t *table_at(struct machine *machine, uint64_t entry)
{
	uint64_t *table = memory_at(machine, entry & 0x000ffffffffff000, PAGE);

	ck_assert(table != NULL);
	return table;
}

static uint64_t take_page(const struct machine *machine)
{
	const struct region *last = &machine->regions[machine->nr_regions - 1];

	ck_assert_msg(next_page < last->size, "no free page left for a loop");
	next_page += PAGE;
	return last->gpa + next_page - PAGE;
}

/*
 * The place of `va` in guest memory; mapped where it is not yet.  Four levels; the upper half is
 * the kernel's.  KVM is not asked: a KVM in software was seen to keep what it read of a page
 * that was all zero.
 */
static uint8_t *map_address(struct machine *machine, uint64_t cr3, uint64_t va)
{
	uint64_t flags = va >> 63 ? 3 : 7; /* present, writable; SMEP: no user's page in ring 0 */
	uint64_t *table = table_at(machine, cr3);
	uint64_t entry = 0, span;

	for (unsigned shift = 39; shift >= 12; shift -= 9) {
		uint64_t *at = &table[va >> shift & 511];

		if (!(*at & 1))
			*at = take_page(machine) | flags;
		entry = *at;
		span = 1ULL << shift;
		if (shift == 12 || (shift < 39 && (entry & 0x80))) /* a page, or a large one */
			break;
		table = table_at(machine, entry);
	}
	return memory_at(machine, (entry & 0x000ffffffffff000 & ~(span - 1)) + (va & (span - 1)),
			 RESTORED_LOOP_BYTES);
}

void restored_loop(struct machine *machine, unsigned index)
{
	static const uint8_t loop[RESTORED_LOOP_BYTES] = { 0x48, 0xff, 0xc0, 0xeb, 0xfb };
	struct kvm_mp_state state = { .mp_state = KVM_MP_STATE_RUNNABLE };
	const struct vcpu *vcpu = &machine->vcpus[index];
	struct kvm_sregs sregs;
	struct kvm_regs regs;
	uint8_t *at;

	ck_assert(!ioctl(vcpu->fd, KVM_GET_SREGS, &sregs));
	ck_assert(!ioctl(vcpu->fd, KVM_GET_REGS, &regs));
	at = map_address(machine, sregs.cr3, regs.rip);
	ck_assert(at != NULL);
	memcpy(at, loop, sizeof(loop));
	ck_assert(!ioctl(vcpu->fd, KVM_SET_MP_STATE, &state));
}
