/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * number.h - numbers that a user writes
 */
#ifndef WATCH_NUMBER_H
#define WATCH_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* A whole decimal number from `least` to `most`; nothing before or after it. */
bool number_parse(const char *text, uint64_t least, uint64_t most, uint64_t *number);

/* Bytes, at least 1: the same, with K, M or G after it or nothing. */
bool number_parse_size(const char *text, uint64_t *size);

#endif
