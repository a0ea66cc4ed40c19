/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit.h - main() of a check program: its tests as a table
 *
 *	static const unit_test tests[] = { &a_test, &another_test };
 *	UNIT_MAIN("name", tests)
 */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <base/array.h>

/* What START_TEST() makes is a pointer, in a variable. */
typedef const TTest *const *unit_test;

static inline int unit_run(const char *name, const unit_test *tests, size_t nr, SFun setup,
			   SFun teardown)
{
	Suite *suite = suite_create(name);
	SRunner *runner = srunner_create(suite);
	int failed;

	for (size_t i = 0; i < nr; i++) {
		TCase *tc = tcase_create((*tests[i])->name);

		tcase_set_timeout(tc, 120); /* sanitizers on a busy machine */
		tcase_add_checked_fixture(tc, setup, teardown);
		tcase_add_test(tc, *tests[i]);
		suite_add_tcase(suite, tc);
	}
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Says why, and returns 77, where no VM can run; else 0. */
static inline int unit_needs_kvm(void)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		printf("no /dev/kvm: %s\n", strerror(errno));
		return 77;
	}
	close(fd);
	return 0;
}

#define UNIT_MAIN(name, tests) UNIT_MAIN_AROUND(name, tests, NULL, NULL)

/* `setup` runs before each test, in its process, and `teardown` after it. */
#define UNIT_MAIN_AROUND(name, tests, setup, teardown)                            \
	int main(void)                                                            \
	{                                                                         \
		return unit_run(name, tests, ARRAY_SIZE(tests), setup, teardown); \
	}

/* Skipped where there is no /dev/kvm. */
#define UNIT_MAIN_KVM(name, tests)                                                               \
	int main(void)                                                                           \
	{                                                                                        \
		return unit_needs_kvm() ?: unit_run(name, tests, ARRAY_SIZE(tests), NULL, NULL); \
	}

#endif
