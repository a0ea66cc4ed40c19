/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow.c - the protection of guest RAM, and the thread that saves pages
 */
#include "capture/live/cow.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <base/event.h>

#include "capture/base/clock.h"
#include "capture/live/uffd.h"

#define HUGE_SIZE (2u << 20)  /* the largest page that is worth a copy */
#define FIRST_STEP (2u << 20) /* protected by one call; the clock is read after each */
#define LAST_STEP (1u << 30)
#define STEP_US 100 /* what a call may take before the next one asks for no more */
#define END_STEP (4u << 20)
#define FIRST_SAVED 256 /* pages of the store that are in memory before they are needed */

struct cow_region {
	uint64_t start, size; /* the host's addresses */
	uint64_t granule;     /* bytes that are protected as one */
	uint64_t gpa, first;  /* as in struct phys_region */
};

struct cow {
	int fd, wake_fd;
	pthread_t thread;
	bool started;
	atomic_int tid;
	atomic_bool quit;
	atomic_bool full;
	atomic_bool lost;
	atomic_ullong deadline; /* clock_us(); 0: nothing is protected */
	uint64_t protect_us;
	pthread_mutex_t lock; /* guards the store between two protections; no thread waits for it */
	struct page_store *saved; /* written by the thread, while there is a deadline */
	atomic_ullong nr_saved;
	size_t nr_regions;
	struct cow_region regions[];
};

/* ---- the thread --------------------------------------------------------------- */

static bool is_saved(const struct page_store *store, uint64_t number)
{
	return __atomic_load_n(&store->slot_of[number], __ATOMIC_ACQUIRE) != 0;
}

/* Readers look for a page by its number alone, so that is written last. */
static bool save_page(struct page_store *store, uint64_t number, uint64_t gpa, const void *host)
{
	uint8_t *to = page_store_next(store);

	if (!to)
		return false;
	memcpy(to, host, PAGE_SIZE);
	store->number[store->nr] = number;
	store->gpa[store->nr] = gpa;
	__atomic_store_n(&store->slot_of[number], ++store->nr, __ATOMIC_RELEASE);
	return true;
}

/* False: there is no room for the page at `at` of the region. */
static bool save(struct cow *cow, const struct cow_region *r, uint64_t at)
{
	uint64_t page = at / PAGE_SIZE;

	/* two that wait for one page: the first may have written to it by now */
	if (is_saved(cow->saved, r->first + page))
		return true;
	return save_page(cow->saved, r->first + page, r->gpa + page * PAGE_SIZE,
			 (const void *)(uintptr_t)(r->start + at));
}

/* The page at the host's `address`, whole: its first write is let through with it. */
static void serve_fault(struct cow *cow, uint64_t address)
{
	struct cow_region *r = cow->regions, *end = r + cow->nr_regions;
	uint64_t at;

	while (r < end && address - r->start >= r->size)
		r++;
	if (r == end)
		return;
	at = (address - r->start) & ~(r->granule - 1);
	for (uint64_t i = 0; i < r->granule; i += PAGE_SIZE)
		if (!save(cow, r, at + i)) {
			atomic_store(&cow->full, true);
			return;
		}
	atomic_store(&cow->nr_saved, cow->saved->nr);
	if (!uffd_protect(cow->fd, r->start + at, r->granule, false))
		return;
	atomic_store(&cow->lost, true);
	uffd_unregister(cow->fd, r->start, r->size);
}

static void serve_faults(struct cow *cow)
{
	uint64_t addresses[16];
	size_t nr;

	pthread_mutex_lock(&cow->lock);
	/* after the end no thread waits: messages that are left are old */
	nr = atomic_load(&cow->deadline) ? uffd_faults(cow->fd, addresses, 16) : 0;
	for (size_t i = 0; i < nr; i++)
		serve_fault(cow, addresses[i]);
	pthread_mutex_unlock(&cow->lock);
}

