/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tiny_vcpu.c - a thread of a tiny VM: KVM_RUN, the plugin's calls, and a device that counts
 */
#include "tests/lib/tiny_vcpu.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/lib/tiny_guest.h"

_Atomic bool tiny_vcpu_halted;

void tiny_vcpu_on_halt(int sig)
{
	struct timespec ms = { .tv_nsec = 1000000 };

	(void)sig;
	while (tiny_vcpu_halted)
		nanosleep(&ms, NULL);
}

void tiny_vcpu_on_usr1(int sig)
{
	(void)sig;
}

/* An OUT, or a write: the guest's counter, one more than the last. */
static void check_out(struct tiny_vcpu *v, uint64_t value)
{
	if (value != ++v->next_out)
		v->io_errors++;
	v->next_out = value;
}

static void handle_io(struct tiny_vcpu *v)
{
	struct kvm_run *run = v->run;
	uint32_t value;

	if (run->io.port != TINY_PORT || run->io.size != 4 || run->io.count != 1) {
		v->unexpected++;
		return;
	}
	if (run->io.direction == KVM_EXIT_IO_OUT) {
		memcpy(&value, (char *)run + run->io.data_offset, 4);
		check_out(v, value);
	} else {
		value = (uint32_t)++v->next_in;
		memcpy((char *)run + run->io.data_offset, &value, 4);
	}
}

static void handle_mmio(struct tiny_vcpu *v)
{
	struct kvm_run *run = v->run;
	uint64_t value;

	if (run->mmio.phys_addr != TINY_MMIO_GPA || run->mmio.len != 8) {
		v->unexpected++;
		return;
	}
	if (run->mmio.is_write) {
		memcpy(&value, run->mmio.data, 8);
		check_out(v, value);
	} else {
		value = ++v->next_in;
		memcpy(run->mmio.data, &value, 8);
	}
}

static void compare(struct tiny_vcpu *v)
{
	struct kvm_regs regs;
	const uint64_t *value = v->expected.regs.value;

	if (!atomic_exchange(&v->compare, false))
		return;
	if (ioctl(v->fd, KVM_GET_REGS, &regs) || regs.rip != value[SCXRAY_REG_RIP] ||
	    regs.rax != value[SCXRAY_REG_RAX] || regs.rdi != value[SCXRAY_REG_RDI] ||
	    regs.rsp != value[SCXRAY_REG_RSP] || regs.rflags != value[SCXRAY_REG_RFLAGS] ||
	    regs.r15 != value[SCXRAY_REG_R15])
		v->differed++;
	v->compared++;
}

/* plugin.h: after a signal has ended another wait of this thread, vcpu_exit() with EINTR. */
static void wait_out_hlt(struct tiny_vcpu *v)
{
	struct timespec ms = { .tv_nsec = 1000000 };

	if (nanosleep(&ms, NULL)) {
		vm_vcpu_exit(v->tiny->vm, v->index, -EINTR);
		compare(v);
	}
}

/* A device that takes its time: freezes find vCPUs in their handlers, and CPUs are left. */
static void sometimes_rest(struct tiny_vcpu *v)
{
	if (v->next_out % 16 == 0)
		usleep(100);
}

static void handle(struct tiny_vcpu *v)
{
	switch (v->run->exit_reason) {
	case KVM_EXIT_IO:
		handle_io(v);
		sometimes_rest(v);
		break;
	case KVM_EXIT_MMIO:
		handle_mmio(v);
		sometimes_rest(v);
		break;
	case KVM_EXIT_HLT:
		if (v->program != TINY_HLT)
			v->unexpected++;
		wait_out_hlt(v);
		break;
	case KVM_EXIT_INTR:
	case KVM_EXIT_IRQ_WINDOW_OPEN:
		break;
	default:
		if (!v->unexpected++)
			fprintf(stderr, "vCPU %u: exit %u, suberror %u\n", v->index,
				v->run->exit_reason, v->run->internal.suberror);
		usleep(1000);
	}
	if (v->stuck) {
		v->is_stuck = true;
		while (v->stuck)
			usleep(500);
		v->is_stuck = false;
	}
}

static void fake_hit(struct tiny_vcpu *v)
{
	v->run->exit_reason = KVM_EXIT_DEBUG;
	memset(&v->run->debug, 0, sizeof(v->run->debug));
	v->run->debug.arch.exception = 1;
	v->run->debug.arch.dr6 = 0xffff0ff1;
}

void *tiny_vcpu_main(void *arg)
{
	struct tiny_vcpu *v = arg;
	struct tiny_vm *tiny = v->tiny;

	if (tiny->block_signals) {
		sigset_t set;

		sigfillset(&set);
		sigdelset(&set, SIGUSR1);
		pthread_sigmask(SIG_SETMASK, &set, NULL);
	}
	v->tid = (int)syscall(SYS_gettid);
	while (!tiny->go)
		usleep(100);
	if (tiny->announce && !tiny->silent)
		vm_vcpu_start(tiny->vm, v->index);
	v->announced = true;
	while (!tiny->stop && !v->leave) {
		int result = ioctl(v->fd, KVM_RUN, 0) ? -errno : 0;
		bool hit = result == -EINTR && atomic_exchange(&v->fake_hit, false);
		int action;

		if (hit) {
			fake_hit(v);
			result = 0;
		}
		/* one that runs before there is a coordinator */
		while (!tiny->vm && !tiny->stop)
			usleep(100);
		if (!tiny->vm)
			break;
		action = vm_vcpu_exit(tiny->vm, v->index, result);
		v->exits++;
		compare(v);
		if (v->die && result == -EINTR)
			goto out;
		if (action == SCXRAY_VCPU_CONSUMED)
			v->consumed++;
		else if (result == 0 || (tiny->naive && result == -EINTR))
			handle(v);
		else if (result != -EINTR && result != -EAGAIN)
			v->unexpected++;
		/* what a host does whose own stop has used immediate_exit */
		if (result == -EINTR && tiny->stop)
			__atomic_store_n(&v->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
	}
	if (tiny->vm)
		vm_vcpu_stop(tiny->vm, v->index);
out:
	v->ended = true;
	return NULL;
}
