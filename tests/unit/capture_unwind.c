/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * capture_unwind.c - kernel stacks: synthetic unwind tables, stacks of each kind
 */
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
#define IRQ_STACK 0xffffc90000900000ULL
#define JIT 0xffffffffc0001000ULL
#define MODULE 0xffffffffc0100000ULL
#define MODULE_IPS (MODULE + 0x10000)
#define MODULE_ENTRIES (MODULE + 0x20000)

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
static const struct numbering new_numbers = { 3, 4, 8, 6, 10 };

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

static struct raw_rule rule(unsigned sp_reg, int sp_offset, unsigned bp_reg, int bp_offset,
			    unsigned type, bool signal)
{
	return (struct raw_rule){
		(int16_t)sp_offset,
		(int16_t)bp_offset,
		(uint16_t)(sp_reg | bp_reg << 4 | type << 8 | (unsigned)signal << 11),
	};
}

static void bitfield(struct fixture *x, enum layout_member m, uint8_t bit_offset, uint8_t bits)
{
	walk_fixture_member(&x->f, m, bit_offset / 8 + 4, 1);
	x->f.kernel.layout.member[m].bits = bits;
	x->f.kernel.layout.member[m].bit_offset = bit_offset % 8;
}

static void members(struct fixture *x)
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
static void put_tables(struct fixture *x)
{
	for (uint32_t i = 0; i < NR_FUNCTIONS; i++) {
		guest_put_u32(&x->f.b, IPS + 4 * i, (uint32_t)(AT(i) - (IPS + 4 * i)));
		guest_put(&x->f.b, ENTRIES + 6 * i, &x->rules[i], 6);
	}
}

static void start(struct fixture *x, const struct numbering *n)
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

static void drop(struct fixture *x)
{
	walk_fixture_deinit(&x->f);
}

static void put(struct fixture *x, uint64_t addr, uint64_t value)
{
	guest_put_u64(&x->f.b, addr, value);
}

static void next_is(struct fixture *x, uint64_t ip, uint64_t sp)
{
	bool more = unwind_next(&x->u);

	ck_assert_msg(more, "%s", x->u.end);
	ck_assert_uint_eq(x->u.ip, ip);
	ck_assert_uint_eq(x->u.sp, sp);
}

static void ends(struct fixture *x, const char *why, bool whole)
{
	ck_assert(!unwind_next(&x->u));
	ck_assert_str_eq(x->u.end, why);
	ck_assert_int_eq(x->u.whole, whole);
}

/* schedule() <- a caller with 24 bytes of locals <- a framed one <- the end */
static void chain(struct fixture *x)
{
	put(x, STACK + 0x1000, AT(CALLER) + 0x10);
	put(x, STACK + 0x1020, AT(FRAMED) + 0x10);
	put(x, STACK + 0x1800, STACK + 0x1900);
	put(x, STACK + 0x1808, AT(THREAD_END) + 0x10);
	next_is(x, AT(CALLER) + 0x10, STACK + 0x1008);
	next_is(x, AT(FRAMED) + 0x10, STACK + 0x1028);
	next_is(x, AT(THREAD_END) + 0x10, STACK + 0x1810);
	ck_assert_uint_eq(x->u.bp, STACK + 0x1900);
	ends(x, "end of stack", true);
}

START_TEST(call_chain)
{
	struct fixture x;

	start(&x, &old_numbers);
	chain(&x);
	drop(&x);
	start(&x, &new_numbers);
	chain(&x);
	drop(&x);
}
END_TEST

/* A call at a function's end: the rule is that of the call, not of what follows. */
START_TEST(return_address_minus_one)
{
	struct fixture x;

	start(&x, &old_numbers);
	put(&x, STACK + 0x1000, AT(THREAD_END + 1));
	next_is(&x, AT(THREAD_END + 1), STACK + 0x1008);
	ends(&x, "end of stack", true);
	/* but where something was interrupted, the address itself counts */
	x.u.exact = true;
	ends(&x, "no unwind information for this code", false);
	drop(&x);
}
END_TEST

