/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * assets.h - the page's script and style, and what the Content-Security-Policy calls them
 *
 * The Makefile joins the parts of the script (`html_js`) and computes the hashes.
 */
#ifndef RENDER_HTML_ASSETS_H
#define RENDER_HTML_ASSETS_H

#include <stddef.h>

extern const char html_script[], html_style[];
extern const size_t html_script_size, html_style_size;
/* SHA-256 in base64, NUL-terminated */
extern const char html_script_sha256[], html_style_sha256[];

#endif
