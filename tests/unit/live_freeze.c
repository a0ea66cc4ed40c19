/* SPDX-License-Identifier: BSD-2-Clause */
/* live.h: what runs under the freeze calls neither malloc nor the kernel, and bears any memory. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <scxray/report_struct.h>

#include "tests/lib/live_lab.h"
#include "tests/lib/sanitized.h"
#include "tests/lib/unit.h"

static const char *const cores[] = {
	"kernel-fixtures/cores/6.12-held-error.core.zst",
	"kernel-fixtures/cores/6.18.15-vtime-error.core.zst",
	"kernel-fixtures/cores/7.3.4-stall-error.core.zst",
	"tests/oracle/cores/7.3.4-maps.core.zst",
};

static struct live_lab lab;
static struct scxray_live *live;
static struct scxray_error err;

/* TSan would report the race that is wanted: there the guest writes between two calls. */
#if defined(__SANITIZE_THREAD__)
#define MAY_RACE 0
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MAY_RACE 0
#endif
#endif
#ifndef MAY_RACE
#define MAY_RACE 1
#endif

/* ---- who calls malloc ------------------------------------------------------ */

static _Thread_local volatile unsigned long nr_mallocs;

#if SANITIZED
int __sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void *, size_t),
					      void (*free_hook)(const volatile void *));

static void on_malloc(const volatile void *p, size_t size)
{
	(void)p;
	(void)size;
	nr_mallocs++;
}

static void on_free(const volatile void *p)
{
	nr_mallocs += p != NULL;
}

static void count_mallocs(void)
{
	__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
}
#else
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t nr, size_t size);
void *__libc_realloc(void *p, size_t size);
void __libc_free(void *p);

void *malloc(size_t size)
{
	nr_mallocs++;
	return __libc_malloc(size);
}

void *calloc(size_t nr, size_t size)
{
	nr_mallocs++;
	return __libc_calloc(nr, size);
}

void *realloc(void *p, size_t size)
{
	nr_mallocs++;
	return __libc_realloc(p, size);
}

void free(void *p)
{
	nr_mallocs++;
	__libc_free(p);
}

static void count_mallocs(void)
{
}
#endif

static void start(const char *path)
{
	memset(&err, 0, sizeof(err));
	ck_assert_int_eq(live_lab_open(&lab, path), 0);
	live = scxray_live_create(lab.regions, lab.nr_regions, lab.nr_vcpus, NULL, &err);
	ck_assert_msg(live != NULL, "%s", err.text);
	ck_assert_msg(!scxray_live_resolve(live, lab.vcpus, lab.nr_vcpus, &err), "%s", err.text);
	ck_assert_msg(!scxray_live_prepare(live, &err), "%s", err.text);
}

static void stop(void)
{
	scxray_live_destroy(live);
	live_lab_close(&lab);
}

static struct scxray_record_result record(struct scxray_snapshot *snapshot, uint64_t deadline_us)
{
	struct scxray_record_result result;

	scxray_live_record(live, snapshot, lab.vcpus, lab.nr_vcpus, deadline_us, &result);
	scxray_live_record_sleepers(live, snapshot, &result);
	return result;
}

/* All RAM but what finds the kernel: what a guest that goes on may have changed. */
static void shift_walk_pages(size_t by)
{
	for (size_t i = 0; i < lab.nr_walk_pages; i++)
		memmove(lab.walk_pages[i] + by, lab.walk_pages[i], PAGE_SIZE - by);
}

START_TEST(no_malloc)
{
	void *volatile p;

	count_mallocs();
	nr_mallocs = 0;
	p = malloc(1);
	free(p);
	ck_assert(nr_mallocs == 2); /* it is counted, at least here */
	for (size_t i = 0; i < ARRAY_SIZE(cores); i++) {
		struct scxray_snapshot *first, *second;
		struct scxray_look look;
		unsigned long counted;
		bool resolved;

		start(cores[i]);
		first = scxray_snapshot_create(live);
		second = scxray_snapshot_create(live);
		nr_mallocs = 0;
		scxray_live_look(live, &look);
		record(first, 0);
		record(second, 100);
		record(first, 0);
		resolved = scxray_live_resolved(live);
		counted = nr_mallocs; /* ck_assert() calls malloc */
		ck_assert_uint_eq(counted, 0);
		ck_assert(resolved);
		/* what was prepared is no longer what is there */
		shift_walk_pages(8);
		nr_mallocs = 0;
		record(second, 0);
		scxray_live_look(live, &look);
		live_lab_clear(&lab);
		record(first, 0);
		scxray_live_look(live, &look);
		counted = nr_mallocs;
		ck_assert_uint_eq(counted, 0);
		scxray_snapshot_destroy(first);
		scxray_snapshot_destroy(second);
		stop();
	}
}
END_TEST

