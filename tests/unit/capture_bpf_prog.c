/* SPDX-License-Identifier: BSD-2-Clause */
/* bpf_prog.c: a BPF program's whole name, and the source lines of its code. */
#include <string.h>

#include <scxray/report_struct.h>

#include "capture/read/bpf_prog.h"
#include "tests/lib/unit.h"
#include "tests/lib/walk_builder.h"

#define AUX (GUEST_KVA + 0x1000)
#define SUB_AUX (GUEST_KVA + 0x1800)
#define BTF (GUEST_KVA + 0x2000)
#define STRINGS (GUEST_KVA + 0x3000)
#define LINFO (GUEST_KVA + 0x4000)
#define JITED (GUEST_KVA + 0x5000)
#define UNMAPPED (GUEST_KVA + 0x40000000)
#define CODE 0xffffffffc0001000ULL
#define SUB_CODE 0xffffffffc0000100ULL /* below: no order among subprograms */

#define KSYM 0x100
#define NAME_SIZE 64
#define LINFO_SIZE 16
#define TAG "bpf_prog_0123456789abcdef_"

static struct walk_fixture f;
static struct scxray_report report;

static void types(struct btf_builder *b)
{
	uint32_t u32 = btf_builder_int(b, "unsigned int", 4, false);
	uint32_t u64 = btf_builder_int(b, "unsigned long", 8, false);
	uint32_t boolean = btf_builder_int(b, "_Bool", 1, false);
	uint32_t ch = btf_builder_int(b, "char", 1, true);
	uint32_t name = btf_builder_array(b, ch, NAME_SIZE), comm = btf_builder_array(b, ch, 16);
	uint32_t info = BTF_STRUCT(b, "bpf_line_info", LINFO_SIZE, { "insn_off", u32, 0, 0 },
				   { "file_name_off", u32, 32, 0 }, { "line_off", u32, 64, 0 },
				   { "line_col", u32, 96, 0 });
	uint32_t header = BTF_STRUCT(b, "btf_header", 24, { "str_len", u32, 160, 0 });
	uint32_t ksym = BTF_STRUCT(b, "bpf_ksym", 24 + NAME_SIZE, { "start", u64, 0, 0 },
				   { "end", u64, 64, 0 }, { "prog", boolean, 128, 0 },
				   { "name", name, 192, 0 });

	BTF_STRUCT(b, "btf", 64, { "strings", btf_builder_ref(b, NULL, BTF_KIND_PTR, ch), 0, 0 },
		   { "hdr", header, 64, 0 }, { "start_str_off", u32, 256, 0 });
	BTF_STRUCT(b, "bpf_prog_aux", 0x200, { "name", comm, 0, 0 }, { "btf", u64, 128, 0 },
		   { "linfo", btf_builder_ref(b, NULL, BTF_KIND_PTR, info), 192, 0 },
		   { "jited_linfo", u64, 256, 0 }, { "nr_linfo", u32, 320, 0 },
		   { "linfo_idx", u32, 352, 0 }, { "ksym", ksym, KSYM * 8, 0 });
}

static uint32_t nr_strings;

static uint32_t put_string(const char *s)
{
	uint32_t at = nr_strings;

	guest_put(&f.b, STRINGS + at, s, strlen(s) + 1);
	nr_strings += (uint32_t)strlen(s) + 1;
	guest_put_u32(&f.b, BTF + 8 + 20, nr_strings);
	return at;
}

static void put_line(uint32_t i, uint64_t code, uint32_t file, uint32_t line, uint32_t column,
		     uint32_t text)
{
	guest_put_u32(&f.b, LINFO + i * LINFO_SIZE, i * 3);
	guest_put_u32(&f.b, LINFO + i * LINFO_SIZE + 4, file);
	guest_put_u32(&f.b, LINFO + i * LINFO_SIZE + 8, text);
	guest_put_u32(&f.b, LINFO + i * LINFO_SIZE + 12, line << 10 | column);
	guest_put_u64(&f.b, JITED + i * 8, code);
}

