/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file.c - opening and reading an image file
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "capture/image/file.h"

/* A file below /proc may refuse to be opened for other reasons than its permission bits. */
static const char *advice(const char *path, int error)
{
	if (strncmp(path, "/proc/", 6))
		return "";
	if (error == EPERM || error == EACCES)
		return "; it takes root (CAP_SYS_RAWIO), and a kernel that is not locked down "
		       "(/sys/kernel/security/lockdown)";
	if (error == ENOENT && !strcmp(path, "/proc/kcore"))
		return "; this kernel was built without CONFIG_PROC_KCORE";
	return "";
}

/* By the name that procfs itself gives it. */
static bool is_kcore(int fd)
{
	char link[64], name[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, name, sizeof(name) - 1);
	if (n < 6)
		return false;
	name[n] = '\0';
	return !strcmp(name + n - 6, "/kcore");
}

static int check_kind(struct image_file *file, const char *path, struct scxray_error *err)
{
	struct statfs fs;
	struct stat st;

	if (fstat(file->fd, &st))
		return scxray_fail(err, SCXRAY_ERR_IO, 0, "%s: %s", path, strerror(errno));
	if (S_ISFIFO(st.st_mode))
		return scxray_fail(
			err, SCXRAY_ERR_IO, 0,
			"%s: not a regular file but a pipe; write the image to a file first", path);
	if (!S_ISREG(st.st_mode))
		return scxray_fail(err, SCXRAY_ERR_IO, 0,
				   "%s: not a regular file; give an image file", path);
	if (st.st_size <= 0)
		return scxray_fail(err, SCXRAY_ERR_FORMAT, 0, "%s: the file is empty", path);
	file->size = (uint64_t)st.st_size;
	file->is_proc = !fstatfs(file->fd, &fs) && fs.f_type == PROC_SUPER_MAGIC;
	file->is_running = file->is_proc && is_kcore(file->fd);
	return 0;
}

int image_file_open(struct image_file *file, const char *path, struct scxray_error *err)
{
	/* without O_NONBLOCK, opening a FIFO would wait for a writer */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0)
		return image_file_take(file, fd, path, err);
	*file = (struct image_file){ 0 };
	return scxray_fail(err, SCXRAY_ERR_IO, 0, "%s: %s%s", path, strerror(errno),
			   advice(path, errno));
}

int image_file_take(struct image_file *file, int fd, const char *name, struct scxray_error *err)
{
	*file = (struct image_file){ .fd = fd };
	if (!check_kind(file, name, err))
		return 0;
	close(fd);
	*file = (struct image_file){ 0 };
	return -1;
}

void image_file_close(struct image_file *file)
{
	if (file->size) /* a zeroed one was never opened */
		close(file->fd);
	*file = (struct image_file){ 0 };
}

enum read_status image_file_read(struct image_file *file, uint64_t offset, void *to, size_t len)
{
	uint8_t *at = to;

	if (offset > file->size || len > file->size - offset)
		return READ_IO;
	while (len) {
		ssize_t n = pread(file->fd, at, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			file->shrunk = true;
		if (n <= 0)
			return READ_IO;
		at += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return READ_OK;
}

bool image_file_shrank(const struct image_file *file)
{
	struct stat st;

	return file->shrunk || (file->size && !file->is_proc && !fstat(file->fd, &st) &&
				(uint64_t)st.st_size < file->size);
}

uint64_t image_file_next_data(struct image_file *file, uint64_t offset)
{
	off_t at;

	if (file->is_proc || offset > INT64_MAX)
		return offset;
	at = lseek(file->fd, (off_t)offset, SEEK_DATA);
	if (at < 0)
		return errno == ENXIO ? UINT64_MAX : offset;
	return (uint64_t)at;
}

uint8_t *image_file_read_all(struct image_file *file, struct scxray_error *err)
{
	uint8_t *bytes = malloc(file->size);

	if (!bytes) {
		scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
	if (image_file_read(file, 0, bytes, file->size)) {
		scxray_fail(err, SCXRAY_ERR_IO, 0, "%s",
			    file->shrunk ? "the file shrank while it was read" : strerror(errno));
		free(bytes);
		return NULL;
	}
	return bytes;
}
