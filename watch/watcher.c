/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watcher.c - the plugin's one thread: its life, and how others reach it
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <base/event.h>

#include "take.h"
#include "watch.h"
#include "watcher.h"

/* finish() lets a freeze under way have that long before vCPUs are no longer waited for. */
#define FINISH_PATIENCE_MS 1000
#define FINISH_STEP_MS 20

/* What a person sees of it is that fresh. */
#define PROGRESS_MS 250

/* Between two looks, the word of the exit kind is read that often where no watchpoint is set. */
#define WORD_STEP_MS 1

struct request {
	struct request *next;
	enum scxray_plugin_moment moment;
	const char *why;
	const struct watch_ram *ram; /* this instead of a trigger; or NULL */
	enum scxray_plugin_status status;
	bool done;
};

struct watcher {
	struct watch watch; /* the thread's alone */
	uint64_t next_progress_ms;
	struct watch_machine *machine;
	int wake_fd;
	pthread_t thread;
	bool started;

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t done;
	struct request *first, **last;
	bool stopping; /* no request is taken any more */
	bool discard;  /* unload(): write nothing */
	bool ended;    /* the thread does nothing more */
	struct watch_progress progress;
};

static void wake(void *arg)
{
	event_set(((struct watcher *)arg)->wake_fd);
}

/* ---- the thread ------------------------------------------------------------- */

static struct request *next_request(struct watcher *watcher, bool *stopping)
{
	struct request *request;

	pthread_mutex_lock(&watcher->lock);
	request = watcher->first;
	if (request) {
		watcher->first = request->next;
		if (!watcher->first)
			watcher->last = &watcher->first;
	}
	*stopping = watcher->stopping;
	pthread_mutex_unlock(&watcher->lock);
	return request;
}

static void answer(struct watcher *watcher, struct request *request,
		   enum scxray_plugin_status status)
{
	pthread_mutex_lock(&watcher->lock);
	request->status = status;
	request->done = true;
	pthread_cond_broadcast(&watcher->done);
	pthread_mutex_unlock(&watcher->lock);
}

static enum scxray_plugin_status serve(struct watch *watch, const struct request *request)
{
	if (request->ram)
		return watch_change_ram(watch, request->ram);
	return watch_trigger(watch, request->moment, request->why);
}

static void wait_for_work(struct watcher *watcher)
{
	struct watch_machine *machine = watcher->machine;
	struct pollfd fds[] = {
		{ .fd = watcher->wake_fd, .events = POLLIN },
		{ .fd = machine->fd, .events = POLLIN }, /* poll(2) skips -1 */
	};
	uint64_t until = watch_next_ms(&watcher->watch), now, count;

	while ((now = watch_now_ms()) < until) {
		uint64_t ms = until - now;

		if (watch_wants_word(&watcher->watch)) {
			if (watch_word(&watcher->watch))
				return;
			ms = WORD_STEP_MS;
		}
		if (poll(fds, 2, ms < 1000000 ? (int)ms : 1000000) <= 0)
			continue;
		if (fds[1].revents)
			machine->ops->events(machine);
		else if (read(watcher->wake_fd, &count, sizeof(count)) < 0)
			continue;
		return;
	}
}

/* The thread never waits for a reader of the state: the next time is soon. */
static void tell_progress(struct watcher *watcher)
{
	uint64_t now = watch_now_ms();
	struct watch_progress progress;

	if (now < watcher->next_progress_ms)
		return;
	watcher->next_progress_ms = now + PROGRESS_MS;
	watch_read_progress(&watcher->watch, &progress);
	if (pthread_mutex_trylock(&watcher->lock))
		return;
	watcher->progress = progress;
	pthread_mutex_unlock(&watcher->lock);
}

static void *watcher_run(void *arg)
{
	struct watcher *watcher = arg;
	struct request *request;
	bool stopping = false;

	while (!stopping) {
		wait_for_work(watcher);
		while ((request = next_request(watcher, &stopping))) {
			/* the caller that waits goes on as soon as the guest does, not when all is written */
			answer(watcher, request, serve(&watcher->watch, request));
			watch_write(&watcher->watch);
		}
		if (!stopping)
			watch_tick(&watcher->watch);
		watch_write(&watcher->watch);
		tell_progress(watcher);
	}
	pthread_mutex_lock(&watcher->lock);
	stopping = !watcher->discard;
	pthread_mutex_unlock(&watcher->lock);
	if (stopping)
		watch_end(&watcher->watch);
	watch_stop(&watcher->watch);
	pthread_mutex_lock(&watcher->lock);
	watcher->ended = true;
	pthread_cond_broadcast(&watcher->done);
	pthread_mutex_unlock(&watcher->lock);
	return NULL;
}

/* ---- create, destroy ---------------------------------------------------------- */

struct watcher *watcher_create(const struct settings *settings, const struct log *log,
			       struct watch_machine *machine, struct scxray_live *live,
			       struct perf *perf, struct scxray_error *err)
{
	struct watcher *watcher = calloc(1, sizeof(*watcher));
	pthread_condattr_t monotonic;

