/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch.c - what the watcher's thread does, step by step
 */
#include <inttypes.h>
#include <string.h>

#include "span.h"
#include "take.h"
#include "watch.h"

/* Without a scheduler the only thing to see is that one comes. */
#define IDLE_LOOK_MS 100

/* After a scheduler has come its maps and programs settle; what failed is tried again. */
#define PREPARE_AGAIN_MS 2000
#define PREPARE_RETRY_MS 500

int watch_init(struct watch *watch, const struct settings *settings, const struct log *log,
	       struct watch_machine *machine, struct scxray_live *live, struct perf *perf,
	       struct scxray_error *err)
{
	struct decide_config config = {
		.early = settings->triggers & TRIGGER_EARLY,
		.poll = settings->triggers & TRIGGER_POLL,
		.watchdog_ms = settings->watchdog_ms,
	};

	watch->settings = settings;
	watch->log = log;
	watch->scene = (struct moment_scene){
		.machine = machine,
		.live = live,
		.perf = perf,
		.samples = samples_create(),
		.settings = settings,
	};
	if (settings->freeze == FREEZE_COPY)
		watch->scene.no_cow = "freeze=copy";
	else
		(void)scxray_live_allow_cow(live, &watch->scene.no_cow);
	decide_init(&watch->decide, &config);
	if (!watch->scene.samples || attach_init(&watch->attach, machine, live, log))
		return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	watch->reports = reports_create(settings, log, err);
	return watch->reports ? 0 : -1;
}

void watch_deinit(struct watch *watch)
{
	moment_destroy(watch->late);
	moment_destroy(watch->spare);
	reports_destroy(watch->reports);
	attach_deinit(&watch->attach);
	samples_destroy(watch->scene.samples);
}

/* ---- a look ---------------------------------------------------------------------- */

static void prepare(struct watch *watch, uint64_t now)
{
	struct scxray_error err = { 0 };

	if (scxray_live_prepare(watch->scene.live, &err)) {
		watch->next_prepare_ms = now + PREPARE_RETRY_MS;
		log_say(watch->log, SCXRAY_LOG_DEBUG, "not prepared yet: %s", err.text);
		return;
	}
	watch->next_prepare_ms = 0;
	/* its room follows from what the rehearsal took */
	moment_destroy(watch->spare);
	watch->spare = moment_create(&watch->scene, &err);
}

static void aim_watchpoint(struct watch *watch, bool again)
{
	static const struct watchpoint_words none;
	struct watch_machine *machine = watch->scene.machine;
	const struct scxray_look *look = &watch->look;
	struct watchpoint_words words = { 0 };

	if (watch->settings->triggers & TRIGGER_WATCHPOINT && watch->decide.root &&
	    !watch->decide.ended && look->exit_kind_kva.state == SCXRAY_PRESENT) {
		words.size = look->exit_kind_size;
		words.kva[words.nr++] = look->exit_kind_kva.value;
		/* what is left of a CPU's debug registers is for sub-schedulers */
		for (uint32_t i = 0; i < look->nr_sub_words && words.nr < WATCHPOINT_MAX_WORDS; i++)
			words.kva[words.nr++] = look->sub_word_kva[i];
	}
	if (!memcmp(&words, &watch->watched, sizeof(words)) && !again)
		return;
	if (again)
		machine->ops->watchpoint_set(machine, &none);
	machine->ops->watchpoint_set(machine, &words);
	watch->watched = words;
}

static void attached(struct watch *watch, uint64_t now)
{
	const struct scxray_num *timeout = &watch->look.watchdog_timeout;

	prepare(watch, now);
	if (!watch->next_prepare_ms)
		watch->next_prepare_ms = now + PREPARE_AGAIN_MS;
	samples_begin(watch->scene.samples, now, watch->settings->sample_ms);
	watch->next_sample_ms = now;
	/* scx_root is set before the timeout is: what is not known yet is not said */
	if (timeout->state == SCXRAY_PRESENT && timeout->value)
		log_say(watch->log, SCXRAY_LOG_INFO,
			"a scheduler is attached (watchdog timeout: %s)",
			span_of(timeout->value, &watch->look.hz).text);
	else
		log_say(watch->log, SCXRAY_LOG_INFO, "a scheduler is attached");
}

static bool running(const struct watch *watch)
{
	return watch->decide.root && !watch->decide.ended;
}

