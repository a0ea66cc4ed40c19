/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMM's tables and loaders: ACPI's sums and pointers, NUMA nodes that cover all RAM, kernels
 * with wrong bytes that must stay inside the guest's memory.
 */
#include <asm/bootparam.h>
#include <elf.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/lib/unit.h"
#include "vmm/boot.h"

/* A machine of RAM alone: only what is touched costs anything. */
static struct machine *ram(uint64_t bytes)
{
	struct machine *machine = calloc(1, sizeof(*machine));
	uint64_t low = bytes < 3 * GIB ? bytes : 3 * GIB;

	ck_assert_ptr_nonnull(machine);
	machine->regions[0] = (struct region){ 0, low, NULL };
	machine->regions[1] = (struct region){ 4 * GIB, bytes - low, NULL };
	machine->nr_regions = bytes > low ? 2 : 1;
	for (unsigned i = 0; i < machine->nr_regions; i++) {
		machine->regions[i].host =
			mmap(NULL, machine->regions[i].size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		ck_assert_ptr_ne(machine->regions[i].host, MAP_FAILED);
	}
	machine->nr_vcpus = machine->nr_nodes = 1;
	return machine;
}

static void drop(struct machine *machine)
{
	memory_remove_all(machine);
	free(machine);
}

/* ---- ACPI ----------------------------------------------------------------------- */

static uint64_t number(const uint8_t *at, unsigned bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | at[bytes];
	return value;
}

static void check_sum(const uint8_t *table, uint64_t size)
{
	uint8_t sum = 0;

	for (uint64_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + table[i]);
	ck_assert_uint_eq(sum, 0);
}

static const uint8_t *table_at(const struct machine *machine, uint64_t gpa, const char *signature)
{
	const uint8_t *table = memory_at(machine, gpa, 36);
	uint64_t length;

	ck_assert_ptr_nonnull(table);
	length = number(table + 4, 4);
	ck_assert_uint_ge(gpa, TABLES_AT);
	ck_assert_uint_le(gpa + length, TABLES_END);
	ck_assert(!memcmp(table, signature, 4));
	check_sum(table, length);
	return table;
}

/* The table with this signature, or NULL. */
static const uint8_t *find_table(const struct machine *machine, const char *signature)
{
	const uint8_t *rsdp = memory_at(machine, TABLES_AT, 36), *xsdt;

	ck_assert(!memcmp(rsdp, "RSD PTR ", 8));
	check_sum(rsdp, 20);
	check_sum(rsdp, 36);
	xsdt = table_at(machine, number(rsdp + 24, 8), "XSDT");
	for (uint64_t at = 36; at < number(xsdt + 4, 4); at += 8) {
		const uint8_t *table = memory_at(machine, number(xsdt + at, 8), 36);

		if (!memcmp(table, signature, 4))
			return table_at(machine, number(xsdt + at, 8), signature);
	}
	return NULL;
}

START_TEST(tables_are_sound)
{
	struct machine *machine = ram(512 * MIB);
	const uint8_t *fadt, *madt;
	unsigned lapics = 0;

	machine->nr_vcpus = MAX_VCPUS;
	ck_assert_uint_eq(acpi_write(machine), TABLES_AT);
	fadt = find_table(machine, "FACP");
	ck_assert_ptr_nonnull(fadt);
	table_at(machine, number(fadt + 40, 4), "DSDT");
	ck_assert_uint_eq(number(fadt + 140, 8), number(fadt + 40, 4));
	madt = find_table(machine, "APIC");
	ck_assert_ptr_nonnull(madt);
	for (uint64_t at = 44; at < number(madt + 4, 4); at += madt[at + 1]) {
		ck_assert_uint_gt(madt[at + 1], 0);
		if (madt[at] == 0)
			ck_assert_uint_eq(madt[at + 3], lapics++);
	}
	ck_assert_uint_eq(lapics, MAX_VCPUS);
	ck_assert_ptr_null(find_table(machine, "SRAT"));
	drop(machine);
}
END_TEST

/* Each byte of RAM and each vCPU belongs to one node, in order; no node is without CPUs. */
static void check_nodes(unsigned vcpus, unsigned nodes, uint64_t bytes)
{
	struct machine *machine = ram(bytes);
	unsigned cpus[64] = { 0 }, region = 0, last = 0;
	uint64_t expected = 0, memory[64] = { 0 };
	const uint8_t *srat;

	machine->nr_vcpus = vcpus;
	machine->nr_nodes = nodes;
	acpi_write(machine);
	srat = find_table(machine, "SRAT");
	ck_assert_ptr_nonnull(srat);
	for (uint64_t at = 48; at < number(srat + 4, 4); at += srat[at + 1]) {
		const uint8_t *entry = srat + at;

		if (entry[0] == 0) {
			cpus[entry[2]]++;
			continue;
		}
		ck_assert_uint_eq(number(entry + 8, 8), expected);
		ck_assert_uint_ge(number(entry + 2, 4), last);
		last = (unsigned)number(entry + 2, 4);
		memory[last] += number(entry + 16, 8);
		expected += number(entry + 16, 8);
		if (expected == machine->regions[region].gpa + machine->regions[region].size)
			expected = machine->regions[++region].gpa;
	}
	ck_assert_uint_eq(region, machine->nr_regions);
	for (unsigned i = 0; i < nodes; i++) {
		ck_assert_uint_ge(cpus[i], vcpus / nodes);
		ck_assert_uint_gt(memory[i], 0);
	}
	drop(machine);
}

START_TEST(nodes_cover_everything)
{
	static const uint64_t sizes[] = { 512 * MIB, 3 * GIB,  3 * GIB + 2 * MIB,
					  5 * GIB,   40 * GIB, 777 * MIB };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		for (unsigned nodes = 2; nodes <= 64; nodes += nodes < 8 ? 1 : 19)
			for (unsigned vcpus = nodes; vcpus <= MAX_VCPUS; vcpus += 61)
				check_nodes(vcpus, nodes, sizes[i]);
}
END_TEST

/* ---- kernels ---------------------------------------------------------------------- */

#define IMAGE 16384

static void make_elf(uint8_t *image)
{
	Elf64_Ehdr eh = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_entry = 0x1000000,
		.e_phoff = sizeof(eh),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 2,
	};
	Elf64_Phdr ph[2] = {
		{ PT_LOAD, 7, 4096, 0xffffffff81000000, 0x1000000, 4096, 8192, 4096 },
		{ PT_LOAD, 7, 8192, 0xffffffff82000000, 0x2000000, 100, 100, 4096 },
	};

