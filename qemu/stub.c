/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stub.c - a gdbstub of our own in a QEMU that has none, for its watchpoints
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qemu/cmdline.h"
#include "qemu/socket.h"
#include "qemu/stub.h"
#include "watch/now.h"

#define STUB_MS 2000
#define CHARDEV                                                                                   \
	"{\"id\": \"" GUARD_CHARDEV "\", \"backend\": {\"type\": \"socket\", \"data\": "          \
	"{\"addr\": {\"type\": \"fd\", \"data\": {\"str\": \"" GUARD_CHARDEV "\"}}, \"server\": " \
	"false}}}"

static const char in_use[] = "not armed: a debugger is connected to QEMU, and is not disturbed; "
			     "the exit kind is polled, so the late half may come after bypass "
			     "mode has begun";
static const char refused[] = "not armed: QEMU gives no gdbstub; the exit kind is polled, so the "
			      "late half may come after bypass mode has begun";

/* ---- whose the gdbstub is ---------------------------------------------------------------- */

/* "tcp:0.0.0.0:1234,server=on", "unix:/path,server=on": what can be connected to. */
static bool to_address(const char *filename, char *address, size_t size)
{
	const char *colon = strchr(filename, ':');

	if (!colon || (strncmp(filename, "tcp:", 4) != 0 && strncmp(filename, "unix:", 5) != 0))
		return false;
	snprintf(address, size, "%.*s", (int)strcspn(colon + 1, ","), colon + 1);
	return true;
}

/* "LABEL: filename=NAME" lines.  A QEMU whose stub was ever opened has a chardev of the name gdb. */
const char *stub_find_user(const char *chardevs, bool configured, char *address, size_t size)
{
	static const char key[] = ": filename=", free_stub[] = "disconnected:";
	bool opened = configured;
	char user[256] = "";

	for (const char *line = chardevs; *line; line += *line == '\n') {
		size_t len = strcspn(line, "\r\n");
		const char *name = memmem(line, len, key, sizeof(key) - 1);
		size_t label = name ? (size_t)(name - line) : 0;

		if (name) {
			name += sizeof(key) - 1;
			len -= (size_t)(name - line);
			opened |= len == 3 && !memcmp(name, "gdb", 3);
			if (label == 3 && !memcmp(line, "gdb", 3))
				snprintf(user, sizeof(user), "%.*s", (int)len, name);
			line = name + len;
		} else {
			line += len;
		}
		line += *line == '\r';
	}
	/* after "gdbserver none" the first stays, and nothing has the label */
	if (!opened || (!*user && !configured))
		return NULL;
	if (!strncmp(user, free_stub, sizeof(free_stub) - 1) &&
	    to_address(user + sizeof(free_stub) - 1, address, size))
		return address;
	return "";
}

/* ---- open, close ------------------------------------------------------------------------- */

static int add_chardev(struct monitor *monitor, struct scxray_error *err)
{
	char *answer = NULL;
	int status = 0;

	if (!monitor->people)
		return qmp_execute(&monitor->qmp, "chardev-add", CHARDEV, -1,
				   now_ns() + STUB_MS * NS_PER_MS, NULL, err);
	if (monitor_command(monitor, "chardev-add socket,id=" GUARD_CHARDEV ",fd=" GUARD_CHARDEV,
			    &answer, err))
		return -1;
	if (*answer)
		status = scxray_fail(err, SCXRAY_ERR_INVALID, 0, "QEMU refuses: %.200s", answer);
	free(answer);
	return status;
}

/* A stub of ours: our end of the pair of sockets, or -1. */
static int open_own(struct monitor *monitor, struct guard *guard, struct scxray_error *err)
{
	char *answer = NULL;
	int pair[2], failed;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return scxray_fail(err, SCXRAY_ERR_IO, 0, "no socket: %s", strerror(errno));
	failed = guard_give_gdb(guard, pair[0], err);
	atomic_store(&guard->notes->stub, true);
	failed = failed || monitor_give_fd(monitor, GUARD_CHARDEV, pair[1], err) ||
		 add_chardev(monitor, err);
	close(pair[1]);
	failed = failed ||
		 monitor_command(monitor, "gdbserver chardev:" GUARD_CHARDEV, &answer, err);
	if (!failed && !strstr(answer, "Waiting for gdb"))
		failed = scxray_fail(err, SCXRAY_ERR_INVALID, 0, "QEMU refuses a gdbstub: %.150s",
				     answer);
	free(answer);
	if (!failed)
		return pair[0];
	close(pair[0]);
	return -1;
}

