/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uffd.h - userfaultfd(2): memory of this process whose writers wait
 *
 * Addresses and sizes are bytes, multiples of the mapping's page size (fs/userfaultfd.c).  Any thread; only
 * uffd_open() opens or allocates anything.
 */
#ifndef CAPTURE_UFFD_H
#define CAPTURE_UFFD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UFFD_MESSAGE_BYTES 32 /* of a read(2): struct uffd_msg */

/*
 * A descriptor that takes faults of the kernel's own writes as well, for KVM writes to guest RAM on
 * behalf of its vCPUs.  -1, and *why (static text): the host forbids it, or is too old.
 */
int uffd_open(const char **why);

/* 0, or -errno: -EINVAL where the memory is a file's, -EBUSY where another descriptor has it. */
int uffd_register(int fd, uint64_t start, uint64_t size);

/* All writers that wait go on, and nothing is protected any more. */
void uffd_unregister(int fd, uint64_t start, uint64_t size);

/* From now on writers wait; or with `on` false: those that wait go on.  0, or -errno. */
int uffd_protect(int fd, uint64_t start, uint64_t size, bool on);

/* Addresses at which writers began to wait, at most `max`; 0: none for now.  Never blocks. */
size_t uffd_faults(int fd, uint64_t *addresses, size_t max);

#endif
