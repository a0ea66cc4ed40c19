/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * core2raw.c - guest memory from physical address 0 on, as a file to map
 *
 *	core2raw IMAGE RAW		prints CR3 of a vCPU whose page tables are in it
 *
 * For hosts that know neither vmcores nor cores.  What the image lacks is a hole.  Memory
 * above 3 GiB (firmware, devices, the rest of a large guest) is left out.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <scxray/image.h>
#include <scxray/vcpu.h>

#define PAGE 4096
#define END (3ULL << 30)

static int write_region(int fd, struct scxray_source *source, uint64_t gpa, uint64_t size)
{
	for (uint64_t at = gpa; at < gpa + size; at += PAGE) {
		const uint8_t *bytes;
		size_t len = scxray_source_page(source, at, &bytes);

		if (len && pwrite(fd, bytes, len, (off_t)at) != (ssize_t)len)
			return -1;
	}
	return 0;
}

static int write_raw(int fd, struct scxray_source *source)
{
	uint64_t gpa, size, end = 0;

	for (size_t i = 0; scxray_source_region(source, i, &gpa, &size); i++) {
		if (gpa >= END || size > END - gpa)
			continue;
		if (write_region(fd, source, gpa, size))
			return -1;
		end = gpa + size;
	}
	/* whole pages, so that it can be a memory slot */
	return ftruncate(fd, (off_t)((end + PAGE - 1) & ~(uint64_t)(PAGE - 1)));
}

/* Of the first vCPU whose top table is there: a core has not those of all. */
static uint64_t find_cr3(struct scxray_source *source)
{
	for (size_t i = 0; i < scxray_source_nr_vcpus(source); i++) {
		const struct scxray_regs *regs = scxray_source_regs(source, i);
		uint64_t cr3 = regs ? regs->value[SCXRAY_REG_CR3] & ~0xfffULL : 0;
		const uint8_t *bytes;

		if (cr3 && scxray_source_page(source, cr3, &bytes))
			return cr3;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct scxray_error err = { 0 };
	struct scxray_source *source;
	int fd, failed;

	if (argc != 3) {
		fprintf(stderr, "usage: core2raw IMAGE RAW\n");
		return 2;
	}
	source = scxray_source_open(argv[1], &err);
	if (!source) {
		fprintf(stderr, "core2raw: %s\n", err.text);
		return 1;
	}
	fd = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	failed = fd < 0 || write_raw(fd, source) || close(fd);
	if (failed)
		fprintf(stderr, "core2raw: %s: %s\n", argv[2], strerror(errno));
	else
		printf("0x%llx\n", (unsigned long long)find_cr3(source));
	scxray_source_close(source);
	return failed;
}