static void put_regs(struct fixture *x, uint64_t at, uint64_t ip, uint64_t cs, uint64_t sp)
{
	put(x, at + 32, STACK + 0x2800); /* bp */
	put(x, at + 56, STACK + 0x3000); /* r10 */
	put(x, at + 128, ip);
	put(x, at + 136, cs);
	put(x, at + 152, sp);
}

START_TEST(interrupted_kernel)
{
	struct fixture x;

	start(&x, &new_numbers);
	put(&x, STACK + 0x1000, AT(IRQ_ENTRY) + 0x10);
	put_regs(&x, STACK + 0x1008, AT(ALIGNED), 0x10, STACK + 0x2000);
	put(&x, STACK + 0x3000 - 8, AT(FRAMED) + 1);
	put(&x, STACK + 0x2800, 0);
	put(&x, STACK + 0x2808, AT(THREAD_END) + 1);
	next_is(&x, AT(IRQ_ENTRY) + 0x10, STACK + 0x1008);
	next_is(&x, AT(ALIGNED), STACK + 0x2000);
	ck_assert(x.u.exact);
	ck_assert_uint_eq(x.u.bp, STACK + 0x2800);
	next_is(&x, AT(FRAMED) + 1, STACK + 0x3000); /* by the saved r10 */
	ck_assert(!x.u.exact && !x.u.regs);
	ends(&x, "the stack pointer goes backwards", false); /* bp lies below r10 */
	drop(&x);
}
END_TEST

START_TEST(entered_from_user)
{
	static const unsigned entries[] = { IRQ_ENTRY, PARTIAL };

	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		struct fixture x;
		uint64_t regs = STACK + 0x1008 - (entries[i] == PARTIAL ? 128 : 0);

		start(&x, &old_numbers);
		put_regs(&x, regs, 0x401df0, 0x33, 0x7ffe0000);
		put(&x, STACK + 0x1000, AT(entries[i]) + 0x10);
		next_is(&x, AT(entries[i]) + 0x10, STACK + 0x1008);
		ends(&x, "entered from user mode", true);
		drop(&x);
	}
}
END_TEST

START_TEST(bpf_frame)
{
	struct fixture x;

	start(&x, &old_numbers);
	ck_assert_int_eq(symbols_add_bpf(&x.f.kernel.symbols, JIT, JIT + 0x100, 0, "bpf_prog_1_x"),
			 0);
	put(&x, STACK + 0x1000, JIT + 0x20);
	put(&x, STACK + 0x1800, STACK + 0x2000);
	put(&x, STACK + 0x1808, AT(FRAMED) + 0x10);
	put(&x, STACK + 0x2000, 0);
	put(&x, STACK + 0x2008, AT(THREAD_END) + 0x10);
	next_is(&x, JIT + 0x20, STACK + 0x1008);
	next_is(&x, AT(FRAMED) + 0x10, STACK + 0x1810);
	next_is(&x, AT(THREAD_END) + 0x10, STACK + 0x2010);
	ends(&x, "end of stack", true);
	drop(&x);
}
END_TEST

/* Code of which nothing is known ends the walk, with its address as the last frame. */
START_TEST(unknown_code)
{
	static const uint64_t unknown[] = { AT(NO_HINT) + 0x10, JIT + 0x20, TEXT - 0x1000 };

	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		struct fixture x;

		start(&x, &old_numbers);
		put(&x, STACK + 0x1000, unknown[i]);
		next_is(&x, unknown[i], STACK + 0x1008);
		ends(&x, "no unwind information for this code", false);
		drop(&x);
	}
}
END_TEST

