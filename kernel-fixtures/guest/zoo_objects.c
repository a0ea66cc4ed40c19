// SPDX-License-Identifier: BSD-2-Clause
/* The zoo's BPF objects, which lie in the initramfs: loads them and runs their programs once. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "zoo.h"

#define BUSY_LIMIT_MS 5000

static const struct map_plan {
	const char *object, *map, *name; /* libbpf's name, and that in the oracle */
	enum listing listing;
	const char *key, *value;
} plan[] = {
	{ "zoo_sections", ".data.zoo", "zoo_data", LIST_NOTHING, NULL, NULL },
	{ "zoo_sections", ".data.flex", "zoo_flex", LIST_ENTRIES, "u32", "zoo_flex" },
	{ "zoo_sections", ".bss", "zoo_bss", LIST_ENTRIES, "u32", "zoo_bss" },
	{ "zoo_sections", ".rodata", "zoo_rodata", LIST_ENTRIES, "u32", "zoo_rodata" },
	{ "zoo_values", "zoo_specials", "zoo_specials", LIST_ENTRIES, "u32", "zoo_special" },
	{ "zoo_lists", "zoo_heads", "zoo_heads", LIST_ENTRIES, "u32", "zoo_heads" },
	{ "zoo_stacks", "zoo_stacks", "zoo_stacks", LIST_STACKS, NULL, NULL },
	{ "zoo_stacks", "zoo_build_ids", "zoo_build_ids", LIST_STACKS, NULL, NULL },
	{ "zoo_rings", "zoo_pending", "zoo_pending", LIST_NOTHING, NULL, NULL },
	{ "zoo_rings", "zoo_full", "zoo_full", LIST_NOTHING, NULL, NULL },
	{ "zoo_rings", "zoo_busy", "zoo_busy", LIST_NOTHING, NULL, NULL },
	{ "zoo_rings", "zoo_idle", "zoo_idle", LIST_NOTHING, NULL, NULL },
	{ "zoo_rings", "zoo_wrapped", "zoo_wrapped", LIST_NOTHING, NULL, NULL },
	{ "zoo_over", "zoo_over", "zoo_over", LIST_NOTHING, NULL, NULL },
	{ "zoo_own", "zoo_owner", "zoo_owner", LIST_ENTRIES, "u32", "zoo_owner" },
};

static struct {
	const char *name;
	bool newer; /* than the oldest kernel with sched_ext: may be refused */
	struct bpf_object *object;
} objects[] = { { "zoo_sections", false, NULL }, { "zoo_values", false, NULL },
		{ "zoo_lists", false, NULL },	 { "zoo_stacks", false, NULL },
		{ "zoo_rings", false, NULL },	 { "zoo_over", true, NULL },
		{ "zoo_own", false, NULL } };

static struct bpf_object *object_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
		if (!strcmp(objects[i].name, name))
			return objects[i].object;
	}
	return NULL;
}

/* libbpf names the maps of sections after these, some with the object's name before. */
static bool ends_in(const char *text, const char *end)
{
	size_t size = strlen(text), least = strlen(end);

	return size >= least && !strcmp(text + size - least, end);
}

int objects_map(const char *object, const char *name)
{
	struct bpf_object *of = object_of(object);
	struct bpf_map *map;

	if (!of)
		return -1;
	bpf_object__for_each_map(map, of)
	{
		if (ends_in(bpf_map__name(map), name))
			return bpf_map__fd(map);
	}
	die("zoo: %s has no map %s", object, name);
}

const struct btf *objects_types(int *fd)
{
	struct bpf_object *object = object_of("zoo_sections");

	if (!object)
		die("zoo: zoo_sections did not load");
	*fd = bpf_object__btf_fd(object);
	return bpf_object__btf(object);
}

/* A program of type syscall writes into ctx, too. */
static void run(const char *object, const char *name, void *ctx, size_t size)
{
	struct bpf_object *of = object_of(object);
	struct bpf_program *program = of ? bpf_object__find_program_by_name(of, name) : NULL;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = ctx, .ctx_size_in = (__u32)size);

	if (bpf_prog_test_run_opts(bpf_program__fd(program), &opts))
		die("zoo: %s can't be run: %s", name, strerror(errno));
	if (opts.retval)
		die("zoo: %s failed: %u", name, opts.retval);
}

