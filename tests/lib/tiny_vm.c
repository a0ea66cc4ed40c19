/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tiny_vm.c - a VM of a few pages on /dev/kvm: its memory and registers
 */
#include "tests/lib/tiny_vm.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/lib/tiny_guest.h"
#include "tests/lib/tiny_vcpu.h"

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "tiny_vm: %s: %s\n", what, strerror(errno));
	abort();
}

static int must(int r, const char *what)
{
	if (r < 0)
		die(what);
	return r;
}

/* ---- what a guest sees ------------------------------------------------------ */

static uint64_t *cell(const struct tiny_vm *tiny, uint32_t index)
{
	return (uint64_t *)(tiny->ram + TINY_CELLS + (uint64_t)index * TINY_CELL_SIZE);
}

uint64_t tiny_vm_counter(const struct tiny_vm *tiny, uint32_t index)
{
	return __atomic_load_n(&cell(tiny, index)[0], __ATOMIC_SEQ_CST);
}

uint64_t tiny_vm_guest_errors(const struct tiny_vm *tiny, uint32_t index)
{
	return __atomic_load_n(&cell(tiny, index)[1], __ATOMIC_SEQ_CST);
}

uint64_t tiny_vm_errors(const struct tiny_vm *tiny)
{
	uint64_t errors = 0;

	for (uint32_t i = 0; i < tiny->nr_vcpus; i++)
		errors += tiny_vm_guest_errors(tiny, i) + tiny->vcpus[i].io_errors +
			  tiny->vcpus[i].unexpected + tiny->vcpus[i].differed;
	return errors;
}

bool tiny_vm_moves(const struct tiny_vm *tiny, uint32_t index)
{
	const struct tiny_vcpu *v = &tiny->vcpus[index];

	return v->program != TINY_AP && !v->ended && !v->stuck;
}

void tiny_vm_counters(const struct tiny_vm *tiny, uint64_t *to)
{
	for (uint32_t i = 0; i < tiny->nr_vcpus; i++)
		to[i] = tiny_vm_counter(tiny, i);
}

bool tiny_vm_moved_on(const struct tiny_vm *tiny, const uint64_t *from)
{
	int patience = 100000; /* of 100 us */

	for (uint32_t i = 0; i < tiny->nr_vcpus; i++)
		while (tiny_vm_moves(tiny, i) && tiny_vm_counter(tiny, i) == from[i]) {
			if (!patience--) {
				fprintf(stderr, "vCPU %u (program %d) stands still\n", i,
					(int)tiny->vcpus[i].program);
				return false;
			}
			usleep(100);
		}
	return true;
}

/* ---- its timer ---------------------------------------------------------------- */

/* Interrupts for those that wait in KVM_RUN. */
static void *tick(void *arg)
{
	struct tiny_vm *tiny = arg;

	while (!tiny->stop) {
		for (uint32_t i = 0; i < tiny->nr_vcpus; i++) {
			struct kvm_msi msi = {
				.address_lo = 0xfee00000u | i << 12,
				.data = TINY_VECTOR,
			};

			if (tiny->vcpus[i].program == TINY_KERNEL_HLT)
				(void)ioctl(tiny->fd, KVM_SIGNAL_MSI, &msi);
		}
		usleep(tiny->nr_vcpus > 8 ? 10000 : 1000);
	}
	return NULL;
}

/* ---- setting up ------------------------------------------------------------- */

static void set_registers(struct tiny_vcpu *v)
{
	struct tiny_state state;
	struct kvm_mp_state mp = { .mp_state = KVM_MP_STATE_RUNNABLE };

	must(ioctl(v->fd, KVM_GET_SREGS, &state.sregs), "KVM_GET_SREGS");
	tiny_guest_state(v, &state);
	must(ioctl(v->fd, KVM_SET_SREGS, &state.sregs), "KVM_SET_SREGS");
	must(ioctl(v->fd, KVM_SET_REGS, &state.regs), "KVM_SET_REGS");
	if (v->tiny->irqchip && v->program != TINY_AP)
		must(ioctl(v->fd, KVM_SET_MP_STATE, &mp), "KVM_SET_MP_STATE");
}

