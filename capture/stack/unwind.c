/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unwind.c - from one frame to its caller's
 */
#include <stdlib.h>
#include <string.h>

#include <base/array.h>

#include <scxray/vcpu.h>

#include "capture/stack/unwind.h"

#include "capture/kernel/modules.h"
#include "capture/read/read.h"

#define MAX_SWITCHES 8	 /* NMI, exception, IRQ and task stack, and again while nested */
#define NEAR (64u << 10) /* no stack is bigger: further away is another one */

static bool stop(struct unwind *u, const char *why)
{
	u->end = why;
	u->whole = false;
	return false;
}

static bool finish(struct unwind *u, const char *why)
{
	u->end = why;
	u->whole = true;
	return false;
}

static bool in_task_stack(const struct unwind *u, uint64_t addr)
{
	return addr >= u->stack && addr < u->stack_end;
}

static bool load(struct unwind *u, uint64_t addr, uint64_t *value)
{
	enum read_status status;

	if (addr & 7)
		return stop(u, "the stack pointer is not aligned");
	if (u->confined && !in_task_stack(u, addr))
		return stop(u, "the stack pointer leaves the task's stack");
	status = guest_read_u64(u->w->g, addr, value);
	if (status)
		return stop(u, pool_printf(u->w->pool, "the stack is unreadable: %s",
					   read_status_text(status)));
	return true;
}

/* A member of the struct pt_regs at `regs`. */
static bool load_reg(struct unwind *u, uint64_t regs, enum layout_member m, uint64_t *value)
{
	if (!has_member(u->w, m))
		return stop(u, "this kernel's BTF has no struct pt_regs as scxray knows it");
	return load(u, member_addr(u->w, regs, m), value);
}

/* Registers other than ip, sp and bp survive only from where something was interrupted. */
static const struct saved_reg {
	enum orc_reg orc;
	enum layout_member saved;
	enum scxray_reg cpu;
	const char *missing;
} saved_regs[] = {
	{ ORC_R10, M_pt_regs_r10, SCXRAY_REG_R10, "the next frame hangs on r10, which is lost" },
	{ ORC_R13, M_pt_regs_r13, SCXRAY_REG_R13, "the next frame hangs on r13, which is lost" },
	{ ORC_DI, M_pt_regs_di, SCXRAY_REG_RDI, "the next frame hangs on rdi, which is lost" },
	{ ORC_AX, M_pt_regs_ax, SCXRAY_REG_RAX, "the next frame hangs on rax, which is lost" },
	{ ORC_DX, M_pt_regs_dx, SCXRAY_REG_RDX, "the next frame hangs on rdx, which is lost" },
};

static bool saved_reg(struct unwind *u, unsigned reg, uint64_t *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(saved_regs); i++) {
		const struct saved_reg *s = &saved_regs[i];

		if (s->orc != reg)
			continue;
		if (u->cpu && u->cpu->known >> s->cpu & 1) {
			*value = u->cpu->value[s->cpu];
			return true;
		}
		return u->full_regs ? load_reg(u, u->full_regs, s->saved, value)
				    : stop(u, s->missing);
	}
	return stop(u, "an ORC entry names an unknown register");
}

/* What the caller's stack pointer was before it called, or where registers were saved. */
static bool previous_sp(struct unwind *u, const struct orc_rule *rule, uint64_t *sp)
{
	uint64_t offset = (uint64_t)(int64_t)rule->sp_offset;

	switch (rule->sp_reg) {
	case ORC_SP:
		*sp = u->sp + offset;
		return true;
	case ORC_BP:
		*sp = u->bp + offset;
		return true;
	case ORC_SP_INDIRECT:
		if (!load(u, u->sp, sp))
			return false;
		*sp += offset;
		return true;
	case ORC_BP_INDIRECT:
		return load(u, u->bp + offset, sp);
	default:
		return saved_reg(u, rule->sp_reg, sp);
	}
}

static bool previous_ip(struct unwind *u, const struct orc_rule *rule, uint64_t sp)
{
	uint64_t regs = sp;

	switch (rule->type) {
	case ORC_TYPE_CALL:
		u->regs = u->full_regs = 0;
		u->sp = sp;
		return load(u, sp - 8, &u->ip);
	case ORC_TYPE_REGS:
		u->full_regs = regs;
		break;
	case ORC_TYPE_REGS_PARTIAL:
		/* only what the CPU itself pushed; full ones of the frame before still hold */
		if (!has_member(u->w, M_pt_regs_ip))
			return stop(u, "this kernel's BTF has no struct pt_regs.ip");
		regs = sp - u->w->k->layout.member[M_pt_regs_ip].offset;
		break;
	default:
		return stop(u, "an ORC entry is of an unknown type");
	}
	u->regs = regs;
	return load_reg(u, regs, M_pt_regs_ip, &u->ip) && load_reg(u, regs, M_pt_regs_sp, &u->sp);
}

