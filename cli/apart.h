/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * apart.h - commands that read an image through a library that may crash on it
 */
#ifndef CLI_APART_H
#define CLI_APART_H

#include "cli.h"

/*
 * Runs the command, in a process of its own if an argument is a file that libkdumpfile reads: version 0.5.1
 * crashes on broken pages, and its crash ends in one line here.  A status as in cli.h.
 */
int apart_run(const struct cli_command *command, int argc, char **argv);

#endif
