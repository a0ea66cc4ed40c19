/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guard_act.c - what the guard does when scxray is gone
 *
 * scxray may have died in the middle of an answer.  So what comes in is not parsed from a begin
 * that nobody knows: each question has a mark of its own, and its answer is what has that mark.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu/chan.h"
#include "qemu/gdb_packet.h"
#include "qemu/guard_act.h"
#include "watch/now.h"

#define ANSWER_MS 3000
#define GDB_MS 500
#define STOP_MS 1000
#define BUFFER (256 * 1024)

struct act {
	struct chan monitor;
	struct chan gdb;
	bool people;
	unsigned marks;
	struct gdb_packet packet;
};

static uint64_t in_ms(uint64_t ms)
{
	return now_ns() + ms * NS_PER_MS;
}

/* Until `mark` has come: where it is in the buffer, which has a NUL after what came; or NULL. */
static char *wait_mark(struct chan *chan, const char *mark, uint64_t deadline_ns)
{
	for (;;) {
		char *found = memmem(chan->buf, chan->nr, mark, strlen(mark));

		if (found)
			return found;
		if (chan->nr > chan->size / 2)
			chan_take(chan, chan->nr - 128);
		if (chan_wait(chan, deadline_ns) != CHAN_BYTES)
			return NULL;
	}
}

/* A command of QMP.  What came up to its answer's end is in the buffer, from *from to the mark. */
static char *ask_qmp(struct act *act, const char *command, const char *arguments)
{
	char text[256], mark[32];

	chan_take(&act->monitor, act->monitor.nr);
	snprintf(mark, sizeof(mark), "\"scxray-guard-%u\"", ++act->marks);
	snprintf(text, sizeof(text), "{\"execute\": \"%s\", \"id\": %s, \"arguments\": {%s}}\n",
		 command, mark, arguments);
	if (chan_send(&act->monitor, text, strlen(text), -1, in_ms(ANSWER_MS), NULL))
		return NULL;
	return wait_mark(&act->monitor, mark, in_ms(ANSWER_MS));
}

/* A command of HMP whose answer, or the echo of what follows it, has the mark. */
static char *ask_people(struct act *act, const char *command, const char *mark)
{
	char text[128];

	chan_take(&act->monitor, act->monitor.nr);
	snprintf(text, sizeof(text), "%s\n", command);
	if (chan_send(&act->monitor, text, strlen(text), -1, in_ms(ANSWER_MS), NULL))
		return NULL;
	return wait_mark(&act->monitor, mark, in_ms(ANSWER_MS));
}

/* Does the last answer before the mark say this? */
static bool says(struct act *act, const char *end, const char *text)
{
	const char *buf = act->monitor.buf;

	return memmem(buf, (size_t)(end - buf), text, strlen(text));
}

enum state {
	STATE_UNKNOWN,
	STATE_RUNS,
	STATE_DEBUG,
	STATE_PAUSED,
	STATE_OTHER,
};

static enum state ask_state(struct act *act)
{
	char *end = act->people ? ask_people(act, "info status", "VM status: ")
				: ask_qmp(act, "query-status", "");

	if (!end)
		return STATE_UNKNOWN;
	if (act->people) {
		/* the rest of that line */
		end = wait_mark(&act->monitor, "\n(qemu) ", in_ms(ANSWER_MS));
		if (!end)
			return STATE_UNKNOWN;
		return says(act, end, "status: running")    ? STATE_RUNS
		       : says(act, end, "(debug)")	    ? STATE_DEBUG
		       : says(act, end, "status: paused\r") ? STATE_PAUSED
							    : STATE_OTHER;
	}
	return says(act, end, "\"status\": \"running\"")  ? STATE_RUNS
	       : says(act, end, "\"status\": \"debug\"")  ? STATE_DEBUG
	       : says(act, end, "\"status\": \"paused\"") ? STATE_PAUSED
							  : STATE_OTHER;
}

