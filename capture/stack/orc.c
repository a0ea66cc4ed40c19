/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * orc.c - the kernel's ORC unwind tables: where they are, and the rule for an address
 *
 * objtool writes two arrays of one length into vmlinux, and into each module:
 *
 *	.orc_unwind_ip	int ip[nr]		an address, relative to the element itself
 *	.orc_unwind	struct orc_entry e[nr]	6 bytes: what holds from that address on
 *
 * The build sorts both by address.  The rule for an address is the last one at or before it, so a
 * binary search over ip[] finds it.  An entry names a register and an offset that give the caller's
 * stack pointer ("the CFA is sp + 16"), the same for the caller's rbp, and the frame's type: a call, whose
 * return address is below the CFA; an interrupt's struct pt_regs, whole or in part; the end of the stack.
 * BTF has the entry's members and their bit positions, but not the meaning of a register's number: that is a
 * macro of asm/orc_types.h, and 7.1 gave the numbers anew.  find_numbering() tells the two apart.
 */
#include <string.h>

#include <base/array.h>

#include "capture/stack/orc.h"

#include "capture/read/read.h"

#define MAX_ENTRIES (1u << 24)
#define TYPE_BITS 3 /* since 6.4; before that other numbers meant other things */

/* Two numberings of registers; nothing in BTF tells them apart. */
static const uint8_t regs_6_4[ORC_NR_REGS] = {
	ORC_UNDEFINED, ORC_PREV_SP, ORC_DX,  ORC_DI,	      ORC_BP,
	ORC_SP,	       ORC_R10,	    ORC_R13, ORC_BP_INDIRECT, ORC_SP_INDIRECT,
};
static const uint8_t regs_7_1[ORC_NR_REGS] = {
	ORC_UNDEFINED, ORC_AX,	ORC_DX,	     ORC_SP,	      ORC_BP,	       ORC_DI,
	ORC_R10,       ORC_R13, ORC_PREV_SP, ORC_SP_INDIRECT, ORC_BP_INDIRECT,
};

static const char *find_tables(struct orc *orc, const struct walk *w)
{
	static const enum layout_symbol needed[] = {
		S___start_orc_unwind_ip,
		S___stop_orc_unwind_ip,
		S___start_orc_unwind,
		S___stop_orc_unwind,
		S__stext,
		S__etext,
	};
	const uint64_t *symbol = w->k->layout.symbol;
	uint64_t ips, bytes;

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		if (!symbol[needed[i]])
			return "this kernel has no ORC tables";
	orc->kernel.ips = symbol[S___start_orc_unwind_ip];
	orc->kernel.entries = symbol[S___start_orc_unwind];
	orc->text = symbol[S__stext];
	orc->text_end = symbol[S__etext];
	orc->init = symbol[S__sinittext]; /* the boot CPU's idle task came from there */
	orc->init_end = symbol[S__einittext];
	ips = (symbol[S___stop_orc_unwind_ip] - orc->kernel.ips) / 4;
	bytes = symbol[S___stop_orc_unwind] - orc->kernel.entries;
	if (!ips || ips > MAX_ENTRIES || !orc->entry_size || bytes / orc->entry_size < ips)
		return "the ORC tables' sizes make no sense";
	orc->kernel.nr = (uint32_t)ips;
	return NULL;
}

static const char *check_shape(const struct walk *w)
{
	static const enum layout_member needed[] = {
		M_orc_entry_sp_offset, M_orc_entry_bp_offset, M_orc_entry_sp_reg,
		M_orc_entry_bp_reg,    M_orc_entry_type,
	};

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		if (!has_member(w, needed[i]))
			return "this kernel's BTF has no struct orc_entry as scxray knows it";
	if (w->k->layout.member[M_orc_entry_type].bits != TYPE_BITS)
		return "this kernel's ORC entries are of a form that scxray does not know";
	return NULL;
}

/* Most steps of a search stay in the page of the one before. */
struct words {
	uint64_t start; /* where `host` is in the guest; `len` 0: nowhere */
	const uint8_t *host;
	size_t len;
};

static enum read_status word_at(struct words *words, struct guest *g, uint64_t kva, int32_t *word)
{
	uint64_t page = kva & ~PAGE_MASK;

	if (page != words->start || !words->len) {
		enum read_status status = guest_bytes(g, page, &words->host, &words->len);

		words->start = page;
		if (status)
			words->len = 0;
	}
	if (words->len < sizeof(*word) || kva - page > words->len - sizeof(*word))
		return guest_read(g, kva, word, sizeof(*word));
	memcpy(word, words->host + (kva - page), sizeof(*word));
	return READ_OK;
}

