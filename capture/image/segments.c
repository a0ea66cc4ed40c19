/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * segments.c - program headers as sorted extents, and reading through them
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <base/array.h>

#include "capture/image/segments.h"

#define MAX_GPA (1ULL << 52)	   /* of x86-64 */
#define MAX_RAM_BYTES (1ULL << 46) /* 64 TiB: a bit for each page is kept */

/* ---- from headers to extents --------------------------------------------- */

/* Two that begin together: the longer one first, so that the order is the same in every run. */
static int by_address(const void *a, const void *b)
{
	const Elf64_Phdr *x = a, *y = b;

	if (x->p_paddr != y->p_paddr)
		return x->p_paddr < y->p_paddr ? -1 : 1;
	if (x->p_filesz != y->p_filesz)
		return x->p_filesz > y->p_filesz ? -1 : 1;
	return x->p_offset < y->p_offset ? -1 : x->p_offset > y->p_offset;
}

static int by_gpa(const void *a, const void *b)
{
	const struct extent *x = a, *y = b;

	return x->gpa < y->gpa ? -1 : x->gpa > y->gpa;
}

/* /proc/kcore has p_paddr -1 for what is no RAM, others have addresses that no CPU has. */
static bool has_place(const Elf64_Phdr *ph)
{
	uint64_t size = ph->p_memsz > ph->p_filesz ? ph->p_memsz : ph->p_filesz;

	return ph->p_paddr < MAX_GPA && size <= MAX_GPA - ph->p_paddr;
}

static void push(struct segments *s, uint64_t gpa, uint64_t end, uint64_t offset)
{
	s->extents[s->nr++] = (struct extent){ .gpa = gpa, .end = end, .offset = offset };
}

/* What the file has; of bytes that it has twice, the segment's that begins first. */
static void take_data(struct segments *s, const Elf64_Phdr *loads, size_t nr)
{
	uint64_t done = 0;

	for (size_t i = 0; i < nr; i++) {
		uint64_t from = loads[i].p_paddr, end = from + loads[i].p_filesz;

		if (!has_place(&loads[i])) {
			s->nr_unplaced++;
			continue;
		}
		if (from < done)
			from = done;
		if (from >= end)
			continue;
		push(s, from, end, loads[i].p_offset + (from - loads[i].p_paddr));
		done = end;
	}
}

/*
 * What the file leaves out, where no other segment has it.  Each piece ends where data begins
 * or its segment ends: so there are at most as many as segments and extents.
 */
static void take_left_out(struct segments *s, const Elf64_Phdr *loads, size_t nr)
{
	size_t nr_data = s->nr, next = 0;
	uint64_t done = 0;

	for (size_t i = 0; i < nr; i++) {
		uint64_t from = loads[i].p_paddr + loads[i].p_filesz;
		uint64_t end = loads[i].p_paddr + loads[i].p_memsz;

		if (!has_place(&loads[i]) || loads[i].p_memsz <= loads[i].p_filesz)
			continue;
		if (from < done)
			from = done;
		while (from < end) {
			while (next < nr_data && s->extents[next].end <= from)
				next++;
			if (next < nr_data && s->extents[next].gpa <= from) {
				from = s->extents[next].end;
				continue;
			}
			uint64_t stop = next < nr_data && s->extents[next].gpa < end
						? s->extents[next].gpa
						: end;

			push(s, from, stop, EXTENT_LEFT_OUT);
			from = stop;
		}
		if (end > done) /* all before is data or left out, whatever comes later */
			done = end;
	}
}

static int add_regions(struct segments *s, struct phys *phys, struct scxray_error *err)
{
	uint64_t total = 0;

	for (size_t i = 0, next; i < s->nr; i = next) {
		uint64_t from = (s->extents[i].gpa + PAGE_MASK) & ~PAGE_MASK;

		for (next = i + 1; next < s->nr && s->extents[next].gpa == s->extents[next - 1].end;
		     next++)
			;
		/* the part of a page before an unaligned start is no whole page */
		if (from >= s->extents[next - 1].end)
			continue;
		total += s->extents[next - 1].end - from;
		if (total > MAX_RAM_BYTES)
			return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
					   "memory segments of more than %llu TiB: not believable",
					   MAX_RAM_BYTES >> 40);
		if (phys_add_region(phys, from, s->extents[next - 1].end - from, NULL))
			return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	}
	return phys->nr_regions ? 0
				: scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
					      "no memory segments with a physical address");
}

/* ---- reading ------------------------------------------------------------- */

/* The extent that holds gpa, or else the next one; s->nr after the last. */
static size_t extent_at(const struct segments *s, uint64_t gpa)
{
	return LOWER_BOUND(s->nr, i, s->extents[i].end <= gpa);
}

static enum read_status read_left_out(struct segments *s, uint64_t gpa, void *to, size_t len)
{
	if (s->is_zero && !s->is_zero(s->is_zero_arg, gpa & ~PAGE_MASK))
		return READ_FILTERED;
	memset(to, 0, len);
	return READ_OK;
}

static enum read_status segments_read(void *arg, uint64_t gpa, void *to, size_t len)
{
	struct segments *s = arg;
	uint8_t *at = to;

	for (size_t i = extent_at(s, gpa); len; i++) {
		const struct extent *e = &s->extents[i];
		enum read_status status;
		size_t n;

		if (i == s->nr || gpa < e->gpa)
			return READ_NO_RAM;
		n = e->end - gpa < len ? e->end - gpa : len;
		if (e->offset == EXTENT_LEFT_OUT)
			status = read_left_out(s, gpa, at, n);
		else
			status = image_file_read(s->file, e->offset + (gpa - e->gpa), at, n);
		if (status)
			return status;
		at += n;
		gpa += n;
		len -= n;
	}
	return READ_OK;
}

static uint64_t segments_next_data(void *arg, uint64_t gpa)
{
	struct segments *s = arg;

	for (size_t i = extent_at(s, gpa); i < s->nr; i++) {
		const struct extent *e = &s->extents[i];
		uint64_t from = e->gpa > gpa ? e->gpa : gpa, data;

		if (e->offset == EXTENT_LEFT_OUT)
			continue;
		data = image_file_next_data(s->file, e->offset + (from - e->gpa));
		if (data - e->offset >= e->end - e->gpa)
			continue;
		from = (e->gpa + (data - e->offset)) & ~PAGE_MASK;
		return from > gpa ? from : gpa;
	}
	return UINT64_MAX;
}

/* ---- all of it ----------------------------------------------------------- */

int segments_load(struct segments *s, struct phys *phys, Elf64_Phdr *loads, size_t nr,
		  struct scxray_error *err)
{
	if (!nr)
		return scxray_fail(err, SCXRAY_ERR_FORMAT, 0, "no memory segments");
	s->extents = calloc(3 * nr, sizeof(*s->extents));
	if (!s->extents)
		return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	qsort(loads, nr, sizeof(*loads), by_address);
	take_data(s, loads, nr);
	take_left_out(s, loads, nr);
	qsort(s->extents, s->nr, sizeof(*s->extents), by_gpa);
	phys->fetch = (struct phys_fetch){
		.read = segments_read,
		.next_data = segments_next_data,
		.arg = s,
	};
	return add_regions(s, phys, err);
}

void segments_deinit(struct segments *s)
{
	free(s->extents);
	s->extents = NULL;
	s->nr = 0;
}
