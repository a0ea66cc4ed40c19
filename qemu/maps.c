/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maps.c - what backs a range of another process's memory: /proc/PID/maps
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "qemu/maps.h"

bool maps_parse(const char *line, struct maps_line *map)
{
	char perms[5];
	int path = -1;

	memset(map, 0, sizeof(*map));
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 "%n", &map->start,
		   &map->end, perms, &map->offset, &map->major, &map->minor, &map->inode,
		   &path) < 7 ||
	    path < 0 || map->end <= map->start || strlen(perms) != 4)
		return false;
	map->readable = perms[0] == 'r';
	map->shared = perms[3] == 's';
	line += path;
	line += strspn(line, " ");
	snprintf(map->path, sizeof(map->path), "%s", line);
	return true;
}

bool maps_find(pid_t pid, uint64_t address, struct maps_line *map)
{
	char path[64], line[4096];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		found = maps_parse(line, map) && address >= map->start && address < map->end;
	}
	fclose(file);
	return found;
}

static bool is_that(int fd, const struct maps_line *map)
{
	struct stat st;

	return !fstat(fd, &st) && st.st_ino == map->inode && major(st.st_dev) == map->major &&
	       minor(st.st_dev) == map->minor;
}

/* map_files needs CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE; the process's descriptors do not. */
int maps_open(pid_t pid, const struct maps_line *map)
{
	char path[96 + NAME_MAX];
	struct dirent *entry;
	int fd, found = -1;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, pid, map->start,
		 map->end);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0 && is_that(fd, map))
		return fd;
	if (fd >= 0)
		close(fd);
	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	while (found < 0 && dir && (entry = readdir(dir))) {
		struct stat st;

		snprintf(path, sizeof(path), "/proc/%d/fd/%s", pid, entry->d_name);
		/* open() of what is no file may wait, or act */
		if (stat(path, &st) || !S_ISREG(st.st_mode) || st.st_ino != map->inode)
			continue;
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0 && is_that(fd, map))
			found = fd;
		else if (fd >= 0)
			close(fd);
	}
	if (dir)
		closedir(dir);
	return found;
}
