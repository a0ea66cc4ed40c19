/* SPDX-License-Identifier: BSD-2-Clause */
/* kvm.c of the VMM: what is said of a /dev/kvm that can't be used, in one line each. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/lib/unit.h"
#include "vmm/kvm.h"
#include "vmm/machine.h"

/* What the device is: an errno of open() and of KVM_GET_API_VERSION, a version, a capability that is missing. */
static int open_errno, version_errno, version;
static unsigned long missing;

/* These two in the place of the C library's. */
int open(const char *path, int flags, ...)
{
	ck_assert_str_eq(path, "/dev/kvm");
	ck_assert_int_eq(flags, O_RDWR | O_CLOEXEC);
	if (!open_errno)
		return dup(STDERR_FILENO);
	errno = open_errno;
	return -1;
}

int ioctl(int fd, unsigned long request, ...)
{
	unsigned long argument;
	va_list ap;

	(void)fd;
	va_start(ap, request);
	argument = va_arg(ap, unsigned long);
	va_end(ap);
	if (request == KVM_CHECK_EXTENSION)
		return argument != missing;
	ck_assert_uint_eq(request, KVM_GET_API_VERSION);
	if (!version_errno)
		return version;
	errno = version_errno;
	return -1;
}

static void good_device(void)
{
	open_errno = version_errno = 0;
	version = KVM_API_VERSION;
	missing = ~0UL;
}

static void refused(const char *said)
{
	struct scxray_error err = { 0 };

	ck_assert_int_eq(kvm_open(&err), -1);
	ck_assert_msg(strstr(err.text, said) != NULL, "'%s' is not in '%s'", said, err.text);
	ck_assert_ptr_eq(strstr(err.text, "/dev/kvm: "), err.text);
	ck_assert_ptr_null(strchr(err.text, '\n'));
}

START_TEST(a_device_that_does_not_open)
{
	good_device();
	open_errno = ENOENT;
	refused("not there: load kvm_intel or kvm_amd");
	open_errno = EACCES;
	refused("no permission: add your user to the group");
	open_errno = EPERM;
	refused("no permission");
	open_errno = EBUSY;
	refused(strerror(EBUSY));
}
END_TEST

START_TEST(another_device_or_version)
{
	good_device();
	version_errno = ENOTTY;
	refused("not a KVM");
	version_errno = 0;
	version = KVM_API_VERSION - 1;
	refused("API version 11, not 12");
}
END_TEST

START_TEST(a_missing_capability_has_a_name)
{
	static const struct {
		int cap;
		const char *name;
	} caps[] = {
		{ KVM_CAP_IRQCHIP, "KVM_CAP_IRQCHIP" },
		{ KVM_CAP_PIT2, "KVM_CAP_PIT2" },
		{ KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT" },
		{ KVM_CAP_USER_MEMORY, "KVM_CAP_USER_MEMORY" },
	};
	struct scxray_error err = { 0 };
	int fd;

	for (size_t i = 0; i < ARRAY_SIZE(caps); i++) {
		good_device();
		missing = (unsigned long)caps[i].cap;
		refused(caps[i].name);
	}
	good_device();
	fd = kvm_open(&err);
	ck_assert_int_ge(fd, 0);
	close(fd);
}
END_TEST

static const unit_test tests[] = {
	&a_device_that_does_not_open,
	&another_device_or_version,
	&a_missing_capability_has_a_name,
};

UNIT_MAIN("vmm_kvm", tests)
