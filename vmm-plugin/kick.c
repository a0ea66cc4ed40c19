/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kick.c - makes a vCPU return from KVM_RUN
 *
 * The flag, then immediate_exit, then the signal: a vCPU thread that has not entered KVM_RUN
 * yet finds immediate_exit set and returns with EINTR, one that is inside is thrown out by the
 * signal (kvm_arch_vcpu_ioctl_run() and kvm_vcpu_check_block() in the kernel); one that waits
 * elsewhere in the host gets EINTR there.
 */
#include "vmm-plugin/kick.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/kvm.h>

#include "watch/now.h"
#include "vmm-plugin/vm.h"

/*
 * All that is global in the plugin, because a signal's action is: which signals are taken
 * must be decided by one VM at a time, and the handler can only reach a global counter.
 */
static pthread_mutex_t signals_lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic unsigned long kicks_sent, kicks_arrived;

static void kick_arrived(int sig)
{
	(void)sig;
	atomic_fetch_add(&kicks_arrived, 1);
}

/* Is the action of a signal that handler, without an argument? */
static bool is_handled_by(int sig, void (*handler)(int))
{
	struct sigaction now;

	return sigaction(sig, NULL, &now) == 0 && !(now.sa_flags & SA_SIGINFO) &&
	       now.sa_handler == handler;
}

int kick_signal_take(void)
{
	/* No SA_RESTART: EINTR is what it is for.  SA_ONSTACK: some hosts' threads (Go's, for
	 * one) have stacks that take no handler. */
	struct sigaction action = { .sa_handler = kick_arrived, .sa_flags = SA_ONSTACK };
	int found = -1;

	sigemptyset(&action.sa_mask);
	pthread_mutex_lock(&signals_lock);
	for (int sig = SIGRTMAX; sig >= SIGRTMIN && found < 0; sig--)
		if (is_handled_by(sig, SIG_DFL) && sigaction(sig, &action, NULL) == 0)
			found = sig;
	pthread_mutex_unlock(&signals_lock);
	return found;
}

void kick_signal_release(int sig)
{
	struct sigaction action = { .sa_handler = SIG_IGN };
	uint64_t until = now_ns() + 100 * NS_PER_MS;

	/*
	 * A thread may be about to enter the handler, and the caller to unload its code.  Each
	 * kick is queued and delivered once; only a thread that does not run delays it.
	 */
	while (atomic_load(&kicks_arrived) != atomic_load(&kicks_sent) && now_ns() < until)
		usleep(200);
	pthread_mutex_lock(&signals_lock);
	if (is_handled_by(sig, kick_arrived)) {
		/* The default would end the process if a kick is still pending somewhere; to
		 * ignore it first throws those away. */
		sigemptyset(&action.sa_mask);
		sigaction(sig, &action, NULL);
		action.sa_handler = SIG_DFL;
		sigaction(sig, &action, NULL);
	}
	pthread_mutex_unlock(&signals_lock);
}

/*
 * immediate_exit before `kicked`: a thread that finds `kicked` set can take both back.  Found in
 * between, immediate_exit stays for one more round of KVM_RUN, until `kicked` is there.
 */
static void set_immediate_exit(struct vcpu *vcpu)
{
	__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	atomic_store(&vcpu->kicked, true);
}

/*
 * The signal to kick with.  A host may have installed a handler of its own for the one that we
 * took, and "exit" in there is not what a kick is for: another one is taken then.  0: none is left.
 */
static int signal_to_use(struct vm *vm)
{
	int sig = atomic_load(&vm->signal), other;

	if (!vm->own_signal || (sig && is_handled_by(sig, kick_arrived)))
		return sig;
	other = kick_signal_take();
	if (other < 0)
		other = 0;
	/* vCPU threads kick each other as well: one of them replaces it */
	if (!atomic_compare_exchange_strong(&vm->signal, &sig, other)) {
		if (other)
			kick_signal_release(other);
		return sig;
	}
	if (sig)
		atomic_store(&vm->lost_signal, sig);
	return other;
}

void kick_say_lost(struct vm *vm)
{
	int lost = atomic_exchange(&vm->lost_signal, 0), sig = atomic_load(&vm->signal);

	if (lost && sig)
		log_say(&vm->log, SCXRAY_LOG_WARNING,
			"the host has taken signal %d, which kicked vCPUs: signal %d does now; "
			"kick_signal tells the plugin which one to use",
			lost, sig);
	else if (lost)
		log_say(&vm->log, SCXRAY_LOG_ERROR,
			"the host has taken signal %d, which kicked vCPUs, and no other is free: "
			"set kick_signal",
			lost);
}

int kick_vcpu(struct vm *vm, struct vcpu *vcpu, uint32_t want)
{
	int tid, sig;

	atomic_fetch_or(&vcpu->want, want);
	set_immediate_exit(vcpu);
	tid = atomic_load(&vcpu->tid);
	sig = tid ? signal_to_use(vm) : 0;
	if (!sig)
		return 0;
	if (vm->own_signal)
		atomic_fetch_add(&kicks_sent, 1);
	if (syscall(SYS_tgkill, getpid(), tid, sig) == 0)
		return 0;
	/* EAGAIN: too many signals are queued for a thread that does not run; later again */
	if (vm->own_signal)
		atomic_fetch_sub(&kicks_sent, 1);
	return errno == ESRCH ? -ESRCH : 0;
}

void kick_clear(struct vcpu *vcpu)
{
	/* The host's own immediate_exit stays.  The caller looks at vcpu->want after this: who
	 * asks later than that also sets immediate_exit later than this. */
	if (atomic_exchange(&vcpu->kicked, false))
		__atomic_store_n(&vcpu->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
}

void kick_self(struct vcpu *vcpu)
{
	set_immediate_exit(vcpu);
}
