/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * regs_text.c - registers by the answer to the monitor's "info registers -a"
 *
 *	CPU#0
 *	RAX=ffffffff81e2b7a0 RBX=...
 *	RIP=ffffffff81e2b7af RFL=00000246 [---Z-P-] CPL=0 II=0 A20=1 SMM=0 HLT=1
 *	GS =0000 ffff888007c00000 ffffffff 00c00000
 *	IDT=     fffffe0000000000 00000fff
 *	CR0=80050033 CR2=... CR3=... CR4=...
 *
 * The same from QEMU 4 to 10 (target/i386/cpu-dump.c).  LSTAR and KERNEL_GS_BASE are not in it, and of a CPU in
 * 32-bit code neither are the general registers.
 */
#include <stdlib.h>
#include <string.h>

#include <base/array.h>

#include "qemu/regs_text.h"

static const char header[] = "CPU#";

static const struct {
	const char *key;
	enum scxray_reg reg;
	bool segment; /* the base comes after the selector */
} rows[] = {
	{ "RAX=", SCXRAY_REG_RAX, false },	{ "RBX=", SCXRAY_REG_RBX, false },
	{ "RCX=", SCXRAY_REG_RCX, false },	{ "RDX=", SCXRAY_REG_RDX, false },
	{ "RSI=", SCXRAY_REG_RSI, false },	{ "RDI=", SCXRAY_REG_RDI, false },
	{ "RBP=", SCXRAY_REG_RBP, false },	{ "RSP=", SCXRAY_REG_RSP, false },
	{ "R8 =", SCXRAY_REG_R8, false },	{ "R9 =", SCXRAY_REG_R9, false },
	{ "R10=", SCXRAY_REG_R10, false },	{ "R11=", SCXRAY_REG_R11, false },
	{ "R12=", SCXRAY_REG_R12, false },	{ "R13=", SCXRAY_REG_R13, false },
	{ "R14=", SCXRAY_REG_R14, false },	{ "R15=", SCXRAY_REG_R15, false },
	{ "RIP=", SCXRAY_REG_RIP, false },	{ "RFL=", SCXRAY_REG_RFLAGS, false },
	{ "CS =", SCXRAY_REG_CS, false },	{ "SS =", SCXRAY_REG_SS, false },
	{ "FS =", SCXRAY_REG_FS_BASE, true },	{ "GS =", SCXRAY_REG_GS_BASE, true },
	{ "IDT=", SCXRAY_REG_IDT_BASE, false }, { "CR0=", SCXRAY_REG_CR0, false },
	{ "CR2=", SCXRAY_REG_CR2, false },	{ "CR3=", SCXRAY_REG_CR3, false },
	{ "CR4=", SCXRAY_REG_CR4, false },	{ "EFER=", SCXRAY_REG_EFER, false },
};

/* What comes after the key, which is a word of its own; NULL: it is not in the `len` bytes. */
static const char *find_value(const char *text, size_t len, const char *key)
{
	const char *at = text, *end = text + len;

	while ((at = memmem(at, (size_t)(end - at), key, strlen(key)))) {
		if (at == text || at[-1] == ' ' || at[-1] == '\n' || at[-1] == '\r')
			return at + strlen(key);
		at++;
	}
	return NULL;
}

static void parse_vcpu(const char *text, size_t len, struct scxray_live_vcpu *vcpu)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *at = find_value(text, len, rows[i].key);
		char *end = NULL;
		uint64_t value;

		if (!at)
			continue;
		value = strtoull(at, &end, 16);
		if (end != at && rows[i].segment) {
			at = end;
			value = strtoull(at, &end, 16);
		}
		if (end == at)
			continue;
		vcpu->regs.value[rows[i].reg] = value;
		vcpu->regs.known |= 1u << rows[i].reg;
		vcpu->parked = true;
	}
}

size_t regs_text_parse(const char *text, struct scxray_live_vcpu *vcpus, size_t nr)
{
	const char *at = strstr(text, header);
	size_t found = 0;

	while (at) {
		const char *next = strstr(at + 1, header);
		unsigned long index = strtoul(at + strlen(header), NULL, 10);

		if (index < nr && !vcpus[index].parked) {
			parse_vcpu(at, next ? (size_t)(next - at) : strlen(at), &vcpus[index]);
			found += vcpus[index].parked;
		}
		at = next;
	}
	return found;
}