static int open_users(const char *address, struct guard *guard, struct scxray_error *err)
{
	int fd = socket_connect(address, err);

	if (fd < 0)
		return -1;
	atomic_store(&guard->notes->guest, true);
	if (!guard_give_gdb(guard, fd, err))
		return fd;
	close(fd);
	return -1;
}

int stub_open(struct stub *stub, struct monitor *monitor, struct guard *guard, pid_t pid,
	      struct scxray_error *err)
{
	struct cmdline cmdline = { 0 };
	char *chardevs = NULL, address[256];
	const char *user;
	int fd;

	*stub = (struct stub){ .guard = guard, .unarmed = refused, .gdb.chan.fd = -1 };
	if (monitor_command(monitor, "info chardev", &chardevs, err))
		return -1;
	cmdline_read(pid, &cmdline);
	user = stub_find_user(chardevs, cmdline.gdb, address, sizeof(address));
	free(chardevs);
	if (user && !*user) {
		stub->unarmed = in_use;
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
				   "a debugger is connected to QEMU's gdbstub");
	}
	stub->client = user;
	fd = user ? open_users(user, guard, err) : open_own(monitor, guard, err);
	if (fd >= 0 && !gdb_init(&stub->gdb, fd, now_ns() + STUB_MS * NS_PER_MS, err)) {
		stub->open = true;
		stub->unarmed = NULL;
		return 0;
	}
	stub_close(stub, monitor, true);
	return -1;
}

static void note_words(struct stub *stub, const struct watchpoint_words *words, uint32_t first)
{
	struct guard_notes *notes = stub->guard->notes;

	for (uint32_t i = 0; i < WATCHPOINT_MAX_WORDS; i++) {
		atomic_store(&notes->word[first + i].size, words->size);
		atomic_store(&notes->word[first + i].kva, i < words->nr ? words->kva[i] : 0);
	}
}

int stub_set_words(struct stub *stub, const struct watchpoint_words *words, uint64_t deadline_ns,
		   struct scxray_error *err)
{
	const struct watchpoint_words none = { 0 };
	int failed = 0;

	note_words(stub, &stub->words, 0);
	note_words(stub, words, WATCHPOINT_MAX_WORDS);
	for (uint32_t i = 0; i < stub->words.nr; i++)
		gdb_watch(&stub->gdb, false, stub->words.kva[i], stub->words.size, deadline_ns,
			  NULL);
	stub->words = none;
	for (uint32_t i = 0; i < words->nr && !failed; i++) {
		failed = gdb_watch(&stub->gdb, true, words->kva[i], words->size, deadline_ns, err);
		if (failed)
			break;
		stub->words.kva[stub->words.nr++] = words->kva[i];
		stub->words.size = words->size;
	}
	/* the first is the root's; without those of sub-schedulers it is still worth having */
	if (failed && stub->words.nr)
		failed = 0;
	note_words(stub, &stub->words, 0);
	note_words(stub, &none, WATCHPOINT_MAX_WORDS);
	return failed;
}

bool stub_close(struct stub *stub, struct monitor *monitor, bool go)
{
	uint64_t deadline = now_ns() + STUB_MS * NS_PER_MS;
	const struct watchpoint_words none = { 0 };
	bool good = true;

	if (stub->open)
		good = !stub_set_words(stub, &none, deadline, NULL);
	if (stub->open && go)
		good &= !gdb_detach(&stub->gdb, deadline, NULL);
	if (atomic_load(&stub->guard->notes->stub))
		good &= !monitor_command(monitor, "gdbserver none", NULL, NULL);
	gdb_deinit(&stub->gdb);
	if (good) {
		atomic_store(&stub->guard->notes->stub, false);
		atomic_store(&stub->guard->notes->guest, false);
	}
	stub->open = false;
	return good;
}
