// SPDX-License-Identifier: BSD-2-Clause
/* Maps of the network: devices, CPUs, sockets. Their slots hold objects without a name. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "zoo.h"

#define LOOPBACK 1U /* the ifindex of lo */

static void slot(FILE *out, int map, const char *name, const void *value)
{
	__u32 one = 1;

	if (map < 0)
		return;
	if (value && bpf_map_update_elem(map, &one, value, BPF_ANY)) {
		/* the map stays, empty */
		fprintf(out, "{\"absent\": \"%s slot\", \"type\": 0, \"error\": \"%s\"}\n", name,
			strerror(errno));
		value = NULL;
	}
	fprintf(out, "{\"slots\": \"%s\", \"stored\": [%s]}\n", name, value ? "[1, \"\"]" : "");
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
	int pair[2] = { -1, -1 };
	__u64 cookie_of;

	slot(out, zoo_create(out, BPF_MAP_TYPE_DEVMAP, "z_devs", 4, 4, 4, NULL), "z_devs", &lo);
	slot(out, zoo_create(out, BPF_MAP_TYPE_DEVMAP_HASH, "z_devs_hash", 4, 4, 4, NULL),
	     "z_devs_hash", &lo);
	slot(out, zoo_create(out, BPF_MAP_TYPE_CPUMAP, "z_cpus", 4, 4, 4, NULL), "z_cpus", &queue);
	slot(out, zoo_create(out, BPF_MAP_TYPE_XSKMAP, "z_xsks", 4, 4, 4, NULL), "z_xsks", NULL);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		die("zoo: socketpair: %s", strerror(errno));
	slot(out, zoo_create(out, BPF_MAP_TYPE_SOCKMAP, "z_socks", 4, 4, 4, NULL), "z_socks",
	     &pair[0]);
	slot(out, zoo_create(out, BPF_MAP_TYPE_SOCKHASH, "z_socks_hash", 4, 4, 4, NULL),
	     "z_socks_hash", &pair[1]);
	cookie_of = (__u64)reuseport_socket();
	slot(out, zoo_create(out, BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, "z_reuseport", 4, 8, 4, NULL),
	     "z_reuseport", &cookie_of);
}
