/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ports.h - the machine's I/O ports
 */
#ifndef VMM_PORTS_H
#define VMM_PORTS_H

#include "machine.h"

/* A vCPU's port access of 1, 2 or 4 bytes, little-endian at `data`.  Its thread. */
void ports_read(struct machine *machine, uint16_t port, uint8_t *data, unsigned size);
void ports_write(struct machine *machine, uint16_t port, const uint8_t *data, unsigned size);

/* ---- pm.c: power management and reset; what ACPI's tables say of it --------------- */

#define PM1_EVENT_PORT 0x600   /* status and enable, 2 bytes each */
#define PM1_CONTROL_PORT 0x604 /* 2 bytes */
#define PM_SLEEP_TYPE_OFF 5    /* of S5 */
#define RESET_PORT 0xcf9
#define RESET_VALUE 0x06

/* One byte at `offset` of a device's ports, under port_lock. */
uint8_t pm1_read(struct machine *machine, unsigned offset);
void pm1_write(struct machine *machine, unsigned offset, uint8_t value);
void reset_write(struct machine *machine, unsigned offset, uint8_t value);
uint8_t keyboard_read(struct machine *machine, unsigned offset);
void keyboard_write(struct machine *machine, unsigned offset, uint8_t value);

/* ---- cmos.c: the clock ------------------------------------------------------------ */

uint8_t cmos_read(struct machine *machine, unsigned offset);
void cmos_write(struct machine *machine, unsigned offset, uint8_t value);

#endif
