// SPDX-License-Identifier: BSD-2-Clause
/*
 * hold_thread - stops one thread of a process for some seconds, as a debugger would
 *
 *	hold_thread PID NAME SECONDS
 *
 * For a VMM one of whose vCPUs does not come when it is called.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static int thread_of(const char *pid, const char *name)
{
	char path[64], comm[32];
	struct dirent *entry;
	int found = 0;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%.20s/task", pid);
	tasks = opendir(path);
	while (tasks && !found && (entry = readdir(tasks))) {
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%.20s/task/%.12s/comm", pid, entry->d_name);
		file = fopen(path, "re");
		if (!file)
			continue;
		if (fgets(comm, sizeof(comm), file)) {
			comm[strcspn(comm, "\n")] = '\0';
			if (!strcmp(comm, name))
				found = atoi(entry->d_name);
		}
		fclose(file);
	}
	if (tasks)
		closedir(tasks);
	return found;
}

int main(int argc, char **argv)
{
	int tid, status;

	if (argc != 4) {
		fprintf(stderr, "usage: hold_thread PID NAME SECONDS\n");
		return 2;
	}
	tid = thread_of(argv[1], argv[2]);
	if (!tid) {
		fprintf(stderr, "hold_thread: %s has no thread %s\n", argv[1], argv[2]);
		return 1;
	}
	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) || ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) ||
	    waitpid(tid, &status, __WALL) != tid) {
		fprintf(stderr, "hold_thread: thread %d: %s\n", tid, strerror(errno));
		return 1;
	}
	sleep((unsigned int)atoi(argv[3]));
	return ptrace(PTRACE_DETACH, tid, NULL, NULL) ? 1 : 0;
}
