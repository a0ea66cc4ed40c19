/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hmp.c - commands by QEMU's monitor for people
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu/hmp.h"

static const char prompt[] = "(qemu) ";

/* Bytes of the escape sequence at `at` (ESC [ ... letter), 0 where it is none or is cut. */
static size_t escape(const char *at, size_t nr)
{
	if (nr < 3 || at[0] != '\x1b' || at[1] != '[')
		return 0;
	for (size_t i = 2; i < nr; i++)
		if (at[i] >= '@' && at[i] <= '~')
			return i + 1;
	return 0;
}

bool hmp_read(const char *bytes, size_t nr, char *text)
{
	const size_t tail = sizeof(prompt) - 1;
	const char *line;
	size_t at = 0;

	if (nr < tail + 1 || memcmp(bytes + nr - tail, prompt, tail) ||
	    bytes[nr - tail - 1] != '\n')
		return false;
	nr -= tail;
	line = memchr(bytes, '\n', nr);
	nr -= (size_t)(line + 1 - bytes);
	bytes = line + 1;
	for (size_t i = 0; i < nr;) {
		size_t skip = escape(bytes + i, nr - i);

		if (skip || bytes[i] == '\r' || !bytes[i])
			i += skip ? skip : 1;
		else
			text[at++] = bytes[i++];
	}
	text[at] = '\0';
	return true;
}

/* All up to the next prompt; *answer is to be freed. */
static int wait_prompt(struct hmp *hmp, uint64_t deadline_ns, char **answer,
		       struct scxray_error *err)
{
	char *text;

	for (;;) {
		/* the prompt ends what there is: a look at the tail finds it */
		if (hmp->chan.nr && hmp->chan.buf[hmp->chan.nr - 1] == ' ') {
			text = malloc(hmp->chan.nr + 1);
			if (!text)
				return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
			if (hmp_read(hmp->chan.buf, hmp->chan.nr, text)) {
				chan_take(&hmp->chan, hmp->chan.nr);
				*answer = text;
				return 0;
			}
			free(text);
		}
		switch (chan_wait(&hmp->chan, deadline_ns)) {
		case CHAN_BYTES:
			break;
		case CHAN_ENDED:
			return scxray_fail(err, SCXRAY_ERR_IO, 0, "QEMU has closed its monitor");
		case CHAN_LATE:
			return scxray_fail(err, SCXRAY_ERR_IO, 0, "QEMU's monitor does not answer");
		case CHAN_FULL:
			return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
					   "the monitor's answer has no end (%zu bytes)",
					   hmp->chan.nr);
		}
	}
}

int hmp_init(struct hmp *hmp, struct chan *chan, uint64_t deadline_ns, struct scxray_error *err)
{
	char *greeting = NULL;
	int status;

	*hmp = (struct hmp){ .chan = *chan };
	*chan = (struct chan){ .fd = -1, .stop_fd = -1 };
	status = wait_prompt(hmp, deadline_ns, &greeting, err);
	free(greeting);
	return status;
}

void hmp_deinit(struct hmp *hmp)
{
	chan_deinit(&hmp->chan);
}

int hmp_execute(struct hmp *hmp, const char *command, int fd, uint64_t deadline_ns, char **answer,
		struct scxray_error *err)
{
	char *text = NULL, line[1024];

	if (hmp->lost)
		return scxray_fail(err, SCXRAY_ERR_IO, 0,
				   "QEMU's monitor did not answer an earlier command");
	/* in one piece: half a line would stay in the monitor's editor */
	snprintf(line, sizeof(line), "%s\n", command);
	if (chan_send(&hmp->chan, line, strlen(line), fd, deadline_ns, err) ||
	    wait_prompt(hmp, deadline_ns, &text, err)) {
		hmp->lost = true;
		return -1;
	}
	if (answer)
		*answer = text;
	else
		free(text);
	return 0;
}
