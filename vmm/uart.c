/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uart.c - a 16550A serial port
 *
 * As much of it as drivers look at: a transmitter whose FIFO never is in the way, a
 * receiver, the interrupts of both, loopback (Linux probes by it), scratch.  Lines have
 * no speed: the divisor is only remembered.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "signal.h"
#include "uart.h"

enum {
	REG_DATA, /* RBR, THR; DLAB: divisor, low byte */
	REG_IER,  /* DLAB: divisor, high byte */
	REG_IIR,  /* write: FCR */
	REG_LCR,
	REG_MCR,
	REG_LSR,
	REG_MSR,
	REG_SCRATCH,
};

#define IER_RECEIVED 0x01
#define IER_SENT 0x02
#define IIR_NONE 0x01
#define IIR_SENT 0x02
#define IIR_RECEIVED 0x04
#define IIR_FIFO 0xc0
#define FCR_ENABLE 0x01
#define FCR_CLEAR_RECEIVER 0x02
#define LCR_DLAB 0x80
#define MCR_OUT2 0x08 /* on a PC it gates the interrupt */
#define MCR_LOOP 0x10
#define LSR_DATA 0x01
#define LSR_SENT 0x60  /* THR and the shift register are empty */
#define MSR_READY 0xb0 /* CTS, DSR, DCD: somebody is there */

/* Powers of two.  What a guest sends in bulk is fetched in a few steps. */
#define OUT_SIZE 65536U
#define IN_SIZE 4096U

struct ring {
	uint8_t *bytes;
	size_t size;
	size_t head, tail; /* count up for ever; head - tail is what is in there */
};

struct uart {
	struct machine *machine;
	unsigned irq;
	pthread_mutex_t lock;
	uint8_t ier, fcr, lcr, mcr, scratch, divisor[2];
	bool sent;	    /* the interrupt "transmitter empty" is due, until IIR is read */
	bool line;	    /* the interrupt's level */
	bool input_refused; /* uart_give() had more than there was room for */
	struct ring out, in;
	uint8_t out_bytes[OUT_SIZE], in_bytes[IN_SIZE];
};

static size_t ring_used(const struct ring *ring)
{
	return ring->head - ring->tail;
}

static bool ring_full(const struct ring *ring)
{
	return ring_used(ring) == ring->size;
}

static void ring_push(struct ring *ring, uint8_t byte)
{
	ring->bytes[ring->head++ % ring->size] = byte;
}

static uint8_t ring_pop(struct ring *ring)
{
	return ring->bytes[ring->tail++ % ring->size];
}

struct uart *uart_create(struct machine *machine, unsigned irq)
{
	struct uart *uart = calloc(1, sizeof(*uart));

	if (!uart)
		return NULL;
	uart->machine = machine;
	uart->irq = irq;
	uart->out = (struct ring){ .bytes = uart->out_bytes, .size = OUT_SIZE };
	uart->in = (struct ring){ .bytes = uart->in_bytes, .size = IN_SIZE };
	pthread_mutex_init(&uart->lock, NULL);
	return uart;
}

void uart_destroy(struct uart *uart)
{
	if (!uart)
		return;
	pthread_mutex_destroy(&uart->lock);
	free(uart);
}

/* What IIR says, the receiver first as in the data sheet. */
static uint8_t pending(const struct uart *uart)
{
	if ((uart->ier & IER_RECEIVED) && ring_used(&uart->in))
		return IIR_RECEIVED;
	if ((uart->ier & IER_SENT) && uart->sent && !ring_full(&uart->out))
		return IIR_SENT;
	return IIR_NONE;
}

/* After each change: the interrupt follows from the registers. */
static void update_irq(struct uart *uart)
{
	bool line = pending(uart) != IIR_NONE && (uart->mcr & MCR_OUT2) && !(uart->mcr & MCR_LOOP);

	if (line != uart->line)
		machine_irq(uart->machine, uart->irq, line);
	uart->line = line;
}

static uint8_t receive(struct uart *uart)
{
	uint8_t byte = ring_used(&uart->in) ? ring_pop(&uart->in) : 0;

	if (uart->input_refused && !ring_used(&uart->in)) {
		uart->input_refused = false;
		machine_wake(uart->machine);
	}
	return byte;
}

