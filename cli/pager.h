/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pager.h - a program that shows long text page by page on the terminal
 */
#ifndef CLI_PAGER_H
#define CLI_PAGER_H

#include <stddef.h>

/*
 * The command for a text on standard output: SCXRAY_PAGER, else PAGER, else less or more.  NULL
 * where standard output is no terminal that pages make sense on, or where the user wants none
 * ("" or cat).
 */
const char *pager_command(void);

/*
 * Shows `size` bytes by the pager if they have more lines than the terminal, and returns when the user
 * has left it: a status of cli.h; leaving early is CLI_OK.  -1: they fit, or there is no process to be
 * had; nothing was written.
 */
int pager_show(const char *command, const char *text, size_t size);

#endif
