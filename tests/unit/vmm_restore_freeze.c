/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A restored guest, its vCPUs counting in ring 0 and in ring 3, frozen at random moments: all
 * vCPUs park each time, the registers that the freeze shows are those of the vCPUs as they
 * stand, and all go on behind it.  1000 freezes in all.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/lib/restored.h"
#include "tests/lib/unit.h"
#include "vmm-plugin/freeze.h"

#define CORE RESTORED_CORE("6.18.15-vtime-error")

struct guest {
	struct machine *machine;
	struct scxray_source *source; /* the image */
	struct vm *vm;
	atomic_bool stop;
	atomic_uint started;
	struct runner {
		struct guest *guest;
		unsigned index;
		pthread_t thread;
		int error; /* of KVM_RUN, or an exit that should not be */
	} runners[RESTORED_MAX_VCPUS];
};

static void *run(void *arg)
{
	struct runner *r = arg;
	const struct vcpu *vcpu = &r->guest->machine->vcpus[r->index];

	vm_vcpu_start(r->guest->vm, r->index);
	atomic_fetch_add(&r->guest->started, 1);
	while (!atomic_load(&r->guest->stop) && !r->error) {
		int result = ioctl(vcpu->fd, KVM_RUN, 0) ? -errno : 0;

		if (vm_vcpu_exit(r->guest->vm, r->index, result) != SCXRAY_VCPU_HANDLE)
			continue;
		if (result != -EINTR && result != -EAGAIN)
			r->error = result ? result : (int)vcpu->run->exit_reason;
	}
	vm_vcpu_stop(r->guest->vm, r->index);
	return NULL;
}

static void start(struct guest *g, unsigned nr_vcpus)
{
	struct scxray_plugin_vcpu shown[RESTORED_MAX_VCPUS] = { 0 };
	struct scxray_plugin_host host = { .struct_size = sizeof(host),
					   .api_version = SCXRAY_PLUGIN_API_VERSION,
					   .vcpus = shown,
					   .nr_vcpus = nr_vcpus,
					   .vcpu_size = sizeof(shown[0]) };
	struct scxray_error err = { 0 };
	char path[RESTORED_PATH_MAX];

	memset(g, 0, sizeof(*g));
	restored_image(CORE, nr_vcpus, path);
	g->machine = restored_machine(path);
	g->source = scxray_source_open(path, &err);
	unlink(path);
	ck_assert_msg(g->source != NULL, "%s", err.text);
	host.vm_fd = g->machine->vm_fd;
	for (unsigned i = 0; i < nr_vcpus; i++) {
		restored_loop(g->machine, i);
		shown[i].fd = g->machine->vcpus[i].fd;
		shown[i].run = g->machine->vcpus[i].run;
	}
	g->vm = vm_create(&host, &err);
	ck_assert_msg(g->vm != NULL, "%s", err.text);
	for (unsigned i = 0; i < nr_vcpus; i++) {
		g->runners[i].guest = g;
		g->runners[i].index = i;
		ck_assert(!pthread_create(&g->runners[i].thread, NULL, run, &g->runners[i]));
	}
	while (atomic_load(&g->started) < nr_vcpus) /* a freeze counts those that have */
		usleep(100);
}

/* Frozen one last time they see that they shall stop. */
static void stop(struct guest *g)
{
	struct freeze_result result;

	freeze_begin(g->vm, 20000, &result);
	atomic_store(&g->stop, true);
	freeze_end(g->vm, &result);
	for (unsigned i = 0; i < g->machine->nr_vcpus; i++) {
		ck_assert(!pthread_join(g->runners[i].thread, NULL));
		ck_assert_msg(!g->runners[i].error, "vCPU %u ended: %d", i, g->runners[i].error);
	}
	vm_destroy(g->vm);
	scxray_source_close(g->source);
	machine_destroy(g->machine);
}

static uint64_t shown_reg(const struct guest *g, unsigned vcpu, enum scxray_reg reg)
{
	const struct scxray_regs *regs = &freeze_vcpus(g->vm)[vcpu].regs;

	ck_assert_msg(regs->known >> reg & 1, "vCPU %u: register %d is not known", vcpu, reg);
	return regs->value[reg];
}

