// SPDX-License-Identifier: BSD-2-Clause
//
// host.cpp - a host of scxray-plugin.so in C++17 that loads it late
//
//	host PLUGIN RAM CR3 [KEY=VALUE...]
//
// As host.c, but the vCPUs run already when something looks wrong: only then is the plugin
// loaded ("from cold"), with the threads' ids and a signal of the host's own.  It writes its
// report while the vCPUs run on.
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <scxray/plugin.h>

namespace
{

constexpr uint64_t extra_gpa = 0xc0000000; // pages of our own, away from the guest's memory
constexpr int kick = SIGUSR1;

// At address 0: again: inc %al; out %al, $0xf1; mov $4096, %ecx; loop .; jmp again
constexpr unsigned char code[] = { 0xfe, 0xc0, 0xe6, 0xf1, 0xb9, 0x00, 0x10,
				   0x00, 0x00, 0xe2, 0xfe, 0xeb, 0xf3 };

// The code, and tables that map it, 2 MiB at 0.
struct Extra {
	unsigned char code[4096];
	uint64_t pdpt[512];
	uint64_t pd[512];
};

[[noreturn]] void fail(const std::string &what)
{
	throw std::runtime_error(what + ": " + std::strerror(errno));
}

int checked(int result, const std::string &what)
{
	if (result < 0)
		fail(what);
	return result;
}

class Fd
{
      public:
	Fd(int fd, const std::string &what) : fd_(checked(fd, what))
	{
	}
	~Fd()
	{
		close(fd_);
	}
	Fd(const Fd &) = delete;
	Fd &operator=(const Fd &) = delete;
	int get() const
	{
		return fd_;
	}

      private:
	int fd_;
};

class Mapping
{
      public:
	Mapping(size_t size, int flags, int fd)
		: size_(size), at_(mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, fd, 0))
	{
		if (at_ == MAP_FAILED)
			fail("mmap");
	}
	~Mapping()
	{
		munmap(at_, size_);
	}
	Mapping(const Mapping &) = delete;
	Mapping &operator=(const Mapping &) = delete;
	void *get() const
	{
		return at_;
	}
	size_t size() const
	{
		return size_;
	}

      private:
	size_t size_;
	void *at_;
};

// The plugin, once it is there; vCPU threads see it through an atomic pointer.
class Plugin
{
      public:
	explicit Plugin(const char *path) : so_(dlopen(path, RTLD_NOW | RTLD_LOCAL))
	{
		if (!so_)
			throw std::runtime_error(dlerror());
		calls_.struct_size = sizeof(calls_); // and all else 0: later headers have more
	}
	~Plugin()
	{
		if (calls_.self)
			calls_.unload(calls_.self);
		dlclose(so_);
	}
	Plugin(const Plugin &) = delete;
	Plugin &operator=(const Plugin &) = delete;

	void start(const scxray_plugin_host &host)
	{
		auto init =
			reinterpret_cast<scxray_plugin_init_fn *>(dlsym(so_, SCXRAY_PLUGIN_INIT));

		if (!init || init(&host, &calls_))
			throw std::runtime_error("the plugin does not start");
	}
	const scxray_plugin *operator->() const
	{
		return &calls_;
	}
	void *self() const
	{
		return calls_.self;
	}

      private:
	void *so_;
	scxray_plugin calls_{};
};

