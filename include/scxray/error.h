/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * error.h - errors as values
 *
 * A call that can fail takes a `struct scxray_error *` as its last parameter
 * and returns 0 or -1 (or a pointer or NULL).  On failure the struct is filled,
 * on success it is left alone.  The caller owns the struct; nothing in it has
 * to be freed.  Errors are for what stops the work; a value that could not be
 * read is not an error: it is a `struct scxray_num` that says so (atoms.h).
 */
#ifndef SCXRAY_ERROR_H
#define SCXRAY_ERROR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum scxray_code {
	SCXRAY_OK = 0,
	SCXRAY_ERR_IO,	    /* a system call on a file of the host failed */
	SCXRAY_ERR_FORMAT,  /* the file is not what it claims to be */
	SCXRAY_ERR_GUEST,   /* the guest's memory does not hold what is needed */
	SCXRAY_ERR_UNREAD,  /* guest address `addr` could not be read */
	SCXRAY_ERR_NOMEM,   /* out of memory, or a budget is used up */
	SCXRAY_ERR_INVALID, /* the caller's parameters make no sense */
};

struct scxray_error {
	enum scxray_code code;
	uint64_t addr;	/* guest address, where one is the cause; else 0 */
	char text[256]; /* one line: what, where, what to do; no newline */
};

/*
 * Fills *err (which may be NULL) and returns -1, so that a failing function
 * can end in `return scxray_fail(err, ...)`.  Control characters in the
 * formatted text are replaced by '?': the text may quote a file's bytes.
 */
int scxray_fail(struct scxray_error *err, enum scxray_code code, uint64_t addr, const char *fmt,
		...) __attribute__((format(printf, 4, 5)));

#ifdef __cplusplus
}
#endif
#endif
