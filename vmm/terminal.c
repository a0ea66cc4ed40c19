/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * terminal.c - the terminal that stdin may be
 */
#include <stdbool.h>
#include <termios.h>
#include <unistd.h>

#include "terminal.h"

/* The process has one terminal. */
static struct termios saved;
static bool changed;

void terminal_hand_over(void)
{
	struct termios raw;

	if (!isatty(STDIN_FILENO) || tcgetpgrp(STDIN_FILENO) != getpgrp() ||
	    tcgetattr(STDIN_FILENO, &saved))
		return;
	raw = saved;
	raw.c_iflag &= ~(tcflag_t)(ICRNL | IXON);
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN);
	raw.c_cc[VSUSP] = _POSIX_VDISABLE;
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	changed = !tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

void terminal_restore(void)
{
	if (changed)
		tcsetattr(STDIN_FILENO, TCSANOW, &saved);
	changed = false;
}
