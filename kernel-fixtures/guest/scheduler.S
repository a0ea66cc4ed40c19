/* SPDX-License-Identifier: BSD-2-Clause */
/* The BPF object as bytes of this program; the initramfs then holds one file only. */
	.section .rodata
	.balign 16
	.global scxfix_object, scxfix_object_end
scxfix_object:
	.incbin SCXFIX_OBJECT
scxfix_object_end:
	.section .note.GNU-stack, "", @progbits
