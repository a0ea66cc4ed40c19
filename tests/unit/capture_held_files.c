/* SPDX-License-Identifier: BSD-2-Clause */
/* held_files.c: which processes have maps, programs and links of a scheduler open. */
#include <string.h>

#include <scxray/report.h>

#include "capture/read/owner.h"
#include "capture/walk/tasks.h"
#include "capture/walk/walkers.h"
#include "tests/lib/unit.h"
#include "tests/lib/walk_builder.h"

#define TASK(i) (GUEST_KVA + 0x100 * (uint64_t)(i))
#define INIT TASK(0)
#define TABLE(i) (GUEST_KVA + 0x2000 + 0x800 * (uint64_t)(i))
#define FILE_AT(i) (GUEST_KVA + 0x8000 + 0x40 * (uint64_t)(i))
#define LINK(i) (GUEST_KVA + 0x9000 + 0x40 * (uint64_t)(i))
#define UNMAPPED (GUEST_KVA + 0x40000000)

#define MAP_OPS 0xffffffff81000100ULL
#define PROG_OPS 0xffffffff81000200ULL
#define LINK_OPS 0xffffffff81000300ULL
#define SOCKET_OPS 0xffffffff81000400ULL
#define MAP 0xffff888000001000ULL
#define OTHER_MAP 0xffff888000002000ULL
#define PROG 0xffff888000003000ULL
#define OPS_MAP 0xffff888000004000ULL

#define KTHREAD 0x00200000
#define NR_FDS 64

enum {
	SWAPPER,
	DAEMON,
	THREAD,
	OTHER,
	KERNEL,
	NR_TASKS
};

static struct walk_fixture f;
static struct scxray_report report;
static struct scxray_sched sched;

static void types(struct btf_builder *b)
{
	uint32_t u32 = btf_builder_int(b, "unsigned int", 4, false);
	uint32_t u64 = btf_builder_int(b, "unsigned long", 8, false);
	uint32_t list =
		BTF_STRUCT(b, "list_head", 16, { "next", u64, 0, 0 }, { "prev", u64, 64, 0 });
	uint32_t link = BTF_STRUCT(b, "bpf_link", 16, { "prog", u64, 64, 0 });

	BTF_STRUCT(b, "task_struct", 0x80, { "pid", u32, 0, 0 }, { "flags", u32, 32, 0 },
		   { "files", u64, 64, 0 }, { "tasks", list, 128, 0 });
	BTF_STRUCT(b, "files_struct", 32, { "fdt", u64, 64, 0 });
	BTF_STRUCT(b, "fdtable", 16, { "max_fds", u32, 0, 0 }, { "fd", u64, 64, 0 });
	BTF_STRUCT(b, "file", 32, { "private_data", u64, 0, 0 }, { "f_op", u64, 64, 0 });
	BTF_STRUCT(b, "bpf_struct_ops_link", 32, { "link", link, 64, 0 }, { "map", u64, 192, 0 });
}

static void put_task(int i, uint32_t flags, uint64_t table)
{
	int next = (i + 1) % NR_TASKS, prev = (i + NR_TASKS - 1) % NR_TASKS;

	if (i == DAEMON) /* its other thread is not on the list of processes */
		next = OTHER;
	if (i == OTHER)
		prev = DAEMON;
	guest_put_u32(&f.b, TASK(i), 100 + (uint32_t)i);
	guest_put_u32(&f.b, TASK(i) + 4, flags);
	guest_put_u64(&f.b, TASK(i) + 8, table);
	guest_put_u64(&f.b, TASK(i) + 16, TASK(next) + 16);
	guest_put_u64(&f.b, TASK(i) + 24, TASK(prev) + 16);
}

static void put_table(int i)
{
	guest_put_u64(&f.b, TABLE(i) + 8, TABLE(i) + 0x40);
	guest_put_u32(&f.b, TABLE(i) + 0x40, NR_FDS);
	guest_put_u64(&f.b, TABLE(i) + 0x48, TABLE(i) + 0x100);
}

