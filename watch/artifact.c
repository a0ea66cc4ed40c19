/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * artifact.c - the files of a run, and how they come onto the disk
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <scxray/file.h>

#include "artifact.h"

/* What a message quotes of a path: its end, which tells most. */
#define MAX_QUOTED 150

struct artifacts {
	char *folder; /* absolute */
	char *name;
	char **paths;
	size_t nr_paths;
};

static char *path_of(const struct artifacts *a, const char *file)
{
	const char *slash = a->folder[1] ? "/" : "";
	char *path;

	return asprintf(&path, "%s%s%s", a->folder, slash, file) < 0 ? NULL : path;
}

char *artifact_path(const struct artifacts *artifacts, enum artifact_kind kind, unsigned number,
		    enum artifact_part part)
{
	char *file = artifact_file_name(artifacts->name, kind, number, part);
	char *path;

	if (!file)
		return NULL;
	path = path_of(artifacts, file);
	free(file);
	return path;
}

/* ---- where they go ------------------------------------------------------------ */

static const char *quoted(const char *path)
{
	size_t len = strlen(path);

	return path + (len > MAX_QUOTED ? len - MAX_QUOTED : 0);
}

static int no_memory(struct scxray_error *err)
{
	return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
}

/* Folder and name out of a log's path: "/t/a.log" is /t and "a". */
static int split_log(struct artifacts *a, const char *log, char **folder)
{
	const char *slash = strrchr(log, '/');
	const char *base = slash ? slash + 1 : log;
	size_t len = strlen(base);
	char *name;

	if (len > 4 && !strcmp(base + len - 4, ".log"))
		len -= 4;
	name = strndup(base, len);
	*folder = slash ? strndup(log, slash == log ? 1 : (size_t)(slash - log)) : strdup(".");
	if (name)
		a->name = artifact_log_name(name);
	free(name);
	return *folder && a->name ? 0 : -1;
}

static int settle(struct artifacts *a, const struct settings *settings, struct scxray_error *err)
{
	char *folder = NULL;
	int failed;

	if (*settings->log) {
		failed = split_log(a, settings->log, &folder);
	} else {
		folder = strdup(*settings->output ? settings->output : ".");
		a->name = artifact_safe_name(settings->name);
		failed = !folder || !a->name;
	}
	if (failed) {
		free(folder);
		return no_memory(err);
	}
	/* the host may go elsewhere with chdir(2) */
	a->folder = realpath(folder, NULL);
	if (!a->folder)
		failed = scxray_fail(err, SCXRAY_ERR_IO, 0,
				     "no folder for reports: %s: %s; make it first, or set %s",
				     quoted(folder), strerror(errno),
				     *settings->log ? "log" : "output");
	free(folder);
	return failed;
}

/* Better told now than after the failure.  There may be room again by then, though. */
static int try_folder(const struct artifacts *a, const struct settings *settings,
		      struct scxray_error *err)
{
	char *path = artifact_path(a, ARTIFACT_REPORT, 1, ARTIFACT_TEXT);
	struct scxray_file file;
	int error;

	if (!path)
		return no_memory(err);
	error = scxray_file_create(&file, path, 0);
	free(path);
	if (!error)
		scxray_file_abandon(&file);
	if (!error || error == ENOSPC || error == EDQUOT)
		return 0;
	return scxray_fail(err, SCXRAY_ERR_IO, 0,
			   "the folder for reports can't be written to: %s: %s; set %s to another",
			   quoted(a->folder), strerror(error), *settings->log ? "log" : "output");
}

static int remove_stale(const struct artifacts *a, struct scxray_error *err)
{
	DIR *dir = opendir(a->folder);
	struct dirent *entry;
	int failed = 0;

	if (!dir)
		return scxray_fail(err, SCXRAY_ERR_IO, 0,
				   "the folder for reports can't be read: %s: %s",
				   quoted(a->folder), strerror(errno));
	while (!failed && (entry = readdir(dir)))
		if (artifact_is_ours(entry->d_name, a->name) &&
		    unlinkat(dirfd(dir), entry->d_name, 0) && errno != ENOENT)
			failed = scxray_fail(err, SCXRAY_ERR_IO, 0,
					     "an earlier run's file can't be removed: "
					     "%.60s/%.100s: %s; remove it, or choose another name",
					     a->folder, entry->d_name, strerror(errno));
	closedir(dir);
	return failed;
}

