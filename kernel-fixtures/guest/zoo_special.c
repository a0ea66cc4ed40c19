// SPDX-License-Identifier: BSD-2-Clause
/* Maps whose contents bpf() does not list: queues, storage, slots for descriptors. */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "zoo.h"

#define NO_PREALLOC 1U

static void push(int fd, const char *name, unsigned int n, size_t size)
{
	unsigned char value[64];

	kind_value(NULL, n, value, size);
	zoo_update(fd, name, NULL, value);
}

static void put_pushed(FILE *out, const char *comma, unsigned int n, size_t size)
{
	unsigned char value[64];

	kind_value(NULL, n, value, size);
	fputs(comma, out);
	put_hex(out, value, size);
}

/* 1 to 4 in, two out, 5 to 7 in: the queue's ring (of 6) wraps. */
static void make_queue(FILE *out, unsigned int type, const char *name, const unsigned int *order)
{
	unsigned char value[64];
	int fd = zoo_create(out, type, name, 0, 20, 5, NULL);

	if (fd < 0)
		return;
	for (unsigned int n = 1; n <= 7; n++) {
		if (n == 5 && (bpf_map_lookup_and_delete_elem(fd, NULL, value) ||
			       bpf_map_lookup_and_delete_elem(fd, NULL, value)))
			die("zoo: map %s: pop: %s", name, strerror(errno));
		push(fd, name, n, 20);
	}
	fprintf(out, "{\"queue\": \"%s\", \"stored\": [", name);
	for (size_t i = 0; i < 5; i++)
		put_pushed(out, i ? ", " : "", order[i], 20);
	fputs("]}\n", out);
	zoo_keep(fd, name, LIST_NOTHING, NULL, NULL);
}

static void make_bloom(FILE *out)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_extra = 3);
	int fd = zoo_create(out, BPF_MAP_TYPE_BLOOM_FILTER, "z_bloom", 0, 8, 100, &opts);

	if (fd < 0)
		return;
	for (unsigned int n = 1; n <= 5; n++)
		push(fd, "z_bloom", n, 8);
	/* Each value sets as many bits as there are functions, or fewer. */
	fprintf(out, "{\"bloom\": \"z_bloom\", \"functions\": 3, \"values\": 5}\n");
	zoo_keep(fd, "z_bloom", LIST_NOTHING, NULL, NULL);
}

static void make_lpm(FILE *out)
{
	static const struct {
		__u32 bits;
		__u8 address[4];
	} keys[] = { { 0, { 0 } },
		     { 8, { 10 } },
		     { 16, { 10, 1 } },
		     { 32, { 10, 1, 2, 3 } },
		     { 24, { 10, 1, 2 } },
		     { 17, { 10, 1, 128 } },
		     { 32, { 192, 168, 0, 1 } },
		     { 1, { 128 } } };
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = NO_PREALLOC);
	int fd = zoo_create(out, BPF_MAP_TYPE_LPM_TRIE, "z_lpm", 8, 12, 16, &opts);
	unsigned char value[12];

	for (unsigned int n = 0; fd >= 0 && n < ARRAY_SIZE(keys); n++) {
		kind_value(NULL, n, value, sizeof(value));
		zoo_update(fd, "z_lpm", &keys[n], value);
	}
	if (fd >= 0)
		zoo_keep(fd, "z_lpm", LIST_ENTRIES, NULL, NULL);
}

/* ---- storage: keys are descriptors of its owners ------------------------------ */

static int storage(FILE *out, unsigned int type, const char *name)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = NO_PREALLOC);
	int types_fd, id;
	const struct btf *btf = objects_types(&types_fd);

	opts.btf_fd = (unsigned int)types_fd;
	id = btf__find_by_name_kind(btf, "int", BTF_KIND_INT);
	opts.btf_key_type_id = (unsigned int)(id < 0 ? 0 : id);
	id = btf__find_by_name_kind(btf, "zoo_value", BTF_KIND_STRUCT);
	opts.btf_value_type_id = (unsigned int)(id < 0 ? 0 : id);
	return zoo_create(out, type, name, 4, sizeof(struct zoo_value), 0, &opts);
}

/* `label` is printed into a string, or null: then the owner has no name. */
static void own(FILE *out, int map, const char *name, int fd, unsigned int n, const char *label)
{
	struct zoo_value value;

	if (map < 0)
		return;
	kind_value("zoo_value", n, &value, sizeof(value));
	if (bpf_map_update_elem(map, &fd, &value, BPF_ANY))
		die("zoo: map %s: %s", name, strerror(errno));
	/* What user space reads back, not what it wrote. */
	memset(&value, 0, sizeof(value));
	if (bpf_map_lookup_elem(map, &fd, &value))
		die("zoo: map %s: lookup: %s", name, strerror(errno));
	fprintf(out, "{\"owned\": \"%s\", \"owner\": \"%s\", \"listed\": ", name, label);
	put_hex(out, &value, sizeof(value));
	fputs("}\n", out);
}

static void keep_storage(int map, const char *name)
{
	if (map >= 0)
		zoo_keep(map, name, LIST_NOTHING, NULL, "zoo_value");
}

