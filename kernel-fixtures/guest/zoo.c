// SPDX-License-Identifier: BSD-2-Clause
/* The zoo's course: make the maps, list them, send the list. */
#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "zoo.h"

static FILE *oracle;

void zoo_make(const struct options *options)
{
	mkdir("/sys/fs/cgroup", 0755);
	if (mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL) && errno != EBUSY)
		die("mount cgroup2: %s", strerror(errno));
	if (mkdir(ZOO_CGROUP, 0755) && errno != EEXIST)
		die(ZOO_CGROUP ": %s", strerror(errno));
	oracle = file_begin();
	kinds_put(oracle);
	objects_load(oracle);
	plain_make(oracle);
	special_make(oracle);
	net_make(oracle);
	arena_make(oracle);
	if (options->big_hash)
		big_hash_make(oracle, options->big_hash);
}

void zoo_send(const struct options *options)
{
	/* what init set in the scheduler's ops, and the scheduler's source says */
	fprintf(oracle,
		"{\"typed\": \"scxfix_ops\", \"key\": \"\", \"members\": {\"timeout_ms\": %u, \"exit_dump_len\": %u, \"dispatch_max_batch\": 0}}\n",
		options->timeout_ms, EXIT_DUMP_LEN);
	zoo_list(oracle);
	fprintf(oracle, "{\"end\": true}\n");
	file_send(oracle, "maps.txt");
	oracle = NULL;
}
