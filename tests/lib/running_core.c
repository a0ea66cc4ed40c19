/* SPDX-License-Identifier: BSD-2-Clause */
#include "running_core.h"

#include <stdlib.h>
#include <string.h>

#include <scxray/report_struct.h>

#include "capture/kernel/kernel.h"

#define SYSTEM_RUNNING 3

/* A page that is missing from the core. */
struct extra {
	uint64_t gpa;
	uint8_t bytes[PAGE_SIZE];
};

/* Takes the page in, zeroed.  False where the core has it, or there can be none. */
static bool add_page(struct scxray_source *source, struct extra *extra, uint64_t gpa)
{
	struct phys *phys = &source->phys;
	struct phys_page *pages;
	const uint8_t *host;
	size_t len, at = 0;

	if (phys_page_at(phys, gpa, &host, &len) != READ_NOT_IN_CORE)
		return false;
	pages = realloc(phys->pages, (phys->nr_pages + 1) * sizeof(*pages));
	if (!pages)
		return false;
	while (at < phys->nr_pages && pages[at].gpa < gpa)
		at++;
	memmove(pages + at + 1, pages + at, (phys->nr_pages - at) * sizeof(*pages));
	pages[at] = (struct phys_page){ .gpa = gpa, .host = extra->bytes };
	phys->pages = pages;
	phys->nr_pages++;
	extra->gpa = gpa;
	return true;
}

static int add_system_state(struct scxray_source *source, struct extra *extra,
			    struct scxray_error *err)
{
	const uint32_t running = SYSTEM_RUNNING;
	struct kernel kernel = { 0 };
	struct guest guest = { 0 };
	uint64_t kva, gpa;

	source->phys.max_touched = UINT64_MAX;
	if (kernel_load(&kernel, &guest, source, err))
		return -1;
	kva = kernel.layout.symbol[S_system_state];
	if (!paging_translate(&guest.paging, kva, &gpa) &&
	    add_page(source, extra, gpa & ~PAGE_MASK))
		memcpy(extra->bytes + (gpa & PAGE_MASK), &running, sizeof(running));
	kernel_deinit(&kernel);
	return 0;
}

static int multiply_vcpus(struct scxray_source *source, unsigned nr, struct scxray_error *err)
{
	struct source_vcpu *vcpus = calloc(nr, sizeof(*vcpus));

	if (!vcpus || !source->nr_vcpus) {
		free(vcpus);
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0, "it has no vCPUs");
	}
	for (unsigned i = 0; i < nr; i++)
		vcpus[i] = source->vcpus[i % source->nr_vcpus];
	free(source->vcpus);
	source->vcpus = vcpus;
	source->nr_vcpus = nr;
	return 0;
}

static int write_core(struct scxray_source *source, const struct extra *extra, FILE *out,
		      struct scxray_error *err)
{
	struct scxray_report *report = scxray_capture(source, NULL, err);
	uint8_t byte;

	if (!report)
		return -1;
	scxray_report_destroy(report);
	/* what is touched is written */
	source->phys.max_touched = UINT64_MAX;
	source->phys.recording = true;
	if (extra->gpa)
		phys_read(&source->phys, extra->gpa, &byte, 1);
	source->phys.recording = false;
	return scxray_core_write(source, out, err);
}

int running_core_write(const char *path, unsigned nr_vcpus, FILE *out, struct scxray_error *err)
{
	struct extra *extra = calloc(1, sizeof(*extra));
	struct scxray_source *source = scxray_source_open(path, err);
	int failed = -1;

	if (source && extra)
		failed = add_system_state(source, extra, err) ||
			 (nr_vcpus && multiply_vcpus(source, nr_vcpus, err)) ||
			 write_core(source, extra, out, err);
	scxray_source_close(source);
	free(extra);
	return failed ? -1 : 0;
}
