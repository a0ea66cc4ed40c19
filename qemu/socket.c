/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * socket.c - connecting to a monitor, and whose it is
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "qemu/socket.h"

#define CONNECT_MS 2000

/* Non-blocking, with a bound.  0 or an errno. */
static int connect_within(int fd, const struct sockaddr *address, socklen_t size)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof(int);
	int error = 0;

	if (!connect(fd, address, size))
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	if (poll(&poll_fd, 1, CONNECT_MS) <= 0)
		return ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len))
		return errno;
	return error;
}

static const char *what_to_do(int error)
{
	switch (error) {
	case ENOENT:
		return "no such socket; start QEMU with -qmp unix:PATH,server=on,wait=off";
	case ECONNREFUSED:
		return "nobody listens there; is that QEMU still running?";
	case EACCES:
	case EPERM:
		return "access denied; run scxray as the user of that QEMU, or as root";
	case EAGAIN:
		return "its queue is full: another program holds this monitor";
	default:
		return strerror(error);
	}
}

static int connect_unix(const char *path, struct scxray_error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, error;

	if (strlen(path) >= sizeof(address.sun_path))
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0, "%.150s: too long for a socket",
				   path);
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	error = fd < 0 ? errno : connect_within(fd, (struct sockaddr *)&address, sizeof(address));
	if (!error)
		return fd;
	if (fd >= 0)
		close(fd);
	return scxray_fail(err, SCXRAY_ERR_IO, 0, "%.150s: %s", path, what_to_do(error));
}

static int connect_tcp(const char *target, const char *colon, struct scxray_error *err)
{
	struct addrinfo want = { .ai_socktype = SOCK_STREAM }, *list = NULL;
	char host[256];
	int fd = -1, error = 0, failed;

	snprintf(host, sizeof(host), "%.*s", (int)(colon - target), target);
	failed = getaddrinfo(*host ? host : "localhost", colon + 1, &want, &list);
	if (failed)
		return scxray_fail(err, SCXRAY_ERR_IO, 0, "%.150s: %s", target,
				   gai_strerror(failed));
	for (const struct addrinfo *at = list; at && fd < 0; at = at->ai_next) {
		fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		error = fd < 0 ? errno : connect_within(fd, at->ai_addr, at->ai_addrlen);
		if (error && fd >= 0) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(list);
	if (fd >= 0)
		return fd;
	return scxray_fail(err, SCXRAY_ERR_IO, 0, "%.150s: %s", target, what_to_do(error));
}

int socket_connect(const char *address, struct scxray_error *err)
{
	const char *colon = strrchr(address, ':');

	if (colon && !strchr(address, '/') && isdigit((unsigned char)colon[1]))
		return connect_tcp(address, colon, err);
	return connect_unix(address, err);
}

/* ---- whose it is --------------------------------------------------------------------- */

/* The inode of the TCP socket on this machine whose local port is `local` and whose peer's is
 * `remote`, by a table of /proc/net; 0: none. */
static uint64_t tcp_inode(const char *table, unsigned local, unsigned remote)
{
	FILE *file = fopen(table, "re");
	uint64_t inode, found = 0;
	char line[512];

	while (file && !found && fgets(line, sizeof(line), file)) {
		unsigned from, to;

		if (sscanf(line,
			   " %*d: %*[0-9A-F]:%x %*[0-9A-F]:%x %*x %*s %*s %*s %*u %*u %" SCNu64,
			   &from, &to, &inode) == 3 &&
		    from == local && to == remote)
			found = inode;
	}
	if (file)
		fclose(file);
	return found;
}

static bool has_socket(pid_t pid, uint64_t inode)
{
	char path[300], want[64], link[64];
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	snprintf(want, sizeof(want), "socket:[%" PRIu64 "]", inode);
	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	while (!found && dir && (entry = readdir(dir))) {
		ssize_t nr;

		snprintf(path, sizeof(path), "/proc/%d/fd/%s", pid, entry->d_name);
		nr = readlink(path, link, sizeof(link) - 1);
		found = nr == (ssize_t)strlen(want) && !memcmp(link, want, (size_t)nr);
	}
	if (dir)
		closedir(dir);
	return found;
}

static pid_t holder(uint64_t inode)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	pid_t pid = 0;

	while (inode && !pid && dir && (entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    has_socket(atoi(entry->d_name), inode))
			pid = atoi(entry->d_name);
	if (dir)
		closedir(dir);
	return pid;
}

static unsigned port_of(const struct sockaddr_storage *address)
{
	return address->ss_family == AF_INET
		       ? ntohs(((const struct sockaddr_in *)address)->sin_port)
	       : address->ss_family == AF_INET6
		       ? ntohs(((const struct sockaddr_in6 *)address)->sin6_port)
		       : 0;
}

pid_t socket_peer(int fd)
{
	struct sockaddr_storage ours = { 0 }, theirs = { 0 };
	socklen_t our_size = sizeof(ours), their_size = sizeof(theirs);
	struct ucred peer = { 0 };
	socklen_t size = sizeof(peer);
	uint64_t inode;

	if (getsockname(fd, (struct sockaddr *)&ours, &our_size) ||
	    getpeername(fd, (struct sockaddr *)&theirs, &their_size))
		return 0;
	if (ours.ss_family == AF_UNIX)
		return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) ? 0 : peer.pid;
	inode = tcp_inode("/proc/net/tcp", port_of(&theirs), port_of(&ours));
	if (!inode)
		inode = tcp_inode("/proc/net/tcp6", port_of(&theirs), port_of(&ours));
	return holder(inode);
}