	memset(image, 0xcc, IMAGE);
	memcpy(image, &eh, sizeof(eh));
	memcpy(image + sizeof(eh), ph, sizeof(ph));
}

static void make_bzimage(uint8_t *image)
{
	struct setup_header header = {
		.setup_sects = 1,
		.boot_flag = 0xaa55,
		.header = 0x53726448,
		.version = 0x020f,
		.xloadflags = XLF_KERNEL_64,
		.initrd_addr_max = 0x7fffffff,
		.cmdline_size = 2047,
		.pref_address = 0x1000000,
		.init_size = 0x100000,
	};

	memset(image, 0xcc, IMAGE);
	memcpy(image + 0x1f1, &header, sizeof(header));
}

START_TEST(elf_segments_go_to_their_places)
{
	static uint8_t image[IMAGE];
	struct machine *machine = ram(64 * MIB);
	struct file file = { "vmlinux", image, IMAGE };
	struct boot_params params = { 0 };
	struct scxray_error err;
	struct boot_image result;
	uint8_t *at = memory_at(machine, 0x1000000, 8192);

	make_elf(image);
	memset(at, 0xee, 8192);
	ck_assert(elf_is(&file) && !bzimage_is(&file));
	ck_assert_int_eq(elf_load(machine, &file, &params, &result, &err), 0);
	ck_assert(!memcmp(at, image + 4096, 4096));
	ck_assert(at[4096] == 0 && at[8191] == 0); /* .bss */
	ck_assert_uint_eq(result.entry, 0x1000000);
	ck_assert_uint_eq(result.end, 0x2000000 + 100);
	drop(machine);
}
END_TEST

