/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * message.h - one line on stderr
 */
#ifndef VMM_MESSAGE_H
#define VMM_MESSAGE_H

/* "scxray-vmm: " and the message, control characters replaced, in one write.  Any thread. */
void message_print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
