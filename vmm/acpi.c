/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * acpi.c - the tables that say what the machine has
 *
 * RSDP -> XSDT -> FADT -> DSDT: how to turn it off and to reset it; MADT: local APICs,
 * the IOAPIC; SRAT, with more than one NUMA node: which CPU and which memory is whose.
 * ACPI 6.5, chapters 4 and 5, has the tables that the structs follow.
 */
#include <string.h>

#include "boot.h"
#include "ports.h"
#include "topology.h"

#define packed __attribute__((packed))

#define IOAPIC_AT 0xfec00000U
#define LAPIC_AT 0xfee00000U
#define SCI_IRQ 9

struct header {
	char signature[4];
	uint32_t length;
	uint8_t revision, checksum;
	char oem_id[6], oem_table_id[8];
	uint32_t oem_revision;
	char creator_id[4];
	uint32_t creator_revision;
} packed;

struct rsdp {
	char signature[8];
	uint8_t checksum;
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
	uint8_t extended_checksum, reserved[3];
} packed;

struct address {
	uint8_t space, bits, offset, access;
	uint64_t address;
} packed;

enum {
	SPACE_IO = 1,
	ACCESS_BYTE = 1,
	ACCESS_WORD = 2,
	ACCESS_DWORD = 3
};

struct fadt {
	struct header header;
	uint32_t facs, dsdt;
	uint8_t reserved, profile;
	uint16_t sci_interrupt;
	uint32_t smi_command;
	uint8_t acpi_enable, acpi_disable, s4bios, pstate_control;
	uint32_t pm1a_event, pm1b_event, pm1a_control, pm1b_control, pm2_control, pm_timer;
	uint32_t gpe0, gpe1;
	uint8_t pm1_event_length, pm1_control_length, pm2_control_length, pm_timer_length;
	uint8_t gpe0_length, gpe1_length, gpe1_base, cst_control;
	uint16_t c2_latency, c3_latency, flush_size, flush_stride;
	uint8_t duty_offset, duty_width, day_alarm, month_alarm, century;
	uint16_t boot_flags;
	uint8_t reserved2;
	uint32_t flags;
	struct address reset_register;
	uint8_t reset_value;
	uint16_t arm_boot_flags;
	uint8_t minor_version;
	uint64_t x_facs, x_dsdt;
	struct address x_pm1a_event, x_pm1b_event, x_pm1a_control, x_pm1b_control, x_pm2_control;
	struct address x_pm_timer, x_gpe0, x_gpe1, sleep_control, sleep_status;
	uint64_t hypervisor;
} packed;

_Static_assert(sizeof(struct fadt) == 276, "FADT of ACPI 6");

#define BOOT_LEGACY_DEVICES 0x0001
#define BOOT_NO_VGA 0x0004
#define BOOT_NO_MSI 0x0008
#define FADT_WBINVD 0x0001
#define FADT_C1 0x0004
#define FADT_NO_POWER_BUTTON 0x0010 /* none of the fixed kind */
#define FADT_NO_SLEEP_BUTTON 0x0020
#define FADT_RESET 0x0400

struct madt {
	struct header header;
	uint32_t lapic, flags;
} packed;

#define MADT_PICS 1

struct madt_lapic {
	uint8_t type, length, processor, apic_id;
	uint32_t flags;
} packed;

struct madt_ioapic {
	uint8_t type, length, id, reserved;
	uint32_t address, gsi_base;
} packed;

struct madt_override {
	uint8_t type, length, bus, irq;
	uint32_t gsi;
	uint16_t flags;
} packed;

#define ACTIVE_HIGH_LEVEL 0x000d

struct srat {
	struct header header;
	uint32_t one;
	uint64_t reserved;
} packed;

struct srat_cpu {
	uint8_t type, length, domain, apic_id;
	uint32_t flags;
	uint8_t eid, domain_high[3];
	uint32_t clock_domain;
} packed;

struct srat_memory {
	uint8_t type, length;
	uint32_t domain;
	uint16_t reserved;
	uint64_t base, size;
	uint32_t reserved2, flags;
	uint64_t reserved3;
} packed;

