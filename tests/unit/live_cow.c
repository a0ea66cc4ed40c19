/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live_cow.c - guest RAM that is written to while it is recorded: the recording is of one instant
 *
 * Threads stand for vCPUs: each counts in its own pages, one store a page and tick, as fast as it can.
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

#include <scxray/report.h>

#include "capture/live/cow.h"
#include "capture/live/uffd.h"
#include "tests/lib/live_lab.h"
#include "tests/lib/sanitized.h"
#include "tests/lib/unit.h"

#define NR_WRITERS 3
#define PAGES_EACH 1024
#define NR_PAGES (NR_WRITERS * PAGES_EACH)
#define GPA 0x100000
#define LONG_US 60000000 /* no test gets there */

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	atomic_bool stop;
	bool quit;
	unsigned nr_parked;
	atomic_ullong ticks[NR_WRITERS];
	pthread_t writer[NR_WRITERS];
	uint8_t *ram;
	uint64_t frozen[NR_PAGES]; /* the counters, read while all writers stood */
	struct phys phys;
	struct page_store *pages;
	struct cow *cow;
} vm = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static uint64_t *counter(size_t page)
{
	return (uint64_t *)(vm.ram + page * PAGE_SIZE + page % 500 * 8);
}

/* As a guest's stores are: no sanitizer sees them. */
__attribute__((noinline, no_sanitize("thread"))) static void store(size_t page, uint64_t tick)
{
	*(volatile uint64_t *)counter(page) = tick;
}

/* False: it shall end. */
static bool park(void)
{
	bool goes_on;

	pthread_mutex_lock(&vm.lock);
	vm.nr_parked++;
	pthread_cond_broadcast(&vm.changed);
	while (atomic_load(&vm.stop) && !vm.quit)
		pthread_cond_wait(&vm.changed, &vm.lock);
	vm.nr_parked--;
	goes_on = !vm.quit;
	pthread_mutex_unlock(&vm.lock);
	return goes_on;
}

static void *count(void *arg)
{
	size_t writer = (size_t)(uintptr_t)arg;

	for (uint64_t tick = 1;; tick++) {
		for (size_t i = 0; i < PAGES_EACH; i++) {
			if (atomic_load_explicit(&vm.stop, memory_order_relaxed) && !park())
				return NULL;
			store(writer * PAGES_EACH + i, tick);
		}
		atomic_store(&vm.ticks[writer], tick);
	}
}

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

/* Until each writer has been at all of its pages since now. */
static void wait_for_ticks(void)
{
	for (size_t i = 0; i < NR_WRITERS; i++)
		for (uint64_t from = atomic_load(&vm.ticks[i]);
		     atomic_load(&vm.ticks[i]) < from + 2;)
			nap();
}

static void freeze(void)
{
	atomic_store(&vm.stop, true);
	pthread_mutex_lock(&vm.lock);
	while (vm.nr_parked < NR_WRITERS)
		pthread_cond_wait(&vm.changed, &vm.lock);
	pthread_mutex_unlock(&vm.lock);
	for (size_t i = 0; i < NR_PAGES; i++)
		vm.frozen[i] = *counter(i);
}

static void thaw(void)
{
	pthread_mutex_lock(&vm.lock);
	atomic_store(&vm.stop, false);
	pthread_cond_broadcast(&vm.changed);
	pthread_mutex_unlock(&vm.lock);
}

enum kind {
	SMALL,
	THP,
	MEMFD,
	HUGETLB
};

