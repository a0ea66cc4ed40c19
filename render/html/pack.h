/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pack.h - a stream whose bytes arrive as gzip in base64: how a report sits in its page
 *
 * gzip since browsers unpack it (DecompressionStream), base64 since its alphabet can't end a
 * script element, whatever the guest's text holds.
 */
#ifndef RENDER_HTML_PACK_H
#define RENDER_HTML_PACK_H

#include <stdio.h>

/*
 * A stream that packs what is written to it into `out`, which the caller keeps.  fclose() writes
 * the rest; it returns EOF with errno where `out` has failed.  NULL with errno: out of memory.
 */
FILE *pack_open(FILE *out);

#endif
