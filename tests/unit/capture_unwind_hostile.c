/* SPDX-License-Identifier: BSD-2-Clause */
/* capture_unwind_hostile.c - broken stacks, tables and registers, and what the unwinder says of them */
#include "tests/unit/unwind_fixture.h"

#define MODULE 0xffffffffc0100000ULL
#define MODULE_IPS (MODULE + 0x10000)
#define MODULE_ENTRIES (MODULE + 0x20000)

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
	&bad_entries, &bad_stacks,   &crash_without_unwind_information, &loop, &hostile_tables,
	&indirect,    &module_frame,
};

UNIT_MAIN("capture_unwind_hostile", tests)