	if (!watcher) {
		scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
	watcher->machine = machine;
	watcher->last = &watcher->first;
	pthread_mutex_init(&watcher->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&watcher->done, &monotonic);
	pthread_condattr_destroy(&monotonic);
	watcher->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (watcher->wake_fd < 0)
		scxray_fail(err, SCXRAY_ERR_IO, 0, "no eventfd: %s", strerror(errno));
	if (watcher->wake_fd < 0 ||
	    watch_init(&watcher->watch, settings, log, machine, live, perf, err)) {
		watcher_destroy(watcher);
		return NULL;
	}
	machine->wake = wake;
	machine->wake_arg = watcher;
	return watcher;
}

void watcher_set_hooks(struct watcher *watcher, const struct watch_hooks *hooks)
{
	watcher->watch.hooks = *hooks;
	reports_set_hooks(watcher->watch.reports, &watcher->watch.hooks);
}

int watcher_start(struct watcher *watcher, struct scxray_error *err)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&watcher->thread, NULL, watcher_run, watcher);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error)
		return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "no thread: %s", strerror(error));
	pthread_setname_np(watcher->thread, "scxray");
	watcher->started = true;
	return 0;
}

static void stop(struct watcher *watcher, bool discard)
{
	pthread_mutex_lock(&watcher->lock);
	watcher->stopping = true;
	watcher->discard = discard;
	pthread_mutex_unlock(&watcher->lock);
	wake(watcher);
}

static bool ends_within(struct watcher *watcher, uint64_t ms)
{
	struct timespec until;
	bool ended;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += (long)ms * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&watcher->lock);
	if (!watcher->ended)
		pthread_cond_timedwait(&watcher->done, &watcher->lock, &until);
	ended = watcher->ended;
	pthread_mutex_unlock(&watcher->lock);
	return ended;
}

/* A VM that has ended may have left vCPUs that will never park. */
static void join(struct watcher *watcher, uint64_t patience_ms)
{
	uint64_t called = watch_now_ms();

	do {
		uint64_t since = watch_parking_since_ms(&watcher->watch);

		if (since && watch_now_ms() - (since > called ? since : called) >= patience_ms)
			watcher->machine->ops->abort(watcher->machine);
	} while (!ends_within(watcher, FINISH_STEP_MS));
	pthread_join(watcher->thread, NULL);
	watcher->started = false;
}

void watcher_destroy(struct watcher *watcher)
{
	if (!watcher)
		return;
	if (watcher->started) {
		stop(watcher, true);
		if (watcher->watch.scene.live)
			scxray_live_stop(watcher->watch.scene.live);
		reports_stop(watcher->watch.reports);
		join(watcher, 0);
	}
	watch_deinit(&watcher->watch);
	if (watcher->wake_fd >= 0)
		close(watcher->wake_fd);
	pthread_cond_destroy(&watcher->done);
	pthread_mutex_destroy(&watcher->lock);
	free(watcher);
}

/* ---- calls ---------------------------------------------------------------------- */

/* Until the watcher's thread has answered, where it still does. */
static enum scxray_plugin_status ask(struct watcher *watcher, struct request *request)
{
	request->status = SCXRAY_STATUS_INVALID;
	pthread_mutex_lock(&watcher->lock);
	if (!watcher->stopping) {
		*watcher->last = request;
		watcher->last = &request->next;
		wake(watcher);
		while (!request->done)
			pthread_cond_wait(&watcher->done, &watcher->lock);
	}
	pthread_mutex_unlock(&watcher->lock);
	return request->status;
}

enum scxray_plugin_status watcher_trigger(struct watcher *watcher, int32_t moment, const char *why)
{
	struct request request = { .why = why };

	if (moment != SCXRAY_MOMENT_EARLY && moment != SCXRAY_MOMENT_LATE)
		return SCXRAY_STATUS_INVALID;
	request.moment = moment == SCXRAY_MOMENT_EARLY ? SCXRAY_MOMENT_EARLY : SCXRAY_MOMENT_LATE;
	return ask(watcher, &request);
}

enum scxray_plugin_status watcher_add_ram(struct watcher *watcher,
					  const struct scxray_live_region *region)
{
	const struct watch_ram ram = { .add = region };
	struct request request = { .ram = &ram };

	return ask(watcher, &request);
}

enum scxray_plugin_status watcher_remove_ram(struct watcher *watcher, uint64_t gpa)
{
	const struct watch_ram ram = { .gone = gpa };
	struct request request = { .ram = &ram };

	return ask(watcher, &request);
}

void watcher_progress(struct watcher *watcher, struct watch_progress *progress)
{
	pthread_mutex_lock(&watcher->lock);
	*progress = watcher->progress;
	pthread_mutex_unlock(&watcher->lock);
}

void watcher_finish(struct watcher *watcher, struct scxray_plugin_result *result)
{
	*result = (struct scxray_plugin_result){
		.struct_size = sizeof(*result),
		.status = SCXRAY_STATUS_INVALID,
		.message = "called again after finish()",
	};
	if (!watcher->started)
		return;
	stop(watcher, false);
	join(watcher, FINISH_PATIENCE_MS);
	watch_status(&watcher->watch, result);
}
