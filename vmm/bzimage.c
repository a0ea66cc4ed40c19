/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bzimage.c - the kernel as distributions ship it: it decompresses itself
 */
#include <asm/bootparam.h>
#include <inttypes.h>
#include <string.h>

#include "boot.h"

#define SETUP_AT 0x1f1	 /* struct setup_header, in the file as in boot_params */
#define MAGIC 0x53726448 /* "HdrS" */
#define BOOT_FLAG 0xaa55
#define MIN_VERSION 0x020c /* 64-bit entry, xloadflags */
#define SECTOR 512
#define ENTRY_64 0x200
#define DEFAULT_SETUP_SECTORS 4

static struct setup_header header_of(const struct file *file)
{
	struct setup_header header = { 0 };

	if (file->size >= SETUP_AT + sizeof(header))
		memcpy(&header, file->bytes + SETUP_AT, sizeof(header));
	return header;
}

bool bzimage_is(const struct file *file)
{
	struct setup_header header = header_of(file);

	return header.boot_flag == BOOT_FLAG && header.header == MAGIC;
}

static int check_header(const struct setup_header *header, const char *path,
			struct scxray_error *err)
{
	if (header->version < MIN_VERSION)
		return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
				   "%s: boot protocol %u.%02u: want 2.12 or later (Linux 3.8)",
				   path, header->version >> 8, header->version & 0xff);
	if (!(header->xloadflags & XLF_KERNEL_64))
		return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
				   "%s: not a 64-bit kernel: want one for x86-64", path);
	return 0;
}

/* Where it wants to be, if it can be moved or not: pref_address is where it moves itself to anyway. */
int bzimage_load(const struct machine *machine, const struct file *file, struct boot_params *params,
		 struct boot_image *image, struct scxray_error *err)
{
	struct setup_header header = header_of(file);
	uint64_t sectors = header.setup_sects ? header.setup_sects : DEFAULT_SETUP_SECTORS;
	uint64_t offset = (sectors + 1) * SECTOR;
	uint64_t at = header.pref_address, size, room;
	uint8_t *to;

	if (check_header(&header, file->path, err))
		return -1;
	if (file->size <= offset + ENTRY_64)
		return scxray_fail(err, SCXRAY_ERR_FORMAT, 0, "%s: cut short at %" PRIu64 " bytes",
				   file->path, file->size);
	size = file->size - offset;
	room = header.init_size > size ? header.init_size : size;
	to = at >= KERNEL_MIN ? memory_at(machine, at, room) : NULL;
	if (!to)
		return scxray_fail(err, SCXRAY_ERR_INVALID, at,
				   "--memory: too small for this kernel: it takes %" PRIu64
				   " MiB at %" PRIu64 " MiB to decompress itself",
				   (room + MIB - 1) / MIB, at / MIB);
	memcpy(to, file->bytes + offset, size);
	params->hdr = header;
	*image = (struct boot_image){
		.entry = at + ENTRY_64,
		.end = at + room,
		.initrd_max = header.initrd_addr_max,
		.command_line_max = header.cmdline_size,
	};
	return 0;
}
