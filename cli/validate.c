/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * validate.c - scxray validate: is a file a report's JSON, by the schema?
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "json_file.h"
#include "reader/json.h"
#include "reader/schema.h"

/* docs/report.schema.json (schema_json.S) */
extern const char schema_json[];
extern const size_t schema_json_size;

const char cli_validate_help[] =
	"usage: scxray validate REPORT.json...\n"
	"\n"
	"Says nothing if each file is a report's JSON as docs/report.schema.json describes\n"
	"it, and each path of evidence in it leads somewhere; else where one is not, and\n"
	"why, in one line for each file.\n"
	"\n"
	"Exit status: 0 all are valid, 1 one is not, or can't be read, 2 the command line\n"
	"makes no sense.\n";

const struct option cli_validate_options[] = { { NULL, 0, NULL, 0 } };

/* Where only some groups were asked for, evidence may be in others. */
static int check_evidence(const struct json_value *document, struct scxray_error *err)
{
	uint64_t index = 0;

	if (doc_member(document, "only"))
		return 0;
	doc_each(finding, doc_member(document, "diagnosis"))
	{
		doc_each(path, doc_member(finding, "evidence")) if (
			!doc_follow(
				document,
				doc_text(
					path))) return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
								   "diagnosis[%llu]: evidence %.80s leads nowhere",
								   (unsigned long long)index,
								   doc_text(path));
		index++;
	}
	return 0;
}

static int validate(const struct json_value *schema, const char *path)
{
	struct scxray_error err = { 0 };
	struct json_tree tree = { 0 };
	char *bytes;
	size_t nr;
	int failed;

	if (json_file_read(path, &bytes, &nr))
		return CLI_FAILED;
	if (!bytes)
		return cli_fail("%s: no file that begins as JSON does", path);
	failed = json_tree_parse(&tree, bytes, nr, &err) || schema_check(schema, tree.root, &err) ||
		 check_evidence(tree.root, &err);
	free(bytes);
	json_tree_deinit(&tree);
	return failed ? cli_fail("%s: %s", path, err.text) : CLI_OK;
}

int cli_validate(int argc, char **argv)
{
	struct scxray_error err = { 0 };
	struct json_tree schema;
	int status = CLI_OK;

	if (argc < 2)
		return cli_usage("no report given: scxray validate REPORT.json");
	for (int i = 1; i < argc; i++)
		if (argv[i][0] == '-')
			return cli_usage("no such option: %s", argv[i]);
	if (json_tree_parse(&schema, schema_json, schema_json_size, &err))
		status = cli_fail("the schema in this program: %s", err.text);
	for (int i = 1; schema.root && i < argc; i++)
		if (validate(schema.root, argv[i]))
			status = CLI_FAILED;
	json_tree_deinit(&schema);
	return status;
}