static void end_protection(struct cow *cow)
{
	for (size_t i = 0; i < cow->nr_regions; i++) {
		struct cow_region *r = &cow->regions[i];

		/* in steps: one call for all would hold the address space's lock too long */
		for (uint64_t at = 0; at < r->size; at += END_STEP)
			uffd_protect(cow->fd, r->start + at,
				     r->size - at < END_STEP ? r->size - at : END_STEP, false);
		uffd_unregister(cow->fd, r->start, r->size);
	}
}

static int poll_timeout(uint64_t deadline)
{
	uint64_t now = clock_us();

	if (!deadline)
		return -1;
	return now >= deadline ? 0 : (int)((deadline - now) / 1000 + 1);
}

/* Nobody called cow_end() in time: ends the protection, so that the guest goes on. */
static void end_late(struct cow *cow, unsigned long long deadline)
{
	if (!atomic_compare_exchange_strong(&cow->deadline, &deadline, 0))
		return;
	atomic_store(&cow->lost, true);
	end_protection(cow);
}

static void *cow_run(void *arg)
{
	struct cow *cow = arg;

	atomic_store(&cow->tid, (int)syscall(SYS_gettid));
	while (!atomic_load(&cow->quit)) {
		uint64_t deadline = atomic_load(&cow->deadline), count;
		bool serves = deadline && !atomic_load(&cow->full);
		struct pollfd fds[] = {
			{ .fd = cow->wake_fd, .events = POLLIN },
			{ .fd = serves ? cow->fd : -1, .events = POLLIN },
		};

		if (poll(fds, 2, poll_timeout(deadline)) < 0)
			continue;
		if (fds[0].revents && read(cow->wake_fd, &count, sizeof(count)) < 0)
			continue;
		if (deadline && clock_us() >= deadline)
			end_late(cow, deadline);
		if (fds[1].revents)
			serve_faults(cow);
	}
	return NULL;
}

static bool is_alive(const struct cow *cow)
{
	int tid = atomic_load(&cow->tid); /* 0: it is about to begin */

	return !tid || !syscall(SYS_tgkill, getpid(), tid, 0);
}

/* ---- create, destroy ---------------------------------------------------------- */

/* Finds the smallest page that can be let go alone, by a trial on the memory itself.  A THP at its start is split by that. */
static const char *find_granule(struct cow *cow, struct cow_region *r)
{
	static const uint64_t sizes[] = { PAGE_SIZE, HUGE_SIZE };
	int error = r->start % PAGE_SIZE ? -EINVAL : uffd_register(cow->fd, r->start, r->size);

	if (error == -EBUSY)
		return "guest RAM has another userfaultfd already";
	if (error)
		return "guest RAM is no memory that userfaultfd takes: not anonymous, not a memfd's";
	for (size_t i = 0; i < 2 && !r->granule; i++)
		if (r->size % sizes[i] == 0 && r->start % sizes[i] == 0 &&
		    !uffd_protect(cow->fd, r->start, sizes[i], false))
			r->granule = sizes[i];
	uffd_unregister(cow->fd, r->start, r->size);
	return r->granule ? NULL : "guest RAM has pages of more than 2 MiB";
}

static const char *add_regions(struct cow *cow, const struct phys *phys)
{
	for (size_t i = 0; i < phys->nr_regions; i++) {
		const struct phys_region *from = &phys->regions[i];
		struct cow_region *r = &cow->regions[cow->nr_regions];
		const char *why;

		if (!from->host)
			return "guest RAM is in another process";
		*r = (struct cow_region){
			.start = (uint64_t)(uintptr_t)from->host,
			.size = (from->size + PAGE_MASK) & ~PAGE_MASK,
			.gpa = from->gpa,
			.first = from->first,
		};
		why = find_granule(cow, r);
		if (why)
			return why;
		cow->nr_regions++;
	}
	return NULL;
}

