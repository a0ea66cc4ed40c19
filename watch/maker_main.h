/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maker_main.h - the process that makes reports
 */
#ifndef WATCH_MAKER_MAIN_H
#define WATCH_MAKER_MAIN_H

/*
 * Does what maker.h says of the process; `arguments` are VERSION KEY=VALUE...  Confines itself before
 * it reads a byte of a recording.  Returns the exit status: 0 after it said "end".
 */
int maker_main(int nr, char **arguments);

#endif
