/* SPDX-License-Identifier: BSD-2-Clause */
/* diagnosis.c - the diagnosis as text: a paragraph for each finding */
#include <base/array.h>

#include "render/text/diagnosis.h"

#include "render/diagnosis/finding.h"
#include "render/out/cells.h"

#define MAX_MINOR 2 /* pieces of evidence and notes, in a summary */

/* "CPU 1" and "DSQ 0x200" are not parted at a line's end. */
static void keep_together(struct strbuf *sb)
{
	static const char *const words[] = { "CPU ", "CPUs ", "DSQ ", "position " };

	for (size_t i = 0; i < sb->len; i++) {
		for (size_t w = 0; w < ARRAY_SIZE(words); w++) {
			size_t len = strlen(words[w]);

			if (sb->len - i > len && !strncmp(sb->data + i, words[w], len))
				sb->data[i + len - 1] = NO_BREAK;
		}
	}
}

void text_diagnosis(struct text *t, const struct diagnosis *dg)
{
	static const enum style styles[] = {
		[SEVERITY_ERROR] = STYLE_RED,
		[SEVERITY_WARNING] = STYLE_YELLOW,
		[SEVERITY_INFO] = STYLE_GREEN,
	};

	size_t minor = 0;
	struct strbuf sb;

	if (!dg->nr || dg->error)
		return;
	strbuf_init(&sb, NULL);
	text_section(t);
	text_styled(t, STYLE_BOLD, "diagnosis:");
	strbuf_putc(&t->out, '\n');
	for (size_t i = 0; i < dg->nr; i++) {
		const struct finding *f = &dg->findings[i];
		const char *rank = finding_rank_name(f->rank);

		if (f->rank >= RANK_EVIDENCE && t->summary && minor++ >= MAX_MINOR)
			continue;
		strbuf_puts(&t->out, "  ");
		text_styled(t, styles[f->severity], rank);
		strbuf_fill(&t->out, ' ', 9 - strlen(rank));
		sb.len = 0;
		strbuf_puts(&sb, dg->texts.data + f->text);
		keep_together(&sb);
		text_wrap(t, strbuf_str(&sb), 11, 11);
	}
	if (minor > MAX_MINOR)
		strbuf_printf(&t->out, "  and %zu more\n", minor - MAX_MINOR);
	strbuf_deinit(&sb);
}
