/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pm.c - how a guest turns the machine off, or resets it
 *
 * Off: ACPI's PM1a control register (SLP_TYP of S5 and SLP_EN).  Reset: ACPI's reset
 * register at 0xcf9, or the keyboard controller's command 0xfe, of which nothing else is
 * there.  The PM timer is left out on purpose: it would run on while a guest is frozen.
 */
#include "ports.h"

#define PM1_ENABLE 2 /* offsets from PM1_EVENT_PORT; 0 is the status */
#define PM1_CONTROL 4
#define SCI_ENABLED 0x0001
#define SLEEP_TYPE(control) ((control) >> 10 & 7)
#define SLEEP_ENABLE 0x2000
#define RESET_CPU 0x04
#define KEYBOARD_RESET 0xfe

uint8_t pm1_read(struct machine *machine, unsigned offset)
{
	uint16_t value = 0; /* no event ever happens */

	if (offset >= PM1_CONTROL)
		value = machine->pm1_control | SCI_ENABLED;
	else if (offset >= PM1_ENABLE)
		value = machine->pm1_enable;
	return (uint8_t)(value >> offset % 2 * 8);
}

void pm1_write(struct machine *machine, unsigned offset, uint8_t value)
{
	uint16_t *reg = offset >= PM1_CONTROL ? &machine->pm1_control : &machine->pm1_enable;
	unsigned shift = offset % 2 * 8;

	if (offset < PM1_ENABLE)
		return;
	*reg = (uint16_t)((*reg & ~(0xff << shift)) | value << shift);
	if (reg == &machine->pm1_control && (*reg & SLEEP_ENABLE) &&
	    SLEEP_TYPE(*reg) == PM_SLEEP_TYPE_OFF)
		machine_end(machine, END_SHUTDOWN, "the guest shut down");
}

void reset_write(struct machine *machine, unsigned offset, uint8_t value)
{
	(void)offset;
	if (value & RESET_CPU)
		machine_end(machine, END_RESET, "the guest reset the machine");
}

uint8_t keyboard_read(struct machine *machine, unsigned offset)
{
	(void)machine;
	(void)offset;
	return 0; /* neither busy nor with a byte to read: a reset need not wait */
}

void keyboard_write(struct machine *machine, unsigned offset, uint8_t value)
{
	(void)offset;
	if (value == KEYBOARD_RESET)
		machine_end(machine, END_RESET, "the guest reset the machine");
}