START_TEST(bad_entries)
{
	static const struct {
		unsigned function;
		const char *why;
	} bad[] = {
		{ BAD_REG, "an ORC entry names an unknown register" },
		{ BAD_TYPE, "an ORC entry is of an unknown type" },
		{ ALIGNED, "the next frame hangs on r10, which is lost" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct fixture x;

		start(&x, &old_numbers);
		x.u.ip = AT(bad[i].function) + 0x10;
		put(&x, STACK + 0x1000, AT(CALLER) + 1);
		ends(&x, bad[i].why, false);
		drop(&x);
	}
}
END_TEST

START_TEST(bad_stacks)
{
	static const struct {
		uint64_t sp, value;
		const char *why;
	} bad[] = {
		{ STACK + 0x1004, 0, "the stack pointer is not aligned" },
		{ STACK - 8, 0, "the stack pointer leaves the task's stack" },
		{ STACK + STACK_SIZE, 0, "the stack pointer leaves the task's stack" },
		{ 0xfffffffffffffff8ULL, 0, "the stack pointer leaves the task's stack" },
		{ STACK + 0x1000, 0x401df0, "a return address is none of the kernel's" },
		{ STACK + 0x2000, 0, "a return address is none of the kernel's" },
	};
	struct fixture x;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		start(&x, &old_numbers);
		x.u.sp = bad[i].sp;
		if (bad[i].value)
			put(&x, bad[i].sp, bad[i].value);
		ends(&x, bad[i].why, false);
		drop(&x);
	}
	start(&x, &old_numbers);
	guest_unmap(&x.f.b, STACK + 0x1000);
	ends(&x, "the stack is unreadable: page not mapped", false);
	drop(&x);
}
END_TEST

/* From an IRQ stack to the task's, and between the two for ever. */
START_TEST(stack_switches)
{
	struct fixture x;
	unsigned steps = 0;

	start(&x, &old_numbers);
	x.u.confined = false;
	x.u.ip = AT(SWITCHES) + 1;
	x.u.sp = IRQ_STACK + 0x100;
	x.u.bp = IRQ_STACK + 0x200;
	put(&x, IRQ_STACK + 0x1f8, STACK + 0x1008);
	put(&x, STACK + 0x1000, AT(THREAD_END) + 1);
	next_is(&x, AT(THREAD_END) + 1, STACK + 0x1008);
	ck_assert_uint_eq(x.u.switches, 1);
	ends(&x, "end of stack", true);
	drop(&x);

	start(&x, &old_numbers);
	x.u.confined = false;
	x.u.ip = AT(FRAMED) + 1;
	x.u.bp = IRQ_STACK;
	put(&x, IRQ_STACK, STACK + 0x1800);
	put(&x, IRQ_STACK + 8, AT(FRAMED) + 1);
	put(&x, STACK + 0x1800, IRQ_STACK);
	put(&x, STACK + 0x1808, AT(FRAMED) + 1);
	while (unwind_next(&x.u))
		ck_assert_uint_lt(++steps, 64);
	ck_assert_str_eq(x.u.end, "the stack is switched too often");
	ck_assert(!x.u.whole);
	drop(&x);
}
END_TEST

/* An IRQ stack may lie right beside the task's: below it in memory, yet outside of it. */
START_TEST(neighbouring_stacks)
{
	struct fixture x;

	start(&x, &old_numbers);
	x.u.confined = false;
	x.u.ip = AT(FRAMED) + 1;
	x.u.sp = STACK + STACK_SIZE + 0x1000;
	put(&x, STACK + 0x1800, 0);
	put(&x, STACK + 0x1808, AT(THREAD_END) + 1);
	next_is(&x, AT(THREAD_END) + 1, STACK + 0x1810);
	ck_assert_uint_eq(x.u.switches, 1);
	drop(&x);
}
END_TEST

/* The stack pointer of before stands where sp points to, and 16 bytes on. */
START_TEST(indirect)
{
	struct fixture x;

	start(&x, &old_numbers);
	x.rules[SWITCHES] = rule(9, 16, 0, 0, ORC_TYPE_CALL, false);
	put_tables(&x);
	x.u.ip = AT(SWITCHES) + 1;
	put(&x, STACK + 0x1000, STACK + 0x2000);
	put(&x, STACK + 0x2008, AT(THREAD_END) + 1);
	next_is(&x, AT(THREAD_END) + 1, STACK + 0x2010);
	drop(&x);
}
END_TEST