static void put_aux(uint64_t aux, const char *symbol, const char *name, uint32_t first)
{
	guest_put(&f.b, aux, name, strlen(name) + 1);
	guest_put_u64(&f.b, aux + 16, BTF);
	guest_put_u64(&f.b, aux + 24, LINFO);
	guest_put_u64(&f.b, aux + 32, JITED);
	guest_put_u32(&f.b, aux + 40, 5);
	guest_put_u32(&f.b, aux + 44, first);
	guest_put(&f.b, aux + KSYM + 24, symbol, strlen(symbol) + 1);
}

/* A program with three lines, and its subprogram with two, whose code is elsewhere. */
static void start(void)
{
	uint32_t file, blank, text;

	walk_fixture_start(&f, types, &report);
	nr_strings = 0;
	guest_put_u64(&f.b, BTF, STRINGS);
	blank = put_string("");
	file = put_string("/src/main.bpf.c");
	text = put_string("\t  scx_bpf_error(\"no\");");
	put_aux(AUX, TAG "scx_fix_dispatch_all", "scx_fix_dispatc", 0);
	put_aux(SUB_AUX, TAG "help", "help", 3);
	put_line(0, CODE, file, 210, 5, blank);
	put_line(1, CODE + 0x10, file, 212, 9, text);
	put_line(2, CODE + 0x30, file, 0, 0, blank);
	put_line(3, SUB_CODE, file, 20, 1, blank);
	put_line(4, SUB_CODE + 8, file, 21, 1, blank);
	symbols_add_bpf(&f.kernel.symbols, CODE, CODE + 0x40, AUX, TAG "scx_fix_dispatch_all");
	symbols_add_bpf(&f.kernel.symbols, SUB_CODE, SUB_CODE + 0x20, SUB_AUX, TAG "help");
	symbols_add_bpf(&f.kernel.symbols, CODE + 0x100, CODE + 0x200, 0, "bpf_trampoline_1");
	symbols_sort_bpf(&f.kernel.symbols);
}

static void is_line(uint64_t addr, unsigned back, const char *function, uint64_t line)
{
	const struct scxray_bpf_line *at = bpf_prog_line(&f.walk, addr, back);

	ck_assert_ptr_nonnull(at);
	ck_assert_str_eq(at->function.bytes, function);
	ck_assert_int_eq(at->line.state, line ? SCXRAY_PRESENT : SCXRAY_NONE);
	ck_assert_uint_eq(at->line.value, line);
	ck_assert_str_eq(at->file.bytes, "/src/main.bpf.c");
}