static int path_fd(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0644);

	if (fd < 0)
		die("zoo: %s: %s", path, strerror(errno));
	return fd;
}

static void make_storage(FILE *out)
{
	int map = storage(out, BPF_MAP_TYPE_TASK_STORAGE, "z_task");
	int cgroup = path_fd(ZOO_CGROUP, O_RDONLY | O_DIRECTORY);
	struct stat status;
	char label[64];

	own(out, map, "z_task", (int)syscall(SYS_pidfd_open, getpid(), 0), 1, "init[1]");
	own(out, map, "z_task", (int)syscall(SYS_pidfd_open, 2, 0), 2, "kthreadd[2]");
	keep_storage(map, "z_task");

	map = storage(out, TYPE_CGRP_STORAGE, "z_cgroup");
	own(out, map, "z_cgroup", cgroup, 3, "/zoo");
	own(out, map, "z_cgroup", path_fd("/sys/fs/cgroup", O_RDONLY | O_DIRECTORY), 4, "/");
	keep_storage(map, "z_cgroup");

	map = storage(out, BPF_MAP_TYPE_SK_STORAGE, "z_sk");
	own(out, map, "z_sk", socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), 5, "sock");
	keep_storage(map, "z_sk");

	map = storage(out, BPF_MAP_TYPE_INODE_STORAGE, "z_inode");
	if (map >= 0) {
		int file = path_fd("/tmp/zoo", O_RDWR | O_CREAT);

		if (fstat(file, &status))
			die("zoo: /tmp/zoo: %s", strerror(errno));
		snprintf(label, sizeof(label), "inode tmpfs:%lu", (unsigned long)status.st_ino);
		own(out, map, "z_inode", file, 6, label);
	}
	keep_storage(map, "z_inode");
}

/* ---- per-cgroup storage of programs attached to a cgroup ---------------------- */

#define INSN(op, dst, src, o, i) \
	((struct bpf_insn){ .code = op, .dst_reg = dst, .src_reg = src, .off = o, .imm = i })

static int program(unsigned int type, const struct bpf_insn *insns, size_t count)
{
	return bpf_prog_load(type, "zoo_program", "GPL", insns, count, NULL);
}

static void make_cgroup_storage(FILE *out, unsigned int type, const char *name, int attach_type)
{
	int map = zoo_create(out, type, name, sizeof(struct bpf_cgroup_storage_key), 24, 0, NULL);
	const struct bpf_insn insns[] = {
		INSN(BPF_LD | BPF_IMM | BPF_DW, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, map),
		INSN(0, 0, 0, 0, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_2, 0, 0, 0),
		INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_get_local_storage),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 1),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};
	struct bpf_cgroup_storage_key key = { .attach_type = (__u32)attach_type };
	unsigned char value[64 * 24] = { 0 };
	bool percpu = type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;
	struct stat status;
	int fd;

	if (map < 0)
		return;
	fd = program(BPF_PROG_TYPE_CGROUP_SKB, insns, ARRAY_SIZE(insns));
	if (fd < 0 || stat(ZOO_CGROUP, &status) ||
	    bpf_prog_attach(fd, path_fd(ZOO_CGROUP, O_RDONLY | O_DIRECTORY),
			    (enum bpf_attach_type)attach_type, 0))
		die("zoo: map %s: no program for it: %s", name, strerror(errno));
	key.cgroup_inode_id = status.st_ino;
	for (unsigned int cpu = 0; cpu < (percpu ? machine_cpus() : 1); cpu++)
		kind_value(NULL, 90 + cpu, value + (size_t)cpu * 24, 24);
	zoo_update(map, name, &key, value);
	zoo_keep(map, name, percpu ? LIST_PERCPU : LIST_ENTRIES, NULL, NULL);
}

/* ---- slots -------------------------------------------------------------------- */

static void put_slots(FILE *out, const char *name)
{
	fprintf(out, "{\"slots\": \"%s\", \"stored\": [", name);
}

/* An fd in slots 1 and 3 of 5. */
static void make_slots(FILE *out, unsigned int type, const char *name, int fd, const char *holds)
{
	int map = zoo_create(out, type, name, 4, 4, 5, NULL);
	__u32 index[] = { 1, 3 };

	if (map < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(index); i++)
		zoo_update(map, name, &index[i], &fd);
	put_slots(out, name);
	fprintf(out, "[1, \"%s\"], [3, \"%s\"]]}\n", holds, holds);
	zoo_keep(map, name, LIST_NOTHING, NULL, NULL);
}

static void make_fd_arrays(FILE *out)
{
	const struct bpf_insn insns[] = {
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 1),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.size = sizeof(attr),
					.config = PERF_COUNT_SW_BPF_OUTPUT };
	int fd = program(BPF_PROG_TYPE_CGROUP_SKB, insns, ARRAY_SIZE(insns));

	make_slots(out, BPF_MAP_TYPE_PROG_ARRAY, "z_progs", fd, "prog zoo_program#");
	fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	make_slots(out, BPF_MAP_TYPE_PERF_EVENT_ARRAY, "z_perf", fd, "perf event");
	make_slots(out, BPF_MAP_TYPE_CGROUP_ARRAY, "z_cgroups",
		   path_fd(ZOO_CGROUP, O_RDONLY | O_DIRECTORY), "/zoo");
}

