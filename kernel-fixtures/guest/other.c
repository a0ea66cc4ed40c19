// SPDX-License-Identifier: BSD-2-Clause
/*
 * MODE=other: a scheduler that others wrote, with its own loader. It works on the same crew, and
 * an image is taken while it does; where it is made to fail, another at the error exit. What makes
 * it fail is in its arguments (scx_qmap), in the crew (crew.c), or that its process is stopped.
 * Nothing of it is known here, so what can be told of it is what bpf(), proc and sysfs tell of any.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

#define FOLDER "/sched/"
#define LOG "/tmp/sched.log" /* not the console, which is for the kernel's log alone */
#define STATE "/sys/kernel/sched_ext/state"
#define MAX_WORDS 16
#define LOAD_MS 60000
#define WORK_MS 3000 /* less than the watchdog's time of any of them, 5 s */
/* A little more than half of the watchdog's time of those that name none, 30 s. */
#define HALF_MS 17000
#define FAIL_MS 60000

static pid_t loader;

static bool state_is(const void *word)
{
	char state[32];

	return text_read(STATE, state, sizeof(state)) >= 0 && !strcmp(state, word);
}

static void send_log(void)
{
	static char text[1 << 20];
	FILE *out = file_begin();

	if (text_read(LOG, text, sizeof(text)) > 0)
		fputs(text, out);
	file_send(out, "sched.log");
}

static bool enabled(const void *unused)
{
	(void)unused;
	if (waitpid(loader, NULL, WNOHANG) == loader) {
		send_log();
		die("the scheduler's program ended before it was enabled (see sched.log)");
	}
	return state_is("enabled\n");
}

static void run(const char *program)
{
	char line[256], path[300], *words[MAX_WORDS + 1] = { NULL }, *save = NULL;
	size_t count = 0;

	snprintf(line, sizeof(line), "%s", program);
	for (char *word = strtok_r(line, ",", &save); word && count < MAX_WORDS;
	     word = strtok_r(NULL, ",", &save))
		words[count++] = word;
	if (!count)
		die("scxfix.program= names no program");
	snprintf(path, sizeof(path), FOLDER "%s", words[0]);
	loader = fork();
	if (loader < 0)
		die("fork: %s", strerror(errno));
	if (!loader) {
		int log = open(LOG, O_WRONLY | O_CREAT | O_APPEND, 0644);

		link_drop();
		dup2(log, STDOUT_FILENO);
		dup2(log, STDERR_FILENO);
		execv(path, words);
		die("%s: %s", path, strerror(errno));
	}
}

/*
 * Until the maps are listed only this task runs, on the one vCPU that the host lets go
 * (moment.py): so they are as they were at the image, but for what wakes up there meanwhile.
 * Whatever would have to be agreed upon with another vCPU would never come back: memory that is
 * unmapped is one such thing.
 */
static void be_alone(void)
{
	cpu_set_t first;

	mallopt(M_MMAP_THRESHOLD, 1 << 28);
	mallopt(M_TRIM_THRESHOLD, 1 << 28);
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (sched_setaffinity(0, sizeof(first), &first))
		die("sched_setaffinity: the first CPU can't be had");
}

static void moment(const struct options *options)
{
	FILE *listing = file_begin();

	system_send(options);
	oracle_send_moment(options, "half", false);
	mark("half");
	if (!text_write("/proc/sysrq-trigger", "D"))
		die("SysRq-D: /proc/sysrq-trigger does not take it");
	other_list(listing);
	mark("listed");
	file_send(listing, "listing.txt");
}

static bool leaving(const void *unused)
{
	(void)unused;
	return !state_is("enabled\n");
}

static bool disabled(const void *unused)
{
	(void)unused;
	return state_is("disabled\n");
}

static bool gone(const void *unused)
{
	(void)unused;
	return waitpid(loader, NULL, WNOHANG) == loader;
}

/* Its program goes only after the hogs, which may keep it from that, and not while it is stopped. */
static void see_failure(void)
{
	wait_for(leaving, NULL, FAIL_MS, "for the error exit");
	crew_end_hog();
	wait_for(disabled, NULL, FAIL_MS, "for the scheduler to be disabled");
	kill(loader, SIGCONT);
	wait_for(gone, NULL, FAIL_MS, "for the scheduler's program to end");
	tracing_stop();
}

/* To half-way. Its arguments make qmap fail, from the first. */
static void fail(const struct options *options)
{
	if (options_program_is(options, "scx_qmap"))
		return;
	crew_release_hog();
	if (options_program_is(options, "scx_userland"))
		kill(loader, SIGSTOP);
	mark("failing");
	sleep_until_ns(now_ns() + HALF_MS * NSEC_PER_MSEC);
}

void other_course(const struct options *options)
{
	tracing_start();
	crew_start(options);
	cgroups_make(options);
	system_enrich();
	run(options->program);
	wait_for(enabled, NULL, LOAD_MS, "for the scheduler to be enabled");
	mark("attached");
	be_alone();
	sleep_until_ns(now_ns() + WORK_MS * NSEC_PER_MSEC);
	if (options->fails)
		fail(options);
	if (leaving(NULL))
		die("the scheduler was gone before its image (see sched.log)");
	moment(options);
	tracing_part();
	if (options->fails) {
		see_failure();
		tracing_send("dump.txt", 1);
	} else {
		kill(loader, SIGINT);
		wait_for(gone, NULL, FAIL_MS, "for the scheduler to leave");
	}
	tracing_send("half-dump.txt", 0);
	send_log();
	oracle_send_moment(options, "after", false);
}