/* Looks, and says what that asks for. */
static void look(struct watch *watch, uint64_t now, struct decision *decision)
{
	struct watch_machine *machine = watch->scene.machine;
	struct decide_witness witness = { 0 };

	witness.has_last_word =
		watch->has_word &&
		scxray_live_exit_kind(watch->scene.live, &watch->look, &witness.last_word);
	scxray_live_look(watch->scene.live, &watch->look);
	if (watch->watched.nr)
		witness.hit = machine->ops->watchpoint_hit(machine, &witness.vcpu);
	decide_look(&watch->decide, &watch->look, &witness, decision);
	watch->has_word = running(watch);
	if (decision->attached)
		attached(watch, now);
	if (!decision->late)
		aim_watchpoint(watch, decision->false_hit);
	if (decision->left)
		watch->next_prepare_ms = 0;
	if (decision->left && !decision->late)
		log_say(watch->log, SCXRAY_LOG_INFO,
			"the scheduler has ended (exit kind %" PRIu64 ")", watch->decide.exit_kind);
}

static void look_and_act(struct watch *watch, uint64_t now)
{
	struct decision decision;

	look(watch, now, &decision);
	if (decision.late) {
		watch_take_late(watch, decision.why, true);
		/* lets the vCPU go that hit it, if that freeze did not */
		aim_watchpoint(watch, false);
	} else if (decision.early) {
		watch_take_early(watch, decision.why);
		/* it came with a sample of its own, later than this look */
		watch->next_sample_ms = watch_now_ms() + watch->settings->sample_ms;
	}
	if (running(watch) && watch->settings->sample_ms && now >= watch->next_sample_ms) {
		samples_add(watch->scene.samples, now, &watch->look);
		watch->next_sample_ms = now + watch->settings->sample_ms;
	}
	if (running(watch) && watch->next_prepare_ms && now >= watch->next_prepare_ms)
		prepare(watch, now);
}

static void kernel_gone(struct watch *watch)
{
	decide_forget(&watch->decide);
	memset(&watch->look, 0, sizeof(watch->look));
	aim_watchpoint(watch, false);
	watch->has_word = false;
	watch->next_prepare_ms = 0;
}

static uint32_t period_ms(const struct watch *watch)
{
	const struct settings *settings = watch->settings;
	uint32_t period = settings->poll_ms;

	if (!running(watch))
		return period > IDLE_LOOK_MS ? period : IDLE_LOOK_MS;
	if (!settings->triggers && settings->sample_ms)
		return settings->sample_ms;
	return settings->sample_ms && settings->sample_ms < period ? settings->sample_ms : period;
}

void watch_tick(struct watch *watch)
{
	uint64_t now = watch_now_ms();

	if (attach_tick(&watch->attach, now))
		kernel_gone(watch);
	if (!watch->attach.found)
		return;
	look_and_act(watch, now);
	watch->next_look_ms = now + period_ms(watch);
}

uint64_t watch_next_ms(const struct watch *watch)
{
	return watch->attach.found ? watch->next_look_ms : watch->attach.next_ms;
}

/* A poll may come too late: scx_disable_workfn() takes the kind away as its first act. */
bool watch_wants_word(const struct watch *watch)
{
	struct watch_machine *machine = watch->scene.machine;

	return watch->has_word && watch->settings->triggers & TRIGGER_POLL &&
	       machine->ops->watchpoint_unarmed(machine);
}

bool watch_word(struct watch *watch)
{
	uint32_t word;

	return scxray_live_exit_kind(watch->scene.live, &watch->look, &word) &&
	       word != SCX_EXIT_NONE;
}

/* ---- calls ----------------------------------------------------------------------- */

/* From cold the kernel is found first, and what its scheduler needs. */
static void catch_up(struct watch *watch, uint64_t now, struct decision *decision)
{
	*decision = (struct decision){ 0 };
	if (watch->attach.found && !scxray_live_resolved(watch->scene.live)) {
		watch->attach.found = false;
		kernel_gone(watch);
	}
	if (!watch->attach.found && attach_now(&watch->attach, now, true)) {
		log_say(watch->log, SCXRAY_LOG_WARNING, "no kernel found in the guest: %s",
			watch->attach.error.text);
		return;
	}
	look(watch, now, decision);
	if (!watch->spare)
		prepare(watch, now);
}

/*
 * A late report of a scheduler that still runs is no failure's: when it fails there is another.
 * But the host gets one on demand for each scheduler.
 */