/* ---- maps in maps --------------------------------------------------------------- */

static void make_nested(FILE *out)
{
	int inner = zoo_create(out, BPF_MAP_TYPE_ARRAY, "z_inner", 4, 8, 2, NULL);
	LIBBPF_OPTS(bpf_map_create_opts, opts, .inner_map_fd = (__u32)inner);
	int array, hash, zero = 0;
	unsigned char key[6];

	if (inner < 0)
		die("zoo: z_inner: %s", strerror(errno));
	zoo_update(inner, "z_inner", &zero, "\1\2\3\4\5\6\7\x88");
	zoo_keep(inner, "z_inner", LIST_ENTRIES, NULL, NULL);
	array = zoo_create(out, BPF_MAP_TYPE_ARRAY_OF_MAPS, "z_array_maps", 4, 4, 4, &opts);
	if (array >= 0) {
		__u32 two = 2;

		zoo_update(array, "z_array_maps", &two, &inner);
		put_slots(out, "z_array_maps");
		fprintf(out, "[2, \"map z_inner#\"]]}\n");
		zoo_keep(array, "z_array_maps", LIST_NOTHING, NULL, NULL);
	}
	hash = zoo_create(out, BPF_MAP_TYPE_HASH_OF_MAPS, "z_hash_maps", 6, 4, 4, &opts);
	if (hash < 0)
		return;
	put_slots(out, "z_hash_maps");
	for (unsigned int n = 1; n < 4; n++) {
		kind_value(NULL, n, key, sizeof(key));
		zoo_update(hash, "z_hash_maps", key, &inner);
		fputs(n > 1 ? ", [" : "[", out);
		put_hex(out, key, sizeof(key));
		fputs(", \"map z_inner#\"]", out);
	}
	fputs("]}\n", out);
	zoo_keep(hash, "z_hash_maps", LIST_NOTHING, NULL, NULL);
}

/* ---- others --------------------------------------------------------------------- */

/* Instructions that a program jumps to: {u32 orig_off, xlated_off, jitted_off, pad} and more. */
static void make_insn_array(FILE *out)
{
	unsigned int sizes[] = { 16, 24, 12 };
	int map = -1;

	for (size_t i = 0; map < 0 && i < ARRAY_SIZE(sizes); i++)
		map = bpf_map_create(TYPE_INSN_ARRAY, "z_insns", 4, sizes[i], 3, NULL);
	if (map < 0) {
		zoo_create(out, TYPE_INSN_ARRAY, "z_insns", 4, sizes[0], 3, NULL);
		return;
	}
	for (__u32 index = 0; index < 3; index++) {
		__u32 value[8] = { 5 + index };

		zoo_update(map, "z_insns", &index, value);
	}
	zoo_keep(map, "z_insns", LIST_ENTRIES, NULL, "insn");
}

/* Two records that the kernel has not drained: {u32 length, u32 0} and the bytes. */
static void make_user_ring(FILE *out)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int map = zoo_create(out, BPF_MAP_TYPE_USER_RINGBUF, "z_user_ring", 0, 0, 4096, NULL);
	unsigned char *data;

	if (map < 0)
		return;
	/* the page of the producer's position, and the data after it */
	data = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED, map, (off_t)page);
	if (data == MAP_FAILED)
		die("zoo: map z_user_ring: %s", strerror(errno));
	*(__u32 *)(data + page) = 11;
	memcpy(data + page + 8, "from a user", 11);
	*(__u32 *)(data + page + 24) = 8 | BPF_RINGBUF_DISCARD_BIT;
	memcpy(data + page + 32, "took bak", 8);
	*(__u64 *)data = 40;
	fprintf(out, "{\"records\": \"z_user_ring\", \"stored\": [[11, ");
	put_hex(out, "from a user", 11);
	fputs(", \"\"], [8, ", out);
	put_hex(out, "took bak", 8);
	fputs(", \"discarded\"]]}\n", out);
	zoo_keep(map, "z_user_ring", LIST_NOTHING, NULL, NULL);
}

void special_make(FILE *out)
{
	static const unsigned int fifo[] = { 3, 4, 5, 6, 7 }, lifo[] = { 7, 6, 5, 2, 1 };

	make_queue(out, BPF_MAP_TYPE_QUEUE, "z_queue", fifo);
	make_queue(out, BPF_MAP_TYPE_STACK, "z_stack", lifo);
	make_bloom(out);
	make_lpm(out);
	make_storage(out);
	make_cgroup_storage(out, BPF_MAP_TYPE_CGROUP_STORAGE, "z_cg_old", BPF_CGROUP_INET_INGRESS);
	make_cgroup_storage(out, BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, "z_cg_old_pcpu",
			    BPF_CGROUP_INET_EGRESS);
	make_fd_arrays(out);
	make_nested(out);
	make_insn_array(out);
	make_user_ring(out);
}
