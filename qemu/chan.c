/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chan.c - one socket to QEMU: bytes out and in, each with a time limit
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qemu/chan.h"
#include "watch/now.h"

int chan_init(struct chan *chan, int fd, size_t size, struct scxray_error *err)
{
	int flags = fcntl(fd, F_GETFL);

	*chan = (struct chan){ .fd = fd, .size = size, .buf = malloc(size), .stop_fd = -1 };
	if (chan->buf && flags >= 0 && !fcntl(fd, F_SETFL, flags | O_NONBLOCK))
		return 0;
	chan_deinit(chan);
	return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
}

void chan_deinit(struct chan *chan)
{
	if (chan->fd >= 0)
		close(chan->fd);
	free(chan->buf);
	*chan = (struct chan){ .fd = -1, .stop_fd = -1 };
}

/* Until the socket is ready; false at the deadline. */
static bool wait_ready(const struct chan *chan, short events, uint64_t deadline_ns)
{
	struct pollfd fds[] = {
		{ .fd = chan->fd, .events = events },
		{ .fd = chan->stop_fd, .events = POLLIN },
	};

	for (;;) {
		uint64_t now = now_ns(), left = deadline_ns > now ? deadline_ns - now : 0;
		uint64_t ms = (left + NS_PER_MS - 1) / NS_PER_MS;
		int nr = poll(fds, 2, ms < 60000 ? (int)ms : 60000);

		if (nr > 0 && fds[0].revents)
			return true;
		if (nr > 0 || (nr < 0 && errno != EINTR) || now >= deadline_ns)
			return false;
	}
}

enum chan_got chan_wait(struct chan *chan, uint64_t deadline_ns)
{
	ssize_t nr;

	if (chan->ended || chan->fd < 0)
		return CHAN_ENDED;
	if (chan->nr == chan->size)
		return CHAN_FULL;
	do {
		nr = recv(chan->fd, chan->buf + chan->nr, chan->size - chan->nr, MSG_DONTWAIT);
		if (nr > 0) {
			chan->nr += (size_t)nr;
			return CHAN_BYTES;
		}
		if (!nr || (errno != EAGAIN && errno != EINTR)) {
			chan->ended = true;
			return CHAN_ENDED;
		}
	} while (wait_ready(chan, POLLIN, deadline_ns));
	return CHAN_LATE;
}

void chan_take(struct chan *chan, size_t nr)
{
	chan->nr -= nr;
	memmove(chan->buf, chan->buf + nr, chan->nr);
}

static ssize_t send_some(struct chan *chan, const void *bytes, size_t nr, int fd)
{
	struct iovec iov = { .iov_base = (void *)bytes, .iov_len = nr };
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

	if (fd >= 0) {
		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	}
	return sendmsg(chan->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}

int chan_send(struct chan *chan, const void *bytes, size_t nr, int fd, uint64_t deadline_ns,
	      struct scxray_error *err)
{
	while (nr) {
		ssize_t sent = chan->fd < 0 ? (errno = EBADF, -1) : send_some(chan, bytes, nr, fd);

		if (sent > 0) {
			bytes = (const char *)bytes + sent;
			nr -= (size_t)sent;
			fd = -1;
			continue;
		}
		if (errno != EAGAIN && errno != EINTR) {
			chan->ended = true;
			return scxray_fail(err, SCXRAY_ERR_IO, 0, "QEMU has closed the line: %s",
					   strerror(errno));
		}
		if (!wait_ready(chan, POLLOUT, deadline_ns))
			return scxray_fail(err, SCXRAY_ERR_IO, 0,
					   "QEMU takes nothing more: it hangs, or is stopped");
	}
	return 0;
}
