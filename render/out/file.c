/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file.c - writes a file that appears complete or not at all
 *
 * O_TMPFILE would not do: a file without a name can't replace an existing one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <scxray/file.h>

#define STREAM_BUFFER (256 * 1024)

/* Temporary names that are tried: this process, or a dead one with its pid, may have used some. */
#define MAX_NAMES 100

static int create_beside(struct scxray_file *file)
{
	for (unsigned i = 0; i < MAX_NAMES; i++) {
		int fd, len;

		free(file->temporary);
		file->temporary = NULL;
		if (i)
			len = asprintf(&file->temporary, "%s.tmp.%ld.%u", file->path,
				       (long)getpid(), i);
		else
			len = asprintf(&file->temporary, "%s.tmp.%ld", file->path, (long)getpid());
		if (len < 0) {
			file->temporary = NULL;
			errno = ENOMEM;
			return -1;
		}
		fd = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd >= 0 || errno != EEXIST)
			return fd;
	}
	return -1;
}

static void release(struct scxray_file *file)
{
	free(file->temporary);
	free(file->path);
	*file = (struct scxray_file){ 0 };
}

int scxray_file_create(struct scxray_file *file, const char *path, mode_t mode)
{
	int fd = -1, error;

	*file = (struct scxray_file){ .path = strdup(path) };
	if (file->path)
		fd = create_beside(file);
	if (fd < 0) {
		error = errno;
		release(file);
		return error;
	}
	/* A file system without permissions keeps its own. */
	if (mode && fchmod(fd, mode & 0777))
		errno = 0;
	file->stream = fdopen(fd, "w");
	if (!file->stream) {
		error = errno;
		close(fd);
		unlink(file->temporary);
		release(file);
		return error;
	}
	setvbuf(file->stream, NULL, _IOFBF, STREAM_BUFFER);
	return 0;
}

/* The rename has to survive a power cut, too; an error is ignored, for the file is complete. */
static void sync_folder(char *path)
{
	char *slash = strrchr(path, '/');
	int fd;

	if (slash)
		slash[slash == path] = '\0';
	fd = open(slash ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
}

int scxray_file_commit(struct scxray_file *file)
{
	int error = 0;

	errno = 0;
	if (fflush(file->stream) || ferror(file->stream))
		error = errno ? errno : EIO;
	if (!error && fsync(fileno(file->stream)))
		error = errno;
	if (fclose(file->stream) && !error)
		error = errno;
	if (!error && rename(file->temporary, file->path))
		error = errno;
	if (error)
		unlink(file->temporary);
	else
		sync_folder(file->path);
	release(file);
	return error;
}

void scxray_file_abandon(struct scxray_file *file)
{
	if (file->stream) {
		fclose(file->stream);
		unlink(file->temporary);
	}
	release(file);
}
