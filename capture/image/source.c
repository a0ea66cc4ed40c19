/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/base/clock.h"
#include "capture/image/source.h"

/* Maps a whole file read-only. */
static int map_file(struct scxray_source *source, const char *path, struct scxray_error *err)
{
	struct stat st;
	int fd = open(path,
		      O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* or a FIFO would wait for its writer */
	int failed = -1;

	if (fd < 0)
		return scxray_fail(err, SCXRAY_ERR_IO, 0, "%s: %s", path, strerror(errno));
	if (fstat(fd, &st))
		scxray_fail(err, SCXRAY_ERR_IO, 0, "%s: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		scxray_fail(err, SCXRAY_ERR_IO, 0, "%s: not a regular file; give an image file",
			    path);
	else if (st.st_size == 0)
		scxray_fail(err, SCXRAY_ERR_FORMAT, 0, "%s: the file is empty", path);
	else
		failed = 0;
	if (!failed) {
		source->map_size = (size_t)st.st_size;
		source->map = mmap(NULL, source->map_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (source->map == MAP_FAILED) {
			source->map = NULL;
			failed = scxray_fail(err, SCXRAY_ERR_IO, 0, "%s: cannot be mapped: %s",
					     path, strerror(errno));
		}
	}
	close(fd);
	return failed;
}

/* Puts the file's name in front of a loader's complaint. */
static void name_file(struct scxray_error *err, const char *path)
{
	struct scxray_error inner;

	if (!err)
		return;
	inner = *err;
	scxray_fail(err, inner.code, inner.addr, "%s: %.180s", path, inner.text);
}

struct scxray_source *scxray_source_open(const char *path, struct scxray_error *err)
{
	struct scxray_source *source = calloc(1, sizeof(*source));
	uint64_t start = clock_us();
	int failed;

	if (!source) {
		scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "%s: out of memory", path);
		return NULL;
	}
	failed = map_file(source, path, err);
	if (!failed) {
		if (core_detect(source->map, source->map_size))
			failed = core_load(source, source->map, source->map_size, err);
		else
			failed = vmcore_load(source, source->map, source->map_size, err);
		if (failed)
			name_file(err, path);
	}
	if (failed) {
		scxray_source_close(source);
		return NULL;
	}
	source->open_us = clock_us() - start;
	return source;
}

void scxray_source_close(struct scxray_source *source)
{
	if (!source)
		return;
	phys_deinit(&source->phys);
	free(source->vcpus);
	free(source->vmcoreinfo);
	free(source->host);
	if (source->map)
		munmap(source->map, source->map_size);
	if (source->pages)
		munmap(source->pages, source->pages_size);
	free(source);
}
