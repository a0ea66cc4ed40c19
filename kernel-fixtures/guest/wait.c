// SPDX-License-Identifier: BSD-2-Clause
/* Waiting for a condition, and a process that watches the clock: both tell the host. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"

#define LOOKS 1000 /* while waiting: a task that looks too often is what the image shows running */
#define WATCH_NS (5 * NSEC_PER_MSEC)
#define REPORT_NS (250 * NSEC_PER_MSEC)
#define WATCH_PRIORITY 50 /* above init */

void wait_for(bool (*ready)(const void *arg), const void *arg, unsigned int limit_ms,
	      const char *what)
{
	uint64_t limit = now_ns() + limit_ms * NSEC_PER_MSEC;
	uint64_t pause = limit_ms * NSEC_PER_MSEC / LOOKS;

	while (!ready(arg)) {
		if (now_ns() > limit)
			die("waited %u ms in vain %s", limit_ms, what);
		sleep_until_ns(now_ns() + pause);
	}
}

/* The head of the scheduler's debug file has it; 0 where there is no such file. */
static unsigned long long jiffies_now(void)
{
	static char text[1024];
	const char *at;

	if (text_read("/sys/kernel/debug/sched/debug", text, sizeof(text)) < 0)
		return 0;
	at = strstr(text, "\njiffies");
	at = at ? strchr(at, ':') : NULL;
	return at ? strtoull(at + 1, NULL, 10) : 0;
}

void clock_watch(void)
{
	struct sched_param param = { .sched_priority = WATCH_PRIORITY };
	uint64_t last, told, gap = 0;
	pid_t pid = fork();

	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid)
		return;
	link_drop();
	if (sched_setscheduler(0, SCHED_FIFO, &param))
		die("clock: sched_setscheduler: %s", strerror(errno));
	for (last = told = now_ns();;) {
		uint64_t now;

		sleep_until_ns(last + WATCH_NS);
		now = now_ns();
		if (now - last > gap)
			gap = now - last;
		last = now;
		if (now - told < REPORT_NS)
			continue;
		mark("clock %llu jiffies %llu gap_us %llu", (unsigned long long)now, jiffies_now(),
		     (unsigned long long)gap / 1000);
		/* Writing to the console takes long. */
		told = last = now_ns();
		gap = 0;
	}
}
