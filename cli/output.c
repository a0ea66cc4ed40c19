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
#include "pager.h"

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
	case ENOMEM:
		return "free some memory, or leave groups out with --only";
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
 * program wait: they take effect when it has been renamed or removed.  A file that grows
 * too large is an error of write().
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
	out->too_large = signal(SIGXFSZ, SIG_IGN);
	out->held = true;
}

static void release(struct output *out)
{
	if (out->held) {
		signal(SIGXFSZ, out->too_large);
		sigprocmask(SIG_SETMASK, &out->signals, NULL);
	}
	free(out->path);
	*out = (struct output){ 0 };
}

/* Pipes, terminals, devices: as they are. */
static int open_in_place(struct output *out)
{
	int fd = open(out->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return errno;
	out->stream = fdopen(fd, "w");
	if (!out->stream) {
		int error = errno;

		close(fd);
		return error;
	}
	setvbuf(out->stream, NULL, _IOFBF, STREAM_BUFFER);
	return 0;
}

/* `mode`: of a new file; 0: as the umask has it. */
static int open_path(struct output *out, const char *path, mode_t mode)
{
	struct stat st;
	bool exists = !stat(path, &st);
	int error;

	/* A symbolic link stays: what it points to is replaced. */
	out->path = exists ? realpath(path, NULL) : strdup(path);
	if (!out->path)
		return errno;
	if (exists && S_ISDIR(st.st_mode))
		return EISDIR;
	if (exists && !S_ISREG(st.st_mode))
		return open_in_place(out);
	hold_signals(out);
	/* a file that is written anew keeps its permissions */
	error = scxray_file_create(&out->file, out->path, exists ? st.st_mode & 0777 : mode);
	out->stream = out->file.stream;
	return error;
}

static int open_with(struct output *out, const char *path, mode_t mode)
{
	int error;

	*out = (struct output){ 0 };
	if (!path || !strcmp(path, "-")) {
		out->stream = stdout;
		return CLI_OK;
	}
	error = open_path(out, path, mode);
	if (!error)
		return CLI_OK;
	release(out);
	return output_failed(path, error);
}

int output_open(struct output *out, const char *path)
{
	return open_with(out, path, 0);
}

int output_open_private(struct output *out, const char *path)
{
	return open_with(out, path, 0600);
}

int output_open_paged(struct output *out, const char *path)
{
	int status = open_with(out, path, 0);

	if (status || out->stream != stdout)
		return status;
	out->pager = pager_command();
	if (out->pager)
		out->stream = open_memstream(&out->text, &out->text_size);
	return out->stream ? CLI_OK : output_failed(path, errno);
}

static int commit_paged(struct output *out)
{
	int status = fclose(out->stream) ? output_failed(NULL, errno)
					 : pager_show(out->pager, out->text, out->text_size);

	if (status < 0) {
		fwrite(out->text, 1, out->text_size, stdout);
		status = output_flush_stdout();
	}
	free(out->text);
	return status;
}

static int close_in_place(struct output *out)
{
	int error = 0;

	errno = 0;
	if (fflush(out->stream) || ferror(out->stream))
		error = errno ? errno : EIO;
	if (fclose(out->stream) && !error)
		error = errno;
	return error;
}

int output_commit(struct output *out)
{
	int error, status = CLI_OK;

	if (out->stream == stdout)
		return output_flush_stdout();
	if (out->pager)
		return commit_paged(out);
	error = out->file.stream ? scxray_file_commit(&out->file) : close_in_place(out);
	if (error)
		status = output_failed(out->path, error);
	release(out);
	return status;
}

void output_abandon(struct output *out)
{
	if (out->file.stream)
		scxray_file_abandon(&out->file);
	else if (out->stream && out->stream != stdout)
		fclose(out->stream);
	free(out->text);
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
