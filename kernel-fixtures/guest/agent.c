// SPDX-License-Identifier: BSD-2-Clause
/*
 * MODE_USERSTOP: the process that says when victims may run. It is a sched_ext task like others, and
 * answers each question at once, until it is stopped.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "guest.h"

static pid_t agent;

static int answer(void *context, void *data, size_t size)
{
	const struct scxfix_ask *asked = data;

	if (size < sizeof(*asked) ||
	    bpf_map_update_elem(*(const int *)context, NULL, &asked->pid, BPF_ANY))
		die("agent: a question can't be answered: %s", strerror(errno));
	return 0;
}

static void serve(int asks, int answers)
{
	struct ring_buffer *ring = ring_buffer__new(asks, answer, &answers, NULL);

	if (!ring)
		die("agent: ring buffer: %s", strerror(errno));
	while (ring_buffer__poll(ring, -1) >= 0 || errno == EINTR)
		;
	die("agent: ring buffer: %s", strerror(errno));
}

void agent_start(int asks, int answers)
{
	agent = fork();
	if (agent < 0)
		die("fork: %s", strerror(errno));
	if (agent)
		return;
	prctl(PR_SET_NAME, "agent");
	serve(asks, answers);
}

void agent_stop(void)
{
	if (agent && kill(agent, SIGSTOP))
		die("the agent can't be stopped: %s", strerror(errno));
}

void agent_end(void)
{
	if (agent)
		kill(agent, SIGKILL);
	agent = 0;
}
