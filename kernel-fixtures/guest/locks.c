// SPDX-License-Identifier: BSD-2-Clause
/*
 * Two tasks of which one waits for the other's lock, for good. The holder writes to a file from a
 * page that nobody brings: write() takes the file's rwsem, then faults, and userfaultfd lets it
 * wait. Kernels without userfaultfd do without.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest.h"

#define CONTENDED "/tmp/contended"

static int contended_file(void)
{
	int fd = open(CONTENDED, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	if (fd < 0)
		die(CONTENDED ": %s", strerror(errno));
	return fd;
}

/* Is there userfaultfd()? */
bool locks_can(void)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

void locks_hold(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC), file;
	long page = sysconf(_SC_PAGESIZE);
	void *at = mmap(NULL, (size_t)page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			0);

	range.range.start = (unsigned long)at;
	range.range.len = (unsigned long)page;
	if (uffd < 0 || at == MAP_FAILED || ioctl(uffd, UFFDIO_API, &api) ||
	    ioctl(uffd, UFFDIO_REGISTER, &range))
		die("userfaultfd: %s", strerror(errno));
	file = contended_file();
	if (write(file, at, 16) != 16)
		die("lockhold: %s", strerror(errno));
	die("lockhold: its page came");
}

void locks_wait(void)
{
	int file = contended_file();

	usleep(300000); /* the holder is there first */
	if (write(file, "x", 1) != 1)
		die("lockwait: %s", strerror(errno));
	die("lockwait: it got the lock");
}