static enum scxray_plugin_status demand_late(struct watch *watch, const char *why)
{
	bool failed = watch->decide.late_done;
	enum scxray_plugin_status status = watch_take_late(watch, why, false);

	watch->decide.late_done = failed || watch->decide.ended;
	watch->demanded = watch->decide.instance + 1;
	return status;
}

/*
 * The rule of SCXRAY_STATUS_BUSY, as plugin.h has it: is there nothing more to take of the scheduler that runs
 * (or of none)?
 */
static bool is_taken(const struct watch *watch, enum scxray_plugin_moment moment)
{
	return watch->decide.late_done || watch->demanded == watch->decide.instance + 1 ||
	       reports_full(watch->reports) ||
	       (moment == SCXRAY_MOMENT_EARLY &&
		reports_has_early(watch->reports, watch->decide.instance));
}

static enum scxray_plugin_status demand(struct watch *watch, enum scxray_plugin_moment moment,
					const char *why, const struct decision *decision)
{
	/* what this look asks for by itself is what the host asks for */
	if (decision->late && moment == SCXRAY_MOMENT_LATE)
		return demand_late(watch, why);
	if (decision->late) {
		/* too late for an early one */
		watch_take_late(watch, decision->why, true);
		return SCXRAY_STATUS_BUSY;
	}
	if (is_taken(watch, moment))
		return SCXRAY_STATUS_BUSY;
	return moment == SCXRAY_MOMENT_LATE ? demand_late(watch, why)
					    : watch_take_early(watch, why);
}

enum scxray_plugin_status watch_trigger(struct watch *watch, enum scxray_plugin_moment moment,
					const char *why)
{
	enum scxray_plugin_status status;
	struct decision decision;

	catch_up(watch, watch_now_ms(), &decision);
	status = demand(watch, moment, why ? why : "on demand", &decision);
	aim_watchpoint(watch, false);
	return status;
}

enum scxray_plugin_status watch_change_ram(struct watch *watch, const struct watch_ram *change)
{
	struct scxray_live *live = watch->scene.live;
	struct scxray_error err = { 0 };
	int failed = change->add ? scxray_live_add_region(live, change->add, &err)
				 : scxray_live_remove_region(live, change->gone, &err);

	if (failed) {
		log_say(watch->log, SCXRAY_LOG_ERROR, "%s", err.text);
		return err.code == SCXRAY_ERR_NOMEM ? SCXRAY_STATUS_NO_MEMORY
						    : SCXRAY_STATUS_INVALID;
	}
	/* the kernel and its scheduler are the same: they are only to be found again */
	moment_destroy(watch->spare);
	watch->spare = NULL;
	watch->attach.found = false;
	watch->attach.next_ms = 0;
	if (running(watch))
		watch->next_prepare_ms = watch_now_ms();
	return SCXRAY_STATUS_OK;
}

void watch_end(struct watch *watch)
{
	struct decision decision = { 0 };

	/* the guest may have failed and shut down between two ticks, or within its first moments */
	if (watch->attach.found ? scxray_live_resolved(watch->scene.live)
				: !attach_now(&watch->attach, watch_now_ms(), false))
		look(watch, watch_now_ms(), &decision);
	if (decision.late)
		watch_take_late(watch, decision.why, true);
	watch_write(watch);
	reports_end(watch->reports);
}

/*
 * A vCPU that hits a watchpoint parks until the watcher lets it go, and there is no watcher after
 * unload().  A vCPU that is stuck is not waited for.
 */
void watch_stop(struct watch *watch)
{
	struct watch_machine *machine = watch->scene.machine;

	watch->watched = (struct watchpoint_words){ 0 };
	machine->ops->watchpoint_set(machine, &watch->watched);
	machine->ops->watchpoint_gone(machine, 100);
}

void watch_read_progress(const struct watch *watch, struct watch_progress *progress)
{
	const struct scxray_look *look = &watch->look;

	*progress = (struct watch_progress){ .found = watch->attach.found };
	if (!progress->found)
		return;
	progress->running = running(watch);
	progress->hz = look->hz;
	progress->age = look->max_runnable_age;
	progress->timeout = look->watchdog_timeout;
	progress->none_runnable =
		!look->runnable_unavailable && !look->runnable_cut && !look->nr_runnable;
	scxray_live_read_names(watch->scene.live, look, &progress->names);
}

void watch_status(const struct watch *watch, struct scxray_plugin_result *result)
{
	reports_status(watch->reports, result);
}
