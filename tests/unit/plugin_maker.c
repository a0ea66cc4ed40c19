/* SPDX-License-Identifier: BSD-2-Clause */
/* The process that makes reports: what becomes of a failure when it dies, hangs, lies or is not there. */
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <scxray/capture.h>
#include <scxray/report_struct.h>

#include "tests/lib/plugin_run.h"
#include "watch/jail.h"

/* ---- a program in its place -------------------------------------------------------- */

static char program[128];

/* A shell script; it stands beside the folder of the reports. */
static void write_program(const char *script)
{
	FILE *file;

	snprintf(program, sizeof(program), "isolate=%s.sh", folder);
	file = fopen(program + strlen("isolate="), "w");
	ck_assert_ptr_nonnull(file);
	fprintf(file, "#!/bin/sh\n%s\n", script);
	fclose(file);
	ck_assert_int_eq(chmod(program + strlen("isolate="), 0700), 0);
	isolate = program;
}

static void remove_program(void)
{
	unlink(program + strlen("isolate="));
}

/* The core that is kept can be read by all that reads cores. */
static void expect_core(const char *name)
{
	struct scxray_error err = { 0 };
	struct scxray_source *source;
	struct scxray_report *report;
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	source = scxray_source_open(path, &err);
	ck_assert_msg(source != NULL, "%s", err.text);
	report = scxray_capture(source, NULL, &err);
	ck_assert_msg(report != NULL, "%s", err.text);
	ck_assert_uint_gt(report->nr_tasks, 10);
	scxray_report_destroy(report);
	scxray_source_close(source);
}

/* A failure, for which this script is to make the report. */
static void fail_with(const char *script, const char *setting)
{
	setup();
	write_program(script);
	start_quiet(setting);
	ck_assert_int_eq(early(), SCXRAY_STATUS_OK);
	guest_fails();
	ck_assert_int_eq(late(), SCXRAY_STATUS_OK);
	finish();
}

/* What is left: the reason, registers, and both recordings. */
static void expect_lost(const char *why)
{
	ck_assert_int_eq(result.status, SCXRAY_STATUS_LOST);
	ck_assert_msg(strstr(result.message, why) != NULL, "not \"%s\": %s", why, result.message);
	expect_files("t.scxray.core.zst t.scxray.early.core.zst t.scxray.json t.scxray.txt");
	expect_in("t.scxray.txt", why);
	expect_in("t.scxray.txt", "DualFailureDumpReport");
	expect_core("t.scxray.core.zst");
	expect_core("t.scxray.early.core.zst");
	remove_program();
	teardown();
}

START_TEST(it_is_killed)
{
	fail_with("kill -SEGV $$", NULL);
	expect_lost("the process that makes reports died: Segmentation fault");
}
END_TEST

START_TEST(it_hangs)
{
	/* exec: else the sleep outlives the shell, and holds the pipe */
	fail_with("exec sleep 1000", "report_deadline_ms=200");
	expect_lost("the process that makes reports took longer than report_deadline_ms=200");
}
END_TEST

START_TEST(it_does_nothing)
{
	fail_with("exit 3", NULL);
	expect_lost("the process that makes reports ended early (status 3)");
}
END_TEST

START_TEST(it_talks_without_end)
{
	fail_with("while echo 'part 0 x'; do :; done", NULL);
	expect_lost("the process that makes reports took longer");
}
END_TEST

START_TEST(it_is_not_there)
{
	setup();
	isolate = "isolate=/nonexistent/scxray";
	start_quiet(NULL);
	ck_assert_int_eq(late(), SCXRAY_STATUS_OK);
	ck_assert_int_eq(finish(), SCXRAY_STATUS_LOST);
	expect_in("t.scxray.txt", "can't be started: /nonexistent/scxray: No such file");
	expect_core("t.scxray.core.zst");
	teardown();
}
END_TEST

/* What it says reaches the log as printable text, and a file that it calls broken gets no name. */
START_TEST(it_lies)
{
	fail_with(
		"echo bytes >&5; echo 'part 0'; echo 'part 1 no; reason'; echo 'part 99'; echo 'part -1';"
		"printf 'finding a\\033[31mred\\n'; echo; echo nonsense; echo end",
		NULL);
	ck_assert_int_eq(result.status, SCXRAY_STATUS_WRITE_FAILED);
	expect_files("t.scxray.txt");
	expect_in("t.scxray.txt", "bytes");
	ck_assert_ptr_nonnull(strstr(log_text, "no; reason"));
	ck_assert_ptr_nonnull(strstr(log_text, "a?[31mred"));
	remove_program();
	teardown();
}
END_TEST

