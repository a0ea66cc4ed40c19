/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load.c - a document from its JSON: both halves, and what they are to each other
 */
#include "reader/load.h"

#include <stdio.h>
#include <string.h>

#include "reader/fields.h"
#include "reader/half.h"

#define SCHEMA_VERSION 2

static int refuse(struct scxray_error *err, const char *what)
{
	return scxray_fail(err, SCXRAY_ERR_INVALID, 0, "%s", what);
}

static int check_head(const struct json_value *root, struct scxray_error *err)
{
	uint64_t version;

	if (!doc_text(doc_member(root, "schema")) ||
	    !doc_get_u64(doc_member(root, "schema_version"), &version))
		return refuse(err, "not a report that scxray wrote as JSON");
	if (version != SCHEMA_VERSION)
		return scxray_fail(
			err, SCXRAY_ERR_INVALID, 0,
			"schema_version %llu, and this scxray reads %d: make the report anew",
			(unsigned long long)version, SCHEMA_VERSION);
	if (doc_member(root, "only"))
		return refuse(err, "only a part of a report (--only): it takes all of one");
	if (!doc_member(root, "late"))
		return refuse(err, "a degraded report without a snapshot");
	return 0;
}

/* What the host said of vCPUs that did not park. */
static void read_racy(const struct json_value *half, struct scxray_host *host)
{
	const char *reason = doc_text(doc_member(half, "racy_reason"));
	struct scxray_degraded *d = &host->degraded;
	const char *numbers = reason ? strrchr(reason, ':') : NULL;
	unsigned long long ms = 0;

	if (!numbers)
		return;
	host->is_degraded = true;
	if (sscanf(numbers, ": %llums; %u/%u", &ms, &d->nr_parked, &d->nr_vcpus) == 3)
		d->elapsed_ms = ms;
	d->reason = reason;
}

static uint64_t number(const struct json_value *root, const char *key)
{
	uint64_t n;

	return doc_get_u64(doc_member(root, key), &n) ? n : 0;
}

static void read_document(struct loaded *l)
{
	const struct json_value *root = l->tree.root;

	l->doc = (struct scxray_document){
		.late = &l->halves[0],
		.early = doc_member(root, "early") ? &l->halves[1] : NULL,
		.dual = doc_is(doc_member(root, "schema"), "dual"),
		.early_skipped_reason = doc_text(doc_member(root, "early_skipped_reason")),
		.early_max_age_jiffies = number(root, "early_max_age_jiffies"),
		.early_threshold_jiffies = number(root, "early_threshold_jiffies"),
		.late_max_age_jiffies = number(root, "late_max_age_jiffies"),
		.trigger = doc_text(doc_member(root, "trigger")),
	};
	if (l->doc.early)
		l->doc.pair =
			doc_member(root, "diff") ? SCXRAY_PAIR_IN_ORDER : SCXRAY_PAIR_OTHER_BOOT;
	l->hosts[0].trigger = l->doc.trigger;
	l->hosts[1].trigger = doc_text(doc_member(root, "early_trigger"));
	l->hosts[0].moment = doc_text(doc_member(root, "moment"));
}

static const char *or_empty(const struct json_value *value)
{
	return doc_text(value) ? value->text : "";
}

static int read_findings(struct loaded *l)
{
	const struct json_value *findings = doc_member(l->tree.root, "diagnosis");

	/* one more: an empty list is a list */
	l->told = doc_array(&l->tree, (findings ? findings->nr : 0) + 1, sizeof(*l->told));
	if (!l->told)
		return -1;
	doc_each(one, findings) l->told[l->doc.nr_told++] = (struct scxray_told){
		.rank = or_empty(doc_member(one, "rank")),
		.severity = or_empty(doc_member(one, "severity")),
		.kind = or_empty(doc_member(one, "kind")),
		.text = or_empty(doc_member(one, "text")),
	};
	l->doc.told = l->told;
	return 0;
}

int loaded_parse(struct loaded *l, const char *bytes, size_t nr, struct scxray_error *err)
{
	static const char *const keys[] = { "late", "early" };

	memset(l, 0, sizeof(*l));
	if (json_tree_parse(&l->tree, bytes, nr, err) || check_head(l->tree.root, err))
		return -1;
	for (size_t i = 0; i < 2; i++) {
		const struct json_value *half = doc_member(l->tree.root, keys[i]);

		if (!half)
			continue;
		if (half_read(&l->tree, half, &l->halves[i]))
			return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
		read_racy(half, &l->hosts[i]);
		if (l->hosts[i].is_degraded)
			l->halves[i].host = &l->hosts[i];
	}
	read_document(l);
	if (read_findings(l))
		return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	return 0;
}

void loaded_deinit(struct loaded *l)
{
	json_tree_deinit(&l->tree);
}
