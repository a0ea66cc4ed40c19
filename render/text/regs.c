/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * regs.c - the registers of a vCPU, on one line
 */
#include <scxray/vcpu.h>

#include "render/out/cells.h"

static void reg(struct text *t, const char *name, const struct scxray_regs *regs, enum scxray_reg r)
{
	strbuf_puts(&t->out, name);
	if (regs->known >> r & 1)
		strbuf_hex(&t->out, regs->value[r], 16);
	else
		strbuf_puts(&t->out, "<unknown>");
}

void text_regs(struct text *t, const struct scxray_regs *regs)
{
	reg(t, "ip=", regs, SCXRAY_REG_RIP);
	reg(t, " sp=", regs, SCXRAY_REG_RSP);
	reg(t, " ptroot=", regs, SCXRAY_REG_CR3);
}
