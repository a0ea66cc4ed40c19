// SPDX-License-Identifier: BSD-2-Clause
/*
 * The course of a fixture guest. The host takes two images: one when the kernel enters
 * scx_dump_state() by our SysRq-D half-way to the watchdog's timeout, one when it enters it again
 * at the error exit. In both cases the text that the kernel then writes describes the very state of
 * the image.
 */
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"
#include "zoo.h"

#define HEALTHY_RUNS 20 /* of victims, before the failure begins */
#define HALF 9		/* sixteenths of the timeout: a little more than half */
#define SLACK_MS 20000	/* for what takes no time on an idle host */

static bool healthy(const void *unused)
{
	(void)unused;
	/* where there are none in the crew, it is the crew's */
	return (crew_victims() ? scheduler_state()->victim_runs : scheduler_state()->crew_runs) >=
	       HEALTHY_RUNS;
}

/* All of the crew's victims, or any recruit, have been waiting for at least the given time. */
static bool starving(const void *least_ns)
{
	unsigned int need = crew_victims() ? crew_victims() : 1, found = 0;
	struct scxfix_wait wait;

	for (unsigned int i = 0; i < MAX_VICTIMS; i++) {
		if (scheduler_wait_of(i, &wait) &&
		    now_ns() - wait.since_ns >= *(const uint64_t *)least_ns)
			found++;
	}
	return found >= need;
}

/* Sets off what makes victims wait, and returns since when they do. */
static uint64_t starve(const struct options *options)
{
	uint64_t quarter_ns = options->timeout_ms * NSEC_PER_MSEC / 4;
	struct scxfix_wait first;

	scheduler_set_failing(true);
	crew_release_hog();
	agent_stop();
	wait_for(starving, &quarter_ns, options->timeout_ms, "for the victims to starve");
	if (!scheduler_first_wait(&first))
		die("the victims no longer wait");
	mark("starving since %.6f", (double)first.since_ns / 1e9);
	return first.since_ns;
}

static void see_exit(const struct options *options)
{
	wait_for(scheduler_leaving, NULL, options->timeout_ms * 2 + SLACK_MS, "for the error exit");
	crew_end_hog();
	wait_for(scheduler_exited, NULL, SLACK_MS, "for ops.exit()");
	agent_end();
	mark("exited kind %d", scheduler_exit_record()->kind);
	oracle_send_exit();
	if (!options->alone)
		oracle_send_moment(options, "after", false);
}

static void fail(const struct options *options)
{
	const struct mode *mode = mode_of(options->mode);
	uint64_t timeout_ns = options->timeout_ms * NSEC_PER_MSEC;
	uint64_t since = now_ns(), end, half;

	wait_for(healthy, NULL, SLACK_MS, "for the victims to run");
	mark("healthy");
	sleep_until_ns(since + mode->begin * timeout_ns / 16);
	since = mode->sudden ? now_ns() : starve(options);
	end = since + timeout_ns * (options->alone ? 7 : 6) / 8;
	if (mode->ends == ENDS_BY_CALL)
		scheduler_set_error_at(end);

	/*
	 * A little later than half-way, which is what the trigger of a monitor asks for; later still
	 * where there is one, which shall come first.
	 */
	half = mode->half ? mode->half : HALF;
	sleep_until_ns(since + timeout_ns * (half + (options->alone ? 2 : 0)) / 16);
	system_send(options);
	if (!options->alone)
		oracle_send_moment(options, "half", true);
	/* SysRq-D dumps every scheduler, one after the other. */
	if (scheduler_count() > 1)
		mark("half %u", scheduler_count());
	else
		mark("half");
	if (!text_write("/proc/sysrq-trigger", "D"))
		die("SysRq-D: /proc/sysrq-trigger does not take it");
	tracing_stop();
	if (scheduler_leaving(NULL))
		die("the scheduler was gone at half-way: the host is too slow for this watchdog (TIMEOUT)");
	/* A UART is slow: a task that waits for this CPU should do so after the dump, not before. */
	if (options->alone)
		oracle_send_moment(options, "half", true);

	if (mode->ends == ENDS_BY_ACT) {
		sleep_until_ns(end);
		act(options);
	}
	see_exit(options);
	tracing_send("half-dump.txt", 0);
}

