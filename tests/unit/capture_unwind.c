/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * capture_unwind.c - kernel stacks: synthetic unwind tables, stacks of each kind
 */
#include "tests/unit/unwind_fixture.h"

#define IRQ_STACK 0xffffc90000900000ULL

static const struct numbering new_numbers = { 3, 4, 8, 6, 10 };

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

static const unit_test tests[] = {
	&call_chain,	      &return_address_minus_one,
	&interrupted_kernel,  &entered_from_user,
	&bpf_frame,	      &unknown_code,
	&stack_switches,      &neighbouring_stacks,
	&registers_of_a_vcpu,
};

UNIT_MAIN("capture_unwind", tests)