static bool previous_bp(struct unwind *u, const struct orc_rule *rule, uint64_t sp)
{
	uint64_t offset = (uint64_t)(int64_t)rule->bp_offset;

	switch (rule->bp_reg) {
	case ORC_UNDEFINED: /* untouched; or as saved */
		return !u->full_regs || load_reg(u, u->full_regs, M_pt_regs_bp, &u->bp);
	case ORC_PREV_SP:
		return load(u, sp + offset, &u->bp);
	case ORC_BP:
		return load(u, u->bp + offset, &u->bp);
	default:
		return stop(u, "an ORC entry names an unknown register");
	}
}

/* Up its stack, or to another one, and that not too often: so that each walk ends. */
static bool moved_up(struct unwind *u, uint64_t from)
{
	bool same = in_task_stack(u, u->sp) == in_task_stack(u, from) &&
		    u->sp - from + NEAR <= 2 * NEAR;

	if (same)
		return u->sp > from || stop(u, "the stack pointer goes backwards");
	return ++u->switches <= MAX_SWITCHES || stop(u, "the stack is switched too often");
}

static bool of_module(const struct unwind *u, uint64_t ip, struct orc_table *table)
{
	const struct module *m = modules_find(u->w->modules, ip);

	if (!m || !m->nr_orcs)
		return false;
	*table = (struct orc_table){
		.ips = m->orc_ips,
		.entries = m->orc_entries,
		.nr = m->nr_orcs,
	};
	return true;
}

#define MAX_CALL_SEARCH (8u << 10) /* bytes of stack */
#define CALL_BYTES 5

/* Is `ret` the return address of a direct call of `function`? */
static bool returns_from(struct unwind *u, uint64_t ret, uint64_t function)
{
	uint8_t call[CALL_BYTES];
	int32_t distance;

	if (!(ret >> 63) || guest_read(u->w->g, ret - CALL_BYTES, call, sizeof(call)) ||
	    call[0] != 0xe8)
		return false;
	memcpy(&distance, call + 1, sizeof(distance));
	return ret + (uint64_t)(int64_t)distance == function;
}

/*
 * A panic saves registers in __crash_kexec(), which has no unwind information (it is
 * STACK_FRAME_NON_STANDARD()).  Its frame ends where the stack has the return address of a call of it.
 */
static bool rule_by_call(struct unwind *u, uint64_t ip, struct orc_rule *rule)
{
	char name[160];
	const char *plus = NULL;

	/* a recording has the whole stack by then, and knows no names */
	if (is_recording(u->w) || u->sp & 7 || u->sp < u->stack || u->sp >= u->stack_end)
		return false;
	if (symbols_name(&u->w->k->symbols, ip, name, sizeof(name)))
		plus = strstr(name, "+0x");
	for (uint64_t at = u->sp; plus && at < u->stack_end && at - u->sp < MAX_CALL_SEARCH;
	     at += 8) {
		uint64_t word;

		if (guest_read_u64(u->w->g, at, &word))
			return false;
		if (!returns_from(u, word, ip - strtoull(plus + 3, NULL, 16)))
			continue;
		*rule = (struct orc_rule){
			.sp_offset = (int16_t)(at + 8 - u->sp),
			.sp_reg = ORC_SP,
			.bp_reg = ORC_UNDEFINED,
			.type = ORC_TYPE_CALL,
		};
		u->by_call = true;
		return true;
	}
	return false;
}

static bool find_rule(struct unwind *u, struct orc_rule *rule)
{
	/* code that the JIT made keeps frame pointers */
	static const struct orc_rule frame_pointer = {
		.sp_offset = 16,
		.bp_offset = -16,
		.sp_reg = ORC_BP,
		.bp_reg = ORC_PREV_SP,
		.type = ORC_TYPE_CALL,
	};
	/* after a call that never returns another function may begin */
	uint64_t ip = u->exact ? u->ip : u->ip - 1;
	struct orc_table table = u->orc->kernel;
	const char *why;

	if (u->orc->unavailable)
		return stop(u, u->orc->unavailable);
	if (!orc_covers(u->orc, ip) && !of_module(u, ip, &table)) {
		*rule = frame_pointer;
		return symbols_find_bpf(&u->w->k->symbols, ip) ||
		       stop(u, "no unwind information for this code");
	}
	why = orc_find(u->orc, u->w, &table, ip, rule);
	if (why)
		return stop(u, why);
	if (rule->type == ORC_TYPE_UNDEFINED && u->cpu && rule_by_call(u, ip, rule))
		return true;
	if (rule->type == ORC_TYPE_UNDEFINED)
		return stop(u, "no unwind information for this code");
	if (rule->type == ORC_TYPE_END_OF_STACK)
		return finish(u, "end of stack");
	return true;
}

bool unwind_next(struct unwind *u)
{
	uint64_t from = u->sp, sp, cs;
	struct orc_rule rule;

	if (!find_rule(u, &rule) || !previous_sp(u, &rule, &sp) || !previous_ip(u, &rule, sp) ||
	    !previous_bp(u, &rule, sp))
		return false;
	u->cpu = NULL;
	u->exact = rule.signal;
	if (u->regs && !load_reg(u, u->regs, M_pt_regs_cs, &cs))
		return false;
	if (u->regs && (cs & 3) == 3)
		return finish(u, "entered from user mode");
	if (!(u->ip >> 63))
		return stop(u, "a return address is none of the kernel's");
	return moved_up(u, from);
}
