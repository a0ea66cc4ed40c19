/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * others.c - files that are no image, told by their first bytes, and what to do with each
 */
#include <string.h>

#include <base/array.h>

#include "capture/image/source.h"

static const struct {
	const char *magic;
	size_t size;
	size_t at;
	const char *text;
} others[] = {
#define AT(where, magic, text)                         \
	{                                              \
		magic, sizeof(magic) - 1, where, text, \
	}
#define BEGINS(magic, text) AT(0, magic, text)
#define PACKED(with) "compressed with " with "; unpack it first with `" with " -d`"
	BEGINS("\x28\xb5\x2f\xfd", PACKED("zstd")),
	BEGINS("\x1f\x8b", PACKED("gzip")),
	BEGINS("\xfd"
	       "7zXZ",
	       PACKED("xz")),
	BEGINS("\x04\x22\x4d\x18", PACKED("lz4")),
	BEGINS("\x02\x21\x4c\x18", PACKED("lz4")),
	BEGINS("\x89LZO", PACKED("lzop")),
	BEGINS("BZh", PACKED("bzip2")),
	BEGINS("QEVM", "a saved state of QEMU; take an image with `dump-guest-memory` instead"),
	BEGINS("QFI\xfb", "a disk image of QEMU; memory comes from `dump-guest-memory`"),
	BEGINS("LibvirtQemud", "a saved domain of libvirt; take an image with `virsh dump "
			       "--memory-only --format elf` instead"),
	BEGINS("EMiL", "a LiME dump; take an ELF vmcore instead"),
	BEGINS("AVML", "an AVML dump; take an ELF vmcore instead"),
	BEGINS("PAGEDU64", "a Windows crash dump (64 bit); take an image with `dump-guest-memory` "
			   "without -w, or of a Linux guest"),
	BEGINS("PAGEDUMP", "a Windows crash dump (32 bit); only Linux x86-64 guests are supported"),
	AT(0x202, "HdrS", "a kernel (bzImage), not an image of memory; give a vmcore"),
};

const char *others_name(const uint8_t *begin, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (size >= others[i].at + others[i].size &&
		    !memcmp(begin + others[i].at, others[i].magic, others[i].size))
			return others[i].text;
	return "neither an ELF vmcore nor a scxray core; raw RAM without a header is not read: take "
	       "an image with `dump-guest-memory`";
}