static void fill_values(FILE *out)
{
	struct zoo_fill_args args = { .pid = getpid(), .cpus = machine_cpus() };
	struct stat cgroup;

	if (stat(ZOO_CGROUP, &cgroup))
		die(ZOO_CGROUP ": %s", strerror(errno));
	args.cgroup_id = cgroup.st_ino;
	run("zoo_values", "zoo_fill", &args, sizeof(args));
	fprintf(out, "{\"labels\": \"zoo_specials\", \"key\": \"\", \"members\": "
		     "{\"task\": \"init[1]\", \"cgrp\": \"/zoo\", \"timer\": \"armed, \"}}\n");
	fprintf(out, "{\"labels\": \"zoo_specials\", \"key\": \"01\", \"members\": "
		     "{\"timer\": \"not armed\"}}\n");
	fprintf(out, "{\"labels\": \"zoo_specials\", \"key\": \"02\", \"members\": "
		     "{\"timer\": \"not armed\"}}\n");
	fprintf(out, "{\"masks\": \"zoo_specials\", \"key\": \"\", \"members\": {\"mask\": %u}}\n",
		args.cpus);
}

static void put_records(FILE *out, const char *name)
{
	fprintf(out, "{\"records\": \"%s\", \"stored\": [", name);
}

static void put_record(FILE *out, const char *comma, const void *bytes, size_t size,
		       const char *state)
{
	fprintf(out, "%s[%zu, ", comma, size);
	put_hex(out, bytes, size);
	fprintf(out, ", \"%s\"]", state);
}

/* Whoever touches the page waits for good: nobody reads the fault. */
static void *hole(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	long size = sysconf(_SC_PAGESIZE);
	void *page = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	range.range.start = (unsigned long)page;
	range.range.len = (unsigned long)size;
	if (page == MAP_FAILED || fd < 0 || ioctl(fd, UFFDIO_API, &api) ||
	    ioctl(fd, UFFDIO_REGISTER, &range))
		return NULL;
	return page;
}

static bool reserved(const void *ring)
{
	return *(const volatile unsigned long *)ring > 24;
}

/* A child that stays in the middle of a program, with a record reserved. */
static void make_busy(FILE *out)
{
	static const unsigned long long words[] = { 0xb0b0, 1, 2, 3 };
	int fd = objects_map("zoo_rings", "zoo_busy");
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *producer = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, (off_t)page);
	pid_t child = fork();

	if (producer == MAP_FAILED || child < 0)
		die("zoo: zoo_busy: %s", strerror(errno));
	if (!child) {
		struct zoo_ring_args args = { .user_page = (unsigned long)hole() };

		if (!args.user_page)
			_exit(1);
		run("zoo_rings", "zoo_ring_busy", &args, sizeof(args));
		_exit(1);
	}
	for (unsigned int ms = 0; !reserved(producer); ms += 10) {
		if (kill(child, 0) || ms > BUSY_LIMIT_MS) {
			fprintf(out, "{\"absent\": \"busy record\", \"type\": 27, \"error\": "
				     "\"no userfaultfd\"}\n");
			kill(child, SIGKILL);
			put_records(out, "zoo_busy");
			fputs("]}\n", out);
			return;
		}
		sleep_until_ns(now_ns() + 10 * NSEC_PER_MSEC);
	}
	sleep_until_ns(now_ns() + 100 * NSEC_PER_MSEC);
	put_records(out, "zoo_busy");
	put_record(out, "", "committed before", 17, "");
	put_record(out, ", ", words, sizeof(words), "busy");
	fputs("]}\n", out);
}

/*
 * A ring as user space sees it: the page with the consumer's position, the one with the producer's
 * (and after it the pending and the overwrite position), then the data twice.
 */
static void put_ring(FILE *out, int fd, const char *name, size_t capacity, bool consume)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	volatile unsigned long *consumer =
		mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	const unsigned char *ring =
		mmap(NULL, page + 2 * capacity, PROT_READ, MAP_SHARED, fd, (off_t)page);
	unsigned long at, end, overwritten;
	const char *comma = "";

	if ((void *)consumer == MAP_FAILED || ring == MAP_FAILED)
		die("zoo: map %s: %s", name, strerror(errno));
	end = ((const unsigned long *)ring)[0];
	overwritten = ((const unsigned long *)ring)[2];
	if (consume) {
		*consumer = end;
		return;
	}
	at = *consumer > overwritten ? *consumer : overwritten;
	fprintf(out, "{\"records\": \"%s\", \"consumed\": %lu, \"from\": %lu, \"stored\": [", name,
		*consumer, at);
	while (at < end) {
		const unsigned char *record = ring + page + (at & (capacity - 1));
		unsigned int size = *(const unsigned int *)record;

		put_record(out, comma, record + 8, size, "");
		comma = ", ";
		at += (size + 8 + 7) / 8 * 8;
	}
	fputs("]}\n", out);
}