class Vcpu
{
      public:
	Vcpu(int kvm, int vm, uint64_t cr3, uint32_t index,
	     const std::atomic<const Plugin *> &plugin)
		: index_(index), fd_(ioctl(vm, KVM_CREATE_VCPU, index), "KVM_CREATE_VCPU"),
		  run_(static_cast<size_t>(checked(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0),
						   "KVM_GET_VCPU_MMAP_SIZE")),
		       MAP_SHARED, fd_.get()),
		  plugin_(plugin)
	{
		kvm_sregs sregs{};
		kvm_regs regs{};

		checked(ioctl(fd_.get(), KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
		sregs.cr0 = 0x80000033; // 64-bit mode, ring 0
		sregs.cr3 = cr3;
		sregs.cr4 = 0x20;
		sregs.efer = 0xd00;
		sregs.cs.base = 0;
		sregs.cs.limit = 0xffffffff;
		sregs.cs.selector = 16;
		sregs.cs.type = 11;
		sregs.cs.l = sregs.cs.g = 1;
		sregs.ss = sregs.cs;
		sregs.ss.selector = 24;
		sregs.ss.type = 3;
		sregs.ss.l = 0;
		sregs.ss.db = 1;
		sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss;
		regs.rip = 0;
		regs.rflags = 2;
		checked(ioctl(fd_.get(), KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
		checked(ioctl(fd_.get(), KVM_SET_REGS, &regs), "KVM_SET_REGS");
	}
	~Vcpu()
	{
		stop();
	}

	void start()
	{
		thread_ = std::thread([this] { loop(); });
		while (!tid_)
			std::this_thread::yield();
	}

	// The flag first, then what makes KVM_RUN return: whoever returns sees the flag.
	void stop()
	{
		if (!thread_.joinable())
			return;
		stop_ = true;
		__atomic_store_n(&static_cast<kvm_run *>(run_.get())->immediate_exit, 1,
				 __ATOMIC_SEQ_CST);
		pthread_kill(thread_.native_handle(), kick);
		thread_.join();
	}

	scxray_plugin_vcpu shown() const
	{
		return { fd_.get(), tid_, run_.get() };
	}
	unsigned long exits() const
	{
		return exits_;
	}
	const std::string &error() const
	{
		return error_;
	}

      private:
	void loop()
	{
		const Plugin *plugin = nullptr;

		tid_ = static_cast<int>(syscall(SYS_gettid));
		while (!stop_ && error_.empty()) {
			int result = ioctl(fd_.get(), KVM_RUN, 0) ? -errno : 0;

			plugin = plugin_.load();
			if (plugin && (*plugin)->vcpu_exit(plugin->self(), index_, result) !=
					      SCXRAY_VCPU_HANDLE)
				continue;
			if (!result)
				handle_exit();
			else if (result != -EINTR && result != -EAGAIN)
				error_ = "KVM_RUN: " + std::string(std::strerror(-result));
		}
		if (plugin)
			(*plugin)->vcpu_stop(plugin->self(), index_);
	}

	void handle_exit()
	{
		auto run = static_cast<kvm_run *>(run_.get());
		auto data = static_cast<unsigned char *>(run_.get()) + run->io.data_offset;

		exits_++;
		if (run->exit_reason != KVM_EXIT_IO)
			error_ = "exit " + std::to_string(run->exit_reason);
		else if (*data != al_++) // each value once and in order, or it was disturbed
			error_ = "the guest lost its place";
	}

	uint32_t index_;
	Fd fd_;
	Mapping run_;
	const std::atomic<const Plugin *> &plugin_;
	std::thread thread_;
	std::atomic<int> tid_{ 0 };
	std::atomic<bool> stop_{ false };
	unsigned char al_ = 1; // what the guest will write next
	std::atomic<unsigned long> exits_{ 0 };
	std::string error_; // its thread's; read when that has ended
};

// The lowest 512 GiB of the guest's addresses become ours.
void map_code(uint64_t *top_table, Extra *extra)
{
	std::memcpy(extra->code, code, sizeof(code));
	top_table[0] = (extra_gpa + offsetof(Extra, pdpt)) | 3;
	extra->pdpt[0] = (extra_gpa + offsetof(Extra, pd)) | 3;
	extra->pd[0] = extra_gpa | 0x83;
}

void add_memory(int vm, uint32_t slot, uint64_t gpa, const Mapping &memory)
{
	kvm_userspace_memory_region region{ slot, 0, gpa, memory.size(),
					    reinterpret_cast<uintptr_t>(memory.get()) };

	checked(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
}

void on_log(void *, scxray_plugin_level level, const char *line)
{
	std::fprintf(stderr, "log %d: %s\n", static_cast<int>(level), line);
}

void handle_kick(int)
{
}

size_t file_size(int fd)
{
	struct stat st;

	checked(fstat(fd, &st), "fstat");
	return static_cast<size_t>(st.st_size);
}

int run(char **argv)
{
	struct sigaction action = {}; // without SA_RESTART: KVM_RUN returns

	action.sa_handler = handle_kick;
	checked(sigaction(kick, &action, nullptr), "sigaction");

	Fd file(open(argv[2], O_RDONLY | O_CLOEXEC), argv[2]);
	Mapping ram(file_size(file.get()), MAP_PRIVATE, file.get());
	Mapping extra(sizeof(Extra), MAP_PRIVATE | MAP_ANONYMOUS, -1);
	uint64_t cr3 = std::stoull(argv[3], nullptr, 0);
	map_code(reinterpret_cast<uint64_t *>(static_cast<char *>(ram.get()) + cr3),
		 static_cast<Extra *>(extra.get()));

	Fd kvm(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
	Fd vm(ioctl(kvm.get(), KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	checked(ioctl(vm.get(), KVM_SET_TSS_ADDR, 0xfffbd000), "KVM_SET_TSS_ADDR");
	add_memory(vm.get(), 0, 0, ram);
	add_memory(vm.get(), 1, extra_gpa, extra);

	std::unique_ptr<Plugin> plugin; // outlives the vCPUs, which may still be in its calls
	std::atomic<const Plugin *> loaded{ nullptr };
	std::vector<std::unique_ptr<Vcpu> > vcpus;
	for (uint32_t i = 0; i < 2; i++)
		vcpus.push_back(std::make_unique<Vcpu>(kvm.get(), vm.get(), cr3, i, loaded));
	for (auto &vcpu : vcpus)
		vcpu->start();
	std::this_thread::sleep_for(std::chrono::milliseconds(20));

	// Something looks wrong: now the plugin is wanted.
	const scxray_plugin_region regions[] = { { 0, ram.size(), ram.get() },
						 { extra_gpa, extra.size(), extra.get() } };
	std::vector<scxray_plugin_vcpu> shown;
	for (auto &vcpu : vcpus)
		shown.push_back(vcpu->shown());
	scxray_plugin_host host{};
	host.struct_size = sizeof(host);
	host.api_version = SCXRAY_PLUGIN_API_VERSION;
	host.vm_fd = vm.get();
	host.kick_signal = kick;
	host.regions = regions;
	host.nr_regions = 2;
	host.region_size = sizeof(regions[0]);
	host.vcpus = shown.data();
	host.nr_vcpus = static_cast<uint32_t>(shown.size());
	host.vcpu_size = sizeof(shown[0]);
	host.settings = argv + 4;
	host.log = on_log;

	plugin = std::make_unique<Plugin>(argv[1]);
	plugin->start(host);
	loaded = plugin.get();

	auto &p = *plugin;
	std::printf("plugin: version %s\n", p->version);
	std::printf("early: %d\n", p->trigger(p.self(), SCXRAY_MOMENT_EARLY, "half-way"));
	std::printf("late: %d\n", p->trigger(p.self(), SCXRAY_MOMENT_LATE, "it failed"));
	scxray_plugin_result result{};
	result.struct_size = sizeof(result);
	p->finish(p.self(), &result);
	std::printf("finish: %d %s\n", result.status, result.message ? result.message : "");
	for (uint32_t i = 0; i < result.nr_paths; i++)
		std::printf("path: %s\n", result.paths[i]);

	auto before = vcpus[0]->exits();
	for (int i = 0; i < 1000 && vcpus[0]->exits() == before; i++)
		std::this_thread::sleep_for(std::chrono::milliseconds(10));
	std::printf("runs on: %s\n", vcpus[0]->exits() > before ? "yes" : "no");
	for (auto &vcpu : vcpus) {
		vcpu->stop();
		if (!vcpu->error().empty())
			throw std::runtime_error(vcpu->error());
	}
	return result.status == SCXRAY_STATUS_OK ? 0 : 1;
}

} // namespace

int main(int argc, char **argv)
{
	if (argc < 4) {
		std::fprintf(stderr, "usage: host PLUGIN RAM CR3 [KEY=VALUE...]\n");
		return 2;
	}
	try {
		return run(argv);
	} catch (const std::exception &error) {
		std::fprintf(stderr, "host: %s\n", error.what());
		return 1;
	}
}
