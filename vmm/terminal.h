/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * terminal.h - the terminal that stdin may be
 */
#ifndef VMM_TERMINAL_H
#define VMM_TERMINAL_H

/*
 * Keys go to the guest as they are typed, without an echo; Ctrl-C and Ctrl-\ stay signals.
 * Does nothing where stdin is no terminal, or not ours now.
 */
void terminal_hand_over(void);

/* As it was. */
void terminal_restore(void);

#endif
