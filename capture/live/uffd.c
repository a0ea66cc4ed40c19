/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uffd.c - the system calls of userfaultfd(2), those that write-protection needs
 */
#include "capture/live/uffd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/userfaultfd.h>

#ifndef USERFAULTFD_IOC_NEW /* 6.1 */
#define USERFAULTFD_IOC_NEW _IO(0xAA, 0x00)
#endif
#ifndef UFFD_FEATURE_WP_HUGETLBFS_SHMEM /* 5.19 */
#define UFFD_FEATURE_WP_HUGETLBFS_SHMEM (1 << 12)
#endif
#ifndef UFFD_FEATURE_WP_UNPOPULATED /* 6.4: pages that nobody has touched wait as well */
#define UFFD_FEATURE_WP_UNPOPULATED (1 << 13)
#endif

#define FEATURES                                                            \
	(UFFD_FEATURE_PAGEFAULT_FLAG_WP | UFFD_FEATURE_WP_HUGETLBFS_SHMEM | \
	 UFFD_FEATURE_WP_UNPOPULATED)
#define MAX_RETRIES 1000
#define MAX_MESSAGES 16

_Static_assert(sizeof(struct uffd_msg) == UFFD_MESSAGE_BYTES, "linux/userfaultfd.h");

/* By the system call where it is allowed; else by the device, whose file mode decides. */
static int open_any(void)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK), device;

	if (fd >= 0 || errno != EPERM)
		return fd;
	device = open("/dev/userfaultfd", O_RDWR | O_CLOEXEC);
	if (device < 0)
		return -1;
	fd = ioctl(device, USERFAULTFD_IOC_NEW, O_CLOEXEC | O_NONBLOCK);
	close(device);
	return fd;
}

int uffd_open(const char **why)
{
	struct uffdio_api api = { .api = UFFD_API, .features = FEATURES };
	int fd = open_any();

	if (fd < 0) {
		*why = errno == ENOSYS ? "this host has no userfaultfd"
				       : "the host forbids userfaultfd: it takes CAP_SYS_PTRACE, "
					 "/dev/userfaultfd, or vm.unprivileged_userfaultfd=1";
		return -1;
	}
	if (ioctl(fd, UFFDIO_API, &api) == 0)
		return fd;
	*why = "the host's userfaultfd can not protect pages that nobody has touched: Linux 6.4 "
	       "or later is needed";
	close(fd);
	return -1;
}

int uffd_register(int fd, uint64_t start, uint64_t size)
{
	struct uffdio_register arg = { .range = { start, size }, .mode = UFFDIO_REGISTER_MODE_WP };

	return ioctl(fd, UFFDIO_REGISTER, &arg) ? -errno : 0;
}

void uffd_unregister(int fd, uint64_t start, uint64_t size)
{
	struct uffdio_range range = { start, size };

	(void)ioctl(fd, UFFDIO_UNREGISTER, &range);
}

int uffd_protect(int fd, uint64_t start, uint64_t size, bool on)
{
	struct uffdio_writeprotect arg = { .range = { start, size },
					   .mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0 };

	/* -EAGAIN: the address space is just being changed */
	for (int i = 0; i < MAX_RETRIES; i++)
		if (!ioctl(fd, UFFDIO_WRITEPROTECT, &arg))
			return 0;
		else if (errno != EAGAIN)
			break;
	return -errno;
}

size_t uffd_faults(int fd, uint64_t *addresses, size_t max)
{
	struct uffd_msg messages[MAX_MESSAGES];
	size_t nr = 0;
	ssize_t got =
		read(fd, messages, (max < MAX_MESSAGES ? max : MAX_MESSAGES) * sizeof(*messages));

	for (size_t i = 0; got > 0 && i < (size_t)got / sizeof(*messages); i++)
		if (messages[i].event == UFFD_EVENT_PAGEFAULT)
			addresses[nr++] = messages[i].arg.pagefault.address;
	return nr;
}
