/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * socket.h - connecting to a monitor, and whose it is
 */
#ifndef QEMU_SOCKET_H
#define QEMU_SOCKET_H

#include <sys/types.h>

#include <scxray/error.h>

/* `address`: a path, or HOST:PORT.  A descriptor to be closed, or -1 with *err. */
int socket_connect(const char *address, struct scxray_error *err);

/* The process at the other end, of this machine; 0: it can't be known. */
pid_t socket_peer(int fd);

#endif
