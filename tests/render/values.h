/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * values.h - BTF values built by hand, and what becomes of them, for the tests
 *
 * Included by one test program each: a report that is made by hand has no
 * symbols of its own, so the look-ups (all of capture/model/lookup.c, or the linker
 * would take both) are defined here instead of the library's.
 */
#ifndef TESTS_RENDER_VALUES_H
#define TESTS_RENDER_VALUES_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <linux/btf.h>

#include <scxray/report_struct.h>
#include <scxray/value.h>

struct scxray_arena;
struct scxray_pointee;
struct scxray_task;

#define KERNEL_TEXT 0xffffffff81000000ULL

const char *scxray_report_symbol(const struct scxray_report *report, uint64_t addr, char *buf,
				 size_t size)
{
	(void)report;
	if (addr < KERNEL_TEXT || addr >= KERNEL_TEXT + 0x1000)
		return NULL;
	snprintf(buf, size, "scx_tick+0x%llx", (unsigned long long)(addr - KERNEL_TEXT));
	return buf;
}

const struct scxray_task *scxray_report_task(const struct scxray_report *report, uint64_t kva)
{
	for (size_t i = 0; i < report->nr_tasks; i++)
		if (report->tasks[i].kva == kva)
			return &report->tasks[i];
	return NULL;
}

const struct scxray_pointee *scxray_report_pointee(const struct scxray_report *report,
						   uint64_t addr)
{
	for (size_t i = 0; i < report->nr_pointees; i++)
		if (report->pointees[i].addr == addr)
			return &report->pointees[i];
	return NULL;
}

/* By user address alone. */
size_t scxray_arena_read(const struct scxray_arena *arena, uint64_t addr, uint8_t *buf, size_t size)
{
	size_t got = 0;

	for (size_t p = 0; p < arena->nr_pages; p++) {
		uint64_t page = arena->pages[p].user_addr;

		for (; got < size && addr + got >= page && addr + got < page + 4096; got++)
			buf[got] = arena->pages[p].bytes[addr + got - page];
	}
	return got;
}

/* Types that most tests want, by id. */
struct types {
	struct btf *btf;
	int u8, s8, chr, u16, s32, u32, u64, s64, u128, boolean, f32, f64;
};

__attribute__((unused)) static struct types types_create(void)
{
	struct types t = { .btf = btf__new_empty() };

	ck_assert_ptr_nonnull(t.btf);
	t.u8 = btf__add_int(t.btf, "unsigned char", 1, 0);
	t.s8 = btf__add_int(t.btf, "signed char", 1, BTF_INT_SIGNED);
	t.chr = btf__add_int(t.btf, "char", 1, BTF_INT_SIGNED);
	t.u16 = btf__add_int(t.btf, "unsigned short", 2, 0);
	t.s32 = btf__add_int(t.btf, "int", 4, BTF_INT_SIGNED);
	t.u32 = btf__add_int(t.btf, "unsigned int", 4, 0);
	t.u64 = btf__add_int(t.btf, "unsigned long", 8, 0);
	t.s64 = btf__add_int(t.btf, "long", 8, BTF_INT_SIGNED);
	t.u128 = btf__add_int(t.btf, "unsigned __int128", 16, 0);
	t.boolean = btf__add_int(t.btf, "_Bool", 1, BTF_INT_BOOL);
	t.f32 = btf__add_float(t.btf, "float", 4);
	t.f64 = btf__add_float(t.btf, "double", 8);
	return t;
}

/* The bytes in a block of just their size, so that ASan sees a read beyond. */
__attribute__((unused)) static char *render(bool json, const struct btf *btf, int type_id,
					    const void *bytes, size_t size,
					    const struct scxray_value_options *options)
{
	uint8_t *exact = malloc(size ? size : 1);
	struct scxray_value value = {
		.btf = btf,
		.type_id = (uint32_t)type_id,
		.bytes = exact,
		.size = (uint32_t)size,
		.state = SCXRAY_PRESENT,
	};
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	memcpy(exact, bytes, size);
	ck_assert_int_eq(json ? scxray_value_json(&value, options, out)
			      : scxray_value_text(&value, options, 0, out),
			 0);
	fclose(out);
	free(exact);
	return text;
}

#define ck_text(btf, type, bytes, size, expect)                           \
	do {                                                              \
		char *got_ = render(false, btf, type, bytes, size, NULL); \
		ck_assert_str_eq(got_, expect);                           \
		free(got_);                                               \
	} while (0)

#define ck_json(btf, type, bytes, size, expect)                          \
	do {                                                             \
		char *got_ = render(true, btf, type, bytes, size, NULL); \
		ck_assert_str_eq(got_, expect);                          \
		free(got_);                                              \
	} while (0)

#define ck_both(btf, type, bytes, size, text, json)    \
	do {                                           \
		ck_text(btf, type, bytes, size, text); \
		ck_json(btf, type, bytes, size, json); \
	} while (0)

#endif
