/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decide.c - what a look at the guest asks for: nothing, an early freeze, a late one
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "decide.h"
#include "span.h"

/* Ages and timeouts above a day are garbage in the guest's memory. */
#define MAX_JIFFIES (24ULL * 3600 * 1000)

/* A look is racy: what it shows must show again before the guest is frozen for it. */
#define LOOKS_TO_BELIEVE 2

void decide_init(struct decide *d, const struct decide_config *config)
{
	*d = (struct decide){ .config = *config };
}

static void begin(struct decide *d, uint64_t root)
{
	*d = (struct decide){
		.config = d->config,
		.instance = d->instance + 1,
		.root = root,
		.sub = d->sub,
	};
}

void decide_forget(struct decide *d)
{
	d->root = 0;
	d->over = 0;
	d->ended = true;
}

/* A positive number of jiffies that can be meant; else 0. */
static uint64_t jiffies_of(const struct scxray_num *num)
{
	return num->state == SCXRAY_PRESENT && num->value <= MAX_JIFFIES ? num->value : 0;
}

static const char *reason_of(const struct scxray_num *num, const char *what)
{
	return num->reason ? num->reason : what;
}

static uint64_t timeout_of(struct decide *d, const struct scxray_look *look)
{
	uint64_t hz = jiffies_of(&look->hz), timeout;

	if (!d->config.watchdog_ms) {
		timeout = jiffies_of(&look->watchdog_timeout);
		if (!timeout)
			d->missing = reason_of(&look->watchdog_timeout, "watchdog timeout");
		return timeout;
	}
	if (!hz)
		d->missing = reason_of(&look->hz, "HZ");
	return d->config.watchdog_ms * hz / 1000;
}

/*
 * How near the watchdog is to tripping.  It has two ways (kernel/sched/ext.c): a task that is
 * runnable for longer than the timeout (check_rq_for_timeouts()), and its own work not having run
 * for that long (scx_tick()).  That work runs each timeout/2, so the timestamp's age means
 * nothing below; half-way from there to the timeout is three quarters of it.
 */
static uint64_t age_of(struct decide *d, const struct scxray_look *look, uint64_t timeout)
{
	uint64_t age = jiffies_of(&look->max_runnable_age);
	uint64_t watchdog = jiffies_of(&look->watchdog_age);

	if (!timeout || look->watchdog_age.state != SCXRAY_PRESENT)
		return age;
	if (watchdog < timeout / 4 * 3) {
		/* it is this scheduler's: enabling one resets it some time after scx_root */
		if (look->watchdog_age.value <= MAX_JIFFIES)
			d->watchdog_ran = true;
		return age;
	}
	return d->watchdog_ran && watchdog > age ? watchdog : age;
}

static void look_at_ages(struct decide *d, const struct scxray_look *look,
			 struct decision *decision)
{
	uint64_t timeout;
	bool task;

	d->missing = look->runnable_unavailable;
	timeout = timeout_of(d, look);
	d->has_threshold = timeout > 1;
	d->threshold = timeout / 2;
	d->max_age = age_of(d, look, timeout);
	if (d->max_age > d->peak)
		d->peak = d->max_age;
	d->over = d->has_threshold && d->max_age >= d->threshold ? d->over + 1 : 0;
	if (!d->config.early || d->early_done || d->over < LOOKS_TO_BELIEVE)
		return;
	d->early_done = true;
	decision->early = true;
	task = d->max_age == jiffies_of(&look->max_runnable_age);
	snprintf(decision->why, sizeof(decision->why), "half-way: %s for %s of %s",
		 task ? "a task runnable" : "the watchdog's work not run",
		 span_of(d->max_age, &look->hz).text, span_of(timeout, &look->hz).text);
}

/*
 * The kind that ended the scheduler; SCX_EXIT_NONE while it runs, or while it can't be said.
 * scx_disable_workfn() puts DONE into exit_kind, and then what was there into exit_info->kind.
 */
static uint64_t exit_kind_of(const struct scxray_look *look)
{
	if (look->exit_kind.state != SCXRAY_PRESENT)
		return SCX_EXIT_NONE;
	if (look->exit_kind.value != SCX_EXIT_DONE)
		return look->exit_kind.value;
	return look->exit_info_kind.state == SCXRAY_PRESENT ? look->exit_info_kind.value
							    : SCX_EXIT_NONE;
}

/* Until the rehearsal has found the new scheduler's record, a look shows the former one's. */
static bool latched(struct decide *d, const struct scxray_look *look)
{
	if (!look->latch)
		return false;
	if (!strcmp(look->latch, "not_triggered"))
		d->latch_clear = true;
	return d->latch_clear && !strcmp(look->latch, "triggered");
}

static void end(struct decide *d, uint64_t kind, const char *poll,
		const struct decide_witness *witness, struct decision *decision)
{
	d->exit_kind = kind;
	if (kind >= SCX_EXIT_ERROR && !witness->hit && !d->config.poll)
		return; /* the watchpoint may be hit yet */
	d->ended = true;
	decision->left = true;
	/* below ERROR somebody asked for the end: an unload, a hot-plugged CPU, SysRq-S */
	if (kind < SCX_EXIT_ERROR || d->late_done)
		return;
	d->late_done = true;
	decision->late = true;
	if (witness->hit)
		snprintf(decision->why, sizeof(decision->why), "watchpoint on exit_kind (vCPU %u)",
			 witness->vcpu);
	else
		snprintf(decision->why, sizeof(decision->why), "%s", poll);
}

