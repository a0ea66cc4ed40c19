/* SPDX-License-Identifier: BSD-2-Clause */
/* The plugin's files: names, what an earlier run left, and disks that do not take them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "watch/artifact.h"

#include "tests/lib/unit.h"

static char folder[64];
static struct settings settings;
static struct scxray_error err;

static void setup(void)
{
	snprintf(folder, sizeof(folder), "/tmp/scxray-artifact-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void put(const char *name)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fputs("old", file);
	fclose(file);
}

static bool there(const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return !access(path, F_OK);
}

/* How many files there are; with `clear` they are removed. */
static unsigned count_files(bool clear)
{
	struct dirent *entry;
	DIR *dir = opendir(folder);
	unsigned nr = 0;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' || strlen(entry->d_name) > 2) {
			nr++;
			if (clear)
				unlinkat(dirfd(dir), entry->d_name, 0);
		}
	if (dir)
		closedir(dir);
	return nr;
}

static void teardown(void)
{
	settings_deinit(&settings);
	count_files(true);
	rmdir(folder);
}

static struct artifacts *create(const char *a, const char *b)
{
	const char *list[] = { a, b, NULL };

	settings_deinit(&settings);
	err = (struct scxray_error){ 0 };
	ck_assert_msg(!settings_init(&settings, list, &err), "%s", err.text);
	return artifacts_create(&settings, &err);
}

static struct artifacts *create_here(const char *name)
{
	char output[128], named[512];

	snprintf(output, sizeof(output), "output=%s", folder);
	snprintf(named, sizeof(named), "name=%s", name);
	return create(output, named);
}

static const char *name_of(const struct artifacts *a, enum artifact_kind kind, unsigned number,
			   enum artifact_part part)
{
	static char buf[512];
	char *path = artifact_path(a, kind, number, part);

	ck_assert_ptr_nonnull(path);
	ck_assert(!strncmp(path, folder, strlen(folder)));
	snprintf(buf, sizeof(buf), "%s", path + strlen(folder) + 1);
	free(path);
	return buf;
}

START_TEST(names)
{
	struct artifacts *a;
	char text[128];

	setup();
	a = create_here("test");
	ck_assert_str_eq(name_of(a, ARTIFACT_REPORT, 1, ARTIFACT_TEXT), "test.scxray.txt");
	ck_assert_str_eq(name_of(a, ARTIFACT_REPORT, 2, ARTIFACT_JSON), "test.scxray.2.json");
	ck_assert_str_eq(name_of(a, ARTIFACT_REPORT, 3, ARTIFACT_HTML), "test.scxray.3.html");
	ck_assert_str_eq(name_of(a, ARTIFACT_REPORT, 1, ARTIFACT_CORE), "test.scxray.core.zst");
	ck_assert_str_eq(name_of(a, ARTIFACT_REPORT, 3, ARTIFACT_EARLY_CORE),
			 "test.scxray.3.early.core.zst");
	ck_assert_str_eq(name_of(a, ARTIFACT_EARLY_ONLY, 1, ARTIFACT_TEXT),
			 "test.scxray.early-only.txt");
	ck_assert_str_eq(name_of(a, ARTIFACT_EARLY_DEGRADED, 2, ARTIFACT_JSON),
			 "test.scxray.early-degraded.2.json");
	artifacts_destroy(a);
	/* beside a log, under its name */
	snprintf(text, sizeof(text), "log=%s/dir test (1).log", folder);
	a = create(text, NULL);
	ck_assert_str_eq(name_of(a, ARTIFACT_REPORT, 1, ARTIFACT_TEXT), "dir test (1).scxray.txt");
	artifacts_destroy(a);
	snprintf(text, sizeof(text), "log=%s/plain", folder);
	a = create(text, NULL);
	ck_assert_str_eq(name_of(a, ARTIFACT_REPORT, 1, ARTIFACT_TEXT), "plain.scxray.txt");
	artifacts_destroy(a);
	teardown();
}
END_TEST

