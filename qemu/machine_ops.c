/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_ops.c - what the watcher asks of a machine, for a guest that a QEMU runs
 *
 * QEMU's process has no part of ours: unlike in a VMM, memory may be taken under a freeze.  It is
 * kept short all the same.
 */
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <base/event.h>

#include "qemu/machine_parts.h"
#include "watch/now.h"

#define SET_MS 1000

static struct qemu_machine *qemu_of(struct watch_machine *base)
{
	/* the first member */
	return (struct qemu_machine *)base;
}

static void sample_regs(struct watch_machine *base, struct scxray_live_vcpu *vcpus,
			uint32_t deadline_ms)
{
	struct qemu_machine *qemu = qemu_of(base);

	memset(vcpus, 0, base->nr_vcpus * sizeof(*vcpus));
	if (qemu->gone)
		return;
	regs_read(&qemu->regs, &qemu->monitor, now_ns() + deadline_ms * NS_PER_MS, vcpus,
		  base->nr_vcpus, NULL);
	/* the dump has stopped it, and let it go: that is no news */
	monitor_pump(&qemu->monitor);
	machine_ask_state(qemu, NULL);
}

/* ---- freeze ------------------------------------------------------------------------------ */

static const char *clock_text(const struct qemu_machine *qemu, int64_t *us)
{
	if (!qemu->kvm) {
		*us = 0;
		return "QEMU emulates the vCPUs: their clocks stood while they did";
	}
	/* hw/i386/kvm/clock.c sets kvmclock back; nobody does that with the TSC */
	return "kvmclock stood; a guest whose clocksource is tsc has seen the pause";
}

static void freeze(struct watch_machine *base, uint32_t deadline_ms, struct scxray_live_vcpu *vcpus,
		   struct freeze_result *result)
{
	struct qemu_machine *qemu = qemu_of(base);
	struct scxray_error err = { 0 };
	uint64_t deadline;

	*result = (struct freeze_result){ .nr_vcpus = base->nr_vcpus, .guest_clock_us = -1 };
	memset(vcpus, 0, base->nr_vcpus * sizeof(*vcpus));
	qemu->begin_ns = now_ns();
	deadline = qemu->begin_ns + deadline_ms * NS_PER_MS;
	/* while it runs, so that the dump below has the file at once */
	if (qemu->stand == STAND_RUNS && !qemu->gone) {
		regs_prepare(&qemu->regs, &qemu->monitor, NULL);
		qemu->begin_ns = now_ns();
	}
	if (machine_stop(qemu, deadline, &err)) {
		snprintf(qemu->failure, sizeof(qemu->failure), "%s", err.text);
		result->failure = qemu->failure;
	} else {
		result->complete = true;
		result->devices = "paused";
		regs_read(&qemu->regs, &qemu->monitor, deadline, vcpus, base->nr_vcpus, &err);
	}
	for (uint32_t i = 0; i < base->nr_vcpus; i++)
		result->nr_parked += vcpus[i].parked;
	result->park_us = (now_ns() - qemu->begin_ns) / NS_PER_US;
}

static void thaw(struct watch_machine *base, struct freeze_result *result)
{
	struct qemu_machine *qemu = qemu_of(base);
	bool others = qemu->stand == STAND_OTHERS || qemu->stand == STAND_OVER;
	uint64_t begin = now_ns(), end;
	bool goes = machine_go(qemu);

	end = now_ns();
	result->thaw_us = (end - begin) / NS_PER_US;
	result->frozen_us = (end - qemu->begin_ns) / NS_PER_US;
	result->clock = clock_text(qemu, &result->guest_clock_us);
	if (others)
		result->clock = "the guest was paused already, not by scxray, and stays so";
	else if (!goes)
		result->clock = "QEMU did not confirm that the guest goes on";
}

static void abort_waits(struct watch_machine *base)
{
	event_set(qemu_of(base)->stop_fd);
}

/* ---- the watchpoint ------------------------------------------------------------------------ */

static void open_stub(struct qemu_machine *qemu)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct scxray_error err = { 0 };
	bool ran = qemu->stand == STAND_RUNS;

	/* a connection to the stub stops the guest */
	atomic_store(&qemu->guard.notes->stopped, ran);
	if (!stub_open(&qemu->stub, &qemu->monitor, &qemu->guard, qemu->pid, &err)) {
		epoll_ctl(qemu->base.fd, EPOLL_CTL_ADD, qemu->stub.gdb.chan.fd, &event);
		qemu->stub.gdb.chan.stop_fd = qemu->stop_fd;
	} else {
		log_say(qemu->log, SCXRAY_LOG_WARNING, "no watchpoint: %s; polling instead",
			err.text);
	}
	monitor_pump(&qemu->monitor);
	if (ran)
		qemu->stand = STAND_OURS;
	machine_ask_state(qemu, NULL);
}

static bool can_watch(const struct qemu_machine *qemu, const struct watchpoint_words *words)
{
	return !qemu->gone && (qemu->stub.open || (words->nr && !qemu->stub.unarmed));
}

static void watchpoint_set(struct watch_machine *base, const struct watchpoint_words *words)
{
	struct qemu_machine *qemu = qemu_of(base);
	static const struct watchpoint_words none;
	uint64_t deadline = now_ns() + SET_MS * NS_PER_MS;
	struct scxray_error err = { 0 };

	if (!words)
		words = &none;
	if (!can_watch(qemu, words))
		return;
	if (!qemu->stub.open)
		open_stub(qemu);
	if (qemu->stub.open && !machine_stop(qemu, deadline, &err) &&
	    stub_set_words(&qemu->stub, words, deadline, &err)) {
		qemu->stub.unarmed = "not armed: QEMU refuses a watchpoint";
		log_say(qemu->log, SCXRAY_LOG_WARNING, "no watchpoint: %s; polling instead",
			err.text);
	}
	qemu->hit = false;
	machine_go(qemu);
}

static bool watchpoint_gone(struct watch_machine *base, uint32_t deadline_ms)
{
	(void)deadline_ms;
	return !qemu_of(base)->stub.words.nr;
}

static const char *watchpoint_unarmed(struct watch_machine *base)
{
	const struct qemu_machine *qemu = qemu_of(base);

	return qemu->stub.unarmed ? qemu->stub.unarmed : qemu->stub.words.nr ? NULL : "off";
}

static bool watchpoint_hit(struct watch_machine *base, uint32_t *vcpu)
{
	struct qemu_machine *qemu = qemu_of(base);

	*vcpu = qemu->hit_vcpu;
	return qemu->hit;
}

static void events(struct watch_machine *base)
{
	machine_events(qemu_of(base));
}

const struct watch_machine_ops qemu_machine_ops = {
	.sample_regs = sample_regs,
	.freeze = freeze,
	.thaw = thaw,
	.abort = abort_waits,
	.watchpoint_set = watchpoint_set,
	.watchpoint_gone = watchpoint_gone,
	.watchpoint_unarmed = watchpoint_unarmed,
	.watchpoint_hit = watchpoint_hit,
	.events = events,
};
