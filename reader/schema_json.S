/* SPDX-License-Identifier: BSD-2-Clause */
/* schema_json.S - docs/report.schema.json, as a part of the program */
	.section .rodata
	.global schema_json, schema_json_size
schema_json:
	.incbin "docs/report.schema.json"
1:
	.balign 8
schema_json_size:
	.quad 1b - schema_json
	.section .note.GNU-stack, "", @progbits