START_TEST(names_are_made_safe)
{
	static const struct {
		const char *in, *out;
	} names_in[] = {
		{ "test_1.a-b+c", "test_1.a-b+c" },
		{ "", "vm" },
		{ "../../etc/passwd", "_._.._etc_passwd" },
		{ ".hidden", "_hidden" },
		{ "a/b\nc;d e", "a_b_c_d_e" },
		{ "mod::test[x=1]", "mod__test_x=1_" },
	};
	char longer[301] = "", *one, *other;

	for (size_t i = 0; i < ARRAY_SIZE(names_in); i++) {
		one = artifact_safe_name(names_in[i].in);
		ck_assert_str_eq(one, names_in[i].out);
		free(one);
	}
	/* what looks the same when it is made safe, or cut, is told apart */
	one = artifact_safe_name("t\xc3\xa9st");
	other = artifact_safe_name("t\xc3\xa8st");
	ck_assert_str_ne(one, other);
	ck_assert(!strncmp(one, "t__st-", 6));
	free(one);
	free(other);
	memset(longer, 'x', 300);
	one = artifact_safe_name(longer);
	longer[299] = 'y';
	other = artifact_safe_name(longer);
	ck_assert_str_ne(one, other);
	ck_assert_uint_lt(strlen(one), 200);
	free(one);
	free(other);
}
END_TEST

START_TEST(what_is_ours)
{
	static const char *const ours[] = {
		"t.scxray.txt",
		"t.scxray.json",
		"t.scxray.core.zst",
		"t.scxray.early.core.zst",
		"t.scxray.2.txt",
		"t.scxray.99.early.core.zst",
		"t.scxray.early-only.json",
		"t.scxray.early-only.3.core.zst",
		"t.scxray.early-degraded.txt",
		"t.scxray.txt.tmp.4711",
		"t.scxray.json.tmp.4711.3",
		"t.scxray.html",
	};
	static const char *const others[] = {
		"t",
		"t.log",
		"t.scxray",
		"t.scxray.",
		"t.scxray.txt.bak",
		"t.scxray.txt~",
		"t.scxray.pdf",
		"t.2.scxray.txt",
		"t2.scxray.txt",
		"a.t.scxray.txt",
		"t.scxray.x.txt",
		"t.scxray..txt",
		"t.scxray.2x.txt",
		"t.scxray.txt.tmp.",
		"t.scxray.txt.tmp.1.2.3",
		"t.scxray.txt.tmp",
		"t.scxray.scxray.txt",
		"t.scxray.core",
		"T.scxray.txt",
		"t.scxray.early.txt",
		"t.scxray.early-only",
	};

	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		ck_assert_msg(artifact_is_ours(ours[i], "t"), "%s", ours[i]);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		ck_assert_msg(!artifact_is_ours(others[i], "t"), "%s", others[i]);
}
END_TEST

START_TEST(what_an_earlier_run_left_goes)
{
	struct artifacts *a;
	char path[256];

	setup();
	put("t.scxray.txt");
	put("t.scxray.7.early-only.json"); /* no name of ours */
	put("t.scxray.early-only.json");
	put("t.scxray.json.tmp.12345");
	put("t.log");
	put("t.2.scxray.txt");
	a = create_here("t");
	ck_assert_ptr_nonnull(a);
	ck_assert(!there("t.scxray.txt") && !there("t.scxray.early-only.json") &&
		  !there("t.scxray.json.tmp.12345"));
	ck_assert(there("t.log") && there("t.2.scxray.txt") && there("t.scxray.7.early-only.json"));
	artifacts_destroy(a);
	/* a folder of that name can't go: better no run than a wrong report */
	snprintf(path, sizeof(path), "%s/t.scxray.txt", folder);
	ck_assert_int_eq(mkdir(path, 0777), 0);
	ck_assert_ptr_null(create_here("t"));
	ck_assert_msg(strstr(err.text, "an earlier run's file can't be removed") != NULL, "%s",
		      err.text);
	rmdir(path);
	teardown();
}
END_TEST

START_TEST(folders_that_are_none)
{
	ck_assert_ptr_null(create("output=/nonexistent/folder", NULL));
	ck_assert_str_eq(err.text, "no folder for reports: /nonexistent/folder: No such file or "
				   "directory; make it first, or set output");
	ck_assert_ptr_null(create("log=/nonexistent/a.log", NULL));
	ck_assert_str_eq(err.text,
			 "no folder for reports: /nonexistent: No such file or directory; "
			 "make it first, or set log");
	ck_assert_ptr_null(create("output=/dev/null", NULL));
	ck_assert_msg(strstr(err.text, "/dev/null") != NULL, "%s", err.text);
	/* even root writes nothing there */
	ck_assert_ptr_null(create("output=/proc/self/fdinfo", NULL));
	ck_assert_msg(strstr(err.text, "can't be written to: ") != NULL, "%s", err.text);
	settings_deinit(&settings);
}
END_TEST