/* NULL: the machine has no memory of the kind. */
static void *map_ram(enum kind kind)
{
	size_t size = NR_PAGES * PAGE_SIZE, align = 2u << 20;
	int flags = MAP_PRIVATE | MAP_ANONYMOUS, fd = -1;
	uint8_t *ram;

	if (kind == MEMFD) {
		fd = memfd_create("ram", 0);
		ck_assert_int_eq(ftruncate(fd, (off_t)(size + align)), 0);
		flags = MAP_SHARED;
	}
	if (kind == HUGETLB)
		flags |= MAP_HUGETLB;
	ram = mmap(NULL, size + align, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (ram == MAP_FAILED)
		return NULL;
	ram = (uint8_t *)(((uintptr_t)ram + align - 1) & ~(uintptr_t)(align - 1));
	madvise(ram, size, kind == THP ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	return ram;
}

static bool start(enum kind kind, uint64_t max_saved)
{
	const char *why = NULL;

	vm.ram = map_ram(kind);
	if (!vm.ram)
		return false;
	vm.phys = (struct phys){ 0 };
	ck_assert(!phys_add_region(&vm.phys, GPA, NR_PAGES * PAGE_SIZE, vm.ram));
	vm.pages = page_store_create(NR_PAGES, NR_PAGES);
	vm.cow = cow_create(&vm.phys, max_saved, &why);
	ck_assert_msg(vm.cow != NULL, "%s", why);
	for (size_t i = 0; i < NR_WRITERS; i++)
		ck_assert(!pthread_create(&vm.writer[i], NULL, count, (void *)(uintptr_t)i));
	return true;
}

static void stop(void)
{
	pthread_mutex_lock(&vm.lock);
	vm.quit = true;
	atomic_store(&vm.stop, true);
	pthread_cond_broadcast(&vm.changed);
	pthread_mutex_unlock(&vm.lock);
	for (size_t i = 0; i < NR_WRITERS; i++)
		pthread_join(vm.writer[i], NULL);
	cow_destroy(vm.cow);
	page_store_put(vm.pages);
	phys_deinit(&vm.phys);
}

static struct recorder recorder(bool by_saved)
{
	return (struct recorder){ .to = vm.pages,
				  .saved = by_saved ? cow_saved(vm.cow) : NULL,
				  .lost = cow_lost(vm.cow),
				  .max_pages = UINT64_MAX };
}

/* Records the pages; how many are not as they were at the freeze. */
static size_t record(struct recorder *rec, size_t first, size_t end)
{
	size_t nr_wrong = 0;

	vm.phys.recording = true;
	vm.phys.recorder = rec;
	for (size_t i = first; i < end; i++) {
		uint64_t value = 0;

		ck_assert_int_eq(phys_read(&vm.phys,
					   GPA + (uint64_t)((uint8_t *)counter(i) - vm.ram), &value,
					   sizeof(value)),
				 READ_OK);
		nr_wrong += value != vm.frozen[i];
	}
	vm.phys.recorder = NULL;
	return nr_wrong;
}

/* ---- one instant ---------------------------------------------------------------- */

static void one_instant(enum kind kind, const char *name)
{
	struct scxray_cow_result result;

	if (!start(kind, UINT64_MAX)) {
		printf("no memory of the kind %s here: %s\n", name, strerror(errno));
		return;
	}
	for (int round = 0; round < 3; round++) {
		struct recorder rec = recorder(true);

		page_store_reset(vm.pages);
		wait_for_ticks();
		freeze();
		ck_assert_ptr_null(cow_begin(vm.cow, 0, LONG_US));
		thaw();
		/* some while they are about to be written, and some after that */
		ck_assert_uint_eq(record(&rec, 0, NR_PAGES / 2), 0);
		wait_for_ticks();
		ck_assert_uint_eq(record(&rec, NR_PAGES / 2, NR_PAGES), 0);
		cow_end(vm.cow);
		cow_result(vm.cow, &result);
		ck_assert_uint_eq(result.saved, NR_PAGES);
		ck_assert(!result.full && !rec.late);
		wait_for_ticks(); /* nothing holds them any more */
	}
	stop();
}

START_TEST(small_pages_are_of_one_instant)
{
	one_instant(SMALL, "small pages");
}
END_TEST

START_TEST(transparent_huge_pages_are_of_one_instant)
{
	one_instant(THP, "transparent huge pages");
}
END_TEST

START_TEST(pages_of_a_memfd_are_of_one_instant)
{
	one_instant(MEMFD, "memfd");
}
END_TEST

START_TEST(pages_of_hugetlbfs_are_of_one_instant)
{
	one_instant(HUGETLB, "hugetlbfs");
}
END_TEST

/* What the tests above would see if the thread forgot one page, or all. */
START_TEST(a_page_that_is_not_saved_is_seen)
{
	struct recorder saved, unsaved;

	ck_assert(start(SMALL, UINT64_MAX));
	saved = recorder(true);
	unsaved = recorder(false);
	wait_for_ticks();
	freeze();
	ck_assert_ptr_null(cow_begin(vm.cow, 0, LONG_US));
	thaw();
	wait_for_ticks();
	ck_assert_uint_eq(record(&unsaved, 0, NR_PAGES), NR_PAGES);
	page_store_reset(vm.pages);
	__atomic_store_n(&cow_saved(vm.cow)->slot_of[77], 0, __ATOMIC_RELAXED);
	ck_assert_uint_eq(record(&saved, 0, NR_PAGES), 1);
	cow_end(vm.cow);
	stop();
}
END_TEST

/* ---- when something is short ------------------------------------------------------ */

START_TEST(without_room_writers_wait_and_nothing_is_lost)
{
	struct scxray_cow_result result = { 0 };
	struct recorder rec;

	ck_assert(start(SMALL, 100));
	wait_for_ticks();
	freeze();
	ck_assert_ptr_null(cow_begin(vm.cow, 0, LONG_US));
	thaw();
	while (!result.full) {
		nap();
		cow_result(vm.cow, &result);
	}
	rec = recorder(true);
	ck_assert_uint_eq(record(&rec, 0, NR_PAGES), 0);
	cow_end(vm.cow);
	wait_for_ticks();
	stop();
}
END_TEST

START_TEST(a_protection_that_takes_too_long_is_none)
{
	ck_assert(start(SMALL, UINT64_MAX));
	wait_for_ticks();
	freeze();
	ck_assert_ptr_nonnull(cow_begin(vm.cow, 1, LONG_US));
	thaw();
	cow_end(vm.cow);
	wait_for_ticks();
	stop();
}
END_TEST

START_TEST(one_that_nobody_ends_ends_by_itself)
{
	struct recorder rec;
	uint8_t byte;

	ck_assert(start(SMALL, 100));
	wait_for_ticks();
	freeze();
	ck_assert_ptr_null(cow_begin(vm.cow, 0, 20000));
	thaw();
	wait_for_ticks();
	ck_assert(atomic_load(cow_lost(vm.cow)));
	rec = recorder(true);
	vm.phys.recording = true;
	vm.phys.recorder = &rec;
	ck_assert_int_eq(phys_read(&vm.phys, GPA, &byte, 1), READ_DEADLINE);
	ck_assert(rec.late);
	stop();
}
END_TEST

/* The kernel ends the thread as it reads the first fault: that read alone asks for so many bytes. */
static void forbid_read_of_faults(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_read, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 16 * UFFD_MESSAGE_BYTES, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_THREAD),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = ARRAY_SIZE(code), .filter = code };

	ck_assert(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	ck_assert(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

START_TEST(a_lost_thread_stops_the_guest_no_longer_than_the_walk)
{
	struct scxray_cow_result result;
	struct recorder rec;

	if (SANITIZED) /* ThreadSanitizer waits for ever for a thread that ends unseen */
		return;
	forbid_read_of_faults();
	ck_assert(start(SMALL, UINT64_MAX));
	wait_for_ticks();
	freeze();
	ck_assert_ptr_null(cow_begin(vm.cow, 0, LONG_US));
	thaw();
	rec = recorder(true);
	ck_assert_uint_eq(record(&rec, 0, NR_PAGES), 0); /* writers wait */
	cow_end(vm.cow);
	wait_for_ticks();
	cow_result(vm.cow, &result);
	ck_assert_uint_eq(result.saved, 0);
	/* and the next freeze does without it */
	freeze();
	ck_assert_ptr_nonnull(cow_begin(vm.cow, 0, LONG_US));
	thaw();
	cow_end(vm.cow);
	wait_for_ticks();
	stop();
}
END_TEST

/* ---- a whole recording ------------------------------------------------------------ */

static char *report_of(struct scxray_live *live, struct live_lab *lab, bool written)
{
	struct scxray_snapshot *snapshot = scxray_snapshot_create(live);
	struct scxray_cow_result cow;
	struct scxray_record_result result;
	struct scxray_report *report;
	struct scxray_error err = { 0 };
	char *json;

	ck_assert_ptr_nonnull(snapshot);
	if (written) {
		ck_assert_ptr_null(scxray_live_protect(live, 0, LONG_US));
		/* the guest's worst: nothing that the walk reads is as it was */
		for (size_t i = 0; i < lab->nr_walk_pages; i++)
			memset(lab->walk_pages[i], 0x5a, PAGE_SIZE);
	}
	scxray_live_record(live, snapshot, lab->vcpus, lab->nr_vcpus, 0, &result);
	scxray_live_unprotect(live, &cow);
	scxray_live_record_sleepers(live, snapshot, &result);
	ck_assert_uint_eq(cow.saved, written ? lab->nr_walk_pages : 0);
	report = scxray_capture(scxray_snapshot_source(snapshot, &err), NULL, &err);
	ck_assert_msg(report != NULL, "%s", err.text);
	json = live_lab_json(report);
	scxray_report_destroy(report);
	scxray_snapshot_destroy(snapshot);
	return json;
}

START_TEST(a_report_is_the_same_while_the_guest_writes)
{
	static struct live_lab lab;
	struct scxray_error err = { 0 };
	struct scxray_live *live;
	const char *why;
	char *copied, *written;

	ck_assert(!live_lab_open(&lab, "kernel-fixtures/cores/7.3.4-stall-error.core.zst"));
	ck_assert_uint_gt(lab.nr_walk_pages, 50);
	live = scxray_live_create(lab.regions, lab.nr_regions, lab.nr_vcpus, NULL, &err);
	ck_assert_ptr_nonnull(live);
	ck_assert_msg(!scxray_live_allow_cow(live, &why), "%s", why);
	ck_assert(!scxray_live_resolve(live, lab.vcpus, lab.nr_vcpus, &err));
	ck_assert(!scxray_live_prepare(live, &err));
	ck_assert_uint_gt(scxray_live_expected_us(live), 0);
	copied = report_of(live, &lab, false);
	written = report_of(live, &lab, true);
	ck_assert_str_eq(copied, written);
	free(copied);
	free(written);
	scxray_live_destroy(live);
	live_lab_close(&lab);
}
END_TEST

static const unit_test tests[] = {
	&a_report_is_the_same_while_the_guest_writes,
	&small_pages_are_of_one_instant,
	&transparent_huge_pages_are_of_one_instant,
	&pages_of_a_memfd_are_of_one_instant,
	&pages_of_hugetlbfs_are_of_one_instant,
	&a_page_that_is_not_saved_is_seen,
	&without_room_writers_wait_and_nothing_is_lost,
	&a_protection_that_takes_too_long_is_none,
	&one_that_nobody_ends_ends_by_itself,
	&a_lost_thread_stops_the_guest_no_longer_than_the_walk,
};

int main(void)
{
	const char *why = NULL;
	int fd = uffd_open(&why);

	if (fd < 0) {
		printf("%s\n", why);
		return 77;
	}
	close(fd);
	return unit_run("live_cow", tests, ARRAY_SIZE(tests), NULL, NULL);
}
