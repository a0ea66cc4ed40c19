/* SPDX-License-Identifier: BSD-2-Clause */
#include "mini_kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/array.h>

#define START_KERNEL_MAP 0xffffffff80000000ULL
#define LARGE (2ULL << 20)
#define NR_FILLERS 600

uint8_t *mini_kernel_at(struct mini_kernel *m, uint32_t offset)
{
	return guest_host(&m->b, MINI_GPA + offset);
}

static void put_u64(struct mini_kernel *m, uint32_t offset, uint64_t value)
{
	memcpy(mini_kernel_at(m, offset), &value, 8);
}

static void put_symbols(struct mini_kernel *m, struct kallsyms_options options)
{
	static const struct kallsyms_symbol named[] = {
		{ "_text", 0, 'T' },
		{ "init_top_pgt", 0, 'D' },
		{ "entry_SYSCALL_64", MINI_LSTAR, 'T' },
		{ "linux_banner", MINI_BANNER, 'D' },
		{ "nr_cpu_ids", MINI_DATA, 'B' },
		{ "vmcoreinfo_size", MINI_DATA + 8, 'B' },
		{ "vmcoreinfo_data", MINI_DATA + 16, 'B' },
		{ "__per_cpu_offset", MINI_DATA + 64, 'D' },
		{ "__start_BTF", MINI_BTF, 'D' },
		{ "__stop_BTF", MINI_BTF, 'D' }, /* an empty one */
	};
	size_t nr = ARRAY_SIZE(named);
	struct kallsyms_symbol symbols[ARRAY_SIZE(named) + NR_FILLERS];
	char names[NR_FILLERS][16];

	memcpy(symbols, named, sizeof(named));
	for (size_t i = 0; i < NR_FILLERS; i++) {
		snprintf(names[i], sizeof(names[i]), "sym_%zu", i);
		symbols[nr + i] =
			(struct kallsyms_symbol){ names[i], MINI_BTF + 16 * (i + 1), 'T' };
	}
	for (size_t i = 0; i < nr + NR_FILLERS; i++)
		symbols[i].addr += MINI_TEXT;
	m->tables = kallsyms_build(MINI_TEXT + MINI_KALLSYMS, symbols, (uint32_t)(nr + NR_FILLERS),
				   options);
	memcpy(mini_kernel_at(m, MINI_KALLSYMS), m->tables.bytes, m->tables.size);
}

static void write_info(struct mini_kernel *m, unsigned levels)
{
	const struct kallsyms_where *where = &m->tables.where;
	int n;

	n = snprintf(m->info, sizeof(m->info),
		     "OSRELEASE=6.18.15\nPAGESIZE=4096\n"
		     "SYMBOL(swapper_pg_dir)=%llx\nSYMBOL(init_top_pgt)=%llx\n"
		     "SYMBOL(kallsyms_names)=%llx\nSYMBOL(kallsyms_num_syms)=%llx\n"
		     "SYMBOL(kallsyms_token_table)=%llx\nSYMBOL(kallsyms_token_index)=%llx\n"
		     "SYMBOL(kallsyms_offsets)=%llx\n"
		     "NUMBER(phys_base)=%lld\nNUMBER(pgtable_l5_enabled)=%d\nKERNELOFFSET=%llx\n",
		     MINI_TEXT, MINI_TEXT, (unsigned long long)where->names,
		     (unsigned long long)where->num_syms, (unsigned long long)where->token_table,
		     (unsigned long long)where->token_index, (unsigned long long)where->offsets,
		     (long long)(MINI_GPA - (MINI_TEXT - START_KERNEL_MAP)), levels == 5,
		     MINI_SLIDE);
	if (m->tables.relative_base_va) /* the variable's address, as of each other symbol */
		snprintf(m->info + n, sizeof(m->info) - (size_t)n,
			 "SYMBOL(kallsyms_relative_base)=%llx\n",
			 (unsigned long long)m->tables.relative_base_va);
}

static void put_idt(struct mini_kernel *m)
{
	uint64_t handler = MINI_TEXT + 0x200;
	uint8_t *gate = mini_kernel_at(m, MINI_IDT);

	memcpy(gate, &handler, 2);
	memcpy(gate + 6, (uint8_t *)&handler + 2, 6);
}

void mini_kernel_init(struct mini_kernel *m, struct mini_kernel_options options)
{
	unsigned levels = options.levels ? options.levels : 4;
	uint32_t nr_cpus = MINI_NR_CPUS;

	memset(m, 0, sizeof(*m));
	guest_init(&m->b, MINI_GPA, MINI_SIZE, levels);
	m->user_root = guest_page(&m->b);
	for (uint64_t at = 0; at < MINI_SIZE; at += LARGE)
		guest_map(&m->b, MINI_TEXT + at, MINI_GPA + at, 2);
	strcpy((char *)mini_kernel_at(m, MINI_BANNER), "Linux version 6.18.15 (gcc) #1 SMP\n");
	put_symbols(m, options.kallsyms);
	memcpy(mini_kernel_at(m, MINI_DATA), &nr_cpus, 4);
	for (uint32_t cpu = 0; cpu < nr_cpus; cpu++)
		put_u64(m, MINI_DATA + 64 + 8 * cpu, 0xffff888010000000 + 0x40000ULL * cpu);
	put_idt(m);
	write_info(m, levels);
	m->source.kind = "vmcore";
	if (phys_add_region(&m->source.phys, MINI_GPA, MINI_SIZE, m->b.ram))
		abort();
}

void mini_kernel_deinit(struct mini_kernel *m)
{
	phys_deinit(&m->source.phys);
	free(m->source.vcpus);
	free(m->source.vmcoreinfo);
	free(m->tables.bytes);
	guest_deinit(&m->b);
}

struct scxray_regs *mini_kernel_vcpu(struct mini_kernel *m, uint64_t cr3)
{
	size_t nr = m->source.nr_vcpus++;
	struct source_vcpu *vcpu;

	m->source.vcpus = realloc(m->source.vcpus, (nr + 1) * sizeof(*vcpu));
	if (!m->source.vcpus)
		abort();
	vcpu = &m->source.vcpus[nr];
	*vcpu = (struct source_vcpu){ .parked = true };
	mini_kernel_reg(&vcpu->regs, SCXRAY_REG_CR3, cr3);
	mini_kernel_reg(&vcpu->regs, SCXRAY_REG_CR4, 0x6f0 | (m->b.levels == 5 ? 1u << 12 : 0));
	return &vcpu->regs;
}

void mini_kernel_reg(struct scxray_regs *regs, enum scxray_reg reg, uint64_t value)
{
	regs->value[reg] = value;
	regs->known |= 1ULL << reg;
}

void mini_kernel_note(struct mini_kernel *m)
{
	m->source.vmcoreinfo = strdup(m->info);
}

void mini_kernel_info_page(struct mini_kernel *m)
{
	strcpy((char *)mini_kernel_at(m, MINI_INFO), m->info);
	put_u64(m, MINI_DATA + 8, strlen(m->info));
	put_u64(m, MINI_DATA + 16, MINI_TEXT + MINI_INFO);
}

void mini_kernel_edit_info(struct mini_kernel *m, const char *key, const char *value)
{
	char *at = strstr(m->info, key), rest[sizeof(m->info)];

	if (!at)
		abort();
	at += strlen(key);
	strcpy(rest, strchr(at, '\n'));
	snprintf(at, sizeof(m->info) - (size_t)(at - m->info), "%s%s", value, rest);
}
