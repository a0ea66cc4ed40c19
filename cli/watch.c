/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch.c - scxray watch: a report of each failure, until the guest ends
 */
#include <getopt.h>

#include "cli/cli.h"
#include "cli/target_options.h"

const char cli_watch_help[] =
	"usage: scxray watch [OPTION...] [TARGET]\n"
	"\n"
	"Watches the sched_ext scheduler of a guest that QEMU runs, from outside, and writes a\n"
	"report when it fails: of half-way to the watchdog's timeout, and of the failure. Ends\n"
	"with the guest, or with Ctrl-C; the guest goes on. TARGET is QEMU's QMP socket (or its\n"
	"monitor's), a path or HOST:PORT; without one, the only QEMU of this user that has one.\n"
	"\n"
	"  --pid N             the QEMU of that process id\n"
	"  --domain NAME       the QEMU of that libvirt domain\n"
	"  --log FILE          the test's log: reports go to its folder, under its name\n"
	"  -o, --output DIR    folder for the reports; default the current one\n"
	"  --core              write what the reports are read from, as well\n"
	"  --set KEY=VALUE     a setting, as of the plugin: scxray-vmm --plugin-settings lists them\n"
	"  --json-lines        say what happens on standard output, one JSON object a line\n"
	"  -h, --help          this text\n"
	"\n"
	"The names of the files that were written are printed at the end. Exit status: 0 all was\n"
	"written, 1 not, 2 the command line makes no sense.\n";

const struct option cli_watch_options[] = {
	TARGET_WHICH,
	TARGET_FILES,
	TARGET_SETTING,
	{ 0 },
};

int cli_watch(int argc, char **argv)
{
	static struct target_texts texts;
	struct session_options options = { .progress = true };
	struct session session;
	int status;

	if (target_options(&options, &texts, argc, argv, ":o:", cli_watch_options, NULL))
		return CLI_USAGE;
	if (target_argument(&options, argc, argv, optind))
		return CLI_USAGE;
	status = session_open(&session, &options);
	if (!status) {
		session_wait(&session, -1);
		status = session_finish(&session);
	}
	session_close(&session);
	return status;
}
