/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unwind_fixture.h - a small stack with unwind tables of its own
 */
#ifndef TESTS_UNWIND_FIXTURE_H
#define TESTS_UNWIND_FIXTURE_H

#include <string.h>

#include "capture/kernel/modules.h"
#include "capture/stack/unwind.h"
#include "tests/lib/unit.h"
#include "tests/lib/walk_builder.h"

#define TEXT 0xffffffff81000000ULL
#define IPS (TEXT + 0x100000)
#define ENTRIES (TEXT + 0x200000)
#define STACK 0xffffc90000010000ULL
#define STACK_SIZE 0x4000u

#define JIT 0xffffffffc0001000ULL

/* Functions, each 0x100 bytes of text. */
enum {
	SCHEDULE,
	CALLER,
	FRAMED,
	IRQ_ENTRY,
	PARTIAL,
	THREAD_END,
	NO_HINT,
	ALIGNED,
	SWITCHES,
	BAD_REG,
	BAD_TYPE,
	NR_FUNCTIONS
};

#define AT(function) (TEXT + 0x100 * (function))

/* Numbers of registers in tables of both kinds: 6.4 to 7.0, and since 7.1. */
struct numbering {
	uint8_t sp, bp, prev_sp, r10, bp_indirect;
};
static const struct numbering old_numbers = { 5, 4, 1, 6, 8 };

struct raw_rule {
	int16_t sp_offset, bp_offset;
	uint16_t flags;
};

struct fixture {
	struct walk_fixture f;
	struct orc orc;
	struct unwind u;
	struct raw_rule rules[NR_FUNCTIONS];
};

static inline struct raw_rule rule(unsigned sp_reg, int sp_offset, unsigned bp_reg, int bp_offset,
				   unsigned type, bool signal)
{
	return (struct raw_rule){
		(int16_t)sp_offset,
		(int16_t)bp_offset,
		(uint16_t)(sp_reg | bp_reg << 4 | type << 8 | (unsigned)signal << 11),
	};
}

static inline void bitfield(struct fixture *x, enum layout_member m, uint8_t bit_offset,
			    uint8_t bits)
{
	walk_fixture_member(&x->f, m, bit_offset / 8 + 4, 1);
	x->f.kernel.layout.member[m].bits = bits;
	x->f.kernel.layout.member[m].bit_offset = bit_offset % 8;
}

static inline void members(struct fixture *x)
{
	static const struct {
		enum layout_member m;
		uint32_t offset, size;
	} table[] = {
		{ M_orc_entry_sp_offset, 0, 2 }, { M_orc_entry_bp_offset, 2, 2 },
		{ M_pt_regs_r13, 16, 8 },	 { M_pt_regs_bp, 32, 8 },
		{ M_pt_regs_r10, 56, 8 },	 { M_pt_regs_ax, 80, 8 },
		{ M_pt_regs_dx, 96, 8 },	 { M_pt_regs_di, 112, 8 },
		{ M_pt_regs_ip, 128, 8 },	 { M_pt_regs_cs, 136, 2 },
		{ M_pt_regs_sp, 152, 8 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		walk_fixture_member(&x->f, table[i].m, table[i].offset, table[i].size);
	bitfield(x, M_orc_entry_sp_reg, 0, 4);
	bitfield(x, M_orc_entry_bp_reg, 4, 4);
	bitfield(x, M_orc_entry_type, 8, 3);
	bitfield(x, M_orc_entry_signal, 11, 1);
}

/* The tables as rules[] say, at their place. */
static inline void put_tables(struct fixture *x)
{
	for (uint32_t i = 0; i < NR_FUNCTIONS; i++) {
		guest_put_u32(&x->f.b, IPS + 4 * i, (uint32_t)(AT(i) - (IPS + 4 * i)));
		guest_put(&x->f.b, ENTRIES + 6 * i, &x->rules[i], 6);
	}
}

static inline void start(struct fixture *x, const struct numbering *n)
{
	uint64_t *symbol;
	const char *why;

	memset(x, 0, sizeof(*x));
	walk_fixture_init(&x->f);
	members(x);
	x->rules[SCHEDULE] = rule(n->sp, 8, 0, 0, ORC_TYPE_CALL, false);
	x->rules[CALLER] = rule(n->sp, 32, 0, 0, ORC_TYPE_CALL, false);
	x->rules[FRAMED] = rule(n->bp, 16, n->prev_sp, -16, ORC_TYPE_CALL, false);
	x->rules[IRQ_ENTRY] = rule(n->sp, 0, n->prev_sp, 32, ORC_TYPE_REGS, true);
	x->rules[PARTIAL] = rule(n->sp, 0, 0, 0, ORC_TYPE_REGS_PARTIAL, true);
	x->rules[THREAD_END] = rule(0, 0, 0, 0, ORC_TYPE_END_OF_STACK, false);
	x->rules[NO_HINT] = rule(0, 0, 0, 0, ORC_TYPE_UNDEFINED, false);
	x->rules[ALIGNED] = rule(n->r10, 0, 0, 0, ORC_TYPE_CALL, false);
	x->rules[SWITCHES] = rule(n->bp_indirect, -8, 0, 0, ORC_TYPE_CALL, false);
	x->rules[BAD_REG] = rule(15, 0, 0, 0, ORC_TYPE_CALL, false);
	x->rules[BAD_TYPE] = rule(n->sp, 8, 0, 0, 7, false);
	put_tables(x);
	symbol = x->f.kernel.layout.symbol;
	symbol[S___start_orc_unwind_ip] = IPS;
	symbol[S___stop_orc_unwind_ip] = IPS + 4 * NR_FUNCTIONS;
	symbol[S___start_orc_unwind] = ENTRIES;
	symbol[S___stop_orc_unwind] = ENTRIES + 6 * NR_FUNCTIONS;
	symbol[S__stext] = TEXT;
	symbol[S__etext] = TEXT + 0x100 * NR_FUNCTIONS;
	symbol[S_schedule] = AT(SCHEDULE);
	why = orc_init(&x->orc, &x->f.walk, 6);
	ck_assert_msg(!why, "%s", why);
	x->u = (struct unwind){ .w = &x->f.walk,
				.orc = &x->orc,
				.ip = AT(SCHEDULE) + 0x20,
				.sp = STACK + 0x1000,
				.bp = STACK + 0x1800,
				.stack = STACK,
				.stack_end = STACK + STACK_SIZE,
				.confined = true };
	for (uint64_t page = 0; page < STACK_SIZE; page += 4096)
		guest_put_u64(&x->f.b, STACK + page, 0);
}

static inline void drop(struct fixture *x)
{
	walk_fixture_deinit(&x->f);
}

static inline void put(struct fixture *x, uint64_t addr, uint64_t value)
{
	guest_put_u64(&x->f.b, addr, value);
}

static inline void next_is(struct fixture *x, uint64_t ip, uint64_t sp)
{
	bool more = unwind_next(&x->u);

	ck_assert_msg(more, "%s", x->u.end);
	ck_assert_uint_eq(x->u.ip, ip);
	ck_assert_uint_eq(x->u.sp, sp);
}

static inline void ends(struct fixture *x, const char *why, bool whole)
{
	ck_assert(!unwind_next(&x->u));
	ck_assert_str_eq(x->u.end, why);
	ck_assert_int_eq(x->u.whole, whole);
}

#endif
