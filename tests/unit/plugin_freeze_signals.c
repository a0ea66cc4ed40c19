/* SPDX-License-Identifier: BSD-2-Clause */
/* plugin_freeze_signals.c - kicks: signals of the plugin and of its host */
#include "tests/unit/freeze_fixture.h"

/* The plugin's own signal gets through where the host has blocked all it does not know. */
START_TEST(a_host_that_blocks_signals)
{
	struct tiny_vm *tiny = tiny_vm_create(2, (enum tiny_program[]){ TINY_RING3, TINY_HLT });

	tiny->block_signals = true;
	tiny_vm_start(tiny, true, 0);
	moved_on_from_now(tiny);
	for (int i = 0; i < 20; i++)
		complete_freeze(tiny);
	tiny_vm_destroy(tiny);
}
END_TEST

START_TEST(the_hosts_own_signal)
{
	struct tiny_vm *tiny = tiny_vm_create(2, (enum tiny_program[]){ TINY_RING3, TINY_PORTS });

	tiny_vm_start(tiny, true, SIGUSR1);
	moved_on_from_now(tiny);
	for (int i = 0; i < 50; i++)
		complete_freeze(tiny);
	ck_assert_uint_eq(tiny_vm_errors(tiny), 0);
	tiny_vm_destroy(tiny);
}
END_TEST

static unsigned signals_taken(void)
{
	unsigned taken = 0;

	for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++) {
		struct sigaction now;

		if (sigaction(sig, NULL, &now) == 0 && now.sa_handler != SIG_DFL)
			taken++;
	}
	return taken;
}

START_TEST(signals_are_taken_and_given_back)
{
	unsigned before = signals_taken();
	struct tiny_vm *a = two(TINY_RING3, TINY_PORTS), *b = two(TINY_RING3, TINY_PORTS);

	ck_assert_uint_eq(signals_taken(), before + 2);
	complete_freeze(a);
	complete_freeze(b);
	tiny_vm_destroy(a);
	ck_assert_uint_eq(signals_taken(), before + 1);
	complete_freeze(b);
	tiny_vm_destroy(b);
	ck_assert_uint_eq(signals_taken(), before);
}
END_TEST

static _Atomic int stolen_signals;
static char said[256];

static void on_stolen(int sig)
{
	(void)sig;
	stolen_signals++;
}

static void keep_line(void *context, enum scxray_plugin_level level, const char *line)
{
	(void)context;
	if (level == SCXRAY_LOG_WARNING)
		snprintf(said, sizeof(said), "%s", line);
}

/* A host that installs its own handlers later, for signals that it takes to be free. */
START_TEST(a_signal_that_is_taken_away)
{
	struct tiny_vm *tiny = tiny_vm_create(2, (enum tiny_program[]){ TINY_RING3, TINY_PORTS });
	struct sigaction action = { .sa_handler = on_stolen };
	char expected[64];

	tiny->log = keep_line;
	tiny_vm_start(tiny, true, 0);
	moved_on_from_now(tiny);
	complete_freeze(tiny);
	ck_assert_str_eq(said, "");
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(sigaction(SIGRTMAX - i, &action, NULL), 0);
		said[0] = 0;
		complete_freeze(tiny);
		snprintf(expected, sizeof(expected), "taken signal %d, which", SIGRTMAX - i);
		ck_assert_msg(strstr(said, expected) != NULL, "%s", said);
		snprintf(expected, sizeof(expected), "signal %d does now", SIGRTMAX - i - 1);
		ck_assert_msg(strstr(said, expected) != NULL, "%s", said);
	}
	ck_assert_int_eq(stolen_signals, 0);
	ck_assert_uint_eq(tiny_vm_errors(tiny), 0);
	tiny_vm_destroy(tiny);
}
END_TEST

/* A host may use immediate_exit itself: the plugin takes back only what it has set. */
START_TEST(the_hosts_own_immediate_exit)
{
	struct tiny_vm *tiny = tiny_vm_create(1, (enum tiny_program[]){ TINY_RING3 });
	struct scxray_plugin_host host;
	struct scxray_plugin_vcpu vcpus[TINY_MAX_VCPUS];
	struct kvm_run *run = tiny->vcpus[0].run;
	struct scxray_error err;
	struct vm *vm;

	tiny->announce = true;
	tiny_vm_describe(tiny, &host, vcpus);
	vm = vm_create(&host, &err);
	vm_vcpu_start(vm, 0);
	run->immediate_exit = 1;
	ck_assert_int_eq(vm_vcpu_exit(vm, 0, -EINTR), SCXRAY_VCPU_HANDLE);
	ck_assert_uint_eq(run->immediate_exit, 1);
	vm_destroy(vm);
	tiny_vm_destroy(tiny);
}
END_TEST

static const unit_test tests[] = {
	&a_host_that_blocks_signals,   &the_hosts_own_signal,
	&a_signal_that_is_taken_away,  &signals_are_taken_and_given_back,
	&the_hosts_own_immediate_exit,
};

UNIT_MAIN_KVM("plugin_freeze_signals", tests)