static void put_file(int table, uint32_t fd, int i, uint64_t ops, uint64_t data)
{
	guest_put_u64(&f.b, FILE_AT(i), data);
	guest_put_u64(&f.b, FILE_AT(i) + 8, ops);
	guest_put_u64(&f.b, TABLE(table) + 0x100 + fd * 8, FILE_AT(i));
}

/* A daemon of two threads with files of the scheduler, a process with others', and a kernel thread. */
static void start(void)
{
	walk_fixture_start(&f, types, &report);
	f.kernel.layout.symbol[S_init_task] = INIT;
	f.kernel.layout.symbol[S_bpf_map_fops] = MAP_OPS;
	f.kernel.layout.symbol[S_bpf_prog_fops] = PROG_OPS;
	f.kernel.layout.symbol[S_bpf_link_fops] = LINK_OPS;
	sched = (struct scxray_sched){
		.is_root = true,
		.struct_ops_map_kva = { .value = OPS_MAP, .state = SCXRAY_PRESENT },
	};
	report.scheds = &sched;
	report.nr_scheds = 1;
	owner_note(&f.walk, MAP, &sched, 0);
	owner_note(&f.walk, PROG, &sched, 0);
	put_task(SWAPPER, KTHREAD, 0);
	put_task(DAEMON, 0, TABLE(0));
	put_task(THREAD, 0, TABLE(0));
	put_task(OTHER, 0, TABLE(1));
	put_task(KERNEL, KTHREAD, TABLE(2));
	for (int i = 0; i < 3; i++)
		put_table(i);
	put_file(0, 0, 0, SOCKET_OPS, MAP); /* something else, whatever its data are */
	put_file(0, 3, 1, MAP_OPS, MAP);
	put_file(0, 4, 2, MAP_OPS, OTHER_MAP);
	put_file(0, 7, 3, PROG_OPS, PROG);
	put_file(0, 8, 4, MAP_OPS, OPS_MAP);
	put_file(0, 9, 5, LINK_OPS, LINK(0) + 8);
	put_file(0, 10, 6, LINK_OPS, LINK(1) + 8);
	put_file(0, 63, 7, LINK_OPS, LINK(2) + 8);
	guest_put_u64(&f.b, LINK(0) + 24, OPS_MAP); /* the scheduler's own */
	guest_put_u64(&f.b, LINK(1) + 24, OTHER_MAP);
	guest_put_u64(&f.b, LINK(2) + 16, PROG); /* of a program */
	put_file(1, 1, 8, MAP_OPS, OTHER_MAP);
	put_file(2, 1, 9, MAP_OPS, MAP);
}

static const struct scxray_task *find(int i)
{
	for (size_t n = 0; n < report.nr_tasks; n++)
		if (report.tasks[n].kva == TASK(i))
			return &report.tasks[n];
	return NULL;
}

