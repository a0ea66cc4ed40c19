/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file.h - a file that appears complete or not at all
 *
 *	error = scxray_file_create(&file, "a.txt", 0);
 *	fprintf(file.stream, ...);
 *	error = scxray_file_commit(&file);	or scxray_file_abandon(&file)
 *
 * It is written in the same directory under another name, and renamed when every byte
 * is on disk; a file that was there is replaced in one step.  No thread may share
 * a `struct scxray_file`; several may write files at the same time.
 */
#ifndef SCXRAY_FILE_H
#define SCXRAY_FILE_H

#include <stdio.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct scxray_file {
	FILE *stream;	 /* to write to */
	char *path;	 /* where it will be */
	char *temporary; /* where it is until then: "PATH.tmp.PID", or that followed by a number */
};

/*
 * `mode`: permission bits of the new file; 0: what the umask leaves.  `path` is copied.
 * 0, or an errno, and then no file is left.
 */
int scxray_file_create(struct scxray_file *file, const char *path, mode_t mode);

/*
 * Ends the file.  0: it is at `path`, on disk.  An errno: it is not, and what was
 * written is removed.  Frees what *file holds in either case.
 */
int scxray_file_commit(struct scxray_file *file);

/* Removes what was written, and frees what *file holds.  Allowed on a zeroed one. */
void scxray_file_abandon(struct scxray_file *file);

#ifdef __cplusplus
}
#endif
#endif
