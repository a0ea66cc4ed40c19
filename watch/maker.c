/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maker.c - starts a process that makes reports, and listens to it
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "maker.h"
#include "now.h"

/* Sources of dup2() are above all its targets. */
#define FIRST_HIGH_FD 64
#define MAX_ARGUMENTS 64
#define MAX_SAID (8 * MAKER_MAX_LINE) /* a line a part, and two more */

/* ---- the program ---------------------------------------------------------------- */

static char *program_beside(const char *file, const char *folder)
{
	const char *slash = strrchr(file, '/');
	char *path, *real;

	if (asprintf(&path, "%.*s/%sscxray", slash ? (int)(slash - file) : 1, slash ? file : ".",
		     folder) < 0)
		return NULL;
	real = realpath(path, NULL);
	free(path);
	if (real && !access(real, X_OK))
		return real;
	free(real);
	return NULL;
}

char *maker_program(const struct settings *settings, const char **why)
{
	Dl_info here;
	char *path = NULL;

	if (!strcmp(settings->isolate, "off")) {
		*why = "turned off by the setting isolate=off";
		return NULL;
	}
	if (strcmp(settings->isolate, "auto") != 0) {
		*why = "out of memory";
		return strdup(settings->isolate);
	}
	/* scxray watch is that program */
	path = realpath("/proc/self/exe", NULL);
	if (path && !strcmp(strrchr(path, '/'), "/scxray"))
		return path;
	free(path);
	path = NULL;
	*why = "no scxray program is beside the plugin";
	if (dladdr(MAKER_COMMAND, &here) && here.dli_fname) {
		path = program_beside(here.dli_fname, "");
		if (!path)
			path = program_beside(here.dli_fname, SCXRAY_PROGRAM_FOLDER "/");
	}
	return path;
}

/* ---- what it is given ------------------------------------------------------------- */

int maker_recording(struct scxray_source *source, struct scxray_error *err)
{
	int fd = memfd_create("scxray recording", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	FILE *out = fd < 0 ? NULL : fdopen(dup(fd), "w");
	int failed = -1;

	if (!out)
		scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "no memory file for a recording: %s",
			    strerror(errno));
	else
		failed = scxray_core_write_recording(source, out, err);
	if (out && fclose(out) && !failed)
		failed = scxray_fail(err, SCXRAY_ERR_NOMEM, 0,
				     "no room in memory for a recording: %s", strerror(errno));
	if (!failed)
		fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
	else if (fd >= 0)
		close(fd);
	return failed ? -1 : fd;
}

struct arguments {
	char *list[MAX_ARGUMENTS + 1];
	size_t nr;
	bool failed;
};

static void add(struct arguments *arguments, const char *text)
{
	char *copy = arguments->nr < MAX_ARGUMENTS ? strdup(text) : NULL;

	if (copy)
		arguments->list[arguments->nr++] = copy;
	else
		arguments->failed = true;
}

static void add_all(struct arguments *arguments, const struct maker_job *job)
{
	char text[128];
	int state;

	add(arguments, job->program);
	add(arguments, MAKER_COMMAND);
	add(arguments, SCXRAY_VERSION);
	for (uint32_t i = 0; (state = settings_changed(job->settings, i, text, sizeof(text))) >= 0;
	     i++)
		if (state)
			add(arguments, text);
}

static void free_all(struct arguments *arguments)
{
	while (arguments->nr)
		free(arguments->list[--arguments->nr]);
}

/* ---- running it ------------------------------------------------------------------- */

#define NR_FDS (MAKER_FD_PARTS + ARTIFACT_NR_PARTS)

/* What the process has under each number; -1: nothing. */
struct fds {
	int at[NR_FDS];
};

/* Copies that no target is written over; 0 or an errno. */
static int fds_init(struct fds *fds, const struct maker_job *job, int pipe)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int from[NR_FDS] = { null, pipe, null, job->recordings[0], job->recordings[1] };
	int error = 0;

	memcpy(from + MAKER_FD_PARTS, job->parts, sizeof(job->parts));
	for (int to = 0; to < NR_FDS; to++) {
		fds->at[to] = from[to] < 0 ? -1 : fcntl(from[to], F_DUPFD_CLOEXEC, FIRST_HIGH_FD);
		if (from[to] >= 0 && fds->at[to] < 0)
			error = errno;
	}
	if (null < 0)
		return errno;
	close(null);
	return error;
}

static void fds_close(struct fds *fds)
{
	for (int to = 0; to < NR_FDS; to++)
		if (fds->at[to] >= 0)
			close(fds->at[to]);
}

static int give(posix_spawn_file_actions_t *actions, const struct fds *fds)
{
	int error = 0;

	for (int to = 0; to < NR_FDS && !error; to++)
		error = fds->at[to] < 0
				? posix_spawn_file_actions_addclose(actions, to)
				: posix_spawn_file_actions_adddup2(actions, fds->at[to], to);
	return error ? error : posix_spawn_file_actions_addclosefrom_np(actions, NR_FDS);
}

/* Without the signals that the host blocks or ignores, and out of reach of its terminal's ^C. */
static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setsigmask(attributes, &none);
	posix_spawnattr_setsigdefault(attributes, &all);
	posix_spawnattr_setpgroup(attributes, 0);
	return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
							    POSIX_SPAWN_SETPGROUP);
}

