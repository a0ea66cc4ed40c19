/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * other_vmm.c - scxray-vmm as others write their VMMs, linked from its own objects with --wrap
 *
 *	OTHER=naive	its loop looks at exit_reason whatever KVM_RUN returned: right for real signals,
 *			and an exit that immediate_exit left there would be handled twice; with kicks of its own
 *			in the midst of port accesses
 *	OTHER=late	kick_signal is 0, and handlers of the VMM's own come later for the signals that it takes to
 *			be free: a signal of the plugin's that reached one would end it
 */
#include <errno.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <scxray/plugin.h>

#include "vmm/plugin_host.h"

#define KICK_EVERY 7 /* exits */
#define NR_LATE 2    /* signals, from SIGRTMAX down */

int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
bool __real_plugin_host_vcpu_exit(struct vcpu *vcpu, int result);
bool __wrap_plugin_host_vcpu_exit(struct vcpu *vcpu, int result);
void __real_plugin_host_vcpu_start(struct vcpu *vcpu);
void __wrap_plugin_host_vcpu_start(struct vcpu *vcpu);
void *__real_dlsym(void *library, const char *name);
void *__wrap_dlsym(void *library, const char *name);

static _Thread_local bool interrupted;
static scxray_plugin_init_fn *real_init;

static bool is(const char *what)
{
	const char *other = getenv("OTHER");

	return other && !strcmp(other, what);
}

/* ---- the naive loop ------------------------------------------------------------- */

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *argument;
	int result;

	va_start(ap, request);
	argument = va_arg(ap, void *);
	va_end(ap);
	result = __real_ioctl(fd, request, argument);
	if (request != KVM_RUN)
		return result;
	interrupted = result < 0 && errno == EINTR && is("naive");
	return interrupted ? 0 : result;
}

bool __wrap_plugin_host_vcpu_exit(struct vcpu *vcpu, int result)
{
	static _Thread_local unsigned accesses;
	static _Thread_local bool own; /* immediate_exit is of this VMM's setting */

	if (interrupted && own) {
		__atomic_store_n(&vcpu->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
		own = false;
	} else if (is("naive") && !interrupted && !result && ++accesses % KICK_EVERY == 0 &&
		   vcpu->run->exit_reason == KVM_EXIT_IO) {
		__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
		own = true;
	}
	return __real_plugin_host_vcpu_exit(vcpu, interrupted ? -EINTR : result);
}

/* ---- handlers that come later ---------------------------------------------------- */

static void on_late_signal(int sig)
{
	static const char text[] = "other-vmm: a signal that means: exit\n";

	(void)sig;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(98);
	_exit(99);
}

void __wrap_plugin_host_vcpu_start(struct vcpu *vcpu)
{
	struct sigaction action = { .sa_handler = on_late_signal };

	__real_plugin_host_vcpu_start(vcpu);
	for (int i = 0; is("late") && !vcpu->index && i < NR_LATE; i++)
		sigaction(SIGRTMAX - i, &action, NULL);
}

static int32_t init_without_signal(const struct scxray_plugin_host *host,
				   struct scxray_plugin *plugin)
{
	struct scxray_plugin_host copy;

	if (!host)
		return real_init(host, plugin);
	copy = *host;
	copy.kick_signal = 0;
	return real_init(&copy, plugin);
}

void *__wrap_dlsym(void *library, const char *name)
{
	scxray_plugin_init_fn *mine = init_without_signal;
	void *symbol = __real_dlsym(library, name);

	if (!symbol || !is("late"))
		return symbol;
	memcpy(&real_init, &symbol, sizeof(symbol));
	memcpy(&symbol, &mine, sizeof(symbol));
	return symbol;
}
