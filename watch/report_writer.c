/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_writer.c - what sets of files are written with, and how that went
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "maker.h"
#include "report_writer.h"

int report_writer_init(struct report_writer *writer, const struct settings *settings,
		       const struct log *log, struct scxray_error *err)
{
	const char *why;

	*writer = (struct report_writer){ .settings = settings, .log = log };
	writer->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (writer->stop_fd < 0)
		return scxray_fail(err, SCXRAY_ERR_IO, 0, "no eventfd: %s", strerror(errno));
	writer->artifacts = artifacts_create(settings, err);
	if (!writer->artifacts) {
		close(writer->stop_fd);
		return -1;
	}
	writer->program = maker_program(settings, &why);
	if (!writer->program)
		log_say(log, SCXRAY_LOG_DEBUG, "reports are made in this process: %s", why);
	return 0;
}

void report_writer_deinit(struct report_writer *writer)
{
	artifacts_destroy(writer->artifacts);
	free(writer->program);
	free(writer->finding);
	close(writer->stop_fd);
}

/* The first thing that went wrong is what finish() tells; the log has them all. */
void report_writer_failed(struct report_writer *writer, enum scxray_plugin_status status,
			  const char *text)
{
	log_say(writer->log, SCXRAY_LOG_ERROR, "%s", text);
	if (writer->set_status >= 0) {
		writer->set_status = status;
		snprintf(writer->set_message, sizeof(writer->set_message), "%.300s", text);
	}
	if (writer->status < 0)
		return;
	writer->status = status;
	snprintf(writer->message, sizeof(writer->message), "%.300s", text);
}