/* Name (\_S5_, Package () { 5, 5, 0, 0 }): what to write to PM1a control to turn it off */
static const uint8_t dsdt_code[] = {
	0x08,
	'\\',
	'_',
	'S',
	'5',
	'_',
	0x12,
	0x08,
	4,
	0x0a,
	PM_SLEEP_TYPE_OFF,
	0x0a,
	PM_SLEEP_TYPE_OFF,
	0x00,
	0x00,
};

/* ---- writing ---------------------------------------------------------------------- */

/* Tables are built where they are to lie, one after the other. */
struct writer {
	uint8_t *base, *at;
	struct header *table; /* the one that is being built */
};

static uint64_t gpa_of(const struct writer *w, const void *at)
{
	return TABLES_AT + (uint64_t)((const uint8_t *)at - w->base);
}

/* Room for 254 vCPUs' entries and 254 nodes is there: below 32 KiB of 128. */
static void *append(struct writer *w, const void *bytes, size_t size)
{
	void *at = w->at;

	memcpy(at, bytes, size);
	w->at += size;
	return at;
}

static uint8_t sum(const void *bytes, size_t size)
{
	uint8_t total = 0;

	for (size_t i = 0; i < size; i++)
		total = (uint8_t)(total + ((const uint8_t *)bytes)[i]);
	return total;
}

static void table_begin(struct writer *w, const char *signature, uint8_t revision, size_t head)
{
	w->at = w->base + ((size_t)(w->at - w->base + 15) & ~(size_t)15);
	w->table = (struct header *)w->at;
	memset(w->table, 0, head);
	memcpy(w->table->signature, signature, 4);
	w->table->revision = revision;
	memcpy(w->table->oem_id, "SCXRAY", 6);
	memcpy(w->table->oem_table_id, "SCXRAYVM", 8);
	memcpy(w->table->creator_id, "SCXR", 4);
	w->table->oem_revision = w->table->creator_revision = 1;
	w->at += head;
}

static uint64_t table_end(struct writer *w)
{
	w->table->length = (uint32_t)(w->at - (uint8_t *)w->table);
	w->table->checksum = (uint8_t)-sum(w->table, w->table->length);
	return gpa_of(w, w->table);
}

static uint64_t write_dsdt(struct writer *w)
{
	table_begin(w, "DSDT", 2, sizeof(struct header));
	append(w, dsdt_code, sizeof(dsdt_code));
	return table_end(w);
}

static struct address port(uint16_t at, uint8_t bits, uint8_t access)
{
	return (struct address){ .space = SPACE_IO, .bits = bits, .access = access, .address = at };
}

static uint64_t write_fadt(struct writer *w, uint64_t dsdt)
{
	struct fadt *fadt;

	table_begin(w, "FACP", 6, sizeof(*fadt));
	fadt = (struct fadt *)w->table;
	fadt->minor_version = 5;
	fadt->dsdt = (uint32_t)dsdt;
	fadt->x_dsdt = dsdt;
	fadt->sci_interrupt = SCI_IRQ;
	fadt->pm1a_event = PM1_EVENT_PORT;
	fadt->pm1a_control = PM1_CONTROL_PORT;
	fadt->pm1_event_length = 4;
	fadt->pm1_control_length = 2;
	fadt->x_pm1a_event = port(PM1_EVENT_PORT, 32, ACCESS_DWORD);
	fadt->x_pm1a_control = port(PM1_CONTROL_PORT, 16, ACCESS_WORD);
	fadt->c2_latency = fadt->c3_latency = 0xffff; /* there is no C2, no C3 */
	fadt->century = 0x32;
	fadt->boot_flags = BOOT_LEGACY_DEVICES | BOOT_NO_VGA | BOOT_NO_MSI;
	fadt->flags =
		FADT_WBINVD | FADT_C1 | FADT_NO_POWER_BUTTON | FADT_NO_SLEEP_BUTTON | FADT_RESET;
	fadt->reset_register = port(RESET_PORT, 8, ACCESS_BYTE);
	fadt->reset_value = RESET_VALUE;
	return table_end(w);
}