/*
 * A sub-scheduler ends by an error while the root goes on.  That is a report of its own; what
 * is left of the tree then counts as a scheduler that has just come.  While it is there, its
 * tasks' ages say nothing new.
 */
static bool sub_ends(struct decide *d, const struct scxray_look *look,
		     const struct decide_witness *witness, struct decision *decision)
{
	uint64_t kind = look->sub_exit_kind.value;

	/* beyond all kinds: freed, and in use for something else */
	if (look->sub_exit_kind.state != SCXRAY_PRESENT || kind < SCX_EXIT_ERROR ||
	    kind > 2 * SCX_EXIT_ERROR) {
		d->sub = 0;
		return false;
	}
	if ((!d->config.poll && !witness->hit) || look->sub_exit_kva.value == d->sub)
		return true;
	d->sub = look->sub_exit_kva.value;
	d->exit_kind = kind;
	d->ended = true;
	decision->left = true;
	if (d->late_done)
		return true;
	d->late_done = true;
	decision->late = true;
	if (witness->hit)
		snprintf(decision->why, sizeof(decision->why),
			 "watchpoint on a sub-scheduler's exit_kind (vCPU %u)", witness->vcpu);
	else
		snprintf(decision->why, sizeof(decision->why),
			 "poll of a sub-scheduler's exit_kind");
	return true;
}

/* scx_root shows no scheduler any more; its struct is freed after a grace period, so it may tell. */
static void gone(struct decide *d, const struct decide_witness *witness, struct decision *decision)
{
	if (d->root && !d->ended) {
		uint64_t kind = witness->has_last_word ? witness->last_word : SCX_EXIT_NONE;

		/* freed and in use for something else: no kind at all */
		if (kind > 2 * SCX_EXIT_ERROR)
			kind = SCX_EXIT_NONE;
		end(d, kind, "poll of exit_kind, when the scheduler had gone", witness, decision);
		d->ended = true;
		decision->left = true;
	}
	d->root = 0;
	d->over = 0;
}

void decide_look(struct decide *d, const struct scxray_look *look,
		 const struct decide_witness *witness, struct decision *decision)
{
	uint64_t root = look->scx_root.value, kind;

	*decision = (struct decision){ 0 };
	if (look->scx_root.state == SCXRAY_NONE ||
	    (look->scx_root.state == SCXRAY_PRESENT && !root)) {
		gone(d, witness, decision);
		decision->false_hit = witness->hit && !decision->late && !decision->left;
		return;
	}
	if (look->scx_root.state != SCXRAY_PRESENT)
		return;

	kind = exit_kind_of(look);
	if (root != d->root || (d->ended && look->exit_kind.state == SCXRAY_PRESENT &&
				look->exit_kind.value == SCX_EXIT_NONE)) {
		if (d->root && root != d->root)
			gone(d, witness, decision);
		if (decision->late)
			return; /* the next look meets the new one */
		begin(d, root);
		decision->attached = true;
	}
	d->looks++;
	if (d->ended) {
		decision->false_hit = witness->hit;
		return;
	}
	if (kind != SCX_EXIT_NONE)
		end(d, kind, "poll of exit_kind", witness, decision);
	else if (latched(d, look))
		end(d, SCX_EXIT_ERROR, "user-exit record in the scheduler's .bss", witness,
		    decision);
	else if (!sub_ends(d, look, witness, decision))
		look_at_ages(d, look, decision);
	decision->false_hit = witness->hit && !decision->late && !decision->left;
}

void decide_skipped_reason(const struct decide *d, char *buf, size_t size)
{
	/* the host's demand: none has come, or the last one was unloaded */
	if (!d->root && (!d->instance || d->exit_kind < SCX_EXIT_ERROR))
		snprintf(buf, size, "scan prerequisites unavailable: no scheduler is attached");
	else if (d->early_done)
		snprintf(buf, size,
			 "scan prerequisites unavailable: the early snapshot is part of an earlier "
			 "report");
	else if (!d->config.early)
		snprintf(buf, size, "scan prerequisites unavailable: early is not a trigger");
	else if (d->looks < LOOKS_TO_BELIEVE)
		snprintf(buf, size,
			 "scan prerequisites unavailable: the scheduler was first seen at its end");
	else if (!d->has_threshold || (d->missing && !d->peak))
		snprintf(buf, size, "scan prerequisites unavailable: %s",
			 d->missing ? d->missing : "watchdog timeout");
	else if (!d->peak && d->exit_kind == SCX_EXIT_ERROR_STALL)
		snprintf(buf, size, "scx_tick stall — no per-task runnable_at data");
	else if (d->peak >= d->threshold)
		snprintf(buf, size,
			 "scan prerequisites unavailable: too few looks at the guest (peak=%" PRIu64
			 "j, threshold=%" PRIu64 "j)",
			 d->peak, d->threshold);
	else
		snprintf(buf, size,
			 "max_age never crossed threshold (peak=%" PRIu64 "j, threshold=%" PRIu64
			 "j)",
			 d->peak, d->threshold);
}
