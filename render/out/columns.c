/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * columns.c - the cells of usual members: numbers, flags, strings
 */
#include <scxray/atoms.h>
#include <scxray/host.h>
#include <scxray/report_struct.h>

#include "render/out/join.h"
#include "render/out/table.h"

enum style column_num(struct strbuf *sb, const struct text *t, const void *at)
{
	(void)t;
	cell_num(sb, at);
	return STYLE_PLAIN;
}

enum style column_signed(struct strbuf *sb, const struct text *t, const void *at)
{
	(void)t;
	cell_signed(sb, at);
	return STYLE_PLAIN;
}

enum style column_hex(struct strbuf *sb, const struct text *t, const void *at)
{
	(void)t;
	cell_hex(sb, at);
	return STYLE_PLAIN;
}

enum style column_ns(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct scxray_num *num = at;

	if (num->state != SCXRAY_PRESENT)
		return column_num(sb, t, at);
	cell_ns(sb, num->value);
	return STYLE_PLAIN;
}

enum style column_slice(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct scxray_num *num = at;

	if (num->state != SCXRAY_PRESENT)
		return column_num(sb, t, at);
	cell_slice(sb, num);
	return STYLE_PLAIN;
}

enum style column_nonzero(struct strbuf *sb, const struct text *t, const void *at)
{
	return num_is(at, 0) ? column_none(sb) : column_num(sb, t, at);
}

enum style column_flag(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct scxray_num *num = at;

	if (num->state != SCXRAY_PRESENT)
		return column_num(sb, t, at);
	strbuf_puts(sb, num->value ? "yes" : "-");
	return STYLE_PLAIN;
}

enum style column_cpu(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct scxray_num *num = at;

	return num->state == SCXRAY_PRESENT && num_signed(num) < 0 ? column_none(sb)
								   : column_num(sb, t, at);
}

enum style column_u32(struct strbuf *sb, const struct text *t, const void *at)
{
	(void)t;
	strbuf_u64(sb, *(const uint32_t *)at);
	return STYLE_PLAIN;
}

enum style column_u64(struct strbuf *sb, const struct text *t, const void *at)
{
	(void)t;
	strbuf_u64(sb, *(const uint64_t *)at);
	return STYLE_PLAIN;
}

enum style column_string(struct strbuf *sb, const struct text *t, const void *at)
{
	(void)t;
	cell_string(sb, *(const char *const *)at);
	return STYLE_PLAIN;
}

enum style column_cpus(struct strbuf *sb, const struct text *t, const void *at)
{
	(void)t;
	cell_cpus(sb, at);
	return STYLE_PLAIN;
}
