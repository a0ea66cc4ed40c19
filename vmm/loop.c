/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loop.c - the main thread while the guest runs: serial ports, signals, time, the plugin
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include <base/array.h>

#include "loop.h"
#include "message.h"

/*
 * A guest sends its bytes one by one.  What comes within this time is fetched at once: while
 * there is something in a UART, more of it wakes nobody.
 */
#define GATHER_NS 4000000L

/* How long what the guest said last may take to reach a slow reader. */
#define DRAIN_MS 2000

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* ---- opening ---------------------------------------------------------------------- */

static int create_file(const char *option, const char *path, struct scxray_error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		scxray_fail(err, SCXRAY_ERR_IO, 0, "%s %s: %s", option, path, strerror(errno));
	return fd;
}

static int connect_socket(const char *path, struct scxray_error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(address.sun_path))
		errno = ENAMETOOLONG;
	else if (fd >= 0) {
		memcpy(address.sun_path, path, strlen(path) + 1);
		if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
			return fd;
	}
	scxray_fail(err, SCXRAY_ERR_IO, 0, "--data unix:%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static int inherited(const char *number, struct scxray_error *err)
{
	char *end;
	long fd = strtol(number, &end, 10);

	if (*number < '0' || *number > '9' || *end || fd > 65535 || fcntl((int)fd, F_GETFD) < 0) {
		scxray_fail(err, SCXRAY_ERR_IO, 0, "--data fd:%s: not an open file descriptor",
			    number);
		return -1;
	}
	return (int)fd;
}

static int open_data(struct loop *loop, const char *where, struct scxray_error *err)
{
	bool both_ways = true;
	int fd;

	if (!where)
		return 0;
	if (!strncmp(where, "unix:", 5)) {
		fd = connect_socket(where + 5, err);
	} else if (!strncmp(where, "fd:", 3)) {
		fd = inherited(where + 3, err);
	} else {
		fd = create_file("--data", where, err);
		both_ways = false;
	}
	if (fd < 0)
		return -1;
	loop->data.sinks[0] = (struct line_sink){ .fd = fd, .name = where };
	loop->data.in_fd = both_ways ? fd : -1;
	return 0;
}

static int open_log(struct loop *loop, const char *path, struct scxray_error *err)
{
	int fd;

	if (!path)
		return 0;
	fd = create_file("--log", path, err);
	if (fd < 0)
		return -1;
	loop->console.sinks[1] = (struct line_sink){ .fd = fd, .name = path };
	return 0;
}

static int open_signals(struct loop *loop, struct scxray_error *err)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1 };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaddset(&set, signals[i]);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	/* Errors of write() and read() are what there is to see. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTTIN, SIG_IGN);
	loop->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (loop->signal_fd < 0)
		return scxray_fail(err, SCXRAY_ERR_IO, 0, "signalfd: %s", strerror(errno));
	return 0;
}

static void line_init(struct line *line, struct uart *uart)
{
	*line = (struct line){ .uart = uart, .in_fd = -1 };
	for (unsigned i = 0; i < LINE_SINKS; i++)
		line->sinks[i].fd = -1;
}

int loop_open(struct loop *loop, struct machine *machine, struct options *options,
	      struct scxray_error *err)
{
	*loop = (struct loop){ .machine = machine, .options = options, .signal_fd = -1 };
	line_init(&loop->console, machine->com1);
	line_init(&loop->data, machine->com2);
	loop->console.in_fd = STDIN_FILENO;
	loop->console.sinks[0] = (struct line_sink){ .fd = STDOUT_FILENO, .name = "stdout" };
	if (open_signals(loop, err) || open_log(loop, options->log, err) ||
	    open_data(loop, options->data, err))
		return -1;
	return 0;
}

/* ---- snapshots -------------------------------------------------------------------- */

static void snapshot(struct loop *loop, enum scxray_plugin_moment moment, const char *why)
{
	struct machine *machine = loop->machine;
	struct scxray_error err;

	if (!loop->options->plugin.path || loop->plugin_failed)
		return;
	if (!atomic_load(&machine->plugin) &&
	    plugin_host_load(machine, &loop->options->plugin, &err)) {
		message_print("%s", err.text);
		loop->plugin_failed = true;
		return;
	}
	plugin_host_trigger(machine, moment, why);
}

