/* SPDX-License-Identifier: BSD-2-Clause */
/* findings.h - the sample's pair, and whether a finding is in its diagnosis */
#ifndef TESTS_RENDER_FINDINGS_H
#define TESTS_RENDER_FINDINGS_H

#include "tests/lib/unit.h"
#include "tests/render/golden.h"
#include "tests/render/sample.h"

struct pair {
	struct sample late, early;
	struct scxray_document doc;
};

__attribute__((unused)) static void pair_init(struct pair *p)
{
	sample_init(&p->late);
	sample_init(&p->early);
	sample_make_early(&p->early);
	scxray_document_dual(&p->doc, &p->early.r, &p->late.r, NULL);
}

__attribute__((unused)) static void pair_deinit(struct pair *p)
{
	sample_deinit(&p->late);
	sample_deinit(&p->early);
}

static char *json_of(const struct scxray_document *doc)
{
	return render_document(doc, JSON, 0, false);
}

/* All findings end where the next key of the document begins. */
static char *findings_of(const struct scxray_document *doc)
{
	char *json = json_of(doc), *findings;
	const char *end = strstr(json, "\n ],\n \"");

	ck_assert_ptr_nonnull(strstr(json, "\"diagnosis\":["));
	ck_assert_ptr_nonnull(end);
	findings = strndup(json, (size_t)(end - json));
	free(json);
	return findings;
}

static void check_finding(const struct scxray_document *doc, bool there, const char *part)
{
	char *findings = findings_of(doc);

	ck_assert_msg(!strstr(findings, part) == !there, "%s: %s\n%s", part,
		      there ? "missing" : "there", findings);
	free(findings);
}

#define ck_found(doc, part) check_finding(doc, true, part)
#define ck_not_found(doc, part) check_finding(doc, false, part)

/* STUCK0 taken off its queue, to be put elsewhere. */
__attribute__((unused)) static struct scxray_task *take_off(struct sample *s)
{
	struct scxray_task *t = &s->tasks[STUCK0];

	s->dsqs[3].nr_tasks = 0;
	s->dsqs[3].nr = N(0);
	s->tasks[STUCK1].runnable_cpu = -1;
	t->dsq_index = -1;
	t->dsq_kva = N(0);
	return t;
}

#endif
