/* SPDX-License-Identifier: BSD-2-Clause */
/* finding.c - builds findings: their sentences and paths of evidence */
#include "render/diagnosis/finding.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include <scxray/host.h>
#include <scxray/report_struct.h>
#include <scxray/task.h>

#include "render/out/join.h"

struct strbuf *finding_begin(struct diagnosis *dg, enum finding_rank rank, enum severity severity,
			     const char *kind)
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
		.rank = rank,
		.severity = severity,
		.kind = kind,
		.text = dg->texts.len,
		.evidence = dg->paths.len,
		.first_task = dg->nr_tasks,
		.dsq = -1,
		.map = -1,
		.cpu = -1,
	};
	if (dg->racy)
		strbuf_puts(&dg->texts, "Racy: ");
	if (dg->half_way)
		strbuf_puts(&dg->texts, "Half-way: ");
	return &dg->texts;
}

struct finding *finding_last(struct diagnosis *dg)
{
	return dg->nr ? &dg->findings[dg->nr - 1] : &dg->none;
}

void finding_infer(struct diagnosis *dg)
{
	finding_last(dg)->inferred = true;
	strbuf_puts(&dg->texts, "Inferred: ");
}

void finding_add_task(struct diagnosis *dg, size_t index)
{
	if (dg->nr_tasks == dg->max_tasks) {
		size_t max = dg->max_tasks ? dg->max_tasks * 2 : 64;
		uint32_t *more = realloc(dg->tasks, max * sizeof(*more));

		if (!more) {
			dg->error = ENOMEM;
			return;
		}
		dg->tasks = more;
		dg->max_tasks = max;
	}
	dg->tasks[dg->nr_tasks++] = (uint32_t)index;
	finding_last(dg)->nr_tasks++;
}

/* Where the task is in JSON; made on first use. */
static size_t task_rank(struct diagnosis *dg, const struct scxray_report *r, size_t index)
{
	uint32_t **rank = &dg->task_rank[r == dg->doc->early];

	if (!*rank) {
		uint32_t *order = tasks_by_age(r);

		*rank = calloc(r->nr_tasks + 1, sizeof(**rank));
		for (size_t i = 0; order && *rank && i < r->nr_tasks; i++)
			(*rank)[order[i]] = (uint32_t)i;
		if (!*rank || (!order && r->nr_tasks))
			dg->error = ENOMEM;
		free(order);
	}
	return *rank && index < r->nr_tasks ? (*rank)[index] : index;
}

void finding_add_path(struct diagnosis *dg, const struct scxray_report *r, const char *fmt, ...)
{
	static const char tasks[] = "task_enrichments[";
	char path[160], *rest;
	va_list ap;

	if (!dg->nr || dg->error)
		return;
	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	strbuf_puts(&dg->paths, r == dg->doc->early ? "early." : "late.");
	rest = path;
	if (!strncmp(path, tasks, sizeof(tasks) - 1)) {
		size_t index = strtoul(path + sizeof(tasks) - 1, &rest, 10);

		strbuf_printf(&dg->paths, "%s%zu", tasks, task_rank(dg, r, index));
	}
	strbuf_puts(&dg->paths, rest);
	strbuf_putc(&dg->paths, '\0');
	dg->findings[dg->nr - 1].nr_evidence++;
}

void finding_add_document_path(struct diagnosis *dg, const char *path)
{
	if (!dg->nr || dg->error)
		return;
	strbuf_puts(&dg->paths, path);
	strbuf_putc(&dg->paths, '\0');
	dg->findings[dg->nr - 1].nr_evidence++;
}

bool task_is_stalled(const struct scxray_report *r, const struct scxray_task *t, bool half)
{
	uint64_t age, timeout = sched_timeout_jiffies(r, &t->sched_kva);

	if (t->runnable_cpu < 0 || !num_get(&t->runnable_age_jiffies, &age) || (int64_t)age < 0 ||
	    !timeout)
		return false;
	return half ? age >= timeout / 2 : age > timeout;
}

/* The place of a name in a list of `nr`; the last one where it is none of them. */
static size_t place_of(const char *name, const char *(*name_of)(unsigned), unsigned nr)
{
	unsigned i = 0;

	while (i + 1 < nr && strcmp(name_of(i), name) != 0)
		i++;
	return i;
}

static const char *severity_at(unsigned i)
{
	return finding_severity_name((enum severity)i);
}

static const char *rank_at(unsigned i)
{
	return finding_rank_name((enum finding_rank)i);
}

void findings_tell(struct diagnosis *dg)
{
	const struct scxray_document *doc = dg->doc;

	dg->nr = dg->texts.len = 0;
	dg->racy = dg->half_way = false;
	for (size_t i = 0; i < doc->nr_told; i++) {
		const struct scxray_told *told = &doc->told[i];

		strbuf_puts(finding_begin(
				    dg,
				    (enum finding_rank)place_of(told->rank, rank_at, RANK_NOTE + 1),
				    (enum severity)place_of(told->severity, severity_at,
							    SEVERITY_INFO + 1),
				    told->kind),
			    told->text);
	}
}

const char *finding_severity_name(enum severity severity)
{
	static const char *const names[] = {
		[SEVERITY_ERROR] = "error",
		[SEVERITY_WARNING] = "warning",
		[SEVERITY_INFO] = "info",
	};

	return names[severity];
}

const char *finding_rank_name(enum finding_rank rank)
{
	static const char *const names[] = {
		[RANK_CAVEAT] = "caveat",     [RANK_CAUSE] = "cause", [RANK_VERDICT] = "verdict",
		[RANK_EVIDENCE] = "evidence", [RANK_NOTE] = "note",
	};

	return names[rank];
}
