/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * core_fixture.h - a core made by hand, loaded, and what it must hold
 */
#ifndef TESTS_CORE_FIXTURE_H
#define TESTS_CORE_FIXTURE_H

#include <string.h>

#include "capture/image/source.h"
#include "tests/lib/image_builder.h"
#include "tests/lib/unit.h"

static struct core_builder b;
static struct scxray_source *source;
static struct scxray_error err;

/* Loads the bytes from an exact heap block, so that ASan sees who reads on. */
static inline int load_bytes(const uint8_t *bytes, size_t size)
{
	uint8_t *exact = malloc(size ? size : 1);
	int failed;

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, bytes, size);
	memset(&err, 0, sizeof(err));
	source = calloc(1, sizeof(*source));
	ck_assert_ptr_nonnull(source);
	failed = core_load(source, exact, size, &err);
	free(exact); /* a core's pages are unpacked: nothing may lead back there */
	return failed;
}

static inline void close_source(void)
{
	scxray_source_close(source);
	source = NULL;
}

static inline int load(void)
{
	struct image_bytes file = core_builder_file(&b);
	int failed = load_bytes(file.bytes, file.size);

	free(file.bytes);
	return failed;
}

static inline void expect_content(void)
{
	static const uint64_t gpa[] = { 0x2000, 0x10000, 0x101000 };
	uint8_t byte;

	for (size_t i = 0; i < ARRAY_SIZE(gpa); i++) {
		ck_assert_int_eq(phys_read(&source->phys, gpa[i] + 0x7ff, &byte, 1), READ_OK);
		ck_assert_uint_eq(byte, 'a' + i);
	}
	ck_assert_int_eq(phys_read(&source->phys, 0x3000, &byte, 1), READ_NOT_IN_CORE);
	ck_assert_int_eq(phys_read(&source->phys, 0x11000, &byte, 1), READ_NO_RAM);
	ck_assert_int_eq(phys_read(&source->phys, 0x101800, &byte, 1), READ_NO_RAM);
	ck_assert_uint_eq(source->nr_vcpus, 2);
	for (uint32_t i = 0; i < 2; i++) {
		const struct source_vcpu *vcpu = &source->vcpus[i];

		ck_assert_uint_eq(vcpu->prstatus_pid, 100 + i);
		ck_assert(vcpu->parked);
		ck_assert_uint_eq(vcpu->regs.known, 5);
		ck_assert_uint_eq(vcpu->regs.value[0], 0xa0 + i);
		ck_assert_uint_eq(vcpu->regs.value[2], 0xc0 + i);
		ck_assert_uint_eq(vcpu->regs.value[3], 0);
	}
	ck_assert_str_eq(source->vmcoreinfo, "OSRELEASE=7.3.4\n");
	ck_assert_str_eq(source->kind, "vm");
	ck_assert(source->hint.valid);
	ck_assert_uint_eq(source->hint.cr3, 0x1000);
	ck_assert_uint_eq(source->hint.levels, 5);
	ck_assert_uint_eq(source->hint.kallsyms.offsets, 0xffffffff81000050);
	ck_assert_uint_eq(source->hint.kallsyms.relative_base, 0xffffffff81000000);
}

#endif
