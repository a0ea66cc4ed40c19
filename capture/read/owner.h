/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * owner.h - which scheduler a program or a map belongs to
 */
#ifndef CAPTURE_READ_OWNER_H
#define CAPTURE_READ_OWNER_H

#include <scxray/atoms.h>

struct scxray_sched;

struct walk;

/* A program of a scheduler, or a map that its programs use. */
struct owned {
	uint64_t kva;
	size_t sched; /* index into the report's schedulers, or OWNED_BY_SEVERAL */
	uint64_t btf; /* for a map: the BTF object of the program that uses it; 0: unknown */
};

#define OWNED_BY_SEVERAL SIZE_MAX

/* Notes that the map or program at `kva` is the scheduler's; `btf` is the address of the program's BTF, or 0. */
void owner_note(struct walk *w, uint64_t kva, const struct scxray_sched *sched, uint64_t btf);

/* The BTF object of the first program that uses the map at `kva`; 0: unknown. */
uint64_t owner_btf(const struct walk *w, uint64_t kva);

/*
 * Is the map or program at `kva` a live scheduler's?  If there are several schedulers it also says
 * which, unless more than one uses it.
 */
bool owner_of(const struct walk *w, uint64_t kva, struct scxray_num *sched_kva,
	      const char **sched_name);

/* The scheduler's name beside the report's DSQs, maps and programs; NULL: there is only one scheduler. */
const char *owner_name(const struct walk *w, const struct scxray_sched *sched);

#endif