static const char *start_thread(struct cow *cow)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&cow->thread, NULL, cow_run, cow);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error)
		return "no thread for faults";
	pthread_setname_np(cow->thread, "scxray-cow");
	cow->started = true;
	return NULL;
}

struct cow *cow_create(const struct phys *phys, uint64_t max_pages, const char **why)
{
	struct cow *cow = calloc(1, sizeof(*cow) + phys->nr_regions * sizeof(cow->regions[0]));

	*why = "out of memory";
	if (!cow)
		return NULL;
	cow->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	cow->saved = page_store_create(phys_nr_pages(phys), max_pages);
	cow->fd = -1;
	pthread_mutex_init(&cow->lock, NULL);
	if (cow->saved && cow->wake_fd >= 0 && (cow->fd = uffd_open(why)) >= 0 &&
	    !(*why = add_regions(cow, phys)) && !(*why = start_thread(cow))) {
		page_store_populate(cow->saved, FIRST_SAVED);
		return cow;
	}
	cow_destroy(cow);
	return NULL;
}

void cow_destroy(struct cow *cow)
{
	if (!cow)
		return;
	cow_end(cow);
	if (cow->started) {
		atomic_store(&cow->quit, true);
		event_set(cow->wake_fd);
		pthread_join(cow->thread, NULL);
	}
	if (cow->fd >= 0)
		close(cow->fd);
	if (cow->wake_fd >= 0)
		close(cow->wake_fd);
	pthread_mutex_destroy(&cow->lock);
	page_store_put(cow->saved);
	free(cow);
}

/* ---- one protection ----------------------------------------------------------- */

static const char *protect_region(struct cow *cow, const struct cow_region *r, uint64_t until)
{
	uint64_t step = FIRST_STEP, now = clock_us(), began;

	if (uffd_register(cow->fd, r->start, r->size))
		return "guest RAM could not be registered with userfaultfd";
	for (uint64_t at = 0, size; at < r->size; at += size) {
		if (now >= until)
			return "protecting guest RAM would have taken longer than to copy it";
		size = r->size - at < step ? r->size - at : step;
		if (uffd_protect(cow->fd, r->start + at, size, true))
			return "guest RAM could not be write-protected";
		began = now;
		now = clock_us();
		if (now - began < STEP_US && step < LAST_STEP)
			step *= 2;
	}
	return NULL;
}

const char *cow_begin(struct cow *cow, uint64_t limit_us, uint64_t deadline_us)
{
	uint64_t start = clock_us();
	const char *why = NULL;

	if (!is_alive(cow) || pthread_mutex_trylock(&cow->lock))
		return "the thread that saves pages is gone, or busy";
	page_store_reset(cow->saved);
	atomic_store(&cow->nr_saved, 0);
	atomic_store(&cow->full, false);
	atomic_store(&cow->lost, false);
	atomic_store(&cow->deadline, start + deadline_us);
	pthread_mutex_unlock(&cow->lock);
	event_set(cow->wake_fd);
	for (size_t i = 0; i < cow->nr_regions && !why; i++)
		why = protect_region(cow, &cow->regions[i],
				     limit_us ? start + limit_us : UINT64_MAX);
	cow->protect_us = clock_us() - start;
	return why;
}

void cow_end(struct cow *cow)
{
	if (!atomic_exchange(&cow->deadline, 0))
		return;
	end_protection(cow);
	event_set(cow->wake_fd);
}

const struct page_store *cow_saved(const struct cow *cow)
{
	return cow->saved;
}

const atomic_bool *cow_lost(const struct cow *cow)
{
	return &cow->lost;
}

void cow_result(const struct cow *cow, struct scxray_cow_result *result)
{
	*result = (struct scxray_cow_result){
		.protect_us = cow->protect_us,
		.saved = atomic_load(&cow->nr_saved),
		.full = atomic_load(&cow->full),
	};
}
