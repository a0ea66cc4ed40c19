/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * abi_host.h - a host without a guest, which loads the plugin
 */
#ifndef TESTS_ABI_HOST_H
#define TESTS_ABI_HOST_H

#include <dlfcn.h>
#include <linux/kvm.h>
#include <scxray/plugin.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/lib/abi_layout.h"
#include "tests/lib/unit.h"

#define PAGE 4096UL
#define NR 2
#define GARBAGE 0xa5

static const char *library_path(void)
{
	static char path[512];
	const char *build = getenv("SCXRAY_BUILD");

	snprintf(path, sizeof(path), "%s/scxray-plugin.so", build ? build : "build/gcc");
	return path;
}

struct so {
	void *library;
	scxray_plugin_init_fn *init;
};

static inline struct so load(void)
{
	struct so so = { .library = dlopen(library_path(), RTLD_NOW | RTLD_LOCAL) };

	ck_assert_msg(so.library != NULL, "%s", dlerror());
	*(void **)&so.init = dlsym(so.library, SCXRAY_PLUGIN_INIT);
	ck_assert_ptr_nonnull(so.init);
	return so;
}

/* `size` bytes of garbage right before a page that may not be touched. */
static inline void *guarded(size_t size)
{
	size_t room = (size + PAGE - 1) & ~(PAGE - 1);
	char *at =
		mmap(NULL, room + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(at, MAP_FAILED);
	ck_assert(!mprotect(at + room, PAGE, PROT_NONE));
	memset(at, GARBAGE, room);
	return at + room - size;
}

static inline void expect_garbage(const void *bytes, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		ck_assert_msg(((const uint8_t *)bytes)[i] == GARBAGE, "byte %zu was written", i);
}

/* All lines that the plugin said. */
static char said[4096];

static inline void listen_to(void *context, enum scxray_plugin_level level, const char *line)
{
	(void)context;
	(void)level;
	strncat(said, line, sizeof(said) - strlen(said) - 2);
	strcat(said, "\n");
}

static const char *const settings[] = { "output=/tmp", "name=abi", "triggers=none", NULL };

/* Arrays with `more` bytes of garbage behind each element. */
static inline void *make_regions(size_t more)
{
	size_t stride = sizeof(struct scxray_plugin_region) + more;
	char *regions = guarded(NR * stride);

	for (size_t i = 0; i < NR; i++) {
		void *ram = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		struct scxray_plugin_region r = { .gpa = i << 20, .size = 16 * PAGE, .host = ram };

		ck_assert_ptr_ne(ram, MAP_FAILED);
		memcpy(regions + i * stride, &r, sizeof(r));
	}
	return regions;
}

static inline void *make_vcpus(size_t more)
{
	size_t stride = sizeof(struct scxray_plugin_vcpu) + more;
	char *vcpus = guarded(NR * stride);

	for (size_t i = 0; i < NR; i++) {
		void *run = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		struct scxray_plugin_vcpu v = { .fd = 1000, .run = run };

		ck_assert_ptr_ne(run, MAP_FAILED);
		memcpy(vcpus + i * stride, &v, sizeof(v));
	}
	return vcpus;
}

/* The description in `size` bytes: less than today's struct, or more, then garbage. */
static inline struct scxray_plugin_host *make_host(size_t size, size_t more)
{
	struct scxray_plugin_host *at = guarded(size);
	struct scxray_plugin_host host = {
		.struct_size = (uint32_t)size,
		.api_version = SCXRAY_PLUGIN_API_VERSION,
		.vm_fd = 1000, /* no file: nothing here needs KVM */
		.regions = make_regions(more),
		.nr_regions = NR,
		.region_size = (uint32_t)(sizeof(struct scxray_plugin_region) + more),
		.vcpus = make_vcpus(more),
		.nr_vcpus = NR,
		.vcpu_size = (uint32_t)(sizeof(struct scxray_plugin_vcpu) + more),
		.settings = settings,
		.log = listen_to,
	};

	memcpy(at, &host, size < sizeof(host) ? size : sizeof(host));
	said[0] = '\0';
	return at;
}

static inline struct scxray_plugin *make_plugin(size_t size)
{
	struct scxray_plugin *plugin = guarded(size);

	plugin->struct_size = (uint32_t)size;
	return plugin;
}

static inline void expect_no_failure(const struct scxray_plugin *plugin)
{
	struct scxray_plugin_result result = { .struct_size = sizeof(result), .nr_paths = 77 };

	ck_assert_int_eq(plugin->finish(plugin->self, &result), SCXRAY_STATUS_NO_FAILURE);
	ck_assert_int_eq(result.status, SCXRAY_STATUS_NO_FAILURE);
	ck_assert_uint_eq(result.nr_paths, 0);
}

#endif