START_TEST(a_process_that_has_them_open_is_a_task_of_the_report)
{
	static const struct {
		uint32_t fd;
		enum scxray_held_kind kind;
		uint64_t kva;
	} files[] = {
		{ 3, SCXRAY_HELD_MAP, MAP },	       { 7, SCXRAY_HELD_PROG, PROG },
		{ 8, SCXRAY_HELD_MAP, OPS_MAP },       { 9, SCXRAY_HELD_LINK, LINK(0) + 8 },
		{ 63, SCXRAY_HELD_LINK, LINK(2) + 8 },
	};
	const struct scxray_held_files *held;

	start();
	ck_assert_int_eq(task_index(&f.walk, TASK(THREAD)), 0);
	report.tasks[0].flags = (struct scxray_num){ .state = SCXRAY_PRESENT };
	walk_held_files(&f.walk);
	ck_assert_ptr_null(report.unavailable[SCXRAY_GROUP_HELD_FILES]);
	ck_assert_ptr_null(report.cut[SCXRAY_GROUP_HELD_FILES]);
	ck_assert_uint_eq(report.nr_tasks, 2);
	ck_assert_ptr_nonnull(find(DAEMON));
	ck_assert_uint_eq(find(DAEMON)->pid.value, 100 + DAEMON);
	held = find(DAEMON)->held;
	ck_assert_ptr_nonnull(held);
	ck_assert_ptr_eq(held, find(THREAD)->held);
	ck_assert_uint_eq(held->nr_files, ARRAY_SIZE(files));
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		ck_assert_uint_eq(held->files[i].fd, files[i].fd);
		ck_assert_int_eq(held->files[i].kind, files[i].kind);
		ck_assert_uint_eq(held->files[i].kva, files[i].kva);
	}
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(what_cannot_be_read_is_counted)
{
	start();
	guest_put_u64(&f.b, TABLE(0) + 8, UNMAPPED);
	guest_put_u64(&f.b, TABLE(1) + 0x48, UNMAPPED);
	walk_held_files(&f.walk);
	ck_assert_uint_eq(report.nr_tasks, 0);
	ck_assert_ptr_nonnull(strstr(report.cut[SCXRAY_GROUP_HELD_FILES],
				     "2 processes' can't be read, the first at"));
	walk_fixture_deinit(&f);

	start();
	guest_put_u64(&f.b, FILE_AT(1) + 8, 0);
	guest_put_u64(&f.b, TABLE(0) + 0x100 + 8 * 5,
		      UNMAPPED); /* one file: the others are there */
	walk_held_files(&f.walk);
	ck_assert_uint_eq(find(DAEMON)->held->nr_files, 4);
	ck_assert_ptr_nonnull(
		strstr(report.cut[SCXRAY_GROUP_HELD_FILES], "1 processes' can't be read"));
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(a_lying_guest_ends)
{
	start();
	guest_put_u32(&f.b, TABLE(0) + 0x40,
		      UINT32_MAX); /* as many files as the memory after it has */
	guest_put_u64(&f.b, TASK(OTHER) + 24, TASK(OTHER) + 16); /* a circle */
	walk_held_files(&f.walk);
	ck_assert_ptr_nonnull(
		strstr(report.cut[SCXRAY_GROUP_HELD_FILES], "cut after 4096 processes"));
	ck_assert_uint_eq(report.nr_tasks, 0);
	walk_fixture_deinit(&f);

	start();
	for (uint64_t fd = 0; fd < 5000; fd++)
		guest_put_u64(&f.b, GUEST_KVA + 0x10000 + fd * 8, FILE_AT(0));
	guest_put_u64(&f.b, TABLE(0) + 0x48, GUEST_KVA + 0x10000);
	guest_put_u32(&f.b, TABLE(0) + 0x40, 5000);
	walk_held_files(&f.walk);
	ck_assert_ptr_nonnull(strstr(report.cut[SCXRAY_GROUP_HELD_FILES], "cut after 4096 files"));
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(nothing_without_a_scheduler_and_a_reason_without_the_symbols)
{
	start();
	report.nr_scheds = 0;
	walk_held_files(&f.walk);
	ck_assert_uint_eq(report.nr_tasks, 0);
	ck_assert_ptr_null(report.unavailable[SCXRAY_GROUP_HELD_FILES]);
	walk_fixture_deinit(&f);

	start();
	f.kernel.layout.symbol[S_bpf_map_fops] = 0;
	walk_held_files(&f.walk);
	ck_assert_str_eq(report.unavailable[SCXRAY_GROUP_HELD_FILES],
			 "this kernel has no bpf_map_fops");
	walk_fixture_deinit(&f);

	start();
	f.kernel.layout.member[M_fdtable_fd].present = false;
	walk_held_files(&f.walk);
	ck_assert_str_eq(report.unavailable[SCXRAY_GROUP_HELD_FILES],
			 "this kernel has no fdtable.fd");
	walk_fixture_deinit(&f);
}
END_TEST

static const unit_test tests[] = {
	&a_process_that_has_them_open_is_a_task_of_the_report,
	&what_cannot_be_read_is_counted,
	&a_lying_guest_ends,
	&nothing_without_a_scheduler_and_a_reason_without_the_symbols,
};

UNIT_MAIN("capture_held_files", tests)
