/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine.c - a guest that a QEMU runs: connecting to it, and letting it go
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "qemu/machine.h"
#include "qemu/machine_parts.h"
#include "qemu/socket.h"
#include "watch/now.h"

/* All monitors of a QEMU that are tried share this. */
#define CONNECT_MS 2700

/* ---- connecting -------------------------------------------------------------------------- */

/* The first of its monitors that greets; *err is the first one's that does not. */
static int open_monitor(struct qemu_machine *qemu, const struct found *found,
			struct scxray_error *err)
{
	uint64_t deadline = now_ns() + CONNECT_MS * NS_PER_MS;
	struct scxray_error why = { 0 };

	for (size_t i = 0; i < found->nr_monitors && (!i || now_ns() < deadline); i++) {
		int fd = socket_connect(found->monitor[i], i ? &why : err);
		pid_t peer;

		if (fd < 0)
			continue;
		/* before it is closed: of a listener that libvirt made it is libvirt */
		peer = socket_peer(fd);
		if (!monitor_init(&qemu->monitor, fd, found->monitor[i], deadline,
				  i ? &why : err)) {
			qemu->pid = found->pid ? found->pid : peer;
			return 0;
		}
		monitor_deinit(&qemu->monitor);
	}
	return -1;
}

static int ask_threads(struct qemu_machine *qemu, struct scxray_error *err)
{
	int nr;

	qemu->tids = calloc(MAX_VCPUS, sizeof(*qemu->tids));
	if (!qemu->tids)
		return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	nr = monitor_threads(&qemu->monitor, qemu->tids, MAX_VCPUS, err);
	if (!nr)
		scxray_fail(err, SCXRAY_ERR_FORMAT, 0, "QEMU has no vCPU");
	qemu->base.nr_vcpus = nr > 0 ? (uint32_t)nr : 0;
	return nr > 0 ? 0 : -1;
}

static void ask_accelerator(struct qemu_machine *qemu)
{
	char *answer = NULL;

	if (monitor_command(&qemu->monitor, "info kvm", &answer, NULL))
		return;
	qemu->kvm = strstr(answer, "enabled");
	free(answer);
}

static int watch_fd(struct qemu_machine *qemu, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(qemu->base.fd, EPOLL_CTL_ADD, fd, &event);
}

static int open_fds(struct qemu_machine *qemu, struct scxray_error *err)
{
	qemu->base.fd = epoll_create1(EPOLL_CLOEXEC);
	qemu->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	qemu->end_fd = (int)syscall(SYS_pidfd_open, qemu->pid, 0);
	if (qemu->base.fd < 0 || qemu->stop_fd < 0 || watch_fd(qemu, monitor_fd(&qemu->monitor)))
		return scxray_fail(err, SCXRAY_ERR_IO, 0, "no descriptor: %s", strerror(errno));
	monitor_set_stop(&qemu->monitor, qemu->stop_fd);
	return 0;
}

static int connect_all(struct qemu_machine *qemu, const struct target *target,
		       struct scxray_error *err)
{
	struct cmdline cmdline = { 0 };
	struct found found;

	if (find_target(target, &found, err) || open_monitor(qemu, &found, err))
		return -1;
	if (qemu->pid <= 0)
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
				   "%.150s: that QEMU is not on this machine, or of another user: "
				   "its memory can't be read from here",
				   found.monitor[0]);
	if (guard_start(&qemu->guard, monitor_fd(&qemu->monitor), qemu->monitor.people, err) ||
	    open_fds(qemu, err) || ask_threads(qemu, err) ||
	    ram_init(&qemu->ram, &qemu->monitor, qemu->pid, err) || regs_init(&qemu->regs, err))
		return -1;
	ask_accelerator(qemu);
	cmdline_read(qemu->pid, &cmdline);
	qemu->regs.text = cmdline.libvirt;
	snprintf(qemu->text, sizeof(qemu->text),
		 "QEMU %d: %u vCPUs under %s, %" PRIu64 " MiB of RAM, read %s", qemu->pid,
		 qemu->base.nr_vcpus, qemu->kvm ? "KVM" : "emulation", ram_size(&qemu->ram) >> 20,
		 qemu->ram.shared ? "from its memory file" : "by process_vm_readv");
	return 0;
}

struct qemu_machine *qemu_machine_create(const struct target *target, const struct log *log,
					 struct scxray_error *err)
{
	struct qemu_machine *qemu = calloc(1, sizeof(*qemu));

	if (!qemu) {
		scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
	qemu->log = log;
	qemu->base.ops = &qemu_machine_ops;
	qemu->base.fd = qemu->stop_fd = qemu->end_fd = -1;
	qemu->monitor.qmp.chan.fd = qemu->monitor.hmp.chan.fd = -1;
	qemu->guard.line = qemu->regs.fd = qemu->regs.copy = -1;
	qemu->stub.gdb.chan.fd = -1;
	if (!connect_all(qemu, target, err) && !machine_ask_state(qemu, err))
		return qemu;
	qemu_machine_destroy(qemu);
	return NULL;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void qemu_machine_destroy(struct qemu_machine *qemu)
{
	uint64_t count;
	bool done;

	if (!qemu)
		return;
	/* what is undone now is worth waiting for, though the watcher was told to hurry */
	if (qemu->stop_fd >= 0 && read(qemu->stop_fd, &count, sizeof(count)) < 0)
		count = 0;
	done = machine_leave(qemu);
	/* QEMU still hears the guard, which tries again where that failed */
	guard_end(&qemu->guard, done);
	monitor_deinit(&qemu->monitor);
	ram_deinit(&qemu->ram);
	regs_deinit(&qemu->regs);
	close_fd(qemu->base.fd);
	close_fd(qemu->stop_fd);
	close_fd(qemu->end_fd);
	free(qemu->tids);
	free(qemu);
}

/* ---- questions --------------------------------------------------------------------------- */

struct watch_machine *qemu_machine_base(struct qemu_machine *qemu)
{
	return &qemu->base;
}

int qemu_machine_end_fd(const struct qemu_machine *qemu)
{
	return qemu->end_fd;
}

bool qemu_machine_gone(const struct qemu_machine *qemu)
{
	return qemu->gone;
}

size_t qemu_machine_threads(const struct qemu_machine *qemu, int32_t *tids, size_t max)
{
	size_t nr = qemu->base.nr_vcpus < max ? qemu->base.nr_vcpus : max;

	memcpy(tids, qemu->tids, nr * sizeof(*tids));
	return nr;
}

const char *qemu_machine_no_perf(const struct qemu_machine *qemu)
{
	return qemu->kvm ? NULL : "QEMU emulates the vCPUs: their threads run no guest code";
}

const char *qemu_machine_text(const struct qemu_machine *qemu)
{
	return qemu->text;
}
