/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * monitor.c - a QEMU by its monitor, whichever of the two it is: QMP, or the one for people (HMP)
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <base/array.h>

#include "qemu/monitor.h"
#include "watch/now.h"

#define MAX_ANSWER (4u << 20) /* of HMP; QMP's are bounded by qmp_reader.c */
#define MAX_QUOTED 1024

static uint64_t in_ms(uint64_t ms)
{
	return now_ns() + ms * NS_PER_MS;
}

/* ---- open ------------------------------------------------------------------------ */

static void on_event(void *arg, const char *name, struct json_object *data)
{
	struct monitor *monitor = arg;

	(void)data;
	if (!strcmp(name, "STOP"))
		monitor->stops++;
	else if (!strcmp(name, "RESUME"))
		monitor->resumes++;
	else if (!strcmp(name, "RESET"))
		monitor->resets++;
}

/* Waits for the first bytes, which tell what it is. */
static int greet(struct chan *chan, const char *where, uint64_t deadline_ns,
		 struct scxray_error *err)
{
	while (chan->nr < 5) {
		switch (chan_wait(chan, deadline_ns)) {
		case CHAN_BYTES:
			continue;
		case CHAN_ENDED:
			return scxray_fail(err, SCXRAY_ERR_IO, 0,
					   "%s: closed at once; QEMU has gone, or it is no monitor",
					   where);
		default:
			return scxray_fail(err, SCXRAY_ERR_IO, 0,
					   "%s: nothing greets there; another program holds this "
					   "monitor (give QEMU one more -qmp), or it is none",
					   where);
		}
	}
	return 0;
}

static bool begins(const struct chan *chan, const char *with)
{
	return !memcmp(chan->buf, with, 5);
}

int monitor_init(struct monitor *monitor, int fd, const char *where, uint64_t deadline_ns,
		 struct scxray_error *err)
{
	uint64_t soon = in_ms(MONITOR_GREETING_MS),
		 deadline = soon < deadline_ns ? soon : deadline_ns;
	struct scxray_error why = { 0 };
	struct chan chan;
	int status = 0;

	*monitor = (struct monitor){ .qmp.chan.fd = -1, .hmp.chan.fd = -1 };
	if (chan_init(&chan, fd, MAX_ANSWER, err))
		return -1;
	if (greet(&chan, where, deadline, err)) {
		status = -1;
	} else if (begins(&chan, "QEMU ")) {
		monitor->people = true;
		status = hmp_init(&monitor->hmp, &chan, deadline, &why);
	} else if (begins(&chan, "{\"QMP") || chan.buf[0] == '{') {
		monitor->qmp.on_event = on_event;
		status = qmp_init(&monitor->qmp, &chan, deadline, &why);
		monitor->qmp.on_event = on_event;
		monitor->qmp.arg = monitor;
	} else {
		status = scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
				     "%s: no monitor of QEMU; it greets with %.20s", where,
				     chan.buf);
	}
	chan_deinit(&chan);
	if (why.code)
		return scxray_fail(err, why.code, 0, "%s: %s", where, why.text);
	return status;
}

void monitor_deinit(struct monitor *monitor)
{
	if (monitor->people)
		hmp_deinit(&monitor->hmp);
	else
		qmp_deinit(&monitor->qmp);
}

void monitor_set_stop(struct monitor *monitor, int fd)
{
	monitor->hmp.chan.stop_fd = monitor->qmp.chan.stop_fd = fd;
}

int monitor_fd(const struct monitor *monitor)
{
	return monitor->people ? monitor->hmp.chan.fd : monitor->qmp.chan.fd;
}

/* ---- commands -------------------------------------------------------------------- */

static int execute(struct monitor *monitor, const char *command, const char *arguments, int fd,
		   struct json_object **result, struct scxray_error *err)
{
	struct scxray_error why = { 0 };

	if (!qmp_execute(&monitor->qmp, command, arguments, fd, in_ms(MONITOR_MS), result, &why))
		return 0;
	return scxray_fail(err, why.code, 0, "%s (QMP %s)", why.text, command);
}

static int by_qmp(struct monitor *monitor, const char *command, char **answer,
		  struct scxray_error *err)
{
	char arguments[MAX_QUOTED + 32] = "{\"command-line\": ";
	struct json_object *result = NULL;
	size_t at = strlen(arguments);

	if (!qmp_quote(command, arguments + at, MAX_QUOTED))
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0, "a monitor command is too long");
	strcat(arguments, "}");
	if (execute(monitor, "human-monitor-command", arguments, -1, &result, err))
		return -1;
	if (answer)
		*answer = strdup(json_object_is_type(result, json_type_string)
					 ? json_object_get_string(result)
					 : "");
	json_object_put(result);
	if (answer && !*answer)
		return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	return 0;
}

int monitor_command(struct monitor *monitor, const char *command, char **answer,
		    struct scxray_error *err)
{
	if (monitor->people)
		return hmp_execute(&monitor->hmp, command, -1, in_ms(MONITOR_MS), answer, err);
	return by_qmp(monitor, command, answer, err);
}