/* Any system call but the clock's (where the vDSO has to ask) and the end kills the process. */
static void forbid_system_calls(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clock_gettime, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = ARRAY_SIZE(filter), .filter = filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(3);
}

/* The status of a child that may make no system call, and records if told to. */
static int child_status(struct scxray_snapshot *snapshot, bool asks)
{
	struct scxray_look look;
	pid_t pid = fork();
	int status;

	if (!pid) {
		forbid_system_calls();
		if (asks)
			syscall(SYS_getpid);
		scxray_live_look(live, &look);
		record(snapshot, 0);
		record(snapshot, 200);
		syscall(SYS_exit_group, 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

START_TEST(no_system_call)
{
	for (size_t i = 0; i < ARRAY_SIZE(cores); i++) {
		struct scxray_snapshot *snapshot;

		start(cores[i]);
		snapshot = scxray_snapshot_create(live);
		ck_assert_int_eq(child_status(snapshot, false), 0);
		ck_assert(WIFSIGNALED(child_status(snapshot, true)));
		scxray_snapshot_destroy(snapshot);
		stop();
	}
}
END_TEST

/* ---- a guest that does not hold still ----------------------------------------- */

struct scribbler {
	pthread_t thread;
	atomic_bool stop;
	unsigned seed;
};

static unsigned next(unsigned *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static void scribble_once(struct scribbler *s)
{
	uint8_t *from = lab.walk_pages[next(&s->seed) % lab.nr_walk_pages];
	uint8_t *to = lab.walk_pages[next(&s->seed) % lab.nr_walk_pages];
	size_t at = next(&s->seed) % 512 * 8, n = next(&s->seed) % 8 ? 8 : 64;

	if (at + n <= PAGE_SIZE)
		memmove(to + at, from + next(&s->seed) % (PAGE_SIZE / 8 - 8) * 8, n);
}

/* Pointers move to other pointers' places, numbers grow: what a running kernel does, at worst. */
static void *scribble(void *arg)
{
	struct scribbler *s = arg;

	for (int i = 0; MAY_RACE ? !atomic_load(&s->stop) : i < 1000; i++)
		scribble_once(s);
	return NULL;
}

START_TEST(a_guest_that_runs_and_writes)
{
	struct scxray_settings settings = SCXRAY_SETTINGS_INIT;
	int rounds = SANITIZED ? 2 : 12;

	settings.max_entries = 256;
	for (size_t i = 0; i < ARRAY_SIZE(cores); i++) {
		struct scxray_snapshot *snapshots[2];

		start(cores[i]);
		snapshots[0] = scxray_snapshot_create(live);
		snapshots[1] = scxray_snapshot_create(live);
		for (int round = 0; round < rounds; round++) {
			struct scribbler s = { .seed = (unsigned)(round * 7919 + (int)i) };
			struct scxray_report *report;
			struct scxray_look look;
			char *first, *second;

			ck_assert_int_eq(pthread_create(&s.thread, NULL, scribble, &s), 0);
			if (!MAY_RACE)
				pthread_join(s.thread, NULL);
			scxray_live_look(live, &look);
			record(snapshots[0], round % 3 ? 0 : 2000);
			scxray_live_look(live, &look);
			record(snapshots[1], 0);
			scxray_live_prepare(live, &err);
			scxray_live_resolved(live);
			/* the copy does not change, whatever the guest does */
			report = scxray_capture(scxray_snapshot_source(snapshots[0], &err),
						&settings, &err);
			ck_assert_msg(report != NULL, "%s", err.text);
			first = live_lab_json(report);
			scxray_report_destroy(report);
			report = scxray_capture(scxray_snapshot_source(snapshots[0], &err),
						&settings, &err);
			ck_assert_msg(report != NULL, "%s", err.text);
			second = live_lab_json(report);
			scxray_report_destroy(report);
			ck_assert_str_eq(first, second);
			atomic_store(&s.stop, true);
			if (MAY_RACE)
				pthread_join(s.thread, NULL);
			free(first);
			free(second);
			if (round % 4 == 3)
				live_lab_restore(&lab);
		}
		scxray_snapshot_destroy(snapshots[0]);
		scxray_snapshot_destroy(snapshots[1]);
		stop();
	}
}
END_TEST

static const unit_test tests[] = {
	&no_malloc,
	&no_system_call,
	&a_guest_that_runs_and_writes,
};

UNIT_MAIN("live_freeze", tests)
