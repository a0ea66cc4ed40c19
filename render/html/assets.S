/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * assets.S - the page's script and style as the Makefile has made them (-I names their folder)
 */
	.macro asset name, file, hash
	.section .rodata
	.global	\name, \name\()_size, \name\()_sha256
	.hidden	\name, \name\()_size, \name\()_sha256
	.type	\name, @object
	.type	\name\()_size, @object
	.type	\name\()_sha256, @object
\name:
	.incbin	"\file"
1:
	.size	\name, 1b - \name
\name\()_sha256:
	.incbin	"\hash"
	.byte	0
	.balign	8
\name\()_size:
	.quad	1b - \name
	.endm

	asset	html_script, page.js, page.js.sha256
	asset	html_style, page.css, page.css.sha256

	.section .note.GNU-stack, "", @progbits
