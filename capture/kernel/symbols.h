/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * symbols.h - the guest kernel's symbols, from its own kallsyms tables
 *
 * Names stay compressed, as the kernel holds them; a binary search looks an address up, and only then is its
 * name expanded.  The format (see kallsyms.c): scripts/kallsyms.c and kernel/kallsyms.c, 6.1 to 7.3.
 */
#ifndef CAPTURE_SYMBOLS_H
#define CAPTURE_SYMBOLS_H

#include <scxray/error.h>

#include "capture/memory/guest.h"
#include "capture/image/source.h"

/* How kallsyms_offsets is to be read. */
enum kallsyms_encoding {
	KALLSYMS_PLACE_RELATIVE,  /* 7.0 on: &offsets[i] + offsets[i] */
	KALLSYMS_BASE_RELATIVE,	  /* base + (u32)offsets[i] */
	KALLSYMS_ABSOLUTE_PERCPU, /* up to 6.14: offsets[i] if >= 0, else base - 1 - offsets[i] */
	KALLSYMS_NR_ENCODINGS,
};

/* A range of BPF code: a program, a trampoline. */
struct bpf_symbol {
	uint64_t start, end;
	uint64_t aux; /* struct bpf_prog_aux of the program; 0: not a program, or unknown */
	char *name;
};

struct symbols {
	uint32_t nr;
	int32_t *offset; /* a symbol's address as the kernel has it: kallsyms_addr() */
	uint64_t offsets_kva, relative_base;
	uint32_t *by_addr; /* symbols in order of address; NULL: their numbers have that order */
	uint8_t *names;
	size_t names_size;
	uint32_t *marker; /* where each 256th name begins */
	uint8_t *seqs;	  /* 3 bytes each: symbols in order of their names; NULL: not found */
	uint8_t *tokens;
	uint16_t token_index[256];
	uint8_t token_len[256];
	enum kallsyms_encoding encoding;
	struct bpf_symbol *bpf;
	size_t nr_bpf;
	bool bpf_lost; /* no memory for one of them */
};

/* A name to look up and where its address goes: 0 where there is no such symbol. */
struct symbol_want {
	const char *name;
	uint64_t addr;
	uint32_t index; /* set by kallsyms_find() */
	bool found;	/* a symbol's address may be 0 */
};

/*
 * Reads the tables at `where`, finds out their encoding, and verifies them: the
 * symbol linux_banner must lead to "Linux version ".  0, or -1 with *err.
 */
int symbols_load(struct symbols *symbols, struct guest *g, const struct kallsyms_where *where,
		 struct scxray_error *err);
void symbols_deinit(struct symbols *symbols);

/* Fills all wants.  The first of several symbols with one name counts. */
void symbols_find(const struct symbols *symbols, struct symbol_want *wants, size_t nr);

/*
 * "name+0x1c" for `addr`, or NULL if no symbol covers it.  Names of BPF programs end in
 * " [bpf]".  Writes to `buf`.
 */
const char *symbols_name(const struct symbols *symbols, uint64_t addr, char *buf, size_t size);

/*
 * As symbols_name(), for a return address: the symbol is that of the call before it, which may be the last
 * instruction of its function.
 */
const char *symbols_return_name(const struct symbols *symbols, uint64_t addr, char *buf,
				size_t size);

/*
 * Adds a BPF range; `name` is copied, `aux` as in struct bpf_symbol.  Call symbols_sort_bpf() after the last.
 * 0, or -1: out of memory.
 */
int symbols_add_bpf(struct symbols *symbols, uint64_t start, uint64_t end, uint64_t aux,
		    const char *name);
void symbols_sort_bpf(struct symbols *symbols);
/* The BPF range that holds `addr`, or NULL. */
const struct bpf_symbol *symbols_find_bpf(const struct symbols *symbols, uint64_t addr);
/*
 * The function of a program's symbol: "enqueue" of "bpf_prog_0123456789abcdef_enqueue"
 * (bpf_prog_ksym_set_name() in kernel/bpf/core.c), a part of `name`; NULL if `name` is not of that form.
 */
const char *symbols_bpf_function(const char *name);
/* Forgets all BPF ranges: a live guest's programs come and go. */
void symbols_clear_bpf(struct symbols *symbols);

/* Two pieces are in use at a time: what is searched, and what a find is checked in. */
enum kallsyms_piece {
	KALLSYMS_SEARCHED,
	KALLSYMS_CHECKED,
	KALLSYMS_NR_PIECES,
};

/* A kernel image, read in pieces: it may be in another process's memory, or in a file. */
struct kallsyms_image {
	uint64_t va;   /* of its first byte; a multiple of 16 */
	uint64_t size; /* bytes */
	/* `len` bytes from offset `at` on, inside the image; valid until the next call with this `piece`.  NULL: no memory. */
	const uint8_t *(*bytes)(struct kallsyms_image *image, enum kallsyms_piece piece,
				uint64_t at, size_t len);
};

/* Finds the tables in a kernel image, without VMCOREINFO.  False if the tables are not there. */
bool kallsyms_search(struct kallsyms_image *image, struct kallsyms_where *where);

#endif
