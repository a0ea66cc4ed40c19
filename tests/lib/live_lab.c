/* SPDX-License-Identifier: BSD-2-Clause */
#include "live_lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <scxray/render.h>
#include <scxray/report_struct.h>

#define SYSTEM_RUNNING 3

static uint8_t *ram_at(struct live_lab *lab, uint64_t gpa)
{
	for (size_t i = 0; i < lab->nr_regions; i++) {
		const struct scxray_live_region *r = &lab->regions[i];

		if (gpa >= r->gpa && gpa - r->gpa < r->size)
			return (uint8_t *)r->host + (gpa - r->gpa);
	}
	return NULL;
}

static int map_ram(struct live_lab *lab)
{
	const struct phys *phys = &lab->core->phys;

	for (size_t i = 0; i < phys->nr_regions && i < LIVE_LAB_MAX_REGIONS; i++) {
		uint64_t size = (phys->regions[i].size + PAGE_MASK) & ~PAGE_MASK;
		void *host = mmap(NULL, size, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		if (host == MAP_FAILED)
			return -1;
		if (phys->fetch.read) /* a vmcore: all that it has */
			phys_copy(&lab->core->phys, phys->regions[i].gpa, host, size);
		lab->regions[lab->nr_regions++] = (struct scxray_live_region){
			.gpa = phys->regions[i].gpa,
			.size = phys->regions[i].size,
			.host = host,
		};
	}
	return 0;
}

uint8_t *live_lab_at(struct live_lab *lab, uint64_t kva)
{
	uint64_t gpa;

	return paging_translate(&lab->guest.paging, kva, &gpa) ? NULL : ram_at(lab, gpa);
}

uint64_t live_lab_symbol(struct live_lab *lab, const char *name)
{
	struct symbol_want want = { .name = name };

	symbols_find(&lab->kernel.symbols, &want, 1);
	return want.addr;
}

void live_lab_clear(struct live_lab *lab)
{
	for (size_t i = 0; lab->core->phys.nr_pages && i < lab->nr_regions; i++)
		madvise((void *)lab->regions[i].host, lab->regions[i].size, MADV_DONTNEED);
}

void live_lab_restore(struct live_lab *lab)
{
	const struct phys *phys = &lab->core->phys;
	uint32_t running = SYSTEM_RUNNING;
	uint8_t *state;

	if (!phys->nr_pages)
		return;
	live_lab_clear(lab);
	for (size_t i = 0; i < phys->nr_pages; i++)
		memcpy(ram_at(lab, phys->pages[i].gpa), phys->pages[i].host, PAGE_SIZE);
	/* a core has no need of this page */
	state = live_lab_at(lab, live_lab_symbol(lab, "system_state"));
	if (state)
		memcpy(state, &running, sizeof(running));
}

/* As tests/lib/lab.c: what is left when those that finding the kernel takes are gone. */
static int find_walk_pages(struct live_lab *lab)
{
	struct phys *phys = &lab->core->phys;
	uint64_t cursor = 0, gpa = 0;
	bool more = phys_next_touched(phys, &cursor, &gpa);

	lab->walk_pages = calloc(phys->nr_pages + 1, sizeof(*lab->walk_pages));
	if (!lab->walk_pages)
		return -1;
	for (size_t i = 0; i < phys->nr_pages; i++) {
		while (more && gpa < phys->pages[i].gpa)
			more = phys_next_touched(phys, &cursor, &gpa);
		if (!more || gpa != phys->pages[i].gpa)
			lab->walk_pages[lab->nr_walk_pages++] = ram_at(lab, phys->pages[i].gpa);
	}
	return 0;
}

int live_lab_open(struct live_lab *lab, const char *path)
{
	struct scxray_error err = { 0 };

	memset(lab, 0, sizeof(*lab));
	lab->core = scxray_source_open(path, &err);
	if (!lab->core || map_ram(lab))
		goto failed;
	lab->core->phys.max_touched = UINT64_MAX;
	if (kernel_load(&lab->kernel, &lab->guest, lab->core, &err) || find_walk_pages(lab))
		goto failed;
	lab->core->phys.recording = false;
	for (; lab->nr_vcpus < lab->core->nr_vcpus && lab->nr_vcpus < LIVE_LAB_MAX_VCPUS;
	     lab->nr_vcpus++)
		lab->vcpus[lab->nr_vcpus] = (struct scxray_live_vcpu){
			.parked = lab->core->vcpus[lab->nr_vcpus].parked,
			.regs = lab->core->vcpus[lab->nr_vcpus].regs,
		};
	live_lab_restore(lab);
	return 0;
failed:
	fprintf(stderr, "%s: %s\n", path, err.code ? err.text : "no memory");
	live_lab_close(lab);
	return -1;
}

void live_lab_close(struct live_lab *lab)
{
	for (size_t i = 0; lab->core && lab->core->phys.nr_pages && i < lab->nr_regions; i++)
		munmap((void *)lab->regions[i].host, lab->regions[i].size);
	kernel_deinit(&lab->kernel);
	scxray_source_close(lab->core);
	free(lab->walk_pages);
	memset(lab, 0, sizeof(*lab));
}

struct scxray_source *live_lab_image(struct live_lab *lab)
{
	struct scxray_source *image = calloc(1, sizeof(*image));

	if (!image)
		return NULL;
	image->kind = "vmcore";
	image->hint = lab->core->hint;
	image->vmcoreinfo = lab->core->vmcoreinfo ? strdup(lab->core->vmcoreinfo) : NULL;
	image->vcpus = calloc(lab->nr_vcpus + 1, sizeof(*image->vcpus));
	for (; image->vcpus && image->nr_vcpus < lab->nr_vcpus; image->nr_vcpus++)
		image->vcpus[image->nr_vcpus] = lab->core->vcpus[image->nr_vcpus];
	for (size_t i = 0; i < lab->nr_regions; i++)
		if (phys_add_region(&image->phys, lab->regions[i].gpa, lab->regions[i].size,
				    lab->regions[i].host))
			abort();
	return image;
}

char *live_lab_json(struct scxray_report *report)
{
	struct scxray_document doc = { .trigger = "test", .late = report };
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	report->source = "test";
	report->guest.found_by = "test";
	if (scxray_render_json(&doc, out))
		abort();
	fclose(out);
	return text;
}
