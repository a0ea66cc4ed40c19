/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json_file.c - a file that may be a report's JSON
 */
#include "json_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

/* Above it no page could be opened. */
#define MAX_JSON (512UL << 20)

int json_file_read(const char *path, char **json, size_t *nr)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char first = 0;
	size_t got = 0;

	*json = NULL;
	if (fd < 0)
		return CLI_OK; /* the image's reader has the words for it */
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || pread(fd, &first, 1, 0) != 1 ||
	    first != '{') {
		close(fd);
		return CLI_OK;
	}
	*nr = (size_t)st.st_size;
	if (*nr <= MAX_JSON)
		*json = malloc(*nr);
	while (*json && got < *nr) {
		ssize_t n = pread(fd, *json + got, *nr - got, (off_t)got);

		if (n <= 0)
			break;
		got += (size_t)n;
	}
	close(fd);
	if (*json && got == *nr)
		return CLI_OK;
	if (*nr > MAX_JSON)
		return cli_fail("cannot read the report: %s: more than 512 MiB, too large", path);
	if (!*json)
		return cli_fail("cannot read the report: %s: out of memory", path);
	free(*json);
	return cli_fail("cannot read the report: %s: it became shorter while it was read", path);
}