START_TEST(code_has_the_line_that_begins_at_it_or_before)
{
	const struct scxray_bpf_line *at;

	start();
	is_line(CODE, 0, "scx_fix_dispatch_all", 210);
	is_line(CODE + 0xf, 0, "scx_fix_dispatch_all", 210);
	is_line(CODE + 0x10, 0, "scx_fix_dispatch_all", 212);
	is_line(CODE + 0x10, 1, "scx_fix_dispatch_all", 210); /* the call before it */
	is_line(CODE + 0x40, 1, "scx_fix_dispatch_all", 0);
	is_line(SUB_CODE + 7, 0, "help", 20);
	is_line(SUB_CODE + 0x1f, 0, "help", 21);
	at = bpf_prog_line(&f.walk, CODE + 0x12, 0);
	ck_assert_uint_eq(at->column.value, 9);
	ck_assert_str_eq(at->text.bytes, "scx_bpf_error(\"no\");");
	ck_assert_uint_eq(at->text.len, strlen(at->text.bytes));
	ck_assert_ptr_null(bpf_prog_line(&f.walk, CODE + 0x110, 0));
	ck_assert_ptr_null(bpf_prog_line(&f.walk, CODE + 0x40, 0));
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(a_program_without_line_info_has_its_name)
{
	const struct scxray_bpf_line *at;

	start();
	guest_put_u64(&f.b, AUX + 32, 0);
	at = bpf_prog_line(&f.walk, CODE + 4, 0);
	ck_assert_str_eq(at->function.bytes, "scx_fix_dispatch_all");
	ck_assert_int_eq(at->line.state, SCXRAY_NONE);
	ck_assert_int_eq(at->file.state, SCXRAY_NONE);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(what_cannot_be_read_is_said)
{
	const struct scxray_bpf_line *at;

	start();
	guest_put_u64(&f.b, AUX + 32, UNMAPPED);
	at = bpf_prog_line(&f.walk, CODE + 4, 0);
	ck_assert_int_eq(at->line.state, SCXRAY_UNREADABLE);
	ck_assert_int_eq(at->file.state, SCXRAY_NONE);

	guest_put_u64(&f.b, SUB_AUX + 16, UNMAPPED); /* no BTF */
	at = bpf_prog_line(&f.walk, SUB_CODE + 4, 0);
	ck_assert_uint_eq(at->line.value, 20);
	ck_assert_int_eq(at->file.state, SCXRAY_UNREADABLE);
	ck_assert_uint_eq(at->file.addr, UNMAPPED);

	f.kernel.layout.member[M_bpf_prog_aux_nr_linfo].present = false;
	at = bpf_prog_line(&f.walk, SUB_CODE + 4, 0);
	ck_assert_int_eq(at->line.state, SCXRAY_MISSING);
	ck_assert_str_eq(at->line.reason, "bpf_prog_aux.nr_linfo");
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(a_lying_guest_leads_nowhere)
{
	const struct scxray_bpf_line *at;
	uint32_t text = 1u << 30;

	start();
	guest_put(&f.b, LINFO + LINFO_SIZE + 8, &text, sizeof(text));
	at = bpf_prog_line(&f.walk, CODE + 0x12, 0);
	ck_assert_uint_eq(at->line.value, 212);
	ck_assert_int_eq(at->text.state, SCXRAY_UNREADABLE);
	ck_assert_ptr_nonnull(strstr(at->text.reason, "not within the strings"));

	guest_put_u32(&f.b, BTF + 32, 0x7fffffff); /* begins after all of them */
	at = bpf_prog_line(&f.walk, CODE + 0x12, 0);
	ck_assert_int_eq(at->file.state, SCXRAY_UNREADABLE);

	guest_put_u32(&f.b, AUX + 40, UINT32_MAX); /* far more lines than there are */
	at = bpf_prog_line(&f.walk, CODE + 4, 0);
	ck_assert_int_eq(at->line.state, SCXRAY_UNREADABLE);
	guest_put_u32(&f.b, AUX + 44, UINT32_MAX); /* beyond its own end */
	at = bpf_prog_line(&f.walk, CODE + 4, 0);
	ck_assert_int_eq(at->line.state, SCXRAY_NONE);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(a_name_is_whole)
{
	start();
	ck_assert_str_eq(bpf_prog_name(&f.walk, AUX).bytes, "scx_fix_dispatch_all");
	ck_assert_uint_eq(bpf_prog_name(&f.walk, AUX).len, strlen("scx_fix_dispatch_all"));
	/* not compiled, so without a symbol; or with one of another form */
	guest_put(&f.b, AUX + KSYM + 24, "", 1);
	ck_assert_str_eq(bpf_prog_name(&f.walk, AUX).bytes, "scx_fix_dispatc");
	guest_put(&f.b, AUX + KSYM + 24, "bpf_prog_0123_x", 16);
	ck_assert_str_eq(bpf_prog_name(&f.walk, AUX).bytes, "scx_fix_dispatc");
	f.kernel.layout.member[M_bpf_prog_aux_ksym].present = false;
	ck_assert_str_eq(bpf_prog_name(&f.walk, AUX).bytes, "scx_fix_dispatc");
	ck_assert_int_eq(bpf_prog_name(&f.walk, UNMAPPED).state, SCXRAY_UNREADABLE);
	walk_fixture_deinit(&f);
}
END_TEST

static const unit_test tests[] = {
	&code_has_the_line_that_begins_at_it_or_before,
	&a_program_without_line_info_has_its_name,
	&what_cannot_be_read_is_said,
	&a_lying_guest_leads_nowhere,
	&a_name_is_whole,
};

UNIT_MAIN("capture_bpf_prog", tests)
