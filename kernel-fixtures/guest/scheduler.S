/* SPDX-License-Identifier: BSD-2-Clause */
/* The BPF objects as bytes of this program; the initramfs then holds one file only. */
	.section .rodata

	.macro object name, file
	.balign 16
	.global \name, \name\()_end
\name:
	.incbin "\file"
\name\()_end:
	.endm

	object scxfix_object, SCXFIX_OBJECT
	object scxfix_arena_object, SCXFIX_ARENA
	object scxsub_cpu_object, SCXSUB_cpu
	object scxsub_cid_object, SCXSUB_cid

	.section .note.GNU-stack, "", @progbits
