/* SPDX-License-Identifier: BSD-2-Clause */
#include "render/diagnosis/diagnosis.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include "render/out/join.h"
#include "render/out/json.h"
#include "render/out/cells.h"

struct strbuf *find(struct diagnosis *dg, enum severity severity, const char *kind)
{
	if (dg->nr)
		strbuf_putc(&dg->texts, '\0');
	if (dg->nr == dg->max) {
		size_t max = dg->max ? dg->max * 2 : 32;
		struct finding *more = realloc(dg->findings, max * sizeof(*more));

		if (!more) {
			dg->error = ENOMEM;
			return &dg->texts;
		}
		dg->findings = more;
		dg->max = max;
	}
	dg->findings[dg->nr++] = (struct finding){
		.severity = severity,
		.kind = kind,
		.text = dg->texts.len,
		.evidence = dg->paths.len,
	};
	if (dg->racy)
		strbuf_puts(&dg->texts, "Racy: ");
	if (dg->half_way)
		strbuf_puts(&dg->texts, "Half-way: ");
	return &dg->texts;
}

void evidence(struct diagnosis *dg, const struct scxray_report *r, const char *fmt, ...)
{
	char path[160];
	va_list ap;

	if (!dg->nr || dg->error)
		return;
	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	if (dg->doc->dual)
		strbuf_puts(&dg->paths, r == dg->doc->early ? "early." : "late.");
	else if (is_degraded(dg->doc))
		strbuf_puts(&dg->paths, "racy.");
	strbuf_puts(&dg->paths, path);
	strbuf_putc(&dg->paths, '\0');
	dg->findings[dg->nr - 1].nr_evidence++;
}

void document_evidence(struct diagnosis *dg, const char *path)
{
	if (!dg->nr || dg->error)
		return;
	strbuf_puts(&dg->paths, path);
	strbuf_putc(&dg->paths, '\0');
	dg->findings[dg->nr - 1].nr_evidence++;
}

bool is_stalled(const struct scxray_report *r, const struct scxray_task *t, bool half)
{
	uint64_t age, timeout = timeout_jiffies(r, &t->sched_kva);

	if (t->runnable_cpu < 0 || !num_get(&t->runnable_age_jiffies, &age) || (int64_t)age < 0 ||
	    !timeout)
		return false;
	return half ? age >= timeout / 2 : age > timeout;
}

/* Errors, then warnings, then the rest; within each as they were found. */
static void sort_by_severity(struct diagnosis *dg)
{
	for (size_t i = 1; i < dg->nr; i++) {
		struct finding f = dg->findings[i];
		size_t at = i;

		for (; at && dg->findings[at - 1].severity > f.severity; at--)
			dg->findings[at] = dg->findings[at - 1];
		dg->findings[at] = f;
	}
}

void diagnosis_make(struct diagnosis *dg, const struct scxray_document *doc,
		    const struct diff *diff)
{
	memset(dg, 0, sizeof(*dg));
	dg->doc = doc;
	dg->diff = diff;
	strbuf_init(&dg->texts, NULL);
	strbuf_init(&dg->paths, NULL);
	find_freezes(dg);
	dg->racy = is_racy(doc->late);
	find_exits(dg);
	find_stalled_tasks(dg);
	find_maps(dg);
	find_queues(dg);
	find_cpus(dg);
	find_bypass(dg);
	strbuf_putc(&dg->texts, '\0');
	if (dg->texts.error || dg->paths.error)
		dg->error = ENOMEM;
	sort_by_severity(dg);
}

void diagnosis_deinit(struct diagnosis *dg)
{
	free(dg->findings);
	strbuf_deinit(&dg->texts);
	strbuf_deinit(&dg->paths);
}

static const char *const severities[] = {
	[SEVERITY_ERROR] = "error",
	[SEVERITY_WARNING] = "warning",
	[SEVERITY_INFO] = "info",
};

void json_diagnosis(struct json *j, const struct diagnosis *dg)
{
	if (!dg->nr || dg->error)
		return;
	json_key(j, "diagnosis");
	json_array(j);
	for (size_t i = 0; i < dg->nr; i++) {
		const struct finding *f = &dg->findings[i];
		const char *path = dg->paths.data + f->evidence;

		json_object(j);
		json_key(j, "severity");
		json_string(j, severities[f->severity]);
		json_key(j, "kind");
		json_string(j, f->kind);
		json_key(j, "text");
		json_string(j, dg->texts.data + f->text);
		json_key(j, "evidence");
		json_array(j);
		for (size_t e = 0; e < f->nr_evidence; e++, path += strlen(path) + 1)
			json_string(j, path);
		json_array_end(j);
		json_object_end(j);
	}
	json_array_end(j);
}

/* "CPU 1" and "DSQ 0x200" are not parted at a line's end. */
static void keep_together(struct strbuf *sb)
{
	static const char *const words[] = { "CPU ", "CPUs ", "DSQ ", "position " };

	for (size_t i = 0; i < sb->len; i++) {
		for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++) {
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

	struct strbuf sb;

	if (!dg->nr || dg->error)
		return;
	strbuf_init(&sb, NULL);
	text_section(t);
	text_styled(t, STYLE_BOLD, "diagnosis:");
	strbuf_putc(&t->out, '\n');
	for (size_t i = 0; i < dg->nr; i++) {
		const struct finding *f = &dg->findings[i];
		const char *severity = severities[f->severity];

		strbuf_puts(&t->out, "  ");
		text_styled(t, styles[f->severity], severity);
		strbuf_fill(&t->out, ' ', 9 - strlen(severity));
		sb.len = 0;
		strbuf_puts(&sb, dg->texts.data + f->text);
		keep_together(&sb);
		text_wrap(t, strbuf_str(&sb), 11, 11);
	}
	strbuf_deinit(&sb);
}
