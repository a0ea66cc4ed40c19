/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * source.c - freeing a source; not in open.c, so that a VM's plugin links no reader of files
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "capture/image/source.h"

void scxray_source_close(struct scxray_source *source)
{
	if (!source)
		return;
	phys_deinit(&source->phys);
	segments_deinit(&source->segments);
	image_file_close(&source->file);
	free(source->vcpus);
	free(source->vmcoreinfo);
	free(source->host);
	if (source->pages)
		munmap(source->pages, source->pages_size);
	free(source);
}
