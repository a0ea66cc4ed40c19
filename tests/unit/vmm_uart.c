/* SPDX-License-Identifier: BSD-2-Clause */
/* uart.c of the VMM: what a driver sees of a 16550A, and when it interrupts. */
#include <string.h>

#include "tests/lib/unit.h"
#include "vmm/signal.h"
#include "vmm/uart.h"

enum {
	DATA,
	IER,
	IIR,
	LCR,
	MCR,
	LSR,
	MSR,
	SCRATCH
};

#define IER_RECEIVED 1
#define IER_SENT 2
#define OUT2 8
#define LOOP 0x10
#define THR_EMPTY 0x60

/* The machine's part: the level of the interrupt, and how often the main thread was woken. */
static unsigned irq_line, edges, wakes;
static bool level;

void machine_irq(struct machine *machine, unsigned irq, bool high)
{
	(void)machine;
	irq_line = irq;
	edges += high && !level;
	level = high;
}

void machine_wake(struct machine *machine)
{
	(void)machine;
	wakes++;
}

static struct uart *start(void)
{
	struct uart *uart = uart_create(NULL, 4);

	ck_assert_ptr_nonnull(uart);
	irq_line = edges = wakes = 0;
	level = false;
	return uart;
}

START_TEST(sent_bytes_come_out_in_order)
{
	struct uart *uart = start();
	uint8_t bytes[300];

	for (unsigned i = 0; i < 200; i++)
		uart_write(uart, DATA, (uint8_t)i);
	ck_assert_uint_eq(wakes, 1); /* for the first; the rest is fetched with it */
	ck_assert_uint_eq(uart_take(uart, bytes, 150), 150);
	ck_assert_uint_eq(uart_take(uart, bytes + 150, 150), 50);
	for (unsigned i = 0; i < 200; i++)
		ck_assert_uint_eq(bytes[i], i);
	uart_write(uart, DATA, 1);
	ck_assert_uint_eq(wakes, 2);
	ck_assert(!level); /* no interrupt was asked for */
	uart_destroy(uart);
}
END_TEST

/* A reader that does not come: the transmitter says full, and nothing is overwritten. */
START_TEST(a_full_transmitter_says_so)
{
	struct uart *uart = start();
	uint8_t bytes[4096];
	size_t sent = 0, got = 0;

	uart_write(uart, MCR, OUT2);
	uart_write(uart, IER, IER_SENT);
	while (uart_read(uart, LSR) & 0x20) {
		ck_assert(level || !sent);
		uart_read(uart, IIR);
		uart_write(uart, DATA, (uint8_t)(sent++ % 251));
		ck_assert_uint_lt(sent, 1 << 20);
	}
	ck_assert(!level); /* nothing to do for the guest now */
	uart_write(uart, DATA, 255);
	got = uart_take(uart, bytes, 10);
	ck_assert_uint_eq(got, 10);
	ck_assert(level); /* there is room again */
	while (got < sent) {
		size_t part = uart_take(uart, bytes, sizeof(bytes));

		ck_assert_uint_gt(part, 0);
		for (size_t i = 0; i < part; i++)
			ck_assert_uint_eq(bytes[i], (got + i) % 251);
		got += part;
	}
	ck_assert_uint_eq(uart_take(uart, bytes, 1), 0);
	uart_destroy(uart);
}
END_TEST

START_TEST(interrupts_follow_the_registers)
{
	struct uart *uart = start();
	uint8_t byte = 'x';

	uart_write(uart, IER, IER_SENT);
	ck_assert(!level); /* OUT2 gates it */
	uart_write(uart, MCR, OUT2);
	ck_assert(level);
	ck_assert_uint_eq(irq_line, 4);
	ck_assert_uint_eq(uart_read(uart, IIR), 0x02);
	ck_assert(!level); /* reading has taken it back */
	ck_assert_uint_eq(uart_read(uart, IIR), 0x01);
	uart_write(uart, DATA, 'a');
	ck_assert(level); /* sent, and ready for more: an edge of its own */
	ck_assert_uint_eq(edges, 2);

	uart_write(uart, IER, IER_SENT | IER_RECEIVED);
	ck_assert_uint_eq(uart_give(uart, &byte, 1), 1);
	ck_assert_uint_eq(uart_read(uart, IIR), 0x04); /* what came in goes first */
	ck_assert(level);
	ck_assert_uint_eq(uart_read(uart, LSR) & 1, 1);
	ck_assert_uint_eq(uart_read(uart, DATA), 'x');
	ck_assert_uint_eq(uart_read(uart, LSR) & 1, 0);
	ck_assert_uint_eq(uart_read(uart, IIR), 0x02);
	ck_assert(!level);
	uart_give(uart, &byte, 1);
	ck_assert(level);
	uart_write(uart, IER, 0);
	ck_assert(!level);
	uart_destroy(uart);
}
END_TEST

