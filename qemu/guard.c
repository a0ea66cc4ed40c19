/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guard.c - whatever becomes of scxray, the guest goes on: the guard's life
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qemu/chan.h"
#include "qemu/guard.h"
#include "qemu/guard_act.h"
#include "watch/now.h"

#define GIVE_MS 1000

/* The next descriptor on the line; -1: scxray is gone. */
static int receive_fd(int line)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	struct cmsghdr *cmsg;
	ssize_t nr;
	int fd;

	do {
		nr = recvmsg(line, &msg, MSG_CMSG_CLOEXEC);
	} while (nr < 0 && errno == EINTR);
	cmsg = nr > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS)
		return -1;
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	return fd;
}

/* Of all that scxray had open the guard keeps the two sockets alone. */
static void close_others(int line, int monitor_fd)
{
	long max = sysconf(_SC_OPEN_MAX);

	if (max < 0 || max > 4096)
		max = 4096;
	for (int fd = 0; fd < max; fd++)
		if (fd != line && fd != monitor_fd)
			close(fd);
	/* a write to a closed stdout must not reach a socket */
	while (open("/dev/null", O_RDWR) >= 0 && open("/dev/null", O_RDWR) < 3)
		;
}

static void __attribute__((noreturn))
live(struct guard_notes *notes, int line, int monitor_fd, bool people)
{
	int gdb_fd = -1, fd;

	/* what ends scxray must not end its guard: a closed terminal, Ctrl-C, kill of the group */
	setsid();
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_NAME, "scxray-guard");
	prctl(PR_SET_PDEATHSIG, 0);
	close_others(line, monitor_fd);
	while ((fd = receive_fd(line)) >= 0) {
		if (gdb_fd >= 0)
			close(gdb_fd);
		gdb_fd = fd;
	}
	if (!atomic_load(&notes->done))
		guard_act(notes, monitor_fd, people, gdb_fd);
	_exit(0);
}

int guard_start(struct guard *guard, int monitor_fd, bool people, struct scxray_error *err)
{
	int line[2];

	*guard = (struct guard){ .line = -1 };
	guard->notes = mmap(NULL, sizeof(*guard->notes), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (guard->notes == MAP_FAILED) {
		guard->notes = NULL;
		return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, line))
		return scxray_fail(err, SCXRAY_ERR_IO, 0, "no socket: %s", strerror(errno));
	guard->pid = fork();
	if (!guard->pid)
		live(guard->notes, line[1], monitor_fd, people);
	close(line[1]);
	guard->line = line[0];
	return guard->pid > 0 ? 0
			      : scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "no guard process: %s",
					    strerror(errno));
}

int guard_give_gdb(struct guard *guard, int fd, struct scxray_error *err)
{
	struct chan chan = { .fd = guard->line, .stop_fd = -1 };

	return chan_send(&chan, "g", 1, fd, now_ns() + GIVE_MS * NS_PER_MS, err);
}

void guard_end(struct guard *guard, bool done)
{
	if (!guard->notes)
		return;
	atomic_store(&guard->notes->done, done);
	if (guard->line >= 0)
		close(guard->line);
	while (guard->pid > 0 && waitpid(guard->pid, NULL, 0) < 0 && errno == EINTR)
		;
	munmap(guard->notes, sizeof(*guard->notes));
	*guard = (struct guard){ .line = -1 };
}