static void transmit(struct uart *uart, uint8_t byte)
{
	if (uart->mcr & MCR_LOOP) {
		if (!ring_full(&uart->in))
			ring_push(&uart->in, byte);
	} else if (!ring_full(&uart->out)) { /* else it was told to wait, and did not */
		ring_push(&uart->out, byte);
		if (ring_used(&uart->out) == 1)
			machine_wake(uart->machine);
	}
	uart->sent = true; /* sent in no time */
}

static uint8_t read_iir(struct uart *uart)
{
	uint8_t value = pending(uart);

	if (value == IIR_SENT)
		uart->sent = false;
	return value | ((uart->fcr & FCR_ENABLE) ? IIR_FIFO : 0);
}

static uint8_t read_lsr(const struct uart *uart)
{
	return (ring_used(&uart->in) ? LSR_DATA : 0) | (ring_full(&uart->out) ? 0 : LSR_SENT);
}

/* In loopback the outputs of MCR are the inputs of MSR: DTR to DSR, RTS to CTS, OUT1 to RI, OUT2 to DCD. */
static uint8_t read_msr(const struct uart *uart)
{
	uint8_t m = uart->mcr;

	if (!(m & MCR_LOOP))
		return MSR_READY;
	return (uint8_t)((m & 0x01) << 5 | (m & 0x02) << 3 | (m & 0x0c) << 4);
}

static uint8_t read_register(struct uart *uart, unsigned reg)
{
	bool divisor = (uart->lcr & LCR_DLAB) && reg <= REG_IER;

	if (divisor)
		return uart->divisor[reg];
	switch (reg) {
	case REG_DATA:
		return receive(uart);
	case REG_IER:
		return uart->ier;
	case REG_IIR:
		return read_iir(uart);
	case REG_LCR:
		return uart->lcr;
	case REG_MCR:
		return uart->mcr;
	case REG_LSR:
		return read_lsr(uart);
	case REG_MSR:
		return read_msr(uart);
	default:
		return uart->scratch;
	}
}

static void write_register(struct uart *uart, unsigned reg, uint8_t value)
{
	bool divisor = (uart->lcr & LCR_DLAB) && reg <= REG_IER;

	if (divisor) {
		uart->divisor[reg] = value;
		return;
	}
	switch (reg) {
	case REG_DATA:
		transmit(uart, value);
		break;
	case REG_IER:
		/* Turning the transmitter's interrupt on raises it: drivers start to send so. */
		if (value & ~uart->ier & IER_SENT)
			uart->sent = true;
		uart->ier = value & 0x0f;
		break;
	case REG_IIR:
		uart->fcr = value;
		if (value & FCR_CLEAR_RECEIVER)
			uart->in.tail = uart->in.head;
		break;
	case REG_LCR:
		uart->lcr = value;
		break;
	case REG_MCR:
		uart->mcr = value & 0x1f;
		break;
	case REG_SCRATCH:
		uart->scratch = value;
		break;
	}
}

uint8_t uart_read(struct uart *uart, unsigned reg)
{
	uint8_t value;

	pthread_mutex_lock(&uart->lock);
	value = read_register(uart, reg);
	update_irq(uart);
	pthread_mutex_unlock(&uart->lock);
	return value;
}

void uart_write(struct uart *uart, unsigned reg, uint8_t value)
{
	pthread_mutex_lock(&uart->lock);
	write_register(uart, reg, value);
	update_irq(uart);
	pthread_mutex_unlock(&uart->lock);
}

size_t uart_take(struct uart *uart, uint8_t *bytes, size_t size)
{
	size_t taken = 0;

	pthread_mutex_lock(&uart->lock);
	while (taken < size && ring_used(&uart->out))
		bytes[taken++] = ring_pop(&uart->out);
	update_irq(uart);
	pthread_mutex_unlock(&uart->lock);
	return taken;
}

size_t uart_give(struct uart *uart, const uint8_t *bytes, size_t size)
{
	size_t given = 0;

	pthread_mutex_lock(&uart->lock);
	while (given < size && !ring_full(&uart->in))
		ring_push(&uart->in, bytes[given++]);
	uart->input_refused = given < size;
	update_irq(uart);
	pthread_mutex_unlock(&uart->lock);
	return given;
}
