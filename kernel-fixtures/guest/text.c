// SPDX-License-Identifier: BSD-2-Clause
/* Small text files, as proc and sysfs have them. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"

/* At most size - 1 bytes, NUL-terminated. Returns their number, -1 where the file can't be read. */
ssize_t text_read(const char *path, char *buffer, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t got = 0;

	if (fd < 0)
		return -1;
	while (length < size - 1) {
		got = read(fd, buffer + length, size - 1 - length);
		if (got <= 0)
			break;
		length += (size_t)got;
	}
	close(fd);
	buffer[length] = '\0';
	return got < 0 ? -1 : (ssize_t)length;
}

bool text_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t size = (ssize_t)strlen(text);
	ssize_t done;

	if (fd < 0)
		return false;
	done = write(fd, text, (size_t)size);
	close(fd);
	return done == size;
}

/* Each line of the file as "path: line"; nothing where there is no such file. */
void text_copy(FILE *out, const char *path)
{
	static char text[65536];
	char *save = NULL;

	if (text_read(path, text, sizeof(text)) < 0)
		return;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		fprintf(out, "%s: %s\n", path, line);
}
