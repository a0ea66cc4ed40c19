/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ports.c - which device an I/O port belongs to
 *
 * The interrupt chips, the PIT and port 0x61 are KVM's own and never come here.  A port
 * that nobody has reads as all ones; so does the PCI bus that is not there (0xcf8, 0xcfc).
 */
#include <base/array.h>

#include "ports.h"
#include "uart.h"

static uint8_t com1_read(struct machine *machine, unsigned offset)
{
	return uart_read(machine->com1, offset);
}

static void com1_write(struct machine *machine, unsigned offset, uint8_t value)
{
	uart_write(machine->com1, offset, value);
}

static uint8_t com2_read(struct machine *machine, unsigned offset)
{
	return uart_read(machine->com2, offset);
}

static void com2_write(struct machine *machine, unsigned offset, uint8_t value)
{
	uart_write(machine->com2, offset, value);
}

/* All of these are as wide as a byte: a wider access is several of them. */
static const struct device {
	uint16_t first, count;
	uint8_t (*read)(struct machine *machine, unsigned offset);
	void (*write)(struct machine *machine, unsigned offset, uint8_t value);
	bool own_lock;
} devices[] = {
	{ 0x3f8, 8, com1_read, com1_write, true },
	{ 0x2f8, 8, com2_read, com2_write, true },
	{ PM1_EVENT_PORT, 6, pm1_read, pm1_write, false },
	{ 0x70, 2, cmos_read, cmos_write, false },
	{ 0x64, 1, keyboard_read, keyboard_write, false },
	{ RESET_PORT, 1, NULL, reset_write, false },
};

static const struct device *find(uint16_t port)
{
	for (unsigned i = 0; i < ARRAY_SIZE(devices); i++)
		if (port >= devices[i].first && port - devices[i].first < devices[i].count)
			return &devices[i];
	return NULL;
}

void ports_read(struct machine *machine, uint16_t port, uint8_t *data, unsigned size)
{
	for (unsigned i = 0; i < size; i++, port++) {
		const struct device *device = find(port);

		if (!device || !device->read) {
			data[i] = 0xff;
			continue;
		}
		if (!device->own_lock)
			pthread_mutex_lock(&machine->port_lock);
		data[i] = device->read(machine, port - device->first);
		if (!device->own_lock)
			pthread_mutex_unlock(&machine->port_lock);
	}
}

void ports_write(struct machine *machine, uint16_t port, const uint8_t *data, unsigned size)
{
	/* 0xcf8 is PCI's if it is written as a whole, and then the byte at 0xcf9 is none of ours. */
	if (port < RESET_PORT && port + size > RESET_PORT)
		return;
	for (unsigned i = 0; i < size; i++, port++) {
		const struct device *device = find(port);

		if (!device)
			continue;
		if (!device->own_lock)
			pthread_mutex_lock(&machine->port_lock);
		device->write(machine, port - device->first, data[i]);
		if (!device->own_lock)
			pthread_mutex_unlock(&machine->port_lock);
	}
}
