/* SPDX-License-Identifier: BSD-2-Clause */
#include "lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/kernel/kernel.h"

uint64_t lab_word(const uint8_t *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

static bool looks_like_pointer(uint64_t word)
{
	return word >> 47 == 0x1ffff || word >> 56 == 0xff;
}

/* The source reads from our copy from now on. */
static int take_pages(struct lab *lab)
{
	struct phys *phys = &lab->source->phys;

	lab->size = phys->nr_pages * PAGE_SIZE;
	lab->memory = malloc(lab->size + 1);
	lab->walk_pages = calloc(phys->nr_pages + 1, sizeof(*lab->walk_pages));
	lab->pointers = malloc((lab->size / 8 + 1) * sizeof(*lab->pointers));
	if (!lab->size || !lab->memory || !lab->walk_pages || !lab->pointers)
		return -1;
	for (size_t i = 0; i < phys->nr_pages; i++) {
		memcpy(lab->memory + i * PAGE_SIZE, phys->pages[i].host, PAGE_SIZE);
		phys->pages[i].host = lab->memory + i * PAGE_SIZE;
	}
	return 0;
}

/* What is left of the pages when those that finding the kernel takes are gone. */
static int find_walk_pages(struct lab *lab)
{
	struct phys *phys = &lab->source->phys;
	struct guest guest = { .phys = phys };
	struct scxray_error err = { 0 };
	struct kernel kernel = { 0 };
	uint64_t cursor = 0, gpa = 0;
	bool more;

	phys_reset_touched(phys);
	phys->max_touched = UINT64_MAX;
	if (kernel_load(&kernel, &guest, lab->source, &err))
		return -1;
	kernel_deinit(&kernel);
	more = phys_next_touched(phys, &cursor, &gpa);
	for (size_t i = 0; i < phys->nr_pages; i++) {
		while (more && gpa < phys->pages[i].gpa)
			more = phys_next_touched(phys, &cursor, &gpa);
		if (!more || gpa != phys->pages[i].gpa)
			lab->walk_pages[lab->nr_walk_pages++] = lab->memory + i * PAGE_SIZE;
	}
	for (size_t i = 0; i < lab->nr_walk_pages; i++)
		for (size_t at = 0; at < PAGE_SIZE; at += 8)
			if (looks_like_pointer(lab_word(lab->walk_pages[i] + at)))
				lab->pointers[lab->nr_pointers++] = lab->walk_pages[i] + at;
	return lab->nr_pointers ? 0 : -1;
}

int lab_open(struct lab *lab, const char *path)
{
	struct scxray_error err = { 0 };

	memset(lab, 0, sizeof(*lab));
	lab->source = scxray_source_open(path, &err);
	if (lab->source && !take_pages(lab) && !find_walk_pages(lab))
		return 0;
	fprintf(stderr, "%s: %s\n", path, lab->source ? "no core of a kernel" : err.text);
	lab_close(lab);
	return -1;
}

void lab_close(struct lab *lab)
{
	scxray_source_close(lab->source);
	free(lab->walk_pages);
	free(lab->pointers);
	free(lab->memory);
	memset(lab, 0, sizeof(*lab));
}

bool lab_change(struct lab *lab, uint8_t *at, uint64_t value)
{
	if (lab->nr_changes == LAB_MAX_CHANGES)
		return false;
	lab->changes[lab->nr_changes].at = at;
	lab->changes[lab->nr_changes].old = lab_word(at);
	lab->nr_changes++;
	memcpy(at, &value, sizeof(value));
	return true;
}

/* Backwards: changes may overlap. */
void lab_restore(struct lab *lab)
{
	while (lab->nr_changes) {
		lab->nr_changes--;
		memcpy(lab->changes[lab->nr_changes].at, &lab->changes[lab->nr_changes].old,
		       sizeof(uint64_t));
	}
}
