/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab.h - a core in memory whose bytes can be changed, and put back
 *
 * For tests that ask what becomes of a report when a guest's memory is wrong.
 */
#ifndef TESTS_LAB_H
#define TESTS_LAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <scxray/capture.h>

#define LAB_MAX_CHANGES 1024

struct lab {
	struct scxray_source *source;
	uint8_t *memory; /* writable copy of all pages, one after the other */
	size_t size;
	/*
	 * The pages that the walk reads and the bootstrap (symbols, types, page
	 * tables) does not: where most of a report's memory that a scheduler or a
	 * broken guest can write to is.
	 */
	uint8_t **walk_pages;
	size_t nr_walk_pages;
	uint8_t **pointers; /* words on these pages that look like kernel pointers */
	size_t nr_pointers;
	struct {
		uint8_t *at;
		uint64_t old;
	} changes[LAB_MAX_CHANGES];
	size_t nr_changes;
};

/* Loads a scxray core.  0, or -1 and a line on stderr. */
int lab_open(struct lab *lab, const char *path);
void lab_close(struct lab *lab);

/* Replaces 8 bytes at `at` (a place within lab->memory); false when there were too many. */
bool lab_change(struct lab *lab, uint8_t *at, uint64_t value);

/* Takes all changes back. */
void lab_restore(struct lab *lab);

uint64_t lab_word(const uint8_t *at);

#endif
