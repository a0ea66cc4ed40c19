/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory.c - guest RAM and its KVM slots
 *
 * RAM is anonymous memory: a page that nobody wrote to costs nothing.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "machine.h"

/* Local APICs, the IOAPIC and KVM's own pages lie between them. */
#define HOLE_START (3 * GIB)
#define HOLE_END (4 * GIB)

/* What x86-64 can address with 4-level page tables of the guest, and then some. */
#define MAX_GPA (1ULL << 46)

static int check_range(const struct machine *machine, uint64_t gpa, uint64_t size,
		       struct scxray_error *err)
{
	const struct region *last =
		machine->nr_regions ? &machine->regions[machine->nr_regions - 1] : NULL;

	if (machine->nr_regions == MAX_REGIONS)
		return scxray_fail(err, SCXRAY_ERR_INVALID, gpa, "guest RAM: more than %d ranges",
				   MAX_REGIONS);
	if (!size || gpa % PAGE || size % PAGE || gpa > MAX_GPA || size > MAX_GPA - gpa)
		return scxray_fail(err, SCXRAY_ERR_INVALID, gpa,
				   "guest RAM: %" PRIu64 " bytes at %#" PRIx64
				   ": not whole pages, or out of reach",
				   size, gpa);
	if (last && gpa < last->gpa + last->size)
		return scxray_fail(err, SCXRAY_ERR_INVALID, gpa,
				   "guest RAM: %#" PRIx64 ": overlaps the range before", gpa);
	return 0;
}

int memory_add(struct machine *machine, uint64_t gpa, uint64_t size, struct scxray_error *err)
{
	struct region *region = &machine->regions[machine->nr_regions];
	struct kvm_userspace_memory_region slot = {
		.slot = machine->nr_regions,
		.guest_phys_addr = gpa,
		.memory_size = size,
	};
	void *host;

	if (check_range(machine, gpa, size, err))
		return -1;
	host = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		    -1, 0);
	if (host == MAP_FAILED)
		return scxray_fail(err, SCXRAY_ERR_NOMEM, gpa,
				   "guest RAM: %" PRIu64 " MiB: %s: take a smaller --memory",
				   size / MIB, strerror(errno));
	/* Only a wish: fewer page faults, shorter nested page tables. */
	madvise(host, size, MADV_HUGEPAGE);
	slot.userspace_addr = (uint64_t)host;
	if (ioctl(machine->vm_fd, KVM_SET_USER_MEMORY_REGION, &slot)) {
		int error = errno;

		munmap(host, size);
		return scxray_fail(err, SCXRAY_ERR_IO, gpa,
				   "guest RAM: KVM refuses %" PRIu64 " bytes at %#" PRIx64 ": %s",
				   size, gpa, strerror(error));
	}
	*region = (struct region){ gpa, size, host };
	machine->nr_regions++;
	return 0;
}

int memory_add_bytes(struct machine *machine, uint64_t bytes, struct scxray_error *err)
{
	uint64_t low = bytes < HOLE_START ? bytes : HOLE_START;

	if (memory_add(machine, 0, low, err))
		return -1;
	return bytes > low ? memory_add(machine, HOLE_END, bytes - low, err) : 0;
}

void *memory_at(const struct machine *machine, uint64_t gpa, uint64_t size)
{
	for (unsigned i = 0; i < machine->nr_regions; i++) {
		const struct region *r = &machine->regions[i];

		if (gpa >= r->gpa && gpa - r->gpa <= r->size && size <= r->size - (gpa - r->gpa))
			return r->host + (gpa - r->gpa);
	}
	return NULL;
}

void memory_remove_all(struct machine *machine)
{
	while (machine->nr_regions) {
		struct region *region = &machine->regions[--machine->nr_regions];

		munmap(region->host, region->size);
	}
}
