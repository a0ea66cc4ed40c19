/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmcoreinfo.h - what the kernel says of itself for crash dumps: KEY=value lines
 */
#ifndef CAPTURE_VMCOREINFO_H
#define CAPTURE_VMCOREINFO_H

#include <stdbool.h>
#include <stdint.h>

/* The hexadecimal value of SYMBOL(name); false if there is none. */
bool vmcoreinfo_symbol(const char *info, const char *name, uint64_t *value);

/* The decimal (or 0x) value of NUMBER(name), signed. */
bool vmcoreinfo_number(const char *info, const char *name, int64_t *value);

/* The decimal value of `key=`, as of SIZE(...) and OFFSET(...). */
bool vmcoreinfo_decimal(const char *info, const char *key, uint64_t *value);

/* The hexadecimal value of `key=`. */
bool vmcoreinfo_hex(const char *info, const char *key, uint64_t *value);

#endif
