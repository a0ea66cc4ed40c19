/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * orc.h - the kernel's unwind tables: how to get from one address to its caller
 *
 * The tables' form: orc.c.  They have some megabytes, so a search reads only what it
 * needs, and nothing is copied.  Facts about them:
 * asm/orc_types.h and arch/x86/kernel/unwind_orc.c, 6.4 to 7.3.
 */
#ifndef CAPTURE_ORC_H
#define CAPTURE_ORC_H

#include "capture/read/walk.h"

#define ORC_NR_REGS 16

/* Registers that an entry may name; the kernel's numbers for them: orc.c. */
enum orc_reg {
	ORC_UNKNOWN, /* a number that has no meaning */
	ORC_UNDEFINED,
	ORC_PREV_SP,
	ORC_AX,
	ORC_DX,
	ORC_DI,
	ORC_BP,
	ORC_SP,
	ORC_R10,
	ORC_R13,
	ORC_BP_INDIRECT,
	ORC_SP_INDIRECT,
};

enum orc_type {
	ORC_TYPE_UNDEFINED,
	ORC_TYPE_END_OF_STACK,
	ORC_TYPE_CALL,
	ORC_TYPE_REGS,
	ORC_TYPE_REGS_PARTIAL,
};

/* An entry, decoded. */
struct orc_rule {
	int16_t sp_offset, bp_offset;
	uint8_t sp_reg, bp_reg; /* enum orc_reg */
	uint8_t type;
	bool signal;
};

#define ORC_CACHE 1024 /* a power of two */

/* The kernel's own pair of tables, or a module's. */
struct orc_table {
	uint64_t ips, entries;
	uint32_t nr;
};

struct orc {
	const char *unavailable; /* NULL: the tables are there */
	struct orc_table kernel;
	uint32_t entry_size;
	uint64_t text, text_end, init, init_end;
	const uint8_t *regs; /* ORC_NR_REGS: an entry's number -> enum orc_reg */
	/* tasks sleep in few places: what was found for their addresses */
	struct orc_cached {
		uint64_t ip; /* 0: empty */
		struct orc_rule rule;
	} * cache; /* NULL: none */
};

/* Where the tables are: NULL, or why there are none.  `entry_size` is struct orc_entry's. */
const char *orc_init(struct orc *orc, struct walk *w, uint32_t entry_size);

/* Is `ip` in the text that the tables are about? */
static inline bool orc_covers(const struct orc *orc, uint64_t ip)
{
	return !orc->unavailable &&
	       ((ip >= orc->text && ip < orc->text_end) || (ip >= orc->init && ip < orc->init_end));
}

/* The rule for an address that `table` covers.  NULL, or why there is none. */
const char *orc_find(struct orc *orc, struct walk *w, const struct orc_table *table, uint64_t ip,
		     struct orc_rule *rule);

#endif
