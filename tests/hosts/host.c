/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host.c - the smallest host of scxray-plugin.so: raw KVM, two vCPUs, one header
 *
 *	host PLUGIN				list its settings
 *	host PLUGIN RAM CR3 [KEY=VALUE...]	run, trigger both moments, say what was written
 *	host-c ... one-thread ...		the same on one thread: vCPU 0, triggers, the end
 *
 * RAM is a file with a guest's memory from physical address 0 on, CR3 the page tables of the
 * kernel in it.  With these its vCPUs run a few instructions, which come out by port, by
 * memory and by HLT.  docs/embedding.md explains each call.
 *
 * It uses what the first plugin.h had, and is compiled with that one (old/) and with today's.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/kvm.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <scxray/plugin.h>

#include "sandbox.h"

#define NR_VCPUS 2
#define EXTRA_GPA 0xc0000000u /* pages of our own, away from the guest's memory */
#define MMIO_GPA 0xd0000000u  /* no memory: reads come out */

/* At address 0; the guest's user half is ours: see map_code(). */
static const unsigned char code[] = {
	0xfe, 0xc0,				  /* again:	inc %al */
	0xe6, 0xf1,				  /*		out %al, $0xf1 */
	0x8a, 0x1c, 0x25, 0x00, 0x00, 0x20, 0x00, /*		mov 0x200000, %bl */
	0xb9, 0x00, 0x08, 0x00, 0x00,		  /*		mov $2048, %ecx */
	0xe2, 0xfe,				  /*		loop . */
	0xf4,					  /*		hlt */
	0xeb, 0xeb,				  /*		jmp again */
};

/* The code, and tables that map it at 0 and MMIO_GPA behind it, 2 MiB each. */
struct extra {
	unsigned char code[4096];
	uint64_t pdpt[512];
	uint64_t pd[512];
};

struct vcpu {
	uint32_t index;
	int fd;
	struct kvm_run *run;
	unsigned char al; /* what the guest will write next */
	unsigned long exits;
	pthread_t thread;
};

static struct scxray_plugin plugin = { .struct_size = sizeof(plugin) };
static struct vcpu vcpus[NR_VCPUS];
static atomic_bool stop;

static void *must(void *pointer, const char *what)
{
	if (!pointer || pointer == MAP_FAILED) {
		fprintf(stderr, "host: %s: %s\n", what, strerror(errno));
		exit(1);
	}
	return pointer;
}

static int must_fd(int fd, const char *what)
{
	must(fd < 0 ? NULL : &plugin, what);
	return fd;
}

/* ---- the guest ------------------------------------------------------------- */

