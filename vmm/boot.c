/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * boot.c - a kernel, its initrd and its command line in RAM, and vCPU 0 at its entry
 */
#include <asm/bootparam.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "boot.h"
#include "cleanup.h"
#include "kvm.h"

/* The kernel's __BOOT_CS and __BOOT_DS: entries 2 and 3 of the GDT. */
#define BOOT_CS 0x10
#define BOOT_DS 0x18
#define GDT_CODE 0x00af9b000000ffffULL /* 64-bit, ring 0 */
#define GDT_DATA 0x00cf93000000ffffULL

#define CR0_LONG_MODE 0x80050033ULL /* PG, AM, WP, NE, ET, MP, PE */
#define CR4_PAE 0x20ULL
#define EFER_LONG_MODE 0x500ULL /* LME, LMA */

#define PTE_TABLE 0x03ULL /* present, writable */
#define PTE_LARGE 0x83ULL

#define MSR_MTRR_DEFAULT 0x2ff
#define MTRR_ENABLED_WRITE_BACK 0x806

static int file_map(struct file *file, const char *path, struct scxray_error *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *bytes;

	*file = (struct file){ .path = path };
	if (fd < 0 || fstat(fd, &st))
		return scxray_fail(err, SCXRAY_ERR_IO, 0, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return scxray_fail(err, SCXRAY_ERR_IO, 0, "%s: not a regular file", path);
	if (!st.st_size)
		return scxray_fail(err, SCXRAY_ERR_FORMAT, 0, "%s: empty file", path);
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return scxray_fail(err, SCXRAY_ERR_IO, 0, "%s: %s", path, strerror(errno));
	file->bytes = bytes;
	file->size = (uint64_t)st.st_size;
	return 0;
}

static void file_unmap(struct file *file)
{
	if (file->bytes)
		munmap((void *)file->bytes, file->size);
	file->bytes = NULL;
}

/* As high as the kernel allows, out of the way of its decompression and of KASLR. */
static int load_initrd(const struct machine *machine, const char *path, struct setup_header *header,
		       const struct boot_image *image, struct scxray_error *err)
{
	const struct region *low = &machine->regions[0];
	uint64_t top = low->size, at;
	_cleanup_(file_unmap) struct file file = { 0 };

	if (!path)
		return 0;
	if (file_map(&file, path, err))
		return -1;
	if (image->initrd_max && top > image->initrd_max + 1)
		top = image->initrd_max + 1;
	if (file.size > top || top - file.size < image->end)
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
				   "--memory: too small: kernel and initrd take %" PRIu64 " MiB",
				   (image->end + file.size + 2 * MIB - 1) / MIB);
	at = (top - file.size) & ~(PAGE - 1);
	memcpy(low->host + at, file.bytes, file.size);
	header->ramdisk_image = (uint32_t)at;
	header->ramdisk_size = (uint32_t)file.size;
	return 0;
}

static void add_range(struct boot_params *params, uint64_t from, uint64_t to, uint32_t type)
{
	params->e820_table[params->e820_entries++] =
		(struct boot_e820_entry){ from, to - from, type };
}

static void fill_memory_map(const struct machine *machine, struct boot_params *params)
{
	enum {
		RAM = 1,
		RESERVED = 2
	};

	add_range(params, 0, LOW_END, RAM);
	add_range(params, LOW_END, TABLES_END, RESERVED);
	add_range(params, TABLES_END, machine->regions[0].size, RAM);
	for (unsigned i = 1; i < machine->nr_regions; i++) {
		const struct region *r = &machine->regions[i];

		add_range(params, r->gpa, r->gpa + r->size, RAM);
	}
}

static int fill_command_line(const struct machine *machine, const char *line,
			     struct setup_header *header, const struct boot_image *image,
			     struct scxray_error *err)
{
	size_t length = strlen(line);

	if (length >= COMMAND_LINE_MAX || length > image->command_line_max)
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
				   "--append: %zu bytes: this kernel takes %" PRIu64, length,
				   image->command_line_max < COMMAND_LINE_MAX
					   ? image->command_line_max
					   : COMMAND_LINE_MAX - 1);
	memcpy(memory_at(machine, COMMAND_LINE_AT, COMMAND_LINE_MAX), line, length + 1);
	header->cmd_line_ptr = COMMAND_LINE_AT;
	header->cmdline_size = (uint32_t)length;
	return 0;
}

