/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * faults.h - allocations and system calls that fail once: of a program linked with faults.c
 *
 * The Makefile names the programs, and has the linker `--wrap` each function of the table in
 * faults.c.  Calls that libc and other libraries make among themselves are not seen.
 *
 * A program may also be told by its environment:
 *
 *	SCXRAY_FAULT=0		at its end it writes, for each place that calls, "site: N NAME"
 *	SCXRAY_FAULT=N		call N fails, and "fault: N NAME" goes to standard error
 *	SCXRAY_FAULT_HOW=kill	in place of that, SIGKILL
 *	SCXRAY_FAULT_HOW=signal	every call from N on that may is interrupted once (EINTR)
 */
#ifndef TESTS_FAULTS_H
#define TESTS_FAULTS_H

/* From now on calls of all threads are counted from 1, and call `nth` fails; 0: none. */
void faults_arm(unsigned long nth);

/* No call fails any more.  Returns how many there were. */
unsigned long faults_disarm(void);

/* What failed since faults_arm(); NULL: nothing. */
const char *faults_failed(void);

/* The calls that were the first of their place, in order, since faults_arm(); at most `max`. */
unsigned long faults_sites(unsigned long *calls, unsigned long max);

#endif
