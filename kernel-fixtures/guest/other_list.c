// SPDX-License-Identifier: BSD-2-Clause
/*
 * What bpf() says of every map and of the BTF that their types are in: listing.txt, one JSON object
 * a line (README.md). Values are bytes: the reader takes them apart by the BTF.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "zoo.h"

#define MAX_BTFS 16
#define MAX_VALUE 4096	       /* of a task's storage */
#define PIDFD_OF_THREAD O_EXCL /* PIDFD_THREAD, since 6.9 */

static unsigned int btfs[MAX_BTFS];
static size_t nr_btfs;

static enum listing listing_of(unsigned int type)
{
	switch (type) {
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
		return LIST_ENTRIES;
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
		return LIST_PERCPU;
	default:
		return LIST_NOTHING;
	}
}

static void list_thread(FILE *out, int fd, const struct bpf_map_info *info, int pid,
			const char **comma)
{
	unsigned char value[MAX_VALUE];
	int pidfd = (int)syscall(SYS_pidfd_open, pid, PIDFD_OF_THREAD);

	if (pidfd < 0)
		return;
	if (!bpf_map_lookup_elem(fd, &pidfd, value)) {
		fprintf(out, "%s[%d, ", *comma, pid);
		put_hex(out, value, info->value_size);
		fputc(']', out);
		*comma = ", ";
	}
	close(pidfd);
}

/* What each thread has, by its pid. */
static void list_tasks(FILE *out, int fd, const struct bpf_map_info *info)
{
	DIR *proc = opendir("/proc");
	const char *comma = "";
	struct dirent *entry;
	char path[300];

	if (!proc || info->value_size > MAX_VALUE)
		die("map %s: its tasks can't be listed", info->name);
	fprintf(out, "{\"tasks\": %u, \"listed\": [", info->id);
	while ((entry = readdir(proc))) {
		struct dirent *thread;
		DIR *threads;

		snprintf(path, sizeof(path), "/proc/%s/task", entry->d_name);
		threads = isdigit((unsigned char)entry->d_name[0]) ? opendir(path) : NULL;
		while (threads && (thread = readdir(threads))) {
			if (isdigit((unsigned char)thread->d_name[0]))
				list_thread(out, fd, info, atoi(thread->d_name), &comma);
		}
		if (threads)
			closedir(threads);
	}
	closedir(proc);
	fputs("]}\n", out);
}

/* What would come out next. */
static void list_front(FILE *out, int fd, const struct bpf_map_info *info)
{
	unsigned char value[MAX_VALUE];

	if (info->value_size > sizeof(value))
		die("map %s: values of %u bytes", info->name, info->value_size);
	fprintf(out, "{\"front\": %u, \"listed\": [", info->id);
	if (!bpf_map_lookup_elem(fd, NULL, value))
		put_hex(out, value, info->value_size);
	fputs("]}\n", out);
}

static void note_btf(unsigned int id)
{
	for (size_t i = 0; i < nr_btfs; i++) {
		if (btfs[i] == id)
			return;
	}
	if (id && nr_btfs < MAX_BTFS)
		btfs[nr_btfs++] = id;
}

static void list_map(FILE *out, unsigned int id)
{
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);
	int fd = bpf_map_get_fd_by_id(id);
	enum listing listing;

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		die("map %u: %s", id, strerror(errno));
	fprintf(out,
		"{\"map\": %u, \"name\": \"%s\", \"map_type\": %u, \"key_size\": %u, \"value_size\": %u, \"max_entries\": %u, \"map_flags\": %u, \"btf\": %u, \"key\": %u, \"value\": %u}\n",
		info.id, info.name, info.type, info.key_size, info.value_size, info.max_entries,
		info.map_flags, info.btf_id, info.btf_key_type_id, info.btf_value_type_id);
	note_btf(info.btf_id);
	listing = listing_of(info.type);
	if (listing != LIST_NOTHING)
		list_entries(out, fd, listing, &info);
	else if (info.type == BPF_MAP_TYPE_TASK_STORAGE)
		list_tasks(out, fd, &info);
	else if (info.type == BPF_MAP_TYPE_QUEUE || info.type == BPF_MAP_TYPE_STACK)
		list_front(out, fd, &info);
	close(fd);
}

static void put_btf(FILE *out, unsigned int id)
{
	struct bpf_btf_info info = { 0 };
	__u32 size = sizeof(info);
	int fd = bpf_btf_get_fd_by_id(id);
	void *bytes;

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		die("BTF %u: %s", id, strerror(errno));
	bytes = malloc(info.btf_size);
	info = (struct bpf_btf_info){ .btf = (uintptr_t)bytes, .btf_size = info.btf_size };
	size = sizeof(info);
	if (!bytes || bpf_obj_get_info_by_fd(fd, &info, &size))
		die("BTF %u: %s", id, strerror(errno));
	fprintf(out, "{\"btf\": %u, \"bytes\": ", id);
	put_hex(out, bytes, info.btf_size);
	fputs("}\n", out);
	free(bytes);
	close(fd);
}

void other_list(FILE *out)
{
	__u32 id = 0;

	while (!bpf_map_get_next_id(id, &id))
		list_map(out, id);
	if (errno != ENOENT)
		die("next map: %s", strerror(errno));
	for (size_t i = 0; i < nr_btfs; i++)
		put_btf(out, btfs[i]);
	fputs("{\"end\": true}\n", out);
	fflush(out);
}