static void add_memory(int vm, uint32_t slot, uint64_t gpa, uint64_t size, void *host)
{
	struct kvm_userspace_memory_region region = { .slot = slot,
						      .guest_phys_addr = gpa,
						      .memory_size = size,
						      .userspace_addr = (uintptr_t)host };

	must_fd(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
}

/* The lowest 512 GiB of the guest's addresses become those of struct extra. */
static void map_code(uint64_t *top_table, struct extra *extra)
{
	memcpy(extra->code, code, sizeof(code));
	top_table[0] = (EXTRA_GPA + offsetof(struct extra, pdpt)) | 3;
	extra->pdpt[0] = (EXTRA_GPA + offsetof(struct extra, pd)) | 3;
	extra->pd[0] = EXTRA_GPA | 0x83;
	extra->pd[1] = MMIO_GPA | 0x83;
}

static void create_vcpu(int kvm, int vm, uint64_t cr3, struct vcpu *vcpu, uint32_t index)
{
	struct kvm_regs regs = { .rip = 0, .rflags = 2 };
	struct kvm_sregs sregs;
	int size = must_fd(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");

	vcpu->index = index;
	vcpu->al = 1;
	vcpu->fd = must_fd(ioctl(vm, KVM_CREATE_VCPU, index), "KVM_CREATE_VCPU");
	vcpu->run = must(mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0),
			 "kvm_run");
	must_fd(ioctl(vcpu->fd, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	sregs.cr0 = 0x80000033; /* 64-bit mode, ring 0 */
	sregs.cr3 = cr3;
	sregs.cr4 = 0x20;
	sregs.efer = 0xd00;
	sregs.cs = (struct kvm_segment){ .limit = 0xffffffff,
					 .selector = 16,
					 .type = 11,
					 .present = 1,
					 .l = 1,
					 .s = 1,
					 .g = 1 };
	sregs.ss = sregs.cs;
	sregs.ss.selector = 24;
	sregs.ss.type = 3;
	sregs.ss.l = 0;
	sregs.ss.db = 1;
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss;
	must_fd(ioctl(vcpu->fd, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
	must_fd(ioctl(vcpu->fd, KVM_SET_REGS, &regs), "KVM_SET_REGS");
}

/*
 * The guest sleeps: 1 ms stands for the interrupt that would wake it.  A kick must end the
 * wait, and must not get lost right before it; so no signal is let in between the look
 * at immediate_exit and the wait.
 */
static void wait_in_hlt(struct vcpu *vcpu)
{
	const struct timespec tick = { .tv_nsec = 1000000 };
	sigset_t all, old;
	int interrupted;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	interrupted = __atomic_load_n(&vcpu->run->immediate_exit, __ATOMIC_SEQ_CST) ||
		      ppoll(NULL, 0, &tick, &old) < 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (interrupted)
		plugin.vcpu_exit(plugin.self, vcpu->index, -EINTR);
}

static void handle_exit(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	vcpu->exits++;
	if (run->exit_reason == KVM_EXIT_HLT) {
		wait_in_hlt(vcpu);
	} else if (run->exit_reason == KVM_EXIT_IO) {
		/* each value once and in order, or the guest was disturbed */
		if (*((unsigned char *)run + run->io.data_offset) != vcpu->al++) {
			fprintf(stderr, "host: vCPU %u lost its place\n", vcpu->index);
			exit(1);
		}
	} else if (run->exit_reason == KVM_EXIT_MMIO) {
		memset(run->mmio.data, 0x5a, sizeof(run->mmio.data));
	} else {
		fprintf(stderr, "host: vCPU %u: exit %u\n", vcpu->index, run->exit_reason);
		exit(1);
	}
}

/* Until `stop`, or `exits` were handled. */
static void run_until(struct vcpu *vcpu, unsigned long exits)
{
	plugin.vcpu_start(plugin.self, vcpu->index);
	while (!stop && vcpu->exits < exits) {
		int result = ioctl(vcpu->fd, KVM_RUN, 0) ? -errno : 0;

		if (plugin.vcpu_exit(plugin.self, vcpu->index, result) != SCXRAY_VCPU_HANDLE)
			continue;
		if (result == 0)
			handle_exit(vcpu);
		else if (result != -EINTR && result != -EAGAIN)
			must_fd(-1, "KVM_RUN");
	}
	plugin.vcpu_stop(plugin.self, vcpu->index);
}

static void *run_vcpu(void *arg)
{
	sandbox_enter("SANDBOX_VCPU");
	run_until(arg, ULONG_MAX);
	return NULL;
}

/* ---- the plugin ------------------------------------------------------------ */

static void log_line(void *context, enum scxray_plugin_level level, const char *line)
{
	(void)context;
	fprintf(stderr, "log %d: %s\n", (int)level, line);
}

struct load {
	scxray_plugin_init_fn *init;
	int vm;
	void *ram;
	uint64_t ram_size;
	struct extra *extra;
	char **settings;
};

/* On a thread of its own: the plugin's threads are in its sandbox. */
static void *load(void *arg)
{
	const struct load *from = arg;
	const struct scxray_plugin_region regions[] = {
		{ .gpa = 0, .size = from->ram_size, .host = from->ram },
		{ .gpa = EXTRA_GPA, .size = sizeof(*from->extra), .host = from->extra },
	};
	struct scxray_plugin_vcpu shown[NR_VCPUS] = { 0 };
	struct scxray_plugin_host host = {
		.struct_size = sizeof(host),
		.api_version = SCXRAY_PLUGIN_API_VERSION,
		.vm_fd = from->vm,
		.regions = regions,
		.nr_regions = 2,
		.region_size = sizeof(regions[0]),
		.vcpus = shown,
		.nr_vcpus = NR_VCPUS,
		.vcpu_size = sizeof(shown[0]),
		.settings = (const char *const *)from->settings,
		.log = log_line,
	};

	for (int i = 0; i < NR_VCPUS; i++) {
		shown[i].fd = vcpus[i].fd;
		shown[i].run = vcpus[i].run;
	}
	sandbox_enter("SANDBOX_PLUGIN");
	if (from->init(&host, &plugin))
		exit(1); /* it has said why */
	return NULL;
}

static void load_apart(struct load *from)
{
	pthread_t thread;

	must_fd(pthread_create(&thread, NULL, load, from) ? -1 : 0, "pthread_create");
	pthread_join(thread, NULL);
	printf("plugin: version %s\n", plugin.version);
}

static void start_vcpus(void)
{
	for (int i = 0; i < NR_VCPUS; i++)
		must_fd(pthread_create(&vcpus[i].thread, NULL, run_vcpu, &vcpus[i]) ? -1 : 0,
			"pthread_create");
}

static void join_vcpus(void)
{
	stop = true;
	for (int i = 0; i < NR_VCPUS; i++)
		pthread_join(vcpus[i].thread, NULL);
}

/* Both moments, as a host with a detection of its own would have them. */
static int report(bool one_thread)
{
	struct scxray_plugin_result result = { .struct_size = sizeof(result) };

	if (one_thread)
		run_until(&vcpus[0], 100);
	else
		start_vcpus();
	usleep(20000);
	printf("early: %d\n",
	       plugin.trigger(plugin.self, SCXRAY_MOMENT_EARLY, "the host's half-way"));
	if (one_thread)
		run_until(&vcpus[0], 200);
	usleep(20000);
	printf("late: %d\n", plugin.trigger(plugin.self, SCXRAY_MOMENT_LATE, "the host's failure"));
	if (!one_thread)
		join_vcpus();
	plugin.finish(plugin.self, &result);
	printf("finish: %d %s\n", result.status, result.message ? result.message : "");
	for (uint32_t i = 0; i < result.nr_paths; i++)
		printf("path: %s\n", result.paths[i]);
	for (int i = 0; i < NR_VCPUS; i++)
		printf("vcpu %d: %lu exits\n", i, vcpus[i].exits);
	return result.status == SCXRAY_STATUS_OK ? 0 : 1;
}

static int list_settings(scxray_plugin_init_fn *init)
{
	struct scxray_plugin_setting setting = { .struct_size = sizeof(setting) };

	if (init(NULL, &plugin))
		return 1;
	for (uint32_t i = 0; !plugin.setting(NULL, i, &setting); i++)
		printf("%s=%s\t%s\n", setting.key, setting.value, setting.help);
	return 0;
}

int main(int argc, char **argv)
{
	void *so = argc < 2 ? NULL : dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
	scxray_plugin_init_fn *init;
	int kvm, vm, fd, status;
	struct extra *extra;
	struct stat st;
	bool one_thread;
	uint64_t cr3;
	char *ram;

	if (!so) {
		fprintf(stderr, "host: %s\n",
			argc < 2 ? "usage: host PLUGIN [RAM CR3 [KEY=VALUE...]]" : dlerror());
		return 2;
	}
	init = (scxray_plugin_init_fn *)must(dlsym(so, SCXRAY_PLUGIN_INIT), SCXRAY_PLUGIN_INIT);
	if (argc < 4)
		return list_settings(init);

	fd = must_fd(open(argv[2], O_RDONLY | O_CLOEXEC), argv[2]);
	must_fd(fstat(fd, &st), argv[2]);
	ram = must(mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0),
		   argv[2]);
	extra = must(mmap(NULL, sizeof(*extra), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0),
		     "mmap");
	cr3 = strtoull(argv[3], NULL, 0);
	map_code((uint64_t *)(ram + cr3), extra);

	kvm = must_fd(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
	vm = must_fd(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	must_fd(ioctl(vm, KVM_SET_TSS_ADDR, 0xfffbd000), "KVM_SET_TSS_ADDR");
	add_memory(vm, 0, 0, (uint64_t)st.st_size, ram);
	add_memory(vm, 1, EXTRA_GPA, sizeof(*extra), extra);
	for (uint32_t i = 0; i < NR_VCPUS; i++)
		create_vcpu(kvm, vm, cr3, &vcpus[i], i);

	one_thread = argv[4] && !strcmp(argv[4], "one-thread");
	load_apart(&(struct load){ init, vm, ram, (uint64_t)st.st_size, extra,
				   argv + 4 + one_thread });
	status = report(one_thread);
	plugin.unload(plugin.self);
	dlclose(so);
	return status;
}
