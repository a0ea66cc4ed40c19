/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_run.c - stopping the guest and letting it go, and whether we or its user did
 *
 * With a gdbstub open the guest is stopped and let go by it alone: after a "cont" of the monitor
 * the stub would not tell the next hit.  What others do by their own monitor comes as events; it is
 * then asked what the state is, so that no order of events can mislead.
 */
#include <string.h>
#include <sys/epoll.h>

#include "qemu/machine_parts.h"
#include "watch/now.h"

#define GO_MS 1000
#define LEAVE_MS 2000
#define HIT_MS 100 /* between two sockets' news of one stop */

static void note(struct qemu_machine *qemu, enum stand stand)
{
	qemu->stand = stand;
	atomic_store(&qemu->guard.notes->stopped, stand == STAND_OURS);
}

/* Why the guest has stopped, as the stub says.  `asked`: because we want it to. */
static void note_stop(struct qemu_machine *qemu, const struct gdb_stop *stop, bool asked)
{
	if (stop->watch || stop->signal == 5) {
		qemu->hit = true;
		qemu->hit_vcpu = stop->thread && stop->thread <= qemu->base.nr_vcpus
					 ? (uint32_t)stop->thread - 1
					 : 0;
		note(qemu, STAND_HIT);
	} else {
		note(qemu, asked ? STAND_OURS : STAND_OTHERS);
	}
}

/* The monitor says that it is at a breakpoint: the stub says which vCPU, if not to somebody
 * else's "cont". */
static void note_hit(struct qemu_machine *qemu)
{
	struct gdb_stop stop;

	if (qemu->stand == STAND_HIT)
		return;
	qemu->hit = true;
	qemu->hit_vcpu = 0;
	note(qemu, STAND_HIT);
	if (qemu->stub.open &&
	    gdb_wait_stop(&qemu->stub.gdb, now_ns() + HIT_MS * NS_PER_MS, &stop, NULL) > 0)
		note_stop(qemu, &stop, false);
}

int machine_ask_state(struct qemu_machine *qemu, struct scxray_error *err)
{
	enum monitor_status status;
	uint32_t seen = qemu->monitor.stops + qemu->monitor.resumes;

	if (monitor_status(&qemu->monitor, &status, err))
		return -1;
	qemu->seen = seen;
	if (status == MONITOR_RUNS) {
		note(qemu, STAND_RUNS);
	} else if (status == MONITOR_OVER) {
		note(qemu, STAND_OVER);
	} else if (status == MONITOR_DEBUG && qemu->stub.words.nr) {
		note_hit(qemu);
	} else if (qemu->stand != STAND_OURS) {
		note(qemu, STAND_OTHERS);
	}
	return 0;
}

static void forget_fd(struct qemu_machine *qemu, int fd)
{
	/* what is closed at the other end could be read for ever */
	epoll_ctl(qemu->base.fd, EPOLL_CTL_DEL, fd, NULL);
}

void machine_events(struct qemu_machine *qemu)
{
	struct gdb_stop stop;
	int got = 0;

	if (qemu->gone)
		return;
	while (qemu->stub.open && (got = gdb_wait_stop(&qemu->stub.gdb, 0, &stop, NULL)) > 0)
		note_stop(qemu, &stop, false);
	if (got < 0) {
		forget_fd(qemu, qemu->stub.gdb.chan.fd);
		qemu->stub.open = false;
		qemu->stub.words.nr = 0;
		qemu->stub.unarmed = "not armed: QEMU's gdbstub was taken by somebody else";
	}
	monitor_pump(&qemu->monitor);
	if (qemu->monitor.closed) {
		qemu->gone = true;
		forget_fd(qemu, monitor_fd(&qemu->monitor));
		return;
	}
	if (qemu->monitor.stops + qemu->monitor.resumes != qemu->seen)
		machine_ask_state(qemu, NULL);
}

/* By the stub: it tells why the guest stops, and nothing where it had stopped before. */
static int stop_by_stub(struct qemu_machine *qemu, uint64_t deadline_ns, struct scxray_error *err)
{
	struct gdb_stop stop;

	if (gdb_interrupt(&qemu->stub.gdb, deadline_ns, err))
		return -1;
	switch (gdb_wait_stop(&qemu->stub.gdb, deadline_ns, &stop, err)) {
	case 1:
		note_stop(qemu, &stop, true);
		return 0;
	case 0:
		atomic_store(&qemu->guard.notes->stopped, false);
		return scxray_fail(err, SCXRAY_ERR_IO, 0, "QEMU did not stop the guest in time");
	default:
		return -1;
	}
}

static int stop_by_monitor(struct qemu_machine *qemu, uint64_t deadline_ns,
			   struct scxray_error *err)
{
	enum monitor_status before = MONITOR_RUNS;
	uint32_t stops = qemu->monitor.stops;

	/* without events we have to ask whether we did it */
	if (qemu->monitor.people && monitor_status(&qemu->monitor, &before, err))
		return -1;
	if (monitor_stop(&qemu->monitor, deadline_ns, err))
		return -1;
	if (qemu->monitor.people)
		note(qemu, before == MONITOR_RUNS ? STAND_OURS : STAND_OTHERS);
	else
		note(qemu, qemu->monitor.stops != stops ? STAND_OURS : STAND_OTHERS);
	return 0;
}

int machine_stop(struct qemu_machine *qemu, uint64_t deadline_ns, struct scxray_error *err)
{
	int failed;

	machine_events(qemu);
	if (qemu->gone)
		return scxray_fail(err, SCXRAY_ERR_IO, 0, "QEMU has ended, or closed its monitor");
	if (qemu->stand != STAND_RUNS)
		return 0;
	atomic_store(&qemu->guard.notes->stopped, true);
	failed = qemu->stub.open ? stop_by_stub(qemu, deadline_ns, err)
				 : stop_by_monitor(qemu, deadline_ns, err);
	if (failed && !machine_ask_state(qemu, NULL) && qemu->stand != STAND_RUNS)
		failed = 0;
	qemu->seen = qemu->monitor.stops + qemu->monitor.resumes;
	return failed;
}

bool machine_go(struct qemu_machine *qemu)
{
	uint64_t deadline = now_ns() + GO_MS * NS_PER_MS;
	uint32_t resumes;
	bool goes;

	if (qemu->stand != STAND_OURS && qemu->stand != STAND_HIT)
		return true;
	monitor_pump(&qemu->monitor);
	resumes = qemu->monitor.resumes;
	if (qemu->stub.open)
		goes = !gdb_continue(&qemu->stub.gdb, deadline, NULL);
	else
		goes = !monitor_go(&qemu->monitor, NULL);
	goes = goes && monitor_wait_resume(&qemu->monitor, resumes, deadline);
	note(qemu, STAND_RUNS);
	/* it may stand at the watchpoint again by now: the stub says so */
	return goes;
}

bool machine_leave(struct qemu_machine *qemu)
{
	uint64_t deadline = now_ns() + LEAVE_MS * NS_PER_MS;
	bool good = true;

	if (!qemu->guard.notes || qemu->gone)
		return true;
	if (qemu->stub.open) {
		good = !machine_stop(qemu, deadline, NULL);
		/* D lets it go on, whoever had stopped it */
		good = good && stub_close(&qemu->stub, &qemu->monitor,
					  qemu->stand != STAND_OTHERS && qemu->stand != STAND_OVER);
		if (good && qemu->stand != STAND_OTHERS)
			note(qemu, STAND_RUNS);
	}
	return good && machine_go(qemu);
}
