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
#include <stdlib.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* What START_TEST() makes is a pointer, in a variable. */
typedef const TTest *const *unit_test;

static inline int unit_run(const char *name, const unit_test *tests, size_t nr)
{
	Suite *suite = suite_create(name);
	SRunner *runner = srunner_create(suite);
	int failed;

	for (size_t i = 0; i < nr; i++) {
		TCase *tc = tcase_create((*tests[i])->name);

		tcase_set_timeout(tc, 60); /* sanitizers on a busy machine */
		tcase_add_test(tc, *tests[i]);
		suite_add_tcase(suite, tc);
	}
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#define UNIT_MAIN(name, tests)                                   \
	int main(void)                                           \
	{                                                        \
		return unit_run(name, tests, ARRAY_SIZE(tests)); \
	}

#endif
