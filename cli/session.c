/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session.c - a QEMU guest that is watched, for as long as a command runs
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/session.h"
#include "cli/session_log.h"

#define LOOK_MS 500 /* at a machine that has closed its monitor and lives on */
#define MAX_VCPUS 4096

int session_set(struct session_options *options, const char *setting)
{
	size_t nr = 0;

	while (options->settings[nr])
		nr++;
	if (nr == SESSION_MAX_SETTINGS)
		return cli_usage("more than %d settings", SESSION_MAX_SETTINGS);
	options->settings[nr] = setting;
	return CLI_OK;
}

/* Before there are threads: they all inherit the mask. */
static int catch_signals(struct session *session)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	session->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return session->signal_fd >= 0 ? CLI_OK : cli_fail("no signalfd: %s", strerror(errno));
}

static int open_parts(struct session *session, struct scxray_error *err)
{
	struct qemu_machine *machine = session->machine;
	int32_t tids[MAX_VCPUS];
	size_t nr = qemu_machine_threads(machine, tids, MAX_VCPUS);
	const char *no_perf = session->settings.perf ? qemu_machine_no_perf(machine)
						     : "turned off by the setting perf=off";

	session->live = qemu_machine_live(machine, &session->settings.capture, err);
	if (!session->live)
		return -1;
	session->perf = perf_create(nr, no_perf);
	if (!session->perf)
		return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	for (size_t i = 0; i < nr && !no_perf; i++)
		perf_attach(session->perf, (uint32_t)i, tids[i]);
	session->watcher =
		watcher_create(&session->settings, &session->log, qemu_machine_base(machine),
			       session->live, session->perf, err);
	return session->watcher ? watcher_start(session->watcher, err) : -1;
}

int session_open(struct session *session, const struct session_options *options)
{
	struct scxray_error err = { 0 };

	*session = (struct session){ .json_lines = options->json_lines,
				     .quiet = options->quiet,
				     .signal_fd = -1 };
	session_status_init(&session->status,
			    options->progress && !options->quiet && !options->json_lines);
	log_init(&session->log, session_log_line, session);
	if (settings_init(&session->settings, options->settings, &err))
		return cli_usage("%s", err.text);
	if (catch_signals(session))
		return CLI_FAILED;
	session->machine = qemu_machine_create(&options->target, &session->log, &err);
	if (!session->machine || open_parts(session, &err))
		return cli_fail("%s", err.text);
	log_say(&session->log, SCXRAY_LOG_INFO, "%s", qemu_machine_text(session->machine));
	return CLI_OK;
}

static enum session_end wait_for_end(struct session *session, int fd)
{
	struct watch_progress progress;
	struct pollfd fds[] = {
		{ .fd = qemu_machine_end_fd(session->machine), .events = POLLIN },
		{ .fd = session->signal_fd, .events = POLLIN },
		{ .fd = fd, .events = POLLIN },
	};

	for (;;) {
		watcher_progress(session->watcher, &progress);
		session_status_show(&session->status, &progress);
		poll(fds, 3, LOOK_MS);
		if (fds[1].revents)
			return SESSION_SIGNAL;
		if (fds[0].revents || qemu_machine_gone(session->machine))
			return SESSION_QEMU_ENDED;
		if (fds[2].revents)
			return SESSION_FD;
	}
}

enum session_end session_wait(struct session *session, int fd)
{
	enum session_end end = wait_for_end(session, fd);

	session_status_end(&session->status);
	return end;
}

int session_finish(struct session *session)
{
	struct scxray_plugin_result result;

	watcher_finish(session->watcher, &result);
	session_log_end(session, result.status, result.message, result.paths, result.nr_paths);
	return result.status < 0 ? CLI_FAILED : CLI_OK;
}

void session_close(struct session *session)
{
	watcher_destroy(session->watcher);
	scxray_live_destroy(session->live);
	perf_destroy(session->perf);
	qemu_machine_destroy(session->machine);
	settings_deinit(&session->settings);
	if (session->signal_fd >= 0)
		close(session->signal_fd);
}