/* It has just begun, and takes longer than it takes to look. */
static bool spinning(const void *unused)
{
	uint64_t began = scheduler_state()->spinning_since_ns;

	(void)unused;
	return began && now_ns() - began < 50 * NSEC_PER_MSEC;
}

/* ops.dispatch() is caught at it by the host, which looks from outside, after the mark. */
static void spin(void)
{
	cpu_set_t first;

	/* The last CPU takes no timer interrupt while it spins. */
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (sched_setaffinity(0, sizeof(first), &first))
		die("sched_setaffinity: the first CPU can't be had");
	wait_for(healthy, NULL, SLACK_MS, "for the victims to run");
	mark("healthy");
	scheduler_set_failing(true);
	wait_for(spinning, NULL, SLACK_MS, "for ops.dispatch() to spin");
	mark("spinning");
	sleep_until_ns(now_ns() + 3 * NSEC_PER_SEC);
	scheduler_set_failing(false);
	mark("spun for %llu us at a time", scheduler_state()->spun_ns / 1000);
}

/* Past the time at which a watchdog would have barked. */
static void stay_well(const struct options *options)
{
	wait_for(healthy, NULL, SLACK_MS, "for the victims to run");
	mark("healthy");
	sleep_until_ns(now_ns() + options->timeout_ms * NSEC_PER_MSEC * 5 / 4);
	if (scheduler_leaving(NULL))
		die("the scheduler has gone though nothing was to fail");
	mark("well");
}

static void one_round(const struct options *options)
{
	scheduler_attach(options);
	mark("attached");
	if (options->mode == MODE_MAPS)
		zoo_send(options);
	if (options->mode == MODE_SPIN)
		spin();
	else if (options->mode == MODE_WELL)
		stay_well(options);
	else if (options->mode == MODE_INITFAIL)
		see_exit(options); /* it never came as far as to fail otherwise */
	else
		fail(options);
}

static void all_rounds(const struct options *options)
{
	tracing_start();
	if (options->mode == MODE_MAPS)
		zoo_make(options);
	crew_start(options);
	cgroups_make(options);
	if (options->mode == MODE_DLHOG)
		system_enrich();
	if (options->clock)
		clock_watch();
	if (options->delay_s) {
		mark("delay");
		sleep_until_ns(now_ns() + options->delay_s * NSEC_PER_SEC);
	}
	for (unsigned int i = 0; i < options->rounds; i++) {
		if (i)
			tracing_start();
		one_round(options);
		if (options->mode == MODE_WELL || i + 1 < options->rounds) {
			scheduler_detach();
			mark("detached");
		}
	}
}

/* Alone there is no host that takes images or wants to know addresses. */
static void tell_host(const struct options *options)
{
	struct stops stops = symbols_send(options);

	oracle_send_guest(options);
	if (options->mode == MODE_NONE)
		return;
	if (!stops.dump_state)
		die("no scx_dump_state in this kernel: it is built without sched_ext");
	if (!stops.last)
		die("no %s in this kernel", mode_of(options->mode)->stop_at);
	mark("arm %#lx %#lx", (unsigned long)stops.dump_state, (unsigned long)stops.last);
	await_host("armed");
	mark("armed");
}

int main(void)
{
	struct options options = { 0 };

	/* It turns its machine off: the init of a guest, or told so by the guest's command line. */
	if (getpid() != 1 && !options_alone())
		return 1;
	link_open(options_alone());
	options_read(&options);
	machine_set_up(&options);
	mark("up");
	if (!options.alone)
		tell_host(&options);
	if (options.mode == MODE_NONE) {
		crew_start(&options);
		oracle_send_moment(&options, "idle", false);
		mark("idle");
	} else if (options.mode == MODE_OTHER) {
		other_course(&options);
	} else {
		all_rounds(&options);
	}
	mark("done");
	if (options.alone)
		power_off();
	for (;;)
		pause();
}
