/* SPDX-License-Identifier: BSD-2-Clause */
/* finding.c - builds findings: their sentences and paths of evidence */
#include "render/diagnosis/finding.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include "render/out/join.h"

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
	uint64_t age, timeout = sched_timeout_jiffies(r, &t->sched_kva);

	if (t->runnable_cpu < 0 || !num_get(&t->runnable_age_jiffies, &age) || (int64_t)age < 0 ||
	    !timeout)
		return false;
	return half ? age >= timeout / 2 : age > timeout;
}

const char *severity_name(enum severity severity)
{
	static const char *const names[] = {
		[SEVERITY_ERROR] = "error",
		[SEVERITY_WARNING] = "warning",
		[SEVERITY_INFO] = "info",
	};

	return names[severity];
}
