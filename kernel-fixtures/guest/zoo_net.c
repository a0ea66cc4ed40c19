// SPDX-License-Identifier: BSD-2-Clause
/* Maps of the network: devices, CPUs, sockets, and what their slots hold. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "zoo.h"

#define LOOPBACK 1U /* the ifindex of lo */

/* Key 1 of 4; an array's slots are known by their index, a hash's by their key's bytes. */
static void make(FILE *out, unsigned int type, const char *name, unsigned int value_size,
		 const void *value, const char *holds)
{
	bool hash = type == BPF_MAP_TYPE_DEVMAP_HASH || type == BPF_MAP_TYPE_SOCKHASH;
	int map = zoo_create(out, type, name, 4, value_size, 4, NULL);
	__u32 one = 1;

	if (map < 0)
		return;
	if (value && bpf_map_update_elem(map, &one, value, BPF_ANY)) {
		/* the map stays, empty */
		fprintf(out, "{\"absent\": \"%s slot\", \"type\": 0, \"error\": \"%s\"}\n", name,
			strerror(errno));
		value = NULL;
	}
	fprintf(out, "{\"slots\": \"%s\", \"stored\": [", name);
	if (value)
		fprintf(out, "[%s, \"%s\"]", hash ? "\"01\"" : "1", holds);
	fprintf(out, "]}\n");
	zoo_keep(map, name, LIST_NOTHING, NULL, NULL);
}

static int reuseport_socket(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(4242) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd >= 0 && !setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) &&
	    !bind(fd, (struct sockaddr *)&any, sizeof(any)))
		return fd;
	return -1;
}

void net_make(FILE *out)
{
	__u32 lo = LOOPBACK, queue = 192;
	__u64 listener = (__u64)reuseport_socket();
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		die("zoo: socketpair: %s", strerror(errno));
	make(out, BPF_MAP_TYPE_DEVMAP, "z_devs", 4, &lo, "device lo");
	make(out, BPF_MAP_TYPE_DEVMAP_HASH, "z_devs_hash", 4, &lo, "device lo");
	make(out, BPF_MAP_TYPE_CPUMAP, "z_cpus", 4, &queue, "cpu 1");
	make(out, BPF_MAP_TYPE_XSKMAP, "z_xsks", 4, NULL, NULL);
	make(out, BPF_MAP_TYPE_SOCKMAP, "z_socks", 4, &pair[0], "socket unix");
	make(out, BPF_MAP_TYPE_SOCKHASH, "z_socks_hash", 4, &pair[1], "socket unix");
	make(out, BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, "z_reuseport", 8, &listener,
	     "socket inet port 4242");
}
