/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two VMs in one process, each with a plugin of its own: a 6.12 guest and a 7.3 guest, restored,
 * frozen at the same time from two threads.  Each gets the report of its own kernel, and
 * one goes on while the other ends.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <scxray/plugin.h>

#include "tests/lib/restored.h"
#include "tests/lib/unit.h"

#define MAX_FILE (4u << 20)

struct host {
	const char *core, *release;
	struct machine *machine;
	struct scxray_plugin plugin;
	char output[64], name[64];
	atomic_bool stop;
	atomic_uint started;
	struct runner {
		struct host *host;
		unsigned index;
		pthread_t thread;
		int error;
	} runners[RESTORED_MAX_VCPUS];
	int32_t early, late;
};

static void *library;
static char folder[] = "/tmp/scxray-two-XXXXXX";

static void *run(void *arg)
{
	struct runner *r = arg;
	struct host *h = r->host;

	h->plugin.vcpu_start(h->plugin.self, r->index);
	atomic_fetch_add(&h->started, 1);
	while (!atomic_load(&h->stop) && !r->error) {
		int result = ioctl(h->machine->vcpus[r->index].fd, KVM_RUN, 0) ? -errno : 0;

		if (h->plugin.vcpu_exit(h->plugin.self, r->index, result) != SCXRAY_VCPU_HANDLE)
			continue;
		if (result != -EINTR && result != -EAGAIN)
			r->error = result ? result : -EIO;
	}
	h->plugin.vcpu_stop(h->plugin.self, r->index);
	return NULL;
}

static void init(struct host *h)
{
	struct scxray_plugin_region regions[MAX_REGIONS];
	struct scxray_plugin_vcpu vcpus[RESTORED_MAX_VCPUS];
	const char *settings[] = { h->output, h->name, "triggers=none", NULL };
	struct scxray_plugin_host host = {
		.struct_size = sizeof(host),
		.api_version = SCXRAY_PLUGIN_API_VERSION,
		.vm_fd = h->machine->vm_fd,
		.regions = regions,
		.nr_regions = h->machine->nr_regions,
		.region_size = sizeof(regions[0]),
		.vcpus = vcpus,
		.nr_vcpus = h->machine->nr_vcpus,
		.vcpu_size = sizeof(vcpus[0]),
		.settings = settings,
	};
	scxray_plugin_init_fn *entry;

	for (unsigned i = 0; i < h->machine->nr_regions; i++)
		regions[i] = (struct scxray_plugin_region){ h->machine->regions[i].gpa,
							    h->machine->regions[i].size,
							    h->machine->regions[i].host };
	for (unsigned i = 0; i < h->machine->nr_vcpus; i++)
		vcpus[i] = (struct scxray_plugin_vcpu){ h->machine->vcpus[i].fd, 0,
							h->machine->vcpus[i].run };
	*(void **)&entry = dlsym(library, SCXRAY_PLUGIN_INIT);
	h->plugin.struct_size = sizeof(h->plugin);
	ck_assert(entry && !entry(&host, &h->plugin));
}

static void start(struct host *h, const char *core, const char *release)
{
	char path[RESTORED_PATH_MAX];

	h->core = core;
	h->release = release;
	snprintf(h->output, sizeof(h->output), "output=%s", folder);
	snprintf(h->name, sizeof(h->name), "name=%s", release);
	restored_image(core, 2, path);
	h->machine = restored_machine(path);
	unlink(path);
	for (unsigned i = 0; i < h->machine->nr_vcpus; i++)
		restored_loop(h->machine, i);
	init(h);
	for (unsigned i = 0; i < h->machine->nr_vcpus; i++) {
		h->runners[i].host = h;
		h->runners[i].index = i;
		ck_assert(!pthread_create(&h->runners[i].thread, NULL, run, &h->runners[i]));
	}
	while (atomic_load(&h->started) < h->machine->nr_vcpus)
		usleep(100);
}

static void *trigger(void *arg)
{
	struct host *h = arg;

	h->early = h->plugin.trigger(h->plugin.self, SCXRAY_MOMENT_EARLY, h->release);
	h->late = h->plugin.trigger(h->plugin.self, SCXRAY_MOMENT_LATE, h->release);
	return NULL;
}

/* The file holds this release's banner and not the other's. */
static void check_file(const struct host *h, const char *path, const char *other)
{
	static char text[MAX_FILE];
	FILE *f = fopen(path, "re");
	size_t size;

	ck_assert_msg(f != NULL, "%s: %s", path, strerror(errno));
	size = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[size] = '\0';
	ck_assert_msg(strstr(text, h->release) != NULL, "%s: not of %s", path, h->release);
	ck_assert_msg(strstr(text, other) == NULL, "%s: of %s", path, other);
	unlink(path);
}

static void end(struct host *h, const char *other)
{
	struct scxray_plugin_result result = { .struct_size = sizeof(result) };

	ck_assert_int_eq(h->plugin.finish(h->plugin.self, &result), SCXRAY_STATUS_OK);
	ck_assert_uint_eq(result.nr_paths, 2);
	for (uint32_t i = 0; i < result.nr_paths; i++)
		check_file(h, result.paths[i], other);
	atomic_store(&h->stop, true);
	for (unsigned i = 0; i < h->machine->nr_vcpus; i++) {
		/* the flag, immediate_exit, and a signal whose handler does nothing */
		__atomic_store_n(&h->machine->vcpus[i].run->immediate_exit, 1, __ATOMIC_SEQ_CST);
		pthread_kill(h->runners[i].thread, SIGUSR2);
		ck_assert(!pthread_join(h->runners[i].thread, NULL));
		ck_assert_msg(!h->runners[i].error, "%s: vCPU %u: %s", h->release, i,
			      strerror(-h->runners[i].error));
	}
	h->plugin.unload(h->plugin.self);
	machine_destroy(h->machine);
}

static void on_signal(int number)
{
	(void)number;
}

START_TEST(two_vms_in_one_process)
{
	static struct host a, b;
	const struct sigaction action = { .sa_handler = on_signal };
	const char *build = getenv("SCXRAY_BUILD");
	pthread_t threads[2];
	char path[512];

	sigaction(SIGUSR2, &action, NULL);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/scxray-plugin.so", build ? build : "build/gcc");
	library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	ck_assert_msg(library != NULL, "%s", dlerror());
	start(&a, RESTORED_CORE("6.12-held-error"), "6.12.107");
	start(&b, RESTORED_CORE("7.3.4-stall-error"), "7.3.4");
	ck_assert(!pthread_create(&threads[0], NULL, trigger, &a));
	ck_assert(!pthread_create(&threads[1], NULL, trigger, &b));
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	ck_assert_int_eq(a.early, SCXRAY_STATUS_OK);
	ck_assert_int_eq(a.late, SCXRAY_STATUS_OK);
	ck_assert_int_eq(b.early, SCXRAY_STATUS_OK);
	ck_assert_int_eq(b.late, SCXRAY_STATUS_OK);
	end(&a, "7.3.4");
	/* the other goes on as if nothing had been */
	ck_assert_int_eq(b.plugin.trigger(b.plugin.self, SCXRAY_MOMENT_LATE, NULL),
			 SCXRAY_STATUS_BUSY);
	end(&b, "6.12.107");
	ck_assert(!dlclose(library));
	ck_assert(!rmdir(folder)); /* nothing but what was named */
}
END_TEST

static const unit_test tests[] = { &two_vms_in_one_process };

UNIT_MAIN_KVM("vmm_restore_two", tests)