static void create_vcpu(struct tiny_vm *tiny, uint32_t i, enum tiny_program program)
{
	struct tiny_vcpu *v = &tiny->vcpus[i];
	int size = must(ioctl(tiny->kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");

	v->tiny = tiny;
	v->index = i;
	v->program = program;
	v->fd = must(ioctl(tiny->fd, KVM_CREATE_VCPU, i), "KVM_CREATE_VCPU");
	v->run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, 0);
	if (v->run == MAP_FAILED)
		die("mmap of kvm_run");
	set_registers(v);
}

struct tiny_vm *tiny_vm_create(uint32_t nr, const enum tiny_program *programs)
{
	struct tiny_vm *tiny = calloc(1, sizeof(*tiny));
	struct sigaction usr1 = { .sa_handler = tiny_vcpu_on_usr1 },
			 halt = { .sa_handler = tiny_vcpu_on_halt };
	struct kvm_userspace_memory_region slot = { .memory_size = TINY_RAM };

	if (!tiny)
		die("calloc");
	sigaction(SIGUSR1, &usr1, NULL);
	sigaction(SIGUSR2, &halt, NULL);
	tiny->nr_vcpus = nr;
	tiny->kvm = must(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
	tiny->fd = must(ioctl(tiny->kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	tiny->ram =
		mmap(NULL, TINY_RAM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (tiny->ram == MAP_FAILED)
		die("mmap of guest RAM");
	for (uint32_t i = 0; i < nr; i++)
		tiny->irqchip |= programs[i] == TINY_KERNEL_HLT || programs[i] == TINY_AP;
	if (tiny->irqchip)
		must(ioctl(tiny->fd, KVM_CREATE_IRQCHIP, 0), "KVM_CREATE_IRQCHIP");
	slot.userspace_addr = (uintptr_t)tiny->ram;
	must(ioctl(tiny->fd, KVM_SET_USER_MEMORY_REGION, &slot), "KVM_SET_USER_MEMORY_REGION");
	tiny_guest_memory(tiny->ram);
	for (uint32_t i = 0; i < nr; i++)
		create_vcpu(tiny, i, programs[i]);
	return tiny;
}

static int32_t pause_devices(void *context)
{
	struct tiny_vm *tiny = context;

	tiny->paused++;
	return tiny->pause_result;
}

static void resume_devices(void *context)
{
	((struct tiny_vm *)context)->resumed++;
}

void tiny_vm_describe(struct tiny_vm *tiny, struct scxray_plugin_host *host,
		      struct scxray_plugin_vcpu *vcpus)
{
	memset(host, 0, sizeof(*host));
	for (uint32_t i = 0; i < tiny->nr_vcpus; i++)
		vcpus[i] = (struct scxray_plugin_vcpu){
			.fd = tiny->vcpus[i].fd,
			.tid = tiny->announce ? 0 : tiny->vcpus[i].tid,
			.run = tiny->vcpus[i].run,
		};
	host->struct_size = sizeof(*host);
	host->api_version = SCXRAY_PLUGIN_API_VERSION;
	host->context = tiny;
	host->vm_fd = tiny->fd;
	host->vcpus = vcpus;
	host->nr_vcpus = tiny->nr_vcpus;
	host->vcpu_size = sizeof(*vcpus);
	host->pause_devices = pause_devices;
	host->resume_devices = resume_devices;
}

void tiny_vm_start_vcpu(struct tiny_vm *tiny, uint32_t index)
{
	struct tiny_vcpu *v = &tiny->vcpus[index];

	if (v->ended)
		pthread_join(v->thread, NULL);
	v->ended = v->leave = false;
	if (pthread_create(&v->thread, NULL, tiny_vcpu_main, v))
		die("pthread_create");
	v->has_thread = true;
}

void tiny_vm_start(struct tiny_vm *tiny, bool announce, int kick_signal)
{
	struct scxray_plugin_host host;
	struct scxray_plugin_vcpu vcpus[TINY_MAX_VCPUS];
	struct scxray_error err;
	struct vm *vm;

	tiny->announce = announce;
	tiny->go = !announce;
	for (uint32_t i = 0; i < tiny->nr_vcpus; i++)
		tiny_vm_start_vcpu(tiny, i);
	for (uint32_t i = 0; i < tiny->nr_vcpus; i++)
		while (!tiny->vcpus[i].tid)
			usleep(100);
	tiny_vm_describe(tiny, &host, vcpus);
	host.kick_signal = kick_signal;
	host.log = tiny->log;
	vm = vm_create(&host, &err);
	if (!vm) {
		fprintf(stderr, "vm_create: %s\n", err.text);
		abort();
	}
	tiny->vm = vm;
	tiny->go = true;
	for (uint32_t i = 0; i < tiny->nr_vcpus; i++)
		while (!tiny->vcpus[i].announced)
			usleep(100);
	if (tiny->irqchip && pthread_create(&tiny->ticker, NULL, tick, tiny) == 0)
		tiny->ticking = true;
}

void tiny_vm_interrupt(struct tiny_vm *tiny, uint32_t index)
{
	syscall(SYS_tgkill, getpid(), tiny->vcpus[index].tid, SIGUSR1);
}

void tiny_vm_halt_thread(struct tiny_vm *tiny, uint32_t index, bool on)
{
	tiny_vcpu_halted = on;
	if (on)
		syscall(SYS_tgkill, getpid(), tiny->vcpus[index].tid, SIGUSR2);
}

void tiny_vm_destroy(struct tiny_vm *tiny)
{
	tiny->stop = true;
	tiny->go = true;
	tiny_vcpu_halted = false;
	for (uint32_t i = 0; i < tiny->nr_vcpus; i++) {
		struct tiny_vcpu *v = &tiny->vcpus[i];

		v->stuck = false;
		while (v->has_thread && !v->ended) {
			__atomic_store_n(&v->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
			tiny_vm_interrupt(tiny, i);
			usleep(200);
		}
		if (v->has_thread)
			pthread_join(v->thread, NULL);
	}
	if (tiny->ticking)
		pthread_join(tiny->ticker, NULL);
	if (tiny->vm)
		vm_destroy(tiny->vm);
	for (uint32_t i = 0; i < tiny->nr_vcpus; i++) {
		munmap(tiny->vcpus[i].run, (size_t)ioctl(tiny->kvm, KVM_GET_VCPU_MMAP_SIZE, 0));
		close(tiny->vcpus[i].fd);
	}
	close(tiny->fd);
	close(tiny->kvm);
	munmap(tiny->ram, TINY_RAM);
	free(tiny);
}
