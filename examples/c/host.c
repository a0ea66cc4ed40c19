/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host.c - a whole virtual machine monitor that loads scxray-plugin.so, in C
 *
 *	cc -I../../include host.c -o host && ./host PLUGIN FOLDER
 *
 * One vCPU, one thread.  Its guest prints a line and halts; for a real one put a kernel there.
 * docs/embedding.md explains each call of the plugin.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <scxray/plugin.h>

#define RAM_SIZE 0x200000u
#define CODE_GPA 0x1000u

/* Real mode: mov $0x3f8, %dx; mov $text, %si; again: lodsb; test %al, %al; jz end; out; jmp again; end: hlt */
static const unsigned char code[] = { 0xba, 0xf8, 0x03, 0xbe, 0x0f, 0x10, 0xac, 0x84,
				      0xc0, 0x74, 0x03, 0xee, 0xeb, 0xf8, 0xf4, 'h',
				      'e',  'l',  'l',	'o',  '\n', 0 };

static struct scxray_plugin plugin = { .struct_size = sizeof(plugin) };

static void check(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "host: %s: %s\n", what, errno ? strerror(errno) : "failed");
	exit(1);
}

static void on_log(void *context, enum scxray_plugin_level level, const char *line)
{
	(void)context;
	if (level < SCXRAY_LOG_DEBUG)
		fprintf(stderr, "plugin: %s\n", line);
}

static void on_captured(void *context, const char *why)
{
	(void)context;
	printf("captured: %s\n", why);
}

static void on_complete(void *context, const struct scxray_plugin_result *report)
{
	(void)context;
	printf("complete: status %d, %u files\n", (int)report->status, report->nr_paths);
}

static void start_plugin(const char *path, const char *folder, int vm, void *ram, int vcpu,
			 struct kvm_run *run)
{
	char output[4096];
	const char *const settings[] = { output, "name=example", NULL };
	const struct scxray_plugin_region region = { .gpa = 0, .size = RAM_SIZE, .host = ram };
	const struct scxray_plugin_vcpu shown = { .fd = vcpu, .run = run };
	const struct scxray_plugin_host host = {
		.struct_size = sizeof(host),
		.api_version = SCXRAY_PLUGIN_API_VERSION,
		.vm_fd = vm,
		.regions = &region,
		.nr_regions = 1,
		.region_size = sizeof(region),
		.vcpus = &shown,
		.nr_vcpus = 1,
		.vcpu_size = sizeof(shown),
		.settings = settings,
		.log = on_log,
		.failure_captured = on_captured,
		.report_complete = on_complete,
	};
	void *so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	void *symbol = so ? dlsym(so, SCXRAY_PLUGIN_INIT) : NULL;
	scxray_plugin_init_fn *init;

	check(symbol != NULL, path);
	memcpy(&init, &symbol, sizeof(init)); /* ISO C has no cast for this */
	snprintf(output, sizeof(output), "output=%s", folder);
	check(init(&host, &plugin) == 0, "the plugin");
}

static void run_vcpu(int vcpu, struct kvm_run *run)
{
	int halted = 0;

	plugin.vcpu_start(plugin.self, 0);
	while (!halted) {
		int result = ioctl(vcpu, KVM_RUN, 0) ? -errno : 0;

		if (plugin.vcpu_exit(plugin.self, 0, result) != SCXRAY_VCPU_HANDLE)
			continue;
		if (result == 0 && run->exit_reason == KVM_EXIT_IO)
			putchar(*((char *)run + run->io.data_offset));
		else if (result == 0 && run->exit_reason == KVM_EXIT_HLT)
			halted = 1;
		else
			check(result == -EINTR, "KVM_RUN");
	}
	plugin.vcpu_stop(plugin.self, 0);
}

/* The thread's vCPU has stopped: from now on it may make these calls. */
static void end_plugin(void)
{
	struct scxray_plugin_result result = { .struct_size = sizeof(result) };

	plugin.trigger(plugin.self, SCXRAY_MOMENT_LATE, "the guest has halted");
	plugin.finish(plugin.self, &result);
	for (uint32_t i = 0; i < result.nr_paths; i++)
		printf("report: %s\n", result.paths[i]);
	if (result.message)
		printf("message: %s\n", result.message);
	plugin.unload(plugin.self);
}

int main(int argc, char **argv)
{
	struct kvm_regs regs = { .rip = CODE_GPA, .rflags = 2 };
	struct kvm_userspace_memory_region slot = { .memory_size = RAM_SIZE };
	struct kvm_sregs sregs;
	int kvm, vm, vcpu;
	struct kvm_run *run;
	char *ram;

	check(argc == 3, "usage: host PLUGIN FOLDER");
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	check(kvm >= 0, "/dev/kvm");
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(vm >= 0 && ram != MAP_FAILED, "a VM");
	slot.userspace_addr = (uintptr_t)ram;
	check(!ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot), "its RAM");
	memcpy(ram + CODE_GPA, code, sizeof(code));
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	check(vcpu >= 0, "a vCPU");
	run = mmap(NULL, (size_t)ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_READ | PROT_WRITE,
		   MAP_SHARED, vcpu, 0);
	check(run != MAP_FAILED && !ioctl(vcpu, KVM_GET_SREGS, &sregs), "its registers");
	sregs.cs.base = sregs.cs.selector = 0;
	check(!ioctl(vcpu, KVM_SET_SREGS, &sregs) && !ioctl(vcpu, KVM_SET_REGS, &regs),
	      "its registers");

	start_plugin(argv[1], argv[2], vm, ram, vcpu, run);
	run_vcpu(vcpu, run);
	end_plugin();
	return 0;
}