int monitor_give_fd(struct monitor *monitor, const char *name, int fd, struct scxray_error *err)
{
	char text[128], *answer = NULL;
	int status = 0;

	if (!monitor->people) {
		snprintf(text, sizeof(text), "{\"fdname\": \"%s\"}", name);
		return execute(monitor, "getfd", text, fd, NULL, err);
	}
	snprintf(text, sizeof(text), "getfd %s", name);
	if (hmp_execute(&monitor->hmp, text, fd, in_ms(MONITOR_MS), &answer, err))
		return -1;
	if (*answer)
		status = scxray_fail(err, SCXRAY_ERR_INVALID, 0, "QEMU refuses: %.100s (getfd)",
				     answer);
	free(answer);
	return status;
}

static int status_of(const char *text, enum monitor_status *status)
{
	static const struct {
		const char *name;
		enum monitor_status status;
	} names[] = {
		{ "running", MONITOR_RUNS },	      { "debug", MONITOR_DEBUG },
		{ "shutdown", MONITOR_OVER },	      { "guest-panicked", MONITOR_OVER },
		{ "internal-error", MONITOR_OVER },   { "postmigrate", MONITOR_OVER },
		{ "finish-migrate", MONITOR_PAUSED },
	};

	*status = MONITOR_PAUSED;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(text, names[i].name))
			*status = names[i].status;
	return 0;
}

/* "VM status: paused (debug)": the last word, without its brackets. */
static int status_of_people(char *answer, enum monitor_status *status)
{
	char *word = strstr(answer, "VM status: "), *bracket;

	if (!word)
		return -1;
	word += strlen("VM status: ");
	word[strcspn(word, "\n")] = '\0';
	bracket = strchr(word, '(');
	if (bracket) {
		word = bracket + 1;
		word[strcspn(word, ")")] = '\0';
	}
	return status_of(word, status);
}

int monitor_status(struct monitor *monitor, enum monitor_status *status, struct scxray_error *err)
{
	struct json_object *result = NULL, *member;
	char *answer = NULL;
	int failed = -1;

	if (monitor->people) {
		if (monitor_command(monitor, "info status", &answer, err))
			return -1;
		failed = status_of_people(answer, status);
		free(answer);
	} else {
		if (execute(monitor, "query-status", NULL, -1, &result, err))
			return -1;
		member = qmp_member(result, "status", json_type_string);
		if (member)
			failed = status_of(json_object_get_string(member), status);
		json_object_put(result);
	}
	return failed ? scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
				    "QEMU does not say whether the guest runs")
		      : 0;
}

int monitor_stop(struct monitor *monitor, uint64_t deadline_ns, struct scxray_error *err)
{
	if (monitor->people)
		return hmp_execute(&monitor->hmp, "stop", -1, deadline_ns, NULL, err);
	return qmp_execute(&monitor->qmp, "stop", NULL, -1, deadline_ns, NULL, err);
}

int monitor_go(struct monitor *monitor, struct scxray_error *err)
{
	if (monitor->people)
		return monitor_command(monitor, "cont", NULL, err);
	return execute(monitor, "cont", NULL, -1, NULL, err);
}

/* "* CPU #0: thread_id=4667" lines. */
static int threads_of_people(struct monitor *monitor, int32_t *tids, size_t max,
			     struct scxray_error *err)
{
	static const char key[] = "thread_id=";
	char *answer = NULL;
	size_t nr = 0;

	if (monitor_command(monitor, "info cpus", &answer, err))
		return -1;
	for (char *at = strstr(answer, key); at && nr < max; at = strstr(at, key)) {
		at += sizeof(key) - 1;
		tids[nr++] = (int32_t)strtol(at, NULL, 10);
	}
	free(answer);
	return (int)nr;
}

int monitor_threads(struct monitor *monitor, int32_t *tids, size_t max, struct scxray_error *err)
{
	struct json_object *result = NULL;
	size_t nr;

	if (monitor->people)
		return threads_of_people(monitor, tids, max, err);
	if (execute(monitor, "query-cpus-fast", NULL, -1, &result, err))
		return -1;
	if (!json_object_is_type(result, json_type_array)) {
		json_object_put(result);
		return scxray_fail(err, SCXRAY_ERR_FORMAT, 0, "QEMU does not list its vCPUs");
	}
	nr = json_object_array_length(result);
	for (size_t i = 0; i < nr && i < max; i++) {
		struct json_object *tid = qmp_member(json_object_array_get_idx(result, i),
						     "thread-id", json_type_int);

		tids[i] = tid ? json_object_get_int(tid) : 0;
	}
	json_object_put(result);
	return (int)(nr < max ? nr : max);
}

void monitor_pump(struct monitor *monitor)
{
	struct scxray_error err;

	if (monitor->people) {
		/* what comes unasked is no event; only the end counts */
		if (chan_wait(&monitor->hmp.chan, 0) == CHAN_ENDED)
			monitor->closed = true;
		return;
	}
	if (qmp_pump(&monitor->qmp, &err))
		monitor->closed = true;
}

bool monitor_wait_resume(struct monitor *monitor, uint32_t resumes, uint64_t deadline_ns)
{
	struct pollfd fd = { .fd = monitor_fd(monitor), .events = POLLIN };
	enum monitor_status status;

	for (;;) {
		if (monitor->people && monitor_status(monitor, &status, NULL))
			return false;
		if (monitor->people && status == MONITOR_RUNS)
			return true;
		monitor_pump(monitor);
		if (monitor->resumes != resumes)
			return true;
		if (monitor->closed || now_ns() >= deadline_ns)
			return false;
		poll(&fd, 1, monitor->people ? 1 : 10);
	}
}
