/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * atoms.h - numbers, texts, masks and values that know whether they could be read
 */
#ifndef SCXRAY_ATOMS_H
#define SCXRAY_ATOMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct btf; /* libbpf's */

enum scxray_state {
	SCXRAY_NONE = 0,   /* does not apply here (no such object): leave it out */
	SCXRAY_PRESENT,	   /* `value` is what memory held */
	SCXRAY_MISSING,	   /* this kernel has no such member or symbol: `reason` names it */
	SCXRAY_UNREADABLE, /* the bytes at guest address `value` could not be read: `reason` */
};

/* A number from guest memory, or why there is none. */
struct scxray_num {
	uint64_t
		value; /* PRESENT: sign-extended if the member is signed; UNREADABLE: the guest address */
	const char *reason;
	enum scxray_state state;
};

/*
 * Bytes from guest memory that are meant as text.  They may hold any byte except
 * NUL, so also invalid UTF-8: the code that prints them escapes them.
 */
struct scxray_text {
	const char *bytes; /* NUL-terminated as well, for convenience; NULL unless PRESENT */
	size_t len;
	uint64_t addr; /* where it is; UNREADABLE: what could not be read */
	const char *reason;
	enum scxray_state state;
};

/* A bit mask of CPUs, bit c of word c / 64. */
struct scxray_cpumask {
	const uint64_t *words;
	uint32_t nr_bits; /* how many bits are meaningful (nr_cpu_ids) */
	uint64_t addr;
	const char *reason;
	enum scxray_state state;
};

/*
 * A value whose form BTF decides: the raw bytes and the type.  `size` may be
 * smaller than the type's size when only the first part could be read.
 */
struct scxray_value {
	const struct btf *btf; /* owned by the report */
	uint32_t type_id;
	const uint8_t *bytes;
	uint32_t size;
	uint64_t addr; /* guest virtual address of the bytes */
	const char *reason;
	enum scxray_state state;
};

/*
 * A place in a BPF program's source, by the line info that its loader gave the kernel
 * (bpf_prog_aux.linfo, and the strings of the program's BTF).  In a program without line info only
 * `function` is not NONE.
 */
struct scxray_bpf_line {
	struct scxray_text function; /* "scxfix_dispatch" */
	struct scxray_text file;     /* as the compiler was given it: "/src/main.bpf.c" */
	struct scxray_num line;	     /* from 1; NONE: this code belongs to no source line */
	struct scxray_num column;    /* from 1; NONE likewise */
	struct scxray_text text;     /* the line itself, without the blanks that it begins with */
};

/* An address with the symbol that covers it; `symbol` is NULL where none does. */
struct scxray_address {
	struct scxray_num addr;
	const char *
		symbol; /* "name" or "name+0x1c" or "bpf_prog_..._name+0x8 [bpf]"; report-owned, printable */
	const struct scxray_bpf_line *bpf; /* of a stack's frame in a BPF program; else NULL */
};

/*
 * A kernel stack: return addresses, innermost first.  `end` says why there is no
 * further one: `whole` if the stack ends there, else what stopped the walk.
 */
struct scxray_stack_trace {
	struct scxray_address *frames;
	size_t nr;
	const char *end; /* NULL: no walk was made (no kernel stack was asked for) */
	bool whole;
};

#ifdef __cplusplus
}
#endif
#endif
