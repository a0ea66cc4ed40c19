/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow_fixture.h - pages that are counted up while they are protected
 */
#ifndef TESTS_COW_FIXTURE_H
#define TESTS_COW_FIXTURE_H

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <scxray/report.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

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
static inline bool park(void)
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

static inline void *count(void *arg)
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

static inline void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

/* Until each writer has been at all of its pages since now. */
static inline void wait_for_ticks(void)
{
	for (size_t i = 0; i < NR_WRITERS; i++)
		for (uint64_t from = atomic_load(&vm.ticks[i]);
		     atomic_load(&vm.ticks[i]) < from + 2;)
			nap();
}

static inline void freeze(void)
{
	atomic_store(&vm.stop, true);
	pthread_mutex_lock(&vm.lock);
	while (vm.nr_parked < NR_WRITERS)
		pthread_cond_wait(&vm.changed, &vm.lock);
	pthread_mutex_unlock(&vm.lock);
	for (size_t i = 0; i < NR_PAGES; i++)
		vm.frozen[i] = *counter(i);
}

static inline void thaw(void)
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
static inline void *map_ram(enum kind kind)
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

static inline bool start(enum kind kind, uint64_t max_saved)
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

static inline void stop(void)
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

static inline struct recorder recorder(bool by_saved)
{
	return (struct recorder){ .to = vm.pages,
				  .saved = by_saved ? cow_saved(vm.cow) : NULL,
				  .lost = cow_lost(vm.cow),
				  .max_pages = UINT64_MAX };
}

/* Records the pages; how many are not as they were at the freeze. */
static inline size_t record(struct recorder *rec, size_t first, size_t end)
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

/* Says why, and returns 77, where the host allows no userfaultfd; else 0. */
static inline int cow_is_forbidden(void)
{
	const char *why = NULL;
	int fd = uffd_open(&why);

	if (fd < 0) {
		printf("%s\n", why);
		return 77;
	}
	close(fd);
	return 0;
}

#endif
