/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * writer.c - the thread that writes reports
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <base/event.h>

#include "writer.h"

struct job {
	struct job *next;
	enum artifact_kind kind;
	unsigned number;
	struct moment *late, *early;
};

struct writer {
	struct report_writer *set;
	pthread_t thread;
	bool started; /* the watcher's */

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t more;
	struct job *first, **last;
	bool ending;  /* no job comes any more */
	bool stopped; /* none is done any more */
};

static void job_destroy(struct job *job)
{
	moment_destroy(job->late);
	moment_destroy(job->early);
	free(job);
}

/* Waits for one; NULL: it was the last. */
static struct job *next_job(struct writer *writer)
{
	struct job *job;

	pthread_mutex_lock(&writer->lock);
	while (!writer->first && !writer->ending)
		pthread_cond_wait(&writer->more, &writer->lock);
	job = writer->first;
	if (job) {
		writer->first = job->next;
		if (!writer->first)
			writer->last = &writer->first;
	}
	pthread_mutex_unlock(&writer->lock);
	return job;
}

static bool is_stopped(struct writer *writer)
{
	bool stopped;

	pthread_mutex_lock(&writer->lock);
	stopped = writer->stopped;
	pthread_mutex_unlock(&writer->lock);
	return stopped;
}

static void *writer_run(void *arg)
{
	struct writer *writer = arg;
	struct job *job;

	while ((job = next_job(writer))) {
		if (!is_stopped(writer))
			report_set_write(writer->set, job->kind, job->number, job->late,
					 job->early);
		job_destroy(job);
	}
	return NULL;
}

static bool start(struct writer *writer)
{
	sigset_t all, before;

	if (writer->started)
		return true;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	writer->ending = false;
	writer->started = !pthread_create(&writer->thread, NULL, writer_run, writer);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (writer->started)
		pthread_setname_np(writer->thread, "scxray-writer");
	return writer->started;
}

struct writer *writer_create(struct report_writer *set)
{
	struct writer *writer = calloc(1, sizeof(*writer));

	if (!writer)
		return NULL;
	writer->set = set;
	writer->last = &writer->first;
	pthread_mutex_init(&writer->lock, NULL);
	pthread_cond_init(&writer->more, NULL);
	return writer;
}

void writer_destroy(struct writer *writer)
{
	if (!writer)
		return;
	writer_stop(writer);
	writer_drain(writer);
	pthread_cond_destroy(&writer->more);
	pthread_mutex_destroy(&writer->lock);
	free(writer);
}

void writer_put(struct writer *writer, enum artifact_kind kind, unsigned number,
		struct moment *late, struct moment *early)
{
	struct job *job = malloc(sizeof(*job));

	if (job)
		*job = (struct job){ .kind = kind, .number = number, .late = late, .early = early };
	if (!job || !start(writer)) {
		free(job);
		report_set_write(writer->set, kind, number, late, early);
		moment_destroy(late);
		moment_destroy(early);
		return;
	}
	pthread_mutex_lock(&writer->lock);
	*writer->last = job;
	writer->last = &job->next;
	pthread_cond_signal(&writer->more);
	pthread_mutex_unlock(&writer->lock);
}

void writer_drain(struct writer *writer)
{
	if (!writer->started)
		return;
	pthread_mutex_lock(&writer->lock);
	writer->ending = true;
	pthread_cond_signal(&writer->more);
	pthread_mutex_unlock(&writer->lock);
	pthread_join(writer->thread, NULL);
	writer->started = false;
}

void writer_stop(struct writer *writer)
{
	pthread_mutex_lock(&writer->lock);
	writer->stopped = true;
	pthread_mutex_unlock(&writer->lock);
	event_set(writer->set->stop_fd);
}
