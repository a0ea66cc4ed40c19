/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * output.c - where output goes: complete files or none, terminals, pipes
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "output.h"

#define STREAM_BUFFER (256 * 1024)

/* What to do about an error, for the messages. */
static const char *advice(int error)
{
	switch (error) {
	case ENOSPC:
	case EDQUOT:
		return "make room, or choose another folder with -o";
	case EACCES:
	case EPERM:
	case EROFS:
		return "choose a folder that you may write to with -o";
	case ENOENT:
	case ENOTDIR:
		return "make the folder first, or choose another with -o";
	case EISDIR:
		return "give the name of a file, not of a folder";
	default:
		return "choose another place with -o";
	}
}

int output_failed(const char *path, int error)
{
	if (!path && error == EPIPE)
		return CLI_FAILED;
	return cli_fail("cannot write: %s: %s; %s", path ? path : "standard output",
			strerror(error ? error : EIO), advice(error));
}

/*
 * While a temporary file exists, the signals by which users and shells end a
 * program wait: they take effect when it has been renamed or removed.
 */
static void hold_signals(struct output *out)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigprocmask(SIG_BLOCK, &set, &out->signals);
}

static void release(struct output *out)
{
	if (out->temporary)
		sigprocmask(SIG_SETMASK, &out->signals, NULL);
	free(out->temporary);
	free(out->path);
	*out = (struct output){ 0 };
}

static int open_temporary(struct output *out, mode_t mode)
{
	char *name;
	int fd;

	if (asprintf(&name, "%s.tmp.%ld", out->path, (long)getpid()) < 0)
		return -1;
	hold_signals(out);
	out->temporary = name;
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0) {
		int error = errno;

		sigprocmask(SIG_SETMASK, &out->signals, NULL);
		free(name);
		out->temporary = NULL;
		errno = error;
		return -1;
	}
	/* A file that is written anew keeps its permissions; failing that, the new one's do. */
	if (mode && fchmod(fd, mode & 0777))
		errno = 0;
	return fd;
}

static int open_path(struct output *out, const char *path)
{
	struct stat st;
	bool exists = !stat(path, &st);

	/* A symbolic link stays: what it points to is replaced. */
	out->path = exists ? realpath(path, NULL) : strdup(path);
	if (!out->path)
		return -1;
	if (exists && S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return -1;
	}
	if (exists && !S_ISREG(st.st_mode))
		return open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	return open_temporary(out, exists ? st.st_mode : 0);
}

int output_open(struct output *out, const char *path)
{
	int fd, error;

	*out = (struct output){ 0 };
	if (!path || !strcmp(path, "-")) {
		out->stream = stdout;
		return CLI_OK;
	}
	fd = open_path(out, path);
	if (fd >= 0) {
		out->stream = fdopen(fd, "w");
		if (out->stream) {
			setvbuf(out->stream, NULL, _IOFBF, STREAM_BUFFER);
			return CLI_OK;
		}
	}
	error = errno;
	if (fd >= 0)
		close(fd);
	if (out->temporary)
		unlink(out->temporary);
	release(out);
	return output_failed(path, error);
}

/* The rename itself has to survive a power cut, too; where it can't be asked for, so be it. */
static void sync_folder(const char *path)
{
	char *folder = strdup(path);
	char *slash = folder ? strrchr(folder, '/') : NULL;
	int fd;

	if (!folder)
		return;
	if (slash)
		slash[slash == folder] = '\0';
	fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(folder);
}

int output_commit(struct output *out)
{
	int error = 0, status = CLI_OK;

	if (out->stream == stdout)
		return output_flush_stdout();
	errno = 0;
	if (fflush(out->stream) || ferror(out->stream))
		error = errno ? errno : EIO;
	if (!error && out->temporary && fsync(fileno(out->stream)))
		error = errno;
	if (fclose(out->stream) && !error)
		error = errno;
	if (out->temporary) {
		if (!error && rename(out->temporary, out->path))
			error = errno;
		if (error)
			unlink(out->temporary);
		else
			sync_folder(out->path);
	}
	if (error)
		status = output_failed(out->path, error);
	release(out);
	return status;
}

void output_abandon(struct output *out)
{
	if (out->stream && out->stream != stdout) {
		fclose(out->stream);
		if (out->temporary)
			unlink(out->temporary);
	}
	release(out);
}

int output_flush_stdout(void)
{
	errno = 0;
	if (fflush(stdout) || ferror(stdout))
		return output_failed(NULL, errno);
	return CLI_OK;
}

bool output_same_file(const char *a, const char *b)
{
	struct stat sa, sb;

	return a && b && !stat(a, &sa) && !stat(b, &sb) && sa.st_dev == sb.st_dev &&
	       sa.st_ino == sb.st_ino;
}

static bool to_terminal(const char *path)
{
	return (!path || !strcmp(path, "-")) && isatty(STDOUT_FILENO);
}

bool output_wants_color(enum output_color choice, const char *path)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (choice != OUTPUT_COLOR_AUTO)
		return choice == OUTPUT_COLOR_ALWAYS;
	return to_terminal(path) && !(no_color && *no_color) && term && *term &&
	       strcmp(term, "dumb");
}

unsigned output_width(const char *path)
{
	struct winsize size;

	if (to_terminal(path) && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;
	return CLI_PIPE_WIDTH;
}