/* The snapshot that a text asks for, where it is found now. */
static void act_on(struct loop *loop, const struct line_match *watch, bool was_found,
		   enum scxray_plugin_moment moment)
{
	char why[LINE_MATCH_MAX + 32];

	if (!watch->found || was_found)
		return;
	snprintf(why, sizeof(why), "the guest said '%s'", watch->text);
	snapshot(loop, moment, why);
}

static void pump(struct loop *loop)
{
	struct line_match *early = &loop->options->early, *late = &loop->options->late;
	struct line_match matches[2] = { *early, *late };
	bool early_was = early->found, late_was = late->found;

	line_pump(&loop->console, matches, 2);
	line_pump(&loop->data, matches, 2);
	*early = matches[0];
	*late = matches[1];
	act_on(loop, early, early_was, SCXRAY_MOMENT_EARLY);
	act_on(loop, late, late_was, SCXRAY_MOMENT_LATE);
}

/* ---- waiting ---------------------------------------------------------------------- */

static void take_signals(struct loop *loop)
{
	struct signalfd_siginfo info;

	while (read(loop->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGUSR1 || info.ssi_signo == SIGQUIT) {
			if (!loop->options->plugin.path)
				message_print("no snapshot: there is no --plugin");
			snapshot(loop, SCXRAY_MOMENT_LATE, PLUGIN_ON_DEMAND);
			continue;
		}
		loop->signal = (int)info.ssi_signo;
		machine_end(loop->machine, END_SIGNAL, "%s", strsignal(loop->signal));
	}
}

static void wait_for_something(struct loop *loop, int timeout_ms)
{
	struct pollfd fds[2 + 2 * LINE_POLL_FDS] = {
		{ loop->machine->wake_fd, POLLIN, 0 },
		{ loop->signal_fd, POLLIN, 0 },
	};
	nfds_t nr = 2;
	uint64_t count;

	if (loop->console.more || loop->data.more)
		timeout_ms = 0;
	nr += line_poll_fds(&loop->console, fds + nr);
	nr += line_poll_fds(&loop->data, fds + nr);
	if (poll(fds, nr, timeout_ms) > 0 && fds[0].revents)
		while (read(loop->machine->wake_fd, &count, sizeof(count)) > 0)
			;
}

/* What a guest that hangs looks like is worth a report. */
static void time_out(struct loop *loop)
{
	char why[64];

	snprintf(why, sizeof(why), PLUGIN_TIMEOUT "%" PRIu64 " s",
		 loop->options->timeout_ms / 1000);
	snapshot(loop, SCXRAY_MOMENT_LATE, why);
	machine_end(loop->machine, END_TIMEOUT, "%s", why);
}

void loop_run(struct loop *loop)
{
	uint64_t timeout = loop->options->timeout_ms, end = now_ms() + timeout;
	const struct timespec gather = { .tv_nsec = GATHER_NS };

	while (machine_ended(loop->machine) == END_NOT_YET) {
		uint64_t now = now_ms(), left = end > now ? end - now : 0;

		if (timeout && !left) {
			time_out(loop);
			return;
		}
		wait_for_something(loop, timeout ? (int)(left < 60000 ? left : 60000) : -1);
		nanosleep(&gather, NULL);
		pump(loop);
		take_signals(loop);
	}
}

static void close_line(struct line *line)
{
	for (unsigned i = 0; i < LINE_SINKS; i++)
		if (line->sinks[i].fd > STDERR_FILENO)
			close(line->sinks[i].fd);
}

void loop_close(struct loop *loop)
{
	uint64_t end = now_ms() + DRAIN_MS;

	for (;;) {
		pump(loop);
		if ((!line_busy(&loop->console) && !line_busy(&loop->data)) || now_ms() >= end)
			break;
		loop->console.in_fd = loop->data.in_fd = -1;
		wait_for_something(loop, 50);
	}
	close_line(&loop->console);
	close_line(&loop->data);
	if (loop->signal_fd >= 0)
		close(loop->signal_fd);
}
