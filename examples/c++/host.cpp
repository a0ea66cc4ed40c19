// SPDX-License-Identifier: BSD-2-Clause
// host.cpp - a whole virtual machine monitor that loads scxray-plugin.so, in C++17
//
//	c++ -std=c++17 -I../../include host.cpp -o host && ./host PLUGIN FOLDER
//
// One vCPU, on a thread of its own; it ends when the plugin has captured what was asked for.  The guest
// counts without end.  docs/embedding.md explains each call of the plugin.
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdexcept>
#include <string>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>

#include <scxray/plugin.h>

namespace
{

constexpr size_t ram_size = 0x200000;
constexpr size_t code_gpa = 0x1000;
// Real mode: again: inc %ax; out %al, $0xf1; jmp again
constexpr unsigned char code[] = { 0x40, 0xe6, 0xf1, 0xeb, 0xfb };

template <typename T> T checked(T value, const char *what)
{
	if (value < 0)
		throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
	return value;
}

void *mapped(size_t size, int flags, int fd)
{
	void *at = mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, fd, 0);

	checked(at == MAP_FAILED ? -1 : 0, "mmap");
	return at;
}

// All else is 0: a header of later may have more members than this program knows of.
scxray_plugin load(const char *path, const scxray_plugin_host &host)
{
	void *so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	scxray_plugin plugin{};

	if (!so)
		throw std::runtime_error(dlerror());
	auto init = reinterpret_cast<scxray_plugin_init_fn *>(dlsym(so, SCXRAY_PLUGIN_INIT));
	plugin.struct_size = sizeof(plugin);
	if (!init || init(&host, &plugin))
		throw std::runtime_error("the plugin does not start");
	return plugin;
}

struct Vm {
	int kvm = checked(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
	int fd = checked(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	char *ram = static_cast<char *>(mapped(ram_size, MAP_PRIVATE | MAP_ANONYMOUS, -1));
	int vcpu = -1;
	kvm_run *run = nullptr;
	std::atomic<bool> started{ false }, stop{ false };

	Vm()
	{
		kvm_userspace_memory_region slot{};
		kvm_sregs sregs{};
		kvm_regs regs{};

		slot.memory_size = ram_size;
		slot.userspace_addr = reinterpret_cast<uintptr_t>(ram);
		checked(ioctl(fd, KVM_SET_USER_MEMORY_REGION, &slot), "its RAM");
		std::memcpy(ram + code_gpa, code, sizeof(code));
		vcpu = checked(ioctl(fd, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
		auto size = checked(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "kvm_run");
		run = static_cast<kvm_run *>(mapped(static_cast<size_t>(size), MAP_SHARED, vcpu));
		checked(ioctl(vcpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
		sregs.cs.base = sregs.cs.selector = 0;
		regs.rip = code_gpa;
		regs.rflags = 2;
		checked(ioctl(vcpu, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
		checked(ioctl(vcpu, KVM_SET_REGS, &regs), "KVM_SET_REGS");
	}

	// The guest counts: an exit that is handled twice, or not at all, shows.
	bool run_vcpu(const scxray_plugin &plugin)
	{
		unsigned char next = 1;
		bool in_order = true;

		plugin.vcpu_start(plugin.self, 0);
		started = true;
		while (!stop) {
			int result = ioctl(vcpu, KVM_RUN, 0) ? -errno : 0;

			if (plugin.vcpu_exit(plugin.self, 0, result) != SCXRAY_VCPU_HANDLE ||
			    result)
				continue;
			auto bytes = reinterpret_cast<unsigned char *>(run);
			in_order &= bytes[run->io.data_offset] == next++;
		}
		plugin.vcpu_stop(plugin.self, 0);
		return in_order;
	}
};

int run(const char *path, const char *folder)
{
	Vm vm;
	const std::string output = std::string("output=") + folder;
	const char *const settings[] = { output.c_str(), "name=example", nullptr };
	const scxray_plugin_region region{ 0, ram_size, vm.ram };
	const scxray_plugin_vcpu shown{ vm.vcpu, 0, vm.run };
	scxray_plugin_host host{};

	host.struct_size = sizeof(host);
	host.api_version = SCXRAY_PLUGIN_API_VERSION;
	host.context = &vm;
	host.vm_fd = vm.fd;
	host.regions = &region;
	host.nr_regions = 1;
	host.region_size = sizeof(region);
	host.vcpus = &shown;
	host.nr_vcpus = 1;
	host.vcpu_size = sizeof(shown);
	host.settings = settings;
	host.log = [](void *, scxray_plugin_level level, const char *line) {
		if (level < SCXRAY_LOG_DEBUG)
			std::fprintf(stderr, "plugin: %s\n", line);
	};
	host.failure_captured = [](void *context, const char *why) {
		std::printf("captured: %s\n", why);
		static_cast<Vm *>(context)->stop = true; // and the guest may end
	};

	const scxray_plugin plugin = load(path, host);
	bool in_order = false;
	std::thread thread([&] { in_order = vm.run_vcpu(plugin); });
	while (!vm.started) // before that there are no registers to show
		std::this_thread::yield();
	std::printf("early: %d\n", plugin.trigger(plugin.self, SCXRAY_MOMENT_EARLY, "a look"));
	std::printf("late: %d\n", plugin.trigger(plugin.self, SCXRAY_MOMENT_LATE, "the end"));
	thread.join();
	std::printf("in order: %s\n", in_order ? "yes" : "no");
	scxray_plugin_result result{};
	result.struct_size = sizeof(result);
	plugin.finish(plugin.self, &result);
	for (uint32_t i = 0; i < result.nr_paths; i++)
		std::printf("report: %s\n", result.paths[i]);
	plugin.unload(plugin.self);
	return 0;
}

} // namespace

int main(int argc, char **argv)
{
	try {
		if (argc != 3)
			throw std::runtime_error("usage: host PLUGIN FOLDER");
		return run(argv[1], argv[2]);
	} catch (const std::exception &error) {
		std::fprintf(stderr, "host: %s\n", error.what());
		return 1;
	}
}