/* It has what was meant for it, and nothing else of the host. */
START_TEST(it_inherits_nothing)
{
	int leak = open("/dev/null", O_RDONLY); /* without O_CLOEXEC */

	ck_assert_int_ge(leak, 0);
	fail_with(
		"ls /proc/self/fd | grep -v '^255$' | tr '\\n' ' ' >&5; env >&6; echo 'part 0'; echo 'part 1'; echo end",
		NULL);
	ck_assert_int_eq(result.status, SCXRAY_STATUS_OK);
	/* ls has the folder it lists as its first free one */
	expect_in("t.scxray.txt", "0 1 2 3 4 5 6 7");
	close(leak);
	remove_program();
	teardown();
}
END_TEST

static bool has_begun(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s.sh.pid", folder);
	return !access(path, R_OK);
}

/* The process that the script above wrote the number of; it is gone. */
static void expect_gone(void)
{
	char path[128];
	FILE *file;
	int pid = 0;

	snprintf(path, sizeof(path), "%s.sh.pid", folder);
	file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fscanf(file, "%d", &pid), 1);
	fclose(file);
	unlink(path);
	ck_assert_int_lt(kill(pid, 0), 0);
	ck_assert_int_eq(errno, ESRCH);
}

#define SLOW "echo $$ >$0.new; mv $0.new $0.pid; exec sleep 1000"

/* While a report is made the guest is watched, and the VM may end. */
START_TEST(unload_does_not_wait)
{
	setup();
	write_program(SLOW);
	start_quiet(NULL);
	ck_assert_int_eq(late(), SCXRAY_STATUS_OK);
	ck_assert(wait_until(has_begun));
	plugin.unload(plugin.self);
	expect_gone();
	expect_files("");
	remove_program();
	live_lab_close(&half);
	live_lab_close(&error);
	rmdir(folder);
}
END_TEST

static bool two_freezes(void)
{
	return atomic_load(&fake_vm.nr_freezes) == 2;
}

START_TEST(the_guest_is_watched_meanwhile)
{
	char names[128];

	setup();
	write_program(SLOW);
	start("triggers=poll", "poll_ms=2", "report_deadline_ms=5000");
	ck_assert_int_eq(late(), SCXRAY_STATUS_OK);
	ck_assert(wait_until(has_begun));
	/* the first report is not written, and will not be for seconds */
	guest_fails();
	ck_assert(wait_until(two_freezes));
	snprintf(names, sizeof(names), "t.scxray.json.tmp.%d t.scxray.txt.tmp.%d", getpid(),
		 getpid());
	expect_files(names);
	ck_assert_int_eq(finish(), SCXRAY_STATUS_LOST);
	expect_in("t.scxray.2.txt", "poll of exit_kind");
	expect_gone();
	remove_program();
	teardown();
}
END_TEST

/* ---- the jail -------------------------------------------------------------------------- */

static const struct jail_limits limits = {
	.memory_bytes = 256 << 20,
	.file_bytes = 1 << 20,
	.processor_sec = 10,
};

/* What a process that is confined ends with. */
static int confined(int (*act)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		struct scxray_error err;

		_exit(jail_enter(&limits, &err) ? 99 : act());
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int open_a_file(void)
{
	return open("/etc/passwd", O_RDONLY) < 0 && errno == EPERM;
}

static int start_a_program(void)
{
	char *none[] = { NULL };

	execve("/bin/true", none, none);
	return errno == EPERM;
}

static int fork_once(void)
{
	return fork() < 0;
}

static int make_code(void)
{
	void *code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *data = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return code == MAP_FAILED && data != MAP_FAILED &&
	       mprotect(data, 4096, PROT_READ | PROT_EXEC) < 0 && !mprotect(data, 4096, PROT_READ);
}

static int use_the_network(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM;
}

static int kill_the_host(void)
{
	return kill(getppid(), 0) < 0;
}

/* A sanitizer's shadow is not limited. */
static int allocate(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return 1;
#else
	/* volatile: a compiler may leave out what is never used */
	void *volatile small = malloc(1 << 20), *volatile large = malloc(512 << 20);

	return small && !large;
#endif
}

START_TEST(the_jail_holds)
{
	static int (*const acts[])(void) = {
		open_a_file,	 start_a_program, fork_once, make_code,
		use_the_network, kill_the_host,	  allocate,
	};

	for (size_t i = 0; i < ARRAY_SIZE(acts); i++)
		ck_assert_msg(confined(acts[i]) == 1, "act %zu: %d", i, confined(acts[i]));
}
END_TEST

static const unit_test tests[] = {
	&it_is_killed,	       &it_hangs,
	&it_does_nothing,      &it_talks_without_end,
	&it_is_not_there,      &it_lies,
	&it_inherits_nothing,  &the_jail_holds,
	&unload_does_not_wait, &the_guest_is_watched_meanwhile,
};

UNIT_MAIN("plugin maker", tests)