struct text {
	size_t bytes;
	const char *fails; /* after them */
};

static int write_bytes(void *arg, FILE *out, struct scxray_error *e)
{
	const struct text *text = arg;

	for (size_t i = 0; i < text->bytes; i++)
		putc('x', out);
	if (text->fails)
		return scxray_fail(e, SCXRAY_ERR_IO, 0, "%s", text->fails);
	return ferror(out) ? scxray_fail(e, SCXRAY_ERR_IO, 0, "%s", strerror(errno)) : 0;
}

static int write_report(struct artifacts *a, struct text text)
{
	err = (struct scxray_error){ 0 };
	return artifact_write(a, ARTIFACT_REPORT, 1, ARTIFACT_TEXT, write_bytes, &text, &err);
}

START_TEST(complete_files_are_listed)
{
	const char *const *paths;
	struct artifacts *a;
	struct stat st;
	size_t nr;

	setup();
	a = create_here("t");
	ck_assert_int_eq(write_report(a, (struct text){ .bytes = 100000 }), 0);
	paths = artifacts_written(a, &nr);
	ck_assert_uint_eq(nr, 1);
	ck_assert_int_eq(stat(paths[0], &st), 0);
	ck_assert_int_eq(st.st_size, 100000);
	ck_assert_uint_eq(count_files(false), 1);
	artifacts_destroy(a);
	teardown();
}
END_TEST

START_TEST(what_fails_leaves_nothing)
{
	struct artifacts *a;
	size_t nr;

	setup();
	a = create_here("t");
	ck_assert_int_eq(write_report(a, (struct text){ 100000, "the guest is too strange" }), -1);
	ck_assert_msg(strstr(err.text, "t.scxray.txt: the guest is too strange") != NULL, "%s",
		      err.text);
	ck_assert_uint_eq(count_files(false), 0);
	artifacts_written(a, &nr);
	ck_assert_uint_eq(nr, 0);
	artifacts_destroy(a);
	teardown();
}
END_TEST

START_TEST(a_full_disk)
{
	struct rlimit before, small;
	struct artifacts *a;
	size_t nr;

	setup();
	a = create_here("t");
	/* EFBIG in place of ENOSPC, where the plugin's thread blocks the signal */
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 4096;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	/* both while it is written, and only as it is flushed at the end */
	ck_assert_int_eq(write_report(a, (struct text){ .bytes = 3 << 20 }), -1);
	ck_assert_int_eq(write_report(a, (struct text){ .bytes = 5000 }), -1);
	setrlimit(RLIMIT_FSIZE, &before);
	ck_assert_msg(strstr(err.text, "cannot write: ") != NULL &&
			      strstr(err.text, "t.scxray.txt: File too large; make room") != NULL,
		      "%s", err.text);
	ck_assert_uint_eq(count_files(false), 0);
	artifacts_written(a, &nr);
	ck_assert_uint_eq(nr, 0);
	/* and when there is room again, it goes */
	ck_assert_int_eq(write_report(a, (struct text){ .bytes = 5000 }), 0);
	artifacts_destroy(a);
	teardown();
}
END_TEST

START_TEST(a_folder_that_goes)
{
	struct artifacts *a;

	setup();
	a = create_here("t");
	ck_assert_int_eq(rmdir(folder), 0);
	ck_assert_int_eq(write_report(a, (struct text){ .bytes = 10 }), -1);
	ck_assert_msg(strstr(err.text, "No such file or directory; its folder has gone") != NULL,
		      "%s", err.text);
	artifacts_destroy(a);
	teardown();
}
END_TEST

static const unit_test tests[] = {
	&names,
	&names_are_made_safe,
	&what_is_ours,
	&what_an_earlier_run_left_goes,
	&folders_that_are_none,
	&complete_files_are_listed,
	&what_fails_leaves_nothing,
	&a_full_disk,
	&a_folder_that_goes,
};
UNIT_MAIN("plugin artifact", tests)