static void fill_wrapped(FILE *out)
{
	int fd = objects_map("zoo_rings", "zoo_wrapped");

	run("zoo_rings", "zoo_ring_wrap", NULL, 0);
	put_ring(out, fd, "zoo_wrapped", 4096, true);
	run("zoo_rings", "zoo_ring_wrap", NULL, 0);
	put_ring(out, fd, "zoo_wrapped", 4096, false);
}

static void fill_rings(FILE *out)
{
	static const unsigned long long dropped[] = { 0xd15c, 0, 0 };
	struct zoo_small small = { .count = 22, .balance = -22, .mask = 0x2222 };
	struct zoo_ring_args args = { 0 };

	run("zoo_rings", "zoo_ring", &args, sizeof(args));
	put_records(out, "zoo_pending");
	put_record(out, "", "first record", 13, "");
	put_record(out, ", ", dropped, sizeof(dropped), "discarded");
	put_record(out, ", ", &small, sizeof(small), "");
	fputs("]}\n", out);
	put_records(out, "zoo_full");
	for (unsigned long long i = 0; i < args.submitted; i++) {
		unsigned long long record[] = { i, ~i, 0x1111111111111111ULL * (i % 10) };

		put_record(out, i ? ", " : "", record, sizeof(record), "");
	}
	fputs("]}\n", out);
	put_records(out, "zoo_idle");
	fputs("]}\n", out);
	fill_wrapped(out);
	make_busy(out);
}

static void load(size_t i, FILE *out)
{
	char path[64];
	struct bpf_object *object;

	snprintf(path, sizeof(path), "/zoo/%s.o", objects[i].name);
	object = bpf_object__open_file(path, NULL);
	if (!object)
		die("%s: %s", path, strerror(errno));
	if (!bpf_object__load(object)) {
		objects[i].object = object;
		return;
	}
	if (!objects[i].newer)
		die("zoo: %s does not load: %s (why is on the console)", path, strerror(errno));
	fprintf(out, "{\"absent\": \"%s\", \"type\": 0, \"error\": \"%s\"}\n", objects[i].name,
		strerror(errno));
	bpf_object__close(object);
}

static void link_items(FILE *out)
{
	run("zoo_lists", "zoo_link", NULL, 0);
	fprintf(out, "{\"chain\": \"zoo_heads\", \"key\": \"\", \"path\": \"list.next\", "
		     "\"next\": \"link.next\", \"ends\": null, \"objects\": [");
	for (int i = 0; i < ZOO_LIST_LENGTH; i++)
		fprintf(out, "%s{\"number\": %d}", i ? ", " : "", 1000 + i);
	fprintf(out, "]}\n{\"tree\": \"zoo_heads\", \"key\": \"\", \"path\": \"tree.rb_node\", "
		     "\"member\": \"weight\", \"numbers\": [");
	for (int i = 0; i < ZOO_LIST_LENGTH; i++)
		fprintf(out, "%s%d", i ? ", " : "", i % 2 ? i : -i);
	fputs("]}\n", out);
}

void objects_load(FILE *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++)
		load(i, out);
	for (size_t i = 0; i < ARRAY_SIZE(plan); i++) {
		int fd = objects_map(plan[i].object, plan[i].map);

		if (fd >= 0)
			zoo_keep(fd, plan[i].name, plan[i].listing, plan[i].key, plan[i].value);
	}
	fprintf(out,
		"{\"typed\": \"zoo_data\", \"key\": \"\", \"members\": {\"zoo_counter\": -5, "
		"\"zoo_words[0]\": 1, \"zoo_words[1]\": 0, \"zoo_words[2]\": 18446744073709551615, "
		"\"zoo_words[3]\": 0, \"zoo_colour\": -3}}\n");
	if (object_of("zoo_values"))
		fill_values(out);
	if (object_of("zoo_lists"))
		link_items(out);
	if (object_of("zoo_stacks"))
		run("zoo_stacks", "zoo_stack", NULL, 0);
	if (object_of("zoo_rings"))
		fill_rings(out);
	if (object_of("zoo_over")) {
		run("zoo_over", "zoo_overwrite", NULL, 0);
		put_ring(out, objects_map("zoo_over", "zoo_over"), "zoo_over", 4096, false);
	}
	if (object_of("zoo_own")) {
		run("zoo_own", "zoo_adopt", NULL, 0);
		fprintf(out, "{\"chain\": \"zoo_owner\", \"key\": \"\", \"path\": \"own\", "
			     "\"next\": \"\", \"ends\": null, "
			     "\"objects\": [{\"number\": 7777, \"sign\": -7}]}\n");
	}
}