/* A vCPU's r10 is that of its innermost frame, and only where it is known. */
START_TEST(registers_of_a_vcpu)
{
	struct scxray_regs regs = { .known = 0 };
	struct fixture x;

	start(&x, &old_numbers);
	regs.value[SCXRAY_REG_R10] = STACK + 0x2008;
	x.u.cpu = &regs;
	x.u.ip = AT(ALIGNED) + 1;
	put(&x, STACK + 0x2000, AT(ALIGNED) + 1);
	ends(&x, "the next frame hangs on r10, which is lost", false);
	regs.known = 1ULL << SCXRAY_REG_R10;
	next_is(&x, AT(ALIGNED) + 1, STACK + 0x2008);
	ends(&x, "the next frame hangs on r10, which is lost", false);
	drop(&x);
}
END_TEST

/* bp that leads to itself. */
/* A call of `function` whose return address is `ret`. */
static void put_call(struct fixture *x, uint64_t ret, uint64_t function)
{
	int32_t distance = (int32_t)(function - ret);
	uint8_t call[5] = { 0xe8 };

	memcpy(call + 1, &distance, sizeof(distance));
	guest_put(&x->f.b, ret - sizeof(call), call, sizeof(call));
}

/* Registers that a panic saved: the function has no unwind information, the stack has its caller. */
START_TEST(crash_without_unwind_information)
{
	struct scxray_regs regs = { 0 };
	struct fixture x;

	for (int called = 0; called < 2; called++) {
		start(&x, &old_numbers);
		symbols_add_bpf(&x.f.kernel.symbols, AT(NO_HINT), AT(NO_HINT) + 0x100, 0, "crash");
		symbols_sort_bpf(&x.f.kernel.symbols);
		x.u.cpu = &regs;
		x.u.ip = AT(NO_HINT) + 0x20;
		x.u.stack = STACK;
		x.u.stack_end = STACK + STACK_SIZE;
		put_call(&x, AT(CALLER) + 0x40, called ? AT(NO_HINT) : AT(FRAMED));
		put_call(&x, AT(CALLER) + 0x80, AT(FRAMED));
		guest_put_u64(&x.f.b, x.u.sp + 0x10, AT(CALLER) + 0x80); /* stale: calls another */
		guest_put_u64(&x.f.b, x.u.sp + 0x18, STACK);
		guest_put_u64(&x.f.b, x.u.sp + 0x28, AT(CALLER) + 0x40);
		for (uint64_t at = x.u.sp + 0x30; at < STACK + STACK_SIZE; at += 8)
			guest_put_u64(&x.f.b, at, 0);
		ck_assert_int_eq(unwind_next(&x.u), called);
		ck_assert(x.u.by_call == (called == 1));
		if (called) {
			ck_assert_uint_eq(x.u.ip, AT(CALLER) + 0x40);
			ck_assert_uint_eq(x.u.sp, STACK + 0x1000 + 0x30);
		} else {
			ck_assert_str_eq(x.u.end, "no unwind information for this code");
		}
		symbols_clear_bpf(&x.f.kernel.symbols);
		drop(&x);
	}
}
END_TEST

START_TEST(loop)
{
	struct fixture x;

	start(&x, &old_numbers);
	x.u.ip = AT(FRAMED) + 1;
	put(&x, STACK + 0x1800, STACK + 0x1800);
	put(&x, STACK + 0x1808, AT(FRAMED) + 1);
	next_is(&x, AT(FRAMED) + 1, STACK + 0x1810);
	ends(&x, "the stack pointer goes backwards", false);
	drop(&x);
}
END_TEST

static const char *init_again(struct fixture *x)
{
	return orc_init(&x->orc, &x->f.walk, 6);
}

