/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * csv.c - a list of a report as comma-separated values
 *
 * The columns are the keys of the JSON, those of objects inside with a point between; arrays of
 * objects have no column. So what JSON says is what the table says.
 */
#include "csv.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "reader/json.h"

#define MAX_COLUMNS 512
#define MAX_NAME 200
#define MAX_DEPTH 4

struct csv {
	FILE *out;
	char *columns[MAX_COLUMNS];
	size_t nr;
	bool failed;
};

/* ---- columns -------------------------------------------------------------------- */

static void add_column(struct csv *csv, const char *name)
{
	for (size_t i = 0; i < csv->nr; i++)
		if (!strcmp(csv->columns[i], name))
			return;
	if (csv->nr == MAX_COLUMNS)
		return;
	csv->columns[csv->nr] = strdup(name);
	if (csv->columns[csv->nr])
		csv->nr++;
	else
		csv->failed = true;
}

/* An object has columns of its own unless it says why there is no value. */
static bool has_parts(const struct json_value *value)
{
	return value->kind == JSON_OBJECT && !doc_is(doc_member(value, "kind"), "unreadable");
}

static bool is_list_of_objects(const struct json_value *value)
{
	return value->kind == JSON_ARRAY && value->first && value->first->kind >= JSON_ARRAY;
}

static void add_columns(struct csv *csv, const struct json_value *object, const char *prefix,
			unsigned depth)
{
	char name[MAX_NAME];

	doc_each(member, object)
	{
		/* what a value holds by its type is no column: the entity's members are there already */
		if (is_list_of_objects(member) || !strcmp(member->key, "scx_plain") ||
		    (size_t)snprintf(name, sizeof(name), "%s%s%s", prefix, *prefix ? "." : "",
				     member->key) >= sizeof(name))
			continue;
		if (has_parts(member) && depth < MAX_DEPTH)
			add_columns(csv, member, name, depth + 1);
		else if (member->kind != JSON_OBJECT || !has_parts(member))
			add_column(csv, name);
	}
}

/* ---- cells ------------------------------------------------------------------------ */

/* Quoted where it must be. What a spreadsheet would take for a formula is a guest's text. */
static void put_text(FILE *out, const char *text)
{
	bool quoted = strpbrk(text, ",\"\n\r") || *text == ' ';
	const char *guard = *text && strchr("=+-@\t", *text) ? "'" : "";

	fputs(quoted ? "\"" : "", out);
	fputs(guard, out);
	for (; *text; text++) {
		if (*text == '"')
			putc('"', out);
		putc(*text, out);
	}
	fputs(quoted ? "\"" : "", out);
}

static void put_unreadable(FILE *out, const struct json_value *value)
{
	const char *reason = doc_text(doc_member(value, "reason"));
	char text[200];

	snprintf(text, sizeof(text), "unreadable: %.150s", reason ? reason : "not known");
	put_text(out, text);
}

static void put_cell(FILE *out, const struct json_value *value)
{
	char *joined = NULL;
	size_t len;
	FILE *list;

	if (!value)
		return;
	if (value->kind == JSON_STRING)
		put_text(out, value->text);
	else if (value->kind == JSON_NUMBER)
		fputs(value->text, out);
	else if (value->kind == JSON_TRUE || value->kind == JSON_FALSE)
		fputs(value->kind == JSON_TRUE ? "true" : "false", out);
	else if (value->kind == JSON_OBJECT)
		put_unreadable(out, value);
	if (value->kind != JSON_ARRAY)
		return;
	list = open_memstream(&joined, &len);
	if (!list)
		return;
	doc_each(one, value)
		fprintf(list, "%s%s", one == value->first ? "" : " ", one->text ? one->text : "");
	if (!fclose(list))
		put_text(out, joined);
	free(joined);
}

static void put_row(struct csv *csv, const char *half, const struct json_value *object)
{
	fputs(half, csv->out);
	for (size_t i = 0; i < csv->nr; i++) {
		putc(',', csv->out);
		put_cell(csv->out, doc_follow(object, csv->columns[i]));
	}
	fputs("\r\n", csv->out);
}

/* ---- lists ------------------------------------------------------------------------ */

static const char *const lists[] = { "task_enrichments", "dsq_states", "rq_scx_states",
				     "kernel_log" };
static const char *const halves[] = { "early", "late" };

static void each_row(struct csv *csv, const struct json_value *root, bool columns)
{
	for (size_t h = 0; h < 2; h++)
		for (size_t l = 0; l < sizeof(lists) / sizeof(lists[0]); l++)
			doc_each(one, doc_member(doc_member(root, halves[h]), lists[l]))
			{
				if (columns)
					add_columns(csv, one, "", 0);
				else
					put_row(csv, halves[h], one);
			}
}

static int write_table(struct csv *csv, const struct json_value *root)
{
	each_row(csv, root, true);
	fputs("half", csv->out);
	for (size_t i = 0; i < csv->nr; i++) {
		putc(',', csv->out);
		put_text(csv->out, csv->columns[i]);
	}
	fputs("\r\n", csv->out);
	each_row(csv, root, false);
	return csv->failed || ferror(csv->out) ? -1 : 0;
}

bool csv_has(const struct scxray_selection *only)
{
	static const char *const groups[] = { "tasks", "dsqs", "rqs", "log" };
	uint32_t rest = only->groups;
	unsigned nr = 0;

	for (size_t g = 0; scxray_selection_name(g); g++) {
		const char *name = scxray_selection_name(g);
		bool list = false;

		for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
			list |= !strcmp(name, groups[i]);
		nr += list && only->groups >> g & 1;
		/* scxray cpus: of vCPUs their registers are no table */
		if (list || !strcmp(name, "vcpus"))
			rest &= ~(1u << g);
	}
	return nr == 1 && !rest;
}

int csv_write(const struct scxray_document *doc, FILE *out)
{
	struct scxray_document plain = *doc;
	struct scxray_error err = { 0 };
	struct json_tree tree = { 0 };
	struct csv csv = { .out = out };
	char *json = NULL;
	size_t nr = 0;
	FILE *memory = open_memstream(&json, &nr);
	int failed;

	if (!memory)
		return -1;
	plain.json_form = SCXRAY_JSON_PLAIN;
	failed = scxray_render_json(&plain, memory);
	failed |= fclose(memory);
	errno = failed ? errno : ENOMEM;
	if (!failed)
		failed = json_tree_parse(&tree, json, nr, &err) || write_table(&csv, tree.root);
	while (csv.nr)
		free(csv.columns[--csv.nr]);
	json_tree_deinit(&tree);
	free(json);
	return failed ? -1 : 0;
}