START_TEST(bzimages_go_where_they_want_to_be)
{
	static uint8_t image[IMAGE];
	struct machine *machine = ram(64 * MIB);
	struct file file = { "bzImage", image, IMAGE };
	struct boot_params params = { 0 };
	struct scxray_error err;
	struct boot_image result;

	make_bzimage(image);
	image[1024] = 0xab;
	ck_assert(bzimage_is(&file) && !elf_is(&file));
	ck_assert_int_eq(bzimage_load(machine, &file, &params, &result, &err), 0);
	ck_assert(!memcmp(memory_at(machine, 0x1000000, IMAGE - 1024), image + 1024, IMAGE - 1024));
	ck_assert_uint_eq(result.entry, 0x1000200);
	ck_assert_uint_eq(result.end, 0x1100000);
	ck_assert_uint_eq(params.hdr.header, 0x53726448);
	drop(machine);
}
END_TEST

/* Wrong bytes in the headers, and files cut anywhere: refused, or loaded inside of RAM. */
START_TEST(wrong_bytes_stay_outside)
{
	struct machine *machine = ram(64 * MIB);
	uint8_t *image = malloc(IMAGE);
	unsigned seed = 1, loaded = 0;

	for (unsigned round = 0; round < 20000; round++) {
		uint64_t size = rand_r(&seed) % 8 ? IMAGE : (uint64_t)rand_r(&seed) % IMAGE + 1;
		uint8_t *cut = malloc(size); /* exact, for a sanitizer */
		struct file file = { "kernel", cut, size };
		struct boot_params params = { 0 };
		struct scxray_error err = { 0 };
		struct boot_image result = { 0 };
		bool elf = round & 1;
		unsigned base = elf ? 0 : 0x1f1;
		int status;

		(elf ? make_elf : make_bzimage)(image);
		for (unsigned i = rand_r(&seed) % 4; i; i--)
			image[base + (unsigned)rand_r(&seed) % 180] = (uint8_t)rand_r(&seed);
		memcpy(cut, image, size);
		if (elf ? !elf_is(&file) : !bzimage_is(&file)) {
			free(cut);
			continue;
		}
		status = elf ? elf_load(machine, &file, &params, &result, &err)
			     : bzimage_load(machine, &file, &params, &result, &err);
		ck_assert(status ? err.text[0] != '\0' : result.end <= 64 * MIB);
		loaded += !status;
		free(cut);
	}
	ck_assert_uint_gt(loaded, 1000); /* not all were refused at the door */
	free(image);
	drop(machine);
}
END_TEST

START_TEST(memory_at_knows_its_bounds)
{
	struct machine *machine = ram(5 * GIB);

	ck_assert_ptr_eq(memory_at(machine, 0, 3 * GIB), machine->regions[0].host);
	ck_assert_ptr_null(memory_at(machine, 0, 3 * GIB + 1));
	ck_assert_ptr_null(memory_at(machine, 3 * GIB - 1, 2));
	ck_assert_ptr_nonnull(memory_at(machine, 3 * GIB - 1, 1));
	ck_assert_ptr_null(memory_at(machine, 3 * GIB, 1));
	ck_assert_ptr_eq(memory_at(machine, 4 * GIB, 2 * GIB), machine->regions[1].host);
	ck_assert_ptr_null(memory_at(machine, 4 * GIB, UINT64_MAX));
	ck_assert_ptr_null(memory_at(machine, UINT64_MAX, 2));
	drop(machine);
}
END_TEST

static const unit_test tests[] = {
	&tables_are_sound,
	&nodes_cover_everything,
	&elf_segments_go_to_their_places,
	&bzimages_go_where_they_want_to_be,
	&wrong_bytes_stay_outside,
	&memory_at_knows_its_bounds,
};

UNIT_MAIN("vmm_boot", tests)