static void command(struct act *act, const char *text)
{
	char arguments[128];

	if (act->people) {
		ask_people(act, text, "(qemu) ");
		return;
	}
	snprintf(arguments, sizeof(arguments), "\"command-line\": \"%s\"", text);
	ask_qmp(act, "human-monitor-command", arguments);
}

/* ---- the gdbstub ------------------------------------------------------------------- */

static bool next_packet(struct act *act, uint64_t deadline_ns)
{
	size_t used;

	for (;;) {
		int got = gdb_packet_read(act->gdb.buf, act->gdb.nr, &used, &act->packet);

		chan_take(&act->gdb, used);
		if (got > 0)
			return !chan_send(&act->gdb, "+", 1, -1, deadline_ns, NULL);
		if (!got && chan_wait(&act->gdb, deadline_ns) != CHAN_BYTES)
			return false;
	}
}

static bool wait_stop(struct act *act, uint64_t deadline_ns)
{
	struct gdb_stop stop = { 0 };

	while (!stop.valid) {
		if (!next_packet(act, deadline_ns))
			return false;
		gdb_stop_parse(act->packet.data, &stop);
	}
	return true;
}

static bool ask_gdb(struct act *act, const char *data)
{
	uint64_t deadline = in_ms(GDB_MS);
	char bytes[64];
	size_t nr = gdb_packet_write(data, bytes, sizeof(bytes));

	if (chan_send(&act->gdb, bytes, nr, -1, deadline, NULL))
		return false;
	/* what was on the way comes first */
	while (next_packet(act, deadline))
		if (act->packet.data[0] == 'E' || !strcmp(act->packet.data, "OK"))
			return act->packet.data[0] == 'O';
	return false;
}

/* With the guest standing: z2 for all that may be set. */
static void remove_words(struct act *act, const struct guard_notes *notes)
{
	char data[64];

	for (int i = 0; i < GUARD_MAX_WORDS; i++) {
		uint64_t kva = atomic_load(&notes->word[i].kva);

		if (!kva)
			continue;
		snprintf(data, sizeof(data), "z2,%" PRIx64 ",%x", kva,
			 atomic_load(&notes->word[i].size));
		ask_gdb(act, data);
	}
}

/* Ends our part at the gdbstub; `go`: the guest is to go on. */
static void leave_gdb(struct act *act, const struct guard_notes *notes, enum state state, bool go)
{
	if (state == STATE_RUNS) {
		chan_send(&act->gdb, "\x03", 1, -1, in_ms(GDB_MS), NULL);
		wait_stop(act, in_ms(STOP_MS));
	}
	remove_words(act, notes);
	/* D lets the guest go on, whoever has stopped it */
	if (go && !ask_gdb(act, "D"))
		ask_gdb(act, "D;1");
}

void guard_act(const struct guard_notes *notes, int monitor_fd, bool people, int gdb_fd)
{
	struct act act = { .people = people, .gdb.fd = -1 };
	bool ours = atomic_load(&notes->stopped);
	bool stub = atomic_load(&notes->stub);
	bool client = (stub || atomic_load(&notes->guest)) && gdb_fd >= 0;
	enum state state;
	bool go;

	if (chan_init(&act.monitor, monitor_fd, BUFFER, NULL))
		return;
	if (client && chan_init(&act.gdb, gdb_fd, 4 * GDB_MAX_PACKET, NULL))
		return;
	state = ask_state(&act);
	go = state != STATE_OTHER && (state != STATE_PAUSED || ours);
	if (client)
		leave_gdb(&act, notes, state, go);
	if (stub) {
		command(&act, "gdbserver none");
		/* there still if the gdbstub had not got it yet */
		command(&act, "chardev-remove " GUARD_CHARDEV);
	}
	if (!go)
		return;
	state = ask_state(&act);
	if (state != STATE_PAUSED && state != STATE_DEBUG)
		return;
	if (people)
		command(&act, "cont");
	else
		ask_qmp(&act, "cont", "");
}