/* Is this entry's address at or before `ip`?  False, and *status, where it can't be read. */
static bool is_before(const struct orc_table *table, struct words *words, struct walk *w,
		      size_t index, uint64_t ip, enum read_status *status)
{
	uint64_t at = table->ips + 4ULL * index;
	int32_t offset;

	*status = word_at(words, w->g, at, &offset);
	return !*status && at + (uint64_t)(int64_t)offset <= ip;
}

/* The last entry whose address is at or before `ip`. */
static const char *search(const struct orc_table *table, struct walk *w, uint64_t ip,
			  uint32_t *index)
{
	enum read_status status = READ_OK;
	struct words words = { 0 };
	size_t at =
		LOWER_BOUND(table->nr, i, !status && is_before(table, &words, w, i, ip, &status));

	if (status)
		return pool_printf(w->pool, "the ORC tables are unreadable: %s",
				   read_status_text(status));
	if (!at)
		return "the ORC tables begin after this address";
	*index = (uint32_t)at - 1;
	return NULL;
}

static const char *look_up(const struct orc *orc, struct walk *w, const struct orc_table *table,
			   uint64_t ip, struct orc_rule *rule)
{
	struct scxray_num values[6];
	const char *why;
	uint32_t index = 0;
	uint64_t entry;

	why = search(table, w, ip, &index);
	if (why)
		return why;
	entry = table->entries + (uint64_t)index * orc->entry_size;
	for (unsigned i = 0; i < 6; i++) {
		static const enum layout_member members[6] = {
			M_orc_entry_sp_offset, M_orc_entry_bp_offset, M_orc_entry_sp_reg,
			M_orc_entry_bp_reg,    M_orc_entry_type,      M_orc_entry_signal,
		};

		values[i] = read_optional(w, entry, members[i]);
		if (values[i].state == SCXRAY_UNREADABLE)
			return pool_printf(w->pool, "the ORC tables are unreadable: %s",
					   values[i].reason);
	}
	*rule = (struct orc_rule){
		.sp_offset = (int16_t)values[0].value,
		.bp_offset = (int16_t)values[1].value,
		.sp_reg = orc->regs[values[2].value % ORC_NR_REGS],
		.bp_reg = orc->regs[values[3].value % ORC_NR_REGS],
		.type = (uint8_t)values[4].value,
		.signal = values[5].value != 0,
	};
	return NULL;
}

/*
 * A function's first instruction finds its caller 8 bytes above sp, in every
 * kernel: what the entry calls sp tells which numbering it is.
 */
static const char *find_numbering(struct orc *orc, struct walk *w)
{
	static const uint8_t *const numberings[] = { regs_6_4, regs_7_1 };
	uint64_t function = w->k->layout.symbol[S_schedule];
	struct orc_rule rule;
	const char *why;

	if (!function)
		return "this kernel has no function schedule() to tell the form of its ORC tables";
	for (size_t i = 0; i < ARRAY_SIZE(numberings); i++) {
		orc->regs = numberings[i];
		why = look_up(orc, w, &orc->kernel, function, &rule);
		if (why)
			return why;
		if (rule.sp_reg == ORC_SP && rule.sp_offset == 8 && rule.type == ORC_TYPE_CALL)
			return NULL;
	}
	return "this kernel's ORC entries are of a form that scxray does not know";
}

const char *orc_init(struct orc *orc, struct walk *w, uint32_t entry_size)
{
	memset(orc, 0, sizeof(*orc));
	orc->entry_size = entry_size;
	orc->unavailable = check_shape(w);
	if (!orc->unavailable)
		orc->unavailable = find_tables(orc, w);
	if (!orc->unavailable)
		orc->unavailable = find_numbering(orc, w);
	/* one that records unwinds few stacks, and has no time to clear a table for them */
	if (!orc->unavailable && !is_recording(w))
		orc->cache = pool_alloc(w->pool, ORC_CACHE * sizeof(*orc->cache));
	return orc->unavailable;
}

const char *orc_find(struct orc *orc, struct walk *w, const struct orc_table *table, uint64_t ip,
		     struct orc_rule *rule)
{
	struct orc_cached *cached =
		orc->cache ? &orc->cache[(ip ^ ip >> 10) & (ORC_CACHE - 1)] : NULL;
	const char *why;

	if (cached && ip && cached->ip == ip) {
		*rule = cached->rule;
		return NULL;
	}
	why = look_up(orc, w, table, ip, rule);
	if (!why && cached)
		*cached = (struct orc_cached){ .ip = ip, .rule = *rule };
	return why;
}
