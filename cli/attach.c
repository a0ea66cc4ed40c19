/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach.c - scxray attach: one report of a QEMU guest, now
 *
 * The watcher writes files under names of its own: into a folder beside the one that is asked for,
 * from where the one file moves to its place.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/output.h"
#include "cli/target_options.h"

const char cli_attach_help[] =
	"usage: scxray attach [OPTION...] [TARGET]\n"
	"\n"
	"Writes one report of a guest that QEMU runs, as it is now: it is stopped for\n"
	"some milliseconds, and goes on. TARGET is as of scxray watch.\n"
	"\n"
	"  --pid N             the QEMU of that process id\n"
	"  --domain NAME       the QEMU of that libvirt domain\n"
	"  -o, --output FILE   write to FILE, complete or not at all; JSON where it ends in .json;\n"
	"                      default: text on standard output\n"
	"  --set KEY=VALUE     a setting, as of the plugin: scxray-vmm --plugin-settings lists them\n"
	"  -h, --help          this text\n"
	"\n"
	"Exit status: 0 the report was written, 1 it was not, 2 the command line makes no sense.\n";

const struct option cli_attach_options[] = {
	TARGET_WHICH,
	TARGET_SETTING,
	{ "output", required_argument, NULL, 'o' },
	{ 0 },
};

/* A folder of our own beside `file`, or in the place for temporary files. */
static int make_folder(const char *file, char *folder, size_t size)
{
	const char *tmp = getenv("TMPDIR"), *slash = file ? strrchr(file, '/') : NULL;
	int nr;

	if (!file)
		nr = snprintf(folder, size, "%s/scxray.XXXXXX", tmp && *tmp ? tmp : "/tmp");
	else
		nr = snprintf(folder, size, "%.*s.scxray.XXXXXX",
			      slash ? (int)(slash + 1 - file) : 0, file);
	if (nr < 0 || (size_t)nr >= size)
		return cli_fail("%.100s: too long", file ? file : tmp);
	if (!mkdtemp(folder))
		return cli_fail("%s: no folder can be made there: %s", folder, strerror(errno));
	return CLI_OK;
}

static int copy_out(const char *path)
{
	FILE *from = fopen(path, "re");
	char bytes[65536];
	size_t nr;

	if (!from)
		return cli_fail("%s: %s", path, strerror(errno));
	while ((nr = fread(bytes, 1, sizeof(bytes), from)) > 0)
		if (fwrite(bytes, 1, nr, stdout) != nr)
			break;
	fclose(from);
	return output_flush_stdout();
}

/* The watcher's one file goes to where it is wanted. */
static int deliver(const char *path, const char *file)
{
	if (!path)
		return cli_fail("no report was written");
	if (!file)
		return copy_out(path);
	if (rename(path, file))
		return cli_fail("%s: %s", file, strerror(errno));
	return CLI_OK;
}

static int take(struct session *session, const char *file)
{
	struct scxray_plugin_result result;
	enum scxray_plugin_status status;

	status = watcher_trigger(session->watcher, SCXRAY_MOMENT_LATE, "on demand");
	watcher_finish(session->watcher, &result);
	if (status < 0)
		return cli_fail("%s",
				result.message ? result.message : "no snapshot could be taken");
	return deliver(result.nr_paths ? result.paths[0] : NULL, file);
}

static int attach(struct session_options *options, const char *file)
{
	static char output[4096], folder[4000];
	struct session session;
	char path[4300];
	int status;

	if (make_folder(file, folder, sizeof(folder)))
		return CLI_FAILED;
	snprintf(output, sizeof(output), "output=%s", folder);
	status = session_set(options, output);
	if (!status)
		status = session_open(&session, options);
	else
		session = (struct session){ .signal_fd = -1 };
	if (!status)
		status = take(&session, file);
	session_close(&session);
	/* what was not delivered: a name that the watcher gives, and no other */
	snprintf(path, sizeof(path), "%s/vm.scxray.txt", folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/vm.scxray.json", folder);
	unlink(path);
	rmdir(folder);
	return status;
}

static bool is_json(const char *file)
{
	size_t len = file ? strlen(file) : 0;

	return len > 5 && !strcmp(file + len - 5, ".json");
}

int cli_attach(int argc, char **argv)
{
	static struct target_texts texts;
	struct session_options options = { .quiet = true };
	const char *file = NULL;

	if (target_options(&options, &texts, argc, argv, ":o:", cli_attach_options, &file))
		return CLI_USAGE;
	if (target_argument(&options, argc, argv, optind) ||
	    session_set(&options, "triggers=none") || session_set(&options, "sample_ms=0") ||
	    session_set(&options, is_json(file) ? "formats=json" : "formats=text"))
		return CLI_USAGE;
	return attach(&options, file);
}