/* 0 or an errno. */
static int spawn(const struct maker_job *job, char **arguments, int pipe, pid_t *pid)
{
	static char *const no_environment[] = { NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	struct fds fds;
	int error = fds_init(&fds, job, pipe);

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	if (!error)
		error = give(&actions, &fds);
	if (!error)
		error = set_attributes(&attributes);
	if (!error)
		error = posix_spawn(pid, job->program, &actions, &attributes, arguments,
				    no_environment);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	fds_close(&fds);
	return error;
}

/* ---- what it says ------------------------------------------------------------------- */

struct said {
	char text[MAX_SAID];
	size_t len;
	bool ended;   /* the last line was there */
	bool stopped; /* it was not listened to */
};

/* Up to the end of the pipe.  False: it is too slow, says too much, or is not wanted any more. */
static bool listen_to(int pipe, uint64_t deadline_ns, int stop_fd, struct said *said)
{
	for (;;) {
		struct pollfd fds[] = { { .fd = pipe, .events = POLLIN },
					{ .fd = stop_fd, .events = POLLIN } };
		uint64_t now = now_ns();
		ssize_t n;

		if (now >= deadline_ns || said->len == sizeof(said->text) - 1)
			return false;
		if (poll(fds, 2, (int)((deadline_ns - now) / NS_PER_MS + 1)) <= 0)
			continue;
		if (fds[1].revents) {
			said->stopped = true;
			return false;
		}
		n = read(pipe, said->text + said->len, sizeof(said->text) - 1 - said->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return true;
		said->len += (size_t)n;
	}
}

static void take_part(struct maker_result *result, const char *text)
{
	char *end;
	unsigned long part = strtoul(text, &end, 10);

	if (end == text || part >= ARTIFACT_NR_PARTS)
		return;
	result->whole[part] = !*end;
	if (*end)
		scxray_fail(&result->why[part], SCXRAY_ERR_IO, 0, "%s", end + 1);
}

static void take_line(struct maker_result *result, struct said *said, char *line)
{
	log_printable(line);
	if (!strcmp(line, "end"))
		said->ended = true;
	else if (!strncmp(line, "part ", 5))
		take_part(result, line + 5);
	else if (!strncmp(line, "finding ", 8))
		snprintf(result->finding, sizeof(result->finding), "%s", line + 8);
	else if (!strncmp(line, "failed ", 7))
		snprintf(result->failure, sizeof(result->failure), "%s", line + 7);
}

static void take_lines(struct maker_result *result, struct said *said)
{
	char *line = said->text, *end;

	said->text[said->len] = '\0';
	for (; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		take_line(result, said, line);
	}
}

/* Why it is gone without the last line. */
static void say_death(struct maker_result *result, bool in_time, bool reaped, int status,
		      const struct maker_job *job)
{
	static const char what[] = "the process that makes reports";

	if (!in_time)
		snprintf(result->failure, sizeof(result->failure),
			 "%s took longer than report_deadline_ms=%u", what,
			 job->settings->report_deadline_ms);
	else if (reaped && WIFSIGNALED(status))
		snprintf(result->failure, sizeof(result->failure), "%s died: %s", what,
			 strsignal(WTERMSIG(status)));
	else if (!*result->failure)
		snprintf(result->failure, sizeof(result->failure),
			 "%s ended early (status %d); is %.200s scxray %s?", what,
			 reaped ? WEXITSTATUS(status) : -1, job->program, SCXRAY_VERSION);
}

static int wait_for(pid_t pid, int pipe, const struct maker_job *job, struct maker_result *result)
{
	/* the host may reap it first, and its number may be another's then: not so the descriptor */
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct said said = { .len = 0 };
	uint64_t deadline = now_ns() + job->settings->report_deadline_ms * NS_PER_MS;
	bool in_time = listen_to(pipe, deadline, job->stop_fd, &said);
	pid_t reaped;
	int status = 0;

	if (!in_time && fd >= 0)
		syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
	if (fd >= 0)
		close(fd);
	do
		reaped = waitpid(pid, &status, 0);
	while (reaped < 0 && errno == EINTR);
	take_lines(result, &said);
	result->stopped = said.stopped;
	if (!said.ended)
		say_death(result, in_time, reaped == pid, status, job);
	return *result->failure ? -1 : 0;
}

static int start_and_wait(const struct maker_job *job, char **arguments,
			  struct maker_result *result)
{
	int pipes[2], error, failed = -1;
	pid_t pid;

	error = pipe2(pipes, O_CLOEXEC) ? errno : 0;
	if (!error) {
		error = spawn(job, arguments, pipes[1], &pid);
		close(pipes[1]);
		result->started = !error;
		if (!error)
			failed = wait_for(pid, pipes[0], job, result);
		close(pipes[0]);
	}
	if (error)
		snprintf(result->failure, sizeof(result->failure),
			 "the process that makes reports can't be started: %.300s: %s",
			 job->program, strerror(error));
	return failed;
}

int maker_run(const struct maker_job *job, struct maker_result *result)
{
	struct arguments arguments = { .nr = 0 };
	int failed = -1;

	*result = (struct maker_result){ 0 };
	for (unsigned part = 0; part < ARTIFACT_NR_PARTS; part++)
		scxray_fail(&result->why[part], SCXRAY_ERR_IO, 0,
			    "the process that makes reports did not write it");
	add_all(&arguments, job);
	if (arguments.failed)
		snprintf(result->failure, sizeof(result->failure), "out of memory");
	else
		failed = start_and_wait(job, arguments.list, result);
	free_all(&arguments);
	return failed;
}
