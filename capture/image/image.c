/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image.c - what an image holds, for programs that put it back into a VM
 */
#include <scxray/image.h>

#include "capture/image/source.h"

bool scxray_source_region(const struct scxray_source *source, size_t index, uint64_t *gpa,
			  uint64_t *size)
{
	if (index >= source->phys.nr_regions)
		return false;
	*gpa = source->phys.regions[index].gpa;
	*size = source->phys.regions[index].size;
	return true;
}

size_t scxray_source_page(struct scxray_source *source, uint64_t gpa, const uint8_t **bytes)
{
	struct phys *phys = &source->phys;
	bool recording = phys->recording;
	enum read_status status;
	size_t len;

	if (gpa & PAGE_MASK)
		return 0;
	if (phys->fetch.read) { /* all of RAM will be read: nothing is kept */
		len = phys_size_from(phys, gpa, PAGE_SIZE);
		*bytes = source->page;
		return len && !phys->fetch.read(phys->fetch.arg, gpa, source->page, len) ? len : 0;
	}
	/* this read is no part of the walk: the page must not end up in a core */
	phys->recording = false;
	status = phys_page_at(phys, gpa, bytes, &len);
	phys->recording = recording;
	return status ? 0 : len;
}

size_t scxray_source_nr_vcpus(const struct scxray_source *source)
{
	return source->nr_vcpus;
}

const struct scxray_regs *scxray_source_regs(const struct scxray_source *source, size_t vcpu)
{
	if (vcpu >= source->nr_vcpus || !source->vcpus[vcpu].parked)
		return NULL;
	return &source->vcpus[vcpu].regs;
}

bool scxray_source_is_running(const struct scxray_source *source)
{
	return source->file.is_running;
}