static uint64_t write_madt(struct writer *w, const struct machine *machine)
{
	struct madt *madt;

	table_begin(w, "APIC", 5, sizeof(*madt));
	madt = (struct madt *)w->table;
	madt->lapic = LAPIC_AT;
	madt->flags = MADT_PICS;
	for (unsigned i = 0; i < machine->nr_vcpus; i++)
		append(w,
		       &(struct madt_lapic){ 0, 8, (uint8_t)i,
					     (uint8_t)topology_apic_id(machine, i), 1 },
		       8);
	append(w, &(struct madt_ioapic){ 1, 12, 0, 0, IOAPIC_AT, 0 }, 12);
	append(w, &(struct madt_override){ 2, 10, 0, 0, 2, 0 }, 10);
	append(w, &(struct madt_override){ 2, 10, 0, SCI_IRQ, SCI_IRQ, ACTIVE_HIGH_LEVEL }, 10);
	return table_end(w);
}

/* ---- NUMA ------------------------------------------------------------------------ */

static uint64_t all_memory(const struct machine *machine)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < machine->nr_regions; i++)
		bytes += machine->regions[i].size;
	return bytes;
}

/* [from, to) of all RAM, counted without holes, belongs to a node: the ranges that this makes. */
static void append_memory(struct writer *w, const struct machine *machine, unsigned node,
			  uint64_t from, uint64_t to)
{
	uint64_t start = 0;

	for (unsigned i = 0; i < machine->nr_regions; i++) {
		const struct region *r = &machine->regions[i];
		uint64_t lo = from > start ? from - start : 0;
		uint64_t hi = to > start ? to - start : 0;

		if (hi > r->size)
			hi = r->size;
		if (lo < hi)
			append(w,
			       &(struct srat_memory){ .type = 1,
						      .length = 40,
						      .domain = node,
						      .base = r->gpa + lo,
						      .size = hi - lo,
						      .flags = 1 },
			       40);
		start += r->size;
	}
}

static uint64_t write_srat(struct writer *w, const struct machine *machine)
{
	uint64_t share = all_memory(machine) / machine->nr_nodes & ~(2 * MIB - 1);
	unsigned nodes = machine->nr_nodes;
	struct srat *srat;

	table_begin(w, "SRAT", 3, sizeof(*srat));
	srat = (struct srat *)w->table;
	srat->one = 1;
	for (unsigned i = 0; i < machine->nr_vcpus; i++)
		append(w,
		       &(struct srat_cpu){ .length = 16,
					   .domain = (uint8_t)topology_node(machine, i),
					   .apic_id = (uint8_t)topology_apic_id(machine, i),
					   .flags = 1 },
		       16);
	for (unsigned i = 0; i < nodes; i++)
		append_memory(w, machine, i, i * share,
			      i + 1 < nodes ? (i + 1) * share : UINT64_MAX);
	return table_end(w);
}

static void write_rsdp(struct rsdp *rsdp, uint64_t xsdt)
{
	memset(rsdp, 0, sizeof(*rsdp));
	memcpy(rsdp->signature, "RSD PTR ", 8);
	memcpy(rsdp->oem_id, "SCXRAY", 6);
	rsdp->revision = 2;
	rsdp->length = sizeof(*rsdp);
	rsdp->xsdt = xsdt;
	rsdp->checksum = (uint8_t)-sum(rsdp, 20);
	rsdp->extended_checksum = (uint8_t)-sum(rsdp, sizeof(*rsdp));
}

uint64_t acpi_write(const struct machine *machine)
{
	struct writer w = { .base = memory_at(machine, TABLES_AT, TABLES_END - TABLES_AT) };
	uint64_t tables[3], xsdt;
	size_t nr = 0;

	/* The RSDP comes first: at 0xe0000 it is found without help as well. */
	w.at = w.base + sizeof(struct rsdp);
	tables[nr++] = write_fadt(&w, write_dsdt(&w));
	tables[nr++] = write_madt(&w, machine);
	if (machine->nr_nodes > 1)
		tables[nr++] = write_srat(&w, machine);
	table_begin(&w, "XSDT", 1, sizeof(struct header));
	append(&w, tables, nr * sizeof(tables[0]));
	xsdt = table_end(&w);
	write_rsdp((struct rsdp *)w.base, xsdt);
	return TABLES_AT;
}
