/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signal.h - what devices tell the machine
 */
#ifndef VMM_SIGNAL_H
#define VMM_SIGNAL_H

#include <stdbool.h>

struct machine;

/* Makes the main thread look around.  Any thread. */
void machine_wake(struct machine *machine);

/* Sets the level of an interrupt line (0 to 15 as the ISA bus numbers them). */
void machine_irq(struct machine *machine, unsigned irq, bool high);

#endif
