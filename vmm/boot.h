/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * boot.h - a kernel in guest RAM, ready to run
 *
 * Follows the kernel's Documentation/arch/x86/boot.rst, "64-bit BOOT PROTOCOL".
 */
#ifndef VMM_BOOT_H
#define VMM_BOOT_H

#include "machine.h"

struct boot {
	const char *kernel; /* file: bzImage or ELF vmlinux */
	const char *initrd; /* file, or NULL */
	const char *append; /* the command line */
};

/* The least that a kernel and its data take; below it even the layout below has no place. */
#define MIN_MEMORY (16 * MIB)

/* Where things lie in the first megabyte. */
#define GDT_AT 0x500
#define BOOT_PARAMS_AT 0x7000
#define STACK_AT 0x8ff0
#define PAGE_TABLES_AT 0x9000 /* 6 pages: 4 GiB, mapped to themselves by pages of 2 MiB */
#define COMMAND_LINE_AT 0x20000
#define COMMAND_LINE_MAX 4096
#define LOW_END 0x9fc00	  /* RAM of the kernel's ends here */
#define TABLES_AT 0xe0000 /* ACPI */
#define TABLES_END 0x100000
#define KERNEL_MIN 0x100000

/* A file of which a part is in memory: mapped, read only. */
struct file {
	const char *path;
	const uint8_t *bytes;
	uint64_t size;
};

/* What a loader found: where the kernel lies, where it begins, what it asks for. */
struct boot_image {
	uint64_t entry;
	uint64_t end; /* memory that it needs until it has looked around: [KERNEL_MIN, end) */
	uint64_t initrd_max; /* last address that its initrd may touch */
	uint64_t command_line_max;
};

/*
 * Both load `file` into RAM and fill *image and the setup header in `params` (a struct
 * boot_params, zeroed).  They return 0, or -1 and *err; *_is(): whether the file is theirs.
 */
struct boot_params;
bool bzimage_is(const struct file *file);
int bzimage_load(const struct machine *machine, const struct file *file, struct boot_params *params,
		 struct boot_image *image, struct scxray_error *err);
bool elf_is(const struct file *file);
int elf_load(const struct machine *machine, const struct file *file, struct boot_params *params,
	     struct boot_image *image, struct scxray_error *err);

/* Writes the ACPI tables at TABLES_AT.  After vCPUs and RAM.  The RSDP's address. */
uint64_t acpi_write(const struct machine *machine);

/*
 * Loads a kernel, its initrd and tables into a machine with RAM and vCPUs, and sets vCPU
 * 0 to its entry.
 */
int boot_load(struct machine *machine, const struct boot *boot, struct scxray_error *err);

#endif
