/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bpf_prog.h - a BPF program's name, and the source lines of its code
 */
#ifndef CAPTURE_READ_BPF_PROG_H
#define CAPTURE_READ_BPF_PROG_H

#include <scxray/atoms.h>

struct walk;

/*
 * The name of the program whose bpf_prog_aux is at `aux`: the name of its function in its BTF, which its
 * symbol holds in full; if there is no symbol, the first 15 bytes of it, which aux->name holds.
 */
struct scxray_text bpf_prog_name(struct walk *w, uint64_t aux);

/*
 * The place in the source of the instruction that holds addr - back (1 for a return address), as
 * bpf_prog_get_file_line() of kernel/bpf/core.c finds it.  In the report's memory.  NULL if no program's
 * code is there, and in a walk that records.
 */
const struct scxray_bpf_line *bpf_prog_line(struct walk *w, uint64_t addr, unsigned back);

#endif
