/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach.c - finding the guest's kernel, and noticing that it is another one
 */
#include <inttypes.h>
#include <stdlib.h>

#include "attach.h"
#include "now.h"

#define NO_VCPU_WAIT_MS 20
#define FIRST_WAIT_MS 250
#define MAX_WAIT_MS 2000
#define STILL_THERE_MS 1000
#define SAMPLE_DEADLINE_MS 100
#define COMPLAIN_AFTER_MS 60000

int attach_init(struct attach *attach, struct watch_machine *machine, struct scxray_live *live,
		const struct log *log)
{
	*attach = (struct attach){
		.machine = machine,
		.live = live,
		.log = log,
		.vcpus = calloc(machine->nr_vcpus + 1, sizeof(*attach->vcpus)),
		.wait_ms = FIRST_WAIT_MS,
	};
	return attach->vcpus ? 0 : -1;
}

void attach_deinit(struct attach *attach)
{
	free(attach->vcpus);
	*attach = (struct attach){ 0 };
}

static bool any_parked(const struct attach *attach)
{
	for (size_t i = 0; i < attach->machine->nr_vcpus; i++)
		if (attach->vcpus[i].parked)
			return true;
	return false;
}

static void later(struct attach *attach, uint64_t now_ms)
{
	if (!any_parked(attach)) {
		/* before the first KVM_RUN: that is not the guest's boot */
		attach->next_ms = now_ms + NO_VCPU_WAIT_MS;
		return;
	}
	attach->next_ms = now_ms + attach->wait_ms;
	attach->wait_ms = attach->wait_ms * 3 / 2;
	if (attach->wait_ms > MAX_WAIT_MS)
		attach->wait_ms = MAX_WAIT_MS;
}

/*
 * Without registers a search would read through all of RAM, and have the host allocate it: for a
 * demand that is right, while a guest boots it is not.
 */
static int find(struct attach *attach, bool demanded, struct scxray_error *err)
{
	attach->machine->ops->sample_regs(attach->machine, attach->vcpus, SAMPLE_DEADLINE_MS);
	if (!demanded && !any_parked(attach))
		return scxray_fail(err, SCXRAY_ERR_GUEST, 0, "no vCPU runs");
	return scxray_live_resolve(attach->live, attach->vcpus, attach->machine->nr_vcpus, err);
}

int attach_now(struct attach *attach, uint64_t now_ms, bool demanded)
{
	uint64_t begun = now_ns();

	if (!attach->begun_ms)
		attach->begun_ms = now_ms;
	if (find(attach, demanded, &attach->error)) {
		later(attach, now_ms);
		return -1;
	}
	attach->found = true;
	attach->resolve_us = (now_ns() - begun) / NS_PER_US;
	attach->next_ms = now_ms + STILL_THERE_MS;
	attach->wait_ms = FIRST_WAIT_MS;
	log_say(attach->log, SCXRAY_LOG_DEBUG, "kernel found in %.1f ms",
		(double)attach->resolve_us / 1000);
	return 0;
}

static void attach_try(struct attach *attach, uint64_t now_ms)
{
	if (!attach_now(attach, now_ms, false))
		return;
	if (attach->complained || now_ms - attach->begun_ms < COMPLAIN_AFTER_MS)
		return;
	attach->complained = true;
	log_say(attach->log, SCXRAY_LOG_WARNING,
		"no kernel found in the guest after %" PRIu64 " s (%s); looking on",
		(now_ms - attach->begun_ms) / 1000, attach->error.text);
}

bool attach_tick(struct attach *attach, uint64_t now_ms)
{
	if (now_ms < attach->next_ms)
		return false;
	if (!attach->found) {
		attach_try(attach, now_ms);
		return false;
	}
	attach->next_ms = now_ms + STILL_THERE_MS;
	if (scxray_live_resolved(attach->live))
		return false;
	attach->found = false;
	attach->begun_ms = 0;
	attach->complained = false;
	attach->next_ms = now_ms + FIRST_WAIT_MS;
	log_say(attach->log, SCXRAY_LOG_INFO, "the guest's kernel has gone: looking for another");
	return true;
}
