/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * symbol_of.h - the names of addresses, in the report's memory
 */
#ifndef CAPTURE_READ_SYMBOL_OF_H
#define CAPTURE_READ_SYMBOL_OF_H

#include <scxray/atoms.h>

struct walk;

/* "name+0x1c" in the report's memory; NULL if no symbol covers `addr`, and in a walk that records. */
const char *symbol_of(struct walk *w, uint64_t addr);

/* As symbol_of(), for a return address: the symbol of the call before it. */
const char *return_symbol_of(struct walk *w, uint64_t addr);

/* A stack's frame at `addr`, with its symbol and source line; `exact`: `addr` is no return address. */
struct scxray_address frame_of(struct walk *w, uint64_t addr, bool exact);

#endif