START_TEST(more_input_than_there_is_room_for)
{
	static uint8_t bytes[5000];
	struct uart *uart = start();
	size_t room;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i % 253);
	room = uart_give(uart, bytes, sizeof(bytes));
	ck_assert_uint_lt(room, sizeof(bytes));
	ck_assert_uint_eq(wakes, 0);
	for (size_t i = 0; i < room; i++)
		ck_assert_uint_eq(uart_read(uart, DATA), i % 253);
	ck_assert_uint_eq(wakes, 1); /* the rest may come */
	ck_assert_uint_eq(uart_give(uart, bytes + room, sizeof(bytes) - room),
			  sizeof(bytes) - room);
	ck_assert_uint_eq(uart_read(uart, DATA), room % 253);
	uart_write(uart, IIR, 0x03); /* FCR: FIFO on, receiver cleared */
	ck_assert_uint_eq(uart_read(uart, LSR), THR_EMPTY);
	ck_assert_uint_eq(uart_read(uart, DATA), 0);
	uart_destroy(uart);
}
END_TEST

/* What Linux's 8250 driver does to find out what it has (drivers/tty/serial/8250/8250_port.c, autoconfig()). */
START_TEST(linux_finds_a_16550a)
{
	struct uart *uart = start();

	uart_write(uart, IER, 0);
	ck_assert_uint_eq(uart_read(uart, IER) & 0x0f, 0);
	uart_write(uart, IER, 0x0f);
	ck_assert_uint_eq(uart_read(uart, IER) & 0x0f, 0x0f);
	uart_write(uart, IER, 0);
	uart_write(uart, MCR, LOOP | 0x0a);
	ck_assert_uint_eq(uart_read(uart, MSR) & 0xf0, 0x90);
	uart_write(uart, MCR, 0);
	ck_assert_uint_eq(uart_read(uart, MSR) & 0xf0, 0xb0);
	ck_assert_uint_eq(uart_read(uart, IIR) >> 6, 0);
	uart_write(uart, IIR, 1);
	ck_assert_uint_eq(uart_read(uart, IIR) >> 6, 3);
	uart_write(uart, SCRATCH, 0xa5);
	ck_assert_uint_eq(uart_read(uart, SCRATCH), 0xa5);
	uart_destroy(uart);
}
END_TEST

START_TEST(the_divisor_stands_beside_the_data)
{
	struct uart *uart = start();
	uint8_t byte;

	uart_write(uart, IER, 0x05);
	uart_write(uart, LCR, 0x83);
	uart_write(uart, DATA, 0x12);
	uart_write(uart, IER, 0x34);
	ck_assert_uint_eq(uart_read(uart, DATA), 0x12);
	ck_assert_uint_eq(uart_read(uart, IER), 0x34);
	uart_write(uart, LCR, 0x03);
	ck_assert_uint_eq(uart_read(uart, IER), 0x05);
	ck_assert_uint_eq(uart_take(uart, &byte, 1), 0);
	uart_destroy(uart);
}
END_TEST

START_TEST(loopback_sends_to_itself)
{
	struct uart *uart = start();
	uint8_t byte;

	uart_write(uart, IER, IER_RECEIVED);
	uart_write(uart, MCR, LOOP | OUT2);
	for (unsigned i = 0; i < 10000; i++)
		uart_write(uart, DATA, 'l');
	ck_assert_uint_eq(uart_take(uart, &byte, 1), 0);
	ck_assert_uint_eq(uart_read(uart, DATA), 'l');
	ck_assert(!level); /* and interrupts nobody */
	uart_destroy(uart);
}
END_TEST

static const unit_test tests[] = {
	&sent_bytes_come_out_in_order,
	&a_full_transmitter_says_so,
	&interrupts_follow_the_registers,
	&more_input_than_there_is_room_for,
	&linux_finds_a_16550a,
	&the_divisor_stands_beside_the_data,
	&loopback_sends_to_itself,
};

UNIT_MAIN("vmm_uart", tests)
