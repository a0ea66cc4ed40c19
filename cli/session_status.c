/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session_status.c - the line on a terminal that says what is watched
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/session_status.h"

#define ERASE "\r\033[K"
#define USUAL_COLUMNS 80

void session_status_init(struct session_status *status, bool wanted)
{
	const char *term = getenv("TERM");

	*status = (struct session_status){ .on = wanted && isatty(STDERR_FILENO) &&
						 strcmp(term ? term : "", "dumb") != 0 };
	pthread_mutex_init(&status->lock, NULL);
}

/* Columns that a line may have: one less than there are, so that no terminal goes to the next line. */
static size_t columns(void)
{
	struct winsize size = { 0 };

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
		size.ws_col = USUAL_COLUMNS;
	return size.ws_col > SESSION_STATUS_COLUMNS ? SESSION_STATUS_COLUMNS : size.ws_col - 1u;
}

/* The guest's texts are in it: a byte that is not printable ASCII may do anything to a line. */
static void make_safe(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

static bool is_known(struct scxray_num num)
{
	return num.state == SCXRAY_PRESENT;
}

/* Jiffies as a person reads them: without the guest's HZ they remain jiffies. */
static void duration(char *text, size_t size, struct scxray_num jiffies, struct scxray_num hz)
{
	int64_t value = (int64_t)jiffies.value;
	double s;

	if (value < 0)
		value = 0; /* runnable since the clock was read */
	s = is_known(hz) && hz.value ? (double)value / (double)hz.value : -1;
	if (s < 0)
		snprintf(text, size, "%" PRId64 " jiffies", value);
	else if (s < 1)
		snprintf(text, size, "%.0f ms", s * 1000);
	else
		snprintf(text, size, "%.3g s", s);
}

static void waiting(char *text, size_t size, const struct watch_progress *progress)
{
	char age[32], timeout[32];

	if (!is_known(progress->age)) {
		snprintf(text, size, "%s",
			 progress->none_runnable ? "nothing runnable" : "oldest runnable unknown");
		return;
	}
	duration(age, sizeof(age), progress->age, progress->hz);
	duration(timeout, sizeof(timeout), progress->timeout, progress->hz);
	/* 0, or ULONG_MAX: no watchdog */
	if (is_known(progress->timeout) && (int64_t)progress->timeout.value > 0)
		snprintf(text, size, "oldest runnable %s of %s", age, timeout);
	else
		snprintf(text, size, "oldest runnable %s", age);
}

static void describe(char *text, size_t size, const struct watch_progress *progress)
{
	const struct scxray_live_names *names = &progress->names;
	const char *release = names->release[0] ? names->release : "a kernel of unknown release";
	char waits[100];

	if (!progress->found) {
		snprintf(text, size, "looking for a kernel");
	} else if (!progress->running) {
		snprintf(text, size, "%s, no scheduler", release);
	} else {
		waiting(waits, sizeof(waits), progress);
		snprintf(text, size, "%s, scheduler%s%s, %s", release,
			 names->scheduler[0] ? " " : "", names->scheduler, waits);
	}
	make_safe(text);
}

void session_status_show(struct session_status *status, const struct watch_progress *progress)
{
	char text[400];

	describe(text, sizeof(text), progress);
	text[columns()] = '\0';
	pthread_mutex_lock(&status->lock);
	if (status->on && strcmp(text, status->text) != 0) {
		memcpy(status->text, text, strlen(text) + 1);
		fprintf(stderr, ERASE "%s", text);
	}
	pthread_mutex_unlock(&status->lock);
}

void session_status_say(struct session_status *status, const char *text)
{
	pthread_mutex_lock(&status->lock);
	/* one call, one write: lines of several processes don't mix */
	fprintf(stderr, "%sscxray: %s\n%s", status->text[0] ? ERASE : "", text, status->text);
	pthread_mutex_unlock(&status->lock);
}

void session_status_end(struct session_status *status)
{
	pthread_mutex_lock(&status->lock);
	if (status->text[0])
		fputs(ERASE, stderr);
	status->text[0] = '\0';
	status->on = false;
	pthread_mutex_unlock(&status->lock);
}