/* What the freeze shows of a vCPU, what KVM says of it now, what the image had. */
static void check_vcpu(const struct guest *g, unsigned i)
{
	static const enum scxray_reg unchanged[] = {
		SCXRAY_REG_RSP,
		SCXRAY_REG_RBX,
		SCXRAY_REG_RCX,
		SCXRAY_REG_RDX,
		SCXRAY_REG_RSI,
		SCXRAY_REG_RDI,
		SCXRAY_REG_RBP,
		SCXRAY_REG_R8,
		SCXRAY_REG_R9,
		SCXRAY_REG_R10,
		SCXRAY_REG_R11,
		SCXRAY_REG_R12,
		SCXRAY_REG_R13,
		SCXRAY_REG_R14,
		SCXRAY_REG_R15,
		SCXRAY_REG_CR0,
		SCXRAY_REG_CR3,
		SCXRAY_REG_CR4,
		SCXRAY_REG_CS,
		SCXRAY_REG_SS,
		SCXRAY_REG_FS_BASE,
		SCXRAY_REG_GS_BASE,
		SCXRAY_REG_KERNEL_GS_BASE,
		SCXRAY_REG_IDT_BASE,
	};
	const struct scxray_regs *image = scxray_source_regs(g->source, i);
	struct kvm_regs now;

	ck_assert_msg(freeze_vcpus(g->vm)[i].parked, "vCPU %u has not parked", i);
	ck_assert(!ioctl(g->machine->vcpus[i].fd, KVM_GET_REGS, &now));
	ck_assert_uint_eq(shown_reg(g, i, SCXRAY_REG_RIP), now.rip);
	ck_assert_uint_eq(shown_reg(g, i, SCXRAY_REG_RAX), now.rax);
	ck_assert_uint_eq(shown_reg(g, i, SCXRAY_REG_RFLAGS), now.rflags);
	ck_assert_uint_lt(now.rip - image->value[SCXRAY_REG_RIP], RESTORED_LOOP_BYTES);
	for (size_t r = 0; r < ARRAY_SIZE(unchanged); r++)
		ck_assert_msg(shown_reg(g, i, unchanged[r]) == image->value[unchanged[r]],
			      "vCPU %u: register %d is 0x%llx, in the image 0x%llx", i,
			      unchanged[r], (unsigned long long)shown_reg(g, i, unchanged[r]),
			      (unsigned long long)image->value[unchanged[r]]);
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Each vCPU counts on between the freezes, now this one and now that, and never back. */
static void freeze_many(unsigned nr_vcpus, unsigned times)
{
	uint64_t count[RESTORED_MAX_VCPUS] = { 0 }, random = 0x9e3779b97f4a7c15 + nr_vcpus;
	unsigned progress[RESTORED_MAX_VCPUS] = { 0 };
	static struct guest g;

	start(&g, nr_vcpus);
	for (unsigned n = 0; n < times; n++) {
		struct freeze_result result;

		usleep((useconds_t)(next_random(&random) % 2000));
		freeze_begin(g.vm, 20000, &result);
		ck_assert_msg(result.complete && result.nr_parked == nr_vcpus,
			      "freeze %u: %u of %u vCPUs parked", n, result.nr_parked, nr_vcpus);
		for (unsigned i = 0; i < nr_vcpus; i++) {
			uint64_t rax = shown_reg(&g, i, SCXRAY_REG_RAX);

			check_vcpu(&g, i);
			ck_assert_uint_ge(rax, count[i]);
			progress[i] += n && rax > count[i];
			count[i] = rax;
		}
		usleep((useconds_t)(next_random(&random) % 200));
		for (unsigned i = 0; i < nr_vcpus; i++)
			check_vcpu(&g, i); /* they stand still */
		freeze_end(g.vm, &result);
	}
	for (unsigned i = 0; i < nr_vcpus; i++)
		ck_assert_msg(progress[i] > times / 20, "vCPU %u went on behind %u freezes of %u",
			      i, progress[i], times);
	stop(&g);
}

START_TEST(one_vcpu)
{
	freeze_many(1, 400);
}
END_TEST

START_TEST(two_vcpus_in_ring_0_and_ring_3)
{
	freeze_many(2, 400);
}
END_TEST

START_TEST(more_vcpus_than_cpus)
{
	freeze_many(8, 200);
}
END_TEST

static const unit_test tests[] = {
	&one_vcpu,
	&two_vcpus_in_ring_0_and_ring_3,
	&more_vcpus_than_cpus,
};

UNIT_MAIN_KVM("vmm_restore_freeze", tests)
