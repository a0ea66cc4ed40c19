/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * schema_run.c - what all keywords of a schema need: the reason, references, patterns
 */
#include "reader/schema_run.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static size_t put_path(char *to, size_t size, const struct step *step)
{
	size_t at;

	if (!step->up)
		return 0;
	at = put_path(to, size, step->up);
	if (at >= size)
		return at;
	if (step->key)
		at += (size_t)snprintf(to + at, size - at, "%s%.60s", at ? "." : "", step->key);
	else
		at += (size_t)snprintf(to + at, size - at, "[%llu]",
				       (unsigned long long)step->index);
	return at < size ? at : size;
}

/* Of a choice between kinds the wrong ones all fail at "kind": the one of the right kind tells more. */
static unsigned weight(const struct step *step)
{
	unsigned depth = step->depth * 2 + 1;

	return step->key && !strcmp(step->key, "kind") ? depth - 3 : depth;
}

bool schema_refuse(const struct place *at, const char *fmt, ...)
{
	struct run *run = at->run;
	size_t len;
	va_list ap;

	if (run->quiet || (run->found && weight(at->step) <= run->depth))
		return false;
	run->found = true;
	run->depth = weight(at->step);
	len = put_path(run->text, sizeof(run->text) - 200, at->step);
	len += (size_t)snprintf(run->text + len, sizeof(run->text) - len,
				"%s: ", len ? "" : "(top)");
	va_start(ap, fmt);
	vsnprintf(run->text + len, sizeof(run->text) - len, fmt, ap);
	va_end(ap);
	return false;
}

bool schema_fits(const struct place *at, const struct json_value *schema)
{
	bool yes;

	at->run->quiet++;
	yes = at->run->check(at, schema);
	at->run->quiet--;
	return yes;
}

const struct json_value *schema_ref(const struct run *run, const struct json_value *ref)
{
	static const char begin[] = "#/$defs/";
	const char *text = doc_text(ref);

	if (!text || strncmp(text, begin, sizeof(begin) - 1) != 0)
		return NULL;
	return doc_member(run->defs, text + sizeof(begin) - 1);
}

bool schema_matches(struct run *run, const struct json_value *pattern, const char *text)
{
	const char *wanted = doc_text(pattern);
	size_t i = 0;

	if (!wanted)
		return false;
	while (i < run->nr_patterns && strcmp(run->patterns[i].text, wanted) != 0)
		i++;
	if (i == run->nr_patterns) {
		if (i == MAX_PATTERNS ||
		    regcomp(&run->patterns[i].regex, wanted, REG_EXTENDED | REG_NOSUB))
			return false;
		run->patterns[i].text = wanted;
		run->nr_patterns++;
	}
	return !regexec(&run->patterns[i].regex, text, 0, NULL, 0);
}