/* One top-level table, one below, and four tables of 512 pages of 2 MiB. */
static void write_page_tables(const struct machine *machine)
{
	uint64_t(*tables)[512] = memory_at(machine, PAGE_TABLES_AT, 6 * PAGE);

	tables[0][0] = (PAGE_TABLES_AT + PAGE) | PTE_TABLE;
	for (unsigned i = 0; i < 4; i++) {
		tables[1][i] = (PAGE_TABLES_AT + (2 + i) * PAGE) | PTE_TABLE;
		for (unsigned j = 0; j < 512; j++)
			tables[2 + i][j] = (i * GIB + j * 2 * MIB) | PTE_LARGE;
	}
}

static struct kvm_segment segment(uint16_t selector, bool code)
{
	return (struct kvm_segment){
		.limit = 0xffffffff,
		.selector = selector,
		.type = code ? 0xb : 0x3,
		.present = 1,
		.db = !code,
		.s = 1,
		.l = code,
		.g = 1,
	};
}

static int set_registers(const struct vcpu *vcpu, uint64_t entry, struct scxray_error *err)
{
	struct kvm_regs regs = {
		.rip = entry,
		.rsi = BOOT_PARAMS_AT,
		.rsp = STACK_AT,
		.rflags = 2,
	};
	struct kvm_segment data = segment(BOOT_DS, false);
	struct kvm_sregs sregs;

	if (ioctl(vcpu->fd, KVM_GET_SREGS, &sregs))
		return scxray_fail(err, SCXRAY_ERR_IO, 0, "KVM_GET_SREGS: %s", strerror(errno));
	sregs.cs = segment(BOOT_CS, true);
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
	sregs.gdt = (struct kvm_dtable){ .base = GDT_AT, .limit = 4 * 8 - 1 };
	sregs.idt = (struct kvm_dtable){ 0 };
	sregs.cr0 = CR0_LONG_MODE;
	sregs.cr3 = PAGE_TABLES_AT;
	sregs.cr4 = CR4_PAE;
	sregs.efer = EFER_LONG_MODE;
	if (ioctl(vcpu->fd, KVM_SET_SREGS, &sregs) || ioctl(vcpu->fd, KVM_SET_REGS, &regs))
		return scxray_fail(err, SCXRAY_ERR_IO, 0, "registers of vCPU 0: %s",
				   strerror(errno));
	return 0;
}

/* Memory is write-back, as firmware says it on every CPU; a KVM without MTRRs has no need of it. */
static void set_mtrrs(const struct machine *machine)
{
	for (unsigned i = 0; i < machine->nr_vcpus; i++)
		vcpu_set_msr(&machine->vcpus[i], MSR_MTRR_DEFAULT, MTRR_ENABLED_WRITE_BACK);
}

static int load_kernel(const struct machine *machine, const char *path, struct boot_params *params,
		       struct boot_image *image, struct scxray_error *err)
{
	_cleanup_(file_unmap) struct file file = { 0 };

	if (file_map(&file, path, err))
		return -1;
	if (bzimage_is(&file)) {
		if (!kvm_runs_kernels(machine->kvm_fd))
			return scxray_fail(err, SCXRAY_ERR_IO, 0, SOFTWARE_KVM);
		return bzimage_load(machine, &file, params, image, err);
	}
	if (elf_is(&file))
		return elf_load(machine, &file, params, image, err);
	return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
			   "%s: neither a bzImage nor an ELF vmlinux for x86-64", path);
}

int boot_load(struct machine *machine, const struct boot *boot, struct scxray_error *err)
{
	static const uint64_t gdt[4] = { 0, 0, GDT_CODE, GDT_DATA };
	struct boot_params *params = memory_at(machine, BOOT_PARAMS_AT, sizeof(*params));
	struct boot_image image = { 0 };

	if (!params || machine->regions[0].size < MIN_MEMORY)
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
				   "--memory: want %" PRIu64 " MiB or more", MIN_MEMORY / MIB);
	if (load_kernel(machine, boot->kernel, params, &image, err) ||
	    load_initrd(machine, boot->initrd, &params->hdr, &image, err) ||
	    fill_command_line(machine, boot->append, &params->hdr, &image, err))
		return -1;
	params->hdr.type_of_loader = 0xff;
	params->acpi_rsdp_addr = acpi_write(machine);
	fill_memory_map(machine, params);
	write_page_tables(machine);
	memcpy(memory_at(machine, GDT_AT, sizeof(gdt)), gdt, sizeof(gdt));
	set_mtrrs(machine);
	return set_registers(&machine->vcpus[0], image.entry, err);
}
