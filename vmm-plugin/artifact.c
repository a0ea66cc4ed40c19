/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * artifact.c - the files of a run: their names, and how they come onto the disk
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

/* Leaves room for what is put behind it within the 255 bytes of a file's name. */
#define MAX_NAME 180

/* What a message quotes of a path: its end, which tells most. */
#define MAX_QUOTED 150

static const char *const tags[ARTIFACT_NR_KINDS] = {
	[ARTIFACT_REPORT] = "",
	[ARTIFACT_EARLY_ONLY] = ".early-only",
	[ARTIFACT_EARLY_DEGRADED] = ".early-degraded",
};

static const char *const ends[ARTIFACT_NR_PARTS] = {
	[ARTIFACT_TEXT] = ".txt",
	[ARTIFACT_JSON] = ".json",
	[ARTIFACT_CORE] = ".core.zst",
	[ARTIFACT_EARLY_CORE] = ".early.core.zst",
};

struct artifacts {
	char *folder; /* absolute */
	char *name;
	char **paths;
	size_t nr_paths;
};

/* ---- names ------------------------------------------------------------------ */

static bool is_plain(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       strchr("._-+=@,", c);
}

/* FNV-1a: tells names apart that look the same once they are made safe. */
static uint32_t hash_of(const char *text)
{
	uint32_t hash = 2166136261u;

	while (*text)
		hash = (hash ^ (unsigned char)*text++) * 16777619u;
	return hash;
}

/* Names with other bytes than ASCII, and long ones, end in a hash: else two could become one. */
static char *named(const char *name, bool exact)
{
	char safe[MAX_NAME + 1], *result;
	bool hashed = strlen(name) > MAX_NAME;
	size_t len = 0;

	for (; len < MAX_NAME && name[len]; len++) {
		unsigned char c = (unsigned char)name[len];

		safe[len] = exact || (is_plain(c) && (len || c != '.')) ? (char)c : '_';
		hashed |= !exact && c >= 0x80;
	}
	safe[len] = '\0';
	if (!hashed)
		return strdup(len ? safe : "vm");
	return asprintf(&result, "%s-%08x", safe, hash_of(name)) < 0 ? NULL : result;
}

char *artifact_safe_name(const char *name)
{
	return named(name, false);
}

static const char *skip_number(const char *s)
{
	const char *digits = s + 1;

	if (*s != '.' || *digits < '0' || *digits > '9')
		return s;
	while (*digits >= '0' && *digits <= '9')
		digits++;
	return digits;
}

/* What may follow one of the ends: nothing, or what file.h puts there while it is written. */
static bool is_end(const char *s)
{
	const char *behind;

	if (!*s)
		return true;
	if (strncmp(s, ".tmp", 4))
		return false;
	behind = skip_number(s + 4);
	return behind != s + 4 && !*skip_number(behind);
}

bool artifact_is_ours(const char *file, const char *name)
{
	static const char middle[] = ".scxray";
	size_t len = strlen(name);

	if (strncmp(file, name, len) || strncmp(file + len, middle, strlen(middle)))
		return false;
	file += len + strlen(middle);
	for (size_t t = 0; t < ARTIFACT_NR_KINDS; t++) {
		const char *rest = file + strlen(tags[t]);

		if (strncmp(file, tags[t], strlen(tags[t])))
			continue;
		rest = skip_number(rest);
		for (size_t e = 0; e < ARTIFACT_NR_PARTS; e++)
			if (!strncmp(rest, ends[e], strlen(ends[e])) &&
			    is_end(rest + strlen(ends[e])))
				return true;
	}
	return false;
}

static char *path_of(const struct artifacts *a, const char *file)
{
	const char *slash = a->folder[1] ? "/" : "";
	char *path;

	return asprintf(&path, "%s%s%s", a->folder, slash, file) < 0 ? NULL : path;
}

char *artifact_path(const struct artifacts *artifacts, enum artifact_kind kind, unsigned number,
		    enum artifact_part part)
{
	char counted[16] = "", *file, *path;

	if (number > 1)
		snprintf(counted, sizeof(counted), ".%u", number);
	if (asprintf(&file, "%s.scxray%s%s%s", artifacts->name, tags[kind], counted, ends[part]) <
	    0)
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
		a->name = named(name, true);
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

int artifact_write(struct artifacts *artifacts, enum artifact_kind kind, unsigned number,
		   enum artifact_part part, artifact_writer *writer, void *arg,
		   struct scxray_error *err)
{
	char *path = artifact_path(artifacts, kind, number, part);
	struct scxray_error why = { 0 };
	struct scxray_file file;
	int error;

	if (!path)
		return no_memory(err);
	error = scxray_file_create(&file, path, 0);
	if (!error && writer(arg, file.stream, &why)) {
		scxray_file_abandon(&file);
		scxray_fail(err, why.code, 0, "cannot write: %s: %.80s", quoted(path), why.text);
		free(path);
		return -1;
	}
	if (!error)
		error = scxray_file_commit(&file);
	if (error) {
		failed_to_write(path, error, err);
		free(path);
		return -1;
	}
	return remember(artifacts, path, err);
}

const char *const *artifacts_written(const struct artifacts *artifacts, size_t *nr)
{
	*nr = artifacts->nr_paths;
	return (const char *const *)artifacts->paths;
}
