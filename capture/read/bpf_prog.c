/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bpf_prog.c - a BPF program's name, and the source lines of its code
 *
 * The loader gives the kernel an array `linfo`: an entry says which line the instructions from insn_off on
 * belong to.  The JIT keeps the address of each such instruction in a second array, jited_linfo.  A program and
 * its subprograms share both arrays; each begins at its own linfo_idx, and its addresses ascend from there as long as they are
 * within its code.  The form is the same from 6.12 to 7.3.
 */
#include <string.h>

#include <base/array.h>

#include "capture/read/bpf_prog.h"

#include "capture/read/read.h"

#define MAX_TEXT 512
#define LINE_SHIFT 10 /* BPF_LINE_INFO_LINE_NUM() */
struct scxray_text bpf_prog_name(struct walk *w, uint64_t aux)
{
	struct scxray_text name = { 0 };
	const char *function = NULL;
	size_t before;

	if (has_member(w, M_bpf_prog_aux_ksym))
		name = read_text_array(w, member_addr(w, aux, M_bpf_prog_aux_ksym),
				       M_bpf_ksym_name);
	if (name.state == SCXRAY_PRESENT)
		function = symbols_bpf_function(name.bytes);
	if (!function)
		return read_text_array(w, aux, M_bpf_prog_aux_name);
	before = (size_t)(function - name.bytes);
	name.bytes = function;
	name.len -= before;
	name.addr += before;
	return name;
}

/* The first of `nums` that has no value. */
static const struct scxray_num *first_bad(const struct scxray_num *const *nums, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (nums[i]->state != SCXRAY_PRESENT)
			return nums[i];
	return NULL;
}

/* The text at `offset` of the program's BTF, at most MAX_TEXT - 1 bytes; none in a walk that records. */
static struct scxray_text string_of(struct walk *w, struct scxray_num btf, struct scxray_num offset)
{
	struct scxray_num strings = read_member(w, btf.value, M_btf_strings);
	struct scxray_num size = read_member(w, btf.value, M_btf_str_len);
	struct scxray_num first = read_optional(w, btf.value, M_btf_start_str_off);
	const struct scxray_num *needed[] = { &btf, &offset, &strings, &size };
	const struct scxray_num *bad = first_bad(needed, ARRAY_SIZE(needed));
	struct scxray_text text = { .state = SCXRAY_UNREADABLE };
	char bytes[MAX_TEXT];
	enum read_status status;
	size_t max = MAX_TEXT;

	if (bad)
		return (struct scxray_text){ .addr = bad->value,
					     .reason = bad->reason,
					     .state = bad->state };
	if (first.state == SCXRAY_PRESENT)
		offset.value -= first.value;
	text.addr = strings.value + offset.value;
	text.reason = "not within the strings of its BTF";
	if (offset.value >= size.value)
		return text;
	if (max > size.value - offset.value)
		max = size.value - offset.value;
	status = guest_read_string(w->g, text.addr, bytes, max, &text.len);
	text.reason = status ? read_status_text(status) : NULL;
	if (status || is_recording(w))
		return text;
	text.bytes = pool_strndup(w->pool, bytes, text.len);
	text.reason = text.bytes ? NULL : POOL_USED_UP;
	text.state = text.bytes ? SCXRAY_PRESENT : SCXRAY_UNREADABLE;
	return text;
}

static void skip_blanks(struct scxray_text *text)
{
	size_t blanks;

	if (text->state != SCXRAY_PRESENT)
		return;
	blanks = strspn(text->bytes, " \t");
	text->bytes += blanks;
	text->addr += blanks;
	text->len -= blanks;
}

/*
 * The address of the last entry of linfo whose code begins at `ip` or before.  The entries after the
 * program's own are those of other subprograms, whose code is elsewhere.
 */
static struct scxray_num find_entry(struct walk *w, const struct bpf_symbol *prog, uint64_t ip)
{
	struct scxray_num linfo = read_member(w, prog->aux, M_bpf_prog_aux_linfo);
	struct scxray_num jited = read_member(w, prog->aux, M_bpf_prog_aux_jited_linfo);
	struct scxray_num nr = read_member(w, prog->aux, M_bpf_prog_aux_nr_linfo);
	struct scxray_num first = read_member(w, prog->aux, M_bpf_prog_aux_linfo_idx);
	const struct scxray_num *needed[] = { &linfo, &jited, &nr, &first };
	const struct scxray_num *bad = first_bad(needed, ARRAY_SIZE(needed));
	uint64_t lo, hi;

	if (bad)
		return *bad;
	if (!linfo.value || !jited.value)
		return (struct scxray_num){ 0 };
	for (lo = first.value, hi = nr.value; lo < hi;) {
		uint64_t mid = lo + (hi - lo) / 2;
		struct scxray_num at = read_int(w, jited.value + mid * 8, 8, false);

		if (at.state != SCXRAY_PRESENT)
			return at;
		if (at.value >= prog->start && at.value <= ip)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == first.value)
		return (struct scxray_num){ 0 };
	return num_present(linfo.value + (lo - 1) * pointee_size(w, M_bpf_prog_aux_linfo));
}

static struct scxray_num from_one(const struct scxray_num *num, uint64_t value)
{
	if (num->state != SCXRAY_PRESENT)
		return *num;
	return value ? num_present(value) : (struct scxray_num){ 0 };
}

static struct scxray_bpf_line find_line(struct walk *w, const struct bpf_symbol *prog, uint64_t ip)
{
	struct scxray_num entry = find_entry(w, prog, ip), btf, where;
	struct scxray_bpf_line line = { .line = entry };

	if (entry.state != SCXRAY_PRESENT)
		return line;
	where = read_member(w, entry.value, M_bpf_line_info_line_col);
	line.line = from_one(&where, where.value >> LINE_SHIFT);
	line.column = from_one(&where, where.value & ((1u << LINE_SHIFT) - 1));
	btf = read_member(w, prog->aux, M_bpf_prog_aux_btf);
	line.file = string_of(w, btf, read_member(w, entry.value, M_bpf_line_info_file_name_off));
	line.text = string_of(w, btf, read_member(w, entry.value, M_bpf_line_info_line_off));
	skip_blanks(&line.text);
	return line;
}

const struct scxray_bpf_line *bpf_prog_line(struct walk *w, uint64_t addr, unsigned back)
{
	const struct bpf_symbol *prog = symbols_find_bpf(&w->k->symbols, addr - back);
	struct scxray_bpf_line *to, line;
	const char *function;

	if (!prog || !prog->aux)
		return NULL;
	line = find_line(w, prog, addr - back);
	function = symbols_bpf_function(prog->name);
	if (is_recording(w))
		return NULL;
	to = pool_alloc(w->pool, sizeof(*to));
	if (!to)
		return NULL;
	*to = line;
	if (function)
		to->function = (struct scxray_text){
			.bytes = pool_strndup(w->pool, function, strlen(function)),
			.len = strlen(function),
			.addr = member_addr(w, member_addr(w, prog->aux, M_bpf_prog_aux_ksym),
					    M_bpf_ksym_name) +
				(uint64_t)(function - prog->name),
			.state = SCXRAY_PRESENT,
		};
	if (!to->function.bytes)
		to->function = (struct scxray_text){ 0 };
	return to;
}