struct artifacts *artifacts_create(const struct settings *settings, struct scxray_error *err)
{
	struct artifacts *a = calloc(1, sizeof(*a));

	if (!a) {
		no_memory(err);
		return NULL;
	}
	if (settle(a, settings, err) || remove_stale(a, err) || try_folder(a, settings, err)) {
		artifacts_destroy(a);
		return NULL;
	}
	return a;
}

void artifacts_destroy(struct artifacts *artifacts)
{
	if (!artifacts)
		return;
	for (size_t i = 0; i < artifacts->nr_paths; i++)
		free(artifacts->paths[i]);
	free(artifacts->paths);
	free(artifacts->folder);
	free(artifacts->name);
	free(artifacts);
}

/* ---- writing ------------------------------------------------------------------- */

static int remember(struct artifacts *a, char *path, struct scxray_error *err)
{
	char **paths = realloc(a->paths, (a->nr_paths + 1) * sizeof(*paths));

	if (!paths) {
		free(path);
		return no_memory(err);
	}
	a->paths = paths;
	a->paths[a->nr_paths++] = path;
	return 0;
}

static const char *advice(int error)
{
	switch (error) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return "make room";
	case ENOENT:
	case ENOTDIR:
		return "its folder has gone";
	default:
		return "choose another folder";
	}
}

static int failed_to_write(const char *path, int error, struct scxray_error *err)
{
	return scxray_fail(err, SCXRAY_ERR_IO, 0, "cannot write: %s: %s; %s", quoted(path),
			   strerror(error), advice(error));
}

static bool is_core(enum artifact_part part)
{
	return part == ARTIFACT_CORE || part == ARTIFACT_EARLY_CORE;
}

int artifact_begin(const struct artifacts *artifacts, enum artifact_kind kind, unsigned number,
		   enum artifact_part part, struct scxray_file *file, struct scxray_error *err)
{
	char *path = artifact_path(artifacts, kind, number, part);
	int error;

	*file = (struct scxray_file){ 0 };
	if (!path)
		return no_memory(err);
	/* a core holds the guest's memory as it was, keys and all */
	error = scxray_file_create(file, path, is_core(part) ? 0600 : 0);
	if (error)
		failed_to_write(path, error, err);
	free(path);
	return error ? -1 : 0;
}

int artifact_end(struct artifacts *artifacts, struct scxray_file *file,
		 const struct scxray_error *why, struct scxray_error *err)
{
	char *path = strdup(file->path);
	int error = 0;

	if (!path || why) {
		scxray_file_abandon(file);
		if (path)
			scxray_fail(err, why->code, 0, "cannot write: %s: %.80s", quoted(path),
				    why->text);
		free(path);
		return path ? -1 : no_memory(err);
	}
	error = scxray_file_commit(file);
	if (!error)
		return remember(artifacts, path, err);
	failed_to_write(path, error, err);
	free(path);
	return -1;
}

int artifact_write(struct artifacts *artifacts, enum artifact_kind kind, unsigned number,
		   enum artifact_part part, artifact_writer *writer, void *arg,
		   struct scxray_error *err)
{
	struct scxray_error why = { 0 };
	struct scxray_file file;

	if (artifact_begin(artifacts, kind, number, part, &file, err))
		return -1;
	return artifact_end(artifacts, &file, writer(arg, file.stream, &why) ? &why : NULL, err);
}

const char *const *artifacts_written(const struct artifacts *artifacts, size_t *nr)
{
	*nr = artifacts->nr_paths;
	return (const char *const *)artifacts->paths;
}
