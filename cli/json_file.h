/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json_file.h - a file that may be a report's JSON
 */
#ifndef CLI_JSON_FILE_H
#define CLI_JSON_FILE_H

#include <stddef.h>

/*
 * The file's bytes if it begins as JSON does; the caller frees them.  *json is NULL if it is an
 * image, or not there: whoever reads images has the words for that.  CLI_OK, or CLI_FAILED with
 * the reason on stderr.
 */
int json_file_read(const char *path, char **json, size_t *nr);

#endif
