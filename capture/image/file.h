/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file.h - an image file, read and never mapped: one that shrinks meanwhile gives an
 * error and no SIGBUS, and /proc/kcore can't be mapped at all
 */
#ifndef CAPTURE_IMAGE_FILE_H
#define CAPTURE_IMAGE_FILE_H

#include <scxray/error.h>

#include "capture/memory/phys.h"

struct image_file {
	int fd;
	uint64_t size; /* when it was opened; 0: it is not open */
	bool is_proc; /* /proc/kcore or /proc/vmcore: its size means nothing, and it has no holes */
	bool is_running; /* /proc/kcore: memory of the kernel that runs this process, as it changes */
	bool shrunk;	 /* a read met an end that was not there before */
};

/* 0, or -1 with *err, which names the path. */
int image_file_open(struct image_file *file, const char *path, struct scxray_error *err);
/* As image_file_open(), for a descriptor; it is taken over, also on failure. */
int image_file_take(struct image_file *file, int fd, const char *name, struct scxray_error *err);
void image_file_close(struct image_file *file);

/* All `len` bytes at `offset`, or READ_IO. */
enum read_status image_file_read(struct image_file *file, uint64_t offset, void *to, size_t len);

/* Is the file shorter than it was?  Then what could not be read may have been anything. */
bool image_file_shrank(const struct image_file *file);

/*
 * The first byte at or after `offset` that is in no hole of the file; UINT64_MAX: there are only holes up to
 * the end.  `offset` itself where the file system does not know.
 */
uint64_t image_file_next_data(struct image_file *file, uint64_t offset);

/* The whole file, malloc()ed; NULL with *err. */
uint8_t *image_file_read_all(struct image_file *file, struct scxray_error *err);

#endif