START_TEST(hostile_tables)
{
	struct orc_rule found;
	struct fixture x;
	uint64_t *symbol;

	start(&x, &old_numbers);
	symbol = x.f.kernel.layout.symbol;
	symbol[S___stop_orc_unwind_ip] = IPS - 4;
	ck_assert_str_eq(init_again(&x), "the ORC tables' sizes make no sense");
	symbol[S___stop_orc_unwind_ip] = IPS + 4 * NR_FUNCTIONS;
	symbol[S___stop_orc_unwind] = ENTRIES + 6 * NR_FUNCTIONS - 1;
	ck_assert_str_eq(init_again(&x), "the ORC tables' sizes make no sense");
	symbol[S___stop_orc_unwind] = 0;
	ck_assert_str_eq(init_again(&x), "this kernel has no ORC tables");
	symbol[S___stop_orc_unwind] = ENTRIES + 6 * NR_FUNCTIONS;
	/* neither numbering makes this the first instruction of a function */
	x.rules[SCHEDULE] = rule(old_numbers.bp, 8, 0, 0, ORC_TYPE_CALL, false);
	put_tables(&x);
	ck_assert_str_eq(init_again(&x),
			 "this kernel's ORC entries are of a form that scxray does not know");
	ends(&x, "this kernel's ORC entries are of a form that scxray does not know", false);
	x.f.kernel.layout.member[M_orc_entry_type].bits = 2; /* before 6.4 */
	ck_assert_str_eq(init_again(&x),
			 "this kernel's ORC entries are of a form that scxray does not know");
	drop(&x);

	start(&x, &old_numbers);
	ck_assert_str_eq(orc_find(&x.orc, &x.f.walk, &x.orc.kernel, TEXT - 1, &found),
			 "the ORC tables begin after this address");
	guest_unmap(&x.f.b, ENTRIES);
	ck_assert_str_eq(orc_find(&x.orc, &x.f.walk, &x.orc.kernel, AT(CALLER), &found),
			 "the ORC tables are unreadable: page not mapped");
	guest_unmap(&x.f.b, IPS);
	ends(&x, "the ORC tables are unreadable: page not mapped", false);
	drop(&x);
}
END_TEST

/* A module's code has tables of its own: here the rules of two of the kernel's functions. */
START_TEST(module_frame)
{
	struct module module = { .name = "fix",
				 .text = { { MODULE, MODULE + 0x200 } },
				 .orc_ips = MODULE_IPS,
				 .orc_entries = MODULE_ENTRIES,
				 .nr_orcs = 2 };
	struct modules modules = { .list = &module, .nr = 1 };
	struct fixture x;

	start(&x, &old_numbers);
	x.f.walk.modules = &modules;
	for (uint32_t i = 0; i < 2; i++) {
		uint64_t at = MODULE_IPS + 4 * i;

		guest_put_u32(&x.f.b, at, (uint32_t)(MODULE + 0x100 * i - at));
		guest_put(&x.f.b, MODULE_ENTRIES + 6 * i, &x.rules[i ? CALLER : SCHEDULE], 6);
	}
	put(&x, STACK + 0x1000, MODULE + 0x110);
	put(&x, STACK + 0x1020, MODULE + 0x10);
	put(&x, STACK + 0x1028, AT(THREAD_END) + 0x10);
	next_is(&x, MODULE + 0x110, STACK + 0x1008);
	next_is(&x, MODULE + 0x10, STACK + 0x1028);
	next_is(&x, AT(THREAD_END) + 0x10, STACK + 0x1030);
	ends(&x, "end of stack", true);

	/* without them, and where they cannot be read */
	module.nr_orcs = 0;
	x.u.ip = MODULE + 0x110;
	ends(&x, "no unwind information for this code", false);
	module.nr_orcs = 2;
	module.orc_ips = JIT;
	x.u.ip = MODULE + 0x120;
	ends(&x, "the ORC tables are unreadable: page not mapped", false);
	drop(&x);
}
END_TEST

static const unit_test tests[] = {
	&call_chain,
	&return_address_minus_one,
	&interrupted_kernel,
	&entered_from_user,
	&bpf_frame,
	&unknown_code,
	&bad_entries,
	&bad_stacks,
	&stack_switches,
	&crash_without_unwind_information,
	&loop,
	&hostile_tables,
	&neighbouring_stacks,
	&indirect,
	&registers_of_a_vcpu,
	&module_frame,
};

UNIT_MAIN("capture_unwind", tests)
