/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uart.h - a 16550A serial port
 *
 * Between the guest's vCPUs and the main thread: what the guest sends waits here until the
 * main thread takes it.  When that is too slow, the guest sees a full transmitter and
 * waits, as with a real one; no vCPU's thread waits.
 */
#ifndef VMM_UART_H
#define VMM_UART_H

#include <stddef.h>
#include <stdint.h>

struct machine;
struct uart;

/* NULL: out of memory.  `irq` is its ISA interrupt. */
struct uart *uart_create(struct machine *machine, unsigned irq);
void uart_destroy(struct uart *uart);

/* The guest reads or writes one of the eight registers.  Any thread. */
uint8_t uart_read(struct uart *uart, unsigned reg);
void uart_write(struct uart *uart, unsigned reg, uint8_t value);

/* The main thread: takes up to `size` bytes that the guest has sent.  Returns how many. */
size_t uart_take(struct uart *uart, uint8_t *bytes, size_t size);

/*
 * The main thread: gives the guest `size` bytes to receive.  Returns how many there was
 * room for; where that is not all, machine_wake() comes when there is room again.
 */
size_t uart_give(struct uart *uart, const uint8_t *bytes, size_t size);

#endif
